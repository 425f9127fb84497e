"""The sign-in screen: the provider's page or a code, as long as it is open, and what came of it (S18, S19a).

The provider's page opens in a window of the person's own browser, or in the device's; where that ends at an
address that it cannot reach, the person brings the address here.

Rule: what is shown is good for this sign-in alone, and is gone with it.
"""

from typing import Any

from ...machines.refresh_token import EXPIRED, REQUIRED
from .. import qr
from ..signing_in import PasteRefused
from .face import Face
from .forms import Form
from .here import Answer, Here, Shows

PATH = "/sign-in"


def shown(here: Here) -> dict[str, Any]:
    what, ended = here.shown, here.session.ended
    who = here.signs_in
    signing = here.view.sign_in_of(who) if who else None
    found: dict[str, Any] = {
        "title": here.say("panel.sign-in.title"),
        "open": bool(who),
        "address": "",
        "user_code": "",
        "qr": "",
        "says": (),
        "closes": "",
        "in_browser": here.face is Face.PANEL and here.engine.settings.browser.enabled,
        "for_whom": signing.address if signing else "",
        "ended": ended.fact if ended and not who else "",
        "right": ended.right if ended else False,
        "waits": waiting(here) if ended and not who else 0,
        "why": why_not(here) if ended and not who else None,
        "wrong": "",
        "mine": status_of(here),
    }
    at_panel = here.face is Face.PANEL
    if what is not None and who:
        found |= {
            "address": what.address,
            "user_code": what.user_code,
            "qr": qr.scalable(what.scan or what.address) if what.user_code or at_panel else "",
            "says": what.says,
            "closes": here.dates.moment(what.closes_at),
        }
    return found


def waiting(here: Here) -> int:
    """Jobs of this person that wait for his sign-in; the device's own are nobody's to discard here."""
    return 0 if here.administers else len(here.view.waits_at(here.place))


def status_of(here: Here) -> str:
    """Of one's own; empty: nobody needs to sign in."""
    if here.administers or not here.engine.settings.oauth.enabled:
        return ""
    found = here.view.sign_in_of(here.viewer.login)
    return found.refresh_token if found and found.refresh_token in (REQUIRED.value, EXPIRED.value) else ""


def why_not(here: Here) -> tuple[str, str, str] | None:
    """What [Information] says of a sign-in that failed at this place: cause, remedy, who must act."""
    identity = here.session.ended.identity if here.session.ended else ""
    for each in here.view.information():
        if here.place in (each.subject, each.about) or (identity and each.subject == identity):
            return each.cause, each.remedy, each.who
    return None


async def opened(here: Here, form: Form) -> Answer:
    """Raises Refused, NoScreen, UnknownUser, NotAllowed, StoreFailed."""
    here.session.ended = None
    await here.view.sign_in(here.place, here.viewer.login)
    return PATH


async def acquired(here: Here, form: Form) -> Answer:
    """[Acquire]. Raises Refused, NoScreen, NotAllowed, StoreFailed."""
    here.session.ended = None
    await here.view.acquire(here.place)
    return PATH


async def pasted(here: Here, form: Form) -> Answer:
    try:
        here.view.paste(here.place, form.one("address").strip())
    except PasteRefused as error:
        return Shows("sign_in", {**shown(here), "wrong": here.words.error(error)})
    return PATH


async def cancelled(here: Here, form: Form) -> Answer:
    """The screen closes; who has jobs that wait for it is asked what becomes of them (S18)."""
    await here.view.cancel_sign_in(here.place)
    if waiting(here):
        return PATH
    here.session.ended = None
    return back(here)


async def read(here: Here, form: Form) -> Answer:
    """[OK] below what came of it."""
    here.session.ended = None
    return back(here)


async def discarded(here: Here, form: Form) -> Answer:
    await here.view.discard_waiting(here.place)
    here.session.ended = None
    return back(here)


def back(here: Here) -> str:
    return "/oauth" if here.administers else "/"
