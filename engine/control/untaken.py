"""What the owner of a file in the drop folder learns where it can never be taken (B9): franking-sendmail has
ended with 0, so that no program is left which could be refused.

He learns it as of a job that ended without success: from lists and history, on the [Information] screen and
by its hooks, and by mail where a report may go and the file says to whom it was to go (S21).

Rule: whose file it is says the system, and nothing is read of one that its owner may not have made.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from ...events.base import ADMINISTRATOR
from ...events.information import Actor
from ...events.request import ByProgram, FromProgram
from ...machines.programs import mapped
from ..engine import Engine
from ..header import Header
from ..incoming import END_OF_LINE
from ..information import detail_by
from ..parsed import message_id_of
from ..people import AddressUnusable, LoginEmpty, LoginReserved
from ..programs.intake import ADDRESS, recipient_of
from ..smtp.fields import xtext
from ..status import NAMED
from ..words import Spoken
from .messages import Said


class Untaken(NamedTuple):
    user: str
    "Of the system: the file's owner."
    why: str
    "In the device's language, with the remedy."
    lies: Path
    "Where it is from now on."
    said: Said = Said()
    begin: bytes = b""
    "Of the message."


async def tell(engine: Engine, untaken: Untaken) -> None:
    """Returns when it is durable. Raises StoreFailed, EngineStopped, EngineFailed."""
    header = Header.of(END_OF_LINE.sub(b"\r\n", untaken.begin))
    said, owner = untaken.said, owner_of(engine, untaken.user)
    named = (*said.recipients, *(header.recipients if said.of_header else ()))
    to = {address: name async for address, name in addresses(engine, named)}
    fields = {
        "to": tuple(to),
        "originals": {
            address: f"{NAMED}{xtext(name)}" for address, name in to.items() if name.isascii() and name
        },
        "subject": header.subject,
        "notify": said.notify,
        "envelope_id": said.envelope_id,
    }
    request: ByProgram | FromProgram = (
        ByProgram.model_validate(fields)
        if owner == ADMINISTRATOR
        else FromProgram.model_validate({**fields, "user": owner})
    )
    actor = Actor.ADMIN if owner == ADMINISTRATOR else Actor.PERSON
    where = str(untaken.lies)
    detail = detail_by("I201.dropped", actor, user=untaken.user, why=untaken.why, file=where)
    await engine.refused_late(request, header.message_id or message_id_of(f"@{domain(engine)}"), detail)


def owner_of(engine: Engine, user: str) -> str:
    """Whose mail a program brings that runs as this user of the system, where its From does not count: the
    person's, or his whom `programs.senders` names; else the administrator's.
    """
    for login in (user, mapped(engine.settings.programs.senders, user)):
        with suppress(AddressUnusable, LoginEmpty, LoginReserved):
            if login is not None and engine.people.address_of(login):
                return login
    return ADMINISTRATOR


async def addresses(engine: Engine, named: Iterable[str]) -> AsyncIterator[tuple[str, str]]:
    """A name that nobody has stands at the device's domain, as mail servers report it, with what was said;
    beside any other address nothing.
    """
    for each in named:
        try:
            yield await recipient_of(engine, each), ""
        except Spoken:
            if "@" not in each:
                with suppress(ValidationError):
                    yield ADDRESS.validate_python(f"{each}@{domain(engine)}"), each


def domain(engine: Engine) -> str:
    return (engine.settings.administrator.address or "").rpartition("@")[2] or "localhost"
