"""`docs/faults.md`: what becomes of a message, whatever the submission server does.

Rule: the cells are what was played; the document is at the same time what the tests expect, so that a change
is read as a difference. `make stories` writes it anew.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from franking.diagrams.documents import table
from franking.tests.faults.submission_faults import ACTS, OF_A_MESSAGE, OF_AN_ENVELOPE, POINTS

PATH = Path(__file__).resolve().parents[2] / "docs" / "faults.md"
NOTHING = "–"
"Not a thing that a server can do there."

Cells = Mapping[tuple[str, str, str], str]
"By scene, what the server does, and the point."

HEAD = """\
<!-- printed from what was played, by `make stories` -->
# What becomes of a message when the mail server misbehaves

A submission server that does each thing on the left at each point of the dialogue, and what it comes to: the
verdict, and the code that `franking history` shows. Every cell is played over real sockets with TLS in each
run of the tests. What a verdict leads to, and what each code means, is in
[errors.md](errors.md#mail-servers); in short:

- *sent*: the server took the message. What happens at QUIT changes nothing any more.
- *later*: the server has nothing of it. The job waits and goes again by itself, with the same Message-ID.
- *unknown*: the message was written to its end, and no answer came that says what the server made of it. The
  job goes again, and the one possible duplicate is recorded and shown (RFC 1047).
- *ended*: the server refused it for good. The job ends, and [Information] says why.
- *token refused* and *closes the mailbox*: the job waits until the sign-in or the mailbox is mended.

What holds in every cell: nothing is told as sent that the server did not take; what it may have taken is
told as sent or unknown; no body begins before it is written down that it does; nothing that is said in clear
counts once TLS begins (a reply that is said twice at STARTTLS, or before EHLO in TLS is asked); no secret
goes in clear; the connection is closed. A reply may take one minute, a final dot ten, and a block of the body
three; a reply that comes in pieces gains no time.

Where the outcome names another point than the column, it stands in brackets. In `–` there is nothing to do.
"""
ONE = """\
## One message
"""
FIRST = """\
## Two messages on one connection: at the first

What becomes of the first and of the second. Where the first was taken or not read, the second goes on, by
another connection where this one is gone.
"""
BEHIND = """\
## Two messages on one connection: at the second

Its envelope goes right behind the body of the first (RFC 2920), which the server answers when it has come.
"""


def document(cells: Cells) -> str:
    return "\n".join([
        HEAD,
        ONE,
        matrix(cells, "alone", tuple(POINTS)),
        FIRST,
        matrix(cells, "first", OF_A_MESSAGE),
        BEHIND,
        matrix(cells, "behind", OF_AN_ENVELOPE),
    ])  # fmt: skip


def matrix(cells: Cells, scene: str, points: tuple[str, ...]) -> str:
    rows = [
        [act.name, *(cells.get((scene, act.name, point), NOTHING) for point in points)]
        for act in ACTS
        if any((scene, act.name, point) in cells for point in points)
    ]
    return table(["the server", *(POINTS[point] for point in points)], rows)


@cache
def printed() -> dict[tuple[str, str, str], str]:
    """The cells of the document as it lies there."""
    points = {heading: point for point, heading in POINTS.items()}
    found: dict[tuple[str, str, str], str] = {}
    tables = re.split(r"^## ", PATH.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    for scene, text in zip(("alone", "first", "behind"), tables, strict=True):
        lines = [line.strip("| \n").split(" | ") for line in text.splitlines() if line.startswith("| ")]
        heads = [points[head] for head in lines[0][1:]]
        for name, *row in lines[2:]:
            found |= {
                (scene, name, point): cell for point, cell in zip(heads, row, strict=True) if cell != NOTHING
            }
    return found
