"""Plays the person at the sign-in page: reads the form, fills it in, follows the redirect to the device's
listener.

Rule: it works over HTTP as a browser with a fresh profile does: verified TLS, no cookie kept from one sign-in
to the next, and it follows a redirect out of the provider's page to loopback alone.
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx2

from .authority import client_context

LOOPBACK = ("localhost", "127.0.0.1", "::1")
REDIRECTS_MAX = 5


class SignInRefused(Exception):
    """The provider's page did not let the person go on. `status` of HTTP, `message` as shown."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message


@dataclass(slots=True)
class Form(HTMLParser):
    """The form of a page with its fields, and what the page says in `role=alert`."""

    action: str = ""
    fields: list[tuple[str, str]] = field(default_factory=list)
    boxes: list[tuple[str, str]] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    _in_alert: bool = False

    def __post_init__(self) -> None:
        HTMLParser.__init__(self)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self._in_alert = named.get("role") == "alert"
        if tag == "form":
            self.action = named.get("action", "")
        if tag == "input" and named.get("type") == "checkbox":
            if "checked" in named:
                self.boxes.append((named["name"], named["value"]))
        elif tag == "input":
            self.fields.append((named.get("name", ""), named.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        self._in_alert = False

    def handle_data(self, data: str) -> None:
        if self._in_alert:
            self.alerts.append(data)


class Person:
    """Somebody in front of a browser that trusts the authority in `ca_file`."""

    def __init__(self, ca_file: Path) -> None:
        self._tls = client_context(ca_file, ("h2", "http/1.1"))

    async def sign_in(
        self, url: str, email: str, password: str, *, untick: frozenset[str] = frozenset()
    ) -> str:
        """Opens the authorization request `url`, signs in, accepts; gives the text of the last page, the
        device's.

        Raises SignInRefused where the provider shows an error or the form again.
        """
        return await self._decide(url, {"account": email, "password": password}, "accept", untick)

    async def sign_in_elsewhere(self, url: str, email: str, password: str) -> str:
        """The same on another machine, whose loopback is not the device's; gives the address at which the
        browser ends there.
        """
        async with self._browser() as browser:
            filled = {"account": email, "password": password}
            answer = await self._decided(browser, url, filled, "accept", frozenset())
            return urljoin(str(answer.url), answer.headers["location"])

    async def cancel(self, url: str) -> str:
        """Opens `url` and taps [Cancel]; gives the text of the last page, the device's."""
        return await self._decide(url, {}, "cancel", frozenset())

    async def enter_code(self, page: str, code: str, email: str, password: str) -> str:
        """Enters the code of a device at `page`, signs in and accepts (RFC 8628 section 3.3); gives the text
        of the last page.

        Raises SignInRefused where the provider does not know the code, or shows an error or the form again.
        """
        filled = {"account": email, "password": password, "decision": "accept"}
        return await self._decide_at(page, code, filled)

    async def decline_code(self, page: str, code: str) -> str:
        """Enters the code and taps [Cancel]."""
        return await self._decide_at(page, code, {"decision": "cancel"})

    async def look(self, url: str) -> dict[str, str]:
        """What the form at `url` holds already, such as `account` from a login_hint."""
        async with self._browser() as browser:
            return dict((await self._open(browser, url)).fields)

    async def fetch(self, url: str) -> tuple[int, bytes]:
        """What a link gives: the status of HTTP and the octets."""
        async with self._browser() as browser:
            answer = await browser.get(url)
            return answer.status_code, answer.content

    def _browser(self) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(http2=True, verify=self._tls, trust_env=False)

    async def _open(self, browser: httpx2.AsyncClient, url: str) -> Form:
        answer = await browser.get(url)
        form = _form(answer)
        if answer.status_code != 200 or not form.action:
            raise SignInRefused(answer.status_code, "; ".join(form.alerts) or "no form")
        return form

    async def _decide(self, url: str, filled: dict[str, str], decision: str, untick: frozenset[str]) -> str:
        async with self._browser() as browser:
            return await self._arrive(browser, await self._decided(browser, url, filled, decision, untick))

    async def _decided(
        self,
        browser: httpx2.AsyncClient,
        url: str,
        filled: dict[str, str],
        decision: str,
        untick: frozenset[str],
    ) -> httpx2.Response:
        """The redirect to the device."""
        form = await self._open(browser, url)
        ticked = [value for name, value in form.boxes if name == "scope" and value not in untick]
        sent = {**dict(form.fields), **filled, "decision": decision, "scope": ticked}
        answer = await browser.post(urljoin(url, form.action), data=sent)
        if not answer.is_redirect:
            raise SignInRefused(answer.status_code, "; ".join(_form(answer).alerts))
        return answer

    async def _decide_at(self, page: str, code: str, filled: dict[str, str]) -> str:
        async with self._browser() as browser:
            entry = await self._open(browser, page)
            answer = await browser.post(
                urljoin(page, entry.action), data={**dict(entry.fields), "user_code": code}
            )
            form = _form(answer)
            if answer.status_code != 200 or form.alerts:
                raise SignInRefused(answer.status_code, "; ".join(form.alerts))
            sent = {**dict(form.fields), **filled}
            answer = await browser.post(urljoin(page, form.action), data=sent)
            if answer.status_code != 200 or _form(answer).alerts:
                raise SignInRefused(answer.status_code, "; ".join(_form(answer).alerts))
            return str(answer.text)

    async def _arrive(self, browser: httpx2.AsyncClient, answer: httpx2.Response) -> str:
        """Follows the redirect to the device's listener, and the one from there to its page."""
        for _ in range(REDIRECTS_MAX):
            if not answer.is_redirect:
                return str(answer.text)
            address = urljoin(str(answer.url), answer.headers["location"])
            if urlsplit(address).scheme != "http" or urlsplit(address).hostname not in LOOPBACK:
                raise SignInRefused(answer.status_code, "the redirect leads away from this machine")
            answer = await browser.get(address)
        raise SignInRefused(answer.status_code, "one redirect after the other")


def _form(answer: httpx2.Response) -> Form:
    form = Form()
    form.feed(answer.text)
    return form
