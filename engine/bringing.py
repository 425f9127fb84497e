"""A message that a program brings (B13): from its octets to a job in the spool, with the same rules, the same
durability and the same history as a scan.

Rule: its header says what lists show; where it goes, and for whom, its caller says.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from ..events.base import ADMINISTRATOR
from ..events.information import Info
from ..events.job import JobSubmitted
from ..events.request import AnyAsGiven, AsGiven, ByProgram, FromPerson, FromProgram, Given, Request
from ..machines.job import DROPPED
from ..machines.report import notify_of
from .boxes import Shared
from .bus import Publication
from .incoming import STEP_OCTETS, Incoming
from .parsed import new_row
from .records import InformationDetail, JobRow
from .spool import Original, original, piece
from .submitting import Coming, Receipt, Submitting


class Bringing(Submitting):
    @asynccontextmanager
    async def incoming(self, *, strict: bool = False) -> AsyncIterator[Incoming]:
        """Room for a message that comes piece by piece; what was not submitted when the block ends is gone.
        `strict`: lines that CRLF does not end are refused, as by SMTP. Raises NoRoom, EngineFailed.
        """
        self.runtime.check()
        async with self.scans.incoming(self.number, strict=strict) as coming:
            yield coming

    async def submit_brought(
        self, request: AnyAsGiven, coming: Incoming, place: str | None = None
    ) -> Receipt:
        """Returns when the job and its message are durable. Raises as `submit`, and MessageUnfit."""
        header = await coming.ended()
        if not request.subject:
            request = request.model_copy(update={"subject": header.subject})
        return await self.submitted(request, place, partial(self.keep_brought, coming), coming.job)

    async def keep_brought(self, coming: Incoming, accepted: Coming) -> JobRow:
        """Raises Refused, Unencodable, NoRoom, SealFailed, StoreFailed."""
        row = accepted.row._replace(mark=coming.mark)
        own = coming.header.message_id or row.message_id
        accepted = accepted._replace(row=row._replace(message_id=own))
        coming.room.at_least(coming.octets)
        coming.kept = True  # by who carries it through, whether his caller stays or not
        if not coming.on_disk:  # one commit is all of it
            return await self.commit_brought(coming, accepted)
        return await self.carried_through(self.commit_brought(coming, accepted))

    async def commit_brought(self, coming: Incoming, accepted: Coming) -> JobRow:
        try:
            taken = await coming.taken()
            stored = accepted.with_files(taken)
            await self.commit(stored, taken, Shared())
        except BaseException:
            await coming.gone()
            raise
        return stored.row

    async def refused_late(self, request: ByProgram | FromProgram, message_id: str, detail: str) -> None:
        """Of mail that can never be taken and whose program has ended: its owner learns it as of a job that
        ended. `detail`: of the information. Raises AddressUnusable, LoginEmpty, LoginReserved, StoreFailed.
        """
        job = self.number()
        person = self.people.remembered(request.user, None) if isinstance(request, FromPerson) else None
        owner = person.identity if person else ADMINISTRATOR
        sender = self.people.address(owner)
        row = new_row(job, request, owner, owner, sender, message_id, self.clock.now())
        fact = JobSubmitted(
            job=job,
            identity=owner,
            function=request.function,
            notify=notify_of(request),
            refused=DROPPED,
        )
        why = InformationDetail(Info.JOB_ENDED, str(job), detail)
        rows = (*((person,) if person else ()), row, why)
        await self.runtime.publish(Publication(fact, rows=rows))

    async def submit(self, request: Request, place: str | None = None, given: Given = Given.LENT) -> Receipt:
        if not isinstance(request, AsGiven):
            return await super().submit(request, place, given)
        handed = [Original.of(request.message)] if given is Given.HANDED_OVER else []
        async with self.incoming() as coming:
            await read(request.message, coming)
            receipt = await self.submit_brought(request, coming, place)
        await self.scans.handed_over(handed)
        return receipt


async def read(path: Path, coming: Incoming) -> None:
    """Raises ScanUnreadable, MessageUnfit, NoRoom, StoreFailed."""
    with original(path) as file:
        while octets := await asyncio.to_thread(piece, file, path, STEP_OCTETS):
            await coming.write(octets)
