"""From a request to what the rules and the message need to know of its sender and its recipients (S17, S20,
S21).

Rule: a job whose From follows from the settings goes with the address that holds when it is sent; one that a
person chose, or that is the person's own, goes as it was accepted or not at all.
"""

import json
from collections.abc import Callable, Iterable

from ..events.base import ADMINISTRATOR
from ..events.information import Actor, Info
from ..events.request import (
    FromPerson,
    Medium,
    Request,
    ScanToMe,
    Transmission,
    TsiRouting,
    TxResultReport,
)
from ..events.settings import DeviceSettings
from ..events.token import GrantVoided
from ..machines.identity import Sender, Signer, accepted, among, may_send_as, same, signer
from ..machines.message import Message
from ..machines.routing import routed
from .bus import Publication
from .information import detail_by
from .mailboxes import Mailboxes
from .parsed import request_of
from .people import People
from .ports import Tokens
from .records import InformationDetail, JobRow, SealedGrant
from .store_port import Store


class Senders:
    def __init__(
        self, store: Store, settings: Callable[[], DeviceSettings], people: People, mailboxes: Mailboxes
    ) -> None:
        self.store, self.settings, self.people = store, settings, people
        self.mailboxes = mailboxes

    def addressed(self, request: Request) -> Request:
        """With the recipients that the device finds by itself. Raises LoginReserved, AddressUnusable."""
        if isinstance(request, ScanToMe):
            own = self.people.address_of(request.user)
            return request.model_copy(update={"to": (own,) if own else ()})
        if isinstance(request, TsiRouting):
            return request.model_copy(update={"to": routed(self.settings(), request.sender_number)})
        return request

    def message(self, request: Request) -> Message:
        """Of a request with its recipients. Raises LoginReserved, AddressUnusable."""
        sender = self.sender(request)
        by_mail = [each for each in reported(request) if each.medium is Medium.EMAIL]
        who = signer(self.settings(), sender)
        identity = self.identity(request, who) if who else ""
        return Message(
            request.function,
            sender,
            len(request.recipients),
            any(not each.succeeded for each in by_mail),
            reports_mail=bool(by_mail),
            mailbox_closed=bool(identity) and self.mailboxes.closed(identity),
            refused_from=bool(identity) and who is not None and self.mailboxes.refused(identity, who.address),
        )

    def identity(self, request: Request, who: Signer) -> str:
        """Whose sign-in sends it; empty for a person who is not known here yet."""
        if who.as_administrator or not isinstance(request, FromPerson):
            return ADMINISTRATOR
        known = self.people.find(request.user)
        return known.identity if known else ""

    def sender(self, request: Request) -> Sender:
        if not isinstance(request, FromPerson):
            return Sender(request.by_device, None, None)
        address, known = self.people.address_of(request.user), self.people.find(request.user)
        confirmed = self.confirmed(known.identity) if known else ()
        return Sender(False, address, request.from_address, request.user, confirmed)

    def confirmed(self, identity: str) -> tuple[str, ...]:
        """Addresses of the account that signed in, by the provider's claims."""
        grant = self.mailboxes.grants.of(identity)
        return (grant.account, *json.loads(grant.aliases)) if grant else ()

    def login(self, identity: str) -> str:
        """As the settings name it."""
        return ADMINISTRATOR if identity == ADMINISTRATOR else self.people.name(identity)

    def takes(self, identity: str, wanted: str, brought: Tokens) -> bool:
        """Whether the account that signed in is the wanted one, or has its address as an alias (S19)."""
        return accepted(self.settings(), self.login(identity), wanted, brought.account, brought.aliases)

    def void(self, grant: SealedGrant, issuer: str) -> bool:
        """It belongs to another issuer or another address than the settings name (S26a), or its account may
        not have that address any more (S19).
        """
        if grant.issuer != issuer or not same(grant.address, self.people.address(grant.identity)):
            return True
        aliases = json.loads(grant.aliases)
        login = self.login(grant.identity)
        return not accepted(self.settings(), login, grant.address, grant.account, aliases)

    def voided(self, grant: SealedGrant) -> Publication:
        """The end of one that is void; the [Information] screen says whose it was."""
        detail = detail_by("I109", Actor.ADMIN, login=self.login(grant.identity))
        row = InformationDetail(Info.SIGN_IN_VOID, grant.identity, detail)
        left = self.settings().oauth.left_jobs
        fact = GrantVoided(identity=grant.identity, of=grant.version, left_jobs=left)
        return Publication(fact, rows=(row,))

    def accepted(self, row: JobRow) -> Message:
        """A job of the spool, as it would be sent now."""
        request = request_of(row)
        login = self.login(row.identity)
        address = self.people.address(row.identity)
        own = may_send_as(self.settings(), login, address, self.confirmed(row.identity))
        former = not self.follows(row, request) and not among(row.sender, own)
        sender = Sender(row.by_device, address or None, row.sender, login)
        return Message(
            request.function,
            sender,
            len(request.recipients),
            former_from=former,
            refused_from=self.mailboxes.refused(row.identity, self.from_of(row, request)),
        )

    def from_of(self, row: JobRow, request: Request) -> str:
        """The From with which a job of the spool goes now: one that nobody chose is as the settings are."""
        if not self.follows(row, request):
            return row.sender
        who = signer(self.settings(), Sender(row.by_device, None, None))
        now = who.address if who else self.people.address(ADMINISTRATOR)
        return row.sender if not now or same(now, row.sender) else now

    def follows(self, row: JobRow, request: Request) -> bool:
        """It is the administrator's, and nobody chose it."""
        chosen = request.from_address if isinstance(request, FromPerson) else None
        return row.identity == ADMINISTRATOR and chosen is None


def without_failed_mail(request: Request) -> tuple[Request, tuple[Transmission, ...]]:
    """A report without its lines of mail that failed, and these lines: they are not reported by mail (S21).
    One with no other line stays as it is, and a rule refuses it.
    """
    failed = tuple(line for line in reported(request) if line.medium is Medium.EMAIL and not line.succeeded)
    rest = tuple(line for line in reported(request) if line not in failed)
    if not failed or not rest:
        return request, ()
    return request.model_copy(update={"transmissions": rest}), failed


def told(lines: Iterable[Transmission]) -> str:
    """By number and result: where they were to go stands in no information."""
    return "; ".join(f"{line.number} ({line.result})" if line.result else f"{line.number}" for line in lines)


def reported(request: Request) -> tuple[Transmission, ...]:
    """The transmissions that a report tells of."""
    return request.transmissions if isinstance(request, TxResultReport) else ()
