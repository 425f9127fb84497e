"""Settings of what tells others how the device is, beside mail: hooks and metrics (B12).

Rule: neither is a way in. What is told there holds no secret, and nothing that comes back is believed.
"""

from pathlib import Path
from typing import Annotated

from pydantic import StringConstraints

from .values import Line, Reference, Values

HookUrl = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        pattern=r"^(https://[^\s/?#@]+|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?)([/?][^\s#]*)?$",
    ),
]
"Where an alarm is posted: in the clear only inside this machine."


class OnInformation(Values):
    """Who is told when a warning is raised on the [Information] screen, also while no mail can go (B12)."""

    command: tuple[Line, ...] = ()
    "A program by its whole path, with its arguments; it is given the alarm as JSON on standard input."
    url: HookUrl | None = None
    "Where the alarm is posted as JSON; may be set beside a command."
    credential: Reference | None = None
    "Goes with each post as a bearer token, where the receiver wants one (RFC 6750)."


class Hooks(Values):
    """What is called when something happens."""

    on_information: OnInformation = OnInformation()


class Reports(Values):
    """What people learn by mail of what became of their mail (S21)."""

    by_mail: bool = True
    "Who sent a message that ended without success gets a mail; OFF: [Information] and hooks alone."


class Metrics(Values):
    """Numbers for Prometheus."""

    file: Path | None = None
    "Written anew each minute, for node_exporter's textfile collector; its name ends in `.prom`."
