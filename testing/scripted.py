"""Answers that a test writes for the playing provider: outages, lost and slow answers, captive portals,
rubbish.

Rule: a scripted answer takes the place of one answer to one kind of request; a delay counts on the server's
clock.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum
from types import MappingProxyType

from starlette.responses import Response

JSON = MappingProxyType({"Content-Type": "application/json"})
HTML = MappingProxyType({"Content-Type": "text/html; charset=utf-8"})
PORTAL = b"<!doctype html><html><head><title>Welcome</title></head><body><h1>Welcome</h1></body></html>"


class Course(StrEnum):
    """What becomes of the request."""

    SAID = "said"
    "Not processed: what is written here goes back."
    TRUE = "true"
    "Processed, and its true answer goes back."
    LOST = "lost"
    "Processed, and the connection cut before the answer."
    CUT = "cut"
    "Not processed, and the connection cut."


@dataclass(frozen=True, slots=True)
class Scripted:
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    body: bytes | Callable[[], bytes] = field(default=b"", repr=False)
    course: Course = Course.SAID
    delay: timedelta = timedelta()
    "Before anything else happens."

    def response(self) -> Response:
        body = self.body if isinstance(self.body, bytes) else self.body()
        return Response(body, self.status, dict(self.headers))


LOST = Scripted(course=Course.LOST)
CUT = Scripted(course=Course.CUT)
CAPTIVE_PORTAL = Scripted(200, HTML, PORTAL)


def slow(delay: timedelta) -> Scripted:
    """The true answer, late; an asker who went away meanwhile has acted nevertheless."""
    return Scripted(course=Course.TRUE, delay=delay)


def throttled(retry_after: int | datetime, status: int = 429) -> Scripted:
    """`retry_after`: seconds, or the moment as an HTTP date (RFC 9110 section 10.2.3)."""
    said = str(retry_after) if isinstance(retry_after, int) else format_datetime(retry_after, usegmt=True)
    return Scripted(status, {"Retry-After": said})


def huge(octets: int) -> Scripted:
    """A JSON object with one member of so many octets."""
    return Scripted(200, JSON, lambda: b'{"access_token": "' + b"a" * octets + b'"}')


def deep(levels: int) -> Scripted:
    """JSON arrays in one another."""
    return Scripted(200, JSON, lambda: b'{"access_token": ' + b"[" * levels + b"]" * levels + b"}")


@dataclass(slots=True)
class Script:
    """What was written and not yet played. `kind` is that of a request (`RequestSeen.kind`) or how it begins:
    "token" stands for all kinds of "token:…", and "" for every request.
    """

    _next: deque[tuple[str, Scripted]] = field(default_factory=deque)
    _meanwhile: list[tuple[str, Scripted]] = field(default_factory=list)

    def add(self, kind: str, answer: Scripted, times: int = 1) -> None:
        self._next.extend((kind, answer) for _ in range(times))

    def begin(self, kind: str, answer: Scripted) -> None:
        """From now on, for requests that nothing else is written for."""
        self._meanwhile.append((kind, answer))

    def end(self, kind: str, answer: Scripted) -> None:
        self._meanwhile.remove((kind, answer))

    def take(self, kind: str) -> Scripted | None:
        """The oldest answer for a request of this kind; None: it is processed."""
        for index, (wanted, answer) in enumerate(self._next):
            if _is_of(kind, wanted):
                del self._next[index]
                return answer
        return next((answer for wanted, answer in self._meanwhile if _is_of(kind, wanted)), None)


def _is_of(kind: str, wanted: str) -> bool:
    return wanted in ("", kind) or kind.startswith(f"{wanted}:")
