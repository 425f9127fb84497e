"""Open pages get what has changed, each for itself, and cost the engine no more than its share."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2 as httpx
import pytest

from franking.engine.panel import live
from franking.engine.panel.face import Face
from franking.engine.panel.live import OF_ONE, SHARE, Live, OpenPage, Update
from franking.engine.panel.sessions import Session
from franking.machines.roles import Role, Viewer

from .browsing import ADMINISTRATOR, Browser, screens
from .test_rights import OF_KIM, job_of_kim


class Stream:
    """What an open page hears."""

    def __init__(self, answer: httpx.Response) -> None:
        self.status, self.lines = answer.status_code, answer.aiter_lines()
        self.kind = answer.headers.get("content-type")

    async def event(self) -> tuple[str, str]:
        """Kind, and the screen that came with it; empty: it is over."""
        kind = ""
        async for line in self.lines:
            name, _, value = line.partition(": ")
            if name == "event":
                kind = value
            elif line.startswith("data:"):
                return kind, json.loads(value) if kind == "screen" else ""
        return "", ""

    async def until(self, text: str) -> str:
        async with asyncio.timeout(20):
            while True:
                kind, html = await self.event()
                assert kind == "screen"
                if text in html:
                    return html


@asynccontextmanager
async def looking(person: Browser, at: str) -> AsyncIterator[Stream]:
    async with person.client.stream("GET", "/live", params={"at": at}) as answer:
        yield Stream(answer)


@pytest.mark.manual("S33a")
async def test_s33a_a_page_gets_what_its_person_may_see_and_nothing_else(tmp_path: Path) -> None:
    async with screens(tmp_path) as at:
        kim, lee, boss = [await at.logged_in(name) for name in ("kim", "lee", ADMINISTRATOR)]
        async with (
            looking(kim, "/jobs") as hers,
            looking(lee, "/jobs") as his,
            looking(boss, "/jobs") as all_,
        ):
            await hers.event()
            await his.event()
            await all_.event()
            job = await job_of_kim(at)
            assert OF_KIM[0] in await hers.until(f"/jobs/{job}")
            told = await all_.until(f"/jobs/{job}")
            assert not [each for each in OF_KIM if each in told]
            await at.here.scan(at.engine, "lee")
            told = await his.until("scan.pdf")
            assert f'"/jobs/{job}"' not in told
        async with looking(lee, f"/jobs/{job}") as his, looking(lee, "/oauth") as more:
            await lee.post("/log-out")
            assert await his.event() == ("over", "")
            assert await more.event() == ("over", "")


@pytest.mark.manual("S0")
@pytest.mark.parametrize("path", ["/", "/jobs", "/information"])
async def test_s0_what_comes_live_is_the_page_octet_for_octet_so_that_the_focus_stays(
    tmp_path: Path, path: str
) -> None:
    """A node that is made anew loses the focus of whoever goes by keyboard."""
    async with screens(tmp_path) as at:
        kim = await at.logged_in("kim")
        async with looking(kim, path) as live:
            _, html = await live.event()
        page = (await kim.client.get(path)).text
        assert f'<div id="screen">{html}</div>' in page


@pytest.mark.manual("S28")
@pytest.mark.parametrize("ends", ["log-out", "auto reset", "the next one logs in", "elsewhere"])
async def test_s28_a_page_is_told_at_once_that_nobody_is_logged_in_there(tmp_path: Path, ends: str) -> None:
    async with screens(tmp_path, Face.PANEL) as at:
        kim = await at.logged_in("kim")
        async with looking(kim, "/jobs") as page:
            await page.event()
            if ends == "log-out":
                await kim.post("/log-out")
            elif ends == "auto reset":
                await at.passes(hours=1)
            elif ends == "elsewhere":
                await at.engine.log_out("panel")
            else:
                await at.logged_in("lee")
            async with asyncio.timeout(20):
                assert await page.event() == ("over", "")
                assert await page.event() == ("", ""), "it has ended"
        assert at.panel.live.pages == []
        assert at.panel.live.telling is None


async def test_who_comes_too_late_to_listen_is_told_that_it_is_over(tmp_path: Path) -> None:
    """A refusal would leave old news on the screen: the time ran out before the page asked for more."""
    async with screens(tmp_path) as at:
        nobody = await at.browser()
        async with looking(nobody, "/jobs") as page:
            assert (page.status, page.kind) == (200, "text/event-stream; charset=utf-8")
            assert await page.event() == ("over", "")
            assert await page.event() == ("", "")
        assert at.panel.live.pages == []


async def test_one_person_leaves_room_for_others(
    tmp_path: Path,
) -> None:
    async with screens(tmp_path) as at:
        kim, lee = await at.logged_in("kim"), await at.logged_in("lee")
        pages = [looking(kim, "/") for _ in range(OF_ONE)]
        for each in pages:
            assert (await each.__aenter__()).status == 200
        async with looking(kim, "/") as one_more, looking(lee, "/") as another:
            assert one_more.status == 429
            assert another.status == 200
        for each in pages:
            await each.__aexit__(None, None, None)


async def test_an_open_page_keeps_nobody_awake(tmp_path: Path) -> None:
    async with screens(tmp_path, panel={"auto_reset": 60}) as at:
        kim = await at.logged_in("kim")
        async with looking(kim, "/jobs") as page:
            await page.event()
            for _ in range(3):
                await at.passes(seconds=25)
            async with asyncio.timeout(20):
                while await page.event() != ("over", ""):
                    pass


# Without an engine


class Clock:
    """Time that passes where somebody waits or draws, and nowhere else."""

    def __init__(self) -> None:
        self.waited = self.drawn = 0.0

    def thread_time(self) -> float:
        return self.drawn

    async def sleep(self, seconds: float) -> None:
        self.waited += seconds
        await asyncio.sleep(0)


@asynccontextmanager
async def told(patch: pytest.MonkeyPatch, cost_s: float) -> AsyncIterator[tuple[Live, Clock]]:
    """Every drawing costs so much, and each is another one."""
    clock = Clock()
    nothing: dict[str, Any] = {"add": lambda heard: None, "remove": lambda heard: None}
    engine: Any = SimpleNamespace(
        runtime=SimpleNamespace(watchers=SimpleNamespace(**nothing)), on_progress=lambda heard: lambda: None
    )
    numbers = iter(range(1_000_000))

    def renders(session: Session, address: str) -> str | None:
        clock.drawn += cost_s
        return None if address == "/over" else f"{next(numbers)} {address}"

    patch.setattr(live, "time", clock)
    patch.setattr(
        live,
        "asyncio",
        SimpleNamespace(
            sleep=clock.sleep,
            timeout=asyncio.timeout,
            ensure_future=asyncio.ensure_future,
            Event=asyncio.Event,
        ),
    )
    made = Live(engine, renders)
    yield made, clock
    made.stop()


def session(name: str) -> Session:
    return Session(name, Viewer(Role.USER, name), "page:1")


@pytest.mark.parametrize("pages", [1, 30])
async def test_however_much_goes_through_pages_take_no_more_than_their_share(
    monkeypatch: pytest.MonkeyPatch, pages: int
) -> None:
    async with told(monkeypatch, 0.02) as (made, clock):
        opened = [made.open(session(f"{number}"), "/") for number in range(pages)]
        while clock.waited < 120:
            made.news.set()  # a commit
            await asyncio.sleep(0)
        assert all(page.latest for page in opened)
        assert clock.drawn > 0
        assert clock.drawn <= (clock.waited + clock.drawn) / SHARE


async def test_whoever_is_slow_misses_what_came_in_between_and_nobody_waits_for_him(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with told(monkeypatch, 0) as (made, _):
        slow, quick = made.open(session("kim"), "/"), made.open(session("lee"), "/")
        seen = []
        for _ in range(50):
            made.news.set()
            update = await quick.next()
            assert update is not None
            seen.append(update.html)
        assert len(set(seen)) == 50
        late = await slow.next()
        assert late is not None
        assert int(late.html.split()[0]) >= int(seen[-1].split()[0]) - 1
        assert slow.latest is None


async def test_pages_that_show_the_same_to_the_same_person_share_one_drawing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with told(monkeypatch, 0) as (made, _):
        kim = session("kim")
        pages = [made.open(kim, "/"), made.open(kim, "/"), made.open(kim, "/jobs")]
        first, second, other = [await page.next() for page in pages]
        assert first == second != other


def test_what_a_page_shows_already_is_not_given_again_and_that_it_is_over_always() -> None:
    page = OpenPage(session("kim"), "/")
    page.sent = "the same"
    page.give(Update("the same"))
    assert page.latest is None
    page.give(Update("the same", over=True))
    assert page.latest == Update("the same", over=True)
