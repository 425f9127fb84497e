"""Screens in a browser: what open pages cost the mail that goes meanwhile, and how soon a first page is
there.

Rule: the engine sends as fast as it can on either side of the comparison, so that whatever pages cost is
seen; the pages' browsers are in a process of their own on the same machine. A first page is loaded by a real
Chromium with nothing in its cache.
"""

import asyncio
import shutil
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

from ..engine.control.screen import ShownAtPlaces
from ..engine.engine import Engine
from ..engine.panel.face import Face
from ..engine.panel.serving import serve
from .engine_side import USER, EngineTook, Knows
from .measure import Figure, Figures, beside, turns
from .relays import SEVERAL, smtp_sink
from .sides import SENDER
from .stage import Missing, Stage, Way, stage
from .submits import OCTETS

if TYPE_CHECKING:
    from playwright.async_api import Browser

ROUNDS = 7
OPEN, SENT = 30, 1_500
LOADS = 9
SCREENS = ("/log-in", "/", "/oauth")
"The largest of these counts."
LOADED = """() => {
    const all = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
    return [
        performance.getEntriesByType("navigation")[0].loadEventEnd,
        all.reduce((octets, each) => octets + each.transferSize, 0),
    ];
}"""


def pages() -> Figures:
    try:
        return asyncio.run(both())
    except Missing as why:
        print(f"no figures of pages: {why}")
        return {}


async def both() -> Figures:
    """Raises Missing."""
    async with stage() as at:
        return await while_mail_goes(at) | await first(at)


async def by_us(at: Stage, port: int, number: int) -> EngineTook:
    smtp = {"server": "127.0.0.1", "port": port, "security": "none", "connections": SEVERAL}
    settings = {"administrator": {"address": SENDER}, "users": {USER: SENDER}, "smtp": smtp}
    return await at.ours(OCTETS, SENT, settings, Way(pages=number))


async def while_mail_goes(at: Stage) -> Figures:
    """Raises Missing."""
    async with smtp_sink() as sink:
        sides = {"looked": partial(by_us, at, sink, OPEN), "alone": partial(by_us, at, sink, 0)}
        found = await turns(ROUNDS, sides)
    looked, alone = ([each.per_s for each in found[name]] for name in ("looked", "alone"))
    updates = median(each.updates_per_s for each in found["looked"])
    return {
        "pages_30_vs_none": beside("messages/s", looked, alone),
        "pages_30_updates_per_s": Figure(updates / OPEN, "updates of one page/s"),
    }


async def first(at: Stage) -> Figures:
    """Raises Missing."""
    program = shutil.which("chromium")
    if program is None:
        raise Missing("chromium is not here: install chromium")
    from playwright.async_api import async_playwright

    from ..engine.settings import Settings

    settings = Settings().changed(**at.signed_in, store={"path": at.store}, panel={"auto_reset": 3600})
    screen = ShownAtPlaces()
    async with (
        Engine.open(settings, screen=screen) as engine,
        serve(engine, screen, Face.PAGE, access=Knows()) as address,
        async_playwright() as playwright,
        await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"]) as browser,
    ):
        found = [await loaded(browser, address, path) for path in SCREENS]
    return {
        "page_first_ms": Figure(max(took for took, _ in found), "ms"),
        "page_first_kb": Figure(max(octets for _, octets in found) / 1000, "kB"),
    }


async def loaded(browser: "Browser", address: str, path: str) -> tuple[float, int]:
    """Milliseconds until it is there with all that belongs to it, and its octets; the median of several."""
    took, octets = [], 0
    for _ in range(LOADS):
        context = await browser.new_context(viewport={"width": 1280, "height": 800})
        page = await context.new_page()
        if path != "/log-in":
            await enter(context, address)
        await page.goto(f"{address.rstrip('/')}{path}", wait_until="load")
        milliseconds, octets = await page.evaluate(LOADED)
        took.append(milliseconds)
        await context.close()
    return median(took), octets


async def enter(context: object, address: str) -> None:
    """Logs in without a page, so that nothing is in the cache."""
    from playwright.async_api import BrowserContext

    from .browsers import GUARD

    assert isinstance(context, BrowserContext)
    door = await context.request.get(f"{address}log-in")
    guard = GUARD.search(await door.text())
    assert guard is not None
    form: dict[str, str | float | bool] = {"guard": guard[1], "login": "administrator", "password": "-"}
    await context.request.post(f"{address}log-in", form=form)
