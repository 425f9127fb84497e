"""A provider's pace and the order of the spool, on the whole device: nothing is ever provoked, nobody starves
(B10, B11, S33c).
"""

import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from franking.engine.clock import Clock
from franking.engine.engine import Engine
from franking.engine.oauth.providers import MICROSOFT
from franking.engine.ports import Lifetimes
from franking.engine.reasons import of_job
from franking.engine.refusal import Refused
from franking.events.information import Actor, Info
from franking.events.job import JobTaken
from franking.events.mailbox import MailboxUsed, MailboxUseEnded
from franking.events.request import Function, Request
from franking.machines.turns import Turn
from franking.testing.clock import VirtualClock

from ..faults.test_failing_store import failing
from .device import KIM, LEE, PAGES, PRINTER, START, Office, history, office, said, states, warnings
from .test_functions_sent import ALL, BY_THE_DEVICE, ROUTES, scanned

USERS = {f"user{number:02}": f"user{number:02}@example.com" for number in range(40)}


@asynccontextmanager
async def paced(folder: Path, **limits: int | None) -> AsyncIterator[tuple[Office, Engine]]:
    async with at_the_provider(folder, **limits) as here, running(here, **limits) as engine:
        yield here, engine


@asynccontextmanager
async def at_the_provider(folder: Path, **limits: int | None) -> AsyncIterator[Office]:
    """Everybody's mail goes through the administrator's mailbox, at the provider's own server, which enforces
    what its data say.
    """
    lifetimes = limited(limits)
    async with office(
        folder,
        from_address={"setting": "Fix Administrator Address"},
        device={"name": "Copier 3"},
        box={"public_url": "https://copier.example.com"},
        tsi_routing={"routes": ROUTES},
        panel={"auto_reset": 3600},
        users={"kim": KIM, "lee": LEE, **USERS},
    ) as here:
        throttle = here.server.throttle
        throttle.connections = lifetimes.connections
        throttle.messages_a_minute = lifetimes.messages_a_minute
        throttle.recipients_a_day = lifetimes.recipients_a_day
        yield here


def limited(limits: Mapping[str, int | None]) -> Lifetimes:
    return MICROSOFT.lifetimes._replace(server="localhost", **limits)  # type: ignore[arg-type]


@asynccontextmanager
async def running(here: Office, **limits: int | None) -> AsyncIterator[Engine]:
    providers = {"Microsoft": replace(MICROSOFT, lifetimes=limited(limits))}
    clock: Clock = here.clock
    async with Engine.open(here.settings, clock=clock, screen=here.screen, providers=providers) as engine:
        await engine.settle()
        yield engine


async def requests(here: Office, engine: Engine, count: int) -> list[Request]:
    """Of all twelve functions, by forty users, in no order."""
    chance = random.Random(12)  # noqa: S311 - the same ones each time
    scan, contract = scanned(here.folder), here.folder / "contract.pdf"
    contract.write_bytes(PAGES)
    found: list[Request] = []
    for number in range(count):
        function = list(ALL)[number % len(ALL)]
        user = chance.choice(list(USERS))
        box: tuple[int, ...] = ()
        if function is Function.USER_BOX:
            [document] = await engine.keep_documents(user, (contract,))
            box = (document.number,)
        request = ALL[function](scan, box)
        found.append(request if function in BY_THE_DEVICE else request.model_copy(update={"user": user}))
    chance.shuffle(found)
    return found


@pytest.mark.manual("B11", "S33c")
async def test_b11_twelve_functions_and_forty_users_provoke_nothing_and_starve_nobody(tmp_path: Path) -> None:
    async with paced(tmp_path) as (here, engine):
        await engine.log_in("panel", "kim")
        for number, request in enumerate(await requests(here, engine, 120)):
            await engine.submit(request)
            if number % 5 == 0:
                await here.scan(engine, "kim", "panel")
        await here.acquire(engine)
        assert Counter(states(engine)) == {"sent": 30, "waiting": 114}
        await here.passes(engine, minutes=4, seconds=10)
        assert Counter(states(engine)) == {"sent": 144}, "thirty in 62 seconds"
        assert here.server.throttle.refused == []
        assert here.server.throttle.widest <= 3
        assert said(engine, MailboxUsed) == 144
        assert longest_wait(engine) <= 5
        assert warnings(engine) == []


@pytest.mark.manual("B10", "B9")
async def test_b10_status_and_the_jobs_say_that_the_pace_is_reached_and_until_when(tmp_path: Path) -> None:
    async with paced(tmp_path, messages_a_minute=2) as (here, engine):
        await here.acquire(engine)
        for _ in range(5):
            await here.scan(engine)
            await engine.settle()
        (mailbox,) = engine.status().mailboxes
        assert (mailbox.address, mailbox.state, mailbox.code) == (PRINTER, "waiting until", "pace")
        assert mailbox.try_at == START + timedelta(seconds=62)
        assert mailbox.jobs == 3
        waiting = engine.status().jobs[-1]
        assert (waiting.state, waiting.retry_at) == ("waiting", mailbox.try_at)
        assert waiting.reason == "the provider's pace is reached; it goes by itself"
        told = of_job(engine.reader, waiting)
        assert (PRINTER in told.cause, told.actor) == (True, Actor.NOBODY)
        await engine.apply(engine.settings.changed(device={"language": "de"}))
        assert engine.status().jobs[-1].reason.startswith("das Tempo, das der Anbieter erlaubt")
        await engine.retry(5)
        await engine.settle()
        assert states(engine).count("sent") == 2, "nobody's act passes the pace"
        await here.passes(engine, minutes=3)
        assert (states(engine), engine.status().mailboxes) == (["sent"] * 5, ())
        assert here.server.throttle.refused == []


@pytest.mark.manual("B11")
async def test_b11_a_restart_does_not_begin_the_minute_anew(tmp_path: Path) -> None:
    async with at_the_provider(tmp_path, messages_a_minute=2) as here:
        async with running(here, messages_a_minute=2) as engine:
            await here.acquire(engine)
            await here.notice(engine)
            await engine.settle()
        async with running(here, messages_a_minute=2) as engine:
            for _ in range(3):
                await here.notice(engine)
            await engine.settle()
            assert states(engine) == ["sent", "sent", "waiting", "waiting"]
            await here.passes(engine, minutes=2)
            assert states(engine) == ["sent"] * 4
            assert here.server.throttle.refused == []


@pytest.mark.manual("B11")
async def test_b11_a_days_allowance_is_told_of_in_time_and_waited_for(tmp_path: Path) -> None:
    async with paced(tmp_path, recipients_a_day=10) as (here, engine):
        await here.acquire(engine)
        people = tuple(f"person{number}@example.com" for number in range(9))
        await here.scan(engine, to=people)
        await engine.settle()
        (warning,) = engine.information()
        assert (warning.code, warning.actor) == (Info.QUOTA_NEAR, Actor.ADMIN)
        assert PRINTER in warning.cause
        await here.scan(engine, to=people[:1])
        await here.scan(engine, to=people[:2])
        await engine.settle()
        assert states(engine) == ["sent", "sent", "waiting"]
        (mailbox,) = engine.status().mailboxes
        assert (mailbox.state, mailbox.code) == ("waiting until", "quota")
        await here.passes(engine, hours=25)
        assert (states(engine), warnings(engine)) == (["sent"] * 3, [])
        assert here.server.throttle.refused == []


@pytest.mark.manual("B11", "B2")
async def test_b11_what_the_server_refused_is_not_counted_for_the_day(tmp_path: Path) -> None:
    async with paced(tmp_path, recipients_a_day=10) as (here, engine):
        await here.acquire(engine)
        here.kit.mailbox.refuse_next("mail", "550 5.7.1 Message rejected")
        people = tuple(f"person{number}@example.com" for number in range(8))
        await here.scan(engine, to=people)
        await engine.settle()
        await here.scan(engine, to=people)
        await engine.settle()
        assert states(engine) == ["ended", "sent"]
        assert said(engine, MailboxUseEnded) == 1


@pytest.mark.manual("B11")
@pytest.mark.parametrize(
    ("phase", "reply", "minutes"),
    [
        ("auth", "432 4.3.2 Concurrent connections limit exceeded", 1),
        ("data", "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException", 60),
    ],
)
async def test_b11_a_throttle_makes_the_mailbox_wait_and_one_message_finds_out(
    tmp_path: Path, phase: str, reply: str, minutes: int
) -> None:
    async with paced(tmp_path) as (here, engine):
        await here.acquire(engine)
        here.kit.mailbox.refuse_next(phase, reply)  # type: ignore[arg-type]
        await here.scan(engine)
        await engine.settle()
        for _ in range(4):
            await here.scan(engine)
        await engine.settle()
        met = here.server.sign_ins
        assert states(engine) == ["waiting"] * 5
        (mailbox,) = engine.status().mailboxes
        assert mailbox.state == "waiting until"
        assert reply.startswith(mailbox.code)
        assert of_job(engine.reader, engine.status().jobs[-1]).actor is Actor.NOBODY
        await here.passes(engine, minutes=minutes, seconds=-1)
        assert (states(engine), here.server.sign_ins) == (["waiting"] * 5, met)
        await here.passes(engine, seconds=1)
        assert states(engine) == ["sent"] * 5
        assert [job.attempts for job in engine.status().jobs] == [1] * 5, "a throttle is no try of a message"


@pytest.mark.manual("B11")
async def test_b11_another_server_has_the_pace_that_is_set(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine(smtp={"per_minute": 3}) as engine:
        await here.sign_in(engine)
        for _ in range(5):
            await here.scan(engine)
        await engine.settle()
        assert states(engine) == ["sent"] * 3 + ["waiting"] * 2


@pytest.mark.manual("B11")
@pytest.mark.parametrize("limits", [{"messages_a_minute": 5}, {"recipients_a_day": 5}])
async def test_b11_a_clock_that_is_set_right_stops_nothing_until_the_wrong_date(
    tmp_path: Path, limits: dict[str, int]
) -> None:
    async with at_the_provider(tmp_path, **limits) as here, running(here, **limits) as engine:
        await here.acquire(engine)
        clock = here.clock
        assert isinstance(clock, VirtualClock)
        clock.set(clock.now() + timedelta(days=40))
        await engine.settle()
        for _ in range(6):
            await here.notice(engine)
        await engine.settle()
        assert states(engine).count("sent") == 5
        clock.set(clock.now() - timedelta(days=40))
        await engine.settle()
        await here.passes(engine, hours=52 if "recipients_a_day" in limits else 1)
        assert states(engine).count("sent") == 6


@pytest.mark.manual("B11", "S33c")
async def test_b11_one_message_to_many_keeps_no_others_waiting(tmp_path: Path) -> None:
    async with paced(tmp_path, recipients_a_day=10) as (here, engine):
        await here.acquire(engine)
        many = tuple(f"person{number}@example.com" for number in range(9))
        await here.scan(engine, to=many[:7])
        await engine.settle()
        await here.scan(engine, to=many)
        await here.scan(engine)
        await engine.settle()
        assert states(engine) == ["sent", "waiting", "sent"]
        assert engine.status().mailboxes == (), "the mailbox itself waits for nothing"
        waits = engine.job(2)
        assert waits.reason == "the provider's allowance for 24 hours is used up; it goes by itself"
        assert waits.retry_at == START + timedelta(hours=25)
        told = of_job(engine.reader, waits)
        assert (PRINTER in told.cause, told.actor) == (True, Actor.NOBODY)
        await here.passes(engine, hours=26)
        assert states(engine) == ["sent"] * 3
        assert here.server.throttle.refused == []


@pytest.mark.manual("B11", "S15")
async def test_b11_a_message_to_more_people_than_a_days_allowance_is_refused(tmp_path: Path) -> None:
    many = tuple(f"person{number}@example.com" for number in range(12))
    async with at_the_provider(tmp_path) as here:
        async with running(here) as engine:
            await here.scan(engine, to=many)
        async with running(here, recipients_a_day=10) as engine:
            await here.acquire(engine)
            assert [(job.state, job.code) for job in engine.status().jobs] == [("ended", "S33-many")]
            with pytest.raises(Refused, match="more recipients than the provider takes"):
                await here.scan(engine, to=many)


@pytest.mark.manual("B11")
async def test_b11_what_was_given_back_is_told_when_the_store_answers_again(tmp_path: Path) -> None:
    async with paced(tmp_path, recipients_a_day=10) as (here, engine):
        await here.acquire(engine)
        here.kit.mailbox.refuse_next("mail", "550 5.7.1 Message rejected")
        people = tuple(f"person{number}@example.com" for number in range(8))
        with failing(engine, "MailboxUseEnded") as store:
            await here.scan(engine, to=people)
            await here.passes(engine, seconds=2)
            assert store.refused
        await here.scan(engine, to=people)
        await here.passes(engine, seconds=2)
        assert states(engine) == ["ended", "sent"]
        assert said(engine, MailboxUseEnded) == 1


@pytest.mark.manual("S33c")
async def test_s33c_who_has_left_the_panel_waits_with_the_others(tmp_path: Path) -> None:
    async with paced(tmp_path, messages_a_minute=1) as (here, engine):
        await engine.log_in("panel", "kim")
        await here.scan(engine, "lee")
        await here.scan(engine, "kim", "panel")
        await here.scan(engine, "kim", "panel")
        await here.acquire(engine)
        assert order(engine) == [2], "who stands there goes first"
        await engine.log_out("panel")
        await here.passes(engine, minutes=3)
        assert order(engine) == [2, 1, 3]


def order(engine: Engine) -> list[int]:
    return [event.job for event in history(engine) if isinstance(event, JobTaken)]


def longest_wait(engine: Engine) -> int:
    """How many messages of others went while one class had something to send."""
    classes = {}
    for job in engine.status().jobs:
        row = engine.store.job(job.job)
        assert row is not None
        rest = Turn.PANEL if row.place else Turn.REST
        classes[job.job] = Turn.DEVICE if row.by_device else rest
    assert sorted(order(engine)) == sorted(classes), "each job was taken once"
    waited, longest = Counter[Turn](), 0
    left = Counter(classes.values())
    for number in order(engine):
        turn = classes[number]
        left[turn] -= 1
        for other in Turn:
            waited[other] = waited[other] + 1 if other is not turn and left[other] else 0
        longest = max(longest, *waited.values())
    return longest
