"""What people see at the playing provider: the sign-in page of an authorization request, and the page where
the code of a device is entered (RFC 8628 section 3.3).

Rule: a page may be answered once, within ten minutes of the clock. Who the provider gives no token is told
so here, and no redirect carries it to the client.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .accounts import Account
from .consent import CodePage, ConsentPage, last_page, refusal_page
from .device_codes import DeviceCode
from .exchange import Answer, OAuthRequest
from .flows import CodeGrant
from .grants import Refusal
from .refusals import Cause
from .serving import Serving, form

PAGE_LIFE = timedelta(minutes=10)
WRONG_PASSWORD = "Your account or password is incorrect."
UNKNOWN_CODE = "That code didn't work. Check the code and try again."
HTML = ("Content-Type", "text/html; charset=utf-8")
NO_STORE = ("Cache-Control", "no-store")


@dataclass(frozen=True, slots=True)
class OpenPage:
    """A page that waits for the person's answer: to an authorization request or to a device's."""

    about: CodeGrant | DeviceCode
    expires_at: datetime


@dataclass(slots=True)
class Pages:
    serving: Serving
    client_id: str
    _open: dict[str, OpenPage] = field(default_factory=dict)

    def routes(self) -> list[Route]:
        quirks = self.serving.quirks
        return [
            Route(quirks.authorize_path, self._authorize, methods=["GET"]),
            Route(quirks.authorize_path, self._consent, methods=["POST"]),
            Route(quirks.device.page_path, self._code, methods=["GET"]),
            Route(quirks.device.page_path, self._device_consent, methods=["POST"]),
        ]

    async def _authorize(self, request: Request) -> Response:
        asked = await self.serving.asked(request)
        return await self.serving.answered(
            request, "authorize", asked, lambda: self._sign_in(request.url.path, asked)
        )

    def _sign_in(self, path: str, asked: OAuthRequest) -> Answer:
        grant = self.serving.protocol.consent(asked)
        if isinstance(grant, Answer):
            return self._shown(grant)
        return self._page(path, grant, asked.parameters.get("login_hint", ""))

    async def _consent(self, request: Request) -> Response:
        fields = await form(request)
        page = self._taken(dict(fields))
        if page is None or not isinstance(page.about, CodeGrant):
            return _started_again(self.serving.quirks.name)
        grant = page.about
        asked: OAuthRequest = grant.request
        return await self.serving.answered(
            request, "consent", asked, lambda: self._decided(request.url.path, grant, fields)
        )

    def _decided(self, path: str, grant: CodeGrant, fields: list[tuple[str, str]]) -> Answer:
        filled = dict(fields)
        account: Account | None = None
        if filled.get("decision") == "accept":
            account = self._signed_in(filled)
            if account is None:
                return self._again(path, grant, filled)
            try:
                self.serving.protocol.admitted(account.email)
            except Refusal as refusal:
                grant.request.account = account.email
                return self._shown(self.serving.protocol.refused(refusal.cause))
            ticked = {value for name, value in fields if name == "scope"}
            grant.request.unticked = frozenset(self._tickable(grant)) - ticked
        return self._shown(self.serving.protocol.decide(grant, account))

    async def _code(self, request: Request) -> Response:
        asked = await self.serving.asked(request)
        return await self.serving.answered(
            request, "device:page", asked, lambda: self._code_page(asked.parameters.get("user_code", ""))
        )

    def _code_page(self, user_code: str = "", message: str = "") -> Answer:
        page = CodePage(self.serving.quirks.name, self.serving.quirks.device.page_path, user_code, message)
        return Answer(200, [HTML, NO_STORE], page.html(), done="page")

    async def _device_consent(self, request: Request) -> Response:
        """The code's own form, or the one after it: they share an address."""
        filled = dict(await form(request))
        asked = OAuthRequest("POST", str(request.url), ())
        if "user_code" in filled:
            return await self.serving.answered(
                request, "device:code", asked, lambda: self._entered(filled["user_code"])
            )
        page = self._taken(filled)
        if page is None or not isinstance(page.about, DeviceCode):
            return _started_again(self.serving.quirks.name)
        code = page.about
        return await self.serving.answered(
            request, "device:consent", asked, lambda: self._device_decided(asked, code, filled)
        )

    def _entered(self, user_code: str) -> Answer:
        code = self.serving.protocol.device_codes.entered(user_code)
        if code is None or code.decided:
            return self._code_page(message=UNKNOWN_CODE)
        return self._page(self.serving.quirks.device.page_path, code, "")

    def _device_decided(self, asked: OAuthRequest, code: DeviceCode, filled: dict[str, str]) -> Answer:
        protocol = self.serving.protocol
        if self.serving.clock.now() >= code.expires_at:
            return self._shown(protocol.refused(Cause.DEVICE_CODE_EXPIRED))
        if filled.get("decision") != "accept":
            code.refused = Cause.DEVICE_DECLINED
            return self._last("Declined", "You can close this window.", Cause.DEVICE_DECLINED)
        account = self._signed_in(filled)
        if account is None:
            return self._again(self.serving.quirks.device.page_path, code, filled)
        asked.account = account.email
        code.refused = protocol.books.policy.refuses_device_code
        if code.refused is not None:
            return self._shown(protocol.refused(code.refused))
        code.account = account.email
        return self._last("You have signed in", "Go back to your device. You can close this window.")

    def _signed_in(self, filled: dict[str, str]) -> Account | None:
        return self.serving.protocol.accounts.signed_in(filled.get("account", ""), filled.get("password", ""))

    def _again(self, path: str, about: CodeGrant | DeviceCode, filled: dict[str, str]) -> Answer:
        answer = self._page(path, about, filled.get("account", ""), WRONG_PASSWORD)
        answer.done = "wrong_password"
        return answer

    def _page(self, path: str, about: CodeGrant | DeviceCode, login_hint: str, message: str = "") -> Answer:
        request_id = secrets.token_urlsafe(16)
        self._open[request_id] = OpenPage(about, self.serving.clock.now() + PAGE_LIFE)
        asked = about.request.scope if isinstance(about, CodeGrant) else about.get_scope()
        tickable = self._tickable(about)
        page = ConsentPage(
            self.serving.quirks.name,
            path,
            request_id,
            self.client_id,
            login_hint,
            [name for name in asked.split() if name not in tickable],
            tickable,
            message,
        )
        return Answer(200, [HTML, NO_STORE], page.html(), done="page")

    def _tickable(self, about: CodeGrant | DeviceCode) -> list[str]:
        if not self.serving.quirks.scopes_can_be_unticked or isinstance(about, DeviceCode):
            return []
        return [name for name in about.request.scope.split() if name.startswith("https://")]

    def _taken(self, filled: dict[str, str]) -> OpenPage | None:
        page = self._open.pop(filled.get("request", ""), None)
        return page if page is not None and self.serving.clock.now() < page.expires_at else None

    def _shown(self, answer: Answer) -> Answer:
        """A redirect as it is, a refusal as a page."""
        if answer.location:
            headers = [("Location", answer.location), NO_STORE]
            return Answer(answer.status, headers, b"", answer.cause, "code")
        words = self.serving.quirks.words[answer.cause or Cause.MALFORMED]
        body = refusal_page(self.serving.quirks.name, words.error, words.text)
        return Answer(answer.status, [HTML], body, answer.cause)

    def _last(self, title: str, text: str, cause: Cause | None = None) -> Answer:
        return Answer(200, [HTML, NO_STORE], last_page(title, text), cause)


def _started_again(provider: str) -> Response:
    body = refusal_page(provider, "session_expired", "Start the sign-in again on the device.")
    return Response(body, 400, media_type="text/html")
