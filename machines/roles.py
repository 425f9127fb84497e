"""Who may ask for what, and who sees what of a job (S33a): one table, checked in one place, `engine/view.py`.

Rule: an act that stands here for no role is nobody's. What a person may not see is not said to be there.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from ..events.base import ADMINISTRATOR
from ..events.job import Ending


class Role(StrEnum):
    """In whose name something is asked for."""

    CONTROLLER = "controller"
    "The program that embeds the engine: it speaks for any user."
    ADMINISTRATOR = "administrator"
    "Who keeps the device: settings, tokens, all jobs without their content."
    USER = "user"
    "A person who is logged in: submits in his own name, sees his own jobs."


class Reach(StrEnum):
    """How far a role's right to an act goes."""

    NOTHING = "no"
    OWN = "own"
    ALL = "yes"


class Act(StrEnum):
    """What may be asked for."""

    SUBMIT = "submit a job in a user's name"
    SUBMIT_FOR_DEVICE = "submit a job in the device's name"
    BRING = "bring mail of a program that runs as a user of the system"
    SEE_JOBS = "see jobs: owner, function, size, state, reason"
    SEE_CONTENT = "see a job's subject, recipients and file names"
    CHANGE_JOBS = "hold, release, cancel, retry jobs"
    LOG_IN = "log a user in and out at a place"
    NAME_ADDRESS = "say at a log-in which address a user has"
    SIGN_IN = "open a user's sign-in screen"
    ACQUIRE = "[Acquire]: open the administrator's sign-in screen"
    DELETE_TOKENS = "delete users' tokens"
    DELETE_ADMINISTRATORS_TOKEN = "delete the administrator's token"  # noqa: S105 - an act
    SEE_STATUS = "see the state of sign-ins"
    SEE_INFORMATION = "see warnings about users; those about the device everybody sees"
    SEE_TO_ACT = "see warnings about users on which somebody else must act than the user"
    ACKNOWLEDGE = "acknowledge warnings about users"
    ACKNOWLEDGE_TO_ACT = "acknowledge warnings about users on which somebody else must act than the user"
    ACKNOWLEDGE_DEVICE = "acknowledge warnings about the device"
    SEE_SETTINGS = "see settings"
    CHANGE_SETTINGS = "change settings"
    CHANGE_PROGRAMS = "change who controls the device, which programs it runs and which files they fill"
    USE_BOXES = "keep, see, fetch and delete documents of a user's box"
    SEE_HISTORY = "read the journal, which holds no names"
    FORGET = "forget a person: everything of his is erased"
    RESET = "factory reset: everything is erased"
    EXCHANGE_KEY = "exchange the key that seals what the device keeps"


class Rights(NamedTuple):
    controller: Reach
    administrator: Reach
    user: Reach

    def of(self, role: Role) -> Reach:
        reach: Reach = getattr(self, role.value)
        return reach


NO, OWN, ALL = Reach

RIGHTS: Mapping[Act, Rights] = MappingProxyType({
    #                                        controller  administrator  user
    Act.SUBMIT:                       Rights(ALL,        NO,            OWN),
    Act.SUBMIT_FOR_DEVICE:            Rights(ALL,        NO,            NO),
    Act.BRING:                        Rights(ALL,        OWN,           OWN),
    Act.SEE_JOBS:                     Rights(ALL,        ALL,           OWN),
    Act.SEE_CONTENT:                  Rights(ALL,        NO,            OWN),
    Act.CHANGE_JOBS:                  Rights(ALL,        ALL,           OWN),
    Act.LOG_IN:                       Rights(ALL,        OWN,           OWN),
    Act.NAME_ADDRESS:                 Rights(ALL,        NO,            NO),
    Act.SIGN_IN:                      Rights(ALL,        NO,            OWN),
    Act.ACQUIRE:                      Rights(ALL,        ALL,           NO),
    Act.DELETE_TOKENS:                Rights(ALL,        ALL,           OWN),
    Act.DELETE_ADMINISTRATORS_TOKEN:  Rights(ALL,        ALL,           NO),
    Act.SEE_STATUS:                   Rights(ALL,        ALL,           OWN),
    Act.SEE_INFORMATION:              Rights(ALL,        NO,            OWN),
    Act.SEE_TO_ACT:                   Rights(ALL,        ALL,           NO),
    Act.ACKNOWLEDGE:                  Rights(ALL,        NO,            OWN),
    Act.ACKNOWLEDGE_TO_ACT:           Rights(ALL,        ALL,           NO),
    Act.ACKNOWLEDGE_DEVICE:           Rights(ALL,        ALL,           NO),
    Act.SEE_SETTINGS:                 Rights(ALL,        ALL,           NO),
    Act.CHANGE_SETTINGS:              Rights(ALL,        ALL,           NO),
    Act.CHANGE_PROGRAMS:              Rights(ALL,        NO,            NO),
    Act.USE_BOXES:                    Rights(ALL,        NO,            OWN),
    Act.SEE_HISTORY:                  Rights(ALL,        ALL,           NO),
    Act.FORGET:                       Rights(ALL,        ALL,           NO),
    Act.RESET:                        Rights(ALL,        ALL,           NO),
    Act.EXCHANGE_KEY:                 Rights(ALL,        ALL,           NO),
})  # fmt: skip


class Viewer(NamedTuple):
    """Who asks."""

    role: Role
    login: str = ""
    "Of a user; of an administrator who is logged in at a place, `administrator`."


def may(viewer: Viewer, act: Act, login: str) -> bool:
    """Whether the viewer may do this to what is this login's; an empty `login`: to what is nobody's alone."""
    reach = RIGHTS[act].of(viewer.role)
    return reach is ALL or (reach is OWN and bool(login) and viewer.login == login)


def cancelled_by(viewer: Viewer, owner: str, by: str = "") -> Ending:
    """Why a job of this owner ends when the viewer cancels it. `by`: in whose name the controller does that;
    empty: in the owner's.
    """
    if viewer.role is not Role.CONTROLLER:
        by = ADMINISTRATOR if viewer.role is Role.ADMINISTRATOR else viewer.login
    return Ending.CANCELLED if by in ("", owner) else Ending.REVOKED


SPEAK = frozenset({"control", "hooks", "metrics", "page", "programs", "browser.command", "store"})
"Sections and keys of settings by which whoever sets them acts with the rights of the engine's own user."


def speaks(keys: Iterable[str]) -> bool:
    """Whether one of these settings is of that kind."""
    return any(key in SPEAK or key.partition(".")[0] in SPEAK for key in keys)


class Seen(NamedTuple):
    """A field of a job, and by which right it is seen."""

    field: str
    by: Act


SEEN: tuple[Seen, ...] = (
    Seen("number, owner, function, size", Act.SEE_JOBS),
    Seen("state, reason, tries, time of the next try", Act.SEE_JOBS),
    Seen("subject and text", Act.SEE_CONTENT),
    Seen("From address", Act.SEE_CONTENT),
    Seen("why in full, with addresses, and what to do about it", Act.SEE_CONTENT),
    Seen("recipients with their outcome", Act.SEE_CONTENT),
    Seen("names and sizes of files", Act.SEE_CONTENT),
)
"What is known of a job, for the documents; `SeenJob` in `engine/view.py` holds it."
