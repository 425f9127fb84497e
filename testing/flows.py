"""The grants that the playing provider speaks, over Authlib's: code with PKCE, refresh, device code, client
credentials, JWT bearer.

Rule: Authlib decides what is checked in which order; the books decide what is good, and every refusal is
raised as a Refusal.
"""

from typing import TYPE_CHECKING

from authlib.oauth2.rfc6749 import (
    ClientMixin,
    InvalidGrantError,
    InvalidRequestError,
    OAuth2Request,
    TokenMixin,
)
from authlib.oauth2.rfc6749.grants import (
    AuthorizationCodeGrant,
    BaseGrant,
    ClientCredentialsGrant,
    RefreshTokenGrant,
    TokenEndpointMixin,
)
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc8628 import DeviceCodeGrant

from .accounts import Account
from .device_codes import DeviceCode
from .exchange import OAuthRequest, TokenAnswer
from .grants import Code, RefreshToken, Refusal
from .quirks import Flow
from .refusals import Cause

if TYPE_CHECKING:
    from .protocol import Protocol

AUTH_METHODS = ("none", "client_secret_basic", "client_secret_post")


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
    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    request: OAuthRequest
    server: "Protocol"

    def generate_authorization_code(self) -> str:
        """Made with its row in the books, by `create_authorization_response` alone."""
        request = self.request
        account, parameters = request.user, request.parameters
        assert account is not None
        scope = frozenset(request.scope.split()) - request.unticked
        grant = self.server.books.open(account.email, parameters["client_id"], scope)
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

    def authenticate_user(self, authorization_code: Code) -> Account:
        return self.server.admitted(authorization_code.grant.account)


class RefreshGrant(RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    request: OAuthRequest
    server: "Protocol"

    def authenticate_refresh_token(self, refresh_token: str) -> RefreshToken:
        client_id = self.request.client.get_client_id() if self.request.client else ""
        entry = self.server.books.refreshable(refresh_token, client_id)
        self.request.account = entry.grant.account
        return entry

    def authenticate_user(self, refresh_token: RefreshToken) -> Account:
        return self.server.admitted(refresh_token.grant.account)

    def revoke_old_credential(self, refresh_token: TokenMixin) -> None:
        assert isinstance(refresh_token, RefreshToken)
        self.server.books.refreshed(refresh_token)


class DeviceGrant(DeviceCodeGrant):
    """Polling at the token endpoint (RFC 8628 section 3.4)."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    request: OAuthRequest
    server: "Protocol"

    def query_device_credential(self, device_code: str) -> DeviceCode:
        entry = self.server.device_codes.polled(device_code, self.request.parameters.get("client_id", ""))
        self.request.account = entry.account
        return entry

    def validate_device_credential(self, credential: DeviceCode) -> Account:
        account = self.server.admitted(credential.account)
        credential.redeemed = True
        return account


class ApplicationGrant(ClientCredentialsGrant):
    """The application itself, without a person (RFC 6749 section 4.4)."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    request: OAuthRequest
    server: "Protocol"

    def validate_requested_scope(self) -> None:
        if self.request.tenant in self.server.quirks.tenants_shared:
            raise Refusal(Cause.TENANT_SHARED)
        if self.request.parameters.get("scope") != self.server.quirks.application_scope:
            raise Refusal(Cause.APPLICATION_SCOPE)

    def save_token(self, token: TokenAnswer) -> None:
        assert self.request.client is not None
        client_id = self.request.client.get_client_id()
        scope = frozenset(self.request.parameters["scope"].split())
        self.server.issue_without_person(token, client_id, client_id, scope, Flow.APPLICATION)


class ServiceGrant(BaseGrant, TokenEndpointMixin):
    """A service account, for itself or in a person's name (RFC 7523 section 2.1)."""

    GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    request: OAuthRequest
    server: "Protocol"

    def validate_token_request(self) -> None:
        if not self.request.parameters.get("assertion"):
            raise Refusal(Cause.MALFORMED)

    def create_token_response(  # type: ignore[override] # the stubs call the body a text
        self,
    ) -> tuple[int, TokenAnswer, list[tuple[str, str]]]:
        server, request = self.server, self.request
        asked = server.service_accounts.asked(request.parameters["assertion"], request.audience)
        if asked.account != asked.service:
            account = server.accounts.find(asked.account)
            if account is None:
                raise Refusal(Cause.SUBJECT_UNKNOWN)
            request.account = server.admitted(account.email).email
        token = TokenAnswer(token_type="Bearer")
        server.issue_without_person(token, asked.account, asked.service, asked.scope, Flow.SERVICE)
        return 200, token, list(self.TOKEN_RESPONSE_HEADER)
