"""Limits, slow clients, clients that go away, and the end of the engine (B13).

Rule: time is the virtual clock's; what a client hears is waited for.
"""

import asyncio
import resource
import ssl
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from franking.engine.programs import limits as limiting
from franking.engine.programs.conversation import Conversation
from franking.engine.programs.intake import take
from franking.engine.programs.limits import Limits
from franking.engine.programs.listener import serve
from franking.engine.programs.replies import Reply
from franking.engine.submitting import Receipt
from franking.events.programs import Programs
from franking.testing.clock import VirtualClock
from franking.tests.engine.device import START, office

from .guest import CERTIFICATE, MESSAGE, Client, client, listening, taken

SOME = b"From: root\r\n\r\n" + b"line\r\n" * 100


@pytest.mark.manual("B13")
async def test_b13_connections_of_one_address_and_of_all_are_limited(tmp_path: Path) -> None:
    async with listening(tmp_path, connections=3) as (_, _, address), AsyncExitStack() as stack:
        ones = [await stack.enter_async_context(client(address)) for _ in range(3)]
        for _ in range(2):
            reader, writer = await asyncio.open_connection(*address)
            one = Client(reader, writer)
            assert (await one.reply()).startswith("421 4.7.0 Too many connections at once")
            assert await one.closed()
            writer.close()
        assert (await ones[0].says("QUIT")).startswith("221 ")
        assert await ones[0].closed()
        async with client(address) as last:
            assert (await last.sends()).startswith("250 ")


@pytest.mark.manual("B13")
async def test_b13_a_connection_counts_before_its_handshake_which_may_not_take_long(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    certificate = {"certificate": CERTIFICATE}
    async with listening(tmp_path, implicit_tls=True, connections=2, **certificate) as at:
        here, engine, address = at
        context = ssl.create_default_context(cafile=tmp_path / "authority.pem")
        silent = [Client(*await asyncio.open_connection(*address)) for _ in range(2)]
        for _ in range(2):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                async with client(address, context):
                    pass
        await here.passes(engine, seconds=60)
        for one in silent:
            assert await one.closed()
            one.writer.close()
        async with client(address, context) as one:
            assert (await one.sends()).startswith("250 ")
        for octets in (b"EHLO x\r\n", b""):  # no handshake
            reader, writer = await asyncio.open_connection(*address)
            writer.write(octets)
            writer.write_eof()
            assert b"220" not in await reader.read()
            writer.close()
        async with client(address, context) as one, client(address, context) as another:
            assert [(await each.sends())[:4] for each in (one, another)] == ["250 ", "250 "]
    assert "fault" not in caplog.text


@pytest.mark.manual("B13")
async def test_b13_a_handshake_after_starttls_may_not_take_long_either(tmp_path: Path) -> None:
    async with listening(tmp_path, certificate=CERTIFICATE, connections=1) as (here, engine, address):
        async with client(address) as one:
            await one.says("EHLO x")
            assert (await one.says("STARTTLS")).startswith("220 2.0.0 ")
            await here.passes(engine, seconds=60)
            assert await one.closed()
        async with client(address) as one:
            assert (await one.sends()).startswith("250 ")


@pytest.mark.manual("B13")
async def test_b13_the_listener_stops_in_the_middle_of_handshakes(tmp_path: Path) -> None:
    async with listening(tmp_path, implicit_tls=True, certificate=CERTIFICATE) as (_, _, address):
        one = Client(*await asyncio.open_connection(*address))
        one.send(b"\x16\x03\x01\x02\x00")  # the beginning of a ClientHello
        await one.writer.drain()
    assert await one.closed()
    one.writer.close()


def test_connections_of_all_are_twice_those_of_one() -> None:
    found = Limits(VirtualClock(START), lambda: Programs(connections=2))
    assert [found.enters(each) for each in "aaabbbcc"] == [True, True, False, True, True, False, False, False]
    found.leaves("a")
    assert found.enters("c")
    assert not found.enters("d")


def test_messages_of_a_minute_are_counted_by_client_and_little_is_remembered() -> None:
    clock = VirtualClock(START)
    found = Limits(clock, lambda: Programs(per_minute=2))
    assert [found.takes(each) for each in "aabaab"] == [True, True, True, False, False, True]
    clock.set(START.replace(minute=1))
    assert found.takes("a")
    for each in range(2 * limiting.REMEMBERED):
        assert found.takes(f"c{each}")
        found.note_guess(f"c{each}")
    assert len(found.minutes) <= limiting.REMEMBERED
    assert len(found.guesses) <= limiting.REMEMBERED


@pytest.mark.manual("B13")
async def test_b13_more_messages_than_a_minute_may_have_come_again(tmp_path: Path) -> None:
    async with listening(tmp_path, per_minute=2) as (here, engine, address), client(address) as one:
        for _ in range(2):
            assert (await one.sends()).startswith("250 ")
        await one.says("EHLO x")
        reply = await one.says("MAIL FROM:<root>")
        assert reply.startswith("450 4.7.1 This client has sent 2 messages within a minute")
        await here.passes(engine, minutes=1)
        assert (await one.sends()).startswith("250 ")


@pytest.mark.manual("B13")
async def test_b13_five_hundred_connections_at_once_are_served(tmp_path: Path) -> None:
    wanted = 500
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < 4 * wanted:
        wanted = most // 8
    async with (
        listening(tmp_path, connections=500) as (_, engine, address),
        AsyncExitStack() as stack,
    ):
        ones = [await stack.enter_async_context(client(address)) for _ in range(wanted)]
        for one in ones:
            one.send(b"EHLO x\r\nMAIL FROM:<root>\r\nRCPT TO:<root>\r\nDATA\r\n" + MESSAGE + b".\r\nQUIT\r\n")
        for one in ones:
            said = [await one.reply() for _ in range(6)]
            assert said[-1].startswith("221"), said
        assert taken(engine) == wanted


@pytest.mark.manual("B13")
async def test_b13_errors_end_the_connection(tmp_path: Path) -> None:
    async with listening(tmp_path) as (_, _, address), client(address) as one:
        for _ in range(19):
            assert (await one.says("XYZZY")).startswith("500 ")
        one.send(b"XYZZY\r\nNOOP\r\n")
        assert (await one.reply()).startswith("500 ")
        assert (await one.reply()).startswith("421 4.7.0 Too many errors")
        assert await one.closed()


SLOW = {
    "says nothing": (b"", 300),
    "says half a command": (b"EHLO cli", 300),
    "sends half a line": (b"EHLO x\r\nMAIL FROM:<root>\r\nRCPT TO:<root>\r\nDATA\r\nFrom: ro", 180),
}


@pytest.mark.manual("B13")
@pytest.mark.parametrize("name", SLOW)
async def test_b13_who_takes_too_long_is_let_go(tmp_path: Path, name: str) -> None:
    octets, patience = SLOW[name]
    async with listening(tmp_path) as (here, engine, address), client(address) as one:
        one.send(octets)
        for _ in range(octets.count(b"\r\n")):
            await one.reply()
        await here.passes(engine, seconds=patience - 20)
        closing = asyncio.ensure_future(one.reply())
        await here.passes(engine, seconds=40)
        assert (await closing).startswith("421 4.4.2 You took too long")
        assert await one.closed()
        assert (taken(engine), here.spooled()) == (0, [])


@pytest.mark.manual("B13")
async def test_b13_who_sends_a_message_by_drops_is_let_go(tmp_path: Path) -> None:
    async with listening(tmp_path) as (here, engine, address), client(address) as one:
        await one.begin()
        closing = asyncio.ensure_future(one.reply())
        for _ in range(20):
            one.send(b"X: a drop\r\n")
            await here.passes(engine, seconds=20)
            if closing.done():
                break
        assert (await closing).startswith("421 4.4.2 The message comes too slowly")
        assert await one.closed()
        assert (taken(engine), here.spooled()) == (0, [])


@pytest.mark.manual("B13")
async def test_b13_what_has_come_is_not_late_while_it_is_made_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought, found = Conversation.brought, []

    async def looked(self: Conversation, *given: Any) -> Reply:
        found.append(self.late(self.now() + 24 * 3600))
        return await brought(self, *given)

    monkeypatch.setattr(Conversation, "brought", looked)
    async with listening(tmp_path) as (_, _, address), client(address) as one:
        assert (await one.sends()).startswith("250 ")
    assert found == [None]


STEPS = (b"EHLO x\r\n", b"MAIL FROM:<root>\r\n", b"RCPT TO:<root>\r\n", b"DATA\r\n", SOME, SOME * 500, b".\r")


@pytest.mark.manual("B13")
@pytest.mark.parametrize("step", range(len(STEPS)))
@pytest.mark.parametrize("how", ["abort", "half"])
async def test_b13_who_goes_away_in_the_middle_leaves_nothing(tmp_path: Path, step: int, how: str) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        async with serve(engine) as address, client(address) as one:
            for each in STEPS[: step + 1]:
                one.send(each)
                if each.endswith(b"\r\n") and len(each) < 100:
                    await one.reply()
            if how == "half":
                one.writer.write_eof()
                assert await one.closed()
            else:
                await one.writer.drain()
        assert (taken(engine), here.spooled(), engine.scans.room.promised) == (0, [], 0)


@pytest.mark.manual("B13")
async def test_b13_who_has_said_all_and_hears_no_more_has_sent(tmp_path: Path) -> None:
    async with listening(tmp_path) as (_, engine, address), client(address) as one:
        said = b"EHLO x\r\nMAIL FROM:<root>\r\nRCPT TO:<root>\r\nDATA\r\n" + MESSAGE + b".\r\n"
        one.send(said)
        one.writer.write_eof()
        replies = [await one.reply() for _ in range(5)]
        assert replies[-1] == "250 2.0.0 Ok: job 1"
        assert await one.closed()
        assert taken(engine) == 1


@pytest.mark.manual("B13")
async def test_b13_an_engine_that_stops_finishes_what_a_final_dot_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def held(*given: Any) -> Receipt:
        begun.set()
        await go_on.wait()
        return await take(*given)

    monkeypatch.setattr("franking.engine.programs.conversation.take", held)
    async with office(tmp_path) as here, here.engine() as engine:
        serving = serve(engine)
        address = await serving.__aenter__()
        async with client(address) as idle, client(address) as half, client(address) as whole:
            await half.begin()
            half.send(SOME)
            await whole.begin()
            whole.send(MESSAGE + b".\r\nNOOP\r\n")
            await begun.wait()
            stopping = asyncio.ensure_future(serving.__aexit__(None, None, None))
            stops = "421 4.3.2 The engine stops; try again when it runs"
            assert [await idle.reply(), await half.reply()] == [stops, stops]
            go_on.set()
            assert [await whole.reply() for _ in range(3)] == ["250 2.0.0 Ok: job 1", stops, ""]
            await stopping
        assert taken(engine) == 1
        with pytest.raises(ConnectionError):
            await asyncio.open_connection(*address)


@pytest.mark.manual("B13")
@pytest.mark.parametrize("message", [MESSAGE, SOME * 500], ids=["small", "large"])
async def test_b13_whoever_was_told_to_come_again_has_no_job_although_his_final_dot_lay_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, message: bytes
) -> None:
    """The dot is read in the moment in which the listener stops."""
    came, stopping = Conversation.data_received, []
    async with office(tmp_path) as here, here.engine() as engine:
        serving = serve(engine)

        def comes(self: Conversation, octets: bytes) -> None:
            if octets.endswith(b"\r\n.\r\n"):
                stopping.append(asyncio.ensure_future(serving.__aexit__(None, None, None)))
            came(self, octets)

        monkeypatch.setattr(Conversation, "data_received", comes)
        async with client(await serving.__aenter__()) as one:
            await one.begin()
            assert (await one.says(message + b".\r\n")).startswith("421 4.3.2 The engine stops")
            assert await one.closed()
            await stopping[0]
        assert (taken(engine), here.spooled(), engine.scans.room.promised) == (0, [], 0)


WORDS = [b"EHLO x", b"HELO", b"MAIL FROM:<root>", b"RCPT TO:<root>", b"DATA", b"RSET", b"AUTH PLAIN", b"QUIT"]
WORDS += [b"STARTTLS", b"\r\n", b"\n", b"\r", b".", b"\0", b"=", b" SIZE=", b"\xff", b"BDAT 3", b"x" * 600]
WORDS += [b"<", b'"']
OCTETS = st.lists(st.sampled_from(WORDS) | st.binary(max_size=8), max_size=30).map(b"".join)


@pytest.mark.manual("B13")
def test_b13_whatever_comes_is_answered_or_ends(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def whatever() -> None:
        async with listening(tmp_path) as (here, engine, address):
            loop = asyncio.get_running_loop()

            async def said(octets: bytes) -> None:
                async with client(address) as one:
                    one.send(octets)
                    one.writer.write_eof()
                    replies = []
                    while reply := await one.reply():
                        replies.append(reply)
                    assert all(each[:3].isdecimal() for each in replies)
                    assert replies or b"\n" not in octets

            @settings(max_examples=150, suppress_health_check=list(HealthCheck))
            @given(OCTETS)
            def each(octets: bytes) -> None:
                asyncio.run_coroutine_threadsafe(said(octets), loop).result(60)

            await asyncio.to_thread(each)
            assert engine.scans.room.promised == 0
            assert here.spooled() == []

    asyncio.run(whatever())
    assert "fault" not in caplog.text
