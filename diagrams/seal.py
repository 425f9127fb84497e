"""An SVG file that says itself whether it is of today, so that nothing has to be laid out to know it.

It holds two digests: of all that it shows, as the definition says it now, and of itself. Where a machine, the
look or the wording has changed, the first is wrong; where a hand has changed the file, the second.

Rule: a check needs no Graphviz, and one version of Graphviz finds no fault with what another laid out.
"""

import re
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import NamedTuple

from .svg import Scene, best, unplaced

DIGEST_OCTETS = 16
SHOWS = re.compile(r" shows ([0-9a-f]+) -->\n")
CLOSED = re.compile(r"<!-- sha256 of the lines above: ([0-9a-f]+) -->\n\Z")


class Sealed(NamedTuple):
    mark: str
    "Stands in the first line."
    scenes: Callable[[], Sequence[Scene]]

    def text(self) -> str:
        """Raises MissingLibrary."""
        found = self.scenes()
        above = f"<!-- {self.mark}; shows {shown(found)} -->\n{best(found)}"
        return f"{above}<!-- sha256 of the lines above: {digest(above)} -->\n"

    def is_current(self, text: str) -> bool:
        shows, closed = SHOWS.search(text), CLOSED.search(text)
        return (
            shows is not None
            and closed is not None
            and closed[1] == digest(text[: closed.start()])
            and shows[1] == shown(self.scenes())
        )


def shown(found: Sequence[Scene]) -> str:
    return digest(f"{dict(found[0].sheet.space)}{unplaced(found)}")


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[: 2 * DIGEST_OCTETS]
