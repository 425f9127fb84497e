"""Who comes in, who stays in, and that nothing is left of who was there before (S11, S28, S33a)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from franking.engine import passwords
from franking.engine.panel.access import AT_ONCE, FREE, FREE_OF_ADDRESS, FREE_OF_NAME, Tries
from franking.engine.panel.face import PANEL_PLACE, Face
from franking.engine.secret import Secret
from franking.machines.roles import Role, Viewer
from franking.testing.clock import VirtualClock
from franking.tests.engine.device import OFFICE, PAGES, START, stands

from .browsing import ADMINISTRATOR, WORD, Browser, opened, said, screens
from .test_rights import OF_KIM, job_of_kim

WRONG = "User name or password is wrong."


async def test_a_wrong_name_and_a_wrong_password_are_told_in_the_same_words(tmp_path: Path) -> None:
    async with screens(tmp_path) as at:
        texts = set()
        for name, word in (
            ("kim", "wrong"),
            ("kim", ""),
            ("nobody", WORD),
            ("nobody", ""),
            ("", "wrong"),
            (ADMINISTRATOR, "wrong"),
            ("KIM", WORD),
            ("x" * 201, WORD),
            ("kim", WORD * 100),
            ("<script>", WORD),
        ):
            browser = await at.browser()
            answer = await browser.logs_in(name, word)
            assert answer.status_code == 422
            assert WRONG in said(answer)
            assert "<script>" not in answer.text
            assert not await browser.lets_in()
            shown = said(answer).replace(browser.guard, "")
            texts.add(shown)
            assert WORD not in answer.text
        assert len(texts) == 1, "the name that was typed stands in a field alone"


async def test_a_password_is_looked_at_for_names_that_nobody_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What differs must not be measurable: each try costs one derivation, whatever is kept."""
    costs: list[tuple[int, int, int]] = []

    def derived(password: Secret, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
        costs.append((cost, block, parallel))
        return b""

    async with screens(tmp_path) as at:
        monkeypatch.setattr(passwords, "derived", derived)
        kept = f"scrypt${passwords.COST}$8$5${'A' * 24}${'A' * 43}="
        await at.engine.keep_secret("word", Secret(kept))
        for name in ("kim", "nobody", "", "lee"):
            await (await at.browser()).logs_in(name, "wrong")
        await at.engine.erase_secret("word")
        await (await at.browser()).logs_in("kim", "wrong")
        assert costs == [(passwords.COST, passwords.BLOCK, passwords.PARALLEL)] * 5


def test_whoever_guesses_waits_longer_each_time_and_keeps_others_out_for_seconds_only() -> None:
    clock = VirtualClock(START)
    tries = Tries(clock)
    waits = []
    for _ in range(FREE + 10):
        tries.note("kim", "192.0.2.1")
        waits.append(tries.wait_s("kim", "192.0.2.1"))
    assert waits[: FREE - 1] == [0] * (FREE - 1)
    assert waits[FREE - 1 : FREE + 3] == [15, 30, 60, 120]
    assert max(waits) == 900
    assert tries.wait_s("kim", "192.0.2.2") == 0
    assert tries.wait_s("lee", "192.0.2.1") == 0


def test_who_tries_one_name_from_everywhere_or_every_name_from_one_address_waits() -> None:
    tries = Tries(VirtualClock(START))
    for number in range(FREE_OF_NAME):
        tries.note("kim", f"192.0.2.{number}")
    assert tries.wait_s("kim", "198.51.100.1") == 15
    assert tries.wait_s("lee", "198.51.100.1") == 0
    for number in range(FREE_OF_ADDRESS):
        tries.note(f"name {number}", "203.0.113.1")
    assert tries.wait_s("lee", "203.0.113.1") == 15
    for number in range(20_000):
        tries.note(f"name {number}", f"address {number}")
    assert len(tries.failed) <= 4096


def test_failed_tries_are_forgotten_and_a_right_one_ends_them() -> None:
    clock = VirtualClock(START)
    tries = Tries(clock)
    for _ in range(FREE):
        tries.note("kim", "192.0.2.1")
    assert tries.wait_s("kim", "192.0.2.1") > 0
    clock.move(timedelta(seconds=15))
    assert tries.wait_s("kim", "192.0.2.1") == 0
    tries.note("kim", "192.0.2.1")
    tries.note_right("kim", "192.0.2.1")
    assert tries.wait_s("kim", "192.0.2.1") == 0
    tries.note("kim", "192.0.2.1")
    assert tries.wait_s("kim", "192.0.2.1") == 0


async def test_guesses_are_slowed_also_when_they_come_at_once_and_the_right_word_waits_too(
    tmp_path: Path,
) -> None:
    async with screens(tmp_path) as at:
        browsers = [await at.browser() for _ in range(3 * FREE)]
        answers = await asyncio.gather(*(each.logs_in("kim", f"guess {each}") for each in browsers))
        looked_at = [answer for answer in answers if answer.status_code == 422]
        assert len(looked_at) <= FREE
        assert all("Retry-After" in each.headers for each in answers if each not in looked_at)
        for each in browsers[: FREE - len(looked_at)]:
            await each.logs_in("kim", "a guess")
        kim = await at.browser()
        assert (await kim.logs_in("kim")).status_code == 429
        assert (await kim.logs_in("lee")).status_code == 303, "others are not kept out"
        await at.passes(seconds=15)
        assert (await kim.logs_in("kim")).status_code == 303


class Slow:
    """Knows kim, and takes its time."""

    def __init__(self) -> None:
        self.asked, self.go = 0, asyncio.Event()

    async def log_in(self, login: str, password: Secret) -> Viewer | None:
        self.asked += 1
        await self.go.wait()
        return Viewer(Role.USER, "kim")


async def test_a_crowd_at_the_door_is_told_to_come_again(tmp_path: Path) -> None:
    access = Slow()
    async with screens(tmp_path, access=access) as at:
        browsers = [await at.browser() for _ in range(AT_ONCE + 1)]
        coming = [asyncio.ensure_future(each.logs_in(f"{each}")) for each in browsers]
        done, _ = await asyncio.wait(coming, return_when=asyncio.FIRST_COMPLETED)
        assert [each.result().status_code for each in done] == [503]
        access.go.set()
        answers = await asyncio.gather(*coming)
        assert sorted(each.status_code for each in answers) == [303] * AT_ONCE + [503]
        assert access.asked == AT_ONCE


class Known:
    """Whoever the embedding program says."""

    def __init__(self, viewer: Viewer | None) -> None:
        self.viewer = viewer

    async def log_in(self, login: str, password: Secret) -> Viewer | None:
        if login == "broken":
            raise RuntimeError(password.reveal())
        return self.viewer


@pytest.mark.manual("S33a")
@pytest.mark.parametrize(
    ("viewer", "path", "status"),
    [
        (Viewer(Role.USER, "olga"), "/settings", 404),
        (Viewer(Role.ADMINISTRATOR, "olga"), "/settings", 200),
        (Viewer(Role.CONTROLLER, "olga"), None, 0),
        (Viewer(Role.USER, ADMINISTRATOR), None, 0),
        (Viewer(Role.USER, " "), None, 0),
        (None, None, 0),
    ],
)
async def test_s33a_the_embedding_program_says_who_it_is_and_nobody_becomes_the_device(
    tmp_path: Path, viewer: Viewer | None, path: str | None, status: int
) -> None:
    async with screens(tmp_path, access=Known(viewer)) as at:
        browser = await at.browser()
        answer = await browser.logs_in("whoever", "whatever")
        assert answer.status_code == (303 if path else 422)
        assert await browser.lets_in() is bool(path)
        if path:
            assert (await browser.get(path)).status_code == status


async def test_a_program_that_cannot_tell_who_it_is_lets_nobody_in_and_no_word_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with screens(tmp_path, access=Known(Viewer(Role.USER, "kim"))) as at:
        browser = await at.browser()
        assert (await browser.logs_in("broken")).status_code == 422
        assert "it cannot be told who logs in" in caplog.text
        assert WORD not in caplog.text


async def test_a_cookie_is_made_anew_at_log_in_and_no_other_can_be_brought_along(tmp_path: Path) -> None:
    async with screens(tmp_path) as at:
        planted = "A" * 32
        kim = await at.browser(Cookie=f"franking-page={planted}")
        await kim.get("/log-in")
        answer = await kim.post("/log-in", {"login": "kim", "password": WORD})
        assert answer.status_code == 303
        assert planted not in answer.headers["set-cookie"]
        stranger = await at.browser(Cookie=f"franking-page={planted}")
        assert not await stranger.lets_in()
        first, again = await at.logged_in("kim"), await at.logged_in("kim")
        assert first.cookie != again.cookie


@pytest.mark.parametrize("brought", ['"a\\012Set-Cookie: b"', "a b", "\u00e9", "x" * 4000, "%00", "A" * 31])
async def test_a_cookie_that_is_none_of_ours_does_not_come_back(tmp_path: Path, brought: str) -> None:
    async with screens(tmp_path) as at:
        browser = await at.browser()
        headers = {"Cookie": f"franking-page={brought}".encode("latin-1")}
        answer = await browser.client.get("/log-in", headers=headers)  # type: ignore[arg-type]
        assert answer.status_code == 200
        (line,) = answer.headers.get_list("set-cookie")
        assert len(line) < 120
        assert "secure" not in line.lower()
        assert {"httponly", "samesite=strict", "path=/"} <= set(line.lower().split("; "))


@pytest.mark.manual("S11")
@pytest.mark.parametrize("name", ["kim", ADMINISTRATOR])
async def test_s11_the_session_ends_with_system_auto_reset_which_touches_put_off(
    tmp_path: Path, name: str
) -> None:
    async with screens(tmp_path, panel={"auto_reset": 60}) as at:
        person = await at.logged_in(name)
        for _ in range(4):
            await at.passes(seconds=40)
            answer = await person.client.post("/touch", headers={"X-Guard": person.guard})
            assert answer.status_code == 204
        for _ in range(4):
            await at.passes(seconds=40)
            assert await person.lets_in(), "whoever asks for a screen is there"
        await at.passes(seconds=61)
        answer = await person.client.post("/touch", headers={"X-Guard": person.guard})
        assert answer.status_code == 403
        assert not await person.lets_in()
        assert at.panel.sessions.by_cookie == {}


@pytest.mark.manual("S11")
async def test_s11_nobody_keeps_a_session_awake_without_its_token(tmp_path: Path) -> None:
    async with screens(tmp_path, panel={"auto_reset": 60}) as at:
        kim = await at.logged_in("kim")
        await at.passes(seconds=40)
        for guard in ("", "0" * 64, "\u00e9"):
            headers = {"X-Guard": guard.encode("latin-1")}
            answer = await kim.client.post("/touch", headers=headers)  # type: ignore[arg-type]
            assert answer.status_code == 403
        await at.passes(seconds=21)
        assert not await kim.lets_in()


async def test_whoever_logs_out_is_out_with_this_cookie_and_his_other_browser_stays(tmp_path: Path) -> None:
    async with screens(tmp_path) as at:
        kim, other = await at.logged_in("kim"), await at.logged_in("kim")
        answer = await kim.post("/log-out")
        assert answer.headers["location"] == "/log-in?bye=1"
        assert not await kim.lets_in()
        assert await other.lets_in()


@pytest.mark.manual("S28")
async def test_s28_a_restart_ends_every_session(tmp_path: Path) -> None:
    async with screens(tmp_path, Face.PANEL) as at:
        kim = await at.logged_in("kim")
        cookies = dict(kim.client.cookies)
        here = at.here
    async with opened(here, Face.PANEL) as again:
        browser = await again.browser()
        browser.client.cookies.update(cookies)
        assert not await browser.lets_in()
        assert not stands(again.engine, PANEL_PLACE)


@pytest.mark.manual("S28", "S33a")
@pytest.mark.parametrize("ends", ["log-out", "auto reset", "the next one logs in"])
async def test_s33a_two_people_after_each_other_at_one_panel_share_nothing(tmp_path: Path, ends: str) -> None:
    async with screens(tmp_path, Face.PANEL) as at:
        job, panel = await job_of_kim(at), await at.logged_in("kim")
        await brings(panel)
        (brought,) = at.panel.uploads.kept
        kims = dict(panel.client.cookies)
        at.panel.sessions.by_cookie[kims["franking-panel"]].message = None
        await panel.post("/send/scan-to-email", {"to": OFFICE, "upload": f"{brought}"})  # a message waits
        await brings(panel)
        (brought,) = at.panel.uploads.kept
        if ends == "log-out":
            await panel.post("/log-out")
        elif ends == "auto reset":
            await at.passes(hours=1)
        assert (await panel.logs_in("lee")).status_code == 303
        home = await panel.get("/")
        assert "lee" in said(home)
        assert "<dialog" not in home.text, "kim's message is not lee's"
        assert at.panel.uploads.kept == {}
        assert at.panel.uploads.held == {}
        again = await panel.post("/send/scan-to-email", {"to": "nobody", "upload": f"{brought}"})
        assert "brought.pdf" not in again.text
        for path in ("/", "/jobs", "/tokens", "/information", "/sign-in", f"/jobs/{job}"):
            text = said(await panel.get(path))
            assert not [each for each in (*OF_KIM, "kim", "brought.pdf") if each in text], path
        old = await at.browser()
        old.client.cookies.update(kims)
        assert not await old.lets_in()
        assert await panel.lets_in()


async def brings(browser: Browser) -> None:
    """A file that waits, for the form says nobody who could be sent to."""
    answer = await browser.post(
        "/send/scan-to-email", {"to": "nobody"}, files=[("files", ("brought.pdf", PAGES))]
    )
    assert answer.status_code == 422
    assert "brought.pdf" in answer.text


@pytest.mark.manual("S33a")
async def test_s33a_whoever_logs_in_with_a_browser_ends_who_was_logged_in_with_it(tmp_path: Path) -> None:
    async with screens(tmp_path) as at:
        browser = await at.logged_in("kim")
        kims = dict(browser.client.cookies)
        (place,) = [each.place for each in at.panel.sessions.by_cookie.values()]
        assert stands(at.engine, place)
        await browser.client.get("/log-in")
        answer = await browser.post("/log-in", {"login": "lee", "password": WORD})
        assert answer.status_code == 303
        assert not stands(at.engine, place)
        old = await at.browser()
        old.client.cookies.update(kims)
        assert not await old.lets_in()


@pytest.mark.manual("S33a")
async def test_s33a_a_session_does_not_come_to_life_again_when_the_person_does(tmp_path: Path) -> None:
    """He logs in at the same place by other means, such as a card."""
    async with screens(tmp_path, Face.PANEL) as at:
        kim = await at.logged_in("kim")
        await at.engine.log_out(PANEL_PLACE)
        await at.engine.log_in(PANEL_PLACE, "kim")
        assert not await kim.lets_in()


@pytest.mark.manual("S33a")
async def test_s33a_a_form_that_was_long_under_way_finds_nobody_there(tmp_path: Path) -> None:
    async with screens(tmp_path, Face.PANEL) as at:
        kim, begun, goes_on = await at.logged_in("kim"), asyncio.Event(), asyncio.Event()
        guard = kim.guard

        async def slowly() -> AsyncIterator[bytes]:
            for name, more in (("guard", guard), ("to", OFFICE), ('files"; filename="a.pdf', "%PDF")):
                head = f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{more}\r\n'
                yield head.encode()
                begun.set()
            await goes_on.wait()
            yield b"--b--\r\n"

        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        sending = asyncio.ensure_future(
            kim.client.post("/send/scan-to-email", content=slowly(), headers=headers)
        )
        await begun.wait()
        await at.engine.log_out(PANEL_PLACE)
        goes_on.set()
        assert (await sending).headers["location"] == "/log-in?over=1"
        assert at.engine.status().jobs == ()
        assert at.panel.uploads.held == {}
