"""A sign-in from the device to the provider and back, against the playing providers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from franking.engine.oauth.faults import Fault
from franking.engine.ports import AnswerClass, Cancelled, Tokens, Trouble
from franking.events.information import Actor
from franking.testing.clock import VirtualClock
from franking.tests.engine.oauth.elsewhere import standard

if TYPE_CHECKING:
    from franking.tests.engine.oauth.conftest import PlayedScreen, Stage

    Staged = Callable[[str], AbstractAsyncContextManager[Stage]]

KIM, PASSWORD = "kim@example.com", "correct horse battery"
NAMES = pytest.mark.parametrize("name", ["Microsoft", "Google"])


@NAMES
@pytest.mark.manual("S2", "S19", "S25", "S26")
async def test_s2_a_person_signs_in(name: str, staged: "Staged") -> None:
    async with staged(name) as stage:
        screen = stage.accepting()
        outcome = await stage.client().sign_in(stage.request(), screen)
        assert isinstance(outcome, Tokens)
        assert outcome.account == KIM
        assert outcome.refresh
        life = outcome.expires_at - stage.clock.now()
        assert timedelta(seconds=3599) <= life <= timedelta(seconds=5400)
        access = await stage.server.introspect(outcome.access.reveal())
        assert access is not None
        assert access.account == KIM
        assert access.scope >= stage.data.scopes_needed
        assert screen.closed == ["panel"]
        assert "Signed in." in str(screen.shown[0])
        assert "You can close this page." in str(screen.shown[0])


@NAMES
@pytest.mark.manual("S19", "S19a")
async def test_s19a_the_request_asks_for_the_account_anew(name: str, staged: "Staged") -> None:
    async with staged(name) as stage:
        screen = stage.accepting()
        await stage.client().sign_in(stage.request(), screen)
        place, url, closes_at = screen.opened[0]
        asked = parse_qs(urlsplit(url).query)
        assert place == "panel"
        assert closes_at == stage.request().closes_at
        assert asked["login_hint"] == [KIM]
        assert "select_account" in asked["prompt"][0].split()
        assert asked["code_challenge_method"] == ["S256"]
        redirect = urlsplit(asked["redirect_uri"][0])
        assert redirect.hostname == {"Microsoft": "localhost", "Google": "127.0.0.1"}[name]
        assert stage.server.requests[0].login_hint == KIM
        # The listener closed with the screen.
        assert redirect.port is not None
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", redirect.port)


@pytest.mark.manual("S19a")
async def test_s19a_nothing_is_used_twice(staged: "Staged") -> None:
    async with staged("Microsoft") as stage:
        asked = []
        for _ in range(2):
            screen = stage.accepting()
            await stage.client().sign_in(stage.request(), screen)
            asked.append(parse_qs(urlsplit(screen.opened[0][1]).query))
        for once in ("state", "nonce", "code_challenge"):
            assert asked[0][once] != asked[1][once]
            assert len(asked[0][once][0]) >= 43


@pytest.mark.manual("S19")
@pytest.mark.parametrize(
    ("name", "prompts"),
    [("Microsoft", ["select_account"]), ("Google", ["consent select_account"]), ("another", ["login"])],
)
async def test_s19_after_another_account_the_person_is_asked_anew(
    name: str, prompts: list[str], staged: "Staged", screen_of: "ScreenOf"
) -> None:
    async with staged("Microsoft" if name == "another" else name) as stage:
        own = {"authorize_extra": {}, "other_account": standard(stage.server).other_account}
        data = stage.with_data(**own) if name == "another" else stage.data
        screen = screen_of(stage.kit.person().cancel)
        await stage.client(data=data).sign_in(replace(stage.request(), another=True), screen)
        assert parse_qs(urlsplit(screen.opened[0][1]).query)["prompt"] == prompts


@NAMES
@pytest.mark.manual("S18", "S23")
async def test_s23_a_person_who_cancels(name: str, staged: "Staged", screen_of: "ScreenOf") -> None:
    async with staged(name) as stage:
        screen = screen_of(stage.kit.person().cancel)
        assert await stage.client().sign_in(stage.request(), screen) == Cancelled()
        assert "cancelled" in str(screen.shown[0])
        assert screen.closed == ["panel"]
        assert stage.server.count("token:authorization_code") == 0


async def test_a_person_who_leaves_the_mail_permission_out(staged: "Staged") -> None:
    async with staged("Google") as stage:
        screen = stage.accepting(untick=stage.data.scopes_needed)
        outcome = await stage.client().sign_in(stage.request(), screen)
        assert isinstance(outcome, Trouble)
        assert (outcome.kind, outcome.code, outcome.actor) == (AnswerClass.PERSON, "scope", Actor.PERSON)
        assert "Not signed in" in str(screen.shown[0])
        assert "Signed in." not in str(screen.shown[0])


@pytest.mark.manual("S19a")
async def test_s19a_waiting_for_the_person_is_parked(staged: "Staged", screen_of: "ScreenOf") -> None:
    """Only the waiting: not opening the screen, not the exchange."""
    async with staged("Microsoft") as stage:
        moves: list[str] = []
        waiting = asyncio.Event()

        @asynccontextmanager
        async def parked() -> AsyncIterator[None]:
            moves.append("parked")
            waiting.set()
            yield
            moves.append("back")

        async def only_shown(url: str) -> str:
            moves.append("shown")
            return url

        screen = screen_of(only_shown)
        task = asyncio.create_task(stage.client(parked=parked).sign_in(stage.request(), screen))
        await waiting.wait()
        assert moves == ["shown", "parked"]
        async with stage.server.hold() as gate:
            person = asyncio.create_task(stage.kit.person().sign_in(screen.opened[0][1], KIM, PASSWORD))
            await gate.arrived(1)
            assert moves == ["shown", "parked", "back"]
        assert isinstance(await task, Tokens)
        assert "Signed in." in await person


@pytest.mark.manual("S18", "S19a")
async def test_s19a_cancelling_closes_listener_and_screen(staged: "Staged", screen_of: "ScreenOf") -> None:
    async with staged("Microsoft") as stage:
        waiting = asyncio.Event()

        @asynccontextmanager
        async def parked() -> AsyncIterator[None]:
            waiting.set()
            yield

        async def only_shown(url: str) -> str:
            return url

        screen = screen_of(only_shown)
        task = asyncio.create_task(stage.client(parked=parked).sign_in(stage.request(), screen))
        await waiting.wait()
        port = urlsplit(parse_qs(urlsplit(screen.opened[0][1]).query)["redirect_uri"][0]).port
        assert port is not None
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert screen.closed == ["panel"]
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)


async def test_cancelling_stops_a_screen_that_is_still_opening(
    staged: "Staged", screen_of: "ScreenOf"
) -> None:
    async with staged("Microsoft") as stage:
        opening, ended = asyncio.Event(), asyncio.Event()

        async def never(_url: str) -> None:
            opening.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        screen = screen_of(never)
        task = asyncio.create_task(stage.client().sign_in(stage.request(), screen))
        await opening.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended.is_set()
        assert screen.closed == ["panel"]


async def test_cancelling_during_the_exchange_tells_the_browser(staged: "Staged") -> None:
    async with staged("Microsoft") as stage, stage.server.hold() as gate:
        screen = stage.accepting()
        task = asyncio.create_task(stage.client(http2=False).sign_in(stage.request(), screen))
        await gate.arrived(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert screen.closed == ["panel"]


async def test_a_screen_that_fails_is_a_fault_of_the_screen(staged: "Staged", screen_of: "ScreenOf") -> None:
    async with staged("Microsoft") as stage:

        async def broken(_url: str) -> None:
            raise RuntimeError("no browser")

        screen = screen_of(broken)
        with pytest.raises(RuntimeError, match="no browser"):
            await stage.client().sign_in(stage.request(), screen)
        assert screen.closed == ["panel"]


@NAMES
async def test_a_wrong_client_never_reaches_a_token(
    name: str, staged: "Staged", screen_of: "ScreenOf"
) -> None:
    """The provider shows its own page or comes back with the error: both are no sign-in."""
    async with staged(name) as stage:
        application = replace(stage.application(), client_id="another")
        refused = asyncio.Event()

        async def look(url: str) -> int:
            async with httpx2.AsyncClient(verify=stage.context(), trust_env=False) as browser:
                status = (await browser.get(url)).status_code
            refused.set()
            return status

        screen = screen_of(look)
        client = stage.client(application=application)
        task = asyncio.create_task(client.sign_in(stage.request(), screen))
        await refused.wait()
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert stage.server.count("token:authorization_code") == 0


async def test_an_error_in_the_redirect_is_decided(staged: "Staged", screen_of: "ScreenOf") -> None:
    """Authlib would ask for client credentials here; nothing is asked at all."""
    async with staged("Microsoft") as stage:

        async def refuse(url: str) -> str:
            asked = parse_qs(urlsplit(url).query)
            words = "AADSTS90094: An administrator must grant the permission."
            answer = {"state": asked["state"][0], "error": "access_refused", "error_description": words}
            async with httpx2.AsyncClient(trust_env=False, follow_redirects=True) as browser:
                return (await browser.get(asked["redirect_uri"][0], params=answer)).text

        screen = screen_of(refuse)
        outcome = await stage.client().sign_in(stage.request(), screen)
        assert isinstance(outcome, Trouble)
        assert (outcome.kind, outcome.code) == (AnswerClass.ADMIN, "AADSTS90094")
        assert outcome.actor is Actor.TENANT
        assert "administrator must consent" in str(screen.shown[0])
        assert stage.server.requests == []


@pytest.mark.parametrize(
    ("name", "issuer"),
    [
        ("Google", "https://attacker.example"),
        ("Microsoft", "https://login.microsoftonline.com.attacker.example/v2.0"),
        ("Microsoft", "https://login.microsoftonline.com/not-a-tenant/v2.0"),
    ],
)
async def test_a_redirect_from_another_issuer_is_refused(
    name: str, issuer: str, staged: "Staged", screen_of: "ScreenOf"
) -> None:
    """RFC 9207: mix-up."""
    async with staged(name) as stage:

        async def mixed_up(url: str) -> str:
            asked = parse_qs(urlsplit(url).query)
            answer = {"state": asked["state"][0], "code": "stolen", "iss": issuer}
            async with httpx2.AsyncClient(trust_env=False, follow_redirects=True) as browser:
                return (await browser.get(asked["redirect_uri"][0], params=answer)).text

        outcome = await stage.client().sign_in(stage.request(), screen_of(mixed_up))
        assert isinstance(outcome, Trouble)
        assert outcome.code == Fault.ISSUER
        assert stage.server.count("token:authorization_code") == 0


async def test_a_lost_answer_to_a_code_is_not_asked_for_again(staged: "Staged") -> None:
    """A second use of a code ends the grant (RFC 6749 section 4.1.2)."""
    async with staged("Google") as stage:
        stage.server.lose_next_answer()
        outcome = await stage.client().sign_in(stage.request(), stage.accepting())
        assert isinstance(outcome, Trouble)
        assert (outcome.kind, outcome.code) == (AnswerClass.WAIT, Fault.NETWORK)
        assert stage.server.count("token:authorization_code") == 1


@pytest.mark.parametrize("http2", [True, False])
@pytest.mark.manual("S9")
async def test_s9_the_setting_decides_what_is_offered(*, http2: bool, staged: "Staged") -> None:
    async with staged("Google") as stage:
        outcome = await stage.client(http2=http2).sign_in(stage.request(), stage.accepting())
        assert isinstance(outcome, Tokens)
        [seen] = [seen for seen in stage.server.requests if seen.kind == "token:authorization_code"]
        assert seen.http_version == ("2" if http2 else "1.1")


@pytest.mark.parametrize("tenant", ["organizations", "own", "example.onmicrosoft.com"])
async def test_the_issuer_fits_the_tenant_setting(tenant: str, staged: "Staged") -> None:
    async with staged("Microsoft") as stage:
        setting = stage.server.tenant if tenant == "own" else tenant
        screen = stage.accepting()
        if "." in setting:
            assert "{tenantid}" in stage.client(tenant=setting).data.issuer
            return
        assert isinstance(await stage.client(tenant=setting).sign_in(stage.request(), screen), Tokens)


async def test_no_refresh_token_is_no_sign_in(staged: "Staged") -> None:
    """Acquired without one would last an hour."""
    async with staged("Microsoft") as stage:
        data = stage.with_data(scopes=tuple(s for s in stage.data.scopes if s != "offline_access"))
        outcome = await stage.client(data=data).sign_in(stage.request(), stage.accepting())
        assert isinstance(outcome, Trouble)
        assert outcome.code == Fault.NO_REFRESH_TOKEN


async def test_a_device_clock_that_is_wrong_is_said(staged: "Staged") -> None:
    async with staged("Microsoft") as stage:
        slow = VirtualClock(stage.clock.now() - timedelta(minutes=6))
        outcome = await stage.client(clock=slow).sign_in(stage.request(), stage.accepting())
        assert isinstance(outcome, Trouble)
        assert (outcome.kind, outcome.code, outcome.actor) == (AnswerClass.WAIT, Fault.CLOCK, Actor.ADMIN)


ScreenOf = Callable[[Callable[[str], object]], "PlayedScreen"]
