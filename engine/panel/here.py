"""One request at the screens: who asks, at which face, with what; and what it may be answered with.

Rule: screens and acts get this and nothing else, so all they can reach is the view of who is logged in, and
what is shown at his place.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from starlette.datastructures import QueryParams

from ...machines.roles import Role, Viewer
from ...machines.rules import Rule
from ..control.screen import Shown, ShownAtPlaces
from ..control.uploads import Uploads
from ..engine import Engine
from ..settings import Settings
from ..signals import Transferred
from ..view import View
from ..words import Spoken, Words
from .dates import Dates
from .face import Face
from .sessions import Message, Session

Keep = Callable[[Settings, Sequence[str]], None]
"""Writes the settings of these keys where the next start finds them. May block. Raises OSError, ValueError
where it cannot.
"""


class NothingThere(Spoken, LookupError):
    """There is no such screen, or it is not for this person."""

    def __init__(self) -> None:
        super().__init__("panel.nothing")


class Shows(NamedTuple):
    """An answer of an act that is no other screen: the same one again, with what was wrong."""

    template: str
    context: Mapping[str, Any]
    status: int = 422


Answer = str | Shows
"""A path to go to, or what to show."""


@dataclass(slots=True)
class Here:
    engine: Engine = field(repr=False)
    "For what is nobody's secret: words, clock, settings of the screens themselves."
    face: Face
    session: Session
    view: View
    screen: ShownAtPlaces
    uploads: Uploads
    transfers: Mapping[int, Transferred]
    keep: Keep | None
    path: Mapping[str, str]
    query: QueryParams

    @property
    def words(self) -> Words:
        return self.engine.words

    @property
    def say(self) -> Callable[..., str]:
        return self.words.say

    @property
    def viewer(self) -> Viewer:
        return self.session.viewer

    @property
    def place(self) -> str:
        return self.session.place

    @property
    def administers(self) -> bool:
        return self.viewer.role is Role.ADMINISTRATOR

    @property
    def now(self) -> datetime:
        return self.engine.clock.now()

    @property
    def dates(self) -> Dates:
        return Dates(self.words, self.now)

    @property
    def shown(self) -> Shown | None:
        """The sign-in that is to be shown at this place, as far as it is this person's."""
        found = self.screen.places.get(self.place)
        return found if found is not None and self.view.sees_screen(self.place) else None

    @property
    def signs_in(self) -> str:
        """The login of whose sign-in is open at this place, or `administrator`, as far as it is this
        person's; empty: none is.
        """
        return self.engine.who_signs_in_at(self.place) if self.view.sees_screen(self.place) else ""

    def number(self, name: str) -> int:
        """Raises NothingThere."""
        digits = self.path[name]
        if not digits.isdecimal() or len(digits) > 18:
            raise NothingThere
        return int(digits)

    def told(self, rules: tuple[str, ...]) -> tuple[Rule, ...]:
        """Rules by their codes, as they are shown."""
        return tuple(self.words.told(rule) for rule in self.engine.rules if rule.code in rules)

    def refusals(self, rules: Iterable[Rule]) -> list[tuple[tuple[str, str], str]]:
        """Sentence and remedy of each, and who must act."""
        return [(self.words.rule(rule), self.words.actor(rule.actor)) for rule in rules]

    def says(self, message: Message) -> None:
        """On the next screen."""
        self.session.message = message
