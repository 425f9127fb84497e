"""What a row's records change in the store: from effects to rows of the same commit.

A secret that came with a fact is sealed here, on the loop, so that the store's thread never sees it in clear.
"""

from collections.abc import Callable, Sequence

from ..events.base import Event
from ..events.information import InformationCleared, InformationRaised
from ..machines.effects import EraseGrant, KeepGrant, RevokeGrant
from ..machines.job import WAITING
from .bus import Publication, Waiting
from .play import Asked, Instance, Played
from .records import (
    ErasedGrant,
    InformationGone,
    InformationRow,
    JobMoved,
    RevocationBegun,
    SealedGrant,
    Store,
    Write,
)
from .secret import Secret

Seal = Callable[[str, int, Secret], SealedGrant]


class NothingBrought(TypeError):
    """A fact that a row keeps a secret of was published without one: a fault of the program."""

    def __init__(self, fact: Event) -> None:
        super().__init__(f"{type(fact).__name__} was published without the token that it brings")


def brought_with(waiting: Waiting, fact: Event) -> Publication | None:
    return next((publication for publication in waiting.publications if publication.fact is fact), None)


def records_of(waiting: Waiting, played: Played, seal: Seal, store: Store) -> list[Write]:
    """Rows that the callers gave, then what the steps asked for. Raises NothingBrought."""
    writes: list[Write] = [row for publication in waiting.publications for row in publication.rows]
    for asked in played.asked:
        if isinstance(asked.effect, KeepGrant):
            publication = brought_with(waiting, asked.fact)
            if publication is None or publication.seal is None:
                raise NothingBrought(asked.fact)
            writes.append(seal(asked.key, asked.instance.data.version, publication.seal))
        elif isinstance(asked.effect, EraseGrant):
            writes.append(ErasedGrant(asked.key))
        elif isinstance(asked.effect, RevokeGrant):
            writes.append(RevocationBegun(revocation(asked), asked.key))
    return writes


def revocation(asked: Asked) -> str:
    return f"{asked.key}#{asked.instance.data.version}"


def rows_of_lines(lines: Sequence[Event]) -> list[Write]:
    first: list[Write] = []
    for event in lines:
        if isinstance(event, InformationCleared):
            first.append(InformationGone(event.code, event.subject))
        elif isinstance(event, InformationRaised):
            first.append(InformationRow(event.code, event.subject, event.because, event.at.isoformat()))
    return first


def row_of_job(key: str, instance: Instance) -> JobMoved:
    ready = instance.state is WAITING and instance.data.retry_at is None
    return JobMoved(int(key), instance.state.name, ready, instance.data.reason)
