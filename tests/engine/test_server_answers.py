"""Every answer that submission servers are known to give, played over real sockets: what becomes of the job,
of each recipient and of the mailbox, and what people are told (B9, B11, S33c).

Rule: the playing providers stand for the whole module; each answer meets a device of its own, with a store of
its own.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from unittest.mock import patch

import pytest

from franking.engine.engine import Engine
from franking.engine.information import Advice
from franking.engine.ports import Phase, Verdict
from franking.engine.smtp.reply import Reply
from franking.engine.smtp.trouble import meaning
from franking.engine.words import Words, words
from franking.events.information import Info
from franking.events.settings import Language
from franking.testing.mailbox import Phase as Scripted
from franking.tests.engine.device import (
    KIM,
    OFFICE,
    Office,
    access_token,
    credential,
    office,
    refresh_token,
    states,
)
from franking.tests.engine.smtp.catalogue import CATALOGUE, Known
from franking.tests.engine.test_provider_answers import signed_in_before

ANN = "ann@example.com"
CHALLENGE = "334 JSON"
WHERE: dict[Phase, Scripted] = {
    Phase.CONNECT: "connect",
    Phase.AUTH: "auth",
    Phase.MAIL: "mail",
    Phase.RCPT: "rcpt",
    Phase.BODY: "data",
}


@dataclass(slots=True)
class Servers:
    """Microsoft's and Google's, and a loop in which they and the devices run."""

    runner: asyncio.Runner
    offices: dict[str, Office]

    def at(self, known: Known, folder: Path) -> Office:
        """The office of this answer's provider, with a new device."""
        here = self.offices["Google" if known.provider == "google" else "Microsoft"]
        if here.provider.client_secret:
            credential(folder, "client", here.provider.client_secret)
        here.kit.mailbox.messages.clear()
        return replace(here, settings=here.settings.changed(store={"path": folder}))


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    async def enter(stack: AsyncExitStack) -> dict[str, Office]:
        return {
            name: await stack.enter_async_context(office(tmp_path_factory.mktemp(name), name))
            for name in ("Microsoft", "Google")
        }

    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        yield Servers(runner, runner.run(enter(stack)))
        runner.run(stack.aclose())


def told(known: Known, said: Words) -> Advice:
    """Cause, remedy and who must act, by the table."""
    row = meaning(known.phase, Reply.of(known.reply, known.text))
    fields = {"account": KIM, "sender": KIM}
    return Advice(
        said.table(f"smtp.{row.meaning}.cause", row.cause, **fields),
        said.table(f"smtp.{row.meaning}.remedy", row.remedy, **fields),
        known.actor,
    )


def code(known: Known) -> str:
    return Reply.of(known.reply, known.text).status


@contextmanager
def scripted(here: Office, known: Known) -> Iterator[None]:
    """The next message gets the answer; a token that is refused, the next one, too (S32)."""
    for _ in range(2 if known.verdict is Verdict.TOKEN_REFUSED else 1):
        here.kit.mailbox.refuse_next(WHERE[known.phase], f"{known.reply} {known.text}")
    yield


@contextmanager
def challenged(here: Office) -> Iterator[None]:
    """The server knows no token, and says so in its own way: by a challenge that is to be answered."""

    async def unknown(token: str) -> None:
        """As of an active token of somebody else's."""

    with patch.object(here.provider, "introspect", unknown):
        yield


@asynccontextmanager
async def sent(known: Known, here: Office, *to: str) -> AsyncIterator[tuple[Engine, int]]:
    """A message of kim's that met the answer."""
    async with here.engine() as engine:
        await signed_in_before(here, engine)
        with challenged(here) if known.code == CHALLENGE else scripted(here, known):
            receipt = await here.scan(engine, to=to or (OFFICE,))
            await engine.settle()
        yield engine, receipt.job


@pytest.mark.parametrize("known", CATALOGUE, ids=lambda known: known.name)
@pytest.mark.manual("B9", "B11", "S33")
def test_b9_what_a_reply_comes_to(known: Known, servers: Servers, tmp_path: Path) -> None:
    servers.runner.run(comes_to(known, servers.at(known, tmp_path)))


async def comes_to(known: Known, here: Office) -> None:
    refreshes = here.refreshes
    async with sent(known, here) as (engine, number):
        job, now, found = engine.job(number), engine.clock.now(), engine.information()
        advice, expected = engine.advice(number), told(known, words())
        (mine,) = engine.content(number).recipients
        mailboxes = [each.state for each in engine.status().mailboxes]
        ends = known.verdict in (Verdict.ENDED, Verdict.SENDER_REFUSED)
        assert (job.state, job.code) == ("ended" if ends else "waiting", code(known))
        assert (advice.actor, here.kit.mailbox.messages) == (known.actor, [])
        refused_twice, paused = known.verdict is Verdict.TOKEN_REFUSED, known.verdict is Verdict.PAUSES
        assert (code(known) if refused_twice or paused else expected.cause) in advice.cause
        assert paused or expected.remedy in advice.remedy
        assert mine.accepted is (False if ends else None)
        assert refresh_token(engine, "kim") == "Acquired", "the provider alone ends a sign-in"
        if ends:
            assert [each.code for each in found] == [Info.JOB_ENDED]
            assert expected.cause in found[0].cause
            assert (here.spooled(), mailboxes) == ([], [])
        elif known.verdict is Verdict.CLOSES:
            assert [each.code for each in found] == [Info.MAILBOX_CLOSED]
            assert expected.cause in found[0].cause
            assert (job.attempts, mailboxes) == (0, ["closed"])
        elif refused_twice:
            assert [each.code for each in found] == [Info.SERVER_REFUSES_TOKEN]
            assert (access_token(engine, "kim"), here.refreshes - refreshes) == ("refused", 2)
        elif paused:
            assert (mailboxes, found) == (["waiting until"], ())
        else:
            assert found == ()
            row = meaning(known.phase, Reply.of(known.reply, known.text))
            assert job.retry_at is not None
            assert job.retry_at - now >= (row.hold or job.retry_at - now)


@pytest.mark.parametrize("known", CATALOGUE, ids=lambda known: known.name)
@pytest.mark.manual("B9")
def test_b9_it_is_told_in_german(known: Known) -> None:
    german, english = told(known, words(Language.GERMAN)), told(known, words())
    assert german.cause != english.cause
    assert german.remedy != english.remedy


OF_ONE = [known for known in CATALOGUE if known.phase is Phase.RCPT]


@pytest.mark.parametrize("known", OF_ONE, ids=lambda known: known.name)
@pytest.mark.manual("S33c")
def test_s33c_what_is_said_of_one_recipient_keeps_nothing_from_the_others(
    known: Known, servers: Servers, tmp_path: Path
) -> None:
    servers.runner.run(others_go(known, servers.at(known, tmp_path)))


async def others_go(known: Known, here: Office) -> None:
    async with sent(known, here, ANN, OFFICE) as (engine, number):
        first, second = engine.content(number).recipients
        (message,) = here.kit.mailbox.messages
        assert (message.rcpt_tos, second.accepted) == ((OFFICE,), True)
        assert first.outcome == f"{known.reply} {known.text}"
        if known.verdict is Verdict.ENDED:
            assert (states(engine), first.accepted) == (["ended"], False)
            (warning,) = engine.information()
            assert f"{ANN} ({first.outcome})" in warning.cause
        else:
            assert (states(engine), first.accepted) == (["waiting"], None)
            assert engine.job(number).code == code(known)
            paused = known.verdict is Verdict.PAUSES
            assert (code(known) if paused else told(known, words()).cause) in engine.advice(number).cause


@pytest.mark.manual("S33", "B9")
def test_s33_lost_after_the_final_dot_is_the_one_that_is_no_reply(servers: Servers, tmp_path: Path) -> None:
    servers.runner.run(lost(servers.at(CATALOGUE[0], tmp_path)))


async def lost(here: Office) -> None:
    async with here.engine() as engine:
        await signed_in_before(here, engine)
        here.server.drop_after_dot()
        receipt = await here.scan(engine)
        await engine.settle()
        job = engine.job(receipt.job)
        assert (job.state, job.unknown, len(here.kit.mailbox.messages)) == ("waiting", 1, 1)
        assert engine.advice(receipt.job).cause == words().say("waits.unknown.cause")
        assert engine.content(receipt.job).recipients[0].unknown == 1
        await here.passes(engine, minutes=2)
        assert (states(engine), len(here.kit.mailbox.messages)) == (["sent"], 2)
