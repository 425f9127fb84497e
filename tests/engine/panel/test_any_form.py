"""Whatever is sent to the screens, they answer in words and never with a fault, and keep no file of it.

hypothesis makes the forms and addresses, right and wrong ones; a new act or screen of the tables is asked,
too.
"""

import asyncio
import logging
import re
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from franking.engine.panel.forms import FIELDS_OCTETS_MOST
from franking.engine.panel.table import ACTS, SCREENS, Act, Screen
from franking.events.about import every
from franking.machines.roles import Role

from .browsing import ADMINISTRATOR, WORD, Browser, Screens, screens
from .test_rights import PARTS, job_of_kim

NAMES = (
    *("to", "cc", "bcc", "subject", "text", "from_address", "upload", "files", "user", "first", "code"),
    *("address", "ends", "login", "password", "guard", "kept:proxy.credential"),
)
KEYS = tuple(every())
NASTY = (
    *("", "0", "-1", "1e999", "9" * 400, "NaN", "\0", "a\0b", "\u202e", "\ud800", "\r\nBcc: x@example.com"),
    *("a@b.example", "office@example.com", "<b>", "{{7*7}}", "../../etc", "C:\\a", "administrator", "kim"),
    *("on", "off", "Google", "Microsoft", "I101", "http://localhost/?code=1&state=2", "[::1", "x" * 5000),
    *("\u0661", "1 GB", "P1D", "2026-02-30", "a" * 300 + ".example", "\N{HAMMER}" * 90),
)
CHOICES = tuple(sorted({choice for each in every().values() for choice in each.choices}))


def octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


NAME = st.sampled_from(NAMES) | st.sampled_from(KEYS) | st.text(max_size=20)
VALUE = st.sampled_from(NASTY).map(octets) | st.sampled_from(CHOICES).map(octets) | st.binary(max_size=60)
VALUE |= st.text(max_size=30).map(octets)
KINDS = (
    *("", "multipart/form-data", "multipart/form-data; boundary=", "text/plain", "application/json"),
    *("multipart/form-data; boundary=" + "b" * 300, "application/x-www-form-urlencoded; charset=utf-7"),
)
T = TypeVar("T")
Body = tuple[str, bytes]


def urlencoded(pairs: list[tuple[bytes, bytes]], guard: bytes) -> Body:
    found = b"&".join(quote(name) + b"=" + quote(value) for name, value in [*pairs, (b"guard", guard)])
    return "application/x-www-form-urlencoded", found


def quote(text: bytes) -> bytes:
    return quote_from_bytes(text).encode()


def multipart(parts: list[tuple[bytes, bytes | None, bytes]], guard: bytes, cut: int, join: bytes) -> Body:
    """`cut`: so many octets are missing at the end."""
    found = b""
    for name, file, value in [(b"guard", None, guard), *parts]:
        named = b"" if file is None else b'; filename="' + file + b'"'
        head = b'Content-Disposition: form-data; name="' + name + b'"' + named
        found += join + b"--b\r\n" + head + b"\r\n\r\n" + value + b"\r\n"
    found += b"--b--\r\n"
    return "multipart/form-data; boundary=b", found[: len(found) - cut]


def bodies(guard: str, names: Sequence[str] = ()) -> st.SearchStrategy[Body]:
    """`names`: of the form's own fields."""
    right = guard.encode()
    name = (st.sampled_from(names) | NAME if names else NAME).map(octets)
    parts = st.lists(st.tuples(name, st.none() | VALUE, VALUE), max_size=6)
    cuts = st.sampled_from((0, 0, 0, 1, 2, 5, 9, 30))
    return st.one_of(
        st.builds(urlencoded, st.lists(st.tuples(name, VALUE), max_size=12), st.just(right)),
        st.builds(multipart, parts, st.just(right), cuts, st.sampled_from((b"", b"", b"\r\n", b"--"))),
        st.tuples(st.sampled_from(KINDS), st.binary(max_size=200)),
        st.tuples(st.just("application/x-www-form-urlencoded"), st.just(b"a=" + b"b" * FIELDS_OCTETS_MOST)),
        st.tuples(st.just("application/x-www-form-urlencoded"), st.just(b"&".join([b"a=b"] * 1000))),
    )


class Faults(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage() + str(record.exc_info or ""))


class Device:
    """With its screens, in a thread: hypothesis waits for each answer."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.ready, self.faults = folder, threading.Event(), Faults()
        self.people: dict[str, Browser] = {}
        self.fields: dict[str, list[str]] = {}
        self.thread = threading.Thread(target=lambda: asyncio.run(self.serve()), name="device")

    async def serve(self) -> None:
        self.loop, self.over = asyncio.get_running_loop(), asyncio.Event()
        async with screens(self.folder) as self.at:
            self.job = await job_of_kim(self.at)
            boss = await self.person(ADMINISTRATOR)
            self.groups = re.findall(r'"/settings/([^"]+)"', (await boss.get("/settings")).text)
            self.ready.set()
            await self.over.wait()

    def run(self, what: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(what, self.loop).result(60)

    async def person(self, name: str) -> Browser:
        """Logged in, also after a form that logged him out."""
        found = self.people.get(name)
        if found is None or found.cookie not in self.at.panel.sessions.by_cookie:
            found = self.people[name] = await self.at.logged_in(name)
        return found

    async def names(self, name: str, path: str) -> list[str]:
        """Of the fields of the form at this address."""
        if path not in self.fields:
            person = await self.person(name)
            found = re.findall(r' name="([^"]+)"', (await person.client.get(path)).text)
            self.fields[path] = sorted(set(found) - {"guard", "viewport", "color-scheme"})
        return self.fields[path]

    async def post(self, name: str, path: str, body: Body) -> None:
        person, uploads = await self.person(name), self.at.panel.uploads
        held = dict(uploads.held)
        assert held == {}
        kind, content = body
        answer = await person.client.post(path, content=content, headers={"Content-Type": kind})
        assert answer.status_code in {200, 303, 400, 403, 404, 413, 422, 429}, answer.text
        if answer.status_code != 422:
            assert uploads.held == {}, "what is not shown again is not kept"
        for number in list(uploads.kept):
            uploads.forget(number)
        assert uploads.held == {}
        self.sound()

    async def get(self, name: str, path: str) -> None:
        person = await self.person(name)
        answer = await person.client.get(path)
        assert answer.status_code in {200, 303, 403, 404}, answer.text
        (session,) = [each for each in self.sessions if each.cookie == person.cookie]
        self.at.panel.screen_of(session, path)
        self.sound()

    @property
    def sessions(self) -> list[Any]:
        return list(self.at.panel.sessions.by_cookie.values())

    def sound(self) -> None:
        assert self.faults.said == []


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Device]:
    found = Device(tmp_path_factory.mktemp("device"))
    logging.getLogger().addHandler(found.faults)
    found.thread.start()
    assert found.ready.wait(30)
    yield found
    found.loop.call_soon_threadsafe(found.over.set)
    found.thread.join(30)
    logging.getLogger().removeHandler(found.faults)


def drawn(count: int) -> settings:
    return settings(max_examples=count, suppress_health_check=list(HealthCheck))


def asks(device: Device, each: Act | Screen, part: str, group: int) -> str:
    """`part`: stands where a part of the address may be anything; empty: the right one."""
    right = {**PARTS, "job": f"{device.job}", "group": device.groups[group % len(device.groups)]}
    path = each.path
    for name, value in right.items():
        path = path.replace(f"{{{name}}}", quote_from_bytes(octets(part), safe="") if part else value)
    return path


PARTED = st.just("") | st.just("") | st.sampled_from(NASTY) | st.text(max_size=10)
ASKED = [(each, role) for each in ACTS for role in Role if role in each.roles]
SEEN = [(each, role) for each in SCREENS for role in Role if role in each.roles]
WHO = {Role.USER: "kim", Role.ADMINISTRATOR: ADMINISTRATOR}


def named(given: Any) -> str:
    return given.value if isinstance(given, Role) else str(given.path)


@pytest.mark.parametrize(("act", "role"), ASKED, ids=named)
def test_no_form_meets_a_fault(
    device: Device, act: Act, role: Role, long_count: Callable[[int, int], int]
) -> None:
    @drawn(long_count(10, 400))
    @given(data=st.data(), part=PARTED, group=st.integers(0, 20))
    def sent(data: st.DataObject, part: str, group: int) -> None:
        person, path = device.run(device.person(WHO[role])), asks(device, act, part, group)
        names = device.run(device.names(WHO[role], path))
        device.run(device.post(WHO[role], path, data.draw(bodies(person.guard, names))))

    sent()


@pytest.mark.parametrize(("screen", "role"), SEEN, ids=named)
def test_no_address_meets_a_fault(
    device: Device, screen: Screen, role: Role, long_count: Callable[[int, int], int]
) -> None:
    pairs = st.lists(
        st.tuples(st.sampled_from(("before", "user", "again", "x")).map(octets), VALUE), max_size=3
    )

    @drawn(long_count(5, 200))
    @given(part=PARTED, pairs=pairs, end=st.sampled_from(("", "", "/", "//", "%2f..", "?", "?%", "?a=%00&a")))
    def asked(part: str, pairs: list[tuple[bytes, bytes]], end: str) -> None:
        query = b"&".join(quote(name) + b"=" + quote(value) for name, value in pairs).decode()
        device.run(
            device.get(
                WHO[role], f"{asks(device, screen, part, len(pairs))}{end}{'&' if '?' in end else '?'}{query}"
            )
        )

    asked()


def test_no_log_in_meets_a_fault(device: Device, long_count: Callable[[int, int], int]) -> None:
    async def knocks(at: Screens, body: Callable[[str], Body], cookie: bytes) -> None:
        at.panel.tries.failed.clear()
        nobody = await at.browser()
        await nobody.get("/log-in")
        kind, content = body(nobody.guard)
        headers = {"Content-Type": kind, **({"Cookie": cookie} if cookie else {})}
        answer = await nobody.client.post("/log-in", content=content, headers=headers)  # type: ignore[arg-type]
        assert answer.status_code in {303, 403, 422, 429}, answer.text
        device.sound()
        await nobody.client.aclose()

    cookies = st.just(b"") | st.binary(max_size=30).map(
        lambda value: b"franking-page=" + value.hex().encode()
    )
    cookies |= st.sampled_from(
        [b"franking-page=" + each for each in (b'"\\012"', b"\xff", b"a=b; c", b"=;=")]
    )

    @drawn(long_count(12, 300))
    @given(data=st.data(), cookie=cookies)
    def sent(data: st.DataObject, cookie: bytes) -> None:
        body = data.draw(bodies("0" * 64) | st.just(None))
        form = [(b"login", data.draw(VALUE)), (b"password", data.draw(VALUE | st.just(WORD.encode())))]
        device.run(knocks(device.at, lambda guard: body or urlencoded(form, guard.encode()), cookie))

    sent()


def test_no_open_page_meets_a_fault(device: Device, long_count: Callable[[int, int], int]) -> None:
    @drawn(long_count(40, 2000))
    @given(
        address=st.text(max_size=40)
        | st.sampled_from(NASTY).map(lambda text: f"/jobs?{text}")
        | st.just("//[")
    )
    def shown(address: str) -> None:
        person = device.run(device.person("kim"))
        (session,) = [each for each in device.sessions if each.cookie == person.cookie]

        async def look() -> str | None:
            return device.at.panel.screen_of(session, address)

        assert device.run(look()) is not None
        device.sound()

    shown()
