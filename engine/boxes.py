"""The user boxes: documents that lie in a person's box, and the links by which others fetch them (S20, S22).

A document is a file of the store's folder `boxes`, named by its number; it is on the disk, durably, before it
is committed. A crash between the two leaves a file without a document, one after its end leaves the file of a
document that is gone; the next start sweeps both.

A link is 128 bits that nobody can guess, so nothing counts guesses. It is sealed for when its mail is
composed, and is recognised by its digest.

Rule: numbers are never given twice, so that no late word about a document reaches another one.
"""

import asyncio
import base64
import hashlib
import hmac
import logging
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol

from ..events.box import DocumentFetched, DocumentKept
from ..events.registry import MalformedRecord
from ..events.request import Given, ScanToUrl
from ..machines.document import DOCUMENT, KEPT, Stay
from ..machines.effects import Effect, EraseDocument
from .bus import Publication
from .content_port import Content
from .deeds import Brought, Outcome, Performer
from .parsed import files_of, request_of
from .pieces import FileKey, Keys, read, written
from .play import Asked
from .records import DocumentRow, JobRow, LinkRow, SealLost, Write
from .runtime import Runtime
from .scans import Scans
from .secret import Secret
from .spool import Kept, SpooledFile, Taken, check, on_disk, store, sync
from .spool_folders import unwritable
from .vault_port import LinkSeal, ScanSeal
from .words import Spoken

LINK_OCTETS = 16
LINK_PATH = "d"
"A link is `[box] public_url`, this, the link's 128 bits and the document's name."
log = logging.getLogger("franking")


class Document(NamedTuple):
    """One document in a person's box."""

    number: int
    name: str
    size: int
    "Octets."
    kept_at: datetime
    expires_at: datetime | None
    "When its link ends and it is erased; None: it stays until it is deleted, or until its mail has gone."
    downloads: int
    "How often somebody fetched the whole of it by its link."


class Linked(NamedTuple):
    """What a mail says of one document."""

    document: int
    name: str
    token: Secret
    size: int
    expires_at: datetime


class Shared(NamedTuple):
    """What Scan to URL keeps in the box."""

    kept: tuple[Publication, ...] = ()
    "Facts that are committed together with the job."
    links: tuple[Linked, ...] = ()
    "For its mail."


class UnknownDocument(Spoken, LookupError):
    def __init__(self, document: int, user: str) -> None:
        super().__init__("error.document", document=document, user=user)
        self.document, self.user = document, user


class LinkEnded(LookupError):
    """A mail would bring a link to what is not there any more."""


class BoxSeal(LinkSeal, ScanSeal, Protocol):
    """The vault, as far as the user boxes need it."""


class Boxes:
    def __init__(self, folder: Path, runtime: Runtime, seal: BoxSeal, scans: Scans) -> None:
        """`scans`: tells how much room there is, and whether files are sealed."""
        self.folder, self.runtime, self.store, self.seal = folder, runtime, runtime.store, seal
        self.scans = scans
        folder.mkdir(mode=0o700, exist_ok=True)
        self.next = max(self.store.last_document(), *self.files(), 0) + 1

    def files(self) -> list[int]:
        return [int(path.name) for path in self.folder.iterdir() if path.name.isdecimal()]

    def path(self, document: int) -> Path:
        return self.folder / str(document)

    # Into a box

    @asynccontextmanager
    async def taken(self, identity: str, paths: Sequence[Path]) -> AsyncIterator[tuple[DocumentRow, ...]]:
        """Copies the files into the box, durably, for the block to commit; where it raises, they are erased.
        Raises ScanUnreadable, NoRoom, SealFailed, StoreFailed.
        """
        with self.scans.reserved(paths):
            numbers, seals = self.numbers(len(paths)), self.scans.settings().seal
            keys = tuple(FileKey.new(f"document {number}") if seals else None for number in numbers)
            files = await asyncio.to_thread(self.copied, numbers, paths, keys)
            async with self.or_erased(numbers):
                yield self.rows(identity, numbers, files, keys)

    @asynccontextmanager
    async def adopted(
        self, identity: str, paths: Sequence[Path], taken: Taken
    ) -> AsyncIterator[tuple[DocumentRow, ...]]:
        """As `taken`, for files of the spool: without another copy, the same octets get a second name, and
        are opened with the same key. Raises SealFailed, StoreFailed.
        """
        numbers = self.numbers(len(paths))
        await asyncio.to_thread(self.linked_in, numbers, paths)
        async with self.or_erased(numbers):
            yield self.rows(identity, numbers, taken.files, taken.keys)

    @asynccontextmanager
    async def or_erased(self, numbers: Sequence[int]) -> AsyncIterator[None]:
        try:
            yield
        except BaseException:
            await asyncio.to_thread(self.erase, numbers)
            raise

    def numbers(self, count: int) -> range:
        first, self.next = self.next, self.next + count
        return range(first, self.next)

    def rows(
        self, identity: str, numbers: Sequence[int], files: Sequence[SpooledFile], keys: Keys
    ) -> tuple[DocumentRow, ...]:
        """Raises SealFailed."""
        at = self.runtime.clock.now().isoformat()
        return tuple(
            DocumentRow(number, identity, file.name, file.size, file.sha256, at, self.sealed(number, key))
            for number, file, key in zip(numbers, files, keys, strict=True)
        )

    def sealed(self, document: int, key: FileKey | None) -> bytes:
        """Raises SealFailed."""
        return b"" if key is None else self.seal.seal_document(document, written((key,)))

    def copied(self, numbers: Sequence[int], paths: Sequence[Path], keys: Keys) -> list[SpooledFile]:
        for path in paths:
            check(path)
        with self.whole(numbers):
            return [
                store(path, self.path(number), key, Given.LENT)
                for number, path, key in zip(numbers, paths, keys, strict=True)
            ]

    def linked_in(self, numbers: Sequence[int], paths: Sequence[Path]) -> None:
        with self.whole(numbers):
            for number, path in zip(numbers, paths, strict=True):
                os.link(path, self.path(number))

    @contextmanager
    def whole(self, numbers: Sequence[int]) -> Iterator[None]:
        """All the files, durably, or none."""
        try:
            yield
            sync(self.folder)
        except OSError as error:
            self.erase(numbers)
            raise unwritable(error, "the folder of the user boxes") from error
        except BaseException:
            self.erase(numbers)
            raise

    def kept(self, row: DocumentRow, *also: Write) -> Publication:
        """`also`: rows of the same commit."""
        fact = DocumentKept(document=row.document, identity=row.identity)
        return Publication(fact, rows=(*also, row))

    # Links

    @asynccontextmanager
    async def shared(
        self, job: JobRow, paths: Sequence[Path], taken: Taken, keep: timedelta
    ) -> AsyncIterator[Shared]:
        """The job's files become documents of its owner, each with a link, for the block to commit together
        with the job. `keep`: how long the links are to work. Raises SealFailed, StoreFailed.
        """
        ends = self.runtime.clock.now() + keep
        async with self.adopted(job.owner, paths, taken) as rows:
            made = [(row, *self.linked(row, job.job, ends)) for row in rows]
            yield Shared(
                tuple(self.kept(row, link) for row, link, _ in made),
                tuple(linked for _, _, linked in made),
            )

    def linked(self, row: DocumentRow, job: int, expires_at: datetime) -> tuple[LinkRow, Linked]:
        """A new link, which the job's mail brings. Raises SealFailed."""
        token = Secret(base64.urlsafe_b64encode(os.urandom(LINK_OCTETS)).decode().rstrip("="))
        sealed = self.seal.seal_link(row.document, token)
        link = LinkRow(row.document, job, sealed, digest(token.reveal()))
        return link, Linked(row.document, row.name, token, row.size, expires_at)

    def links_of(self, job: JobRow, keep: timedelta) -> tuple[Linked, ...]:
        """For the mail of a job; none but Scan to URL has any. `keep`: how long they work from now on, unless
        its request names another time or a try of this mail has said until when. Raises LinkEnded where
        a document is gone, SealFailed where the store's key cannot be read.
        """
        request = request_of(job)
        if not isinstance(request, ScanToUrl):
            return ()
        rows = self.store.links_of(job.job)
        if len(rows) < len(files_of(job)):
            raise LinkEnded
        ends = self.runtime.clock.now() + (request.keep or keep)
        return tuple(self.of_link(row, ends) for row in rows)

    def of_link(self, link: LinkRow, ends: datetime) -> Linked:
        """Raises LinkEnded, SealFailed."""
        row, stay = self.store.document(link.document), self.stay(link.document)
        if row is None or stay is None:
            raise LinkEnded
        token = self.seal.open_link(link.document, link.sealed)
        return Linked(row.document, row.name, token, row.size, stay.expires_at or ends)

    def found(self, token: str, name: str) -> DocumentRow | None:
        """The document that this link leads to now; None alike for what never was, is over or has another
        name. Raises StoreFailed.
        """
        wanted = digest(token)
        link = self.store.link(wanted)
        if link is None or not hmac.compare_digest(link.digest, wanted):
            return None
        row, stay = self.store.document(link.document), self.stay(link.document)
        if row is None or row.name != name or stay is None or stay.expires_at is None:
            return None
        return row if self.runtime.clock.now() < stay.expires_at else None

    async def fetched(self, document: int) -> None:
        """Somebody has all of it. Raises StoreFailed, EngineStopped."""
        await self.runtime.publish(Publication(DocumentFetched(document=document)))

    # What lies there

    def stay(self, document: int) -> Stay | None:
        """None: it is not there, or its record cannot be read."""
        try:
            found = self.runtime.instance(DOCUMENT, str(document))
        except MalformedRecord as error:
            log.error("%s", error)
            return None
        return found.data if found.state is KEPT and isinstance(found.data, Stay) else None

    def of(self, identity: str) -> tuple[Document, ...]:
        """One whose record cannot be read is shown, too, so that it can be deleted."""
        rows = self.store.documents_of(identity)
        return tuple(document(row, self.stay(row.document) or Stay()) for row in rows)

    def rows_in(self, identity: str | None, user: str, documents: Sequence[int]) -> list[DocumentRow]:
        """Of a person's own documents. Raises UnknownDocument for one that is not in his box."""
        known = {row.document: row for row in self.store.documents_of(identity)} if identity else {}
        for number in documents:
            if number not in known:
                raise UnknownDocument(number, user)
        return [known[number] for number in documents]

    # Out of a box

    def key(self, row: DocumentRow) -> FileKey | None:
        """None: it is not sealed. Raises SealFailed."""
        if not row.sealed:
            return None
        try:
            (key,) = read(self.seal.open_document(row.document, row.sealed))
        except (ValueError, TypeError):
            raise SealLost("seal.broken", identity=f"document {row.document}", source="the store") from None
        return key

    def content(self, row: DocumentRow) -> Content:
        """To be read. Raises SealFailed."""
        return on_disk(self.path(row.document), spooled(row), self.key(row))

    def performers(self) -> dict[type[Effect], Performer]:
        return {EraseDocument: Performer(self.erase_document, lambda asked: ())}

    async def erase_document(self, asked: Asked, brought: Brought) -> Outcome:
        await asyncio.to_thread(self.erase, (int(asked.key),))
        return ()

    def erase(self, documents: Sequence[int]) -> None:
        """The files leave the disk; one that is gone already is no error, one that cannot be removed is tried
        again at the next start.
        """
        for number in documents:
            try:
                self.path(number).unlink(missing_ok=True)
            except OSError as error:
                why = error.strerror
                log.error("document %d cannot be erased (%s); the next start tries again", number, why)

    def sweep(self, keep: frozenset[int]) -> None:
        """Removes the files of documents that never came to be, or are over."""
        self.erase([number for number in self.files() if number not in keep])


def spooled(row: DocumentRow) -> SpooledFile:
    return SpooledFile(row.name, row.size, row.sha256, Kept.SEALED_FILE if row.sealed else Kept.FILE)


def document(row: DocumentRow, stay: Stay) -> Document:
    kept_at = datetime.fromisoformat(row.kept_at)
    return Document(row.document, row.name, row.size, kept_at, stay.expires_at, stay.downloads)


def digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()
