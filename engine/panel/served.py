"""What pages are drawn with: style, script, icon, the maker's colours and his logo.

Rule: what never changes is fetched once, and what a maker brings is shown as a picture, never run.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from . import drawings
from .colours import theme
from .look import LOGO_KINDS, LOGO_OCTETS_MOST, SERVED, static

if TYPE_CHECKING:
    from .app import Panel

FOREVER = {"Cache-Control": "max-age=31536000, immutable"}
"Its address has the version in it."
SOON = {"Cache-Control": "no-cache"}
ALONE = {"Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'"}
"A picture that somebody opens by itself."
Serves = Callable[[Request], Awaitable[Response]]


async def nothing(request: Request) -> Response:
    return Response(status_code=404)


def fixed(name: str) -> Callable[["Panel"], Serves]:
    def of(panel: "Panel") -> Serves:
        async def serve(request: Request) -> Response:
            return Response(static(name), headers=FOREVER, media_type=SERVED[name])

        return serve

    return of


def themed(panel: "Panel") -> Serves:
    async def serve(request: Request) -> Response:
        return Response(theme(panel.engine.settings.page.accent), headers=SOON, media_type="text/css")

    return serve


def drawn(panel: "Panel") -> Serves:
    async def serve(request: Request) -> Response:
        return Response(drawings.style(), headers=SOON, media_type="text/css")

    return serve


def logo(panel: "Panel") -> Serves:
    async def serve(request: Request) -> Response:
        path = panel.engine.settings.page.logo
        found = await asyncio.to_thread(read, path) if path else None
        if path is None or found is None:
            return await nothing(request)
        kind = LOGO_KINDS[path.suffix.lower()]
        return Response(found, headers={**SOON, **ALONE}, media_type=kind)

    return serve


def read(path: Path) -> bytes | None:
    """None: it is no picture, too large, or not there."""
    if path.suffix.lower() not in LOGO_KINDS or not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            found = file.read(LOGO_OCTETS_MOST + 1)
    except OSError:
        return None
    return found if len(found) <= LOGO_OCTETS_MOST else None


FILES: Mapping[str, Callable[["Panel"], Serves]] = MappingProxyType({
    **{f"/{name}": fixed(name) for name in SERVED},
    "/theme.css": themed,
    "/drawings.css": drawn,
    "/logo": logo,
})  # fmt: skip
