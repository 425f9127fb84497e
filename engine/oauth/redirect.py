"""Where the browser comes back to: a listener on loopback for one authorization response (RFC 8252).

Rules: it is bound before the screen opens, loopback only. One GET with the right `state` ends the waiting;
whatever else knocks gets an error page and changes nothing. The browser's page waits for the end of the
sign-in, so that it says what came of it. Code and state are in no log, no page and no title.
"""

import asyncio
import errno
import hashlib
import re
import socket
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from html import escape
from http import HTTPStatus
from secrets import compare_digest
from string import Template
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl

from ..secret import Secret
from .providers import Redirect

HEAD_MAX = 16_384
"Octets of a request's head; a code of Microsoft's is about 2 kB."
HEAD_S = 10.0
"How long a connection may take to say what it wants."
CLOSING_S = 2.0
"How long the last page may take to reach the browser."
CONNECTIONS_MAX = 32
PORTS_TRIED = 8
FIELDS_MAX = 32
REQUEST = re.compile(rb"([A-Z]{1,16}) (/[\x21\x22\x24-\x7e]*) HTTP/1\.[01]")
FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\x20-\x7e\x80-\xff\t]*?)[ \t]*")
NO_IPV6 = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT)

STYLE = (
    "body{font:1.2rem/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1.5rem;"
    "color:#1f2933;background:#f7f9fb}h1{font-size:1.6rem}"
    "@media(prefers-color-scheme:dark){body{color:#e4e9ee;background:#16191d}}"
)
PAGE = Template(
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width">'
    f"<title>Sign-in</title><style>{STYLE}</style></head><body><h1>$title</h1><p>$text</p></body></html>\n"
)
STYLE_DIGEST = b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{STYLE_DIGEST}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Page:
    """What the browser shows. `title` is a sentence."""

    title: str
    text: str
    status: HTTPStatus = HTTPStatus.OK


SIGNED_IN = Page("Signed in.", "You can close this page.")
CANCELLED = Page("The sign-in was cancelled.", "You can close this page.")
CLOSED = Page("The sign-in has ended.", "You can close this page and start again on the device.")
NOT_FOUND = Page("Nothing is here.", "This address is for the sign-in that is open.", HTTPStatus.NOT_FOUND)
GET_ONLY = Page("This is not possible.", "This address takes GET only.", HTTPStatus.METHOD_NOT_ALLOWED)
NOT_OURS = Page(
    "This is not the answer that is waited for.", "Start again on the device.", HTTPStatus.BAD_REQUEST
)
ANSWERED = Page("The answer has come already.", "You can close this page.", HTTPStatus.BAD_REQUEST)


@dataclass(frozen=True, slots=True)
class Returned:
    """The authorization response (RFC 6749 section 4.1.2): `code`, or `error`."""

    code: Secret
    error: str = ""
    description: str = field(default="", repr=False)
    issuer: str = ""
    "RFC 9207; empty: not given."


class NoListenerError(OSError):
    """No loopback port could be bound."""


def bound(address: str, port: int) -> socket.socket:
    """A listening socket on one loopback address.

    Raises OSError with its number, which asyncio does not always tell: from 3.13 on it logs an address that
    is not there and goes on.
    """
    own = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        own.setblocking(False)
        own.bind((address, port))
        own.listen()
    except OSError:
        own.close()
        raise
    return own


class RedirectListener:
    """Made in a running loop. `async with` binds and closes it; `uri` is known while it runs."""

    def __init__(self, redirect: Redirect, state: Secret) -> None:
        self._redirect = redirect
        self._state = state
        self._servers: list[asyncio.Server] = []
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._telling: set[asyncio.Task[None]] = set()
        loop = asyncio.get_running_loop()
        self.returned: asyncio.Future[Returned] = loop.create_future()
        "Done when the browser has come back."
        self._page: asyncio.Future[Page] = loop.create_future()
        self.port = 0

    @property
    def host(self) -> str:
        return f"{self._redirect.host}:{self.port}"

    @property
    def uri(self) -> str:
        return f"http://{self.host}{self._redirect.path}"

    def show(self, page: Page) -> None:
        """The browser that came back gets `page`; only the first call counts."""
        if not self._page.done():
            self._page.set_result(page)

    async def __aenter__(self) -> Self:
        """Raises NoListenerError."""
        for _ in range(PORTS_TRIED):
            if await self._bind():
                return self
        raise NoListenerError(errno.EADDRINUSE, "no loopback port is free on every address")

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.show(CLOSED)
        for server in self._servers:
            server.close()
        if self._telling:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSING_S):
                    await asyncio.wait(set(self._telling))
        for writer in self._connections.values():
            writer.transport.abort()
        if self._connections:
            await asyncio.wait(set(self._connections))
        for server in self._servers:
            await server.wait_closed()

    async def _bind(self) -> bool:
        """One port on every address; False: another program has it on one of them."""
        first, *others = self._redirect.listen
        try:
            sockets = [bound(first, 0)]
        except OSError as error:
            raise NoListenerError(error.errno, "no loopback address can be bound") from None
        port = sockets[0].getsockname()[1]
        for address in others:
            try:
                sockets.append(bound(address, port))
            except OSError as error:
                if error.errno in NO_IPV6:
                    continue
                for own in sockets:
                    own.close()
                return False
        self.port = port
        for own in sockets:
            self._servers.append(await asyncio.start_server(self._serve, sock=own, limit=HEAD_MAX))
        return True

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a connection is served in a task of its own")
        self._connections[task] = writer
        try:
            # A browser may go away at any moment.
            with suppress(ConnectionError):
                await self._tell(writer, await self._answer(reader, task))
        finally:
            del self._connections[task]
            self._telling.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, task: "asyncio.Task[None]") -> Page | None:
        """None: nothing that can be answered came."""
        if len(self._connections) > CONNECTIONS_MAX:
            return None
        try:
            async with asyncio.timeout(HEAD_S):
                head = await reader.readuntil(b"\r\n\r\n")
        except (TimeoutError, asyncio.IncompleteReadError):
            return None
        except asyncio.LimitOverrunError:
            return NOT_OURS
        read = self._read(head)
        if isinstance(read, Page):
            return read
        if self.returned.done():
            return ANSWERED
        self._telling.add(task)
        self.returned.set_result(read)
        return await asyncio.shield(self._page)

    def _read(self, head: bytes) -> Returned | Page:
        """RFC 9112, only what a browser's GET needs."""
        first, *lines = head[:-4].split(b"\r\n")
        request = REQUEST.fullmatch(first)
        fields = [FIELD.fullmatch(line) for line in lines]
        if request is None or None in fields:
            return NOT_OURS
        named = [(found[1].lower(), found[2]) for found in fields if found is not None]
        hosts = [value for name, value in named if name == b"host"]
        if hosts != [self.host.encode()] or any(_has_body(name, value) for name, value in named):
            return NOT_OURS
        if request[1] != b"GET":
            return GET_ONLY
        # Not by urlsplit, to which `//host/` is a host.
        path, _, query = request[2].decode("ascii").partition("?")
        return self._response(query) if path == self._redirect.path else NOT_FOUND

    def _response(self, query: str) -> Returned | Page:
        try:
            pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True, max_num_fields=FIELDS_MAX)
        except ValueError:
            return NOT_OURS
        fields = dict(pairs)
        if len(fields) != len(pairs) or not compare_digest(
            fields.get("state", "").encode(), self._state.reveal().encode()
        ):
            return NOT_OURS
        code, error = fields.get("code", ""), fields.get("error", "")
        if bool(code) == bool(error):
            return NOT_OURS
        return Returned(Secret(code), error, fields.get("error_description", ""), fields.get("iss", ""))

    async def _tell(self, writer: asyncio.StreamWriter, page: Page | None) -> None:
        if page is None:
            return
        body = PAGE.substitute(title=escape(page.title), text=escape(page.text)).encode()
        head = [
            f"HTTP/1.1 {page.status.value} {page.status.phrase}",
            "Content-Type: text/html; charset=utf-8",
            f"Content-Length: {len(body)}",
            "Cache-Control: no-store",
            f"Content-Security-Policy: {POLICY}",
            "Referrer-Policy: no-referrer",
            "X-Content-Type-Options: nosniff",
            "Connection: close",
        ]
        if page is GET_ONLY:
            head.append("Allow: GET")
        writer.write("\r\n".join([*head, "", ""]).encode() + body)
        await writer.drain()


def _has_body(name: bytes, value: bytes) -> bool:
    return name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
