"""Takes the pictures of the documents from the real screens: `make pictures`.

A device in an office is set up as the guide says, once at a desk and once at the panel, and each screen that
the guide shows is photographed as the browser draws it.

Rule: nothing in a picture is made up; whoever changes a screen takes them anew.
"""

import asyncio
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image

from franking.engine.panel.face import Face
from franking.tests.engine.device import PRINTER

from .browsing import WORD
from .standing import Standing, in_another_window, standing

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "pictures"
COLOURS = 64
"Enough for a screen, and a third of the octets."
DESK = (1120, 700)


async def taken(here: Standing, name: str) -> None:
    seen = Image.open(BytesIO(await here.page.screenshot()))
    FOLDER.mkdir(exist_ok=True)
    seen.convert("RGB").quantize(COLOURS).save(FOLDER / f"{name}.png", optimize=True)


async def at_a_desk(folder: Path) -> None:
    off = {"oauth": {"enabled": False}}
    async with standing(folder, Face.PAGE, sections=off, size=DESK) as here:
        await here.goes("/log-in")
        await taken(here, "door")
        await here.logs_in("administrator")
        await here.opens("administrator.address")
        await taken(here, "administrator-address")
        await here.opens("proxy.host")
        await taken(here, "proxy")
        await here.goes("/oauth")
        await here.sets("oauth.enabled", "on")
        await taken(here, "oauth-settings")
        await here.taps("OK")
        await here.is_at("/oauth/offer")
        await taken(here, "offered")
        await here.taps("OK")
        await here.sees(f"Sign in as {PRINTER}.", "Open the sign-in page")
        await taken(here, "sign-in")
        await in_another_window(here, PRINTER)
        await here.sees("The token was acquired.")
        await here.taps("OK")
        await here.is_at("/oauth")
        await taken(here, "status")
        await here.opens("smtp.server")
        await taken(here, "smtp-server")
        await here.opens("administrator.address")
        await here.sets("administrator.address", "nobody")
        await here.taps("OK")
        await here.sees("This cannot be set.")
        await taken(here, "refused")
        await here.goes("/machines")
        await taken(here, "machines")


async def at_the_panel(folder: Path) -> None:
    sections = {"oauth": {"flow": "code"}}
    async with standing(folder, Face.PANEL, sections=sections) as here:
        waits = await here.office.scan(here.engine)
        await here.engine.settle()
        await here.goes("/log-in")
        await here.page.get_by_label("User name").fill("kim")
        await here.page.get_by_label("Password").fill(WORD)
        await here.taps("Log in")
        await here.is_at("/sign-in")  # by itself: his job waits for that
        await here.page.locator(".big").wait_for()
        await taken(here, "code")
        await here.taps("Cancel")
        await here.sees("One of your jobs waits")
        await here.taps("Keep")
        await here.is_at("/")
        await taken(here, "home")
        await here.goes(f"/jobs/{waits.job}")
        await taken(here, "job")
        await here.taps("Log out")
        await here.sees("You are logged out.")
        await here.logs_in("administrator")
        versions = {"minimum": "TLSv1.3", "maximum": "TLSv1.3"}
        await here.engine.apply(here.engine.settings.changed(tls=versions))
        await here.engine.settle()
        await here.goes("/information")
        await taken(here, "information")
        await here.goes("/tokens")
        await taken(here, "tokens")


async def main() -> None:
    for visit in (at_a_desk, at_the_panel):
        with tempfile.TemporaryDirectory() as folder:
            await visit(Path(folder))


if __name__ == "__main__":
    asyncio.run(main())
