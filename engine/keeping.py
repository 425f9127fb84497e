"""What a row's records change in the store: from effects to rows of the same commit.

A secret that came with a fact is sealed here, on the loop, so that the store's thread never sees it in clear.
"""

from collections.abc import Callable, Iterable, Sequence

from ..events.base import Event
from ..events.information import InformationAcknowledged, InformationCleared, InformationRaised
from ..machines.effects import DropScan, EraseGrant, ForgetDocument, KeepGrant, RevokeGrant
from ..machines.job import WAITING
from .bus import Publication, Waiting
from .play import Instance, Played
from .records import (
    AlarmDue,
    DocumentGone,
    ErasedGrant,
    InformationGone,
    InformationRead,
    InformationRow,
    JobMoved,
    LinkGone,
    RevocationBegun,
    SealedGrant,
    Whose,
    Write,
)
from .secret import Secret
from .store_port import Store
from .vault_rows import ScanGone

Seal = Callable[[str, int, Whose, Secret], SealedGrant]


class NothingBrought(TypeError):
    """A fact that a row keeps a secret of was published without one: a fault of the program."""

    def __init__(self, fact: Event) -> None:
        super().__init__(f"{type(fact).__name__} was published without the token that it brings")


def brought_with(waiting: Waiting, fact: Event) -> Publication | None:
    return next((publication for publication in waiting.publications if publication.fact is fact), None)


class Keeper:
    def __init__(self, store: Store, seal: Seal) -> None:
        self.store, self.seal = store, seal
        self.alarm_ways: Callable[[], Iterable[str]] = tuple
        "How others are told when a warning is raised; as it is, in no way."

    def records(
        self, waiting: Waiting, played: Played, before: Sequence[Write]
    ) -> tuple[list[Write], dict[str, SealedGrant]]:
        """The rows that the callers gave, then what the steps asked for; and the grants that are taken out to
        be revoked. `before`: rows of this batch that are not in the store yet. Raises NothingBrought.
        """
        writes: list[Write] = [row for publication in waiting.publications for row in publication.rows]
        taken: dict[str, SealedGrant] = {}
        for asked in played.asked:
            if isinstance(asked.effect, KeepGrant):
                publication = brought_with(waiting, asked.fact)
                if publication is None or publication.seal is None or publication.whose is None:
                    raise NothingBrought(asked.fact)
                version = asked.instance.data.version
                writes.append(self.seal(asked.key, version, publication.whose, publication.seal))
            elif isinstance(asked.effect, EraseGrant):
                writes.append(ErasedGrant(asked.key))
            elif isinstance(asked.effect, ForgetDocument):
                writes += [DocumentGone(int(asked.key)), LinkGone(int(asked.key))]
            elif isinstance(asked.effect, DropScan):
                writes.append(ScanGone(int(asked.key)))
            elif isinstance(asked.effect, RevokeGrant):
                sealed = self.present(asked.key, [*before, *writes])
                if sealed is not None:
                    taken[asked.key] = sealed
                    writes.append(RevocationBegun(revocation(sealed), asked.key))
        return writes, taken

    def present(self, identity: str, batch: Sequence[Write]) -> SealedGrant | None:
        """The grant as this batch leaves it so far."""
        for write in reversed(batch):
            if isinstance(write, SealedGrant) and write.identity == identity:
                return write
            if isinstance(write, ErasedGrant) and write.identity == identity:
                return None
        return self.store.grant(identity)


def revocation(grant: SealedGrant) -> str:
    return f"{grant.identity}#{grant.version}"


def rows_of_lines(first: int, lines: Sequence[Event], ways: Callable[[], Iterable[str]]) -> list[Write]:
    """`first`: the number of the first line; `ways`: how others are told of a warning."""
    rows: list[Write] = []
    for sequence, event in enumerate(lines, first):
        if isinstance(event, InformationCleared):
            rows.append(InformationGone(event.code, event.subject))
        elif isinstance(event, InformationAcknowledged):
            rows.append(InformationRead(event.code, event.subject))
        elif isinstance(event, InformationRaised):
            rows.append(InformationRow(event.code, event.subject, event.because, event.at.isoformat()))
            rows += [AlarmDue(sequence, way) for way in ways()]
    return rows


def row_of_job(key: str, instance: Instance) -> JobMoved:
    ready = instance.state is WAITING and instance.data.retry_at is None
    return JobMoved(int(key), instance.state.name, ready, instance.data.reason)
