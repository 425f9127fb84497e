"""The state machines that run, with the state lit in which each one is now (B6).

Rule: what is drawn is what runs: the drawings are generated from the machines, and the state is read from
them.
"""

from typing import Any

from ...events.base import ADMINISTRATOR
from ...machines import MACHINES
from ...machines.access_token import ACCESS_TOKEN
from ...machines.credential import CREDENTIAL
from ...machines.lifetime import LIFETIME
from ...machines.mailbox import MAILBOX
from ...machines.refresh_token import REFRESH_TOKEN
from ...machines.session import SESSION
from ...machines.sign_in import SIGN_IN
from ...machines.validation import VALIDATION
from .drawings import brief, file_name, whole
from .here import Here, NothingThere

SHOWN = (VALIDATION, REFRESH_TOKEN, ACCESS_TOKEN, SIGN_IN, SESSION, MAILBOX, LIFETIME, CREDENTIAL)
"Those of which there is one that belongs to the device, its administrator or this place."


def key_of(here: Here, title: str) -> str | None:
    """Of the instance that is shown; None: one of many, of which none is meant."""
    keys = {
        VALIDATION.title: "",
        CREDENTIAL.title: "",
        REFRESH_TOKEN.title: ADMINISTRATOR,
        ACCESS_TOKEN.title: ADMINISTRATOR,
        LIFETIME.title: ADMINISTRATOR,
        SIGN_IN.title: here.place,
        SESSION.title: here.place,
        MAILBOX.title: here.engine.mailboxes.address(ADMINISTRATOR),
    }
    return keys.get(title)


def state_of(here: Here, title: str) -> str:
    """The value of its state; empty: nothing is to be lit."""
    key = key_of(here, title)
    machine = next(each for each in MACHINES if each.title == title)
    if key is None or (machine is MAILBOX and not key):
        return ""
    found = here.engine.reader.found(machine, key)
    return found.state.value if found else ""


def list_shown(here: Here) -> dict[str, Any]:
    rows = [
        (file_name(each.title), each.title, brief(each.title, state_of(here, each.title))) for each in SHOWN
    ]
    return {"title": here.say("panel.machines"), "rows": rows}


def one_shown(here: Here) -> dict[str, Any]:
    """Raises NothingThere."""
    wanted = here.path["machine"]
    machine = next((each for each in MACHINES if file_name(each.title) == wanted), None)
    if machine is None:
        raise NothingThere
    state = state_of(here, machine.title)
    return {
        "title": machine.title[:1].upper() + machine.title[1:],
        "state": state,
        "drawing": whole(machine.title, state),
    }
