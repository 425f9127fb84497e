"""The calls to the authorization server: Authlib's OAuth 2 client over our own httpx2 session.

Rules: token calls only; a session lives as long as one refresh, revocation or redemption, so that each takes
the TLS and HTTP settings of its moment. No environment variable is looked at: proxies here, authorities
and key logs in `engine/tls.py`. A
request has a time limit as a whole, an answer a size limit. What Authlib would keep of an answer (`token`) is
never set, and no exception that could quote one leaves.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.client import OAuth2Client

from ..clock import Clock
from ..ports import Application
from ..secret import Secret
from .answers import Fault, Refusal
from .providers import ProviderData
from .wire import SIZE_MAX, TokenAnswer, Wire, token_answer

CALL_S = 30.0
"Limit of one whole call, connection and body included."
STEP = httpx2.Timeout(20.0, connect=10.0)
"Limits of a single step in it, in seconds."
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NOT_SENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
)
"After these the provider never saw the request, so that no answer can have been lost."
NOT_YET_VALID = 9
"X509_V_ERR_CERT_NOT_YET_VALID"


class CallError(Exception):
    """There is no whole answer. `lost`: the provider may have answered, and the answer is gone."""

    def __init__(self, fault: Fault, *, lost: bool = False) -> None:
        super().__init__(fault.value)
        self.fault = fault
        self.lost = lost


class WireClient(OAuth2Client):
    """Authlib builds the request, our session carries it, and the answer comes back as it is."""

    session: httpx2.AsyncClient

    def __init__(self, session: httpx2.AsyncClient, application: Application, scope: str | None) -> None:
        secret = application.client_secret
        # Not client_secret_basic: Authlib does not escape it as RFC 6749 section 2.3.1 wants, and hpack logs
        # headers.
        method = "client_secret_post" if secret else "none"
        super().__init__(
            session,
            client_id=application.client_id,
            client_secret=secret.reveal() if secret else None,
            token_endpoint_auth_method=method,
            revocation_endpoint_auth_method=method,
            scope=scope,
            code_challenge_method="S256",
        )

    async def _fetch_token(
        self, url: str, body: str, auth: ClientAuth, headers: Mapping[str, str], **_unused: str
    ) -> Wire:
        return await self._http_post(url, body, auth, headers)

    async def _refresh_token(
        self, url: str, body: str, auth: ClientAuth, headers: Mapping[str, str], **_unused: str
    ) -> Wire:
        return await self._http_post(url, body, auth, headers)

    async def _http_post(self, url: str, body: str, auth: ClientAuth, headers: Mapping[str, str]) -> Wire:
        """The headers are copied: Authlib writes into what it is given, its own defaults among them."""
        to: str
        sent: dict[str, str]
        form: str
        to, sent, form = auth.prepare(  # type: ignore[no-untyped-call]
            "POST", url, {**headers, **FORM}, body
        )
        return await _read(self.session, "POST", to, sent, form.encode())


@dataclass(frozen=True, slots=True)
class Calls:
    """What can be asked of one provider. `data` is whole (`ProviderData.at`)."""

    data: ProviderData
    application: Application
    clock: Clock
    context: Callable[[], ssl.SSLContext]
    http2: Callable[[], bool]

    def authorize_url(self, redirect_uri: str, state: str, verifier: str, extra: Mapping[str, str]) -> str:
        """The authorization request (RFC 6749 section 4.1.1 with RFC 7636 section 4.3)."""
        builder = OAuth2Client(
            None,
            client_id=self.application.client_id,
            scope=" ".join(self.data.scopes),
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
        )
        url, _ = builder.create_authorization_url(
            self.data.authorize, state=state, code_verifier=verifier, **extra
        )
        return str(url)

    async def exchange(
        self, session: httpx2.AsyncClient, code: Secret, verifier: Secret, redirect_uri: str
    ) -> TokenAnswer | Refusal:
        """Redeems the code, once: a code is good for one use (RFC 6749 section 4.1.2)."""
        client = WireClient(session, self.application, None)
        try:
            wire: Wire = await client.fetch_token(
                self.data.token,
                grant_type="authorization_code",
                headers={"Accept": "application/json"},
                code=code.reveal(),
                redirect_uri=redirect_uri,
                code_verifier=verifier.reveal(),
            )
        except CallError as failed:
            return Refusal(fault=failed.fault)
        return token_answer(wire, self.clock.now())

    async def refresh(self, grant: Secret) -> TokenAnswer | Refusal:
        """A lost answer may have carried a new refresh token: the same one is used at once once more, which
        the provider that rotates still takes."""
        scope = " ".join(self.data.scopes_on_refresh) or None
        try:
            async with self.session() as session:
                client = WireClient(session, self.application, scope)
                try:
                    wire = await self._refreshed(client, grant)
                except CallError as failed:
                    if not failed.lost:
                        raise
                    wire = await self._refreshed(client, grant)
        except CallError as failed:
            return Refusal(fault=failed.fault)
        return token_answer(wire, self.clock.now())

    async def revoke(self, grant: Secret) -> bool:
        """RFC 7009 section 2.2: 200 says that the token is dead, whoever killed it."""
        if self.data.revoke is None:
            return False
        try:
            async with self.session() as session:
                client = WireClient(session, self.application, None)
                wire: Wire = await client.revoke_token(  # type: ignore[no-untyped-call]
                    self.data.revoke,
                    token=grant.reveal(),
                    token_type_hint="refresh_token",  # noqa: S106 - a name, no secret
                    headers={"Accept": "application/json"},
                )
        except CallError:
            return False
        return wire.status == 200

    async def keys(self, session: httpx2.AsyncClient) -> bytes:
        """The provider's JSON Web Key Set as it came. Raises CallError."""
        wire = await _read(session, "GET", self.data.keys, {"Accept": "application/json"}, b"")
        if wire.status != 200:
            raise CallError(Fault.NETWORK if wire.status >= 500 or wire.status == 429 else Fault.KEYS)
        return wire.body

    async def _refreshed(self, client: WireClient, grant: Secret) -> Wire:
        wire: Wire = await client.refresh_token(
            self.data.token, refresh_token=grant.reveal(), headers={"Accept": "application/json"}
        )
        return wire

    @asynccontextmanager
    async def session(self) -> AsyncIterator[httpx2.AsyncClient]:
        """Raises CallError where the file of additional authorities cannot be read."""
        try:
            context = self.context()
        except (OSError, ssl.SSLError):
            raise CallError(Fault.TRUST) from None
        async with httpx2.AsyncClient(
            verify=context, http2=self.http2(), trust_env=False, timeout=STEP, follow_redirects=False
        ) as session:
            yield session


async def _read(
    session: httpx2.AsyncClient, method: str, url: str, headers: Mapping[str, str], body: bytes
) -> Wire:
    """One request and its whole answer. Raises CallError, without the library's error: it holds the
    request."""
    sent = {**headers, "Accept-Encoding": "identity"}
    try:
        async with (
            asyncio.timeout(CALL_S),
            session.stream(method, url, headers=sent, content=body or None) as answer,
        ):
            return Wire(
                answer.status_code,
                await _body(answer),
                answer.headers.get("retry-after", ""),
                answer.headers.get("date", ""),
            )
    except TimeoutError:
        failed = CallError(Fault.TIMEOUT, lost=True)
    # Beside its own errors the library lets those of TLS through while reading, and ValueError for an HTTP/2
    # status that is no number.
    except (httpx2.HTTPError, OSError, ValueError) as error:
        failed = CallError(_fault(error), lost=not isinstance(error, NOT_SENT))
    raise failed


async def _body(answer: httpx2.Response) -> bytes:
    """The body; empty where it is too large or encoded, so that the status alone speaks."""
    if answer.headers.get("content-encoding", "identity").strip().casefold() != "identity":
        return b""
    body = bytearray()
    async for piece in answer.aiter_raw():
        body += piece
        if len(body) > SIZE_MAX:
            return b""
    return bytes(body)


def _fault(error: BaseException) -> Fault:
    """The cause, looked for along the chain of what the libraries wrapped."""
    if isinstance(error, httpx2.ProxyError):
        return Fault.PROXY
    if isinstance(error, httpx2.TimeoutException):
        return Fault.TIMEOUT
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, ssl.SSLCertVerificationError):
            return Fault.CLOCK if link.verify_code == NOT_YET_VALID else Fault.CERTIFICATE
        if isinstance(link, ssl.SSLError):
            return Fault.TLS
        if isinstance(link, socket.gaierror):
            return Fault.DNS
        link = link.__cause__ or link.__context__
    return Fault.NETWORK
