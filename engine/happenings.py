"""What happened, line by line and with its cause: on some days, to one identity, or both (B5).

The journal is stepped again by the machines, from the last checkpoint before, so that each line tells what it
moved and of which line it was told. Where that cannot be, for other machines wrote these lines or the
beginning is not kept, the lines are told without, and why.

Rule: reading changes nothing; a line that cannot be read is told by its name.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from ..events.base import Event, OfAccount, OfDocument, OfIdentity, OfJob, OfPlace
from ..events.device import CheckpointTaken
from ..events.information import InformationCleared, InformationRaised
from .journal import AT_ONCE, Entry, Gap, Unreadable, entry
from .play import Move
from .replay import AnotherDefinition, BeginningLost, Diverged, Replayed, Stepped, begun, steps
from .store_port import Reading

SUBJECTS = tuple(kind.subject for kind in (OfJob, OfIdentity, OfPlace, OfAccount, OfDocument))


class Moved(NamedTuple):
    """What one line did to one instance of a machine."""

    machine: str
    key: str
    "Of its subject; empty for the device's own."
    before: str
    after: str
    "States; the same where its data alone changed."


class Happening(NamedTuple):
    sequence: int
    "The line of the journal."
    at: datetime | None
    "None: the line, or its moment, cannot be read; or it is a gap."
    fact: str
    about: Mapping[str, str]
    "Its subjects: `job`, `identity`, `place`, `account`, `document`."
    fields: Mapping[str, object]
    "What else it says, as JSON has it."
    because: int | None
    "The line of which it was told; None: it came from outside."
    moved: tuple[Moved, ...]


class Happened(NamedTuple):
    lines: tuple[Happening, ...]
    why_bare: str = ""
    "Why causes and moves cannot be told, from some line on; empty: they are."


def journal(store: Reading) -> list[Entry]:
    """All of it. Raises StoreFailed."""
    found: list[Entry] = []
    after = 0
    while lines := store.lines(after, AT_ONCE):
        found += map(entry, lines)
        after = lines[-1].sequence
    return found


def happened(
    store: Reading,
    since: datetime | None = None,
    until: datetime | None = None,
    identity: str | None = None,
) -> Happened:
    """From `since` on, before `until`, and about one identity: its tokens, its places and its jobs; with the
    cause of each line. Raises StoreFailed.
    """
    found = journal(store)
    first = next((each.sequence for each in found if not before(each, since)), None)
    if first is None:
        return Happened(())
    stepped, why = stepped_from(found, first)
    jobs = {row.job for row in store.jobs_about(identity)} if identity else set()
    wanted = {
        each.entry.sequence
        for each in stepped
        if each.entry.sequence >= first
        and (until is None or before(each.entry, until))
        and (identity is None or concerns(each, identity, jobs))
    }
    wanted |= {each.because for each in stepped if each.because and each.entry.sequence in wanted}
    return Happened(tuple(told(each) for each in stepped if each.entry.sequence in wanted), why)


def stepped_from(found: Sequence[Entry], first: int) -> tuple[list[Stepped], str]:
    """Every line from a checkpoint before the line `first` on, and why some are not stepped."""
    world, why = Replayed(), ""
    stepped: list[Stepped] = []
    try:
        stepped.extend(steps(world, begun(world, found, first)))
    except (AnotherDefinition, BeginningLost, Diverged) as error:
        why = str(error)
    done = stepped[-1].entry.sequence if stepped else 0
    bare = (Stepped(each, None) for each in found if each.sequence > done)
    return [*stepped, *bare], why


def before(line: Entry, moment: datetime | None) -> bool:
    """What has no moment that can be read counts to what stands beside it."""
    return moment is not None and isinstance(line.event, Event) and line.event.at < moment


def concerns(step: Stepped, identity: str, jobs: set[int]) -> bool:
    event = step.entry.event
    if isinstance(event, Unreadable | Gap):
        return False
    if identity in (getattr(event, "identity", None), getattr(event, "subject", None)):
        return True
    if getattr(event, "job", None) in jobs:
        return True
    if isinstance(event, InformationRaised | InformationCleared) and event.subject in map(str, jobs):
        return True
    return any(identity in of_move(move) for move in step.moves)


def of_move(move: Move) -> Iterator[str]:
    """Whom the instance belongs to, before or after."""
    for instance in (move.before, move.after):
        found = getattr(instance.data, "identity", None)
        if isinstance(found, str):
            yield found


def told(step: Stepped) -> Happening:
    event, sequence = step.entry.event, step.entry.sequence
    if isinstance(event, Gap):
        fields = {"first": event.first, "last": event.last}
        return Happening(sequence, None, "Gap", {}, fields, None, ())
    if isinstance(event, Unreadable):
        return Happening(sequence, None, event.name, {}, {"unreadable": event.why}, None, ())
    fields = told_fields(event)
    about = {name: str(fields.pop(name)) for name in SUBJECTS if fields.get(name) is not None}
    moved = tuple(Moved(*each) for each in moves_of(step.moves))
    return Happening(sequence, event.at, type(event).__name__, about, fields, step.because, moved)


def told_fields(event: Event) -> dict[str, Any]:
    """A checkpoint's instances are no news."""
    left_out = {"at", "instances", "raised"} if isinstance(event, CheckpointTaken) else {"at"}
    return event.model_dump(mode="json", exclude=left_out)


def moves_of(moves: Iterable[Move]) -> Iterator[tuple[str, str, str, str]]:
    for move in moves:
        yield move.machine.title, move.key, shown(move.before.state), shown(move.after.state)


def shown(state: object) -> str:
    """As the manual names it where it does, such as `Acquired`."""
    return str(state)
