"""One session with the authorization server over httpx2, and what went wrong on the way there.

Rules: a request has a time limit as a whole, an answer a size limit. No environment variable is looked at:
proxies here, authorities and key logs in `engine/tls.py`. The proxy sees a CONNECT (RFC 9110 section 9.3.6)
and nothing of what goes through it; until its tunnel stands every failure is the proxy's, and the provider
saw nothing. No library's error leaves, for it holds the request.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Self

import httpx2

from ..exclusions import excluded
from ..ports import HttpProxy
from .faults import Fault
from .wire import SIZE_MAX, Wire

CALL_S = 30.0
"Limit of one whole call, connection and body included."
STEP = httpx2.Timeout(20.0, connect=10.0)
"Limits of a single step in it, in seconds."
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
PROXY_SAYS: Mapping[int, Fault] = MappingProxyType(
    {
        401: Fault.PROXY_SIGN_IN,  # tinyproxy, for a password that is wrong rather than missing
        403: Fault.PROXY_FORBIDS,
        407: Fault.PROXY_SIGN_IN,
        408: Fault.PROXY_GATEWAY,
        429: Fault.PROXY_GATEWAY,
    }
)
"By the status with which a proxy refuses a CONNECT; 5xx: it does not get through."


class CallError(Exception):
    """There is no whole answer. `lost`: the provider may have answered, and the answer is gone."""

    def __init__(self, fault: Fault, *, lost: bool = False, words: str = "") -> None:
        super().__init__(fault.value)
        self.fault = fault
        self.lost = lost
        self.words = words
        "What whoever verified the certificate found, as OpenSSL says it."


class Session:
    """`async with` closes it."""

    def __init__(self, context: ssl.SSLContext, http2: bool, proxy: HttpProxy | None) -> None:
        self._proxy = proxy
        self._direct = _client(context, http2, None)
        self._proxied = self._direct if proxy is None else _client(context, http2, _proxy(proxy))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._proxied.aclose()
        await self._direct.aclose()

    async def read(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Wire:
        """One request and its whole answer. Raises CallError."""
        sent = {**headers, "Accept-Encoding": "identity"}
        way = Way()
        by_proxy = self._by_proxy(url)
        client, traced = (self._proxied, {"trace": way.went}) if by_proxy else (self._direct, {})
        try:
            async with (
                asyncio.timeout(CALL_S),
                client.stream(method, url, headers=sent, content=body or None, extensions=traced) as answer,
            ):
                return Wire(
                    answer.status_code,
                    await _body(answer),
                    answer.headers.get("retry-after", ""),
                    answer.headers.get("date", ""),
                    answer.http_version,
                    *_secured(answer),
                )
        # Beside its own errors the library lets those of TLS through while reading, and ValueError for an
        # HTTP/2 status that is no number.
        except (httpx2.HTTPError, OSError, ValueError) as error:
            failed = _failed(error, way)
        raise failed

    def _by_proxy(self, url: str) -> bool:
        to = httpx2.URL(url)
        return self._proxy is not None and not excluded(to.host, to.port or 443, self._proxy.exclusions)


class Way:
    """How far a request to the proxy came."""

    def __init__(self) -> None:
        self.at_proxy = False
        "A connection to the proxy was begun, and its tunnel does not stand yet."

    async def went(self, event: str, about: Mapping[str, object]) -> None:
        """httpcore2's `trace` extension."""
        if event == "connection.connect_tcp.started":
            self.at_proxy = True
        elif event == "proxy.start_tls.started":
            self.at_proxy = False


def _client(context: ssl.SSLContext, http2: bool, proxy: httpx2.Proxy | None) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        verify=context, http2=http2, proxy=proxy, trust_env=False, timeout=STEP, follow_redirects=False
    )


def _proxy(proxy: HttpProxy) -> httpx2.Proxy:
    secret = proxy.password.reveal() if proxy.password is not None else ""
    return httpx2.Proxy(
        f"http://{proxy.host}:{proxy.port}", auth=(proxy.user, secret) if proxy.user else None
    )


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


def _secured(answer: httpx2.Response) -> tuple[str, str]:
    """TLS version, and who issued the certificate that was verified."""
    tls = answer.extensions["network_stream"].get_extra_info("ssl_object")
    if tls is None:
        return "", ""
    issuer = {name: value for part in tls.getpeercert().get("issuer", ()) for name, value in part}
    return tls.version() or "", issuer.get("organizationName") or issuer.get("commonName") or ""


def _failed(error: Exception, way: Way) -> CallError:
    if isinstance(error, httpx2.ProxyError):
        return CallError(_refused(str(error)))
    if way.at_proxy:
        return CallError(Fault.NO_PROXY if isinstance(error, httpx2.ProtocolError) else Fault.PROXY)
    if isinstance(error, TimeoutError):
        return CallError(Fault.TIMEOUT, lost=True)
    return CallError(_fault(error), lost=not isinstance(error, NOT_SENT), words=_found_by_verifying(error))


def _refused(words: str) -> Fault:
    """What a proxy's answer to CONNECT means; the library gives its status line alone."""
    status = words.partition(" ")[0]
    number = int(status) if status.isdecimal() else 0
    return PROXY_SAYS.get(number, Fault.PROXY_GATEWAY if 500 <= number < 600 else Fault.NO_PROXY)


def _found_by_verifying(error: BaseException) -> str:
    return next(
        (
            str(link.verify_message)
            for link in _chain(error)
            if isinstance(link, ssl.SSLCertVerificationError)
        ),
        "",
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__


def _fault(error: BaseException) -> Fault:
    """The cause, looked for along the chain of what the libraries wrapped."""
    if isinstance(error, httpx2.TimeoutException):
        return Fault.TIMEOUT
    for link in _chain(error):
        if isinstance(link, ssl.SSLCertVerificationError):
            return Fault.CLOCK if link.verify_code == NOT_YET_VALID else Fault.CERTIFICATE
        if isinstance(link, ssl.SSLError):
            return Fault.TLS
        if isinstance(link, socket.gaierror):
            return Fault.DNS
    return Fault.NETWORK
