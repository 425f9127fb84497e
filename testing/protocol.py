"""OAuth 2.0 as the playing provider speaks it: Authlib's server side, made as strict as the real ones.

Rule: only the flows of `flows.py` are spoken, and of these those of the provider's quirks. Every lifetime
comes from the books, every word of a refusal from the quirks.
"""

import json
from collections.abc import Mapping, Sequence

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    ClientMixin,
    InvalidClientError,
    OAuth2Error,
    OAuth2Request,
)
from authlib.oauth2.rfc9207 import IssuerParameter

from .accounts import Account, Accounts
from .assertions import CLIENT_ASSERTION, Assertions
from .device_codes import DeviceCode, DeviceCodes
from .exchange import Answer, OAuthRequest, TokenAnswer
from .flows import ApplicationGrant, CodeGrant, DeviceGrant, RefreshGrant, RequiredS256, ServiceGrant
from .grants import Books, Grant, Refusal
from .id_tokens import IdTokens
from .quirks import Flow, Quirks
from .refusals import Body, Cause
from .registration import Registration
from .service_accounts import ServiceAccounts

CAUSE_OF_ERROR = {
    "access_denied": Cause.CANCELLED,
    "invalid_client": Cause.UNKNOWN_CLIENT,
    "invalid_grant": Cause.MALFORMED,
    "invalid_request": Cause.MALFORMED,
    "invalid_scope": Cause.BAD_SCOPE,
    "unsupported_grant_type": Cause.GRANT_TYPE,
    "unsupported_response_type": Cause.BAD_RESPONSE_TYPE,
}
"For what Authlib finds by itself; ours are raised as Refusal."


NOT_STORED = (
    ("Content-Type", "application/json"),
    ("Cache-Control", "no-store"),
    ("Pragma", "no-cache"),
)


class Issuer(IssuerParameter):
    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    def get_issuer(self) -> str:
        return self._issuer


class Protocol(AuthorizationServer):
    """Authlib's server over our books; `consent`, `decide`, `device` and `token` are its doors."""

    def __init__(
        self,
        quirks: Quirks,
        registration: Registration,
        books: Books,
        accounts: Accounts,
        id_tokens: IdTokens,
    ) -> None:
        super().__init__()
        self.quirks = quirks
        self.books = books
        self.accounts = accounts
        self.device_codes = DeviceCodes(quirks.device, books.clock)
        self.service_accounts = ServiceAccounts(Assertions(books.clock), quirks.scopes)
        self._registration = registration
        self._id_tokens = id_tokens
        self.register_grant(CodeGrant, [RequiredS256(required=True)])
        self.register_grant(RefreshGrant)
        if Flow.DEVICE in quirks.flows:
            self.register_grant(DeviceGrant)
        if Flow.APPLICATION in quirks.flows:
            self.register_grant(ApplicationGrant)
        if Flow.SERVICE in quirks.flows:
            self.register_grant(ServiceGrant)

    def consent(self, request: OAuthRequest) -> CodeGrant | Answer:
        """Checks an authorization request: what the person is to decide on, or why not (RFC 6749 section
        4.1.1).
        """
        try:
            self._refuse_repeated(request)
            if request.parameters.get("response_type") != "code":
                raise Refusal(Cause.BAD_RESPONSE_TYPE)
            grant: object = self.get_consent_grant(request)  # type: ignore[no-untyped-call]
        except OAuth2Error as error:
            error.state = request.parameters.get("state")
            return self.handle_error_response(request, error)
        assert isinstance(grant, CodeGrant)
        return grant

    def decide(self, grant: CodeGrant, account: Account | None) -> Answer:
        """Redirects with a code for `account`, or with access_denied if the person cancelled."""
        answer = self.create_authorization_response(grant.request, grant_user=account, grant=grant)
        assert isinstance(answer, Answer)
        return answer

    def token(self, request: OAuthRequest) -> Answer:
        try:
            self._refuse_repeated(request)
        except Refusal as refusal:
            return self.handle_error_response(request, refusal)
        answer: object = self.create_token_response(request)
        assert isinstance(answer, Answer)
        return answer

    def device(self, request: OAuthRequest, verification: str) -> Answer:
        """Answers a device authorization request (RFC 8628 section 3.2); `verification`: its page."""
        try:
            self._refuse_repeated(request)
            client = self.authenticate_client(request, (), "device")
            scope = request.parameters.get("scope", "").split()
            if not scope or not self.quirks.device.scopes.issuperset(scope):
                raise Refusal(Cause.DEVICE_SCOPE)
        except Refusal as refusal:
            return self.handle_error_response(request, refusal)
        flow = self.quirks.device
        issued = self.device_codes.issue(client.get_client_id(), frozenset(scope))
        told: Body = {
            "device_code": issued.device_code,
            "user_code": issued.user_code,
            flow.address_field: verification,
            "expires_in": int(flow.life.total_seconds()),
            "interval": int(flow.interval.total_seconds()),
        }
        if flow.tells_complete:
            told["verification_uri_complete"] = f"{verification}?user_code={issued.user_code}"
        return self.handle_response(200, told, NOT_STORED)

    def admitted(self, email: str) -> Account:
        """The account, unless its provider gives it no token now."""
        account = self.accounts.find(email)
        if account is None or account.disabled:
            raise Refusal(Cause.ACCOUNT_DISABLED, email)
        if self.books.policy.blocks(email):
            raise Refusal(Cause.CONDITIONAL_ACCESS, email)
        return account

    def wants_refresh(self, parameters: Mapping[str, str]) -> bool:
        if self.quirks.offline_scope is not None:
            return self.quirks.offline_scope in parameters.get("scope", "").split()
        return (
            parameters.get("access_type") == "offline" and "consent" in parameters.get("prompt", "").split()
        )

    # What Authlib asks of us

    def query_client(self, client_id: str) -> Registration:
        if client_id != self._registration.client_id:
            raise Refusal(Cause.UNKNOWN_CLIENT)
        return self._registration

    def authenticate_client(
        self, request: OAuth2Request, methods: object, endpoint: str = "token"
    ) -> ClientMixin:
        """Tells the ways apart in which a client can fail to say who it is (RFC 6749 section 2.3.1)."""
        parameters = request.form
        if parameters.get("client_id"):
            self.query_client(parameters["client_id"])
        application = parameters.get("grant_type") == "client_credentials"
        said_secret = bool(parameters.get("client_secret")) or "Authorization" in (request.headers or {})
        said = said_secret or bool(parameters.get("client_assertion"))
        confidential = self.quirks.secret_required or application
        if confidential and not said:
            raise Refusal(Cause.CREDENTIAL_MISSING if application else Cause.SECRET_MISSING)
        if not confidential and said:
            raise Refusal(Cause.SECRET_FROM_PUBLIC)
        if parameters.get("client_assertion"):
            return self._asserted(request)
        allowed = ("client_secret_basic", "client_secret_post") if confidential else ("none",)
        try:
            return super().authenticate_client(request, allowed, endpoint)
        except InvalidClientError as error:
            raise Refusal(Cause.SECRET_WRONG if said_secret else Cause.UNKNOWN_CLIENT) from error

    def _asserted(self, request: OAuth2Request) -> ClientMixin:
        """RFC 7523 section 2.2. Where no certificate can be registered, none is known."""
        assert isinstance(request, OAuthRequest)
        if request.parameters.get("client_assertion_type") != CLIENT_ASSERTION:
            raise Refusal(Cause.ASSERTION_MALFORMED)
        audiences = {request.audience, request.issuer}
        self._registration.check_assertion(request.parameters["client_assertion"], audiences)
        return self._registration

    def issue_without_person(
        self, token: TokenAnswer, account: str, client_id: str, scope: frozenset[str], flow: Flow
    ) -> None:
        """An access token alone: neither scope nor refresh nor ID token beside it."""
        token.pop("scope", None)
        grant = self.books.open(account, client_id, scope, flow)
        token["access_token"], token["expires_in"] = self.books.issue_access(grant, scope)
        if self.quirks.extended_life:
            token["ext_expires_in"] = token["expires_in"]

    def generate_token(
        self,
        grant_type: str,
        client: ClientMixin,
        user: object = None,
        scope: str | None = None,
        expires_in: int | None = None,
        include_refresh_token: bool = True,
    ) -> TokenAnswer:
        """Type and scope only: `save_token` knows the grant and adds the tokens."""
        told = [
            self.quirks.scope_answers.get(name, name)
            for name in (scope or "").split()
            if name not in self.quirks.scopes_not_answered
        ]
        return TokenAnswer(token_type="Bearer", scope=" ".join(told))

    def save_token(self, token: dict[str, str | int], request: OAuth2Request) -> None:
        """Adds what goes beside the access token: a refresh token and an ID token."""
        assert isinstance(request, OAuthRequest)
        assert request.user is not None
        nonce = ""
        if request.authorization_code is not None:
            grant, nonce = request.authorization_code.grant, request.authorization_code.nonce
            wants_refresh = request.authorization_code.wants_refresh
        elif request.refresh_token is not None:
            grant, wants_refresh = request.refresh_token.grant, self.books.policy.rotation is not None
        else:
            assert request.credential is not None
            grant = self._opened(request.credential)
            wants_refresh = self.quirks.offline_scope is None or self.quirks.offline_scope in grant.scope
        scope = grant.scope
        if request.parameters.get("scope") and request.refresh_token is not None:
            scope = frozenset(request.parameters["scope"].split())
        token["access_token"], token["expires_in"] = self.books.issue_access(grant, scope)
        if self.quirks.extended_life:
            token["ext_expires_in"] = token["expires_in"]
        if wants_refresh:
            token["refresh_token"] = self.books.issue_refresh(grant)
        if grant.expires_at is not None and (wants_refresh or request.refresh_token is not None):
            left = grant.expires_at - self.books.clock.now()
            token["refresh_token_expires_in"] = int(left.total_seconds())
        if "openid" in grant.scope:
            token["id_token"] = self._id_tokens.sign(
                request.user, request.issuer, grant.client_id, nonce, grant.scope
            )

    def _opened(self, code: DeviceCode) -> Grant:
        return self.books.open(code.account, code.client_id, code.scope, Flow.DEVICE)

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Authlib's signals have no listener here."""

    def create_oauth2_request(self, request: OAuthRequest) -> OAuthRequest:
        return request

    def handle_response(
        self,
        status: int,
        body: Mapping[str, object] | str,
        headers: Mapping[str, str] | Sequence[tuple[str, str]],
    ) -> Answer:
        pairs = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
        return Answer(status, pairs, b"" if isinstance(body, str) else json.dumps(body).encode())

    def handle_error_response(self, request: OAuth2Request, error: OAuth2Error) -> Answer:
        cause = (
            error.cause
            if isinstance(error, Refusal)
            else CAUSE_OF_ERROR.get(error.error or "", Cause.MALFORMED)
        )
        if isinstance(error, Refusal) and isinstance(request, OAuthRequest):
            request.account = error.account or request.account
        body = self.refusal(cause)
        if error.redirect_uri and (self.quirks.redirects_refusals or cause is Cause.CANCELLED):
            told = [(name, str(body[name])) for name in ("error", "error_description") if body.get(name)]
            if error.state:
                told.append(("state", error.state))
            return Answer(302, [("Location", add_params_to_uri(error.redirect_uri, told))], b"", cause)
        return self.refused(cause)

    def refused(self, cause: Cause) -> Answer:
        """A refusal as the provider's own words say it."""
        status = self.quirks.words[cause].status
        headers = [*NOT_STORED, *([("WWW-Authenticate", "Basic")] if status == 401 else [])]
        return Answer(status, headers, json.dumps(self.refusal(cause)).encode(), cause)

    def refusal(self, cause: Cause) -> Body:
        """The body of a refusal in the provider's own form."""
        return self.quirks.refusal_form(self.quirks.words[cause], self.books.clock.now())

    def _refuse_repeated(self, request: OAuthRequest) -> None:
        """RFC 6749 section 3.1 and 3.2: no parameter twice."""
        if request.repeated:
            raise Refusal(Cause.MALFORMED)
