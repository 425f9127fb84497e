"""What the engine's core needs from the world, as small promises in plain values.

Each adapter stands behind one of these; the core imports no adapter. What an adapter must promise is said
here alone, but for the store (`records.py`) and the vault (`vault_port.py`). Outcomes are values, never
exceptions: an adapter that raises has a bug.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, Protocol, runtime_checkable

from ..events.information import Actor
from ..events.request import Notify, Return
from ..events.settings import AdministratorFlow, Flow
from .content_port import Content
from .exclusions import Exclusion
from .secret import Secret
from .shown import SignInCode, SignInRequest


class AnswerClass(StrEnum):
    """What a provider's answer means for the grant."""

    WAIT = "wait"
    "Not now: back off, keep the grant."
    PERSON = "person"
    "The grant is dead: a person must sign in."
    ADMIN = "admin"
    "An administrator must act: keep the grant, ask again at long intervals."
    APP = "app"
    "The application's registration or a setting is wrong: keep the grant."
    CREDENTIAL = "credential"
    "The application's own credential is refused: nothing comes by it until it is mended; ask again."
    OURS = "ours"
    "A fault of this device (clock, loop of repeats): keep the grant."
    PROTOCOL = "protocol"
    "No valid answer (captive portal, broken proxy): back off, keep the grant."


class Trouble(NamedTuple):
    """Why something did not work, in fields; the sentences of other languages are in `engine/words`."""

    kind: AnswerClass
    code: str
    "As the other side said it (`AADSTS50173`, `invalid_grant`), or ours (`timeout`, `state`)."
    meaning: str
    "Cause and remedy in the catalogues: `oauth.consent.cause`."
    cause: str
    "In English, as the remedy."
    remedy: str
    actor: Actor
    retry_after: timedelta | None = None
    "What the other side asked for."
    correlation: str = ""
    "An id that the provider's support asks for."
    fields: Mapping[str, str] = MappingProxyType({})
    "Of the sentences."

    @property
    def wants_an_act(self) -> bool:
        """Neither time nor a sign-in mends it: somebody must be told, and may act."""
        ours = self.kind is AnswerClass.OURS and self.actor is not Actor.NOBODY
        return ours or self.kind in (AnswerClass.ADMIN, AnswerClass.APP)


class Tokens(NamedTuple):
    """The provider's answer to a token request, checked."""

    access: Secret
    expires_at: datetime
    refresh: Secret | None
    "None or the same: keep the old one (RFC 6749 section 6)."
    account: str = ""
    "Address from the validated id_token; only of a sign-in."
    aliases: tuple[str, ...] = ()
    "Other addresses that the provider's claims confirm."
    ends_at: datetime | None = None
    "When the refresh token ends, where the provider says it (`refresh_token_expires_in`)."


@dataclass(frozen=True, slots=True)
class Application:
    """Who this device is at the provider."""

    client_id: str
    client_secret: Secret | None
    tenant: str
    authority: str | None
    "Base URL of the endpoints where it is not the provider's own."
    flow: AdministratorFlow = AdministratorFlow.SIGN_IN
    "Whether people sign in, or the application does by its own credential (B3)."
    proof: Secret | None = None
    "Of an application without people: certificate and private key (PEM), or a service account's key (JSON)."


@dataclass(frozen=True, slots=True)
class HttpProxy:
    """A way out of the network for HTTP (S4)."""

    host: str
    port: int
    user: str
    "Empty: the proxy asks for no sign-in."
    password: Secret | None
    exclusions: tuple[Exclusion, ...]
    "What is reached without it."


def issuer_of(provider: str, application: Application) -> str:
    """Whom a grant belongs to: with another provider, authority, tenant, client id or flow it is of no use,
    and a secret (S26a).
    """
    at = application.authority, application.tenant, application.client_id, application.flow.value
    return json.dumps([provider, *at])


def issued_by(issuer: str) -> tuple[str, Application]:
    """The provider's name and who this device was there; a secret is not part of it."""
    provider, authority, tenant, client_id, flow = json.loads(issuer)
    return provider, Application(client_id, None, tenant, authority, AdministratorFlow(flow))


class Lifetimes(NamedTuple):
    """What provider data say about time, limits and addresses."""

    idle: timedelta
    "A grant lapses when it is unused for so long (B1)."
    margin: timedelta
    "An access token is not used so shortly before its end."
    server: str
    "The provider's submission server."
    connections: int
    "How many connections a mailbox may have at once."
    idle_connection: timedelta = timedelta(seconds=30)
    "So long an unused connection to the submission server is kept; below what any server is known to allow."
    octets_max: int | None = None
    "SIZE that the provider's own server advertises (RFC 1870)."
    recipients_max: int | None = None
    "That the provider's own server takes in one message."
    messages_a_minute: int | None = None
    "That a mailbox may submit; None: not published."
    messages_a_day: int | None = None
    "In any 24 hours."
    recipients_a_day: int | None = None
    "In any 24 hours."
    margins: Mapping[str, timedelta] = MappingProxyType({})
    "Of servers that want another margin, by their names in lower case."


class Screen(Protocol):
    """Shows a person the provider's page. Its outcome comes by the redirect, not by this port."""

    async def open(self, place: str, address: str, closes_at: datetime) -> Trouble | None:
        """`address`: the URL to open, in a fresh browser profile (S19a). Returns when it is shown, or why it
        cannot be: `oauth.faults.Fault.PAGE_SCREEN` of a screen that shows codes alone.
        """

    async def close(self, place: str) -> None:
        """Closes what `open` showed and erases the profile; nothing open: nothing happens."""


@runtime_checkable
class ShowsCodes(Protocol):
    """A screen that can show a code, too; one that cannot has no such method, and the browser is offered."""

    async def show_code(self, place: str, code: SignInCode) -> Trouble | None:
        """Returns when it is shown, or why it cannot be. `Screen.close` closes it."""


@runtime_checkable
class LeavesToBrowser(Protocol):
    """A screen of some places: at the others the device's own browser opens, while it is ON (S4)."""

    def leaves(self, place: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The person declined at the provider."""


class Provider(Protocol):
    """One authorization server: one strict answer or one typed trouble for each call."""

    lifetimes: Lifetimes
    issuer: str
    "As `issuer_of` says it: what this provider gives is shown to it alone."

    async def refresh(self, grant: Secret) -> Tokens | Trouble:
        """RFC 6749 section 6; by the application's own credential where nobody signs in (section 4.4). The
        caller lets it run to its end, for the answer may rotate the grant.
        """

    async def revoke(self, grant: Secret) -> bool:
        """RFC 7009. False: the provider has no revocation, or could not be told."""

    async def aclose(self) -> None: ...


@runtime_checkable
class SignsIn(Provider, Protocol):
    """One at which people sign in."""

    async def sign_in(self, request: SignInRequest, screen: Screen) -> Tokens | Trouble | Cancelled:
        """By the flow that is asked for: authorization code with PKCE (RFC 7636) and a loopback redirect
        (RFC 8252), or a device code (RFC 8628). Cancelling it closes the listener and the screen.
        """

    def instead(self, flow: Flow, refused: Trouble, screen: Screen) -> Flow | None:
        """The flow that may work where this one was refused like this; None: there is none."""


class Attachment(NamedTuple):
    content: Content
    name: str
    media_type: str


class Login(NamedTuple):
    """How to authenticate at the submission server."""

    user: str
    token: Secret | None
    "An access token (XOAUTH2, OAUTHBEARER)."
    password: Secret | None = None


class Phase(StrEnum):
    """Where in the dialogue a submission ended (RFC 5321)."""

    CONNECT = "connect"
    STARTTLS = "STARTTLS"
    AUTH = "AUTH"
    MAIL = "MAIL FROM"
    RCPT = "RCPT TO"
    DATA = "DATA"
    BODY = "end of data"


class Verdict(StrEnum):
    """What a reply means for the job; the table is `engine/smtp/trouble.py`."""

    SENT = "sent"
    LATER = "later"
    "Try again; the server's hint or a back-off says when."
    TOKEN_REFUSED = "token refused"  # noqa: S105 - a verdict
    CLOSES = "closes the mailbox"
    "Somebody must mend the mailbox or its organisation first: nothing is repeated before (B11)."
    PAUSES = "pauses the mailbox"
    "Nothing more may come from this mailbox for a while: it waits, and no job counts a try (B11)."
    ENDED = "ended"
    SENDER_REFUSED = "sender refused"
    "Ended: the account may not send as this From address."
    UNKNOWN = "unknown"
    "Lost after the final dot (RFC 1047)."


@dataclass(frozen=True, slots=True)
class Recipient:
    """What the server said of one recipient in one try."""

    address: str
    accepted: bool
    reply: str
    "With its codes."
    verdict: Verdict = Verdict.SENT
    "What a refusal means; of one that was accepted, nothing: the end of the message decides."
    code: str = ""
    "Of a refusal, as `Outcome.code`."
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one submission ended."""

    verdict: Verdict
    phase: Phase
    code: str
    "`535 5.7.3`, or ours: `timeout`, `dns`, `certificate`."
    reply: str
    "The server's words."
    answered: bool
    "The submission server said something: it counts as an attempt (B2)."
    retry_after: timedelta | None = None
    recipients: tuple[Recipient, ...] = ()
    notified: bool = False
    "The server was asked to tell what becomes of the message (RFC 3461)."


class Envelope(NamedTuple):
    """One message to submit. `composed` is what a function's composer returned; the writer makes the
    bytes.
    """

    sender: str
    recipients: tuple[str, ...]
    composed: "Composed"
    notify: tuple[Notify, ...] = ()
    "Of all recipients; empty: as the servers do by themselves."
    envelope_id: str = ""
    "What a notification calls it; empty: by its Message-ID (RFC 3461 section 4.4)."
    returns: Return = Return.HEADER
    "How much of it a notification brings back."
    notify_each: Mapping[str, tuple[Notify, ...]] = MappingProxyType({})
    "Recipients for whom it is not `notify` that was asked for."
    originals: Mapping[str, str] = MappingProxyType({})
    "What recipients were called before, as ORCPT says it (section 4.2)."


class Composed(Protocol):
    """Header fields and ordered parts of one message, of exactly known size; never message bytes."""

    @property
    def size(self) -> int:
        """Octets on the wire, for SIZE (RFC 1870)."""


class NoServer(Exception):
    """Nothing says where mail is to go: the jobs wait until a server is set (S5)."""

    def __init__(self) -> None:
        super().__init__("no SMTP server is set")


SIGN_IN_GONE = "sign-in-gone"
"Code of a message of which nothing was said when its sign-in ended: it goes with the next one."


class Room(NamedTuple):
    """What a mailbox may have at a submission server."""

    connections: int = 1
    "At once, those counted that are being opened or left."
    window: int = 4
    "Messages under way over one connection, where the server takes commands in groups."
    idle: timedelta = timedelta(seconds=30)
    "So long an unused connection is kept: servers close them after minutes, and count the open ones."


Progress = Callable[[int, int], None]
"Octets of a message that went to the connection so far, and of how many."


class Submission(Protocol):
    """Carries messages to the submission server over verified TLS connections (S30), or without any secret
    over the plain connections that the settings ask for. `send` is called for many at once; which connection
    carries which is decided here.
    """

    octets_max: int | None
    "What the server said last of the size that it takes (RFC 1870); None: nothing yet."

    async def send(
        self,
        login: Login,
        envelope: Envelope,
        begin: Callable[[], Awaitable[None]],
        progress: Progress | None = None,
    ) -> Outcome:
        """`begin()` is called once, beside the envelope's flight, and awaited before the body may go: the
        durable mark. `progress` is called at most every 128 kB, and when the message is written. Cancelling
        before that drops the connection, not before a message whose end it has already is answered.
        """

    async def close(self, user: str) -> None:
        """Closes connections that were authenticated as `user`, after the message in transfer; messages of
        which nothing was said end as `sign-in-gone`.
        """

    async def aclose(self) -> None: ...


Parked = Callable[[], AbstractAsyncContextManager[None]]
"`async with parked():` says: from here this deed waits for the clock, a person or a lost store."


class Credentials(Protocol):
    def read(self, reference: str) -> Secret:
        """Raises CredentialError, naming the reference and where it was looked for."""


class Directory(Protocol):
    """Who is who, of the embedding program; a `dict` of login names and e-mail addresses is one."""

    def get(self, login: str, /) -> str | None:
        """The e-mail address of this login; None: not known here. It is asked in the engine's own loop, so it
        returns at once, from what it holds. Whatever it raises means that this is not known now: the address
        that was known last counts, and nobody's sign-in ends.
        """
