"""What one request to the playing provider consists of: the request, its client, the answer. No web framework
in it.

Rule: what carries a secret shows none of it when printed, for Authlib logs clients and answers at DEBUG.
"""

import hmac
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749 import ClientMixin, OAuth2Request
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload

from .accounts import Account
from .grants import Code, RefreshToken, Refusal
from .quirks import Quirks
from .refusals import Cause


@dataclass(slots=True)
class Answer:
    """What goes back over HTTP; `cause` is empty where nothing was refused."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = field(repr=False)
    cause: Cause | None = None

    @property
    def location(self) -> str:
        return dict(self.headers).get("Location", "")

    @location.setter
    def location(self, address: str) -> None:
        self.headers = [pair for pair in self.headers if pair[0] != "Location"] + [("Location", address)]


class TokenAnswer(dict[str, str | int]):
    """Authlib logs the answer at DEBUG: its repr tells nothing."""

    def __repr__(self) -> str:
        return "TokenAnswer(...)"


@dataclass(frozen=True, slots=True)
class RegisteredClient(ClientMixin):
    """The application's registration. A public client has no secret."""

    client_id: str
    quirks: Quirks = field(repr=False)
    client_secret: str = field(default="", repr=False)

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> str:
        raise Refusal(Cause.REDIRECT_UNKNOWN)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """RFC 8252 section 7.3: any port of the registered loopback host."""
        try:
            parts = urlsplit(redirect_uri)
            known = (
                parts.scheme == "http"
                and parts.hostname in self.quirks.redirect_hosts
                and (self.quirks.redirect_paths is None or parts.path in self.quirks.redirect_paths)
                and not (parts.query or parts.fragment or parts.username)
                and (parts.port is None or parts.port > 0)
            )
        except ValueError:
            known = False
        if not known:
            raise Refusal(Cause.REDIRECT_UNKNOWN)
        return True

    def get_allowed_scope(self, scope: Collection[str] | str) -> str:
        wanted = scope.split() if isinstance(scope, str) else list(scope or ())
        if not wanted or not self.quirks.scopes.issuperset(wanted):
            raise Refusal(Cause.BAD_SCOPE)
        return " ".join(wanted)

    def check_client_secret(self, client_secret: str) -> bool:
        return hmac.compare_digest(self.client_secret.encode(), client_secret.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return (method != "none") == self.quirks.secret_required

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in ("authorization_code", "refresh_token")


class OAuthRequest(OAuth2Request):
    """One request, free of any web framework. `account` and `unticked` are filled in on the way."""

    user: Account | None
    authorization_code: Code | None
    refresh_token: RefreshToken | None

    def __init__(
        self,
        method: str,
        uri: str,
        fields: Sequence[tuple[str, str]],
        authorization: str = "",
        issuer: str = "",
    ) -> None:
        super().__init__(method, uri, headers={"Authorization": authorization} if authorization else {})
        names = [name for name, _ in fields]
        self.repeated = len(names) != len(set(names))
        self.parameters = dict(fields)
        self.payload = BasicOAuth2Payload(self.parameters)
        self.issuer = issuer
        self.account = ""
        self.unticked: frozenset[str] = frozenset()

    @property
    def form(self) -> dict[str, str]:
        return self.parameters
