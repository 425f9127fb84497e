"""The address at which a browser on another machine ended, pasted: read as the device's own listener does."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from franking.engine.oauth.faults import Fault
from franking.engine.ports import Cancelled, Tokens, Trouble
from franking.engine.shown import NotPasted, SignInRequest

if TYPE_CHECKING:
    from franking.tests.engine.oauth.conftest import Stage

    Staged = Callable[[str], AbstractAsyncContextManager[Stage]]

KIM, PASSWORD = "kim@example.com", "correct horse battery"
NAMES = pytest.mark.parametrize("name", ["Microsoft", "Google"])


@dataclass(slots=True)
class ShownAddress:
    """A display without a browser."""

    shown: asyncio.Event = field(default_factory=asyncio.Event)
    address: str = ""

    async def open(self, place: str, address: str, closes_at: datetime) -> None:
        self.address = address
        self.shown.set()

    async def close(self, place: str) -> None:
        """Nothing stays."""


@dataclass(slots=True)
class Pasting:
    stage: "Stage"
    screen: ShownAddress
    request: SignInRequest
    task: "asyncio.Task[Tokens | Trouble | Cancelled]"

    def asked(self, name: str) -> str:
        return parse_qs(urlsplit(self.screen.address).query)[name][0]

    async def elsewhere(self) -> str:
        """Where the browser of another machine ends."""
        return await self.stage.kit.person().sign_in_elsewhere(self.screen.address, KIM, PASSWORD)

    def take(self, text: str) -> NotPasted | None:
        return self.request.paste.take(text)

    def ends_at(self, query: str) -> str:
        return f"{self.asked('redirect_uri')}?{query}"


@asynccontextmanager
async def pasting(stage: "Stage") -> AsyncIterator[Pasting]:
    screen, request = ShownAddress(), stage.request()
    task = asyncio.create_task(stage.client().sign_in(request, screen))
    await screen.shown.wait()
    yield Pasting(stage, screen, request, task)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@NAMES
@pytest.mark.manual("S19", "B3")
async def test_b3_a_person_signs_in_on_another_machine_and_pastes_where_it_ended(
    name: str, staged: "Staged"
) -> None:
    async with staged(name) as stage, pasting(stage) as here:
        assert here.take(await here.elsewhere()) is None
        outcome = await here.task
        assert isinstance(outcome, Tokens)
        assert outcome.account == KIM
        assert here.take("anything more") is NotPasted.NOTHING_OPEN


@pytest.mark.parametrize("around", ["{}", "  {}\n", "<{}>", '"{}"', "{}#"])
async def test_what_people_copy_around_an_address_does_not_matter(around: str, staged: "Staged") -> None:
    async with staged("Google") as stage, pasting(stage) as here:
        assert here.take(around.format(await here.elsewhere())) is None
        assert isinstance(await here.task, Tokens)


async def test_browsers_hide_the_scheme_of_an_address(staged: "Staged") -> None:
    async with staged("Microsoft") as stage, pasting(stage) as here:
        assert here.take((await here.elsewhere()).removeprefix("http://")) is None
        assert isinstance(await here.task, Tokens)


@pytest.mark.manual("S19a", "B9")
async def test_s19a_what_is_no_end_of_this_sign_in_is_refused_and_it_goes_on(staged: "Staged") -> None:
    async with staged("Google") as stage, pasting(stage) as here:
        state, uri = here.asked("state"), urlsplit(here.asked("redirect_uri"))
        wrong = [
            "",
            "hello",
            "https://accounts.google.com/signin",
            here.screen.address,
            here.ends_at(""),
            here.ends_at(f"state={state}"),
            here.ends_at(f"state={state}&code=a&error=access_denied"),
            here.ends_at(f"state={state}&code=a&code=b"),
            here.ends_at(f"state={state}&code=a b"),
            f"https://{uri.netloc}/?state={state}&code=a",
            f"http://{uri.netloc}/other?code=a",
            here.ends_at(f"state={state}&code={'a' * 20_000}"),
        ]
        refused = [here.take(text) for text in wrong]
        assert [text for text, why in zip(wrong, refused, strict=True) if why is None] == []
        assert set(refused) == {NotPasted.NO_REDIRECT, NotPasted.OTHER_SIGN_IN}
        assert stage.server.count("token") == 0
        assert here.take(await here.elsewhere()) is None
        assert isinstance(await here.task, Tokens)


@pytest.mark.parametrize("state", ["", "state=", "state=guessed", "state={own}&state={own}"])
async def test_s19a_without_its_own_state_it_is_another_sign_in(state: str, staged: "Staged") -> None:
    async with staged("Google") as stage, pasting(stage) as here:
        query = state.format(own=here.asked("state"))
        assert here.take(here.ends_at(f"code=stolen&{query}".rstrip("&"))) is NotPasted.OTHER_SIGN_IN
        assert not here.task.done()


@NAMES
@pytest.mark.manual("S18", "S19a")
async def test_s19a_two_places_do_not_meet(name: str, staged: "Staged") -> None:
    """Each sign-in has its own state, verifier and nonce."""
    async with staged(name) as stage, pasting(stage) as here, pasting(stage) as there:
        for once in ("state", "nonce", "code_challenge"):
            assert here.asked(once) != there.asked(once)
        ended = await there.elsewhere()
        assert here.take(ended) is NotPasted.OTHER_SIGN_IN
        moved = ended.replace(urlsplit(ended).netloc, urlsplit(here.asked("redirect_uri")).netloc)
        assert here.take(moved) is NotPasted.OTHER_SIGN_IN
        assert not here.task.done()
        assert there.take(ended) is None
        assert isinstance(await there.task, Tokens)


async def test_an_error_is_decided_as_the_listener_decides_it(staged: "Staged") -> None:
    async with staged("Microsoft") as stage, pasting(stage) as here:
        said = quote("AADSTS90094: An administrator must grant the permission.")
        query = f"state={here.asked('state')}&error=access_denied&error_description={said}"
        assert here.take(here.ends_at(query)) is None
        outcome = await here.task
        assert isinstance(outcome, Trouble)
        assert outcome.code == "AADSTS90094"


async def test_a_decline_is_a_cancel(staged: "Staged") -> None:
    async with staged("Google") as stage, pasting(stage) as here:
        assert here.take(here.ends_at(f"state={here.asked('state')}&error=access_denied")) is None
        assert await here.task == Cancelled()


async def test_another_issuer_is_refused(staged: "Staged") -> None:
    """RFC 9207."""
    async with staged("Google") as stage, pasting(stage) as here:
        issuer = quote("https://attacker.example", safe="")
        query = f"state={here.asked('state')}&code=stolen&iss={issuer}"
        assert here.take(here.ends_at(query)) is None
        outcome = await here.task
        assert isinstance(outcome, Trouble)
        assert outcome.code == Fault.ISSUER
        assert stage.server.count("token") == 0


async def test_nothing_is_taken_when_nothing_is_open(staged: "Staged") -> None:
    async with staged("Google") as stage:
        assert stage.request().paste.take("http://127.0.0.1/?state=a&code=b") is NotPasted.NOTHING_OPEN
