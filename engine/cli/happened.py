"""What happened, as `franking history` and `franking replay` show it: a row a line, below it what it told.

Rule: whoever may read the store's file sees the names that are in it.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from rich.table import Table
from rich.text import Text

from ..happenings import Happening
from .status import coloured
from .terminal import columns, plain
from .times import local_seconds

SAYS = frozenset(
    {
        "code",
        "reason",
        "why",
        "left_out",
        "broken",
        "changed",
        "jobs",
        "taken",
        "refused",
        "first",
        "unreadable",
    }
)
"Fields that a row tells; `--json` has all."
NOTHING: Mapping[str, str] = MappingProxyType({})
Names = Mapping[str, str]
"Of identities and mailboxes, by their ids."


def rows(found: Iterable[Happening], names: Names, owners: Names = NOTHING) -> Table:
    """`owners`: the identities whose the jobs are, by their numbers."""
    made = columns()
    made.add_column("Line", justify="right", style="dim")
    for title in ("When", "What", "Whose"):
        made.add_column(title, no_wrap=True)
    made.add_column("Moved", overflow="fold")
    made.add_column("Says", overflow="fold")
    for each in found:
        made.add_row(
            str(each.sequence),
            local_seconds(each.at) if each.at else "",
            Text("  " if each.because else "").append(plain(spelt(each.fact))),
            Text(plain(whose(each, names, owners))),
            moved(each),
            Text(plain(says(each))),
        )
    return made


def spelt(fact: str) -> str:
    """`JobPartlySent` as `job partly sent`."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in fact).strip()


def whose(each: Happening, names: Names, owners: Names = NOTHING) -> str:
    """A job is its owner's, also where it goes by another's sign-in."""
    told = {
        "job": "job {}",
        "document": "document {}",
        "identity": "{}",
        "account": "{}",
        "place": "at {}",
    }
    about, owner = dict(each.about), owners.get(each.about.get("job", ""))
    if owner is not None:
        about.pop("identity", None)
        told["job"] = f"job {{}} of {names.get(owner, owner)}"
    found = [told[kind].format(names.get(value, value)) for kind, value in about.items()]
    subject = each.fields.get("subject")
    return ", ".join(found) or (names.get(subject, subject) if isinstance(subject, str) else "")


def moved(each: Happening) -> Text:
    """Instances that came into another state."""
    line = Text()
    for move in each.moved:
        if move.before != move.after:
            line.append(", " if line else "").append(f"{move.machine} ", style="dim")
            line.append_text(coloured(move.after, spelt_state(move.after)))
    return line


def spelt_state(state: str) -> str:
    return state.replace("_", " ")


def says(each: Happening) -> str:
    found = [(name, value) for name, value in each.fields.items() if name in SAYS and value]
    return ", ".join(
        f"{name.replace('_', ' ')} {', '.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in found
    )


def as_json(each: Happening) -> dict[str, object]:
    """What `--json` prints of a line: `sequence`, `at`, `fact` (its name in the journal), `about` (its
    subjects: `job`, `identity`, `place`, `account`, `document`), `fields` (what else it says), `because` (the
    line of which it was told), `moved`, each: `machine`, `key`, `before`, `after` (states).
    """
    return {
        **each._asdict(),
        "at": each.at.isoformat() if each.at else None,
        "about": dict(each.about),
        "moved": [move._asdict() for move in each.moved],
    }
