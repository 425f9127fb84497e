"""What a test orders from the playing provider and what it reads back: scripted answers, tokens, requests
seen.

Rule: a record of a request holds no code, token, verifier, password or secret.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from starlette.responses import Response


@dataclass(frozen=True, slots=True)
class RequestSeen:
    """One request and its end. `kind`: authorize, consent, token:authorization_code, token:refresh_token,
    token:other or revoke. `outcome`: page, code, ok, wrong_password, scripted, lost, or the Cause of the
    refusal.
    """

    at: datetime
    kind: str
    client: str
    account: str
    outcome: str
    http_version: str
    prompt: str = ""
    login_hint: str = ""
    tls: str = ""
    "As OpenSSL names it, such as TLSv1.3."


@dataclass(frozen=True, slots=True)
class Scripted:
    status: int
    headers: Mapping[str, str]
    body: bytes | Callable[[], bytes] = field(repr=False)

    def response(self) -> Response:
        body = self.body if isinstance(self.body, bytes) else self.body()
        return Response(body, self.status, dict(self.headers))


@dataclass(frozen=True, slots=True)
class Given:
    """Tokens in clear, for the client under test."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in_s: int
