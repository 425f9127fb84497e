"""What a test reads back from the playing provider: requests seen, tokens given.

Rule: a record of a request holds no code, token, verifier, password or secret.
"""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class RequestSeen:
    """One request and its end. `kind`: authorize, consent, device, device:page, device:code,
    device:consent, token:authorization_code, token:refresh_token, token:device_code,
    token:client_credentials, token:jwt_bearer, token:other, revoke, introspect, discovery or keys. `outcome`:
    page, code, ok, wrong_password, scripted, lost, cut, or the Cause of the refusal.
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
class Given:
    """Tokens in clear, for the client under test."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in_s: int
