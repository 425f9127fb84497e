"""The ways to sign in, from the panel to the mail: by code, by another browser, and what is offered when one
is refused.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from franking.engine.engine import Engine
from franking.engine.oauth.faults import Fault, fault
from franking.engine.ports import Trouble
from franking.engine.refusal import Refused
from franking.engine.shown import NotPasted
from franking.engine.signing_in import PasteRefused
from franking.engine.words import words
from franking.events.information import Actor, Info
from franking.events.settings import Flow, Language
from franking.events.sign_in import FlowRefused, SignInCancelled, SignInFailed, SignInTimedOut
from franking.machines.sign_in import CLOSED, SIGN_IN
from franking.testing.refusals import Cause
from franking.testing.screen import PersonAtTheScreen
from franking.tests.engine.device import (
    BOSS,
    KIM,
    LEE,
    PASSWORDS,
    PRINTER,
    Office,
    history,
    office,
    refresh_token,
    said,
    states,
    warnings,
)

from .test_clock import clock_of

CODE = {"flow": "code"}


@asynccontextmanager
async def by_code(folder: Path, account: str = PRINTER) -> AsyncIterator[tuple[Office, Engine]]:
    async with office(folder) as here, here.engine(oauth=CODE) as engine:
        here.screen.account = account
        yield here, engine


@pytest.mark.manual("B3", "S18", "S23")
async def test_b3_a_code_signs_in_and_the_mail_that_waited_goes(tmp_path: Path) -> None:
    async with by_code(tmp_path, KIM) as (here, engine):
        await engine.log_in("panel", "kim")
        receipt = await here.scan(engine, "kim", "panel")
        await here.passes(engine, seconds=5)
        assert engine.job(receipt.job).state == "sent"
        ((place, code),) = here.screen.codes
        assert (place, here.visits, here.screen.closed) == ("panel", [], ["panel"])
        assert KIM in " ".join(code.says)


@pytest.mark.manual("B3", "S19")
async def test_s19_another_account_is_refused_by_code_too_and_the_next_time_it_is_asked_anew(
    tmp_path: Path,
) -> None:
    async with by_code(tmp_path, BOSS) as (here, engine):
        await engine.acquire("page")
        await here.passes(engine, seconds=5)
        assert refresh_token(engine, "administrator") == "Required"
        assert warnings(engine) == [("OTHER_ACCOUNT", "administrator")]
        identity = "administrator"
        asks = engine.sign_in_request("page", identity, here.clock.now())
        assert asks.another
        here.screen.account = PRINTER
        await engine.acquire("page")
        await here.passes(engine, seconds=5)
        assert refresh_token(engine, "administrator") == "Acquired"
        assert not engine.sign_in_request("page", identity, here.clock.now()).another


@pytest.mark.manual("B3", "B9")
@pytest.mark.parametrize(
    ("policy", "code"),
    [(Cause.SECURITY_DEFAULTS, "AADSTS530035"), (Cause.CONDITIONAL_ACCESS, "AADSTS53003")],
)
async def test_b3_where_a_code_is_blocked_the_browser_opens_at_the_same_place_and_why_is_said(
    policy: Cause, code: str, tmp_path: Path
) -> None:
    async with by_code(tmp_path) as (here, engine):
        here.provider.policy.refuses_device_code = policy
        await engine.acquire("page")
        await here.passes(engine, seconds=5)
        assert refresh_token(engine, "administrator") == "Acquired"
        assert (here.visits, len(here.screen.codes)) == (["page"], 1)
        assert [fact.code for fact in history(engine) if isinstance(fact, FlowRefused)] == [code]
        (warning,) = engine.information()
        assert (warning.code, warning.subject, warning.actor) == (Info.FLOW_REFUSED, "page", Actor.ADMIN)
        assert code in warning.cause
        assert "device code" in warning.cause
        assert "oauth.flow" in warning.remedy
        await engine.acquire("page")
        await here.passes(engine, seconds=5)
        assert said(engine, FlowRefused) == 2
        await engine.acknowledge(Info.FLOW_REFUSED, "page")
        assert warnings(engine) == []


@pytest.mark.manual("B3", "B9")
async def test_b3_a_grant_by_code_that_a_policy_ends_later_is_got_again_by_the_browser(
    tmp_path: Path,
) -> None:
    """AADSTS530036."""
    async with by_code(tmp_path) as (here, engine):
        await engine.acquire("page")
        await here.passes(engine, seconds=5)
        here.provider.policy.refuses_device_code = Cause.CONDITIONAL_ACCESS
        await here.passes(engine, hours=2)
        await here.notice(engine)
        await engine.settle()
        assert refresh_token(engine, "administrator") == "Expired"
        (warning,) = engine.information()
        assert "a policy now blocks" in warning.cause
        await engine.acquire("page")
        await here.passes(engine, seconds=5)
        assert (refresh_token(engine, "administrator"), states(engine)) == ("Acquired", ["sent"])


class WithoutBrowser(PersonAtTheScreen):
    """A display that shows codes alone."""

    async def open(self, place: str, address: str, closes_at: datetime) -> Trouble | None:  # type: ignore[override]
        self.opened.append((place, closes_at))
        return fault(Fault.PAGE_SCREEN)


@pytest.mark.manual("B3", "S4")
async def test_b3_where_no_browser_opens_a_code_is_shown_and_says_why(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        here.screen = WithoutBrowser(here.kit.person(), PASSWORDS)
        here.screen.account = PRINTER
        async with here.engine() as engine:
            await engine.acquire("page")
            await here.passes(engine, seconds=5)
            assert refresh_token(engine, "administrator") == "Acquired"
            ((_, code),) = here.screen.codes
            assert code.says[0] == "The screen of this place cannot show the provider's page."
            assert warnings(engine) == [("FLOW_REFUSED", "page")]


@pytest.mark.manual("B3")
async def test_b3_where_codes_are_turned_off_none_is_offered(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        here.screen = WithoutBrowser(here.kit.person(), PASSWORDS)
        async with here.engine(oauth={"device_code": False}) as engine:
            await engine.acquire("page")
            await here.passes(engine, seconds=5)
            assert refresh_token(engine, "administrator") == "Required"
            assert (here.screen.codes, said(engine, FlowRefused), said(engine, SignInFailed)) == ([], 0, 1)
            assert here.provider.requests == []
            with pytest.raises(Refused) as refused:
                await engine.apply(here.settings.changed(oauth={"device_code": False, "flow": "code"}))
            assert refused.value.codes == ("B3-code",)
            assert "oauth.flow" in str(refused.value)
            assert "oauth.device_code" in str(refused.value)
            await engine.apply(here.settings)
            here.screen.account = PRINTER
            await engine.acquire("page")
            await here.passes(engine, seconds=5)
            assert (refresh_token(engine, "administrator"), len(here.screen.codes)) == ("Acquired", 1)


@pytest.mark.manual("B3")
async def test_b3_where_the_other_way_is_refused_too_the_sign_in_fails_with_its_reason(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as here:
        here.screen = WithoutBrowser(here.kit.person(), PASSWORDS)
        here.provider.policy.refuses_device_code = Cause.SECURITY_DEFAULTS
        async with here.engine(oauth=CODE) as engine:
            await engine.acquire("page")
            await here.passes(engine, seconds=5)
            assert (said(engine, FlowRefused), said(engine, SignInFailed)) == (1, 1)
            assert (len(here.visits), len(here.screen.codes)) == (1, 1)
            assert refresh_token(engine, "administrator") == "Required"


@pytest.mark.manual("B3", "S19a")
async def test_s19a_a_code_that_nobody_enters_is_closed_with_the_screen(tmp_path: Path) -> None:
    async with by_code(tmp_path) as (here, engine):
        here.screen.stays_away = True
        await engine.acquire("page")
        await here.passes(engine, minutes=10)
        assert said(engine, SignInTimedOut) == 1
        await here.passes(engine, minutes=10)
        assert here.screen.closed == ["page"]
        # The last question may still have been under way; the code itself lives for five minutes more.
        assert here.provider.count("token:device_code") <= 600 // 5


@pytest.mark.manual("B3", "S23")
async def test_s23_declining_or_cancelling_a_code_changes_nothing(tmp_path: Path) -> None:
    async with by_code(tmp_path) as (here, engine):
        here.screen.declines = True
        await engine.acquire("page")
        await here.passes(engine, seconds=5)
        here.screen.stays_away = True
        await engine.acquire("page")
        await engine.settle()
        await engine.cancel_sign_in("page")
        await engine.settle()
        assert said(engine, SignInCancelled) == 2
        assert (refresh_token(engine, "administrator"), warnings(engine)) == ("Required", [])


@pytest.mark.manual("B3", "S18")
async def test_b3_two_places_show_codes_of_their_own(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        accounts = {"panel": KIM, "page": LEE}

        class Each(PersonAtTheScreen):
            async def show_code(self, place: str, code: object) -> None:
                self.account = accounts[place]
                await super().show_code(place, code)  # type: ignore[arg-type]

        here.screen = Each(here.kit.person(), PASSWORDS)
        async with here.engine(oauth=CODE) as engine:
            await engine.log_in("panel", "kim")
            await engine.log_in("page", "lee")
            await asyncio.gather(engine.sign_in("panel", "kim"), engine.sign_in("page", "lee"))
            await here.passes(engine, seconds=5)
            assert [refresh_token(engine, user) for user in ("kim", "lee")] == ["Acquired", "Acquired"]
            first, second = (code.user_code for _, code in here.screen.codes)
            assert first != second


@pytest.mark.manual("S19a", "S25", "B3")
async def test_s19a_no_code_in_a_log_or_on_the_disk(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with by_code(tmp_path) as (here, engine):
            await engine.acquire("page")
            await here.passes(engine, seconds=5)
            ((_, code),) = here.screen.codes
            assert refresh_token(engine, "administrator") == "Acquired"
            stored = b"".join(path.read_bytes() for path in here.store.rglob("*") if path.is_file())
            assert code.user_code.encode() not in stored
    assert code.user_code not in caplog.text
    assert "device_code=" not in caplog.text


# The address of another machine's browser


@dataclass(slots=True)
class ShownAddress:
    addresses: dict[str, str] = field(default_factory=dict)

    async def open(self, place: str, address: str, closes_at: datetime) -> None:
        self.addresses[place] = address

    async def close(self, place: str) -> None:
        self.addresses.pop(place, None)


@asynccontextmanager
async def shown(folder: Path) -> AsyncIterator[tuple[Office, Engine, ShownAddress]]:
    """A device with a display and no browser, where the administrator is to sign in."""
    async with office(folder) as here:
        screen = ShownAddress()
        here.screen = screen  # type: ignore[assignment]
        async with here.engine() as engine:
            await engine.acquire("page")
            await engine.settle()
            yield here, engine, screen


async def elsewhere(here: Office, address: str, account: str = PRINTER) -> str:
    return await here.kit.person().sign_in_elsewhere(address, account, PASSWORDS[account])


@pytest.mark.manual("B3", "S19", "S23")
async def test_b3_an_address_pasted_at_the_place_acquires_the_token(tmp_path: Path) -> None:
    async with shown(tmp_path) as (here, engine, screen):
        engine.paste("page", await elsewhere(here, screen.addresses["page"]))
        await engine.settle()
        assert refresh_token(engine, "administrator") == "Acquired"
        with pytest.raises(PasteRefused) as refused:
            engine.paste("page", "http://localhost/?code=a")
        assert refused.value.why is NotPasted.NOTHING_OPEN


@pytest.mark.manual("B3", "S18")
async def test_s18_a_sign_in_that_follows_a_cancelled_one_takes_its_own_address(tmp_path: Path) -> None:
    async with shown(tmp_path) as (here, engine, screen):
        former = await elsewhere(here, screen.addresses["page"])
        await asyncio.gather(engine.cancel_sign_in("page"), engine.acquire("page"))
        await engine.settle()
        with pytest.raises(PasteRefused):
            engine.paste("page", former)
        engine.paste("page", await elsewhere(here, screen.addresses["page"]))
        await engine.settle()
        assert refresh_token(engine, "administrator") == "Acquired"


@pytest.mark.manual("B3", "B9", "S18")
async def test_b9_what_is_no_end_of_this_places_sign_in_is_refused_in_words(tmp_path: Path) -> None:
    async with shown(tmp_path) as (here, engine, screen):
        await engine.sign_in("panel", "kim")
        await engine.settle()
        kims = await elsewhere(here, screen.addresses["panel"], KIM)
        for place, text, why in (
            ("page", "what is this", NotPasted.NO_REDIRECT),
            ("page", kims, NotPasted.OTHER_SIGN_IN),
            ("nowhere", kims, NotPasted.NOTHING_OPEN),
        ):
            with pytest.raises(PasteRefused) as refused:
                engine.paste(place, text)
            assert refused.value.why is why
            assert words(Language.GERMAN).error(refused.value) != str(refused.value)
            assert "code=" not in str(refused.value).replace("?code=", "")
        assert engine.runtime.instance(SIGN_IN, "page").state is not CLOSED
        engine.paste("panel", kims)
        engine.paste("page", await elsewhere(here, screen.addresses["page"]))
        await engine.settle()
        assert [refresh_token(engine, user) for user in ("kim", "administrator")] == ["Acquired", "Acquired"]


@pytest.mark.manual("S19")
async def test_s19_the_account_is_checked_when_pasted_and_is_chosen_anew_the_next_time(
    tmp_path: Path,
) -> None:
    async with shown(tmp_path) as (here, engine, screen):
        engine.paste("page", await elsewhere(here, screen.addresses["page"], BOSS))
        await engine.settle()
        assert warnings(engine) == [("OTHER_ACCOUNT", "administrator")]
        await engine.acquire("page")
        await engine.settle()
        asked = parse_qs(urlsplit(screen.addresses["page"]).query)
        assert (asked["prompt"], asked["login_hint"]) == (["select_account"], [PRINTER])


def test_the_browser_comes_first() -> None:
    """Tenants block codes, and a grant got by one can end by that later."""
    assert next(iter(Flow)) is Flow.BROWSER


@pytest.mark.manual("B3", "B2")
@pytest.mark.parametrize("days", [400, -1])
async def test_b3_a_clock_that_is_set_while_a_code_is_shown_costs_no_sign_in(
    tmp_path: Path, days: int
) -> None:
    """It was wrong by so much, and NTP sets it."""
    async with office(tmp_path) as here:
        clock = clock_of(here)
        clock.jump(days=-days)
        async with here.engine(oauth=CODE) as engine:
            here.screen.account, here.screen.stays_away = PRINTER, True
            await engine.acquire("page")
            await here.passes(engine, seconds=1)
            ((_, code),) = here.screen.codes
            clock.jump(days=days)
            await here.kit.person().enter_code(code.address, code.user_code, PRINTER, PASSWORDS[PRINTER])
            await here.passes(engine, minutes=1)
            assert refresh_token(engine, "administrator") == "Acquired"
            assert warnings(engine) == []
