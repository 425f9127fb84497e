"""Every answer that is known of the providers, played over real sockets: what becomes of the grant, of the
machines and of the job, and what people are told (B9, S24, S29).

Rule: the playing providers stand for the whole module; each answer meets a device of its own, with a store of
its own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import pytest

from franking.engine.bus import Publication
from franking.engine.engine import Engine
from franking.engine.holder import Held
from franking.engine.information import Warning
from franking.engine.oauth.answers import DECLINED, Call, Refusal, Row, decide
from franking.engine.oauth.faults import Fault, fault
from franking.engine.oauth.providers import BUILT_IN, GOOGLE, MICROSOFT
from franking.engine.oauth.redirect import END
from franking.engine.oauth.wire import said
from franking.engine.ports import AnswerClass, Trouble
from franking.engine.records import Whose
from franking.engine.secret import Secret
from franking.engine.words import words
from franking.events.information import Actor, Info
from franking.events.token import GrantRefused, RefreshBlocked, RefreshDelayed, SignInSucceeded
from franking.machines.sign_in import CLOSED, OPEN, SIGN_IN
from franking.testing.authority import Authority
from franking.testing.catalogue import answer_of
from franking.testing.screen import PersonAtTheScreen
from franking.tests.engine.device import (
    KIM,
    PASSWORDS,
    Office,
    access_token,
    credential,
    history,
    identity,
    office,
    refresh_token,
    states,
)
from franking.tests.engine.oauth.catalogue import CATALOGUE, Known

MAIL = "https://mail.google.com/"
ANSWERED = GrantRefused | RefreshBlocked | RefreshDelayed
"The facts of which one says what a refresh came to that brought no token."
NOT_READ = {
    "network": Fault.NETWORK,
    "tls-certificate": Fault.CERTIFICATE,
    "200-not-a-token": Fault.NOT_A_TOKEN,
    "scope-narrowed": Fault.SCOPE,
}
"Where nothing of an answer decides: what this device itself finds wrong."


class Visitor:
    """A screen in front of which somebody does `play` with the address that it shows."""

    def __init__(self, play: Callable[[str], Awaitable[object]]) -> None:
        self.play = play

    async def open(self, place: str, address: str, closes_at: datetime) -> None:
        await self.play(address)

    async def close(self, place: str) -> None:
        """Nothing is open: whoever plays has gone."""


@dataclass(slots=True)
class Providers:
    """Microsoft and Google, and a loop in which they and the devices run."""

    runner: asyncio.Runner
    offices: dict[str, Office]

    def at(self, known: Known, folder: Path) -> Office:
        """The office of this answer's provider, with a new device."""
        name = "Google" if known.provider == "Google" else "Microsoft"
        here = self.offices[name]
        if here.provider.client_secret:
            credential(folder, "client", here.provider.client_secret)
        return replace(here, settings=here.settings.changed(store={"path": folder}))


@pytest.fixture(scope="module")
def providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Providers]:
    async def enter(stack: AsyncExitStack) -> dict[str, Office]:
        return {
            name: await stack.enter_async_context(office(tmp_path_factory.mktemp(name), name))
            for name in ("Microsoft", "Google")
        }

    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        yield Providers(runner, runner.run(enter(stack)))
        runner.run(stack.aclose())


def trouble_of(known: Known) -> Trouble:
    """Whose words people have to read."""
    if known.code in NOT_READ:
        return fault(NOT_READ[known.code])
    numbers = (known.number,) if known.number else ()
    refusal: Refusal = said(known.status, known.error, known.suberror, known.words, numbers)
    rows: tuple[Row, ...] = BUILT_IN["Google" if known.provider == "Google" else "Microsoft"].answers
    return decide(refusal, known.call, rows)


def play(here: Office, known: Known, kind: str) -> None:
    """The next request of this kind gets the answer."""
    error = known.error if known.code.startswith("AADSTS") else ""
    answer = answer_of(
        known.provider.lower(),
        known.code,
        here.clock.now(),
        where=known.where,
        error=error,
        suberror=known.suberror,
    )
    # An answer that is lost is asked for once more.
    here.provider.script(answer, kind, times=2 if known.code == "network" else 1)


async def signed_in_before(here: Office, engine: Engine) -> None:
    """kim has a grant, and no access token any more."""
    await engine.log_in("panel", "kim")
    given, now = here.provider.give(KIM), here.clock.now()
    number, later = identity(engine, "kim").identity, now + timedelta(days=60)
    fact = SignInSucceeded(place="panel", identity=number, right=True, renew_at=later, stale_at=now)
    whose = Whose(engine.adapters.issuer(number), KIM, KIM)
    held = Held(Secret(given.access_token), now, 0.0, KIM)
    await engine.runtime.publish(Publication(fact, seal=Secret(given.refresh_token), whose=whose, hold=held))
    await engine.settle()
    assert (refresh_token(engine, "kim"), access_token(engine, "kim")) == ("Acquired", "absent")


def told(trouble: Trouble, warning: Warning, known: Known) -> None:
    """Cause, remedy, who must act, the code, and what the provider's support asks for."""
    assert trouble.cause in warning.cause
    assert words().table(f"{trouble.meaning}.remedy", trouble.remedy) in warning.remedy
    assert warning.remedy
    assert (warning.actor, warning.who) == (known.actor, known.actor.value)
    assert trouble.code in warning.cause
    at_token = known.call is not Call.AUTHORIZE
    assert ("correlation id: " in warning.cause) is (bool(known.number) and at_token)


AT_A_REFRESH = [known for known in CATALOGUE if known.call is Call.REFRESH]


@pytest.mark.parametrize("known", AT_A_REFRESH, ids=lambda known: known.name)
@pytest.mark.manual("B9", "S24", "S29")
def test_b9_an_answer_to_a_refresh(known: Known, providers: Providers, tmp_path: Path) -> None:
    providers.runner.run(refreshed(known, providers.at(known, tmp_path)))


async def refreshed(known: Known, here: Office) -> None:
    trouble, distrusted = trouble_of(known), known.code == "tls-certificate"
    async with here.engine() as engine:
        await signed_in_before(here, engine)
        if not distrusted:
            play(here, known, "token:refresh_token")
        strange = here.provider.distrusted(Authority(here.store)) if distrusted else nullcontext()
        async with strange:
            await here.scan(engine)
            await engine.settle()
        (answered,) = [each for each in history(engine) if isinstance(each, ANSWERED)]
        assert answered.code == trouble.code
        found = {each.code: each for each in engine.information()}
        assert states(engine) == ["waiting"]
        state = refresh_token(engine, "kim"), access_token(engine, "kim")
        kept = engine.store.grant(identity(engine, "kim").identity) is not None
        if known.kind is AnswerClass.PERSON:
            assert (state, kept, set(found)) == (("Expired", "absent"), False, {Info.SIGN_IN_AGAIN})
            told(trouble, found[Info.SIGN_IN_AGAIN], known)
        elif known.kind in (AnswerClass.WAIT, AnswerClass.PROTOCOL) or known.actor is Actor.NOBODY:
            assert (state, kept, set(found)) == (("Acquired", "backing off"), True, set())
            assert trouble.actor is known.actor
        else:
            assert (state, kept, set(found)) == (("Acquired", "refused"), True, {Info.PROVIDER_REFUSES})
            told(trouble, found[Info.PROVIDER_REFUSES], known)
        assert here.visits == []


AT_A_SIGN_IN = [known for known in CATALOGUE if known.call in (Call.AUTHORIZE, Call.CODE)]


@pytest.mark.parametrize("known", AT_A_SIGN_IN, ids=lambda known: known.name)
@pytest.mark.manual("B9", "S24")
def test_b9_an_answer_to_a_sign_in(known: Known, providers: Providers, tmp_path: Path) -> None:
    providers.runner.run(visited(known, providers.at(known, tmp_path)))


async def visited(known: Known, here: Office) -> None:
    pages: list[str] = []

    async def refused(address: str) -> None:
        """The provider sends the browser back with its refusal (RFC 6749 section 4.1.2.1)."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        words = f"AADSTS{known.number}: Refused." if known.number else ""
        back = {"error": known.error, "error_description": words, "state": asked["state"]}
        person = here.kit.person()
        await person.fetch(f"{asked['redirect_uri']}?{urlencode(back)}")
        _, page = await person.fetch(urljoin(asked["redirect_uri"], END))
        pages.append(page.decode())

    async def signs_in(address: str) -> None:
        untick = frozenset({MAIL}) if known.code == "scope-narrowed" else frozenset[str]()
        await here.kit.person().sign_in(address, KIM, PASSWORDS[KIM], untick=untick)

    screen = Visitor(refused if known.call is Call.AUTHORIZE else signs_in)
    if known.call is Call.CODE and known.code != "scope-narrowed":
        play(here, known, "token:authorization_code")
    trouble = trouble_of(known)
    async with Engine.open(here.settings, clock=here.clock, screen=screen) as engine:
        await engine.settle()
        await engine.log_in("panel", "kim")
        await engine.sign_in("panel", "kim")
        await engine.settle()
        assert (refresh_token(engine, "kim"), access_token(engine, "kim")) == ("Required", "absent")
        found = {each.code: each for each in engine.information()}
        if trouble.meaning == DECLINED:
            assert (known.kind, known.actor, found) == (AnswerClass.PERSON, Actor.PERSON, {})
        else:
            assert set(found) == {Info.SIGN_IN_FAILED}
            told(trouble, found[Info.SIGN_IN_FAILED], known)
            assert all(trouble.cause in unescape(page) for page in pages)
        assert len(pages) == (known.call is Call.AUTHORIZE)


BY_CODE = [known for known in CATALOGUE if known.call is Call.DEVICE]
SHOWN = replace(GOOGLE, device_code="https://oauth2.googleapis.com/device/code", scopes=("openid", "email"))
"Google, if it took no mail scope to its device endpoint: else nothing is asked there."


@pytest.mark.parametrize("known", BY_CODE, ids=lambda known: known.name)
@pytest.mark.manual("B9", "S24", "B3")
def test_b9_an_answer_to_a_device_code(known: Known, providers: Providers, tmp_path: Path) -> None:
    providers.runner.run(shown_a_code(known, providers.at(known, tmp_path)))


async def shown_a_code(known: Known, here: Office) -> None:
    screen = PersonAtTheScreen(here.kit.person(), PASSWORDS)
    screen.stays_away = True
    trouble, asked = trouble_of(known), known.code == "invalid_scope"
    before = here.provider.count("token:device_code")
    play(here, known, "device" if asked else "token:device_code")
    settings = here.settings.changed(oauth={"flow": "code"})
    custom = {SHOWN.name: SHOWN}
    async with Engine.open(settings, clock=here.clock, screen=screen, providers=custom) as engine:
        await engine.settle()
        await engine.log_in("panel", "kim")
        await engine.sign_in("panel", "kim")
        await here.passes(engine, seconds=6)
        assert here.provider.count("token:device_code") == before + (not asked)
        assert refresh_token(engine, "kim") == "Required"
        assert (trouble.kind, trouble.actor) == (known.kind, known.actor)
        found = {each.code: each for each in engine.information()}
        stands = engine.runtime.instance(SIGN_IN, "panel").state
        if known.kind is AnswerClass.WAIT:
            assert (stands, found, screen.opened) == (OPEN, {}, [])
            await here.passes(engine, seconds=12)
            assert here.provider.count("token:device_code") > before + 1
        elif trouble.meaning == DECLINED:
            assert (stands, found, screen.opened) == (CLOSED, {}, [])
        elif trouble.meaning in MICROSOFT.flow_refused:
            assert (stands, set(found), len(screen.opened)) == (OPEN, {Info.FLOW_REFUSED}, 1)
            assert trouble.cause in found[Info.FLOW_REFUSED].cause
            assert trouble.code in found[Info.FLOW_REFUSED].cause
        else:
            assert (stands, set(found), screen.opened) == (CLOSED, {Info.SIGN_IN_FAILED}, [])
            told(trouble, found[Info.SIGN_IN_FAILED], known)


ALONE = [known for known in CATALOGUE if known.call is Call.APPLICATION]
ROBOT = "device@office.iam.gserviceaccount.com"


@pytest.mark.parametrize("known", ALONE, ids=lambda known: known.name)
@pytest.mark.manual("B9", "S24", "B3")
def test_b9_an_answer_to_an_application_without_a_person(
    known: Known, providers: Providers, tmp_path: Path
) -> None:
    providers.runner.run(without_a_person(known, providers.at(known, tmp_path)))


async def without_a_person(known: Known, here: Office) -> None:
    """Where the provider refuses the application's own credential, it is Expired until it is mended (B3)."""
    folder = here.settings.store.path
    assert folder is not None
    credential(folder, "robot", here.provider.add_service_account(ROBOT))
    here.provider.delegate(ROBOT)
    oauth = {"administrator_flow": "service account", "service_account": "credential:robot"}
    trouble = trouble_of(known)
    async with here.engine(oauth=oauth) as engine:
        await here.acquire(engine)
        await here.passes(engine, hours=2)
        play(here, known, "token:jwt_bearer")
        await here.notice(engine)
        await engine.settle()
        found = {each.code: each for each in engine.information()}
        state = refresh_token(engine, "administrator"), access_token(engine, "administrator")
        if known.kind is AnswerClass.APP:
            assert (state, set(found)) == (("Expired", "absent"), {Info.SIGN_IN_AGAIN})
        else:
            assert (state, set(found)) == (("Acquired", "refused"), {Info.PROVIDER_REFUSES})
        (warning,) = found.values()
        told(trouble, warning, known)
        assert states(engine) == ["waiting"]


def test_every_known_answer_is_played() -> None:
    assert len([*AT_A_REFRESH, *AT_A_SIGN_IN, *BY_CODE, *ALONE]) == len(CATALOGUE) == 152
