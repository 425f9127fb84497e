"""The [Information] screen: what is wrong, what to do about it, who must.

Rule: the words are `engine/information.py`'s; here they are only arranged.
"""

from typing import Any, NamedTuple

from ...events.information import Actor, Info
from ...machines.roles import Act
from ..information import Warning
from .forms import Form
from .here import Answer, Here, NothingThere

OPENS = {
    Info.SIGN_IN_AGAIN: "/oauth",
    Info.SIGN_IN_VOID: "/oauth",
    Info.OTHER_ACCOUNT: "/oauth",
}
"Where the remedy is carried out, for an administrator."


class Notice(NamedTuple):
    code: str
    subject: str
    tone: str
    cause: str
    remedy: str
    who: str
    since: str
    iso: str
    opens: str
    "Where it can be put right; empty: not on these screens."
    read: bool
    can_read: bool


def notice(here: Here, warning: Warning) -> Notice:
    whose = here.engine.concerns(warning)
    act = Act.ACKNOWLEDGE if whose else Act.ACKNOWLEDGE_DEVICE
    can = here.view.may(act, whose) or here.view.may(Act.ACKNOWLEDGE_TO_ACT, whose)
    opens = OPENS.get(warning.code, "")
    return Notice(
        warning.code.value,
        warning.subject,
        "idle" if warning.actor is Actor.NOBODY else "warn",
        warning.cause,
        warning.remedy,
        warning.who,
        here.dates.moment(warning.since),
        here.dates.iso(warning.since),
        (opens if here.administers else "/tokens") if opens else "",
        warning.acknowledged,
        can and not warning.acknowledged,
    )


def noticed(here: Here) -> list[Notice]:
    """What nobody has read yet, the newest first."""
    found = sorted(here.view.information(), key=lambda each: each.since, reverse=True)
    return [notice(here, each) for each in found if not each.acknowledged]


def shown(here: Here) -> dict[str, Any]:
    found = sorted(here.view.information(), key=lambda each: (each.acknowledged, -each.since.timestamp()))
    return {"title": here.say("panel.information"), "warnings": [notice(here, each) for each in found]}


async def read(here: Here, form: Form) -> Answer:
    """[OK]: somebody has read it. Raises NothingThere, NotAllowed, StoreFailed."""
    try:
        code = Info(form.one("code"))
    except ValueError:
        raise NothingThere from None
    await here.view.acknowledge(code, form.one("subject"))
    return "/information"
