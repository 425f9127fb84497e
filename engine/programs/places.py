"""Where programs of this machine find the engine: its socket, and the folder for when it is away.

Rule: nothing is imported here that a program which starts for each message would wait for.
"""

import os
from collections.abc import Mapping

NAME = "franking.sock"
SERVICE = f"/run/franking/{NAME}"
SERVICE_DROP = "/var/spool/franking"
"Not in the service's state folder: its service manager may give that, with all in it, to another owner."
NAMED = "FRANKING_SOCKET"
"The variable that names a socket."
DROP_NAMED = "FRANKING_DROP"
"The variable that names a drop folder."


def sockets(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Where an engine may answer, in this order: the system's first, for mail is the system's business."""
    if named := environment.get(NAMED):
        return (named,)
    state = environment.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local/state")
    return (SERVICE, os.path.join(state, "franking", "control", NAME))


def drop_of(socket: str, environment: Mapping[str, str]) -> str:
    """Of the engine with this socket: the system's in its spool, any other one's beside its socket."""
    named = environment.get(DROP_NAMED)
    beside = os.path.join(os.path.dirname(socket), "drop")
    return named or (SERVICE_DROP if socket == SERVICE else beside)
