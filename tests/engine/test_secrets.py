"""No token in any file in clear, log line, event, repr or exception (S25).

Every token that the playing provider issues is looked for, whole, in part and in base64, wherever something
was written or can be shown, while providers, servers and our own faults try hard to give it away.

Rule: the search itself is tested: what is planted must be found.
"""

import asyncio
import copy
import json
import logging
import pickle
import traceback
from base64 import b64encode
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NoReturn

import pytest

from franking.engine.bus import Publication
from franking.engine.deeds import Brought
from franking.engine.holder import Held, TokenHolder
from franking.engine.oauth.client import OAuthProvider
from franking.engine.ports import Envelope, Login, Progress, Screen, Tokens
from franking.engine.secret import Secret
from franking.engine.settings import Settings, SettingsError
from franking.engine.shown import SignInRequest
from franking.engine.smtp.submission import SmtpSubmission
from franking.events.device import UserLoggedIn
from franking.events.token import AccessTokenReady
from franking.testing.clock import VirtualClock
from franking.testing.mailbox import Phase
from franking.tests.engine.device import KIM, LEE, START, issued_tokens, office, states
from franking.tests.engine.search import listening

# The search finds what there is to find


@pytest.mark.parametrize("offset", [0, 1, 2])
async def test_a_planted_secret_is_found_wherever_it_is(tmp_path: Path, offset: int) -> None:
    secret = "EwBIA8l6BAAU7p9QDpiokn3GhSWzPjhQ0L1wq4rTAAF-kX_9zR7vYb"
    log = logging.getLogger("franking.planted")
    with listening(tmp_path) as (search, _):
        (tmp_path / "plain").write_text(f"before {secret} after")
        (tmp_path / "part").write_text(f"before {secret[:30]}...")
        (tmp_path / "encoded").write_bytes(b64encode(b"x" * offset + f"user=kim\1{secret}\1".encode()))
        log.debug("sent %s", [secret])
        try:
            raise ValueError(secret)
        except ValueError:
            log.exception("it failed")
        search.show("a login", [secret])
        asyncio.get_running_loop().call_exception_handler({"message": secret})
        assert search.found([secret]) == [
            "encoded",
            "error in the loop",
            f"log of franking.planted, {test_a_planted_secret_is_found_wherever_it_is.__name__}",
            "part",
            "plain",
            "repr of a login",
            "text of a login",
        ]
        assert search.found(["another" * 10]) == []


# A device's life, told everywhere


@pytest.mark.manual("S25", "S19", "S26", "S27")
@pytest.mark.parametrize("provider", ["Microsoft", "Google"])
async def test_s25_no_token_is_written_or_shown_in_a_devices_life(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    issued = issued_tokens(monkeypatch)
    async with office(tmp_path, provider) as here:
        with listening(tmp_path) as (search, handler):
            async with here.engine() as engine:
                await here.acquire(engine)
                here.screen.account = LEE
                await engine.log_in("panel", "kim")
                await here.scan(engine, place="panel")
                await engine.settle()
                here.screen.account = None
                await here.sign_in(engine)
                await here.passes(engine, hours=2)
                async with here.server.hold_bodies() as gate:
                    await here.scan(engine)
                    await gate.arrived(1)
                    search.show_objects()
                await engine.settle()
                async with here.provider.hold() as gate:
                    await here.notice(engine)
                    await gate.arrived(1)
                    search.show_objects()
                await engine.settle()
                assert states(engine) == ["sent"] * 3
                assert search.found(issued) == []
                await engine.delete_tokens()
                await engine.settle()
                search.show_engine(engine)
                search.show("pages", here.screen.pages)
            async with here.engine() as engine:
                await here.notice(engine)
                await engine.settle()
                search.show_engine(engine)
                search.show_objects()
            secrets = [*issued, *filter(None, [here.provider.client_secret])]
            client = here.store / "credentials" / "client"
            client.unlink(missing_ok=True)  # there it belongs
            assert len(issued) >= 8
            assert search.found(secrets) == []
            assert {"httpcore2", "hpack", "asyncio"} <= handler.heard


# Others who give it away


@pytest.mark.manual("S25", "S32")
@pytest.mark.parametrize(
    ("phase", "reply"),
    [
        ("auth", "535 5.7.3 No: {line}"),
        ("auth", "454 4.7.0 Cannot check {token}"),
        ("mail", "451 4.3.0 For {token}"),
        ("rcpt", "550 5.1.1 Not with {line}"),
        ("data", "554 5.6.0 Brought with {token}"),
        ("data", "451 4.6.0 Brought with {line}"),
    ],
)
async def test_s25_a_server_that_repeats_the_token_gets_it_written_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, phase: Phase, reply: str
) -> None:
    issued = issued_tokens(monkeypatch)
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        line = b64encode(f"user={KIM}\1auth=Bearer {issued[0]}\1\1".encode()).decode()
        with listening(tmp_path) as (search, _):
            here.kit.mailbox.refuse_next(phase, reply.format(token=issued[0][:300], line=line[:300]))
            await here.scan(engine)
            await engine.settle()
            assert here.kit.mailbox.scripted(phase) is None, "it was said"
            search.show_engine(engine)
            search.show_objects()
            assert search.found(issued) == []


@pytest.mark.manual("S25", "S29")
@pytest.mark.parametrize(
    "body",
    [
        '{"error": "invalid_grant", "error_description": "AADSTS50173: TOKEN was revoked"}',
        '{"error": "TOKEN", "error_description": "TOKEN"}',
        '{"error": "invalid_grant", "suberror": "TOKEN", "correlation_id": "TOKEN"}',
        '{"error": "invalid_client", "error_uri": "https://example.com/TOKEN"}',
        '{"access_token": "TOKEN", "token_type": "Bearer", "expires_in": -1}',
        "<html>TOKEN",
    ],
)
@pytest.mark.parametrize("status", [200, 400])
async def test_s25_a_provider_that_repeats_the_token_gets_it_written_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, body: str
) -> None:
    issued = issued_tokens(monkeypatch)
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        await here.passes(engine, hours=2)
        with listening(tmp_path) as (search, _):
            said = body.replace("TOKEN", issued[1]).encode()
            here.provider.answer_next(status, {"Content-Type": "application/json"}, said)
            await here.scan(engine)
            await engine.settle()
            assert here.provider.requests[-1].outcome == "scripted"
            assert states(engine) == ["waiting"]
            search.show_engine(engine)
            search.show_objects()
            assert search.found(issued) == []


class Blurted(RuntimeError):
    """A fault of the program with a secret in its text."""


async def blurt_refresh(provider: OAuthProvider, grant: Secret) -> NoReturn:
    raise Blurted(grant.reveal())


async def blurt_sign_in(provider: OAuthProvider, request: SignInRequest, screen: Screen) -> NoReturn:
    from franking.engine.oauth.sign_in import SignIn

    tokens = await SignIn(provider._calls(), request, screen, provider._parked).run()
    assert isinstance(tokens, Tokens)
    try:
        raise Blurted(tokens.access.reveal())
    except Blurted as error:
        raise Blurted(error.args) from error


async def blurt_send(
    submission: SmtpSubmission,
    login: Login,
    envelope: Envelope,
    begin: Callable[[], Awaitable[None]],
    progress: Progress | None = None,
) -> NoReturn:
    assert login.token is not None
    raise Blurted(login.token.reveal())


FAULTS = {
    "refresh": (OAuthProvider, "refresh", blurt_refresh),
    "sign-in": (OAuthProvider, "sign_in", blurt_sign_in),
    "revoke": (OAuthProvider, "revoke", blurt_refresh),
    "send": (SmtpSubmission, "send", blurt_send),
}


@pytest.mark.manual("S25")
@pytest.mark.parametrize("where", list(FAULTS))
async def test_s25_our_own_faults_say_where_and_not_what(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    issued = issued_tokens(monkeypatch)
    async with office(tmp_path, "Google") as here, here.engine() as engine:
        await here.sign_in(engine)
        if where == "refresh":
            await here.passes(engine, hours=2)
        with listening(tmp_path) as (search, handler), monkeypatch.context() as patch:
            patch.setattr(*FAULTS[where])
            if where == "revoke":
                await engine.delete_token("kim")
            elif where == "sign-in":
                await engine.acquire("page")
            else:
                await here.scan(engine)
            await engine.settle()
            said = [text for place, text in search.texts if place.startswith("log of franking")]
            assert any("Blurted at" in text for text in said), "the fault is told"
            search.show_engine(engine)
            search.show_objects()
            assert issued
            assert search.found(issued) == []
        assert "franking" in handler.heard
        if where in ("refresh", "send"):
            await here.passes(engine, minutes=10)
            assert states(engine) == ["sent"], "nothing is left waiting because of it"


@pytest.mark.manual("S25")
async def test_s25_a_handlers_fault_is_logged_without_its_text(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        with listening(tmp_path) as (search, handler):

            def fails(event: UserLoggedIn) -> None:
                raise Blurted("a-secret-of-the-embedding-program")

            engine.on(UserLoggedIn, fails)
            await engine.log_in("panel", "kim")
            await engine.settle()
            assert "franking" in handler.heard
            assert search.found(["a-secret-of-the-embedding-program"]) == []


# Things that hold one


TOKEN = "ya29.a0AfB_byDmarkedmarkedmarkedmarkedmarked"
FACT = AccessTokenReady(identity="user:1", attempt=1, of=1, renew_at=START, stale_at=START)


def holder() -> TokenHolder:
    held = TokenHolder(VirtualClock(START))
    held.hold("user:1", Held(Secret(TOKEN), START, 0.0))
    return held


HOLD_ONE: dict[str, Callable[[], object]] = {
    "a secret": lambda: Secret(TOKEN),
    "held": lambda: Held(Secret(TOKEN), START, 0.0),
    "the holder": holder,
    "tokens": lambda: Tokens(Secret(TOKEN), START, Secret(TOKEN)),
    "a login": lambda: Login(KIM, Secret(TOKEN), Secret(TOKEN)),
    "a publication": lambda: Publication(FACT, seal=Secret(TOKEN), hold=Held(Secret(TOKEN), START, 0.0)),
    "what a deed gets": lambda: Brought(token=Secret(TOKEN)),
}


@pytest.mark.manual("S25")
@pytest.mark.parametrize("name", list(HOLD_ONE))
def test_s25_what_holds_a_secret_neither_shows_nor_gives_it(name: str) -> None:
    thing = HOLD_ONE[name]()
    shown = f"{thing} {thing!r} {thing!s} {[thing]} {getattr(thing, '__dict__', '')}"
    assert TOKEN not in shown
    with pytest.raises(TypeError):
        pickle.dumps(thing)
    with pytest.raises(TypeError):
        copy.deepcopy(thing)
    with pytest.raises(TypeError):
        json.dumps(thing)


@pytest.mark.manual("S25", "S26")
def test_s25_a_secret_in_the_wrong_place_of_the_settings_is_not_repeated() -> None:
    wrong = {"smtp": {"user_credential": TOKEN}, "oauth": {"client_credential": TOKEN, TOKEN[:4]: 1}}
    with pytest.raises(SettingsError) as refused:
        Settings.checked("franking.toml", wrong)
    printed = "".join(traceback.format_exception(refused.value))
    assert "smtp.user_credential" in printed
    assert TOKEN not in printed
    assert TOKEN not in repr(refused.value.mistakes)
