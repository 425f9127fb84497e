"""The Chromium of this machine, driven through its DevTools protocol, for tests of the screens.

Its window accepts the test authority's one certificate beside those of the system, by the pin of its key;
what a page says on its console, also where its content security policy was met, is kept and has to be empty.

Rule: a test waits for what it wants to see and never for time; a picture of each screen is kept in
`build/screens`, to be looked at.
"""

import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright

from franking.engine.panel.face import Face
from franking.testing.authority import Authority
from franking.tests.engine.screen.test_chromium import pin

PROGRAM = shutil.which("chromium")
needed = pytest.mark.skipif(PROGRAM is None, reason="there is no browser here: apt-get install chromium")
PICTURES = Path(__file__).resolve().parents[3] / "build/screens"
SIZES = {Face.PANEL: (800, 480), Face.PAGE: (1280, 800)}
REFUSED = re.compile("responded with a status of (404|422)")
"What a browser says of a page that tells a person of a mistake."
WAITS_MS = 30_000
"For what is seen at once, on a machine that has nothing else to do."


@asynccontextmanager
async def browser(authority: Authority) -> AsyncIterator[Browser]:
    # A process of its own for drawing costs a quarter of each page, and there is no screen.
    arguments = [
        f"--ignore-certificate-errors-spki-list={pin(authority)}",
        "--disable-dev-shm-usage",
        "--in-process-gpu",
    ]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    async with async_playwright() as driver:
        found = await driver.chromium.launch(executable_path=PROGRAM, args=arguments)
        try:
            yield found
        finally:
            await found.close()


@asynccontextmanager
async def window(found: Browser, face: Face, size: tuple[int, int] | None = None) -> AsyncIterator["Window"]:
    """A fresh profile: at the panel one that is touched."""
    width, height = size or SIZES[face]
    context = await found.new_context(
        viewport={"width": width, "height": height},
        has_touch=face is Face.PANEL,
        reduced_motion="reduce",
    )
    context.set_default_timeout(WAITS_MS)
    try:
        yield Window(context, await context.new_page(), face)
    finally:
        await context.close()


class Window:
    """What somebody sees, and what the page complained of."""

    def __init__(self, context: BrowserContext, page: Page, face: Face) -> None:
        self.context, self.page, self.face = context, page, face
        self.complaints: list[str] = []
        page.on("console", self.heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def heard(self, message: ConsoleMessage) -> None:
        refused = message.location["url"] == self.page.url and REFUSED.search(message.text)
        if not refused:
            self.complaints.append(f"{self.page.url}: {message.text}")

    async def keep(self, name: str) -> None:
        """A picture of what is seen now."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=PICTURES / f"{self.face.value}-{name}.png")
