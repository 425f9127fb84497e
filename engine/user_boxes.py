"""What people do with their boxes: keep documents, look, take them out (S20).

Rule: a box is its person's: every act names whose box it is about, and finds nothing in another one.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path

from ..events.box import DocumentDeleted
from ..events.request import FromUserBox, Request, ScanToUrl
from ..machines.document import Stay
from .at_the_panel import AtThePanel
from .boxes import Document, Shared, UnknownDocument, document, spooled
from .bus import Publication
from .records import JobRow
from .room import Reserved
from .spool import ScanUnreadable, Taken

AT_ONCE = 64
log = logging.getLogger("franking")


class UserBoxes(AtThePanel):
    async def keep_documents(self, user: str, files: Sequence[Path]) -> tuple[Document, ...]:
        """Copies of these files lie in the person's box when it returns, durably, until they are deleted.

        Raises ScanUnreadable, LoginReserved, AddressUnusable, NoRoom, SealFailed, StoreFailed; then none was
        kept.
        """
        return await self.carried_through(self.keep_all(user, files))

    async def keep_all(self, user: str, files: Sequence[Path]) -> tuple[Document, ...]:
        person = self.people.remembered(user, None)
        async with self.boxes.taken(person.identity, files) as rows:
            if rows:
                await self.runtime.publish(*(self.boxes.kept(row, person) for row in rows))
        return tuple(document(row, Stay()) for row in rows)

    async def from_box(self, job: int, request: FromUserBox, room: Reserved) -> Taken:
        """The job's files are documents of the person's own, durably, whatever becomes of the box: sealed
        ones keep the keys that they have. Raises UnknownDocument, NoRoom, SealFailed, StoreFailed.
        """
        person = self.people.find(request.user)
        rows = self.boxes.rows_in(person.identity if person else None, request.user, request.documents)
        paths = [self.boxes.path(row.document) for row in rows]
        files, keys = tuple(map(spooled, rows)), tuple(map(self.boxes.key, rows))
        room.at_least(sum(row.size for row in rows))
        try:
            return await asyncio.to_thread(self.scans.adopted, job, paths, files, keys)
        except ScanUnreadable as gone:  # deleted meanwhile, or the disk is at fault
            log.error("document %s of a user box has no file", gone.path.name)
            raise UnknownDocument(int(gone.path.name), request.user) from None

    def into_box(self, job: JobRow, request: Request, taken: Taken) -> AbstractAsyncContextManager[Shared]:
        """What Scan to URL keeps there, for the block to commit together with the job; of every other
        function nothing. Raises SealFailed, StoreFailed.
        """
        if not isinstance(request, ScanToUrl):
            return nullcontext(Shared())
        paths = [self.spool.path(job.job, number) for number in range(len(taken.files))]
        return self.boxes.shared(job, paths, taken, request.keep or self.settings.box.keep)

    def documents(self, user: str) -> tuple[Document, ...]:
        """What lies in the person's box, oldest first. Raises StoreFailed."""
        person = self.people.find(user)
        return self.boxes.of(person.identity) if person else ()

    async def delete_document(self, user: str, number: int) -> None:
        """Out of the box, and its link is dead; its file leaves the disk. Raises UnknownDocument,
        StoreFailed.
        """
        person = self.people.find(user)
        self.boxes.rows_in(person.identity if person else None, user, (number,))
        await self.say(DocumentDeleted(document=number))

    async def delete_documents(self, user: str) -> int:
        """Empties the person's box; how many documents there were. Raises StoreFailed."""
        person = self.people.find(user)
        rows = self.store.documents_of(person.identity) if person else []
        for first in range(0, len(rows), AT_ONCE):
            gone = (DocumentDeleted(document=row.document) for row in rows[first : first + AT_ONCE])
            await self.runtime.publish(*map(Publication, gone))
        return len(rows)
