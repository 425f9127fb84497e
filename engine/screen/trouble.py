"""Why the device's browser does not show the sign-in, in the words for the [Information] screen.

One row a fault; the sentences of other languages stand in `engine/words` as `screen.NAME`.
"""

from enum import StrEnum

from ...events.information import Actor
from ..ports import AnswerClass, Trouble


class Fault(StrEnum):
    """The value is the Trouble's code."""

    NO_BROWSER = "no browser"
    NO_PROGRAM = "no such browser"
    COMMAND = "browser command"
    PASSWORD = "browser proxy"  # noqa: S105 - a code, no secret
    NOT_STARTED = "browser not started"
    ENDED = "browser ended"


FAULTS: dict[Fault, tuple[str, str]] = {
    Fault.NO_BROWSER: (
        "No browser is found on this device.",
        "Install Chromium, Firefox or cog, or name a browser in `browser.command` of the settings file.",
    ),
    Fault.NO_PROGRAM: (
        "The browser that `browser.command` of the settings file names is not found on this device.",
        "Install it, name another one, or leave the setting out.",
    ),
    Fault.COMMAND: (
        "`browser.command` of the settings file does not say where the page goes.",
        "Write {start} where the command takes the address of a page.",
    ),
    Fault.PASSWORD: (
        "The password of the browser's proxy cannot be read.",
        "Put it where `browser.proxy.credential` of the settings file says, for this program to read.",
    ),
    Fault.NOT_STARTED: (
        "The browser could not be started.",
        "Let this program start programs, and write below $RUNTIME_DIRECTORY or the temp folder.",
    ),
    Fault.ENDED: (
        "The browser ended by itself.",
        "Start it by hand as this program's user to see why: it needs a display, and not to be root.",
    ),
}


class NoBrowser(Exception):
    """There is no browser to start."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(" ".join(FAULTS[fault]))
        self.fault = fault


def trouble(fault: Fault, detail: str = "") -> Trouble:
    """`detail`: for who looks for the cause, such as `status 1`; stands beside the code."""
    cause, remedy = FAULTS[fault]
    code = f"{fault.value}, {detail}" if detail else fault.value
    meaning = f"screen.{fault.name.lower().replace('_', '-')}"
    return Trouble(AnswerClass.OURS, code, meaning, cause, remedy, Actor.ADMIN)
