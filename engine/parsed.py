"""What stands in a job's row as JSON, as values: read once where it is needed again at once.

Looking at a job, composing it and reading its files each need the same text of the same row within a few
milliseconds. Values are frozen, so whoever asks for the same text may have the same ones.

Rule: little is kept, and nothing long.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from uuid import uuid4

from pydantic import TypeAdapter

from ..events.base import ADMINISTRATOR
from ..events.request import Request
from .records import JobRow
from .spool import FILES, SpooledFile

REQUEST: TypeAdapter[Request] = TypeAdapter(Request, config={"defer_build": True})
KEPT = 64
"Texts, which are those of the jobs under way."
LONGEST = 8_000
"Characters."


def new_row(
    job: int, request: Request, identity: str, owner: str, sender: str, message_id: str, at: datetime
) -> JobRow:
    """Of a job that begins, as yet without files. `at`: when it is submitted."""
    return JobRow(
        job,
        identity,
        owner,
        request.function,
        request.by_device,
        sender,
        message_id,
        at.isoformat(),
        request.model_dump_json(),
        files="[]",
        addressed=len(request.recipients),
    )


def message_id_of(sender: str) -> str:
    """A new one, with its angle brackets; in ASCII, whatever the sender's domain is written in (RFC 5890)."""
    domain = sender.rpartition("@")[2]
    try:
        plain = domain.encode("idna").decode("ascii")
    except UnicodeError:  # no domain that anybody could look up
        plain = "localhost"
    return f"<{uuid4()}@{plain}>"


def look_at(identity: str, wait: timedelta, at: datetime) -> datetime | None:
    """When to look whether this user still has to sign in, if the job begins now and waits so long (S18). The
    device's own waits for [Acquire].
    """
    return None if identity == ADMINISTRATOR else at + wait


def request_of(row: JobRow) -> Request:
    if len(row.request) > LONGEST:
        return REQUEST.validate_json(row.request)
    return _request(row.request)


def files_of(row: JobRow) -> tuple[SpooledFile, ...]:
    if len(row.files) > LONGEST:
        return FILES.validate_json(row.files)
    return _files(row.files)


@lru_cache(KEPT)
def _request(text: str) -> Request:
    return REQUEST.validate_json(text)


@lru_cache(KEPT)
def _files(text: str) -> tuple[SpooledFile, ...]:
    return FILES.validate_json(text)
