"""The ASGI application: GET and HEAD of `/d/LINK/NAME`, and nothing else.

There is no list, and one answer for what never was, is over, was deleted or has another name: who has no link
learns nothing. A link is 128 bits of chance, so guesses need no counting. What is served is somebody's scan:
it is saved and not shown, in nobody's cache, and a link that stands in it learns nothing of where it lay.

Rule: no link, and no path, in a log line; a document is named by its number.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from email.utils import format_datetime
from itertools import islice
from types import MappingProxyType

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ..boxes import LINK_PATH
from ..content_port import Content, FileChanged, OpenContent
from ..engine import Engine
from ..functions.media_types import media_type
from ..records import DocumentRow, SealFailed, StoreFailed
from ..runtime import EngineFailed, EngineStopped
from .fields import Span, attachment, span

PIECES = 4
"Of about 64 KiB, given to the network at once."
AGAIN_S = 30
"When whoever meets a store that fails may come again."
GUARDED = MappingProxyType({
    "Cache-Control": "no-store",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
})  # fmt: skip
"In every answer."
log = logging.getLogger("franking")


def links_app(engine: Engine) -> Starlette:
    """May be mounted in an application of the embedding program."""
    links = Links(engine)
    app = Starlette(
        routes=[Route(f"/{LINK_PATH}/{{link}}/{{name}}", links.fetch, methods=["GET"])],
        exception_handlers={HTTPException: links.refused},
    )
    app.router.redirect_slashes = False  # it would tell which paths are links' paths
    return app


class Links:
    def __init__(self, engine: Engine) -> None:
        self.engine, self.boxes = engine, engine.boxes

    async def fetch(self, request: Request) -> Response:
        if b"%2f" in request.scope.get("raw_path", b"").lower():
            return self.nothing()  # an encoded slash belongs to a name, and no document has one in its name
        try:
            row = self.boxes.found(request.path_params["link"], request.path_params["name"])
            content = self.boxes.content(row) if row else None
        except (StoreFailed, SealFailed) as failure:
            log.error("a link cannot be looked up: %s", failure)
            text = self.engine.words.say("links.not-now")
            return self.answer(503, f"{text}\n", {"Retry-After": f"{AGAIN_S}"})
        file = await asyncio.to_thread(opened, content, row) if row and content else None
        if row is None or file is None:
            return self.nothing()
        whole = Span(0, row.size)
        wanted = span(request.headers, row.size, etag(row))
        if wanted is None:
            file.close()
            return self.answer(416, "", {"Content-Range": f"bytes */{row.size}"})
        headers = self.headers(row, wanted)
        status = 200 if wanted == whole else 206
        if request.method == "HEAD":
            file.close()
            return Response(None, status, headers)
        return Download(file, self.blocks(file, row, wanted), status, headers)

    async def blocks(self, file: OpenContent, row: DocumentRow, wanted: Span) -> AsyncIterator[bytes]:
        """A whole download is counted when its last octet was given to the network; a part of one never.
        Raises FileChanged: the connection is dropped, so that nobody takes a part for the whole.
        """
        left, pieces = wanted.octets, file.pieces(wanted.first)
        while left:
            block = await asyncio.to_thread(some, pieces)
            if not block:
                raise FileChanged(f"document {row.document}", row.size)
            block = block[:left]
            left -= len(block)
            yield block
        if wanted.octets == row.size:
            await self.count(row.document)

    async def count(self, document: int) -> None:
        try:
            await self.boxes.fetched(document)
        except (StoreFailed, EngineStopped, EngineFailed) as error:
            log.error("a download of document %d is not counted: %s", document, error)

    def headers(self, row: DocumentRow, wanted: Span) -> dict[str, str]:
        found = {
            **self.common(),
            "Content-Type": media_type(row.name),
            "Content-Disposition": attachment(row.name),
            "Content-Length": f"{wanted.octets}",
            "Accept-Ranges": "bytes",
            "ETag": etag(row),
        }
        if wanted.octets != row.size:
            found["Content-Range"] = f"bytes {wanted.first}-{wanted.first + wanted.octets - 1}/{row.size}"
        return found

    def common(self) -> dict[str, str]:
        return {**GUARDED, "Date": format_datetime(self.engine.clock.now(), usegmt=True)}

    def answer(self, status: int, text: str, also: dict[str, str]) -> Response:
        return Response(text, status, {**self.common(), **also}, "text/plain")

    def nothing(self) -> Response:
        """In the device's language, as the mail is."""
        return self.answer(404, f"{self.engine.words.say('links.nothing')}\n", {})

    async def refused(self, request: Request, error: Exception) -> Response:
        """What the routes refuse: another path, another method."""
        if isinstance(error, HTTPException) and error.status_code == 405:
            return self.answer(405, "", {"Allow": "GET, HEAD"})
        return self.nothing()


class Download(StreamingResponse):
    """Its file is closed whatever becomes of the connection."""

    def __init__(
        self, file: OpenContent, blocks: AsyncIterator[bytes], status: int, headers: dict[str, str]
    ) -> None:
        super().__init__(blocks, status, headers)
        self.file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with closing(self.file):
            await super().__call__(scope, receive, send)


def opened(content: Content, row: DocumentRow) -> OpenContent | None:
    """None where it is not the document: somebody had his hands in the store, or its disk is at fault."""
    try:
        return content.open()
    except OSError as error:
        log.error("document %d of a user box cannot be read (%s)", row.document, error.strerror)
    except FileChanged:
        log.error("document %d of a user box has not its %d octets any more", row.document, row.size)
    return None


def some(pieces: Iterator[bytes]) -> bytes:
    """As much as goes to the network at once. Raises FileChanged, OSError."""
    return b"".join(islice(pieces, PIECES))


def etag(row: DocumentRow) -> str:
    return f'"{row.sha256}"'
