"""oidc-provider in a process of its own, and a person with a browser at its pages.

Rule: loopback only, HTTPS with an authority of this test; the process is ended by its own number. Where Node
or the package is missing, the tests say so and are skipped.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx2

from franking.engine.ports import Trouble
from franking.engine.shown import SignInCode
from franking.testing.authority import client_context
from franking.testing.person import Form

from .npm import certified, started

SCRIPT = Path(__file__).with_suffix(".mjs")
VERSION = "9.13.3"
PAGES_MAX = 12


@dataclass(frozen=True, slots=True)
class Running:
    issuer: str
    ca_file: Path


@asynccontextmanager
async def oidc_provider(folder: Path, application: Mapping[str, object]) -> AsyncIterator[Running]:
    """`application`: the public key of the application without a person, as a JSON Web Key."""
    certified(folder)
    async with started("oidc-provider", VERSION, SCRIPT, "issuer", folder, json.dumps(application)) as (
        said,
        _,
    ):
        yield Running(said, folder / "ca.pem")


@dataclass(slots=True)
class PersonAtItsPages:
    """Fulfils `Screen` and `ShowsCodes`: signs in as `account` at the provider's own pages and consents."""

    ca_file: Path
    account: str
    redirects: list[str] = field(default_factory=list, repr=False)
    "Where the browser was sent back to, with all that came along."
    pages: list[str] = field(default_factory=list)
    codes: int = 0

    async def open(self, place: str, address: str, closes_at: datetime) -> Trouble | None:
        async with self._browser() as browser:
            await self._on(browser, await browser.get(address))
        return None

    async def show_code(self, place: str, code: SignInCode) -> Trouble | None:
        self.codes += 1
        async with self._browser() as browser:
            page = await browser.get(code.address)
            await self._on(browser, page, user_code=code.user_code)
        return None

    async def close(self, place: str) -> None:
        """The browser was closed already."""

    def _browser(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(verify=client_context(self.ca_file, ("http/1.1",)), trust_env=False)

    async def _on(self, browser: httpx2.AsyncClient, answer: httpx2.Response, **known: str) -> None:
        """Follows redirects and fills in forms, until a page has none or the device's own is reached."""
        filled = {**known, "login": self.account, "password": "of no matter here"}
        for _ in range(PAGES_MAX):
            if answer.is_redirect:
                address = urljoin(str(answer.url), answer.headers["location"])
                if urlsplit(address).scheme == "http":
                    self.redirects.append(address)
                answer = await browser.get(address)
                continue
            form = Form()
            form.feed(answer.text)
            self.pages.append(answer.text)
            if not form.action or urlsplit(str(answer.url)).scheme == "http":
                return
            sent = {name: filled.get(name, value) for name, value in form.fields if name}
            answer = await browser.post(urljoin(str(answer.url), form.action), data=sent)
        raise AssertionError("one page after the other")
