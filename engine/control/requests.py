"""Every request of the control socket, as one table: what it is, who may make it, what it brings and gives.

The application routes by it, docs/openapi.json and docs/control.md are printed from it, and whoever asks gets
the engine's view of himself, which checks each act by `machines/roles.py`.

Rule: a request does one thing that the engine can do, and knows no more than its view.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ...events.request import Given
from ...machines.roles import Act, Viewer
from ..boxes import Document
from ..history import Story
from ..information import Warning
from ..leaving import Forgotten, Reset
from ..secret import Secret
from ..settings import Settings
from ..status import IdentityStatus, JobStatus, SeenJob, Status
from ..submitting import Receipt
from ..view import View
from ..words import Spoken
from .messages import Said
from .screen import Shown, ShownAtPlaces
from .shapes import told
from .uploads import Uploaded, Uploads
from .values import (
    AppliedTold,
    Deleted,
    Discarded,
    Exchanged,
    Held,
    Here,
    StatusTold,
    Submitted,
)


class NothingShown(Spoken, LookupError):
    """No sign-in is open at this place."""

    def __init__(self, place: str) -> None:
        super().__init__("control.nothing-shown", place=place)


NUMBER_MOST = (1 << 63) - 1
"What SQLite keeps as a whole number."


class NotThere(Spoken, LookupError):
    """What was to be acknowledged or tried does not stand."""

    def __init__(self) -> None:
        super().__init__("control.not-there")


@dataclass(frozen=True, slots=True)
class Call:
    """One request with what it brought; its fields were checked."""

    viewer: Viewer
    view: View
    path: dict[str, str]
    query: dict[str, str]
    body: Any
    blocks: AsyncIterator[bytes]
    uploads: Uploads
    screen: ShownAtPlaces
    store: Path
    "The folder of the engine's."
    bring: Callable[[Said, AsyncIterator[bytes]], Awaitable[Receipt]]
    "Mail of the program that asks."
    over: Callable[[], None]
    "To be called when the engine is to end."

    def number(self, name: str) -> int:
        """Raises NotThere: no number of a store is so large."""
        found = int(self.path[name])
        if found > NUMBER_MOST:
            raise NotThere
        return found

    def asked(self, name: str) -> int | None:
        found = self.query.get(name)
        return int(found) if found else None


@dataclass(frozen=True, slots=True)
class Operation:
    method: str
    path: str
    "With `{names}`; those of `NUMBERS` are whole numbers."
    act: Act | None
    "Whose right it is; None: everybody's who reaches the socket."
    does: str
    "In a few words."
    run: Callable[[Call], Awaitable[object]]
    body: type[BaseModel] | None = None
    gives: Any = None
    "What it answers with; None: nothing (204)."
    query: tuple[tuple[str, str], ...] = ()
    "Names and meanings."
    everybodys: bool = False
    "It is about all of them at once: a right to one's own is none to it."
    octets: bool = False
    "The body is a file."
    text: str = ""
    "The answer is text of this media type."
    lines: bool = False
    "The answer is a stream, a JSON object a line, without end."


NUMBERS = frozenset({"job", "document"})
PAGE = (("before", "jobs with numbers below this one"), ("limit", "at most so many"))
LIMIT = 1000
WAIT_MOST_S = 60


async def who(call: Call) -> Here:
    return Here(call.viewer.role.value, call.viewer.login, str(call.store))


async def upload(call: Call) -> Uploaded:
    call.view.check(Act.SUBMIT, call.viewer.login)
    return await call.uploads.take(call.viewer, call.query.get("name", ""), call.blocks)


async def submit(call: Call) -> Receipt:
    wanted: Submitted = call.body
    paths, uploads = call.uploads.paths(call.viewer, wanted.request.paths)
    request = wanted.request
    if paths:
        request = request.placed(paths)
    given = Given.HANDED_OVER if wanted.handed_over and not uploads else Given.LENT
    receipt = await call.view.submit(request, wanted.place, given)
    for number in uploads:
        call.uploads.forget(number)
    return receipt


async def bring(call: Call) -> Receipt:
    return await call.bring(Said.of_query(call.query), call.blocks)


async def jobs(call: Call) -> tuple[JobStatus, ...]:
    limit = call.asked("limit")
    return call.view.jobs(call.asked("before"), LIMIT if limit is None else min(limit, LIMIT))


async def job(call: Call) -> SeenJob:
    wait = min(call.asked("wait") or 0, WAIT_MOST_S)
    if wait:
        return await call.view.when_settled(call.number("job"), wait)
    return call.view.job(call.number("job"))


async def queue(call: Call) -> tuple[JobStatus, ...]:
    return call.view.queue(call.path["user"])


async def queues(call: Call) -> tuple[JobStatus, ...]:
    return call.view.queues()


async def history(call: Call) -> Story:
    return call.view.history(call.number("job"))


async def hold(call: Call) -> SeenJob:
    await call.view.hold(call.number("job"))
    return call.view.job(call.number("job"))


async def release(call: Call) -> SeenJob:
    await call.view.release(call.number("job"))
    return call.view.job(call.number("job"))


async def cancel(call: Call) -> SeenJob:
    await call.view.cancel(call.number("job"), call.query.get("by", ""))
    return call.view.job(call.number("job"))


async def retry(call: Call) -> SeenJob:
    await call.view.retry(call.number("job"))
    return call.view.job(call.number("job"))


async def try_mailbox(call: Call) -> None:
    if not await call.view.try_mailbox(call.path["user"]):
        raise NotThere


async def status(call: Call) -> StatusTold:
    return status_told(call.view.status())


def status_told(found: Status) -> StatusTold:
    """As it goes over the socket: rules as they are shown."""
    return StatusTold(**found._asdict() | {"warns": tuple(map(told, found.warns))})


async def log_in(call: Call) -> None:
    await call.view.log_in(call.path["place"], call.body.user, call.body.address)


async def touch(call: Call) -> None:
    await call.view.touch(call.path["place"])


async def log_out(call: Call) -> None:
    await call.view.log_out(call.path["place"])


async def sign_in(call: Call) -> None:
    await call.view.sign_in(call.path["place"], call.body.user)


async def acquire(call: Call) -> None:
    await call.view.acquire(call.path["place"])


async def shown(call: Call) -> Shown:
    place = call.path["place"]
    call.view.check_screen(place)
    found = call.screen.places.get(place)
    if found is None:
        raise NothingShown(place)
    return found


async def cancel_sign_in(call: Call) -> None:
    await call.view.cancel_sign_in(call.path["place"])


async def paste(call: Call) -> None:
    call.view.paste(call.path["place"], call.body.address)


async def waits_at(call: Call) -> tuple[JobStatus, ...]:
    return call.view.waits_at(call.path["place"])


async def discard(call: Call) -> Discarded:
    return Discarded(await call.view.discard_waiting(call.path["place"]))


async def tokens(call: Call) -> tuple[IdentityStatus, ...]:
    return call.view.sign_ins()


async def tokens_held(call: Call) -> Held:
    return Held(call.view.tokens_held())


async def token_held(call: Call) -> Held:
    return Held(call.view.tokens_held(call.path["user"]))


async def delete_token(call: Call) -> None:
    await call.view.delete_token(call.path["user"])


async def delete_tokens(call: Call) -> Deleted:
    return Deleted(await call.view.delete_tokens())


async def metrics(call: Call) -> str:
    return call.view.metrics()


async def settings(call: Call) -> Settings:
    return call.view.settings()


async def change(call: Call) -> AppliedTold:
    now = call.view.settings()
    call.view.check(Act.CHANGE_SETTINGS)
    applied = await call.view.apply(now.changed(**call.body.settings), call.body.ends)
    return AppliedTold(applied.changed, applied.offers_sign_in, tuple(map(told, applied.warns)))


async def secrets(call: Call) -> tuple[str, ...]:
    return call.view.secrets()


async def keep_secret(call: Call) -> None:
    await call.view.keep_secret(call.path["name"], Secret(call.body.secret))


async def erase_secret(call: Call) -> None:
    await call.view.erase_secret(call.path["name"])


async def information(call: Call) -> tuple[Warning, ...]:
    return call.view.information()


async def acknowledge(call: Call) -> None:
    if not await call.view.acknowledge(call.body.code, call.body.subject):
        raise NotThere


async def keep(call: Call) -> tuple[Document, ...]:
    paths, uploads = call.uploads.paths(call.viewer, [Path(each) for each in call.body.files])
    found = await call.view.keep_documents(call.path["user"], paths)
    for number in uploads:
        call.uploads.forget(number)
    return found


async def documents(call: Call) -> tuple[Document, ...]:
    return call.view.documents(call.path["user"])


async def delete_document(call: Call) -> None:
    await call.view.delete_document(call.path["user"], call.number("document"))


async def delete_documents(call: Call) -> Deleted:
    return Deleted(await call.view.delete_documents(call.path["user"]))


async def forget(call: Call) -> Forgotten:
    return await call.view.forget(call.path["user"])


async def reset(call: Call) -> Reset:
    found = await call.view.factory_reset()
    call.over()
    return found


async def exchange_key(call: Call) -> Exchanged:
    return Exchanged(await call.view.rotate_key())
