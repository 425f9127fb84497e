"""Somebody stands before the screens of a device in an office: engine, playing provider, one face served, and
a real browser's window in front of it.

    async with standing(tmp_path, Face.PANEL) as here:
        await here.logs_in("kim")
        await here.goes("/jobs")

Rule: what a person does goes through the window; what happens elsewhere, at the provider or with the clock,
goes past it.
"""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache
from io import BytesIO
from pathlib import Path
from types import MappingProxyType

import zxingcpp
from PIL import Image
from playwright.async_api import Locator, expect

from franking.engine.control.screen import ShownAtPlaces
from franking.engine.engine import Engine
from franking.engine.panel.face import Face
from franking.engine.panel.passwords import hashed
from franking.engine.panel.serving import serve
from franking.engine.secret import Secret
from franking.engine.settings import Settings
from franking.events.about import every
from franking.tests.engine.device import PASSWORDS, Office, credential, office

from .chromium import Window, browser, window

WORD = "a long word for the screens"
"Everybody's password at the screens."
PEOPLE = ("kim", "lee")
NOTHING_ELSE: Mapping[str, object] = MappingProxyType({})


@cache
def kept_word() -> str:
    return hashed(Secret(WORD)).reveal()


class Standing:
    """One person at one window."""

    def __init__(self, office: Office, engine: Engine, address: str, window: Window) -> None:
        self.office, self.engine, self.address, self.window = office, engine, address, window
        self.page, self.face = window.page, window.face
        self.kept: list[str] = []
        "Keys of settings that were written down."

    # Looking

    def text(self, text: str | re.Pattern[str]) -> Locator:
        return self.page.locator("main").get_by_text(text)

    async def sees(self, *texts: str | re.Pattern[str]) -> None:
        """Without reloading."""
        for text in texts:
            await expect(self.page.locator("body")).to_contain_text(text)

    async def sees_not(self, *texts: str) -> None:
        for text in texts:
            await expect(self.page.locator("body")).not_to_contain_text(text)

    def row(self, key: str) -> Locator:
        """Of a setting, with what is wrong with it."""
        return self.page.locator(f"#row-{key.replace('.', '-').replace('_', '-')}")

    async def sees_beside(self, key: str, *texts: str) -> None:
        for text in texts:
            await expect(self.row(key)).to_contain_text(text)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def link(self, name: str) -> Locator:
        return self.page.get_by_role("link", name=name, exact=True)

    # Doing

    async def goes(self, path: str) -> None:
        await self.page.goto(self.address.rstrip("/") + path)

    async def is_at(self, path: str) -> None:
        await expect(self.page).to_have_url(re.compile(re.escape(self.address.rstrip("/") + path) + "$"))

    async def taps(self, name: str) -> None:
        """A button, or what looks like one."""
        wanted = self.button(name).or_(self.link(name)).first
        if self.face is Face.PANEL:
            await wanted.tap()
        else:
            await wanted.click()

    async def opens(self, key: str) -> None:
        """The settings among which this one is, from the list of them."""
        place = every()[key].at
        path = place.panel if self.face is Face.PANEL else place.web or place.panel
        await self.goes("/settings")
        lines = self.page.locator("a.line")
        shown = await lines.locator("small").all_inner_texts()
        above = max((each for each in shown if path.startswith(each)), key=len)
        await lines.nth(shown.index(above)).click()
        await self.row(key).wait_for()

    async def sets(self, key: str, value: str) -> None:
        """Types or chooses it, or turns it `on` or `off`."""
        field = self.row(key).locator("input:not([type=hidden]), select")
        if await field.get_attribute("role") == "switch":
            await field.set_checked(value == "on")
        elif await field.evaluate("field => field.localName") == "select":
            await field.select_option(value)
        else:
            await field.fill(value)

    async def logs_in(self, name: str = "", word: str = WORD) -> None:
        await self.goes("/log-in")
        await self.page.get_by_label("User name").fill(name)
        await self.page.get_by_label("Password").fill(word)
        await self.taps("Log in")
        await self.is_at("/")

    async def logs_out(self) -> None:
        await self.taps("Log out")

    async def reads(self, text: str) -> None:
        """A message; its [OK] closes it."""
        message = self.page.get_by_role("dialog")
        await expect(message).to_contain_text(text)
        await message.get_by_role("button", name="OK").click()
        await expect(message).to_be_hidden()

    async def passes(self, **duration: float) -> None:
        await self.office.passes(self.engine, **duration)


@asynccontextmanager
async def standing(
    folder: Path,
    face: Face,
    *,
    sections: Mapping[str, object] = NOTHING_ELSE,
    theme: str = "light",
    size: tuple[int, int] | None = None,
) -> AsyncIterator[Standing]:
    """`sections`: of the settings, laid over those of the office."""
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(office(folder))
        settings = secured(here).changed(**sections)
        screen = ShownAtPlaces()
        engine = await stack.enter_async_context(Engine.open(settings, clock=here.clock, screen=screen))
        await engine.settle()
        kept: list[str] = []
        address = await stack.enter_async_context(
            serve(engine, screen, face, keep=lambda settings, keys: kept.extend(keys))
        )
        found = await stack.enter_async_context(browser(here.kit.authority))
        seen = await stack.enter_async_context(window(found, face, theme, size))
        standing = Standing(here, engine, address, seen)
        standing.kept = kept
        yield standing
        assert not seen.complaints, seen.complaints


def secured(here: Office) -> Settings:
    """Everybody has a password."""
    credential(here.store, "word", kept_word())
    return here.settings.changed(
        device={"name": "Second floor, east"},
        page={"administrator": "credential:word", "passwords": dict.fromkeys(PEOPLE, "credential:word")},
    )


async def signs_in(here: Standing, account: str) -> None:
    """Somebody does what the sign-in screen says."""
    if here.face is Face.PANEL:
        await enters_code(here, account)
    else:
        await in_another_window(here, account)


async def in_another_window(here: Standing, account: str) -> None:
    """On the provider's page, which leads to the device's listener."""
    async with here.window.context.expect_page() as opening:
        await here.taps("Open the sign-in page")
    page = await opening.value
    await expect(page.get_by_label("E-mail")).to_have_value(account)
    await page.get_by_label("Password").fill(PASSWORDS[account])
    await page.get_by_role("button", name="Accept").click()
    await expect(page.locator("body")).to_contain_text("You can close this page.")
    await page.close()


async def enters_code(here: Standing, account: str) -> None:
    """On a telephone, at the address that the QR code brings."""
    code = await here.page.locator(".big").inner_text()
    person = here.office.kit.person()
    await person.enter_code(await scanned(here), code, account, PASSWORDS[account])
    await here.passes(seconds=6)


async def scanned(here: Standing) -> str:
    """What a telephone reads from the picture on the screen."""
    picture = Image.open(BytesIO(await here.page.screenshot()))
    (code,) = zxingcpp.read_barcodes(picture)
    return code.text
