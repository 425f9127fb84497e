"""How the commands print: results on standard output, errors on standard error; colour and movement on a
terminal only.

Rule: text from elsewhere (a server's words, a file's name) is shown without control characters, so that
nobody can paint on a person's terminal. The manual's brackets are text, never markup.
"""

import io
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ...machines.rules import Rule
from ..words import Words

WIDE = 10_000
"Columns where nobody looks: a line stays one line for whoever reads it with another program."

CONTROL = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
"Unicode categories of what does something to a terminal, or has no shape of its own."


class NotInstalledError(Exception):
    """Something that a command needs is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs more than is installed here: pip install 'franking[{extra}]'")
        self.what, self.extra = what, extra


@dataclass(frozen=True, slots=True)
class Mark:
    """How a message begins."""

    sign: str
    plain: str
    "Where the terminal has no such sign."
    style: str


DONE = Mark("✓", "ok:", "bold green")
WAITS = Mark("●", "waits:", "bold yellow")
FAILED = Mark("✗", "failed:", "bold red")


@dataclass(frozen=True, slots=True)
class Terminal:
    out: Console
    err: Console


def terminal() -> Terminal:
    """For the streams as they are now; what they cannot encode is shown as a question mark."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    return Terminal(console(stderr=False), console(stderr=True))


def console(*, stderr: bool) -> Console:
    made = Console(stderr=stderr, markup=False, emoji=False, highlight=False)
    if made.is_terminal:
        return made
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False, width=WIDE)


def plain(text: str) -> str:
    """Without control characters; a line end is a blank."""
    return "".join(" " if unicodedata.category(letter) in CONTROL else letter for letter in text)


def say(on: Console, mark: Mark, headline: str, rows: Iterable[tuple[str, str]] = ()) -> None:
    """A headline and what belongs to it, a row a thing."""
    utf = on.encoding.lower().replace("-", "") == "utf8"
    line = Text(f"{mark.sign if utf else mark.plain} ", style=mark.style)
    line.append(plain(headline), style="bold")
    put(on, line)
    detail(on, rows)


def detail(on: Console, rows: Iterable[tuple[str, str]], indent: int = 2) -> None:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for label, text in rows:
        if text:
            grid.add_row(label, Text(plain(text)))
    if grid.row_count:
        put(on, Padding(grid, (0, 0, 0, indent)))


def columns(indent: int = 2) -> Table:
    """A table without lines, whose columns are still to come."""
    return Table(box=None, padding=(0, 3, 0, indent), header_style="dim", pad_edge=False)


def put(on: Console, what: RenderableType) -> None:
    """Where nobody looks, without the blanks that fill a line to its end."""
    if on.is_terminal:
        on.print(what)
        return
    with on.capture() as captured:
        on.print(what)
    on.file.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def whats_wrong(cause: str, remedy: str, actor: str) -> list[tuple[str, str]]:
    """The three things that every refusal and warning says (B9)."""
    return [("Why", cause), ("Do", remedy), ("Who", actor)]


def refusal(on: Console, headline: str, rules: Sequence[Rule], words: Words) -> None:
    """Every broken rule at once, with the settings involved, remedy and who must act (S15)."""
    say(on, FAILED, headline)
    for rule in map(words.told, rules):
        rows = [(rule.code, rule.sentence), ("Do", rule.remedy), ("Who", words.actor(rule.actor))]
        detail(on, [*rows, ("Settings", ", ".join(rule.settings))])


@contextmanager
def transferring(on: Console, text: str) -> Iterator[Callable[[int, int], None]]:
    """A bar that shows, on a terminal, how many octets of how many have gone; elsewhere nothing."""
    if not on.is_terminal or on.is_dumb_terminal:
        yield lambda octets, of: None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn

    about = TextColumn("{task.description}", markup=False)
    with Progress(SpinnerColumn(), about, BarColumn(), DownloadColumn(), console=on, transient=True) as bar:
        task = bar.add_task(plain(text), total=None)
        yield lambda octets, of: bar.update(task, completed=octets, total=of)


@contextmanager
def spinning(on: Console, text: str) -> Iterator[None]:
    """Something that moves while one waits, on a terminal; elsewhere nothing."""
    if on.is_terminal and not on.is_dumb_terminal:
        with on.status(Text(plain(text))):
            yield
    else:
        yield
