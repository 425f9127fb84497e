"""One warm connection a user: used again by that user alone, and left when it should be."""

import asyncio
from datetime import timedelta

import pytest

from franking.engine.ports import Envelope, Login, Phase, Room, Verdict
from franking.engine.smtp.compose import Message
from franking.testing.clock import VirtualClock
from franking.testing.scripted_submission import CUT, SILENCE, Script, ScriptedServer
from franking.tests.engine.smtp.conftest import Playing
from franking.tests.engine.smtp.device import ANN, KIM, LEE, with_password, with_token

IDLE = Room().idle


def messages(server: ScriptedServer) -> list[int]:
    """How many each connection brought."""
    return [len(each.bodies) for each in server.connections]


async def test_the_next_message_of_a_user_takes_the_same_connection(playing: Playing, small: Message) -> None:
    async with playing(Script()) as (server, device):
        for _ in range(3):
            assert (await device.send(small)).verdict is Verdict.SENT
    assert messages(server) == [3]
    assert device.marks == ["begun"] * 3
    assert server.only.lines[-1] == "QUIT"


@pytest.mark.parametrize(
    "other", [with_token(ANN), with_password("x"), Login(KIM, None)], ids=["user", "password", "none"]
)
async def test_another_login_takes_another_connection(playing: Playing, small: Message, other: Login) -> None:
    script = Script(("PIPELINING", "AUTH XOAUTH2 PLAIN"))
    async with playing(script) as (server, device):
        await device.send(small)
        await device.send(small, login=other)
        await device.send(small)
    assert messages(server) == [2, 1]


async def test_messages_at_once_take_connections_of_their_own(playing: Playing, small: Message) -> None:
    async with playing(Script(replies={"BODY": [SILENCE] * 3})) as (server, device):
        sending = [asyncio.create_task(device.send(small)) for _ in range(3)]
        await server.bodies_came(3)
        for connection in server.connections:
            connection.say("250 2.0.0 Queued")
        await asyncio.gather(*sending)
        await device.send(small)
    assert sorted(messages(server)) == [1, 1, 2]
    assert all(each.lines[-1] == "QUIT" for each in server.connections)


@pytest.mark.manual("S27")
async def test_s27_close_leaves_the_connection_of_that_user(playing: Playing, small: Message) -> None:
    async with playing(Script()) as (server, device):
        await device.send(small)
        await device.send(small, login=with_token(ANN))
        await device.submission.close(KIM)
        await server.connections[0].over.wait()
        assert server.connections[0].lines[-1] == "QUIT"
        assert not server.connections[1].over.is_set()
        await device.send(small, login=with_token(ANN))
        await device.send(small)
    assert messages(server) == [1, 2, 1]


@pytest.mark.manual("S27")
async def test_s27_close_lets_the_message_in_transfer_end(playing: Playing, small: Message) -> None:
    async with playing(Script(replies={"BODY": [SILENCE]})) as (server, device):
        sending = asyncio.create_task(device.send(small))
        await server.heard("DATA")
        await device.submission.close(KIM)
        await server.body_came()
        server.only.say("250 2.0.0 Queued")
        assert (await sending).verdict is Verdict.SENT
        await server.only.over.wait()
    assert server.only.lines[-1] == "QUIT"


async def test_an_idle_connection_is_left_in_time(
    playing: Playing, small: Message, clock: VirtualClock
) -> None:
    async with playing(Script()) as (server, device):
        await device.send(small)
        clock.move(IDLE - timedelta(seconds=1))
        await device.send(small)
        clock.move(IDLE - timedelta(seconds=1))
        await device.send(small)
        assert messages(server) == [3]
        clock.move(IDLE)
        await server.only.over.wait()
        assert server.only.lines[-1] == "QUIT"
        await device.send(small)
    assert messages(server) == [3, 1]


async def test_a_connection_that_the_server_left_is_replaced(playing: Playing, small: Message) -> None:
    async with playing(Script()) as (server, device):
        await device.send(small)
        server.only.say("421 4.4.2 Idle for too long")
        assert server.only.writer is not None
        server.only.writer.close()
        await server.only.over.wait()
        assert (await device.send(small)).verdict is Verdict.SENT
    assert messages(server) == [1, 1]
    assert device.marks == ["begun"] * 2


@pytest.mark.parametrize("reply", [CUT, "421 4.4.2 Idle for too long", "rubbish"])
async def test_one_that_it_leaves_at_the_next_message_is_replaced_once(
    playing: Playing, small: Message, reply: str
) -> None:
    async with playing(Script(replies={"MAIL": ["250 2.1.0 OK", reply]})) as (server, device):
        await device.send(small)
        assert (await device.send(small)).verdict is Verdict.SENT
    assert messages(server) == [1, 1]
    assert device.marks == ["begun"] * 2


async def test_a_new_connection_that_is_cut_is_not_replaced(playing: Playing, small: Message) -> None:
    async with playing(Script(replies={"MAIL": [CUT]})) as (server, device):
        outcome = await device.send(small)
    assert (outcome.verdict, outcome.phase, outcome.code) == (Verdict.LATER, Phase.MAIL, "lost")
    assert messages(server) == [0]


async def test_a_refused_message_is_not_tried_again_on_another_connection(
    playing: Playing, small: Message
) -> None:
    async with playing(Script(replies={"MAIL": ["250 2.1.0 OK", "550 5.7.60 Not as this"]})) as (
        server,
        device,
    ):
        await device.send(small)
        assert (await device.send(small)).verdict is Verdict.SENDER_REFUSED
        await server.only.over.wait()
    # The server went on to 354: not even a dot alone was sent, which it might have delivered.
    assert messages(server) == [1]


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "BODY"])
async def test_after_a_refusal_the_connection_is_left(playing: Playing, small: Message, verb: str) -> None:
    """The server may hold an open transaction."""
    async with playing(Script(replies={verb: ["451 4.3.0 Later"]})) as (server, device):
        assert (await device.send(small)).verdict is Verdict.LATER
        await server.only.over.wait()
        assert (await device.send(small)).verdict is Verdict.SENT
    assert len(server.connections) == 2


async def test_a_server_that_never_says_goodbye_is_left_in_two_seconds(
    playing: Playing, small: Message
) -> None:
    async with playing(Script(replies={"QUIT": [SILENCE]})) as (server, device):
        await device.send(small)
        async with asyncio.timeout(10):
            await device.submission.aclose()
        await server.only.over.wait()


async def test_what_was_not_composed_here_is_a_mistake_of_the_program(playing: Playing) -> None:
    class Other:
        size = 5

    async with playing(Script()) as (server, device):
        with pytest.raises(TypeError):
            await device.submission.send(with_token(), Envelope(KIM, (LEE,), Other()), device.begin)
    assert server.connections == []
