"""What the steps look at: the settings, the adapters that the engine itself uses, and what was found so far.

Rule: each thing is asked once, however many steps read it. The token is fetched by the engine's own way of
refreshing or not at all, so that no refresh token is lost here; a token leaves for the submission server
alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ...events.base import ADMINISTRATOR
from ...events.information import Actor
from ...events.settings import AdministratorFlow
from ...machines.rules import Rule
from ..adapters import Adapters, with_credentials
from ..clock import Clock
from ..engine import Engine
from ..holder import Held
from ..information import Warning
from ..mailboxes import MailboxStatus
from ..oauth.client import OAuthProvider
from ..oauth.providers import ProviderData
from ..oauth.session import CallError
from ..oauth.wire import Wire
from ..ports import Application, Outcome, Tokens, Trouble
from ..settings import CredentialError, Mistake, Settings
from ..smtp.chat import Chat
from ..smtp.connect import Server, security_at
from ..smtp.trouble import explain
from ..status import IdentityStatus
from ..tls import KeptContext
from ..words import Words
from .step import Ends, Finding, Mark

TIMEOUT_S = 20.0
"Limit of one reply of the submission server: a person waits for it."


class Closed(StrEnum):
    """Why no store is open."""

    IN_USE = "in use"
    NEW = "new"
    "Nothing was ever done on this device."
    WRONG = "wrong"
    "The settings cannot be, so that no engine opens it."


class Told(Protocol):
    """What is read of a status."""

    @property
    def identities(self) -> Sequence[IdentityStatus]: ...

    @property
    def information(self) -> Sequence[Warning]: ...

    @property
    def mailboxes(self) -> Sequence[MailboxStatus]: ...


@dataclass(frozen=True, slots=True)
class Who:
    """Whose mail is looked at."""

    identity: str
    login: str
    address: str
    "Of who signs in; empty: none is registered."
    sender: str
    "The From address; empty: there is none."


@dataclass(slots=True)
class Ground:
    settings: Settings
    words: Words
    clock: Clock
    adapters: Adapters
    mistakes: tuple[Mistake, ...]
    rules: tuple[Rule, ...]
    "Those that are broken, and forbid."
    who: Who
    engine: Engine | Closed
    told: Told | None = None
    "What the engine says that has the store, where it can be asked."
    send_to: str = ""
    "Who gets a test mail."
    asked: Wire | CallError | None = None
    unread: CredentialError | None = None
    "The application's credential could not be read, and the provider was asked without."
    alone: Tokens | Trouble | None = None
    "What an application that signs in without a person got."
    held: Held | None = None
    met: Chat | Outcome | None = None
    "A connection on which nobody signed in."
    signed_in: Chat | None = None
    paused: Outcome | None = None
    "The server takes no more for now, as it said on the way."
    left: list[Chat] = field(default_factory=list)

    @property
    def without_person(self) -> bool:
        """Mail goes by the application's own credential (B3)."""
        flow = self.settings.oauth.administrator_flow
        return self.who.identity == ADMINISTRATOR and flow is not AdministratorFlow.SIGN_IN

    @property
    def data(self) -> ProviderData:
        oauth = self.settings.oauth
        return self.adapters.data(oauth.provider).at(oauth.authority, oauth.tenant)

    async def ask(self) -> Wire | CallError:
        """The token endpoint, with a refresh token that nobody has."""
        if self.asked is None:
            provider = self.adapters.provider_of(self.settings.oauth.provider, self.application())
            if not isinstance(provider, OAuthProvider):
                raise TypeError(type(provider).__name__)
            try:
                self.asked = await provider.ask()
            except CallError as failed:
                self.asked = failed
        return self.asked

    def application(self) -> Application:
        """As a person's sign-in knows it, whatever the administrator's flow is."""
        known = replace(self.adapters.application(self.who.identity), flow=AdministratorFlow.SIGN_IN)
        try:
            return with_credentials(
                known, self.settings.oauth, self.adapters.data_now(), self.adapters.credentials
            )
        except CredentialError as error:
            self.unread = error
            return known

    def server(self) -> Server | None:
        """None: none is set."""
        host, smtp = self.adapters.limits().server, self.settings.smtp
        if host is None:
            return None
        security = smtp.security or security_at(smtp.port)
        return Server(host, smtp.port, security, KeptContext(self.adapters.tls), TIMEOUT_S)

    @property
    def status(self) -> Told | None:
        """Of this device's engine."""
        return self.engine.status() if isinstance(self.engine, Engine) else self.told

    @property
    def lasts_until(self) -> datetime | None:
        """When the sign-in must be renewed, or ends; None: nobody has signed in, or nothing says it."""
        told = self.status.identities if self.status is not None else ()
        found = next((each for each in told if each.login == self.who.login), None)
        return (found.ends_at or found.renew_at) if found else None

    def say(self, code: str, /, **fields: object) -> str:
        return self.words.say(code, **fields)

    def ok(self, found: str) -> Finding:
        return Finding(Mark.OK, found)

    def trouble(self, trouble: Trouble, found: str, ends: Ends = Ends.CONFIG) -> Finding:
        """A step that failed by what the provider said, or by want of that."""
        return Finding(
            Mark.FAILED,
            found,
            self.words.table(f"{trouble.meaning}.cause", trouble.cause, **trouble.fields),
            trouble.remedy
            and self.words.table(f"{trouble.meaning}.remedy", trouble.remedy, **trouble.fields),
            trouble.actor,
            ends,
        )

    def outcome(self, outcome: Outcome, ends: Ends) -> Finding:
        """The same of the submission server."""
        meant, whose = explain(outcome), {"account": self.who.address, "sender": self.who.sender}
        return Finding(
            Mark.FAILED,
            " ".join(filter(None, (outcome.code, outcome.reply))),
            self.words.table(f"smtp.{meant.meaning}.cause", meant.cause, **whose),
            self.words.table(f"smtp.{meant.meaning}.remedy", meant.remedy, **whose),
            meant.actor,
            ends,
        )

    def unreadable(self, error: CredentialError) -> Finding:
        """A secret that a setting names cannot be read."""
        cause = self.say(f"{error.meaning}.cause", **error.fields)
        remedy = self.say(f"{error.meaning}.remedy", **error.fields)
        return Finding(Mark.FAILED, "", cause, remedy, Actor.ADMIN)

    async def aclose(self) -> None:
        """Leaves the connections politely."""
        for chat in self.left:
            await chat.quit()
