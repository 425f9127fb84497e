"""A submission server on loopback: STARTTLS required, XOAUTH2 checked with the playing provider (RFC 6409,
RFC 4954). It plays a company's relay, too, which asks nobody who he is, with TLS or without.

Rule: no mail without TLS, unless it was made to speak none; from whoever signs in no mail without a token
that the provider calls good now, for the account that is named and with the mail scope, or the account's
password; no sender but the account's own addresses. A token never reaches a log or a record.
"""

import asyncio
import base64
import logging
import ssl
from collections import defaultdict, deque
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import Literal, Self

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword, Session, TLSSetupException, syntax
from aiosmtpd.smtp import Envelope as Transaction

from ..engine.clock import Clock
from ..events.settings import Security
from .accounts import Account
from .authority import Authority
from .gate import Gate
from .mailbox import Envelope, Mailbox
from .notifications import MalformedParameter, Wants
from .provider import ProviderServer
from .replies import REPLIES_BY_NAME, SERVER_WORDS, STANDARD_REPLIES, Replies
from .throttle import Throttle

SASL_LINE_MAX = 12_288
"Octets of a response to a challenge (RFC 4954 section 4)."
COMMAND_LINE_MAX = 512
"Octets of a command with its CRLF (RFC 5321 section 4.5.3.1.4)."
DATA_LINE_MAX = 1_001
TOKEN_MECHANISMS = frozenset({"XOAUTH2", "OAUTHBEARER"})
ENDED = "\x01"

# The library warns by logging about its own attributes; with no handler Python would print that.
logging.getLogger("mail.log").addHandler(logging.NullHandler())


class Admits(StrEnum):
    """Whose mail it takes."""

    SIGNED_IN = "signed in"
    ANYONE = "anyone"
    "Who signs in all the same is held to it."


class Conversation(SMTP):
    """One connection. Replies without an enhanced code get one, and 421 closes (RFC 5321 section 3.8)."""

    line_length_limit = SASL_LINE_MAX

    def __init__(self, server: "SubmissionServer", tls: ssl.SSLContext | None) -> None:
        """`tls`: for STARTTLS, which is then required."""
        self.server = server
        self.greeted = False
        self.mechanism = ""
        self.account: Account | None = None
        self.wants = Wants(offered="DSN" in server.replies.extensions)
        replies = server.replies
        super().__init__(
            Desk(server),
            data_size_limit=replies.octets_max,
            enable_SMTPUTF8=True,
            hostname="localhost",
            ident=replies.banner,
            tls_context=tls,
            require_starttls=tls is not None,
            auth_require_tls=tls is not None,
            auth_exclude_mechanism={"LOGIN", "PLAIN", *TOKEN_MECHANISMS} - replies.mechanisms,
            authenticator=server.check_password,
            loop=asyncio.get_running_loop(),
        )
        # The reader was made with room for a token; lines of a message keep their own limit.
        self.line_length_limit = DATA_LINE_MAX
        # The library counts without CRLF and shares its limits between connections.
        self.command_size_limits = defaultdict(lambda: COMMAND_LINE_MAX - len("\r\n"))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert self._handler_coroutine is not None
        self.server.conversations[self] = self._handler_coroutine
        self._handler_coroutine.add_done_callback(self._ended)

    def _ended(self, handled: asyncio.Task[None]) -> None:
        self.server.conversations.pop(self, None)
        self.server.throttle.leaves(self)
        if not handled.cancelled():
            # A connection that the client reset is no fault; asking for it keeps asyncio from complaining.
            handled.exception()

    async def push(self, status: str | bytes) -> None:
        text = status.decode() if isinstance(status, bytes) else status
        refused = None
        if not self.greeted:
            self.greeted = True
            refused = self.server.mailbox.scripted("connect")
        text = refused or SERVER_WORDS.get(text, text)
        if text == "530 Must issue a STARTTLS command first":
            text = self.server.replies.starttls_first
        await super().push(text)
        if (refused or text.startswith("421")) and self.transport is not None:
            self.transport.close()

    # The library knows no parameters for notifications and refuses them: they are taken out before it looks.

    @syntax("MAIL FROM: <address>", extended=" [SP <mail-parameters>]")
    async def smtp_MAIL(self, arg: str | None) -> None:
        self.wants.begin()
        try:
            left = self.wants.of_mail(arg or "")
        except MalformedParameter:
            await self.push("501 5.5.4 Syntax error in parameters or arguments")
            return
        await super().smtp_MAIL(left or None)

    @syntax("RCPT TO: <address>", extended=" [SP <mail-parameters>]")
    async def smtp_RCPT(self, arg: str | None) -> None:
        try:
            left = self.wants.of_recipient(arg or "")
        except MalformedParameter:
            await self.push("501 5.5.4 Syntax error in parameters or arguments")
            return
        await super().smtp_RCPT(left or None)

    def tls_version(self) -> str:
        """As OpenSSL names it; empty without TLS."""
        assert self.transport is not None
        found = self.transport.get_extra_info("ssl_object")
        return "" if found is None else str(found.version())

    async def check_auth_needed(self, caller_method: str) -> bool:
        assert self.session is not None
        if self.session.authenticated or self.server.admits is Admits.ANYONE:
            return False
        await self.push(self.server.replies.auth_first)
        return True


class Desk:
    """What aiosmtpd asks at each command; it finds the methods by these names."""

    def __init__(self, server: "SubmissionServer") -> None:
        self._server = server
        self._replies: Replies = server.replies

    async def handle_EHLO(
        self, talk: Conversation, session: Session, envelope: Transaction, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        lines = ["localhost", f"SIZE {self._replies.octets_max}", *self._replies.extensions]
        if self._server.security is Security.STARTTLS and session.ssl is None:
            lines.append("STARTTLS")
        else:
            lines.append(f"AUTH {' '.join(sorted(self._replies.mechanisms))}")
        return [f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"]

    async def handle_MAIL(
        self, talk: Conversation, session: Session, envelope: Transaction, address: str, options: list[str]
    ) -> str:
        scripted = self._server.mailbox.scripted("mail")
        if scripted is not None:
            return scripted
        if talk.account is not None and not talk.account.may_send_as(address):
            self._server.senders_refused += 1
            return self._replies.sender_refused
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self._replies.sender_ok

    async def handle_RCPT(
        self, talk: Conversation, session: Session, envelope: Transaction, address: str, options: list[str]
    ) -> str:
        scripted = self._server.mailbox.scripted("rcpt")
        if scripted is not None and not scripted.startswith("2"):
            return scripted
        talk.wants.accept()
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return scripted or self._replies.recipient_ok

    async def handle_DATA(self, talk: Conversation, session: Session, transaction: Transaction) -> str:
        server = self._server
        await server.bodies.enter()
        drop = server.drops.popleft() if server.drops else None
        if drop == "unread":
            await _vanish(talk)
        scripted = server.mailbox.scripted("data")
        if scripted is not None:
            return scripted
        if talk.account is not None:
            count, now = len(transaction.rcpt_tos), server.clock.now()
            too_much = server.throttle.submits(talk.account.email, count, now)
            if too_much is not None:
                return too_much
        assert transaction.original_content is not None
        assert transaction.mail_from is not None
        envelope = Envelope(
            transaction.mail_from,
            tuple(transaction.rcpt_tos),
            talk.account.email if talk.account is not None else "",
            talk.mechanism,
            talk.tls_version(),
            session.host_name or "",
            talk.wants.mail,
            tuple(talk.wants.recipients),
        )
        server.mailbox.store(envelope, transaction.original_content, server.clock.now())
        if drop == "stored":
            await _vanish(talk)
        return self._replies.accepted

    async def auth_XOAUTH2(self, talk: Conversation, args: list[str]) -> AuthResult:
        response = await _response(talk, args)
        if response is None:
            return AuthResult(success=False)
        fields = dict(part.partition("=")[::2] for part in response.split(ENDED) if part)
        return await self._check_token(talk, "XOAUTH2", fields.get("user", ""), fields.get("auth", ""))

    async def auth_OAUTHBEARER(self, talk: Conversation, args: list[str]) -> AuthResult:
        """RFC 7628 section 3.1."""
        response = await _response(talk, args)
        if response is None:
            return AuthResult(success=False)
        header, *parts = response.split(ENDED)
        user = next((part[2:] for part in header.split(",") if part.startswith("a=")), "")
        fields = dict(part.partition("=")[::2] for part in parts if part)
        return await self._check_token(talk, "OAUTHBEARER", user, fields.get("auth", ""))

    async def _check_token(self, talk: Conversation, mechanism: str, user: str, auth: str) -> AuthResult:
        self._server.sign_ins += 1
        scripted = self._server.mailbox.scripted("auth")
        if scripted is not None:
            return AuthResult(success=False, handled=False, message=scripted)
        account = await self._server.token_account(user, auth)
        if account is not None and account.submission_disabled:
            return AuthResult(success=False, handled=False, message=self._replies.submission_disabled)
        if account is None:
            if self._replies.token_challenge is not None:
                await talk.challenge_auth(self._replies.token_challenge)
            return AuthResult(success=False, handled=False, message=self._replies.token_refused)
        too_many = self._server.throttle.signs_in(account.email, talk)
        if too_many is not None:
            return AuthResult(success=False, handled=False, message=too_many)
        talk.mechanism, talk.account = mechanism, account
        return AuthResult(success=True, message=self._replies.authenticated)

    async def handle_exception(self, error: Exception) -> str:
        if not isinstance(error, TLSSetupException):
            self._server.faults.append(error)
        return "451 4.3.0 Fault of the playing server"


class SubmissionServer:
    """`async with` starts and stops it; `host` and `port` are known while it runs."""

    host = "localhost"

    def __init__(
        self,
        provider: ProviderServer,
        authority: Authority,
        mailbox: Mailbox,
        *,
        minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2,
        maximum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
        security: Security = Security.STARTTLS,
        admits: Admits = Admits.SIGNED_IN,
    ) -> None:
        """Speaks as `provider` does, asks it about tokens and knows its accounts."""
        self.provider = provider
        self.clock: Clock = provider.clock
        self.replies = REPLIES_BY_NAME.get(provider.quirks.name, STANDARD_REPLIES)
        self.mailbox = mailbox
        self.security = security
        self.admits = admits
        self.port = 0
        self.sign_ins = 0
        "Responses to AUTH that were looked at, whatever became of them."
        self.senders_refused = 0
        "Messages whose sender the account may not send as."
        self.faults: list[Exception] = []
        self.throttle = Throttle()
        "What a mailbox may have; as it is, whatever it wants."
        self.bodies = Gate()
        self.drops: deque[Literal["unread", "stored"]] = deque()
        self.conversations: dict[Conversation, asyncio.Task[None]] = {}
        self._tls = authority.server_context(minimum=minimum, maximum=maximum)
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        starttls = self._tls if self.security is Security.STARTTLS else None
        implicit = self._tls if self.security is Security.IMPLICIT else None
        self._server = await loop.create_server(
            lambda: Conversation(self, starttls), "127.0.0.1", 0, ssl=implicit
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Raises ExceptionGroup if a conversation met a fault of this server."""
        assert self._server is not None
        self._server.close()
        going = dict(self.conversations)
        self.cut_all()
        self.bodies.release()
        await asyncio.gather(*going.values(), return_exceptions=True)
        await self._server.wait_closed()
        if self.faults:
            raise ExceptionGroup(f"faults of the playing {self.replies.name} submission", self.faults)

    def cut_all(self) -> None:
        """Drops every connection without a word; a message whose final dot was not answered is lost."""
        for conversation, handled in list(self.conversations.items()):
            if isinstance(conversation.transport, asyncio.Transport):
                conversation.transport.abort()
            handled.cancel()

    def hold_bodies(self) -> AbstractAsyncContextManager[Gate]:
        """Final dots wait for their answers until the context ends; nothing is stored before."""
        return self.bodies.held()

    def drop_after_dot(self) -> None:
        """The next message is stored and the connection cut before the final dot is answered (RFC 1047)."""
        self.drops.append("stored")

    def drop_at_dot(self) -> None:
        """The connection is cut at the next final dot and the message lost."""
        self.drops.append("unread")

    async def token_account(self, user: str, auth: str) -> Account | None:
        """The account, if `auth` is a bearer token that lets `user` send now."""
        scheme, _, token = auth.partition(" ")
        access = await self.provider.introspect(token)
        if scheme.lower() != "bearer" or access is None:
            return None
        if self.provider.quirks.mail_scopes.isdisjoint(access.scope) or not access.opens(user):
            return None
        return self.provider.accounts.find(user)

    def check_password(
        self, talk: SMTP, session: Session, envelope: Transaction, mechanism: str, auth_data: LoginPassword
    ) -> AuthResult:
        """AUTH LOGIN and PLAIN, for devices with [OAuth 2.0] OFF (S1)."""
        assert isinstance(talk, Conversation)
        self.sign_ins += 1
        scripted = self.mailbox.scripted("auth")
        if scripted is not None:
            return AuthResult(success=False, handled=False, message=scripted)
        email, password = (
            auth_data.login.decode("utf-8", "replace"),
            auth_data.password.decode("utf-8", "replace"),
        )
        account = self.provider.accounts.signed_in(email, password)
        if account is None:
            return AuthResult(success=False, handled=False, message=self.replies.password_refused)
        if account.submission_disabled:
            return AuthResult(success=False, handled=False, message=self.replies.submission_disabled)
        talk.mechanism, talk.account = mechanism, account
        return AuthResult(success=True, message=self.replies.authenticated)


async def _response(talk: Conversation, args: list[str]) -> str | None:
    """The client's first response, in the AUTH line or after an empty challenge; None if it was refused."""
    if len(args) == 1:
        try:
            said = await talk.challenge_auth("")
        except ValueError:
            await talk.push("500 5.5.2 line too long")
            return None
        return said.decode("utf-8", "replace") if isinstance(said, bytes) else None
    try:
        return base64.b64decode(args[1], validate=True).decode("utf-8", "replace")
    except ValueError:
        await talk.push("501 5.5.2 Cannot decode response")
        return None


async def _vanish(talk: Conversation) -> None:
    """Cuts the connection and never comes back: losing it cancels this conversation."""
    assert isinstance(talk.transport, asyncio.Transport)
    talk.transport.abort()
    await asyncio.get_running_loop().create_future()
