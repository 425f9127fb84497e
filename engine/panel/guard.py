"""What every request meets before any screen does: which host it was sent to, which site sent it.

A page that a browser was lured to may send requests here: under a foreign name that was made to point to
this machine (DNS rebinding), or as a form in the name of whoever is logged in (CSRF). The first has a foreign
Host, the second a foreign Origin, and neither knows the token that stands in each form.

Rule: what is refused here has touched nothing, and each answer says what a browser may do with it: nothing of
another origin, no frame, no cache.
"""

import re
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from types import MappingProxyType
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..words import Words

SAFE = frozenset({"GET", "HEAD"})
OWN = ("script-src", "style-src", "img-src", "connect-src", "form-action")
NO = ("default-src", "base-uri", "frame-ancestors")
POLICY = "; ".join([*(f"{each} 'none'" for each in NO), *(f"{each} 'self'" for each in OWN)])
HEADERS = MappingProxyType({
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
})  # fmt: skip
"With `no-referrer` a browser would not say from which origin a form comes."
HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9A-Za-z_.-]+))(?::[0-9]{1,5})?")
OURS = frozenset({"same-origin", "none"})
"Of Sec-Fetch-Site: a form of ours, or a person who typed the address."


class Guard:
    def __init__(self, app: ASGIApp, hosts: Callable[[], Iterable[str]], words: Callable[[], Words]) -> None:
        """`hosts`: names beside `localhost` and plain addresses, as the settings are now."""
        self.app, self.hosts, self.words = app, hosts, words

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                found = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    found.setdefault(name, value)
                found.setdefault("Cache-Control", "no-store")
            await send(message)

        refused = self.refused(scope["method"], headers)
        if refused is None:
            await self.app(scope, receive, guarded)
            return
        status, code = refused
        answer = PlainTextResponse(f"{self.words().say(code)}\n", status)
        await answer(scope, receive, guarded)

    def refused(self, method: str, headers: Headers) -> tuple[int, str] | None:
        named = headers.getlist("host")
        if len(named) != 1 or not self.is_ours(named[0]):
            return 421, "panel.foreign-host"
        if method in SAFE:
            return None
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
        if (origin is not None and urlsplit_host(origin) != named[0].lower()) or site not in OURS:
            return 403, "panel.foreign-origin"
        return None

    def is_ours(self, host: str) -> bool:
        name = name_of(host)
        return name == "localhost" or is_address(name) or name in {each.lower() for each in self.hosts()}


def name_of(host: str) -> str:
    """Without the port and the brackets of an address; empty: it is none."""
    found = HOST.fullmatch(host)
    return (found[1] or found[2]).lower() if found else ""


def urlsplit_host(origin: str) -> str:
    """`host:port` of an origin; empty: it is none, such as `null`."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def is_address(name: str) -> bool:
    """A browser that was sent to an address was not deceived about a name."""
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
