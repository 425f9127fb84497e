"""Settings of the screens that people see in a browser: at the device's panel and at their desks.

Rule: a password stands nowhere; a setting names where its hash is kept.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from .values import Host, Line, Reference, Values

Colour = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^#[0-9A-Fa-f]{6}$")]


class Theme(StrEnum):
    """Whether screens are light or dark."""

    AS_BROWSER = "as the browser"
    LIGHT = "light"
    DARK = "dark"


class Page(Values):
    """The screens in a browser: the panel's and those for people at their desks."""

    hosts: tuple[Host, ...] = ()
    "Host names by which browsers reach the screens, beside `localhost` and plain addresses."
    certificate: Reference | None = None
    "Certificate with its private key (PEM); without it the screens are served to this machine alone."
    administrator: Reference | None = None
    "The hash of the administrator's password, from `franking password`; left out: nobody logs in as him."
    passwords: dict[Line, Reference] = Field(default_factory=dict)
    "Login name to the hash of his password, from `franking password NAME`."
    theme: Theme = Theme.AS_BROWSER
    "Light or dark; as it comes, what the browser prefers."
    accent: Colour = "#0b5fa5"
    "Colour of what is to be tapped; the one of letters on it is found by itself."
    logo: Path | None = None
    "A picture beside the device's name: SVG, PNG, JPEG or WebP."
