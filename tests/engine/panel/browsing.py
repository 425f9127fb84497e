"""A device in an office with its screens served, and browsers without a window: requests with cookies.

    async with screens(tmp_path) as at:
        kim = await at.logged_in("kim")
        answer = await kim.post("/jobs/1/cancel")

A browser reads the token that guards the forms out of the last page that it was given, and sends what it is
told to send: also what no page of ours would.

Rule: nothing goes past the address that is served.
"""

import re
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from html import unescape
from pathlib import Path
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

import httpx2 as httpx

from franking.engine import passwords
from franking.engine.control.screen import ShownAtPlaces
from franking.engine.engine import Engine
from franking.engine.panel import serving
from franking.engine.panel.access import Access
from franking.engine.panel.app import Panel
from franking.engine.panel.face import Face
from franking.engine.panel.here import Keep
from franking.engine.secret import Secret
from franking.engine.settings import Settings
from franking.tests.engine.device import Office, office

ADMINISTRATOR = "administrator"
WORD = "the word at the door"
"Everybody's password."
PAGE: Mapping[str, object] = {
    "administrator": "vault:word",
    "passwords": {"kim": "vault:word", "lee": "vault:word"},
}
NOTHING: Mapping[str, str] = MappingProxyType({})
GUARD = re.compile(r'name="guard" value="([0-9a-f]{64})"')
NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"To be trusted; httpx would read all of the system's authorities for each browser."
Fields = Mapping[str, str | Sequence[str]]
Files = Sequence[tuple[str, tuple[str, bytes]]]
"Name of the field, name of the file, its octets."


@cache
def quick(word: str = WORD) -> Secret:
    """A hash that costs a test nothing: parameters stand in it."""
    salt = b"sixteen octets.."
    octets = passwords.derived(Secret(word), salt, 2, 8, 1)
    return Secret("$".join(("scrypt", "2", "8", "1", *(b64encode(each).decode() for each in (salt, octets)))))


@dataclass(slots=True)
class Browser:
    """One person's, with his cookies."""

    client: httpx.AsyncClient
    guard: str = field(default="", repr=False)

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return self.seen(await self.client.get(path, headers=named(headers)))

    async def post(
        self, path: str, fields: Fields | None = None, *, files: Files | None = None, **headers: str
    ) -> httpx.Response:
        """With the token of the last page, unless the fields say another one."""
        data = {"guard": self.guard, **(fields or {})}
        return self.seen(await self.client.post(path, data=data, files=files, headers=named(headers)))

    def seen(self, answer: httpx.Response) -> httpx.Response:
        found = GUARD.search(answer.text)
        self.guard = found[1] if found else self.guard
        return answer

    async def logs_in(self, name: str, word: str = WORD) -> httpx.Response:
        await self.get("/log-in")
        answer = await self.post("/log-in", {"login": name, "password": word})
        if answer.status_code == 303:
            await self.get("/")
        return answer

    @property
    def cookie(self) -> str:
        (value,) = dict(self.client.cookies).values()
        return value

    async def lets_in(self) -> bool:
        """Somebody is logged in with it."""
        return (await self.get("/jobs")).status_code == 200


def named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def said(answer: httpx.Response) -> str:
    """What a person reads on it."""
    return unescape(re.sub(r"<[^>]+>", " ", answer.text))


@dataclass(slots=True)
class Screens:
    here: Office
    engine: Engine
    screen: ShownAtPlaces
    panel: Panel
    address: str
    stack: AsyncExitStack
    verify: ssl.SSLContext = NOBODY

    async def browser(self, **headers: str) -> Browser:
        """With an empty jar of cookies."""
        client = httpx.AsyncClient(
            base_url=self.address, verify=self.verify, headers=named(headers), timeout=20
        )
        return Browser(await self.stack.enter_async_context(client))

    async def logged_in(self, name: str) -> Browser:
        found = await self.browser()
        answer = await found.logs_in(name)
        assert answer.status_code == 303, said(answer)
        return found

    async def passes(self, **duration: float) -> None:
        await self.here.passes(self.engine, **duration)


@asynccontextmanager
async def screens(
    folder: Path,
    face: Face = Face.PAGE,
    *,
    page: Mapping[str, object] = PAGE,
    access: Access | None = None,
    keep: Keep | None = None,
    **sections: object,
) -> AsyncIterator[Screens]:
    """`page`: of the settings; `sections`: the other ones."""
    async with office(folder) as here, opened(here, face, page, access, keep, sections) as at:
        yield at


@asynccontextmanager
async def opened(
    here: Office,
    face: Face = Face.PAGE,
    page: Mapping[str, object] = PAGE,
    access: Access | None = None,
    keep: Keep | None = None,
    sections: Mapping[str, object] | None = None,
    *,
    secrets: Mapping[str, str] = NOTHING,
    verify: ssl.SSLContext = NOBODY,
) -> AsyncIterator[Screens]:
    """Power on, until the block ends. `secrets`: kept beside everybody's password; `verify`: how a browser
    looks at the certificate.
    """
    screen, made = ShownAtPlaces(), list[Panel]()

    class Noted(Panel):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            made.append(self)

    wanted: Settings = here.settings.changed(**{"page": page, **(sections or {})})
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(Engine.open(wanted, clock=here.clock, screen=screen))
        await engine.keep_secret("word", quick())
        for name, text in secrets.items():
            await engine.keep_secret(name, Secret(text))
        await engine.settle()
        stack.enter_context(patch.object(passwords, "COST", 2))  # also of names that nobody has
        with patch.object(serving, "Panel", Noted):
            served = serving.serve(engine, screen, face, access=access, keep=keep)
            address = await stack.enter_async_context(served)
        browsers = await stack.enter_async_context(AsyncExitStack())
        yield Screens(here, engine, screen, made[0], address, browsers, verify)
