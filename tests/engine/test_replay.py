"""The journal alone leads to the same states, whatever happened: facts in any order, one by one or many at
once, time that passes so that limits are said, power cuts between them.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from franking.engine.journal import Entry, Unreadable
from franking.engine.replay import Diverged, replay
from franking.events.base import Event, NewLife
from franking.events.device import CheckpointTaken, EngineStarted, UserLoggedIn, UserLoggedOut
from franking.events.registry import REGISTRY
from franking.events.token import AccessTokenReady, GrantEnded, GrantRefused, SignInSucceeded
from franking.machines.lifetime import LIFETIME

from ..facts import made_up
from .stored import (
    START,
    Running,
    WatchedClock,
    assert_equals_replay,
    journal,
    publication,
    running,
    signed_in,
)

NOT_SAID_BY_CALLERS = {"EngineStarted", "InformationRaised", "InformationCleared"}
KINDS = [kind for name, kind in sorted(REGISTRY.items()) if name not in NOT_SAID_BY_CALLERS]

Act = tuple[str, list[Event], int]
"What is said how, and the minutes that pass then."
facts = st.builds(
    lambda kind, seed: made_up(kind, random.Random(seed)),  # noqa: S311 - the same facts each time
    st.sampled_from(KINDS),
    st.integers(0, 2**32),
)
together = facts.filter(lambda fact: not isinstance(fact, NewLife | CheckpointTaken))
minutes = st.sampled_from([0, 2, 11, 90, 60 * 24 * 30])
acts: st.SearchStrategy[Act] = st.one_of(
    st.tuples(st.just("one by one"), st.lists(facts, min_size=4, max_size=12), minutes),
    st.tuples(st.just("at once"), st.lists(facts, min_size=4, max_size=12), minutes),
    st.tuples(st.just("in one commit"), st.lists(together, min_size=2, max_size=3), minutes),
    st.tuples(st.just("power off and on"), st.just([]), minutes),
)


@dataclass(slots=True)
class Told:
    """What the stories were about, so that it is seen if they become dull."""

    facts: set[str] = field(default_factory=set)
    limits: int = 0


async def act(here: Running, told: Told, how: str, facts: list[Event], minutes: int) -> None:
    if how == "at once":
        await asyncio.gather(*(here.say(fact) for fact in facts))
    elif how == "in one commit":
        await here.runtime.publish(*map(publication, facts))
    else:
        for fact in facts:
            await here.say(fact)
    here.clock.move(timedelta(minutes=minutes))
    told.limits += await here.limits.look()


async def live(path: Path, story: list[Act], told: Told) -> None:
    clock, left = WatchedClock(START), list(story)
    while True:
        async with running(path, clock) as here:
            await here.say(EngineStarted(oauth=True))
            told.limits += await here.limits.look()
            assert_equals_replay(here.store)
            while left and left[0][0] != "power off and on":
                await act(here, told, *left.pop(0))
            assert_equals_replay(here.store)
            told.facts.update(type(line.event).__name__ for line in journal(here.store))
        if not left:
            return
        clock.move(timedelta(minutes=left.pop(0)[2]))


@pytest.mark.manual("B5")
def test_b5_the_journal_alone_gives_the_same_states(long_count: Callable[[int, int], int]) -> None:
    told = Told()

    @settings(max_examples=long_count(60, 1000), suppress_health_check=list(HealthCheck))
    @given(st.lists(acts, min_size=4, max_size=12))
    def story_by_story(story: list[Act]) -> None:
        with TemporaryDirectory() as folder:
            asyncio.run(live(Path(folder) / "store.db", story, told))

    story_by_story()
    unsaid = set(REGISTRY) - told.facts
    assert len(unsaid) <= long_count(4, 0), unsaid
    assert told.limits >= long_count(20, 500)


async def lines_of(path: Path) -> list[Entry]:
    async with running(path) as here:
        await here.say(EngineStarted(oauth=True))
        await here.say(signed_in())
        await here.say(GrantRefused(identity="user:1", of=1, code="AADSTS50173"))
        return journal(here.store)


def without(lines: list[Entry], kind: type[Event]) -> list[Entry]:
    return [line for line in lines if not isinstance(line.event, kind)]


@pytest.mark.manual("B5")
async def test_b5_a_told_fact_that_is_missing_is_found(tmp_path: Path) -> None:
    lines = await lines_of(tmp_path / "store.db")
    with pytest.raises(Diverged) as raised:
        replay(without(lines, GrantEnded))
    assert (raised.value.found, raised.value.expected) == ("InformationRaised", "GrantEnded")
    assert raised.value.sequence == lines[-1].sequence


@pytest.mark.manual("B5")
async def test_b5_a_told_fact_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    lines = await lines_of(tmp_path / "store.db")
    damaged = [
        Entry(line.sequence, Unreadable("GrantEnded", "not JSON")) if type(line.event) is GrantEnded else line
        for line in lines
    ]
    assert damaged != lines
    assert replay(damaged).instances == replay(lines).instances
    assert replay(damaged).raised == replay(lines).raised


async def test_a_fact_of_a_limit_that_a_caller_says_replays_the_same(tmp_path: Path) -> None:
    async with running(tmp_path / "store.db") as here:
        await here.say(EngineStarted(oauth=True))
        inside = UserLoggedIn(
            place="panel", identity="user:1", auto_delete=True, reset_after=timedelta(minutes=1)
        )
        await here.say(inside)
        here.clock.move(timedelta(minutes=2))
        await here.say(UserLoggedOut(place="panel"))
        assert await here.limits.look() == 0
        assert_equals_replay(here.store)


@pytest.mark.manual("B5")
async def test_b5_what_is_back_at_its_beginning_has_not_been_entered_any_more(tmp_path: Path) -> None:
    """The end of a sign-in is near, then known no more, then known again."""
    times = {"renew_at": START + timedelta(days=1), "stale_at": START + timedelta(minutes=55)}
    near = AccessTokenReady(identity="user:1", attempt=0, of=1, ends_at=START + timedelta(days=10), **times)
    later = near.model_copy(update={"ends_at": START + timedelta(days=80)})
    signed_in = SignInSucceeded(identity="user:1", place="panel", right=True, **times)
    async with running(tmp_path / "store.db", WatchedClock(START)) as here:
        await here.say(near)
        here.clock.move(timedelta(days=4))
        assert await here.limits.look()
        await here.say(signed_in)
        await here.say(later)
        found = here.runtime.instance(LIFETIME, "user:1")
        assert (found.data.ends_at, found.entered) == (later.ends_at, None)
        assert_equals_replay(here.store)
