"""The calls to the authorization server: Authlib's OAuth 2 client over our own session.

Rules: token calls only; a session lives as long as one refresh, revocation or redemption, so that each takes
the TLS, HTTP and proxy settings of its moment. What Authlib would keep of an answer (`token`) is never set,
and no exception that could quote one leaves.
"""

import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.client import OAuth2Client

from ..clock import Clock
from ..ports import Application, HttpProxy
from ..secret import Secret
from .answers import Refusal
from .faults import Fault
from .providers import ProviderData, WithoutPerson
from .session import CallError, Session
from .wire import DeviceAnswer, TokenAnswer, Wire, device_answer, token_answer

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


NOBODYS = Secret("a-refresh-token-that-nobody-has")


class WireClient(OAuth2Client):
    """Authlib builds the request, our session carries it, and the answer comes back as it is."""

    session: Session

    def __init__(self, session: Session, application: Application, scope: str | None) -> None:
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

    async def post(self, url: str, form: str) -> Wire:
        """To an endpoint that Authlib's client does not know, with this application's name and secret."""
        auth: ClientAuth = self.client_auth(self.token_endpoint_auth_method)
        return await self._http_post(url, form, auth, {"Accept": "application/json"})

    async def _http_post(self, url: str, body: str, auth: ClientAuth, headers: Mapping[str, str]) -> Wire:
        """The headers are copied: Authlib writes into what it is given, its own defaults among them."""
        to: str
        sent: dict[str, str]
        form: str
        to, sent, form = auth.prepare(  # type: ignore[no-untyped-call]
            "POST", url, {**headers, **FORM}, body
        )
        return await self.session.read("POST", to, sent, form.encode())


@dataclass(frozen=True, slots=True)
class Calls:
    """What can be asked of one provider. `data` is whole (`ProviderData.at`)."""

    data: ProviderData
    application: Application
    clock: Clock
    context: Callable[[], ssl.SSLContext]
    http2: Callable[[], bool]
    proxy: Callable[[], HttpProxy | None]

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
        self, session: Session, code: Secret, verifier: Secret, redirect_uri: str
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

    async def device_code(self, session: Session) -> DeviceAnswer | Refusal:
        """RFC 8628 section 3.1. Raises CallError, and LookupError where the provider has no such endpoint."""
        if self.data.device_code is None:
            raise LookupError(self.data.name)
        client = WireClient(session, self.application, None)
        form = urlencode({"scope": " ".join(self.data.scopes)})
        wire = await client.post(self.data.device_code, form)
        return device_answer(wire, self.clock.now())

    async def poll(self, session: Session, device_code: Secret) -> TokenAnswer | Refusal:
        """RFC 8628 section 3.4. Raises CallError."""
        client = WireClient(session, self.application, None)
        wire: Wire = await client.fetch_token(
            self.data.token,
            grant_type="urn:ietf:params:oauth:grant-type:device_code",
            headers={"Accept": "application/json"},
            device_code=device_code.reveal(),
        )
        return token_answer(wire, self.clock.now())

    async def client_credentials(self, how: WithoutPerson, jti: str) -> TokenAnswer | Refusal:
        """RFC 6749 section 4.4, with the certificate's key where there is one. Raises ProofUnusableError."""
        from . import assertions

        proof, public = self.application.proof, replace(self.application, client_secret=None)
        form = {"grant_type": "client_credentials", "scope": how.scope}
        if proof is None:
            return await self._posted(form, self.application)
        to, client_id = self.data.token, self.application.client_id
        signed = assertions.of_client(proof, client_id, to, how.algorithm, jti, self.clock.now())
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        form |= {"client_assertion_type": kind, "client_assertion": signed.reveal()}
        return await self._posted(form, public)

    async def bearer(self, how: WithoutPerson, mailbox: str, jti: str) -> TokenAnswer | Refusal:
        """RFC 7523 section 2.1: the assertion says who asks. Raises ProofUnusableError."""
        from . import assertions

        if (proof := self.application.proof) is None:
            raise assertions.ProofUnusableError
        to, now = self.data.token, self.clock.now()
        signed = assertions.of_service(proof, mailbox, how.scope, to, how.algorithm, jti, now)
        kind = "urn:ietf:params:oauth:grant-type:jwt-bearer"
        return await self._posted({"grant_type": kind, "assertion": signed.reveal()}, None)

    async def _posted(self, form: dict[str, str], by: Application | None) -> TokenAnswer | Refusal:
        """`by`: None, the form itself says who asks."""
        try:
            async with self.session() as session:
                if by is None:
                    sent = {"Accept": "application/json", **FORM}
                    wire = await session.read("POST", self.data.token, sent, urlencode(form).encode())
                else:
                    wire = await WireClient(session, by, None).post(self.data.token, urlencode(form))
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

    async def ask(self) -> Wire:
        """See `OAuthProvider.ask`. Raises CallError."""
        async with self.session() as session:
            return await self._refreshed(WireClient(session, self.application, None), NOBODYS)

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

    async def keys(self, session: Session) -> bytes:
        """The provider's JSON Web Key Set as it came. Raises CallError."""
        wire = await session.read("GET", self.data.keys, {"Accept": "application/json"}, b"")
        if wire.status != 200:
            raise CallError(Fault.NETWORK if wire.status >= 500 or wire.status == 429 else Fault.KEYS)
        return wire.body

    async def _refreshed(self, client: WireClient, grant: Secret) -> Wire:
        wire: Wire = await client.refresh_token(
            self.data.token, refresh_token=grant.reveal(), headers={"Accept": "application/json"}
        )
        return wire

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """Raises CallError where the file of additional authorities or the proxy's password cannot be
        read.
        """
        try:
            context = self.context()
        except (OSError, ssl.SSLError):
            raise CallError(Fault.TRUST) from None
        try:
            proxy = self.proxy()
        except (OSError, ValueError):  # CredentialError is one
            raise CallError(Fault.PROXY_PASSWORD) from None
        async with Session(context, self.http2(), proxy) as session:
            yield session
