"""Which connection carries which message, and never more of them than the mailbox may have (S33c, B11)."""

import asyncio
from datetime import timedelta

import pytest

from franking.engine.ports import Outcome, Room, Verdict
from franking.engine.smtp.compose import Message
from franking.engine.smtp.pool import FEWER
from franking.engine.smtp.submission import SmtpSubmission
from franking.testing.authority import Authority, client_context
from franking.testing.clock import VirtualClock
from franking.testing.misbehaviour import Fault
from franking.testing.scripted_submission import (
    BEHIND,
    EXTENSIONS,
    HELD,
    SIGNED_IN,
    SILENCE,
    Script,
    ScriptedServer,
)
from franking.tests.engine.smtp.conftest import Playing
from franking.tests.engine.smtp.device import ANN, KIM, Device, with_password, with_token

ONE, TWO = Room(connections=1), Room(connections=2)
REFUSED = "535 5.7.3 Authentication unsuccessful"
TAKEN = "250 2.0.0 Queued"


async def many(device: Device, message: Message, count: int) -> list[Outcome]:
    async with asyncio.timeout(30):
        return list(await asyncio.gather(*(device.send(message) for _ in range(count))))


def taken(server: ScriptedServer) -> list[int]:
    return [len(each.bodies) for each in server.connections]


@pytest.mark.manual("B11")
@pytest.mark.parametrize("connections", [1, 2, 3])
async def test_b11_no_more_connections_than_the_mailbox_may_have(
    playing: Playing, small: Message, connections: int
) -> None:
    async with playing(Script(room=Room(connections))) as (server, device):
        found = await many(device, small, 12)
    assert {each.verdict for each in found} == {Verdict.SENT}
    # The first may have taken all before a further one is there.
    assert server.open_most == len(server.connections) <= connections
    assert sum(taken(server)) == 12


@pytest.mark.manual("B11")
async def test_b11_a_connection_that_is_being_left_still_counts(playing: Playing, small: Message) -> None:
    """Every second message is refused, after which its connection is left."""
    replies = {"BODY": [TAKEN, "451 4.3.0 Later"] * 4}
    async with playing(Script(room=ONE, replies=replies)) as (server, device):
        await many(device, small, 8)
    assert server.open_most == 1
    assert sum(taken(server)) == 8


@pytest.mark.manual("B11")
async def test_b11_other_logins_of_the_mailbox_share_its_connections(
    playing: Playing, small: Message
) -> None:
    script = Script(("PIPELINING", "AUTH XOAUTH2 PLAIN"), room=ONE)
    async with playing(script) as (server, device):
        logins = (with_token(), with_password("x"), with_token(), with_token(ANN))
        found = await asyncio.gather(*(device.send(small, login=login) for login in logins))
    assert {each.verdict for each in found} == {Verdict.SENT}
    users = [each for each in server.connections if each.bodies]
    assert sum(len(each.bodies) for each in users) == 4
    assert server.open_most == 2  # ANN's mailbox has its own


@pytest.mark.manual("B11")
@pytest.mark.parametrize("ends", [Fault.CUT, Fault.CLOSED])
@pytest.mark.parametrize("words", ["", "\n421 4.3.2 Closing"])
async def test_b11_a_server_that_leaves_behind_its_235_is_not_asked_again_at_once(
    playing: Playing, small: Message, ends: Fault, words: str
) -> None:
    replies = {"AUTH": [f"235 2.7.0 Accepted{words}"] * 20, SIGNED_IN: [ends.value] * 20}
    async with playing(Script(replies=replies, room=ONE)) as (server, device):
        found = await many(device, small, 3)
        assert len(server.connections) == 1
    assert [(each.verdict, each.code, each.answered) for each in found] == [
        (Verdict.LATER, "lost", True),
    ] * 3


@pytest.mark.manual("B11")
async def test_b11_a_mailbox_is_one_however_its_name_is_written(playing: Playing, small: Message) -> None:
    async with playing(Script(room=ONE, replies={"BODY": [f"{HELD}{TAKEN}"]})) as (server, device):
        logins = (with_token("kim@example.com"), with_token("Kim@Example.com"))
        sending = [asyncio.create_task(device.send(small, login=login)) for login in logins]
        await server.body_came()
        server.let_go.set()
        assert [(await each).verdict for each in sending] == [Verdict.SENT] * 2
    assert server.open_most == 1


@pytest.mark.manual("B11")
async def test_b11_connections_from_before_a_change_of_settings_count(
    authority: Authority, clock: VirtualClock, small: Message
) -> None:
    """Whoever comes after the change waits until the message before it has its answer."""
    script = Script(replies={"BODY": [f"{HELD}{TAKEN}"]})
    async with ScriptedServer(authority.server_context(), script) as server:

        def made(before: SmtpSubmission | None = None) -> SmtpSubmission:
            return SmtpSubmission(
                "localhost",
                server.port,
                lambda: client_context(authority.ca_file),
                clock,
                room=ONE,
                before=before,
            )

        former = made()
        first = asyncio.create_task(Device(former).send(small))
        await server.body_came()
        await former.aclose()
        now = made(former)
        second = asyncio.create_task(Device(now).send(small))
        for _ in range(20):
            await asyncio.sleep(0)
        assert [pool.count for pool in now.pools[KIM]] == [1, 0]
        server.let_go.set()
        async with asyncio.timeout(20):
            assert [(await first).verdict, (await second).verdict] == [Verdict.SENT] * 2
        assert (server.open_most, len(server.connections)) == (1, 2)
        await now.aclose()
    assert now.pools == {}


async def test_each_connection_has_its_window(playing: Playing, small: Message) -> None:
    """The fifth message of one connection waits until the first is answered."""
    async with playing(Script(room=Room(1, window=2), replies={"BODY": [f"{HELD}{TAKEN}"]})) as (
        server,
        device,
    ):
        sending = [asyncio.create_task(device.send(small)) for _ in range(5)]
        await server.bodies_came(1)
        server.let_go.set()
        found = await asyncio.gather(*sending)
    assert {each.verdict for each in found} == {Verdict.SENT}
    assert taken(server) == [5]


async def test_a_renewed_token_signs_in_anew(playing: Playing, small: Message) -> None:
    async with playing(Script(room=ONE)) as (server, device):
        await device.send(small)
        await device.send(small)
        await device.send(small, login=with_token(token="another-" + "t0ken" * 9))
        await server.connections[0].over.wait()
    assert taken(server) == [2, 1]
    assert server.connections[0].lines[-1] == "QUIT"
    assert server.open_most == 1


async def test_a_renewed_token_waits_for_the_message_in_transfer(playing: Playing, small: Message) -> None:
    async with playing(Script(room=ONE, replies={"BODY": [f"{HELD}{TAKEN}"]})) as (server, device):
        former = asyncio.create_task(device.send(small))
        await server.bodies_came(1)
        renewed = asyncio.create_task(device.send(small, login=with_token(token="another-" + "t0ken" * 9)))
        server.let_go.set()
        assert [(await each).verdict for each in (former, renewed)] == [Verdict.SENT] * 2
    assert taken(server) == [1, 1]
    assert server.open_most == 1


@pytest.mark.manual("B11")
async def test_b11_one_refused_sign_in_answers_for_all_who_waited(playing: Playing, small: Message) -> None:
    async with playing(Script(room=ONE, replies={"AUTH": [REFUSED] * 4})) as (server, device):
        found = await many(device, small, 4)
    assert {each.verdict for each in found} == {Verdict.TOKEN_REFUSED}
    assert len(server.connections) == 1
    assert device.marks == []


@pytest.mark.manual("B11")
async def test_b11_a_further_connection_that_is_refused_leaves_the_mail_to_the_first(
    playing: Playing, small: Message, clock: VirtualClock
) -> None:
    busy = "432 4.3.2 Concurrent connections limit exceeded"
    script = Script(room=TWO, replies={"BODY": [f"{HELD}{TAKEN}"]})
    async with playing(script) as (server, device):
        first = asyncio.create_task(device.send(small))
        await server.bodies_came(1)
        script.replies["AUTH"] = [busy]
        second = asyncio.create_task(device.send(small))
        async with server.met:
            await server.met.wait_for(lambda: len(server.connections) == 2)
        await server.connections[1].over.wait()
        server.let_go.set()
        assert [(await each).verdict for each in (first, second)] == [Verdict.SENT] * 2
        script.replies["BODY"] = [f"{BEHIND}{TAKEN}"]
        await many(device, small, 2)
        assert taken(server) == [4, 0]
        clock.move(FEWER + timedelta(seconds=1))
        await many(device, small, 2)
    # Where the first connection is left, both go over one new one, or over one each.
    assert 3 <= len(server.connections) <= 3 + (taken(server)[0] == 4)


async def test_without_pipelining_more_connections_are_used_before_anybody_waits(
    playing: Playing, small: Message
) -> None:
    extensions = tuple(each for each in EXTENSIONS if each != "PIPELINING")
    async with playing(Script(extensions, room=TWO)) as (server, device):
        found = await many(device, small, 6)
    assert {each.verdict for each in found} == {Verdict.SENT}
    assert len(server.connections) == 2


@pytest.mark.manual("S33c")
async def test_s33c_whoever_is_cancelled_while_it_waits_leaves_no_connection(
    playing: Playing, small: Message
) -> None:
    async with playing(Script(room=ONE, replies={"AUTH": [SILENCE]})) as (server, device):
        sending = [asyncio.create_task(device.send(small)) for _ in range(3)]
        await server.heard("AUTH")
        for task in sending:
            task.cancel()
        await asyncio.gather(*sending, return_exceptions=True)
        await server.only.over.wait()
        assert (await device.send(small)).verdict is Verdict.SENT
    assert server.open_most == 1


async def test_one_who_is_cancelled_leaves_the_connection_to_the_others(
    playing: Playing, small: Message
) -> None:
    async with playing(Script(room=ONE, replies={"AUTH": [SILENCE]})) as (server, device):
        sending = [asyncio.create_task(device.send(small)) for _ in range(3)]
        await server.heard("AUTH")
        sending[0].cancel()
        server.only.say("235 2.7.0 Accepted")
        found = await asyncio.gather(*sending[1:])
    assert [each.verdict for each in found] == [Verdict.SENT] * 2
    assert taken(server) == [2]
