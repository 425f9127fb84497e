"""A sign-in with a code that is entered on another device (RFC 8628), against the playing providers."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from franking.engine import qr
from franking.engine.oauth.faults import Fault
from franking.engine.oauth.providers import MICROSOFT
from franking.engine.ports import AnswerClass, Cancelled, Tokens, Trouble
from franking.engine.shown import SignInCode
from franking.events.information import Actor
from franking.events.settings import Flow
from franking.testing.clock import VirtualClock
from franking.testing.kit import playing
from franking.testing.refusals import Cause
from franking.testing.scripted import CAPTIVE_PORTAL, CUT, JSON, LOST, Scripted, throttled
from franking.tests.engine.oauth.elsewhere import KIM, PASSWORD, CodeScreen, Elsewhere, standard

if TYPE_CHECKING:
    from franking.tests.engine.oauth.conftest import Stage

    Staged = Callable[[str], AbstractAsyncContextManager[Stage]]
    StageOf = Callable[..., Stage]


@asynccontextmanager
async def elsewhere(staged: "Staged", name: str = "Microsoft") -> AsyncIterator[tuple[Elsewhere, CodeScreen]]:
    """With a screen in front of which kim takes a telephone and signs in."""
    async with staged(name) as stage:

        async def enters(code: SignInCode) -> None:
            await stage.kit.person().enter_code(code.address, code.user_code, KIM, PASSWORD)

        yield Elsewhere(stage), CodeScreen(enters)


async def nobody(code: SignInCode) -> None:
    """Comes."""


@pytest.mark.manual("B3", "S19")
async def test_b3_a_person_signs_in_on_another_device(staged: "Staged") -> None:
    async with elsewhere(staged) as (at, screen):
        outcome = await at.signs_in(screen)
        assert isinstance(outcome, Tokens)
        assert (outcome.account, bool(outcome.refresh)) == (KIM, True)
        access = await at.stage.server.introspect(outcome.access.reveal())
        assert access is not None
        assert access.scope >= at.stage.data.scopes_needed
        assert (screen.closed, screen.opened) == (["panel"], [])
        assert at.stage.server.count("token:device_code") == 1


@pytest.mark.manual("B3")
async def test_b3_the_screen_says_what_to_do_who_signs_in_where_and_warns(staged: "Staged") -> None:
    async with elsewhere(staged) as (at, screen):
        await at.signs_in(screen)
        (code,) = screen.codes
        assert code.address == at.stage.server.verification_url
        enter, who, warning = code.says
        assert code.address in enter
        assert KIM in who
        assert "Scanner, second floor" in who
        assert "Enter no code that somebody sent you" in warning
        assert code.user_code not in repr(code)


async def test_a_device_without_a_name_is_this_one(staged: "Staged") -> None:
    async with elsewhere(staged) as (at, screen):
        task = asyncio.create_task(at.client().sign_in(replace(at.stage.request(), flow=Flow.CODE), screen))
        assert isinstance(await at.passes(task), Tokens)
        assert "lets this device send e-mail" in screen.codes[0].says[1]


@pytest.mark.manual("B3", "S19a")
async def test_b3_the_code_is_shown_no_longer_than_the_screen_is_open(staged: "Staged") -> None:
    """Microsoft's lives for 15 minutes."""
    async with elsewhere(staged) as (at, screen):
        began = at.stage.clock.now()
        await at.signs_in(screen)
        assert screen.codes[0].expires_at == began + timedelta(minutes=10)


@pytest.mark.manual("B3")
async def test_b3_it_asks_no_more_often_than_the_provider_said(staged: "Staged") -> None:
    async with elsewhere(staged) as (at, screen):
        began = at.stage.clock.now()
        pending = Scripted(400, JSON, b'{"error": "authorization_pending"}')
        at.stage.server.script(pending, "token:device_code", 3)
        assert isinstance(await at.signs_in(screen), Tokens)
        assert [(moment - began).total_seconds() for moment in at.polls] == [5, 10, 15, 20]


async def test_b3_a_code_that_nobody_enters_ends_in_words(staged: "Staged") -> None:
    async with elsewhere(staged) as (at, _):
        outcome = await at.signs_in(CodeScreen(nobody))
        assert isinstance(outcome, Trouble)
        assert (outcome.kind, outcome.code) == (AnswerClass.PERSON, "expired_token")
        assert "new code" in outcome.remedy
        assert at.stage.server.count("token:device_code") == 900 // 5 - 1


@pytest.mark.manual("B3", "S23")
async def test_b3_a_person_who_declines_changes_nothing(staged: "Staged") -> None:
    async with elsewhere(staged) as (at, _):

        async def declines(code: SignInCode) -> None:
            await at.stage.kit.person().decline_code(code.address, code.user_code)

        screen = CodeScreen(declines)
        assert await at.signs_in(screen) == Cancelled()
        assert screen.closed == ["panel"]


@pytest.mark.manual("B2", "B3")
@pytest.mark.parametrize("odd", ["cut", "throttled", "captive portal"])
async def test_b2_what_passes_by_itself_costs_no_sign_in(odd: str, staged: "Staged") -> None:
    async with elsewhere(staged) as (at, screen):
        answers = {"cut": CUT, "throttled": throttled(60), "captive portal": CAPTIVE_PORTAL}
        at.stage.server.script(answers[odd], "token:device_code", 3)
        assert isinstance(await at.signs_in(screen), Tokens)
        waited = at.polls[1] - at.polls[0]
        assert waited == timedelta(seconds=60 if odd == "throttled" else 10)


async def test_b3_an_answer_that_is_lost_with_its_tokens_is_said(staged: "Staged") -> None:
    """A device code is good for one answer: the person starts again."""
    async with elsewhere(staged) as (at, screen):
        at.stage.server.script(LOST, "token:device_code")
        outcome = await at.signs_in(screen)
        assert isinstance(outcome, Trouble)
        assert (outcome.kind, outcome.actor) == (AnswerClass.OURS, Actor.PERSON)


@pytest.mark.manual("B3")
async def test_b3_where_the_provider_wants_less_it_gets_less(
    clock: VirtualClock, tmp_path: Path, stage_of: "StageOf"
) -> None:
    """RFC 8628 section 3.5: five seconds more each time."""
    async with playing(clock, tmp_path, ("standard",)) as kit:
        server = kit.providers["standard"]
        kit.add_account(KIM, PASSWORD)
        at = Elsewhere(stage_of(kit, clock, server, standard(server)))
        began = clock.now()
        server.script(Scripted(400, JSON, b'{"error": "slow_down"}'), "token:device_code", 2)

        async def enters(code: SignInCode) -> None:
            assert code.user_code in code.scan
            assert code.address in code.scan
            await kit.person().enter_code(code.address, code.user_code, KIM, PASSWORD)

        assert isinstance(await at.signs_in(CodeScreen(enters)), Tokens)
        assert [(moment - began).total_seconds() for moment in at.polls] == [5, 15, 30]


@pytest.mark.manual("B3", "B9")
async def test_b3_google_allows_no_mail_by_a_code_and_nothing_is_tried(staged: "Staged") -> None:
    async with elsewhere(staged, "Google") as (at, screen):
        outcome = await at.signs_in(screen)
        assert isinstance(outcome, Trouble)
        assert (outcome.code, outcome.actor) == (Fault.FLOW, Actor.ADMIN)
        assert (screen.codes, at.stage.server.requests) == ([], [])
        assert at.client().instead(Flow.CODE, outcome, screen) is Flow.BROWSER


@pytest.mark.manual("B3")
async def test_b3_a_screen_that_cannot_show_a_code_says_so(staged: "Staged") -> None:
    async with staged("Microsoft") as stage:
        screen = stage.accepting()
        client = stage.client()
        outcome = await client.sign_in(replace(stage.request(), flow=Flow.CODE), screen)
        assert isinstance(outcome, Trouble)
        assert (outcome.code, stage.server.requests) == (Fault.CODE_SCREEN, [])
        assert client.instead(Flow.CODE, outcome, screen) is Flow.BROWSER


@pytest.mark.manual("B3", "B9")
@pytest.mark.parametrize("policy", [Cause.CONDITIONAL_ACCESS, Cause.SECURITY_DEFAULTS])
async def test_b3_where_the_organisation_blocks_codes_the_browser_is_next(
    policy: Cause, staged: "Staged"
) -> None:
    async with elsewhere(staged) as (at, _):
        at.stage.server.policy.refuses_device_code = policy

        async def tries(code: SignInCode) -> None:
            with pytest.raises(Exception, match="blocked"):
                await at.stage.kit.person().enter_code(code.address, code.user_code, KIM, PASSWORD)

        screen = CodeScreen(tries)
        outcome = await at.signs_in(screen)
        assert isinstance(outcome, Trouble)
        assert (outcome.kind, outcome.actor) == (AnswerClass.ADMIN, Actor.TENANT)
        assert "browser" in outcome.remedy
        assert at.client().instead(Flow.CODE, outcome, screen) is Flow.BROWSER
        assert at.client().instead(Flow.BROWSER, outcome, screen) is None


async def test_b3_a_screen_that_fails_to_show_it_is_told(staged: "Staged") -> None:
    async with elsewhere(staged) as (at, _):
        why = Trouble(AnswerClass.OURS, "no display", "screen.no-browser", "", "", Actor.ADMIN)

        async def cannot(code: SignInCode) -> Trouble:
            return why

        screen = CodeScreen(cannot)
        assert await at.signs_in(screen) == why
        assert screen.closed == ["panel"]
        assert at.client().instead(Flow.CODE, why, screen) is None


@pytest.mark.manual("S18", "B3")
async def test_s18_cancelling_closes_the_screen_and_asks_no_more(staged: "Staged") -> None:
    async with elsewhere(staged) as (at, _):
        screen = CodeScreen(nobody)
        request = replace(at.stage.request(), flow=Flow.CODE)
        task = asyncio.create_task(at.client().sign_in(request, screen))
        await at.waits.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert screen.closed == ["panel"]
        at.stage.clock.move(timedelta(minutes=1))
        assert at.stage.server.count("token:device_code") == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"verification_uri": "http://example.com/device"},
        {"verification_uri": "javascript:alert(1)"},
        {"user_code": ""},
        {"user_code": "AB\u202eCD"},
        {"user_code": "A" * 65},
        {"device_code": "with a blank"},
        {"expires_in": -1},
        {"expires_in": None},
        {"interval": 10**9},
    ],
)
async def test_what_is_no_answer_is_shown_to_nobody(body: dict[str, object], staged: "Staged") -> None:
    async with elsewhere(staged) as (at, screen):
        good = {
            "device_code": "abc",
            "user_code": "ABCD-EFGH",
            "verification_uri": "https://example.com/device",
            "expires_in": 900,
        }
        answer = {**good, **body} if body else {}
        at.stage.server.script(Scripted(200, JSON, json.dumps(answer).encode()), "device")
        outcome = await at.signs_in(screen)
        assert isinstance(outcome, Trouble)
        assert (outcome.kind, outcome.code) == (AnswerClass.PROTOCOL, Fault.NOT_A_TOKEN)
        assert screen.codes == []


def test_b3_the_code_fits_a_telephone_and_a_terminal() -> None:
    address = str(MICROSOFT.authorize)
    drawn, lines = qr.svg(address), qr.text(address).splitlines()
    assert drawn.startswith("<svg ")
    assert len({len(line) for line in lines}) == 1
    assert set("".join(lines)) == set("█▀▄ ")
