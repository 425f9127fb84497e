"""Tables in messages: aligned columns for a reader, and comma-separated values for a program (RFC 4180).

Rule: both show the same rows; no cell changes the shape of the table, and none is a formula to the
spreadsheet that opens it.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Sequence

CSV = "text/csv"
CHARSET = "utf-8"
BETWEEN = "  "
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_FORMULA = re.compile(r"[=@\t\r]|[+-](?![ ().\d-]*$)")
"What a spreadsheet would work out; `+49 (89) 1234-5` is a number that somebody dialled."


def aligned(
    headings: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()
) -> list[str]:
    """Lines for a font of fixed width; the columns in `right` (from 0) are numbers."""
    cells = [[one_line(cell) for cell in row] for row in (headings, *rows)]
    widths = [max(map(columns, column)) for column in zip(*cells, strict=True)]

    def padded(cell: str, number: int) -> str:
        space = " " * (widths[number] - columns(cell))
        return space + cell if number in right else cell + space

    lines = [BETWEEN.join(padded(cell, number) for number, cell in enumerate(row)).rstrip() for row in cells]
    rule = BETWEEN.join("-" * width for width in widths)
    return [lines[0], rule, *lines[1:]]


def one_line(text: str) -> str:
    """What would begin another line, here or in some reader's program, becomes a space."""
    return _BREAKS.sub(" ", text)


def columns(text: str) -> int:
    """How many columns of a fixed-width font the text takes (Unicode, annex 11)."""
    return sum(
        0 if unicodedata.category(each) in {"Mn", "Me", "Cf"} else 2 if wide(each) else 1 for each in text
    )


def wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in {"W", "F"}


def separated(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """RFC 4180, in UTF-8, with a line of headings."""
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\r\n")
    lines.writerow(headings)
    lines.writerows([f"'{cell}" if _FORMULA.match(cell) else cell for cell in row] for row in rows)
    return written.getvalue().encode(CHARSET, "replace")
