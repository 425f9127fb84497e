"""What there is to see and to do at the screens, and whose it is: two tables.

Rule: a screen or an act that does not stand here does not exist; who may not have it is told that there is
nothing. What is done with a job, a token or a setting is checked once more by the view (`engine/view.py`).
"""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from ...machines.roles import Role
from . import home, information, jobs, machines, oauth, send, settings, sign_in
from .forms import Form
from .here import Answer, Here
from .leaving import left

BOTH = frozenset({Role.USER, Role.ADMINISTRATOR})
USER, ADMINISTRATOR = frozenset({Role.USER}), frozenset({Role.ADMINISTRATOR})


class Screen(NamedTuple):
    path: str
    template: str
    shows: Callable[[Here], dict[str, Any]]
    roles: frozenset[Role] = BOTH


class Act(NamedTuple):
    path: str
    does: Callable[[Here, Form], Awaitable[Answer]]
    roles: frozenset[Role] = BOTH
    brings: bool = False
    "Its form may bring files."


SCREENS: tuple[Screen, ...] = (
    Screen("/", "home", home.shown),
    Screen("/send/{function}", "send", send.shown, USER),
    Screen("/jobs", "jobs", jobs.list_shown),
    Screen("/jobs/{job}", "job", jobs.one_shown),
    Screen("/information", "information", information.shown),
    Screen("/sign-in", "sign_in", sign_in.shown),
    Screen("/tokens", "tokens", oauth.list_shown),
    Screen("/oauth", "oauth", oauth.shown, ADMINISTRATOR),
    Screen("/oauth/offer", "confirm", oauth.offer_shown, ADMINISTRATOR),
    Screen("/oauth/delete", "confirm", oauth.delete_shown),
    Screen("/settings", "settings", settings.list_shown, ADMINISTRATOR),
    Screen("/settings/{group}", "setting", settings.one_shown, ADMINISTRATOR),
    Screen("/machines", "machines", machines.list_shown, ADMINISTRATOR),
    Screen("/machines/{machine}", "machine", machines.one_shown, ADMINISTRATOR),
)
ACTS: tuple[Act, ...] = (
    Act("/log-out", left),
    Act("/send/{function}", send.sent, USER, brings=True),
    Act("/jobs/{job}/{deed}", jobs.changed),
    Act("/information", information.read),
    Act("/sign-in", sign_in.opened, USER),
    Act("/sign-in/paste", sign_in.pasted),
    Act("/sign-in/cancel", sign_in.cancelled),
    Act("/sign-in/read", sign_in.read),
    Act("/sign-in/discard", sign_in.discarded, USER),
    Act("/acquire", sign_in.acquired, ADMINISTRATOR),
    Act("/oauth", oauth.changed, ADMINISTRATOR),
    Act("/oauth/delete", oauth.deleted),
    Act("/settings/{group}", settings.changed, ADMINISTRATOR),
)
