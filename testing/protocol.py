"""OAuth 2.0 as the playing provider speaks it: Authlib's server side, made as strict as the real ones.

Rule: only code with PKCE S256 and refresh are spoken. Authlib decides what is checked in which order; every
lifetime comes from the books, every word of a refusal from the quirks, and nothing here reads the time.
"""

import json
import secrets
import uuid
from collections.abc import Mapping, Sequence

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    ClientMixin,
    InvalidClientError,
    InvalidGrantError,
    InvalidRequestError,
    OAuth2Error,
    OAuth2Request,
)
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, RefreshTokenGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9207 import IssuerParameter

from .accounts import Account, Accounts
from .exchange import Answer, OAuthRequest, RegisteredClient, TokenAnswer
from .grants import Books, Code, Grant, RefreshToken, Refusal
from .id_tokens import IdTokens
from .quirks import Quirks
from .refusals import Cause

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


class RequiredS256(CodeChallenge):
    """PKCE is not optional and `plain` is no choice (RFC 9700 section 2.1.1)."""

    def validate_code_challenge(self, grant: AuthorizationCodeGrant, redirect_uri: str) -> None:
        parameters = grant.request.form
        if not parameters.get("code_challenge"):
            raise Refusal(Cause.CHALLENGE_MISSING)
        if parameters.get("code_challenge_method") != "S256":
            raise Refusal(Cause.CHALLENGE_NOT_S256)
        super().validate_code_challenge(grant, redirect_uri)

    def validate_code_verifier(self, grant: AuthorizationCodeGrant, result: object) -> None:
        if not grant.request.form.get("code_verifier"):
            raise Refusal(Cause.VERIFIER_MISSING)
        try:
            super().validate_code_verifier(grant, result)
        except (InvalidGrantError, InvalidRequestError) as error:
            raise Refusal(Cause.VERIFIER_WRONG) from error


class CodeGrant(AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("none", "client_secret_basic", "client_secret_post")
    request: OAuthRequest
    server: "Protocol"

    def generate_authorization_code(self) -> str:
        """Made with its row in the books, by `create_authorization_response` alone."""
        request = self.request
        account, parameters = request.user, request.parameters
        assert account is not None
        scope = frozenset(request.scope.split()) - request.unticked
        grant = Grant(account.email, parameters["client_id"], scope)
        request.account = account.email
        return self.server.books.issue_code(
            grant,
            parameters["redirect_uri"],
            parameters["code_challenge"],
            parameters.get("nonce", ""),
            self.server.wants_refresh(parameters),
        )

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        """Nothing left to do: the code was made in the books."""

    def query_authorization_code(self, code: str, client: ClientMixin) -> Code:
        redirect_uri = self.request.parameters.get("redirect_uri", "")
        entry = self.server.books.redeemable(code, client.get_client_id(), redirect_uri)
        self.request.account = entry.grant.account
        return entry

    def delete_authorization_code(self, authorization_code: Code) -> None:
        authorization_code.redeemed = True

    def authenticate_user(self, authorization_code: Code) -> Account | None:
        return self.server.accounts.find(authorization_code.grant.account)


class RefreshGrant(RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("none", "client_secret_basic", "client_secret_post")
    request: OAuthRequest
    server: "Protocol"

    def authenticate_refresh_token(self, refresh_token: str) -> RefreshToken:
        client_id = self.request.client.get_client_id() if self.request.client else ""
        entry = self.server.books.refreshable(refresh_token, client_id)
        self.request.account = entry.grant.account
        return entry

    def authenticate_user(self, refresh_token: RefreshToken) -> Account | None:
        return self.server.accounts.find(refresh_token.grant.account)

    def revoke_old_credential(self, refresh_token: object) -> None:
        """The old one stays valid: neither provider takes it away at once."""


class Issuer(IssuerParameter):
    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    def get_issuer(self) -> str:
        return self._issuer


class Protocol(AuthorizationServer):
    """Authlib's server over our books; `token`, `consent` and `decide` are its three doors."""

    def __init__(
        self, quirks: Quirks, client: RegisteredClient, books: Books, accounts: Accounts, id_tokens: IdTokens
    ) -> None:
        super().__init__()
        self.quirks = quirks
        self.books = books
        self.accounts = accounts
        self._client = client
        self._id_tokens = id_tokens
        self.register_grant(CodeGrant, [RequiredS256(required=True)])
        self.register_grant(RefreshGrant)

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

    def wants_refresh(self, parameters: Mapping[str, str]) -> bool:
        if self.quirks.offline_scope is not None:
            return self.quirks.offline_scope in parameters["scope"].split()
        return (
            parameters.get("access_type") == "offline" and "consent" in parameters.get("prompt", "").split()
        )

    # What Authlib asks of us

    def query_client(self, client_id: str) -> RegisteredClient:
        if client_id != self._client.client_id:
            raise Refusal(Cause.UNKNOWN_CLIENT)
        return self._client

    def authenticate_client(
        self, request: OAuth2Request, methods: object, endpoint: str = "token"
    ) -> ClientMixin:
        """Tells the ways apart in which a client can fail to say who it is (RFC 6749 section 2.3.1)."""
        said_secret = bool(request.form.get("client_secret")) or "Authorization" in (request.headers or {})
        if request.form.get("client_id"):
            self.query_client(request.form["client_id"])
        if self.quirks.secret_required and not said_secret:
            raise Refusal(Cause.SECRET_MISSING)
        if not self.quirks.secret_required and said_secret:
            raise Refusal(Cause.SECRET_FROM_PUBLIC)
        allowed = ("client_secret_basic", "client_secret_post") if self.quirks.secret_required else ("none",)
        try:
            return super().authenticate_client(request, allowed, endpoint)
        except InvalidClientError as error:
            raise Refusal(Cause.SECRET_WRONG if said_secret else Cause.UNKNOWN_CLIENT) from error

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
        entry = request.authorization_code or request.refresh_token
        assert entry is not None
        assert request.user is not None
        if isinstance(entry, Code):
            wants_refresh, nonce = entry.wants_refresh, entry.nonce
        else:
            wants_refresh, nonce = self.quirks.rotates, ""
        scope = entry.grant.scope
        if request.parameters.get("scope") and isinstance(entry, RefreshToken):
            scope = frozenset(request.parameters["scope"].split())
        token["access_token"], token["expires_in"] = self.books.issue_access(entry.grant, scope)
        if self.quirks.detailed_errors:
            token["ext_expires_in"] = token["expires_in"]
        if wants_refresh:
            token["refresh_token"] = self.books.issue_refresh(entry.grant)
        if "openid" in entry.grant.scope:
            token["id_token"] = self._id_tokens.sign(
                request.user, request.issuer, entry.grant.client_id, nonce, entry.grant.scope
            )

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
        status = self.quirks.words[cause].status
        headers = [
            ("Content-Type", "application/json"),
            ("Cache-Control", "no-store"),
            ("Pragma", "no-cache"),
        ]
        if error.redirect_uri and (self.quirks.redirects_refusals or cause is Cause.CANCELLED):
            told = [(name, str(body[name])) for name in ("error", "error_description") if body.get(name)]
            if error.state:
                told.append(("state", error.state))
            return Answer(302, [("Location", add_params_to_uri(error.redirect_uri, told))], b"", cause)
        if status == 401:
            headers.append(("WWW-Authenticate", "Basic"))
        return Answer(status, headers, json.dumps(body).encode(), cause)

    def refusal(self, cause: Cause) -> dict[str, object]:
        """The body of a refusal in the provider's own form."""
        words = self.quirks.words[cause]
        if not self.quirks.detailed_errors:
            return {"error": words.error, **({"error_description": words.text} if words.text else {})}
        trace_id, correlation_id = str(uuid.UUID(bytes=secrets.token_bytes(16))), str(uuid.uuid4())
        timestamp = f"{self.books.clock.now():%Y-%m-%d %H:%M:%SZ}"
        traced = f"Trace ID: {trace_id} Correlation ID: {correlation_id} Timestamp: {timestamp}"
        return {
            "error": words.error,
            "error_description": f"AADSTS{words.number}: {words.text} {traced}",
            "error_codes": [words.number],
            "timestamp": timestamp,
            "trace_id": trace_id,
            "correlation_id": correlation_id,
            **({"suberror": words.suberror} if words.suberror else {}),
        }

    def _refuse_repeated(self, request: OAuthRequest) -> None:
        """RFC 6749 section 3.1 and 3.2: no parameter twice."""
        if request.repeated:
            raise Refusal(Cause.MALFORMED)
