"""Every screen can be used by everybody: seen by those who see little, by touch, by keyboard alone, in each
language, theme and layout (WCAG 2.2 AA).

Rule: a screen of the table that is not visited here fails the test.
"""

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import ConsoleMessage, Page

from franking.engine.panel.face import Face
from franking.engine.panel.table import SCREENS
from franking.tests.interop import axe_core

from .browsing import WORD, Screens, screens
from .chromium import PICTURES, REFUSED, SIZES, browser, needed

NARROW = (320, 640)
"The narrowest that has to do without scrolling sideways (WCAG 2.2, 1.4.10)."
RUN = "tags => axe.run(document, {runOnly: tags}).then(found => found.violations)"
TARGETS = """() => [...document.querySelectorAll("a, button, select, textarea, summary, input")]
    .filter(each => each.type !== "hidden")
    .map(each => [each.outerHTML.slice(0, 100), each.getBoundingClientRect()])
    .filter(([, box]) => box.width && (box.width < 44 || box.height < 44))
    .map(([html, box]) => `${html} ${box.width} x ${box.height}`)"""
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
CONTROLS = """() => {
    const all = "a[href], button, select, textarea, summary, input:not([type=hidden]), [tabindex='0']";
    window.controls = [...document.querySelectorAll(all)].filter(each => each.checkVisibility());
    window.focused = [];
    document.activeElement.blur();
    document.addEventListener("focusin", event => {
        const style = getComputedStyle(event.target);
        const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
        window.focused.push([window.controls.indexOf(event.target), seen]);
    });
    return window.controls.length;
}"""
LOOKS = (
    (Face.PANEL, "dark", "de"),
    (Face.PAGE, "light", "en"),
    (Face.PANEL, "light", "en"),
    (Face.PAGE, "dark", "de"),
)
SHORT = 2
"Of these, in the short run: each layout, theme and language once."


class Visit:
    """Somebody who looks at one screen after the other, and what is wrong with them."""

    def __init__(self, page: Page, at: Screens, face: Face, look: str) -> None:
        self.page, self.at, self.face, self.look = page, at, face, look
        self.wrong: list[str] = []
        self.visited: set[str] = set()
        page.on("console", self.heard)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))

    def heard(self, message: ConsoleMessage) -> None:
        if not REFUSED.search(message.text):
            self.wrong.append(f"{self.page.url}: {message.text}")

    async def goes(self, path: str, name: str = "") -> None:
        await self.page.goto(self.at.address.rstrip("/") + path)
        await self.looks(name or path)

    async def looks(self, name: str) -> None:
        """At what is there now."""
        path = self.page.url.removeprefix(self.at.address.rstrip("/")).partition("?")[0]
        self.visited |= {each.path for each in SCREENS if re.fullmatch(pattern(each.path), path)}
        for found in await self.page.evaluate(RUN, list(axe_core.TAGS)):
            self.wrong.append(f"{name}: {told(found)}")
        self.wrong += [f"{name}: too small: {each}" for each in await self.page.evaluate(TARGETS)]
        await self.fits(name)
        await self.tabs(name)
        PICTURES.mkdir(parents=True, exist_ok=True)
        file = re.sub(r"[^a-z0-9]+", "-", f"{self.look}-{name}".lower()).strip("-")
        await self.page.screenshot(path=PICTURES / f"{file}.png")

    async def fits(self, name: str) -> None:
        sizes = [SIZES[self.face], *([NARROW] if self.face is Face.PAGE else [])]
        for width, height in sizes:
            await self.page.set_viewport_size({"width": width, "height": height})
            if (over := await self.page.evaluate(SIDEWAYS)) > 0:
                self.wrong.append(f"{name}: {over} pixels too wide for {width}")
        width, height = sizes[0]
        await self.page.set_viewport_size({"width": width, "height": height})

    async def tabs(self, name: str) -> None:
        """Every control is reached by [Tab], and one sees where one is."""
        number = await self.page.evaluate(CONTROLS)
        for _ in range(number + 2):
            await self.page.keyboard.press("Tab")
        focused = await self.page.evaluate("window.focused")
        for control in [control for control, seen in focused if control >= 0 and not seen]:
            self.wrong.append(f"{name}: nothing shows that control {control} has the focus")
        if missing := set(range(number)) - {control for control, _ in focused}:
            self.wrong.append(f"{name}: not reached by keyboard: {sorted(missing)} of {number}")

    async def logs_in(self, login: str) -> None:
        await self.goes("/log-in")
        await self.page.fill("#login", login)
        await self.page.fill("#password", WORD)
        await self.page.keyboard.press("Enter")
        await self.page.wait_for_url(self.at.address)

    async def enter(self, selector: str) -> None:
        """By keyboard."""
        await self.page.focus(selector)
        await self.page.keyboard.press("Enter")


def pattern(path: str) -> str:
    return re.sub(r"\{\w+\}", "[^/]+", path)


def told(found: dict[str, Any]) -> str:
    return f"{found['id']} ({found['help']}): {[node['html'][:120] for node in found['nodes']]}"


@asynccontextmanager
async def visiting(folder: Path, face: Face, theme: str, language: str) -> AsyncIterator[Visit]:
    device = {"name": "Second floor, east", "language": language}
    async with screens(folder, face, device=device) as at, browser(at.here.kit.authority) as found:
        width, height = SIZES[face]
        context = await found.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
        )
        await context.add_init_script(axe_core.source())
        visit = Visit(await context.new_page(), at, face, f"{face.value}-{language}-{theme}")
        yield visit
        await context.close()
        assert visit.wrong == []


@needed
@pytest.mark.manual("S0", "S18", "S23", "S24", "S27")
@pytest.mark.parametrize(
    ("face", "theme", "language"), LOOKS if os.environ.get("FRANKING_LONG") else LOOKS[:SHORT]
)
async def test_every_screen_can_be_used_by_everybody(
    tmp_path: Path, face: Face, theme: str, language: str
) -> None:
    async with visiting(tmp_path, face, theme, language) as visit:
        await of_a_user(visit)
        await of_the_administrator(visit)
        assert {each.path for each in SCREENS} - visit.visited == set()


async def of_a_user(visit: Visit) -> None:
    engine, here = visit.at.engine, visit.at.here
    await visit.logs_in("kim")
    await visit.goes("/", "home of kim, empty")
    await visit.goes("/information", "nothing to report")
    first = await here.scan(engine)
    await engine.hold((await here.scan(engine)).job)
    await engine.settle()  # else a screen may change while it is looked at
    for path in ("/", "/jobs", f"/jobs/{first.job}", "/send/scan-to-email"):
        await visit.goes(path)
    await visit.enter("main form button")
    await visit.page.wait_for_selector("[aria-invalid]")
    await visit.looks("sending, refused")
    await visit.goes("/tokens", "my sign-in")
    await visit.enter("main form button")
    await visit.page.wait_for_selector(".steps, .qr")
    await visit.page.focus("summary")
    await visit.page.keyboard.press("Enter")
    await visit.looks("sign-in, open")
    await visit.enter("main form[action$=cancel] button")
    await visit.page.wait_for_selector("form[action$=discard]")
    await visit.looks("sign-in, cancelled")
    await visit.enter("form[action$=read] button")
    await visit.page.wait_for_url(visit.at.address)
    await visit.goes("/nothing-here", "nothing here")
    await visit.goes("/")
    await visit.enter("header form button")
    await visit.page.wait_for_selector("#login")
    await visit.looks("the door")


async def of_the_administrator(visit: Visit) -> None:
    engine = visit.at.engine
    await visit.logs_in("administrator")
    versions = {"minimum": "TLSv1.3", "maximum": "TLSv1.3"}
    await engine.apply(engine.settings.changed(tls=versions))  # not available with Microsoft (S12)
    await engine.settle()
    for path in ("/", "/information", "/jobs", "/tokens", "/oauth", "/oauth/offer", "/settings", "/machines"):
        await visit.goes(path, f"administrator {path}")
    await visit.goes("/oauth/delete?user=administrator", "nothing to delete")
    await visit.goes("/machines/refresh-token")
    await visit.goes("/settings", "settings, again")
    groups = await visit.page.eval_on_selector_all("main a.line", "all => all.map(a => a.pathname)")
    for path in groups:
        if path.startswith("/settings/"):
            await visit.goes(path)
    await refused(visit, next(each for each in groups if each.endswith("administrator-registration")))


async def refused(visit: Visit, path: str) -> None:
    await visit.goes(path)
    await visit.page.fill("#administrator-address", "nobody at all")
    await visit.enter(".deeds button")
    await visit.page.wait_for_selector("[aria-invalid]")
    await visit.looks("a setting, refused")
