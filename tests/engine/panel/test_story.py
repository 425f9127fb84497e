"""The whole story at the screens, in a real browser, once at the touch panel and once at a desk: the manual's
steps, what is refused, a grant that ends; a scan that waits for its sign-in; people who come and go.

A browser is dear to start, so each of the three is one visit in chapters.
"""

from collections.abc import Mapping
from pathlib import Path

import pytest
from playwright.async_api import expect

from franking.engine.panel.face import Face
from franking.tests.engine.device import BOSS, OFFICE, PAGES, PRINTER, refresh_token, sealed, states

from .chromium import needed
from .standing import Standing, signs_in, standing

pytestmark = needed
FACES = pytest.mark.parametrize("face", list(Face), ids=lambda face: face.value)
TAKEN = "The settings are changed."
ADMINISTRATOR_ACTS = "Who must act: the device's administrator"
NOT_SET, NOT_AVAILABLE = "Cannot be set:", "OAuth is not available:"


def flow(face: Face) -> str:
    """At the panel a code is shown, for a telephone; at a desk the provider's page opens in a new window."""
    return "code" if face is Face.PANEL else "browser"


# The administrator


def out_of_the_box(face: Face) -> Mapping[str, object]:
    """What the settings file alone has is there."""
    return {
        "oauth": {"enabled": False, "flow": flow(face)},
        "administrator": {"address": None},
        "smtp": {"server": None},
        "http": {"version": "HTTP/1.1"},
        "network": {"connection": "Network 2", "vlan": True},
    }


@FACES
@pytest.mark.manual("S0", "S2", "S3", "S4", "S5", "S7", "S12", "S13", "S14", "S15", "S16")
@pytest.mark.manual("S18", "S19a", "S23", "S23a", "S24", "S26a", "S27")
async def test_the_administrators_story(face: Face, tmp_path: Path) -> None:
    async with standing(tmp_path, face, sections=out_of_the_box(face)) as here:
        await here.logs_in("administrator")
        await what_cannot_be_set(here)
        await steps_1_to_7(here)
        await what_makes_it_not_available(here)
        await the_grant_ends_and_is_acquired_again(here)
        await the_provider_changes(here)
        await the_administrators_token_is_deleted(here)


async def what_cannot_be_set(here: Standing) -> None:
    """Every broken rule at once, beside its setting (S3, S14, S15)."""
    await here.goes("/oauth")
    await here.sets("oauth.enabled", "on")
    await here.taps("OK")
    await here.sees("This cannot be set. Nothing was changed.")
    await here.sees_beside("oauth.enabled", NOT_SET, "none is registered", ADMINISTRATOR_ACTS)
    await here.sees_beside("oauth.enabled", "[E-mail Address] in [System Settings] - [Machine Setting]")
    await here.sees_beside("oauth.enabled", "not available on Network 2 with VLAN enabled", "to Network 1")
    await here.window.keep("refused-on")
    await here.opens("administrator.address")
    await here.sets("administrator.address", "printer at example")
    await here.taps("OK")
    await here.sees_beside("administrator.address", NOT_SET)
    await here.window.keep("refused-malformed")
    assert here.kept == []
    await here.opens("network.vlan")
    await here.sets("network.vlan", "off")
    await here.taps("OK")
    await here.reads(TAKEN)


async def steps_1_to_7(here: Standing) -> None:
    """The manual's page."""
    # 1
    await here.opens("administrator.address")
    await here.sets("administrator.address", PRINTER)
    await here.taps("OK")
    await here.reads(TAKEN)
    # 2
    proxies = here.page.get_by_text("Proxy Settings", exact=True)
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
    await here.sees(f"Sign in as {PRINTER}.")
    await here.window.keep("step-5")
    assert refresh_token(here.engine, "administrator") == "Required"
    await signs_in(here, PRINTER)
    # 6
    await here.sees("The token was acquired.")
    await here.window.keep("step-6")
    await here.taps("OK")
    await here.is_at("/oauth")
    await here.sees_beside("administrator", "Acquired")
    await here.window.keep("step-6-acquired")
    # 7, and what [Bulk setting] may be (S7)
    await here.opens("smtp.server")
    await here.sets("smtp.server", "localhost")
    await here.taps("OK")
    await here.reads(TAKEN)
    await here.opens("from_address.bulk")
    await here.sets("from_address.setting", "Bulk setting")
    await here.sets("from_address.bulk", BOSS)
    await here.taps("OK")
    await here.sees_beside("from_address.bulk", NOT_SET, "it is another", ADMINISTRATOR_ACTS)
    await here.window.keep("refused-bulk")
    await here.sets("from_address.bulk", PRINTER)
    await here.taps("OK")
    await here.is_at("/settings")
    await here.reads(TAKEN)
    assert set(here.kept) == {
        "administrator.address", "from_address.bulk", "from_address.setting", "network.vlan", "oauth.enabled",
        "smtp.server",
    }  # fmt: skip


async def what_makes_it_not_available(here: Standing) -> None:
    """Told apart from what cannot be set: the change is made, and the token is kept (S12, S14)."""
    before = sealed(here.engine, "administrator")
    for key, harms, mends, remedy in (
        ("tls.minimum", "TLSv1.3", "TLSv1.2", "Set TLSv1.2 as [Minimum]"),
        ("network.vlan", "on", "off", "Connect the device to Network 1"),
    ):
        await here.opens(key)
        await here.sets(key, harms)
        await here.taps("OK")
        await here.reads(TAKEN)
        await here.opens(key)
        await here.sees_beside(key, NOT_AVAILABLE, remedy, ADMINISTRATOR_ACTS)
        await here.window.keep(f"not-available-{key.partition('.')[0]}")
        await here.goes("/oauth")
        await here.taps("Acquire")
        await here.sees("OAuth authentication is not available", remedy)
        await here.opens(key)
        await here.sets(key, mends)
        await here.taps("OK")
        await here.reads(TAKEN)
    assert sealed(here.engine, "administrator") == before


async def the_grant_ends_and_is_acquired_again(here: Standing) -> None:
    """S24: the warning comes and goes by itself."""
    await here.goes("/information")
    await here.sees("Nothing to report")
    here.office.provider.revoke_grants(PRINTER)
    await here.office.notice(here.engine)
    await here.engine.settle()
    await here.sees("Tap [Acquire] of [Refresh Tokens (Administrator)]", ADMINISTRATOR_ACTS)
    await here.sees("Administrator: Expired", "1 notice")
    await here.window.keep("information-expired")
    await here.taps("Open")
    await here.is_at("/oauth")
    await here.sees_beside("administrator", "Expired")
    await here.window.keep("oauth-expired")
    await here.taps("Acquire")
    await signs_in(here, PRINTER)
    await here.sees("The token was acquired.", "Administrator: Acquired")
    await here.sees_not("1 notice")
    await here.taps("OK")
    await here.is_at("/oauth")


async def the_provider_changes(here: Standing) -> None:
    """Whose sign-in ends is asked first (S26a); Google wants HTTP/2, and a browser (S13)."""
    if here.face is Face.PANEL:
        await here.sets("oauth.provider", "Google")
        await here.taps("OK")
        await here.sees("`oauth.flow` of the settings file: Google allows no e-mail to a sign-in with a code")
        await here.window.keep("refused-elsewhere")
        await here.engine.apply(here.engine.settings.changed(oauth={"flow": "browser"}))
        await here.goes("/oauth")
    await here.sets("oauth.provider", "Google")
    await here.taps("OK")
    await here.sees("This change ends the sign-in of administrator")
    await here.window.keep("provider-changes")
    await here.taps("Cancel")
    await here.sees_beside("administrator", "Acquired")
    await here.sets("oauth.provider", "Google")
    await here.taps("OK")
    await here.sees("This change ends")
    await here.taps("OK")
    await here.reads(TAKEN)
    await here.sees_beside("administrator", "Required")
    await here.sees_beside("oauth.provider", NOT_AVAILABLE, "Set [HTTP/2,HTTP/1.1]", ADMINISTRATOR_ACTS)
    await here.window.keep("not-available-google")
    await here.sets("oauth.provider", "Microsoft")
    await here.taps("OK")
    await here.is_at("/oauth/offer")
    await here.taps("OK")
    await signs_in(here, PRINTER)
    await here.sees("The token was acquired.")
    await here.taps("OK")


async def the_administrators_token_is_deleted(here: Standing) -> None:
    """Asked twice (S27)."""
    await here.is_at("/oauth")
    await here.page.locator("a[href='/oauth/delete?user=administrator']").click()
    await here.sees("Delete the administrator's token?")
    await here.taps("Delete")
    await here.sees("Really?")
    assert refresh_token(here.engine, "administrator") == "Acquired"
    await here.window.keep("delete-again")
    await here.taps("Delete")
    await here.reads("The token is deleted.")
    await here.sees_beside("administrator", "Required")
    await here.logs_out()
    await here.sees("You are logged out.")


# A user


@FACES
@pytest.mark.manual("S15", "S18", "S19a", "S20", "S24", "S33a", "B5", "B9", "B10")
async def test_a_users_story(face: Face, tmp_path: Path) -> None:
    async with standing(tmp_path, face, sections={"oauth": {"flow": flow(face)}}) as here:
        await here.logs_in("kim")
        await what_is_missing_is_told_beside_it(here)
        await a_scan_waits_for_its_sign_in(here)
        await another_one_is_discarded(here)
        await a_third_one_goes_by_itself(here)
        await it_tells_its_story(here)
        await her_own_lost_sign_in_is_told_to_her(here)


GOES_ABOVE_THE_FORM = """
() => { const fresh = document.getElementById("screen").innerHTML;
  document.querySelector("main form").before(document.createElement("form"));
  taken(fresh); }
"""
"The screen is taken anew when something that stood there has gone."


async def what_is_missing_is_told_beside_it(here: Standing) -> None:
    await here.taps("Scan to E-mail")
    to = here.page.get_by_label("To", exact=True)
    await to.fill(OFFICE)
    await here.page.evaluate(GOES_ABOVE_THE_FORM)
    await expect(to).to_have_value(OFFICE)
    await here.taps("Send")
    await here.sees("Please look at what is marked.", "Choose at least one file.")
    await here.window.keep("send-no-file")
    await here.taps("Cancel")


async def scans(here: Standing, name: str) -> None:
    await here.is_at("/")
    await here.taps("Scan to E-mail")
    await here.page.get_by_label("To", exact=True).fill(OFFICE)
    scan = {"name": name, "mimeType": "application/pdf", "buffer": PAGES}
    await here.page.get_by_label("Files").set_input_files(scan)  # type: ignore[arg-type]
    await here.window.keep("send")
    await here.taps("Send")


async def a_scan_waits_for_its_sign_in(here: Standing) -> None:
    """The screen opens by itself; cancelled, she is asked what becomes of the job, and keeps it."""
    await scans(here, "lease.pdf")
    await here.sees("Sign in as kim@example.com.")
    await here.window.keep("must-sign-in")
    await here.taps("Cancel")
    await here.sees("One of your jobs waits for your sign-in.")
    await here.window.keep("keep-or-discard")
    await here.taps("Keep")
    await here.is_at("/")
    await here.sees("lease.pdf", "Waiting")
    assert states(here.engine) == ["waiting"]


async def another_one_is_discarded(here: Standing) -> None:
    await scans(here, "slip.pdf")
    await here.sees("Sign in as kim@example.com.")
    await here.taps("Cancel")
    await here.sees("2 of your jobs wait for your sign-in.")
    await here.taps("Discard")
    await here.is_at("/")
    assert states(here.engine) == ["ended", "ended"]
    assert here.office.spooled() == []


async def a_third_one_goes_by_itself(here: Standing) -> None:
    """Once she has signed in; the page shows it without being loaded again."""
    await scans(here, "floor plan.pdf")
    await here.sees("Sign in as kim@example.com.")
    async with here.office.server.hold_bodies() as gate:
        await signs_in(here, "kim@example.com")
        await gate.arrived(1)
        await here.sees("The token was acquired.")
        await here.window.keep("user-signed-in")
        await here.taps("OK")
        await here.is_at("/")
        await expect(here.page.get_by_role("progressbar")).to_be_visible()
        await here.window.keep("under-way")
    await here.sees("Sent")
    await here.window.keep("sent")
    await here.office.kit.mailbox.wait_for(1)


async def it_tells_its_story(here: Standing) -> None:
    await here.page.get_by_text("floor plan.pdf").click()
    await here.sees("Job 3", OFFICE, "Submitted", "A try begins", "The message is handed over", "Sent")
    await here.window.keep("timeline")


async def her_own_lost_sign_in_is_told_to_her(here: Standing) -> None:
    here.office.provider.revoke_grants("kim@example.com")
    here.office.server.cut_all()
    await here.goes("/")
    await here.sees("My sign-in: Acquired")
    await here.office.scan(here.engine)
    await here.engine.settle()
    await here.sees("My sign-in: Expired")
    await here.window.keep("user-expired")
    await here.taps("My sign-in: Expired")
    await here.taps("Sign in")
    await signs_in(here, "kim@example.com")
    await here.sees("The token was acquired.", "My sign-in: Acquired")
    assert states(here.engine)[-1] == "sent"


# People who come and go


@FACES
@pytest.mark.manual("S11", "S27", "S28", "S33a")
async def test_people_who_come_and_go(face: Face, tmp_path: Path) -> None:
    sections = {"oauth": {"auto_delete": True, "flow": flow(face)}}
    async with standing(tmp_path, face, sections=sections) as here:
        await two_after_each_other_share_nothing(here)
        await system_auto_reset_comes_by_itself(here)
        await all_users_tokens_are_deleted(here)


async def two_after_each_other_share_nothing(here: Standing) -> None:
    """With [Auto Delete] the token goes, too, and whoever leaves is told at the door (S28)."""
    await here.logs_in("kim")
    await scans(here, "lease.pdf")
    await signs_in(here, "kim@example.com")
    await here.sees("The token was acquired.")
    await here.taps("OK")
    await here.sees("lease.pdf")
    await here.logs_out()
    await here.sees("You are logged out, and your token was deleted.")
    await here.window.keep("logged-out")
    assert refresh_token(here.engine, "kim") == "Required"
    await here.page.go_back()
    await here.sees("Log in")
    await here.sees_not("lease.pdf")
    await here.logs_in("lee")
    await here.sees("No jobs yet.", "My sign-in: Required")
    await here.goes("/jobs/1")
    await here.sees("There is nothing here, or it is not for you.")
    await here.window.keep("not-for-you")


async def system_auto_reset_comes_by_itself(here: Standing) -> None:
    """S11."""
    await here.goes("/")
    await here.passes(seconds=61)
    await here.is_at("/log-in?over=1")
    await here.sees("You were logged out because nobody used the panel.")
    await here.window.keep("auto-reset")


async def all_users_tokens_are_deleted(here: Standing) -> None:
    """With their number (S27)."""
    settings = here.engine.settings.changed(oauth={"auto_delete": False})
    await here.engine.apply(settings)
    for user in ("kim", "lee"):
        await here.signed_in_before(user)
    await here.logs_in("administrator")
    await here.goes("/tokens")
    await here.sees("kim@example.com", "lee@example.com")
    await here.window.keep("tokens")
    await here.taps("Delete all of them")
    await here.sees("Delete the tokens of 2 users?")
    await here.window.keep("delete-all")
    await here.taps("Delete")
    await here.reads("Tokens deleted: 2")
    assert [refresh_token(here.engine, user) for user in ("kim", "lee")] == ["Required", "Required"]
