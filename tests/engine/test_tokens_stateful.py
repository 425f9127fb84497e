"""Whatever happens to a device, in whatever order: its tokens live as they are meant to.

People sign in, cancel, delete and take the wrong account; the provider answers, rotates, throttles, loses an
answer, refuses, ends a grant; the clock runs, jumps, dies; the disk is full; the power is cut. After each
step: there was never more than one refresh of a grant at a time; a grant was ended by the provider's word or
by a person alone. After each start and at the end: the journal replays to the states, and no file has a token
in clear.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from franking.engine.adapters import Adapters
from franking.engine.clock import EPOCH
from franking.engine.records import StoreFailed
from franking.events.device import DeviceResumed
from franking.events.token import (
    AccessTokenRejected,
    GrantCopied,
    GrantLocked,
    GrantMissing,
    GrantRefused,
    GrantRotated,
    SignInSucceeded,
    TokenDeleted,
    TokenWanted,
)
from franking.machines.access_token import ACCESS_TOKEN

from .token_life import LOGINS, Life, played

RUNS, STEPS, PARTS = 2000, 50, 8
ANSWERS = ("ok", "rotated", "lost", "wait", "admin", "app", "protocol", "ours", "person")
logins = st.sampled_from(sorted(LOGINS))
RIGHT_AGAIN = timedelta(days=2)


class Tokens(RuleBasedStateMachine):
    """Each rule is something that happens; what a full disk refuses did not happen."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner(debug=False)
        self.folder = TemporaryDirectory(prefix="franking-tokens-")
        self.life = Life(Path(self.folder.name))
        NOW.append(self.life)

    def happens(self, what: Callable[[], object]) -> bool:
        """Runs it in the device's loop, until all is quiet. False: the store did not take it."""

        async def inside() -> bool:
            try:
                outcome = what()
                if asyncio.iscoroutine(outcome):
                    await outcome
            except StoreFailed:
                return False
            finally:
                if self.life._engine is not None:
                    await self.life.settles()
            return True

        return self.loop.run(inside())

    @initialize()
    def is_turned_on_and_signed_in(self) -> None:
        self.happens(self.life.power_on)
        for login in ("administrator", "kim"):
            self.somebody_signs_in(login, "")

    # People

    @rule(login=logins, account=st.sampled_from(["", "", "", "lee@example.com", "nobody"]))
    def somebody_signs_in(self, login: str, account: str) -> None:
        self.life.books.account = account
        engine = self.life.engine
        if login == "administrator":
            self.happens(lambda: engine.acquire("page"))
        else:
            self.happens(lambda: engine.sign_in("panel", login))

    @rule(login=logins)
    def somebody_deletes(self, login: str) -> None:
        if self.life.identity(login):
            self.life.deletions += self.happens(lambda: self.life.engine.delete_token(login))

    @rule(logins=st.lists(logins, min_size=1, max_size=6))
    def mail_wants_to_go(self, logins: list[str]) -> None:
        identities = [identity for login in logins if (identity := self.life.identity(login))]
        engine = self.life.engine

        async def together() -> None:
            facts = (engine.publish(TokenWanted(identity=identity)) for identity in identities)
            await asyncio.gather(*facts, return_exceptions=True)

        self.happens(together)

    @rule(login=logins, of=st.sampled_from([0, 1]))
    def the_submission_server_turns_a_token_away(self, login: str, of: int) -> None:
        if identity := self.life.identity(login):
            engine = self.life.engine
            attempt = engine.runtime.instance(ACCESS_TOKEN, identity).data.attempt - of
            retry_at = self.life.clock.now() + timedelta(minutes=15)
            fact = AccessTokenRejected(
                identity=identity, attempt=attempt, retry_at=retry_at, code="535 5.7.3"
            )
            self.happens(lambda: engine.publish(fact))

    # The provider

    @rule(answers=st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=3))
    def the_provider_will_answer(self, answers: list[str]) -> None:
        self.life.books.answers = answers

    @rule(login=logins, answer=st.sampled_from(ANSWERS))
    def mail_finds_its_token_over(self, login: str, answer: str) -> None:
        self.time_passes(2)
        self.life.books.answers = [answer]
        self.mail_wants_to_go([login, login])

    @rule(minutes=st.sampled_from([0, 0, 1, 20]))
    def the_provider_takes_its_time(self, minutes: int) -> None:
        self.life.books.slow = timedelta(minutes=minutes)

    @rule(strict=st.booleans())
    def the_provider_ends_grants_on_reuse(self, strict: bool) -> None:
        self.life.books.strict = strict

    # Time

    @rule(hours=st.sampled_from([0.02, 0.2, 1, 2, 24, 24 * 61]))
    def time_passes(self, hours: float) -> None:
        self.happens(lambda: self.life.passes(hours=hours))

    @rule(days=st.sampled_from([-400, -1, 1, 30]))
    def the_clock_is_set(self, days: int) -> None:
        self.happens(lambda: self.life.clock.jump(days=days))

    @rule()
    def the_battery_dies(self) -> None:
        clock = self.life.clock
        self.happens(lambda: clock.jump(seconds=(EPOCH - clock.now()).total_seconds()))

    @rule()
    def the_network_sets_the_clock_right(self) -> None:
        self.happens(self.set_right)

    @rule(hours=st.sampled_from([1, 24 * 7]))
    def the_device_sleeps(self, hours: int) -> None:
        engine = self.life.engine
        self.life.clock.sleep(hours=hours)
        self.happens(lambda: engine.publish(engine.availability(DeviceResumed)))

    # Faults

    @rule(times=st.integers(1, 3), full=st.booleans())
    def the_disk_fails(self, times: int, full: bool) -> None:
        self.life.faults += [StoreFailed("disk", full=full)] * times

    @rule(switch=st.booleans())
    def the_power_goes_and_comes_again(self, switch: bool) -> None:
        self.happens(self.life.power_off if switch else self.life.power_cut)
        self.starts_again()

    def starts_again(self) -> None:
        self.life.check_files()
        self.life.faults.clear()
        self.happens(self.life.power_on)
        self.life.check_replay()

    def set_right(self) -> None:
        clock = self.life.clock
        clock.jump(seconds=(clock.true.now() - clock.now()).total_seconds())

    # What holds always

    @invariant()
    def there_was_never_more_than_one_refresh_of_a_grant(self) -> None:
        assert self.life.books.most <= 1

    @invariant()
    def a_grant_ends_by_the_providers_word_or_a_persons_act(self) -> None:
        if self.life._engine is None:
            return
        wanted: dict[str, str] = {}
        version: dict[str, int] = {}
        deleted = 0
        for fact in self.life.journal():
            match fact:
                case SignInSucceeded(identity=identity, right=True):
                    wanted[identity], version[identity] = "Acquired", version.get(identity, 0) + 1
                case GrantRotated(identity=identity, of=of) if of == version.get(identity):
                    version[identity] += wanted[identity] == "Acquired"
                case TokenDeleted(identity=identity):
                    gone = wanted.get(identity, "Required") != "Required"
                    wanted[identity], version[identity] = "Required", version.get(identity, 0) + gone
                    deleted += 1
                case GrantRefused(identity=identity, of=of, code=code):
                    assert code in self.life.books.words
                    if of == version.get(identity) and wanted[identity] == "Acquired":
                        wanted[identity], version[identity] = "Expired", version[identity] + 1
                case GrantMissing(identity=identity, of=of) if wanted.get(identity) != "Acquired":
                    # Mail was to go, and nobody had signed in, or not again.
                    if wanted.get(identity) == "Expired" and of == version[identity]:
                        version[identity] += 1
                case GrantMissing() | GrantCopied() | GrantLocked():
                    raise AssertionError(repr(fact))
                case _:
                    pass
        assert deleted == self.life.deletions
        assert {identity: self.life.state(identity) for identity in wanted} == wanted

    def teardown(self) -> None:
        try:
            if self.life._engine is not None:
                self.all_is_well_again()
                self.life.check_replay()
                self.happens(self.life.power_off)
            self.life.check_files()
        finally:
            self.loop.close()
            self.folder.cleanup()
            NOW.pop()

    def all_is_well_again(self) -> None:
        """Once nothing is wrong any more, who has not lost his grant gets a token."""
        books = self.life.books
        books.answers, books.slow, books.strict, self.life.faults = [], timedelta(), False, []
        self.happens(self.set_right)
        self.happens(lambda: self.life.passes(days=RIGHT_AGAIN.days))
        self.mail_wants_to_go(sorted(LOGINS))
        self.a_grant_ends_by_the_providers_word_or_a_persons_act()
        engine = self.life.engine
        for identity in filter(None, map(self.life.identity, LOGINS)):
            if self.life.state(identity) == "Acquired":
                assert engine.runtime.instance(ACCESS_TOKEN, identity).state.name == "FRESH"


NOW: list[Life] = []
"The life that is lived at this moment."


@pytest.mark.manual("S26", "S29", "B5", "B11", "S25")
@pytest.mark.parametrize("part", range(PARTS))
def test_s29_tokens_live_through_whatever_happens(
    part: int, long_count: Callable[[int, int], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In parts, each with lives of its own: no test of the long counts takes as long as one that hangs."""
    monkeypatch.setattr(Adapters, "provider_of", played(lambda: NOW[-1].books))
    run_state_machine_as_test(
        seed(part)(type("Tokens", (Tokens,), {})),
        settings=settings(
            max_examples=long_count(4, RUNS // PARTS),
            stateful_step_count=STEPS,
            suppress_health_check=list(HealthCheck),
        ),
    )
