"""From an envelope and a message to a job: the one way in for every program, however it brings its mail.

Rule: whose mail it is stands in `machines/programs.py`, and what refuses it in the rules of every job.
"""

import asyncio
import pwd
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain

from pydantic import TypeAdapter, ValidationError

from ...events.base import ADMINISTRATOR
from ...events.programs import Client
from ...events.request import ByProgram, FromProgram, Notify, Return
from ...events.settings import ChangeFrom
from ...events.values import Address
from ...machines.identity import aliases, among, folded, same
from ...machines.programs import OF_USER, Stranger, whose
from ..engine import Engine
from ..incoming import Incoming
from ..submitting import Receipt
from ..words import Spoken

ADDRESS: TypeAdapter[str] = TypeAdapter(Address)


class NotTaken(Spoken):
    """Whose mail it is cannot be told, or it is not this program's to bring."""

    def __init__(self, why: Stranger, writer: str, user: str) -> None:
        """`user`: as whom the program runs; empty: that is not known."""
        found = OF_USER.get(why, why) if user else why
        super().__init__(found.value, writer=writer, user=user)


class TooLarge(Spoken):
    """`most`: octets."""

    def __init__(self, most: int) -> None:
        super().__init__("programs.too-large", most=most)


class TooOften(Spoken):
    """`most`: messages in a minute."""

    def __init__(self, most: int) -> None:
        super().__init__("programs.too-often", most=most)


class NoSuchRecipient(Spoken, ValueError):
    def __init__(self, recipient: str) -> None:
        self.is_name = "@" not in recipient
        super().__init__("programs.recipient" if self.is_name else "programs.address", recipient=recipient)


class NoSuchWriter(Spoken, ValueError):
    """A From that no mailbox can have."""

    def __init__(self, writer: str) -> None:
        super().__init__("programs.writer", writer=writer)


@dataclass(frozen=True, slots=True)
class Brought:
    """What a program says of a message."""

    mail_from: str
    "Empty: the null reverse-path (RFC 5321 section 4.5.5)."
    recipients: tuple[str, ...]
    notify: tuple[Notify, ...] = ()
    envelope_id: str = ""
    of_header: bool = False
    "Its recipients are those of To, Cc and Bcc, too."
    name: str = ""
    "By which whose mail it is is found; empty: by the From."
    user: str = ""
    "As whom the program runs on this machine; empty: that is not known."
    mark: str = ""
    "By which its job is known where it is brought a second time; empty: by nothing."
    returns: Return = Return.HEADER
    notify_each: Mapping[str, tuple[Notify, ...]] = field(default_factory=dict)
    "Recipients of whom something else than `notify` was said."
    originals: Mapping[str, str] = field(default_factory=dict)
    "What recipients were called before (ORCPT)."


async def recipient_of(engine: Engine, named: str) -> str:
    """Where mail for this recipient goes: an address as it is; a name without a domain is looked up in
    `programs.recipients` and among the people, and the mail of other users of this machine is the
    administrator's. Raises NoSuchRecipient.
    """
    if "@" in named:
        try:
            return ADDRESS.validate_python(named)
        except ValidationError:
            raise NoSuchRecipient(named) from None
    settings = engine.settings
    found = {folded(name): address for name, address in settings.programs.recipients.items()}
    known = found.get(folded(named)) or person_at(engine, named)
    if known is None and (folded(named) == "postmaster" or await asyncio.to_thread(of_system, named)):
        known = settings.administrator.address
    if known is None:
        raise NoSuchRecipient(named)
    return known


def person_at(engine: Engine, login: str) -> str | None:
    if login == ADMINISTRATOR or not login.strip():
        return engine.settings.administrator.address if login == ADMINISTRATOR else None
    return engine.people.address_of(login)


def of_system(name: str) -> bool:
    """In a thread: whoever knows the users may be elsewhere in the network."""
    try:
        pwd.getpwnam(name)
    except (KeyError, ValueError):  # a NUL stands in no name
        return False
    return True


def login_of(engine: Engine, address: str) -> str | None:
    """Whose address it is, as far as anybody with it is known here: his own, an alias, or a shared mailbox
    that nobody else sends from.
    """
    settings = engine.settings
    logins: Iterable[str] = dict.fromkeys((*settings.users, *engine.people.rows))
    own = next((login for login in logins if same(person_at(engine, login), address)), None)
    if own is not None:
        return own
    others = [login for login in settings.aliases if among(address, aliases(settings, login))]
    shared = (logins for mailbox, logins in settings.shared_mailboxes.items() if same(mailbox, address))
    others += chain.from_iterable(shared)
    found = dict.fromkeys(login for login in others if login != ADMINISTRATOR)
    return next(iter(found)) if len(found) == 1 else None


def changes_from(engine: Engine, login: str, chosen: str | None) -> bool:
    """An alias is as good as the own address where nobody may choose."""
    may = engine.settings.from_address.setting is ChangeFrom.USER_CHANGES
    return may or not among(chosen, aliases(engine.settings, login))


async def take(engine: Engine, coming: Incoming, client: Client | None, brought: Brought) -> Receipt:
    """Returns when the job is durable. `client`: None for a program on this machine that is not known
    otherwise; `coming`: what was written of the message, all of it.

    Raises NotTaken, NoSuchWriter, NoSuchRecipient, and what `Engine.submit_brought` raises.
    """
    header = await coming.ended()
    writer = brought.name or next((address for _, address in header.writers), brought.mail_from)
    told_by_system = bool(brought.user) and client is None and not brought.name
    found = whose(
        engine.settings,
        client,
        writer,
        lambda address: login_of(engine, address),
        names_itself=not told_by_system,
    )
    if isinstance(found, Stranger):
        raise NotTaken(found, writer, brought.user)
    recipients = (*brought.recipients, *(header.recipients if brought.of_header else ()))
    fields = {
        "to": tuple(dict.fromkeys([await recipient_of(engine, each) for each in recipients])),
        "notify": brought.notify,
        "envelope_id": brought.envelope_id,
        "returns": brought.returns,
        "notify_each": brought.notify_each,
        "originals": brought.originals,
    }
    coming.mark = brought.mark
    if found.login == ADMINISTRATOR:
        return await engine.submit_brought(ByProgram.model_validate(fields), coming)
    chosen = found.chosen
    if same(chosen, person_at(engine, found.login)) or not changes_from(engine, found.login, chosen):
        chosen = None
    try:
        chosen = None if chosen is None else ADDRESS.validate_python(chosen)
    except ValidationError:
        raise NoSuchWriter(writer) from None
    request = FromProgram.model_validate({**fields, "user": found.login, "from_address": chosen})
    return await engine.submit_brought(request, coming)
