"""The smallest client that signs in properly: what another client's behaviour is compared with.

Rule: every protocol step is one call and nothing is repaired, so that a test can leave a step out or do it
wrongly. RFC 6749 sections 4.1 and 6, RFC 7636, RFC 8252 section 7.3, RFC 7009.
"""

import asyncio
import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2

from .authority import client_context
from .provider import ProviderServer

PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 7\r\nConnection: close\r\n\r\nArrived"
REDIRECT_HEAD_MAX = 16_384
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass(slots=True)
class PlainClient:
    """`async with` opens the redirect listener. Parameters of a call replace the proper ones; None leaves one
    out.
    """

    server: ProviderServer
    ca_file: Path
    alpn: tuple[str, ...] = ("h2", "http/1.1")
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)
    state: str = field(default_factory=lambda: secrets.token_urlsafe(12), repr=False)
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(12), repr=False)
    answers: list[dict[str, str]] = field(default_factory=list, repr=False)
    "What the listener was redirected to with, oldest first."
    port: int = 0
    _listener: asyncio.Server | None = None
    _http: httpx2.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        self._listener = await asyncio.start_server(self._arrive, "127.0.0.1", 0, limit=REDIRECT_HEAD_MAX)
        self.port = self._listener.sockets[0].getsockname()[1]
        context = client_context(self.ca_file, self.alpn)
        self._http = httpx2.AsyncClient(http2="h2" in self.alpn, verify=context, trust_env=False)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        assert self._listener is not None
        assert self._http is not None
        await self._http.aclose()
        self._listener.close()
        await self._listener.wait_closed()

    @property
    def redirect_uri(self) -> str:
        host = min(self.server.quirks.redirect_hosts)
        return f"http://{host}:{self.port}"

    def authorize_url(self, **changed: str | None) -> str:
        """The address of the sign-in page."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        proper: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.server.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(sorted(self.server.quirks.mail_grant)),
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        if self.server.quirks.offline_scope is None:
            proper |= {"access_type": "offline", "prompt": "consent"}
        return f"{self.server.authorize_url}?{urlencode(_given(proper | changed))}"

    async def redeem(self, **changed: str | None) -> httpx2.Response:
        """Redeems the code of the last redirect."""
        proper = {
            "grant_type": "authorization_code",
            "code": self.answers[-1].get("code"),
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
        }
        return await self.post(self.server.token_url, **(proper | changed))

    async def refresh(self, refresh_token: str, **changed: str | None) -> httpx2.Response:
        proper: dict[str, str | None] = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return await self.post(self.server.token_url, **(proper | changed))

    async def ask_device_code(self, **changed: str | None) -> httpx2.Response:
        """RFC 8628 section 3.1."""
        proper: dict[str, str | None] = {"scope": " ".join(sorted(self.server.quirks.mail_grant))}
        return await self.post(self.server.device_url, **(proper | changed))

    async def poll(self, device_code: str, **changed: str | None) -> httpx2.Response:
        """RFC 8628 section 3.4."""
        proper: dict[str, str | None] = {"grant_type": DEVICE_CODE, "device_code": device_code}
        return await self.post(self.server.token_url, **(proper | changed))

    async def post(self, url: str, **fields: str | None) -> httpx2.Response:
        """Posts a form as this client; `client_secret` goes along where there is one."""
        assert self._http is not None
        itself: dict[str, str | None] = {
            "client_id": self.server.client_id,
            "client_secret": self.server.client_secret or None,
        }
        return await self._http.post(url, data=_given(itself | fields))

    async def get(self, url: str) -> httpx2.Response:
        assert self._http is not None
        return await self._http.get(url)

    async def _arrive(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        target = head.split(b" ", 2)[1].decode("ascii")
        self.answers.append(dict(parse_qsl(urlsplit(target).query)))
        writer.write(PAGE)
        await writer.drain()
        writer.close()
        await writer.wait_closed()


def _given(fields: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value is not None}
