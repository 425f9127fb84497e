"""Every screen and every act of the tables for everybody: what is not his is not there, and a request that
comes from elsewhere touches nothing (S33a).
"""

import asyncio
from collections.abc import Mapping
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from starlette.types import Receive, Scope, Send

from franking.engine.panel.face import Face
from franking.engine.panel.guard import HEADERS, Guard
from franking.engine.panel.table import ACTS, SCREENS, Act, Screen
from franking.engine.words import words
from franking.events.device import PanelUsed
from franking.events.information import Info
from franking.events.request import ScanToEmail
from franking.events.settings import Language
from franking.machines.roles import Role
from franking.tests.engine.device import history

from .browsing import ADMINISTRATOR, WORD, Browser, Screens, said, screens

OF_KIM = ("plans.pdf", "partner@example.com", "Only kim and her partner")
"What nobody else may read: of her job."
PARTS = {
    "function": "scan-to-email",
    "deed": "hold",
    "group": "utility-administrator-network",
    "machine": "refresh-token",
}
"What stands in an address, but for the number of a job."
PEOPLE: Mapping[str, Role] = {"kim": Role.USER, "lee": Role.USER, ADMINISTRATOR: Role.ADMINISTRATOR}
ELSEWHERE: Mapping[str, Mapping[str, str]] = {
    "another name for this machine": {"Host": "evil.example"},
    "another name with our port": {"Host": "evil.example:{port}"},
    "a name that begins like ours": {"Host": "localhost.evil.example"},
    "nobody's name": {"Host": ""},
    "no name at all": {"Host": ":{port}"},
    "another site": {"Origin": "http://evil.example"},
    "another site at our port": {"Origin": "http://evil.example:{port}"},
    "another service of this machine": {"Origin": "http://127.0.0.1:1"},
    "this machine by another name": {"Origin": "http://localhost:{port}"},
    "a sandboxed page": {"Origin": "null"},
    "a broken origin": {"Origin": "http://[evil"},
    "another site, by the browser's word": {"Sec-Fetch-Site": "cross-site"},
    "a sister site, by the browser's word": {"Sec-Fetch-Site": "same-site"},
}
DOOR = {"/log-in": Role.USER, "/touch": Role.USER}


ALL: tuple[Screen | Act, ...] = (*SCREENS, *ACTS)


async def job_of_kim(at: Screens) -> int:
    """It waits, for she has not signed in."""
    path = at.here.folder / OF_KIM[0]
    path.write_bytes(b"%PDF-1.7 plans")
    request = ScanToEmail(user="kim", to=(OF_KIM[1],), subject=OF_KIM[2], files=(path,))
    return (await at.engine.submit(request)).job


def address(each: Screen | Act, job: int) -> str:
    """A new part of an address has to be named above."""
    return each.path.format(**PARTS, job=job)


def happened(at: Screens) -> list[object]:
    """Beside that somebody is there."""
    return [fact for fact in history(at.engine) if not isinstance(fact, PanelUsed)]


async def everybody(at: Screens) -> dict[str, Browser]:
    return {name: await at.logged_in(name) for name in PEOPLE}


def is_job(each: Screen | Act) -> bool:
    return "{job}" in each.path


@pytest.mark.manual("S33a")
async def test_s33a_a_screen_is_there_for_those_whose_it_is(tmp_path: Path) -> None:
    async with screens(tmp_path) as at:
        job, people, nobody = await job_of_kim(at), await everybody(at), await at.browser()
        before = happened(at)
        for screen in SCREENS:
            path = address(screen, job)
            turned_away = await nobody.get(path)
            assert (turned_away.status_code, turned_away.headers["location"]) == (303, "/log-in"), path
            for name, person in people.items():
                answer = await person.get(path)
                his = PEOPLE[name] in screen.roles and not (is_job(screen) and name == "lee")
                found = answer.status_code
                # without a name [Delete] is about everybody's tokens, and a user has his own alone
                wanted = {200} if his else {404}
                if screen.path == "/oauth/delete" and PEOPLE[name] is Role.USER:
                    wanted = {403}
                assert found in wanted, (path, name, found)
                session = at.panel.sessions.by_cookie[person.cookie]
                kept = at.panel.screen_of(session, path)
                assert bool(kept) is (found == 200), "an open page is one of the same screens"
                if name != "kim":
                    assert not [each for each in OF_KIM if each in said(answer)], (path, name)
        assert happened(at) == before


@pytest.mark.manual("S33a")
async def test_s33a_an_act_of_nobody_or_of_who_may_not_touches_nothing(tmp_path: Path) -> None:
    async with screens(tmp_path) as at:
        job, people, nobody = await job_of_kim(at), await everybody(at), await at.browser()
        await nobody.get("/log-in")
        made_up = await at.browser(Cookie="franking-page=" + "A" * 32)
        made_up.guard = people["kim"].guard
        before = happened(at)
        for act in ACTS:
            path = address(act, job)
            for stranger in (nobody, made_up):
                answer = await stranger.post(path)
                assert (answer.status_code, answer.headers["location"]) == (303, "/log-in?over=1"), path
            for name, person in people.items():
                if PEOPLE[name] not in act.roles or (is_job(act) and name == "lee"):
                    assert (await person.post(path)).status_code == 404, (path, name)
                assert (await person.get(path)).status_code in {200, 403, 404}, path
        assert happened(at) == before


@pytest.mark.manual("S33a")
async def test_s33a_a_form_that_another_page_sends_touches_nothing(tmp_path: Path) -> None:
    async with screens(tmp_path) as at:
        job, people, stranger = await job_of_kim(at), await everybody(at), await at.browser()
        await stranger.get("/log-in")
        before = happened(at)
        for act in ACTS:
            path = address(act, job)
            for name in ("kim", ADMINISTRATOR):
                if PEOPLE[name] not in act.roles:
                    continue
                person = people[name]
                others = [each.guard for each in (*people.values(), stranger) if each is not person]
                for guard in ("", "0" * 64, "\u00e9", *others):
                    answer = await person.post(path, {"guard": guard})
                    assert answer.status_code == 403, (path, name, guard)
                for guard in ("", *others) if act.brings else ():
                    answer = await person.post(path, {"guard": guard}, files=[("files", ("a", b"%PDF"))])
                    assert answer.status_code == 403, (path, name, guard)
        assert happened(at) == before
        assert at.panel.uploads.held == {}


@pytest.mark.manual("S33a")
async def test_s33a_a_request_from_elsewhere_touches_nothing(tmp_path: Path) -> None:
    async with screens(tmp_path) as at:
        job, people = await job_of_kim(at), await everybody(at)
        before, port = happened(at), urlsplit(at.address).port
        for elsewhere, fields in ELSEWHERE.items():
            headers = {name: value.format(port=port) for name, value in fields.items()}
            for path, role in {**{act.path: min(act.roles) for act in ACTS}, **DOOR}.items():
                person = people["kim" if role is Role.USER else ADMINISTRATOR]
                form = {"guard": person.guard, "login": "kim", "password": WORD}
                answer = await person.client.post(
                    path.format(**PARTS, job=job), data=form, headers={**headers, "X-Guard": person.guard}
                )
                assert answer.status_code == (421 if "Host" in headers else 403), (path, elsewhere)
                assert {each.lower() for each in HEADERS} <= set(answer.headers)
            if "Host" in headers:
                for screen in SCREENS:
                    answer = await people[ADMINISTRATOR].client.get(address(screen, job), headers=headers)
                    assert answer.status_code == 421, (screen.path, elsewhere)
        assert happened(at) == before
        assert all([await person.lets_in() for person in people.values()])


async def asked(at: Screens, head: str) -> tuple[int, str]:
    """Octet by octet: what no client sends."""
    split = urlsplit(at.address)
    reader, writer = await asyncio.open_connection(split.hostname, split.port)
    try:
        writer.write(head.replace("\n", "\r\n").encode())
        answer = (await reader.read()).decode()
    finally:
        writer.close()
        await writer.wait_closed()
    return int(answer.split()[1]), answer


async def test_a_request_to_no_host_or_to_two_is_answered_with_nothing(tmp_path: Path) -> None:
    async with screens(tmp_path) as at:
        close = "Connection: close\n"
        for head, status in (
            (f"GET /log-in HTTP/1.0\n{close}\n", 421),
            (f"GET /log-in HTTP/1.1\n{close}\n", 400),
            (f"GET /log-in HTTP/1.1\nHost: localhost\nHost: evil.example\n{close}\n", 400),
            (f"GET /log-in HTTP/1.1\nHost: localhost, evil.example\n{close}\n", 421),
            (f"GET /log-in HTTP/1.1\nHost: evil.example@localhost\n{close}\n", 421),
            (f"GET /log-in HTTP/1.1\nHost: localhost/evil\n{close}\n", 421),
            (f"GET http://evil.example/log-in HTTP/1.1\nHost: localhost\n{close}\n", 303),
            (f"GET /log-in HTTP/1.1\nHost: localhost\n{close}\n", 200),
        ):
            found, answer = await asked(at, head)
            assert found == status, head
            assert ("guard" in answer) is (status == 200)


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("localhost", True),
        ("LOCALHOST:1", True),
        ("127.0.0.1", True),
        ("192.0.2.7:8801", True),
        ("[::1]:8801", True),
        ("scanner.office.example", True),
        ("Scanner.Office.Example:443", True),
        ("scanner.office.example.", False),
        ("office.example", False),
        ("other.office.example", False),
        ("[::1", False),
        ("localhost:", False),
        ("localhost:x", False),
        ("127.1", False),
        ("2130706433", False),
    ],
)
async def test_a_host_is_ours_by_the_settings_or_as_a_plain_address(
    tmp_path: Path, host: str, ours: bool
) -> None:
    """What a browser would turn into an address was not typed as one; a name is one that stands there."""
    guard = guarded(("scanner.office.example",))
    assert guard.is_ours(host) is ours


def guarded(hosts: tuple[str, ...]) -> Guard:
    async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("nobody asks")

    return Guard(nothing, lambda: hosts, lambda: words(Language.ENGLISH))


FIELDS: Mapping[str, Mapping[str, str]] = {
    "/information": {"code": Info.CLOCK_NOT_SET, "subject": ""},
    "/oauth/delete": {"user": "{name}"},
    "/settings/{group}": {"network.connection": "Network 1"},
}
"What a form has to say to be understood."


@pytest.mark.manual("S33a")
async def test_s33a_an_act_is_there_for_those_whose_it_is(tmp_path: Path) -> None:
    async with screens(tmp_path) as at:
        for act in ACTS:
            for name in ("kim", ADMINISTRATOR):
                if PEOPLE[name] not in act.roles:
                    continue
                person, path = await at.logged_in(name), address(act, await job_of_kim(at))
                fields = {key: value.format(name=name) for key, value in FIELDS.get(act.path, {}).items()}
                answer = await person.post(path, fields)
                assert answer.status_code in {200, 303, 422}, (path, name, said(answer))


@pytest.mark.manual("S19a", "S33a")
async def test_s33a_nobody_sees_or_touches_the_sign_in_of_another_place(tmp_path: Path) -> None:
    async with screens(tmp_path) as at:
        people = await everybody(at)
        await people["kim"].post("/sign-in")
        await at.engine.settle()
        (shown,) = at.screen.places.values()
        assert "code_challenge" in unescape((await people["kim"].get("/sign-in")).text)
        for name in ("lee", ADMINISTRATOR):
            for act in ("cancel", "read", "discard", "paste"):
                await people[name].post(f"/sign-in/{act}", {"address": shown.address})
            assert "code_challenge" not in (await people[name].get("/sign-in")).text
        assert list(at.screen.places.values()) == [shown]


@pytest.mark.manual("S19a", "S33a")
@pytest.mark.parametrize("name", ["lee", ADMINISTRATOR])
async def test_s33a_an_open_sign_in_is_gone_when_another_person_comes_to_the_panel(
    tmp_path: Path, name: str
) -> None:
    async with screens(tmp_path, Face.PANEL, oauth={"flow": "code"}) as at:
        panel = await at.logged_in("kim")
        await panel.post("/sign-in")
        await at.engine.settle()
        (shown,) = at.screen.places.values()
        assert shown.user_code
        assert shown.user_code in (await panel.get("/sign-in")).text
        assert (await panel.logs_in(name)).status_code == 303
        await at.engine.settle()
        assert at.screen.places == {}
        assert shown.user_code not in (await panel.get("/sign-in")).text
        assert "kim" not in said(await panel.get("/"))
