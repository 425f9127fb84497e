"""What a form brings: its fields, and files as they come.

A file goes block by block to where uploads wait for their job, in memory (`engine/control/uploads.py`), and
is never joined here. The token that guards the form stands before the first file, so that nothing is kept for
whoever does not have it.

Rule: a form that is too long or broken brings nothing, and its files are forgotten.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from ...machines.roles import Viewer
from ..control.uploads import Uploaded, Uploads
from ..words import Spoken

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

FIELDS_OCTETS_MOST = 256 << 10
FIELDS_MOST = 400
FILES_MOST = 16
NAME_MOST = 100
COMES_S = 20.0
"A form without files is there by then, and the next block of one with files: each keeps a connection."
REST_OCTETS_MOST = 64 << 20
"Of a form that is refused: whoever sends more gets no answer."
UNHEARD = logging.Logger("forms")  # noqa: LOG001 - it is this module's alone
"What the parser says has octets of the form in it."
UNHEARD.disabled = True


class FormUnreadable(Spoken, ValueError):
    """It is none, or longer than any form of ours."""

    def __init__(self) -> None:
        super().__init__("panel.form-unreadable")


class FormForeign(Spoken, PermissionError):
    """It does not come from a page that this browser was given."""

    def __init__(self) -> None:
        super().__init__("panel.form-foreign")


GUARD = "guard"
"Name of the field that holds the form's token."


class Form(NamedTuple):
    fields: dict[str, list[str]]
    files: tuple[Uploaded, ...] = ()

    def one(self, name: str) -> str:
        """The last value of this name; empty: there is none."""
        return self.fields.get(name, [""])[-1]

    def all(self, name: str) -> list[str]:
        return self.fields.get(name, [])


class Part(NamedTuple):
    """What the parser said: a part begins, a block of it, its end."""

    kind: str
    data: bytes = b""


class Takes(NamedTuple):
    """Where the files of a form go, and whose they are."""

    uploads: Uploads
    viewer: Viewer


async def read(request: Request, guards: Callable[[str], bool], takes: Takes | None = None) -> Form:
    """`takes`: left out, the form brings no files. Raises FormUnreadable, FormForeign, and what
    `Uploads.take` raises; nothing is kept then.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind == b"multipart/form-data" and takes is not None:
        form = await Multipart(request, options.get(b"boundary", b""), takes, guards).read()
    elif kind == b"application/x-www-form-urlencoded":
        form = Form(by_name(await urlencoded(request)))
    else:
        raise FormUnreadable
    if not guards(form.one(GUARD)):
        forget(form, takes)
        raise FormForeign
    return form


def forget(form: Form, takes: Takes | None) -> None:
    """The files that it brought."""
    for each in form.files:
        assert takes is not None  # noqa: S101 - without there are no files
        takes.uploads.forget(each.upload)


async def urlencoded(request: Request) -> list[tuple[str, str]]:
    octets = bytearray()
    try:
        async with asyncio.timeout(COMES_S):
            async for block in request.stream():
                octets += block
                if len(octets) > FIELDS_OCTETS_MOST:
                    raise FormUnreadable
    except TimeoutError:
        raise FormUnreadable from None
    try:
        return parse_qsl(
            octets.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MOST
        )
    except ValueError:  # a UnicodeDecodeError is one, too
        raise FormUnreadable from None


async def coming(request: Request) -> AsyncIterator[bytes]:
    """Its blocks. Raises FormUnreadable where the next one does not come."""
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(COMES_S):
                block = await anext(stream)
        except TimeoutError:
            raise FormUnreadable from None
        except StopAsyncIteration:
            return
        yield block


def by_name(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


class Multipart:
    """One form of RFC 7578."""

    def __init__(
        self,
        request: Request,
        boundary: bytes,
        takes: Takes,
        guards: Callable[[str], bool],
    ) -> None:
        self.stream, self.takes, self.guards = coming(request), takes, guards
        self.said: deque[Part] = deque()
        self.header: tuple[bytearray, bytearray] = (bytearray(), bytearray())
        self.headers: dict[bytes, bytes] = {}
        try:
            self.parser = MultipartParser(boundary, self.callbacks())
        except FormParserError:
            raise FormUnreadable from None
        self.parser.logger = UNHEARD
        self.fields: list[tuple[str, str]] = []
        self.files: list[Uploaded] = []
        self.octets = self.parts = 0
        self.over = False

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self.begin,
            "on_header_field": lambda data, start, end: self.header[0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self.header[1].extend(data[start:end]),
            "on_header_end": self.header_ended,
            "on_headers_finished": lambda: self.said.append(Part("part", self.disposition())),
            "on_part_data": lambda data, start, end: self.said.append(Part("data", data[start:end])),
            "on_part_end": lambda: self.said.append(Part("end")),
            "on_end": self.ended,
        }

    def ended(self) -> None:
        self.over = True

    def begin(self) -> None:
        self.headers = {}

    def header_ended(self) -> None:
        name, value = self.header
        self.headers[bytes(name).lower()] = bytes(value)
        self.header = (bytearray(), bytearray())

    def disposition(self) -> bytes:
        return self.headers.get(b"content-disposition", b"")

    async def next(self) -> Part | None:
        """None: the form is over."""
        while not self.said:
            block = await anext(self.stream, None)
            if block is None or block == b"":
                if not self.over:
                    raise FormUnreadable
                return None
            try:
                self.parser.write(block)
            except FormParserError:
                raise FormUnreadable from None
        return self.said.popleft()

    async def read(self) -> Form:
        try:
            while (part := await self.next()) is not None:
                if part.kind != "part":
                    raise FormUnreadable
                await self.take(part.data)
        except BaseException as error:
            forget(Form({}, tuple(self.files)), self.takes)
            if isinstance(error, Exception):
                await self.rest()
            raise
        return Form(by_name(self.fields), tuple(self.files))

    async def rest(self) -> None:
        """A browser reads no answer before it has sent all of its form."""
        left = REST_OCTETS_MOST
        async for block in self.stream:
            left -= len(block)
            if left < 0:
                return

    async def take(self, disposition: bytes) -> None:
        _, options = parse_options_header(disposition)
        name, file = (options.get(each) for each in (b"name", b"filename"))
        self.parts += 1
        if name is None or len(name) > NAME_MOST or self.parts > FIELDS_MOST:
            raise FormUnreadable
        if file is None:
            self.fields.append((text_of(name), await self.text()))
        elif file == b"":
            async for _ in self.blocks():  # no file was chosen
                pass
        else:
            if not self.guards(by_name(self.fields).get(GUARD, [""])[-1]):
                raise FormForeign
            if len(self.files) >= FILES_MOST:
                raise FormUnreadable
            named = base_of(text_of(file))
            self.files.append(await self.takes.uploads.take(self.takes.viewer, named, self.blocks()))

    async def text(self) -> str:
        octets = bytearray()
        async for block in self.blocks():
            octets += block
            self.octets += len(block)
            if self.octets > FIELDS_OCTETS_MOST:
                raise FormUnreadable
        return text_of(bytes(octets))

    async def blocks(self) -> AsyncIterator[bytes]:
        while (part := await self.next()) is not None:
            if part.kind == "end":
                return
            yield part.data
        raise FormUnreadable  # it broke off in the middle


def text_of(octets: bytes) -> str:
    """Raises FormUnreadable."""
    try:
        return octets.decode()
    except UnicodeDecodeError:
        raise FormUnreadable from None


def base_of(name: str) -> str:
    """Some browsers name the whole path."""
    return name.replace("\\", "/").rpartition("/")[2]
