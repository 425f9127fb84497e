"""The whole story at the screens, in a real browser, once at the touch panel and once at a desk: the manual's
steps, what is refused, a grant that ends; a scan that waits for its sign-in; people who come and go.

A browser is dear to start, so each of the three is one visit in chapters.
"""

from collections.abc import Mapping
from pathlib import Path

import pytest

from franking.engine.panel.face import Face
from franking.tests.engine.device import PRINTER, refresh_token, sealed

from .chromium import needed
from .standing import Standing, signs_in, standing

pytestmark = needed
FACES = pytest.mark.parametrize("face", list(Face), ids=lambda face: face.value)
TAKEN = "The settings are changed."
ADMINISTRATOR_ACTS = "Who must act: the device's administrator"


def out_of_the_box(face: Face) -> Mapping[str, object]:
    """What the settings file alone has is there. At the panel a code is shown, for a telephone; at a desk the
    provider's page opens in another window.
    """
    return {
        "oauth": {"enabled": False, "flow": "code" if face is Face.PANEL else "browser"},
        "administrator": {"address": None},
        "smtp": {"server": None},
    }


@FACES
@pytest.mark.manual("S0", "S3", "S5", "S7", "S12", "S13", "S14", "S15", "S18", "S19a", "S23", "S23a", "S24")
@pytest.mark.manual("S26a", "S27")
async def test_the_administrators_story(face: Face, tmp_path: Path) -> None:
    async with standing(tmp_path, face, sections=out_of_the_box(face)) as here:
        await here.logs_in("administrator")
        await nothing_can_be_turned_on(here)
        await steps_1_to_7(here)
        await other_addresses_are_refused(here)
        await what_makes_it_not_available(here)


async def nothing_can_be_turned_on(here: Standing) -> None:
    """S3, S15."""
    await here.goes("/oauth")
    await here.sets("oauth.enabled", "on")
    await here.taps("OK")
    await here.sees("This cannot be set. Nothing was changed.")
    await here.sees_beside("oauth.enabled", "Cannot be set:", "none is registered", ADMINISTRATOR_ACTS)
    await here.sees_beside("oauth.enabled", "[E-mail Address] in [System Settings] - [Machine Setting]")
    await here.window.keep("refused-no-address")
    assert not here.engine.settings.oauth.enabled
    await here.opens("administrator.address")
    await here.sets("administrator.address", "printer at example")
    await here.taps("OK")
    await here.sees_beside("administrator.address", "Cannot be set:")
    await here.window.keep("refused-malformed")
    assert here.engine.settings.administrator.address is None
    assert here.kept == []


async def steps_1_to_7(here: Standing) -> None:
    """The manual's page."""
    # 1
    await here.opens("administrator.address")
    await here.sets("administrator.address", PRINTER)
    await here.taps("OK")
    await here.reads(TAKEN)
    # 2
    await here.goes("/settings")
    proxies = here.page.get_by_role("link").filter(has=here.page.get_by_text("Proxy Settings", exact=True))
    assert await proxies.count() == (0 if here.face is Face.PANEL else 1)
    # 3
    await here.goes("/oauth")
    await here.sets("oauth.enabled", "on")
    await here.sets("oauth.provider", "Microsoft")
    await here.window.keep("step-3")
    await here.taps("OK")
    # 4
    await here.is_at("/oauth/offer")
    await here.sees(f"the administrator ({PRINTER}) has signed in")
    await here.window.keep("step-4")
    await here.taps("OK")
    # 5
    await here.is_at("/sign-in")
    await here.sees(f"Sign in as {PRINTER}.")
    await here.window.keep("step-5")
    assert refresh_token(here.engine, "administrator") == "Required"
    await signs_in(here, PRINTER)
    # 6
    await here.sees("The token was acquired.")
    await here.window.keep("step-6")
    await here.taps("OK")
    await here.is_at("/oauth")
    await here.sees("Acquired")
    await here.window.keep("step-6-acquired")
    # 7
    await here.opens("smtp.server")
    await here.sets("smtp.server", "localhost")
    await here.window.keep("step-7")
    await here.taps("OK")
    await here.is_at("/settings")
    await here.reads(TAKEN)
    assert here.kept == ["administrator.address", "oauth.enabled", "smtp.server"]


async def other_addresses_are_refused(here: Standing) -> None:
    """S7."""
    await here.opens("from_address.bulk")
    await here.sets("from_address.setting", "Bulk setting")
    await here.sets("from_address.bulk", "another@example.com")
    await here.taps("OK")
    await here.sees_beside("from_address.bulk", "Cannot be set:", "it is another", ADMINISTRATOR_ACTS)
    await here.sees_beside("from_address.setting", "Cannot be set:")
    await here.window.keep("refused-bulk")
    assert here.engine.settings.from_address.bulk is None


async def what_makes_it_not_available(here: Standing) -> None:
    """Told apart from what cannot be set: the change is made, and the token is kept (S12, S14)."""
    before = sealed(here.engine, "administrator")
    await here.opens("tls.minimum")
    await here.sets("tls.minimum", "TLSv1.3")
    await here.taps("OK")
    await here.reads(TAKEN)
    await here.opens("tls.minimum")
    await here.sees_beside("tls.minimum", "OAuth is not available:", "Set TLSv1.2", ADMINISTRATOR_ACTS)
    await here.window.keep("not-available-tls")
    await here.goes("/oauth")
    await here.taps("Acquire")
    await here.sees("TLSv1.3 is both minimum and maximum")
    await here.window.keep("not-available-acquire")
    await here.opens("tls.minimum")
    await here.sets("tls.minimum", "TLSv1.2")
    await here.taps("OK")
    await here.reads(TAKEN)
    assert sealed(here.engine, "administrator") == before
