"""Somebody stands before the screens of a device in an office: engine, playing provider, one face served, and
a real browser's window in front of it.

    async with standing(tmp_path, Face.PANEL) as here:
        await here.logs_in("kim")
        await here.goes("/jobs")

Rule: what a person does goes through the window; what happens elsewhere, at the provider or with the clock,
goes past it.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from types import MappingProxyType

import zxingcpp
from PIL import Image
from playwright.async_api import Locator, expect

from franking.engine.panel.face import Face
from franking.events.about import every
from franking.events.page import Theme
from franking.events.settings import Flow
from franking.testing.clock import VirtualClock
from franking.tests.engine.device import PASSWORDS, office

from .browsing import PAGE, WORD, Screens, opened
from .chromium import WAITS_MS, Window, browser, window

PAUSE = timedelta(seconds=6)
"No longer than that a provider lets a device wait between two questions."
expect.set_options(timeout=WAITS_MS)


class Standing:
    """One person at one window."""

    def __init__(self, at: Screens, window: Window, kept: list[str]) -> None:
        """`kept`: keys of settings that were written down."""
        self.at, self.window, self.kept = at, window, kept
        self.office, self.engine, self.address = at.here, at.engine, at.address
        self.page, self.face = window.page, window.face

    # Looking

    def text(self, text: str | re.Pattern[str]) -> Locator:
        return self.page.locator("main").get_by_text(text)

    async def sees(self, *texts: str | re.Pattern[str]) -> None:
        """Without reloading."""
        for text in texts:
            await expect(self.page.locator("body")).to_contain_text(text, use_inner_text=True)

    async def sees_not(self, *texts: str) -> None:
        for text in texts:
            await expect(self.page.locator("body")).not_to_contain_text(text, use_inner_text=True)

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
        await self.at.passes(**duration)

    async def is_asked_again(self) -> None:
        """The provider, after a pause, whether the code was entered. What else is under way stays so."""
        clock = self.office.clock
        assert isinstance(clock, VirtualClock)
        while (asks := clock.next_wake()) is None or asks - clock.now() > PAUSE:  # noqa: ASYNC110 - a clock has no event
            await asyncio.sleep(0)
        clock.set(asks)

    # Elsewhere

    async def signed_in_before(self, user: str) -> None:
        """Somebody has signed in at another place, and left it."""
        place = f"before-{user}"
        await self.engine.log_in(place, user)
        await self.engine.sign_in(place, user)
        await self.engine.settle()
        shown = self.at.screen.places[place]
        account, person = f"{user}@example.com", self.office.kit.person()
        if shown.user_code:
            await person.enter_code(shown.address, shown.user_code, account, PASSWORDS[account])
            await self.is_asked_again()
        else:
            await person.sign_in(shown.address, account, PASSWORDS[account])
        await self.engine.settle()
        await self.engine.log_out(place)


@asynccontextmanager
async def standing(
    folder: Path,
    face: Face,
    *,
    sections: Mapping[str, object] = MappingProxyType({}),
    theme: Theme = Theme.LIGHT,
    size: tuple[int, int] | None = None,
) -> AsyncIterator[Standing]:
    """`sections`: of the settings, laid over those of the office."""
    kept: list[str] = []
    wanted = {"device": {"name": "Second floor, east"}, **sections}
    page = {**PAGE, "theme": theme}
    async with (
        office(folder) as here,
        opened(here, face, page, keep=lambda settings, keys: kept.extend(keys), sections=wanted) as at,
        browser(at.here.kit.authority) as found,
        window(found, face, size) as seen,
    ):
        yield Standing(at, seen, kept)
        assert not seen.complaints, seen.complaints


async def signs_in(here: Standing, account: str) -> None:
    """Somebody does what the sign-in screen says."""
    await here.sees(f"Sign in as {account}.")
    if here.engine.settings.oauth.flow is Flow.CODE:
        await enters_code(here, account)
    elif here.face is Face.PANEL:
        await brings_the_address(here, account)
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
    await here.is_asked_again()


async def brings_the_address(here: Standing, account: str) -> None:
    """With another machine's browser, which cannot reach the device's listener and ends at an address."""
    person = here.office.kit.person()
    ends = await person.sign_in_elsewhere(await scanned(here), account, PASSWORDS[account])
    await here.page.get_by_text("The page says that it cannot be reached?").click()
    await here.page.get_by_label("Address", exact=True).fill(ends)
    await here.taps("Hand it over")


async def scanned(here: Standing) -> str:
    """What a telephone reads from the picture on the screen."""
    await here.page.locator(".qr").wait_for()
    picture = Image.open(BytesIO(await here.page.screenshot()))
    (code,) = zxingcpp.read_barcodes(picture)
    return code.text
