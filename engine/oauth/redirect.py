"""Where the browser comes back to: a listener on loopback for one authorization response (RFC 8252).

Rules: it is bound before the screen opens, loopback only. One GET with the right `state` ends the waiting;
whatever else knocks gets an error page and changes nothing. The browser is sent on to a path without code
and state, so that neither stays in its address bar or history; the page there waits for the end of the
sign-in and says what came of it. Code and state are in no log, no page and no title.
"""

import asyncio
import errno
import hashlib
import re
import socket
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from html import escape
from http import HTTPStatus
from secrets import compare_digest
from string import Template
from types import MappingProxyType, TracebackType
from typing import Self
from urllib.parse import parse_qsl

from ..secret import Secret
from ..shown import NotPasted
from ..words import Words, words
from .providers import Redirect

HEAD_MAX = 16_384
"Octets of a request's head; a code of Microsoft's is about 2 kB."
HEAD_S = 10.0
"How long a connection may take to say what it wants."
CLOSING_S = 2.0
"How long the last page may take to reach the browser."
ACCEPT_AGAIN_S = 1.0
"How long nobody is let in while the process has no descriptor left."
CONNECTIONS_MAX = 32
END = "/sign-in"
"Where the browser reads how the sign-in ended."
PORTS_TRIED = 8
FIELDS_MAX = 32
REQUEST = re.compile(rb"([A-Z]{1,16}) (/[\x21\x22\x24-\x7e]*) HTTP/1\.[01]")
FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\x20-\x7e\x80-\xff\t]*?)[ \t]*")
PASTED = re.compile(r"[\x21-\x7e]+")
NO_IPV6 = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT)

STYLE = (
    "body{font:1.2rem/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1.5rem;"
    "color:#1f2933;background:#f7f9fb}h1{font-size:1.6rem}"
    "@media(prefers-color-scheme:dark){body{color:#e4e9ee;background:#16191d}}"
)
PAGE = Template(
    '<!doctype html><html lang="$language"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width">'
    f"<title>$name</title><style>{STYLE}</style></head><body><h1>$title</h1><p>$text</p></body></html>\n"
)
STYLE_DIGEST = b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{STYLE_DIGEST}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Page:
    """What the browser shows, by its codes in the catalogues: `page.NAME.title` is a sentence, and so is
    `page.NAME.text`.
    """

    name: str
    status: HTTPStatus = HTTPStatus.OK
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    "Of the sentences."

    def drawn(self, words: Words) -> bytes:
        title, text = (words.say(f"page.{self.name}.{part}", **self.fields) for part in ("title", "text"))
        shown = PAGE.substitute(
            language=words.language.value,
            name=escape(words.say("page.name")),
            title=escape(title),
            text=escape(text),
        )
        return shown.encode()


SIGNED_IN = Page("signed-in")
MOVED = Page("moved", HTTPStatus.SEE_OTHER)
CANCELLED = Page("cancelled")
CLOSED = Page("closed")
NOT_FOUND = Page("not-found", HTTPStatus.NOT_FOUND)
GET_ONLY = Page("get-only", HTTPStatus.METHOD_NOT_ALLOWED)
NOT_OURS = Page("not-ours", HTTPStatus.BAD_REQUEST)
ANSWERED = Page("answered", HTTPStatus.BAD_REQUEST)


def refused(cause: str, remedy: str) -> Page:
    """Sentences in the language of the page."""
    return Page("refused", fields=MappingProxyType({"cause": cause, "remedy": remedy}))


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
    """A listening socket on one loopback address. Raises OSError."""
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
    """Made in a running loop. `async with` binds and closes it; `uri` is known while it runs.

    It accepts by itself: a connection that asyncio's server has accepted but not handed over when it closes
    cannot be reached, and holds up its closing.
    """

    def __init__(self, redirect: Redirect, state: Secret, sentences: Callable[[], Words] = words) -> None:
        """`sentences`: those of the device's language."""
        self._redirect = redirect
        self._sentences = sentences
        self._state = state
        self._loop = asyncio.get_running_loop()
        self._sockets: list[socket.socket] = []
        self._connections: set[asyncio.Task[None]] = set()
        self._full: dict[socket.socket, asyncio.TimerHandle] = {}
        "Which socket lets nobody in for the moment."
        self.returned: asyncio.Future[Returned] = self._loop.create_future()
        "Done when the browser has come back."
        self._page: asyncio.Future[Page] = self._loop.create_future()
        self._told = asyncio.Event()
        "The browser has its last page."
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

    def take(self, text: str) -> NotPasted | None:
        """The address that a browser on another machine ended at, in place of its visit; None: it was taken.

        Browsers show it with or without its scheme, and people copy what stands around it.
        """
        if self.returned.done():
            return NotPasted.NOTHING_OPEN
        address = text.strip().strip("<>\"'").partition("#")[0]
        if len(address) > HEAD_MAX or not PASTED.fullmatch(address):
            return NotPasted.NO_REDIRECT
        where, _, query = address.removeprefix("http://").partition("?")
        if where != self.host + self._redirect.path:
            return NotPasted.NO_REDIRECT if "state=" not in query else NotPasted.OTHER_SIGN_IN
        read = self._response(query)
        if isinstance(read, Page):
            return NotPasted.NO_REDIRECT if self._is_own(query) else NotPasted.OTHER_SIGN_IN
        self._told.set()  # no browser comes to read how it ended
        self.returned.set_result(read)
        return None

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
        try:
            if self.returned.done() and not self.returned.cancelled():
                with suppress(TimeoutError):
                    async with asyncio.timeout(CLOSING_S):
                        await self._told.wait()
        finally:
            for own in self._sockets:
                self._loop.remove_reader(own)
                own.close()
            for again in self._full.values():
                again.cancel()
            for task in self._connections:
                task.cancel()
        if self._connections:
            await asyncio.wait(set(self._connections))

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
        self._sockets = sockets
        for own in sockets:
            self._loop.add_reader(own, self._accept, own)
        return True

    def _accept(self, own: socket.socket) -> None:
        try:
            connection, _ = own.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError:
            self._loop.remove_reader(own)
            self._full[own] = self._loop.call_later(
                ACCEPT_AGAIN_S, self._loop.add_reader, own, self._accept, own
            )
            return
        if len(self._connections) >= CONNECTIONS_MAX:
            connection.close()
            return
        connection.setblocking(False)
        task = self._loop.create_task(self._serve(connection))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        # Where the task is cancelled before it began, nobody else closes it.
        task.add_done_callback(lambda _: connection.close())

    async def _serve(self, connection: socket.socket) -> None:
        reader = asyncio.StreamReader(HEAD_MAX)
        protocol = asyncio.StreamReaderProtocol(reader)
        # A browser may go away at any moment.
        with suppress(OSError):
            transport, _ = await self._loop.connect_accepted_socket(lambda: protocol, connection)
            writer = asyncio.StreamWriter(transport, protocol, reader, self._loop)
            try:
                page = await self._answer(reader)
                if page is not None:
                    await self._tell(writer, page)
            finally:
                transport.abort()

    async def _answer(self, reader: asyncio.StreamReader) -> Page | None:
        """None: nothing that can be answered came."""
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
        if isinstance(read, asyncio.Future):
            return await asyncio.shield(read)
        if self.returned.done():
            return ANSWERED
        self.returned.set_result(read)
        return MOVED

    def _read(self, head: bytes) -> "Returned | Page | asyncio.Future[Page]":
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
        if path == END and self.returned.done():
            return self._page
        return self._response(query) if path == self._redirect.path else NOT_FOUND

    def _is_own(self, query: str) -> bool:
        """Whether it has this sign-in's `state`, once."""
        states = [value for name, value in _pairs(query) if name == "state"]
        return len(states) == 1 and compare_digest(states[0].encode(), self._state.reveal().encode())

    def _response(self, query: str) -> Returned | Page:
        fields = dict(pairs := _pairs(query))
        if len(fields) != len(pairs) or not self._is_own(query):
            return NOT_OURS
        code, error = fields.get("code", ""), fields.get("error", "")
        if bool(code) == bool(error):
            return NOT_OURS
        return Returned(Secret(code), error, fields.get("error_description", ""), fields.get("iss", ""))

    async def _tell(self, writer: asyncio.StreamWriter, page: Page) -> None:
        body = page.drawn(self._sentences())
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
        if page is MOVED:
            head.append(f"Location: {END}")
        try:
            writer.write("\r\n".join([*head, "", ""]).encode() + body)
            writer.close()
            await writer.wait_closed()
        finally:
            if self._page.done() and page is self._page.result():
                self._told.set()


def _pairs(query: str) -> list[tuple[str, str]]:
    """Empty where it is no form."""
    try:
        return parse_qsl(query, keep_blank_values=True, strict_parsing=True, max_num_fields=FIELDS_MAX)
    except ValueError:
        return []


def _has_body(name: bytes, value: bytes) -> bool:
    return name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
