"""The state machines that run, with the state lit in which each one is now (B6).

Rule: what is drawn is what runs: the drawings are generated from the machines, and the state is read from
them.
"""

from collections.abc import Mapping
from enum import StrEnum
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
from ..play import Machine
from ..words import capital
from .drawings import brief, file_name, whole
from .here import Here, NothingThere


def shown(here: Here) -> Mapping[Machine, str]:
    """The machines of which one instance belongs to the device, its administrator or this place, with its
    key; of the others there are many, and none is meant.
    """
    return {
        VALIDATION: "",
        REFRESH_TOKEN: ADMINISTRATOR,
        ACCESS_TOKEN: ADMINISTRATOR,
        SIGN_IN: here.place,
        SESSION: here.place,
        MAILBOX: here.engine.mailboxes.address(ADMINISTRATOR),
        LIFETIME: ADMINISTRATOR,
        CREDENTIAL: "",
    }


def state_of(here: Here, machine: Machine, key: str | None) -> StrEnum | None:
    """None: nothing is to be lit."""
    if key is None or (machine is MAILBOX and not key):
        return None
    found = here.engine.reader.found(machine, key)
    return found.state if found else None


def list_shown(here: Here) -> dict[str, Any]:
    rows = [
        (file_name(machine), capital(machine.title), brief(machine, state_of(here, machine, key)))
        for machine, key in shown(here).items()
    ]
    return {"title": here.say("panel.machines"), "rows": rows}


def one_shown(here: Here) -> dict[str, Any]:
    """Raises NothingThere."""
    wanted = here.path["machine"]
    machine = next((each for each in MACHINES if file_name(each) == wanted), None)
    if machine is None:
        raise NothingThere
    state = state_of(here, machine, shown(here).get(machine))
    return {
        "title": capital(machine.title),
        "state": capital(state.value) if state else "",
        "drawing": whole(machine, state),
    }
