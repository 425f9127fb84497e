"""What one request to the playing provider consists of: the request, its client, the answer. No web framework
in it.

Rule: what carries a secret shows none of it when printed, for Authlib logs clients and answers at DEBUG.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from authlib.oauth2.rfc6749 import OAuth2Request
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload

from .accounts import Account
from .device_codes import DeviceCode
from .grants import Code, RefreshToken
from .refusals import Cause


@dataclass(slots=True)
class Answer:
    """What goes back over HTTP. `done`: what it is where nothing was refused; `cause`: why it was."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = field(repr=False)
    cause: Cause | None = None
    done: str = "ok"

    @property
    def outcome(self) -> str:
        return self.done if self.cause is None else str(self.cause)

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


class OAuthRequest(OAuth2Request):
    """One request, free of any web framework. `account` and `unticked` are filled in on the way."""

    user: Account | None
    authorization_code: Code | None
    refresh_token: RefreshToken | None
    credential: DeviceCode | None

    def __init__(
        self,
        method: str,
        uri: str,
        fields: Sequence[tuple[str, str]],
        authorization: str = "",
        issuer: str = "",
        tenant: str = "",
        audience: str = "",
    ) -> None:
        """`tenant`: the one in the path. `audience`: the token endpoint, as assertions name it."""
        super().__init__(method, uri, headers={"Authorization": authorization} if authorization else {})
        names = [name for name, _ in fields]
        self.repeated = len(names) != len(set(names))
        self.parameters = dict(fields)
        self.payload = BasicOAuth2Payload(self.parameters)
        self.issuer = issuer
        self.tenant = tenant
        self.audience = audience
        self.account = ""
        self.unticked: frozenset[str] = frozenset()

    @property
    def form(self) -> dict[str, str]:
        return self.parameters
