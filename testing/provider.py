"""An authorization server on loopback that plays Microsoft or Google, over HTTPS with HTTP/2 and HTTP/1.1.

Rule: it refuses what the real one refuses, in that one's words. Its time is the clock's; `requests` tells
what was asked and how it ended, and never holds a code, token, verifier, password or secret.
"""

import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ..engine.clock import Clock
from .accounts import Account, Accounts
from .authority import Authority
from .consent import ConsentPage, refusal_page
from .exchange import Answer, OAuthRequest, RegisteredClient
from .gate import Gate
from .grants import Access, Books, Grant
from .grants import Refusal as Refused
from .https import ALPN, HttpsListener
from .id_tokens import IdTokens
from .protocol import CodeGrant, Issuer, Protocol
from .quirks import Quirks
from .refusals import Cause
from .seen import Given, RequestSeen, Scripted

SIGN_IN_LIFE = timedelta(minutes=10)
"How long a sign-in page may be answered."
BODY_MAX = 65_536
"Octets of a form; more is refused."


@dataclass(slots=True)
class SignInPage:
    grant: CodeGrant
    expires_at: datetime


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
        self.accounts = Accounts()
        self.requests: list[RequestSeen] = []
        self.faults: list[Exception] = []
        self._books = Books(quirks, clock, expires_in_s or quirks.expires_in_s)
        self._id_tokens = IdTokens(quirks, clock, tenant)
        registered = RegisteredClient(self.client_id, quirks, self.client_secret)
        self._protocol = Protocol(quirks, registered, self._books, self.accounts, self._id_tokens)
        self._pages: dict[str, SignInPage] = {}
        self._scripted: deque[Scripted] = deque()
        self._outage: Scripted | None = None
        self._to_lose = 0
        self._gate = Gate()
        self._listener = HttpsListener(self._watched, authority, alpn)
        self._app = Starlette(routes=self._routes())
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._listener)
        if self.quirks.issuer_in_redirect:
            self._protocol.register_extension(Issuer(self.issuer))
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Raises ExceptionGroup if a request met a fault of this server."""
        # Cut first, so that what a test still holds gets no answer, whatever the order of events.
        self._listener.cut_all()
        self._gate.release()
        await self._stack.aclose()
        if self.faults:
            raise ExceptionGroup(f"faults of the playing {self.quirks.name}", self.faults)

    # Where it is

    @property
    def base(self) -> str:
        return f"https://localhost:{self._listener.port}"

    @property
    def issuer(self) -> str:
        return self._url(self.quirks.issuer_path)

    @property
    def authorize_url(self) -> str:
        return self._url(self.quirks.authorize_path)

    @property
    def token_url(self) -> str:
        return self._url(self.quirks.token_path)

    @property
    def revoke_url(self) -> str | None:
        return None if self.quirks.revoke_path is None else self._url(self.quirks.revoke_path)

    @property
    def discovery_url(self) -> str:
        return self._url(self.quirks.discovery_path)

    @property
    def keys_url(self) -> str:
        return self._url(self.quirks.keys_path)

    # What a test does to it

    def count(self, kind: str) -> int:
        return sum(seen.kind == kind for seen in self.requests)

    def revoke_grants(self, email: str) -> int:
        """An administrator takes the account's sign-ins away; says how many grants ended."""
        return self._books.end_grants(email, Cause.REVOKED)

    def change_password(self, email: str, password: str) -> int:
        """The person changes the password, which ends the grants of before."""
        self.accounts.set_password(email, password)
        return self._books.end_grants(email, Cause.PASSWORD_CHANGED)

    def answer_next(
        self, status: int, headers: Mapping[str, str] | None = None, body: bytes | Callable[[], bytes] = b""
    ) -> None:
        """The next token request not yet scripted gets this answer and is not processed."""
        self._scripted.append(Scripted(status, headers or {}, body))

    def lose_next_answer(self) -> None:
        """The next token request is processed, and the connection cut before its answer."""
        self._to_lose += 1

    @asynccontextmanager
    async def outage(
        self, status: int = 503, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[None]:
        """Every token request meanwhile gets this answer and is not processed."""
        self._outage = Scripted(status, headers or {}, b"")
        try:
            yield
        finally:
            self._outage = None

    def hold(self) -> AbstractAsyncContextManager[Gate]:
        """Token requests wait, unprocessed, until the context ends; `gate.arrived(n)` waits for n of them."""
        return self._gate.held()

    def give(self, email: str, scope: frozenset[str] | None = None) -> Given:
        """Tokens as after a sign-in, for tests that are not about signing in; raises KeyError for no account.

        `scope`: what was granted, where not all that sending mail takes.
        """
        account = self.accounts.find(email)
        if account is None:
            raise KeyError(email)
        granted = scope if scope is not None else self.quirks.mail_grant
        grant = Grant(account.email, self.client_id, granted)
        access_token, expires_in_s = self._books.issue_access(grant, granted)
        return Given(access_token, self._books.issue_refresh(grant), expires_in_s)

    async def introspect(self, access_token: str) -> Access | None:
        """What the token is good for now; None if it is unknown, expired or revoked."""
        return self._books.access(access_token)

    # What it serves

    def _routes(self) -> list[Route]:
        quirks = self.quirks
        routes = [
            Route(quirks.authorize_path, self._authorize, methods=["GET"]),
            Route(quirks.authorize_path, self._consent, methods=["POST"]),
            Route(quirks.token_path, self._token, methods=["POST"]),
            Route(quirks.discovery_path, self._discovery, methods=["GET"]),
            Route(quirks.keys_path, self._keys, methods=["GET"]),
        ]
        if quirks.revoke_path is not None:
            routes.append(Route(quirks.revoke_path, self._revoke, methods=["POST"]))
        return routes

    async def _watched(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A fault of this server must not pass for a provider's 500: it is kept and raised when the server
        stops.
        """
        try:
            await self._app(scope, receive, send)
        except Exception as fault:
            self.faults.append(fault)
            raise

    async def _authorize(self, request: Request) -> Response:
        query = parse_qsl(request.url.query, keep_blank_values=True)
        asked = OAuthRequest("GET", str(request.url), query, issuer=self.issuer)
        grant = self._wrong_tenant(request) or self._protocol.consent(asked)
        if isinstance(grant, Answer):
            self._note(request, "authorize", asked, str(grant.cause))
            return self._shown(grant)
        self._note(request, "authorize", asked, "page")
        return self._page(request, grant, asked.parameters.get("login_hint", ""))

    async def _consent(self, request: Request) -> Response:
        form = await self._form(request)
        fields = dict(form)
        page = self._pages.pop(fields.get("request", ""), None)
        if page is None or self.clock.now() >= page.expires_at:
            body = refusal_page(self.quirks.name, "session_expired", "Start the sign-in again on the device.")
            return Response(body, 400, media_type="text/html")
        asked = page.grant.request
        account: Account | None = None
        if fields.get("decision") == "accept":
            account = self.accounts.signed_in(fields.get("account", ""), fields.get("password", ""))
            if account is None:
                self._note(request, "consent", asked, "wrong_password")
                return self._page(
                    request, page.grant, fields.get("account", ""), "Your account or password is incorrect."
                )
            ticked = {value for name, value in form if name == "scope"}
            asked.unticked = frozenset(self._tickable(page.grant)) - ticked
        answer = self._protocol.decide(page.grant, account)
        self._note(request, "consent", asked, str(answer.cause) if answer.cause else "code")
        return self._shown(answer)

    async def _token(self, request: Request) -> Response:
        form = await self._form(request)
        asked = OAuthRequest(
            "POST", str(request.url), form, request.headers.get("authorization", ""), issuer=self.issuer
        )
        grant_type = asked.parameters.get("grant_type", "")
        known = grant_type in ("authorization_code", "refresh_token")
        kind = f"token:{grant_type if known else 'other'}"
        await self._gate.enter()
        scripted = self._scripted.popleft() if self._scripted else self._outage
        if scripted is not None:
            self._note(request, kind, asked, "scripted")
            return scripted.response()
        answer = self._wrong_tenant(request) or self._protocol.token(asked)
        outcome = str(answer.cause) if answer.cause else "ok"
        if self._to_lose:
            self._to_lose -= 1
            outcome = "lost"
            assert request.client is not None
            self._listener.cut((request.client.host, request.client.port))
        self._note(request, kind, asked, outcome)
        return Response(answer.body, answer.status, dict(answer.headers))

    async def _revoke(self, request: Request) -> Response:
        form = await self._form(request)
        asked = OAuthRequest("POST", str(request.url), form, issuer=self.issuer)
        try:
            asked.account = self._books.revoke(
                asked.parameters.get("token", ""), asked.parameters.get("client_id")
            ).account
        except Refused as refused:
            self._note(request, "revoke", asked, str(refused.cause))
            return JSONResponse(
                self._protocol.refusal(refused.cause), self.quirks.words[refused.cause].status
            )
        self._note(request, "revoke", asked, "ok")
        return JSONResponse({})

    async def _discovery(self, request: Request) -> Response:
        wrong = self._wrong_tenant(request)
        if wrong is not None:
            return Response(wrong.body, wrong.status, dict(wrong.headers))
        tenant = request.path_params.get("tenant", "")
        shared = tenant in self.quirks.tenants_shared
        quirks = self.quirks
        told: dict[str, object] = {
            "issuer": self._url(quirks.issuer_path, "{tenantid}" if shared else self.tenant),
            "authorization_endpoint": self._url(quirks.authorize_path, tenant),
            "token_endpoint": self._url(quirks.token_path, tenant),
            "jwks_uri": self._url(quirks.keys_path, tenant),
            "response_types_supported": ["code"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": (
                ["client_secret_post", "client_secret_basic"] if quirks.secret_required else ["none"]
            ),
            "scopes_supported": ["openid", "email", "profile"],
        }
        if quirks.revoke_path is not None:
            told["revocation_endpoint"] = self._url(quirks.revoke_path)
        if quirks.issuer_in_redirect:
            told["authorization_response_iss_parameter_supported"] = True
        return JSONResponse(told)

    async def _keys(self, request: Request) -> Response:
        return JSONResponse(self._id_tokens.public_keys())

    # How it serves

    def _url(self, path: str, tenant: str = "") -> str:
        return self.base + path.replace("{tenant}", tenant or self.tenant)

    def _wrong_tenant(self, request: Request) -> Answer | None:
        tenant = request.path_params.get("tenant", self.tenant)
        if tenant == self.tenant or tenant in self.quirks.tenants_shared:
            return None
        asked = OAuthRequest("GET", str(request.url), ())
        return self._protocol.handle_error_response(asked, Refused(Cause.TENANT_UNKNOWN))

    def _tickable(self, grant: CodeGrant) -> list[str]:
        if not self.quirks.scopes_can_be_unticked:
            return []
        return [name for name in grant.request.scope.split() if name.startswith("https://")]

    def _page(self, request: Request, grant: CodeGrant, login_hint: str, message: str = "") -> Response:
        request_id = secrets.token_urlsafe(16)
        self._pages[request_id] = SignInPage(grant, self.clock.now() + SIGN_IN_LIFE)
        tickable = self._tickable(grant)
        fixed = [name for name in grant.request.scope.split() if name not in tickable]
        page = ConsentPage(
            self.quirks.name,
            request.url.path,
            request_id,
            self.client_id,
            login_hint,
            fixed,
            tickable,
            message,
        )
        return Response(page.html(), 200, {"Cache-Control": "no-store"}, "text/html")

    def _shown(self, answer: Answer) -> Response:
        if answer.location:
            return Response(b"", answer.status, {"Location": answer.location, "Cache-Control": "no-store"})
        words = self.quirks.words[answer.cause or Cause.MALFORMED]
        body = refusal_page(self.quirks.name, words.error, words.text)
        return Response(body, answer.status, media_type="text/html")

    async def _form(self, request: Request) -> list[tuple[str, str]]:
        """The fields of a form, or none if it is no form or too large."""
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > BODY_MAX:
                return []
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type != "application/x-www-form-urlencoded":
            return []
        return parse_qsl(body.decode("ascii", "replace"), keep_blank_values=True)

    def _note(self, request: Request, kind: str, asked: OAuthRequest, outcome: str) -> None:
        parameters = asked.parameters
        self.requests.append(
            RequestSeen(
                self.clock.now(),
                kind,
                parameters.get("client_id", ""),
                asked.account,
                outcome,
                str(request.scope["http_version"]),
                parameters.get("prompt", ""),
                parameters.get("login_hint", ""),
                self._listener.tls_of((request.client.host, request.client.port)) if request.client else "",
            )
        )
