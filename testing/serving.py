"""How the playing provider takes a request and answers it, whatever it is about: script, record, form.

Rule: every request is recorded once, with its end; a scripted answer comes before all processing.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from ..engine.clock import Clock
from .addresses import Addresses
from .clock import TrueTime
from .exchange import Answer, OAuthRequest
from .gate import Gate
from .https import HttpsListener
from .protocol import Protocol
from .quirks import GRANT_TYPES, Quirks
from .refusals import Cause
from .scripted import Course, Script
from .seen import RequestSeen

BODY_MAX = 65_536
"Octets of a form; more is refused."

Form = list[tuple[str, str]]


@dataclass(slots=True)
class Serving:
    """What pages and endpoints share."""

    quirks: Quirks
    clock: Clock
    at: Addresses
    protocol: Protocol
    listener: HttpsListener
    script: Script = field(default_factory=Script)
    gate: Gate = field(default_factory=Gate)
    requests: list[RequestSeen] = field(default_factory=list)

    async def asked(self, request: Request) -> OAuthRequest:
        """The request's query or form as OAuth reads it."""
        if request.method == "GET":
            fields = parse_qsl(request.url.query, keep_blank_values=True)
        else:
            fields = await form(request)
        return OAuthRequest(
            request.method,
            str(request.url),
            fields,
            request.headers.get("authorization", ""),
            issuer=self.at.issuer,
            tenant=request.path_params.get("tenant", ""),
            audience=self.at.token,
        )

    async def answered(
        self, request: Request, kind: str, asked: OAuthRequest, process: Callable[[], Answer]
    ) -> Response:
        """The answer that a test wrote for this kind of request, else that of `process`."""
        if kind.startswith("token:"):
            await self.gate.enter()
        scripted = self.script.take(kind)
        if scripted is not None and scripted.delay:
            await self._wait(scripted.delay)
        if scripted is not None and scripted.course is Course.SAID:
            self.note(request, kind, asked, "scripted")
            return scripted.response()
        if scripted is not None and scripted.course is Course.CUT:
            self.note(request, kind, asked, "cut")
            return self._cut(request)
        answer = self.wrong_tenant(request) or process()
        if scripted is not None and scripted.course is Course.LOST:
            self.note(request, kind, asked, "lost")
            return self._cut(request)
        self.note(request, kind, asked, answer.outcome)
        return Response(answer.body, answer.status, dict(answer.headers))

    def wrong_tenant(self, request: Request) -> Answer | None:
        tenant = request.path_params.get("tenant", self.at.tenant)
        if tenant == self.at.tenant or tenant in self.quirks.tenants_shared:
            return None
        return self.protocol.refused(Cause.TENANT_UNKNOWN)

    def note(self, request: Request, kind: str, asked: OAuthRequest, outcome: str) -> None:
        parameters = asked.parameters
        peer = (request.client.host, request.client.port) if request.client else None
        self.requests.append(
            RequestSeen(
                self.clock.now(),
                kind,
                parameters.get("client_id", ""),
                asked.account,
                outcome,
                str(request.scope["http_version"]),
                parameters.get("prompt", ""),
                parameters.get("login_hint", ""),
                "" if peer is None else self.listener.tls_of(peer),
            )
        )

    async def _wait(self, delay: timedelta) -> None:
        if isinstance(self.clock, TrueTime):
            await self.clock.hold_back(delay)
        else:
            await self.clock.sleep_until(self.clock.now() + delay)

    def _cut(self, request: Request) -> Response:
        assert request.client is not None
        self.listener.cut((request.client.host, request.client.port))
        return Response(b"")


async def form(request: Request) -> Form:
    """The fields of a form, or none if it is no form or too large."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_MAX:
            return []
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/x-www-form-urlencoded":
        return []
    return parse_qsl(body.decode("ascii", "replace"), keep_blank_values=True)


def token_kind(asked: OAuthRequest) -> str:
    """What a request to the token endpoint is called in the records."""
    return f"token:{GRANT_TYPES.get(asked.parameters.get('grant_type', ''), 'other')}"
