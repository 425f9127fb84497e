"""An authorization server on loopback that plays Microsoft or Google, over HTTPS with HTTP/2 and HTTP/1.1.

Rule: it refuses what the real one refuses, in that one's words. Its time is the clock's; `requests` tells
what was asked and how it ended, and never holds a code, token, verifier, password or secret.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Self

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from ..engine.clock import Clock
from .accounts import Accounts
from .addresses import Addresses
from .authority import Authority
from .endpoints import RESOURCE_SERVER, Endpoints
from .gate import Gate
from .grants import Access, Books
from .https import ALPN, HttpsListener
from .id_tokens import IdTokens
from .pages import Pages
from .policy import Policy
from .protocol import Issuer, Protocol
from .quirks import Flow, Quirks
from .refusals import Cause
from .registration import Registration
from .scripted import LOST, Scripted
from .seen import Given, RequestSeen
from .serving import Serving


class ProviderServer:
    """`async with` starts and stops it; the addresses are known while it runs."""

    def __init__(
        self,
        quirks: Quirks,
        clock: Clock,
        authority: Authority,
        *,
        client_id: str = "",
        client_secret: str = "",
        tenant: str = "0f1e2d3c-4b5a-4968-8776-655443322110",
        expires_in_s: tuple[int, int] | None = None,
        alpn: tuple[str, ...] = ALPN,
    ) -> None:
        """`expires_in_s`: shortest and longest life of an access token in seconds, where not the provider's
        own.

        A client secret is made up where the provider wants one and none is given.
        """
        self.quirks = quirks
        self.clock = clock
        self.tenant = tenant
        self.client_id = client_id or f"{quirks.name}-device-client"
        self.client_secret = client_secret or (secrets.token_urlsafe(24) if quirks.secret_required else "")
        self.resource_server, self.resource_secret = RESOURCE_SERVER, secrets.token_urlsafe(24)
        self.accounts = Accounts()
        self.policy = Policy(quirks.rotation, quirks.unused_max, quirks.live_tokens_max)
        self.registration = Registration(self.client_id, quirks, clock)
        if self.client_secret:
            self.registration.add_secret(self.client_secret)
        self.faults: list[Exception] = []
        self._books = Books(quirks, clock, self.policy, expires_in_s or quirks.expires_in_s)
        id_tokens = IdTokens(quirks, clock, tenant)
        self._protocol = Protocol(quirks, self.registration, self._books, self.accounts, id_tokens)
        self._listener = HttpsListener(self._watched, authority, alpn)
        self._authority = authority
        self._at = Addresses(quirks, tenant)
        self._serving = Serving(quirks, clock, self._at, self._protocol, self._listener)
        pages, endpoints = (
            Pages(self._serving, self.client_id),
            Endpoints(self._serving, id_tokens, self.resource_secret),
        )
        self._app = Starlette(routes=[*pages.routes(), *endpoints.routes()])
        self._stack = AsyncExitStack()
        self._reopening: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._listener)
        self._at.port = self._listener.port
        if self.quirks.issuer_in_redirect:
            self._protocol.register_extension(Issuer(self.issuer))
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Raises ExceptionGroup if a request met a fault of this server."""
        if self._reopening is not None:
            self._reopening.cancel()
            await asyncio.gather(self._reopening, return_exceptions=True)
        # Cut first, so that what a test still holds gets no answer, whatever the order of events.
        self._listener.cut_all()
        self._serving.gate.release()
        await self._stack.aclose()
        if self.faults:
            raise ExceptionGroup(f"faults of the playing {self.quirks.name}", self.faults)

    # Where it is

    @property
    def base(self) -> str:
        return self._at.base

    @property
    def issuer(self) -> str:
        return self._at.issuer

    @property
    def authorize_url(self) -> str:
        return self._at.authorize

    @property
    def token_url(self) -> str:
        return self._at.token

    @property
    def revoke_url(self) -> str | None:
        return self._at.revoke

    @property
    def device_url(self) -> str:
        """Device authorization endpoint (RFC 8628 section 3.1)."""
        return self._at.device

    @property
    def verification_url(self) -> str:
        """Where a person enters the code of a device."""
        return self._at.verification

    @property
    def introspect_url(self) -> str:
        """Token introspection (RFC 7662) for `resource_server` with `resource_secret`, by HTTP Basic."""
        return self._at.introspect

    @property
    def discovery_url(self) -> str:
        return self._at.discovery

    @property
    def keys_url(self) -> str:
        return self._at.keys

    # What was asked

    @property
    def requests(self) -> list[RequestSeen]:
        return self._serving.requests

    def count(self, kind: str) -> int:
        return sum(seen.kind == kind for seen in self.requests)

    # What people at the provider do; `policy`, `registration` and `accounts` know more

    def revoke_grants(self, email: str) -> int:
        """An administrator, or the person, ends all sign-ins of the account; says how many grants ended."""
        return self._books.end_grants(email, Cause.REVOKED)

    def withdraw_consent(self, email: str) -> int:
        """The person takes the application's permission away; says how many grants ended."""
        return self._books.end_grants(email, Cause.CONSENT_WITHDRAWN)

    def add_service_account(self, email: str) -> str:
        """Opens it, or gives it another key: the key file, as JSON."""
        return self._protocol.service_accounts.add(email, self.token_url)

    def delegate(self, email: str, scopes: frozenset[str] | None = None) -> None:
        """An administrator lets the service account act in anybody's name, for sending mail where no scopes
        are named.
        """
        granted = scopes if scopes is not None else frozenset({self.quirks.mail_scope})
        self._protocol.service_accounts.delegate(email, granted)

    def disable_service_account(self, email: str) -> None:
        self._protocol.service_accounts.disable(email)

    def change_password(self, email: str, password: str) -> int:
        """The person changes the password, which ends the grants of before."""
        self.accounts.set_password(email, password)
        return self._books.end_grants(email, Cause.PASSWORD_CHANGED)

    # What a test does to it

    def on_token(self, listener: Callable[[str], None]) -> None:
        """Calls `listener` with each access and refresh token, in clear, that is issued from now on: whoever
        searches a device for them must know them.
        """
        self._books.listeners.append(listener)

    @contextmanager
    def unplugged(self) -> Iterator[None]:
        """Meanwhile nobody can connect, and the connections that stood are cut."""
        was_open = self._listener.is_open
        self._listener.shut()
        try:
            yield
        finally:
            if was_open:
                self._listener.open()

    def script(self, answer: Scripted, kind: str = "token", times: int = 1) -> None:
        """The next so many requests of this kind not yet scripted get this answer. `kind`: as in
        `RequestSeen`, or how it begins ("token", "device"); "" is every request.
        """
        self._serving.script.add(kind, answer, times)

    def answer_next(
        self, status: int, headers: Mapping[str, str] | None = None, body: bytes | Callable[[], bytes] = b""
    ) -> None:
        """The next token request not yet scripted gets this answer and is not processed."""
        self.script(Scripted(status, headers or {}, body))

    def lose_next_answer(self) -> None:
        """The next token request is processed, and the connection cut before its answer."""
        self.script(LOST)

    @asynccontextmanager
    async def outage(
        self, status: int = 503, headers: Mapping[str, str] | None = None, kind: str = "token"
    ) -> AsyncIterator[None]:
        """Every such request meanwhile gets this answer and is not processed."""
        answer = Scripted(status, headers or {}, b"")
        self._serving.script.begin(kind, answer)
        try:
            yield
        finally:
            self._serving.script.end(kind, answer)

    def down(self, until: datetime | None = None, **duration: float) -> None:
        """Refuses connections until then, or for so long (`days=14`), as a host without the service does;
        those that stand are cut. Another `down` takes the place of this one.
        """
        end = until if until is not None else self.clock.now() + timedelta(**duration)
        if self._reopening is not None:
            self._reopening.cancel()
        self._listener.shut()
        self._reopening = asyncio.create_task(self._reopen(end))

    def up(self) -> None:
        """Ends `down` now."""
        if self._reopening is not None:
            self._reopening.cancel()
            self._reopening = None
        self._listener.open()

    async def _reopen(self, when: datetime) -> None:
        await self.clock.sleep_until(when)
        self._listener.open()

    @asynccontextmanager
    async def distrusted(self, authority: Authority) -> AsyncIterator[None]:
        """Shows meanwhile a certificate of another authority, as a proxy does that opens TLS."""
        self._listener.present(authority)
        try:
            yield
        finally:
            self._listener.present(self._authority)

    def hold(self) -> AbstractAsyncContextManager[Gate]:
        """Token requests wait, unprocessed, until the context ends; `gate.arrived(n)` waits for n of them."""
        return self._serving.gate.held()

    def give(self, email: str, scope: frozenset[str] | None = None, flow: Flow = Flow.CODE) -> Given:
        """Tokens as after a sign-in, for tests that are not about signing in; raises KeyError for no account.

        `scope`: what was granted, where not all that sending mail takes.
        """
        account = self.accounts.find(email)
        if account is None:
            raise KeyError(email)
        granted = scope if scope is not None else self.quirks.mail_grant
        grant = self._books.open(account.email, self.client_id, granted, flow)
        access_token, expires_in_s = self._books.issue_access(grant, granted)
        return Given(access_token, self._books.issue_refresh(grant), expires_in_s)

    async def introspect(self, access_token: str) -> Access | None:
        """What the token is good for now; None if it is unknown, expired or revoked."""
        access = self._books.access(access_token)
        if access is not None and access.account == self.client_id:
            return replace(access, mailboxes=frozenset(self.registration.mailboxes))
        return access

    async def _watched(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A fault of this server must not pass for a provider's 500: it is kept and raised when the server
        stops.
        """
        try:
            await self._app(scope, receive, send)
        except Exception as fault:
            self.faults.append(fault)
            raise
