"""Mail that programs of this machine bring to the socket (B13)."""

import asyncio
import threading
from pathlib import Path
from urllib.parse import quote

import httpx2 as httpx
import pytest

from franking.engine.control.peers import Peer
from franking.engine.spool import SMALL_OCTETS
from franking.tests.engine.device import KIM as KIMS
from franking.tests.engine.device import OFFICE, PRINTER

from .asking import ADMINISTRATOR, CONTROLLER, KIM, Socket, at_socket

WWW, ROOT = Peer(33, "www-data"), Peer(0, "root")
NO_SUCH = "urn:franking:problem:no-such-recipient"
MARK = "0123456789abcdef" * 2
MAIL = b"From: %b\nTo: office@example.com, kim\nSubject: news\n\nIt is done.\n"
PEOPLE = {"users": {"kim": KIMS}}


def mail(writer: str) -> bytes:
    return MAIL % writer.encode()


async def brought(at: Socket, octets: bytes, peer: Peer, **query: str) -> httpx.Response:
    return await at.ask("POST", "/messages", peer=peer, content=octets, params=query)


@pytest.mark.manual("B13")
@pytest.mark.parametrize(
    ("peer", "writer", "answer"),
    [
        (KIM, "kim", (201, "kim")),
        (KIM, "Kim <kim@example.com>", (201, "kim")),
        (KIM, "office@example.com", (422, "refused")),
        (WWW, "www-data", (201, "administrator")),
        (WWW, PRINTER, (201, "administrator")),
        (WWW, "kim@example.com", (403, "not-taken")),
        (WWW, "odd@example.org", (403, "not-taken")),
        (ADMINISTRATOR, "admin", (201, "administrator")),
        (WWW, "backup", (201, "administrator")),
        (ROOT, "root (Cron Daemon)", (201, "administrator")),
        (ROOT, "backup", (201, "kim")),
        (ROOT, "kim@example.com", (201, "kim")),
        (CONTROLLER, "odd@example.org", (403, "not-taken")),
    ],
    ids=lambda each: each.name if isinstance(each, Peer) else str(each),
)
async def test_b13_whose_mail_it_is_says_who_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, peer: Peer, writer: str, answer: tuple[int, str]
) -> None:
    senders = {"programs": {"senders": {"backup": "kim"}}}  # a user of the system, whom nobody else can name
    async with at_socket(tmp_path, monkeypatch, **PEOPLE, **senders) as at:
        found = await brought(at, mail(writer), peer, to=OFFICE)
        status, what = answer
        assert found.status_code == status, found.text
        if status == 201:
            assert [job.owner for job in at.engine.jobs()] == [what]
        else:
            assert found.json()["type"].endswith(f":{what}")
            assert (at.engine.jobs(), at.here.spooled()) == ((), [])


@pytest.mark.manual("B13")
async def test_b13_a_program_that_the_settings_name_brings_its_persons_mail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    senders = {"programs": {"senders": {"www-data": "kim"}}}
    async with at_socket(tmp_path, monkeypatch, **PEOPLE, **senders) as at:
        assert (await brought(at, mail("odd@example.org"), WWW, to=OFFICE)).status_code == 201
        assert [job.owner for job in at.engine.jobs()] == ["kim"]


@pytest.mark.manual("B13")
async def test_b13_recipients_are_those_that_are_named_and_those_of_the_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_socket(tmp_path, monkeypatch, **PEOPLE) as at:
        named = await brought(at, mail("root"), ROOT, to="root,lee@example.com", headers="1")
        assert named.status_code == 201
        content = at.engine.content(named.json()["job"])
        assert content is not None
        assert tuple(each.address for each in content.recipients) == (
            PRINTER,
            "lee@example.com",
            OFFICE,
            KIMS,
        )
        assert content.subject == "news"
        for to in ("stranger", "a b@example.com", "a\0b", "a\0b@example.com", "\ud800"):
            refused = await at.ask(
                "POST", f"/messages?to={quote(to, errors='surrogatepass')}", peer=ROOT, content=mail("root")
            )
            assert (refused.status_code, refused.json()["type"]) == (422, NO_SUCH)
        assert (await brought(at, mail("root"), ROOT)).json()["type"].endswith(":refused")


@pytest.mark.manual("B13")
async def test_b13_what_is_asked_for_goes_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with at_socket(tmp_path, monkeypatch, **PEOPLE) as at:
        asked = {"notify": "failure,delay", "envid": "QQ1", "mark": MARK, "from": "root", "to": OFFICE}
        receipt = await brought(at, b"Subject: no From\n\n", ROOT, **asked)
        row = at.engine.store.job(receipt.json()["job"])
        assert row is not None
        assert '"notify":["FAILURE","DELAY"],"envelope_id":"QQ1"' in row.request
        assert row.mark == f"0:{MARK}"
        for wrong in ({"notify": "always"}, {"mark": "x"}, {"headers": "2"}, {"odd": "1"}):
            assert (await brought(at, mail("root"), ROOT, **wrong)).status_code == 422


@pytest.mark.manual("B13")
@pytest.mark.parametrize("octets", [mail("root"), mail("root") + b"a line\n" * SMALL_OCTETS], ids=len)
async def test_b13_what_comes_a_second_time_has_the_receipt_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, octets: bytes
) -> None:
    async with at_socket(tmp_path, monkeypatch, **PEOPLE) as at:
        first = await brought(at, octets, ROOT, to=OFFICE, mark=MARK)
        again = await brought(at, octets, ROOT, to=OFFICE, mark=MARK)
        assert (again.status_code, again.json()) == (201, first.json())
        assert first.json()["waits_for"]
        await at.ask("POST", f"/jobs/{first.json()['job']}/cancel")
        assert (await brought(at, b"x", ROOT, to=OFFICE, mark=MARK)).json()["waits_for"] == ""
        assert len(at.engine.jobs()) == 1
        others = await brought(at, mail("kim"), KIM, to=OFFICE, mark=MARK)
        assert others.json()["job"] != first.json()["job"], "nobody uses up somebody else's mark"
        unmarked = [(await brought(at, octets, ROOT, to=OFFICE)).json()["job"] for _ in range(2)]
        assert len(set(unmarked)) == 2


@pytest.mark.manual("B13")
async def test_b13_a_mark_is_the_programs_own_and_nobody_submits_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_socket(tmp_path, monkeypatch, **PEOPLE) as at:
        file = await at.upload(KIM, mail("kim"), "mail.eml")
        request = {
            "function": "E-mail sending from a program",
            "user": "kim",
            "to": [OFFICE],
            "message": file,
        }
        marked = await at.ask("POST", "/jobs", {"request": request | {"mark": f"0:{MARK}"}}, KIM)
        assert (marked.status_code, marked.json()["type"]) == (422, "urn:franking:problem:wrong-fields")
        assert [each["where"].rpartition(".")[2] for each in marked.json()["fields"]] == ["mark"]
        assert (await at.ask("POST", "/jobs", {"request": request}, KIM)).status_code == 201


@pytest.mark.manual("S21")
@pytest.mark.parametrize(
    ("peer", "more"),
    [
        (KIM, {"function": "Report about mail", "user": "kim"}),
        (CONTROLLER, {"function": "Report about mail", "user": "kim"}),
        (CONTROLLER, {"function": "Report about mail of the device"}),
    ],
)
async def test_s21_nobody_submits_a_report_in_the_devices_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, peer: Peer, more: dict[str, str]
) -> None:
    async with at_socket(tmp_path, monkeypatch, **PEOPLE) as at:
        file = await at.upload(peer, mail("kim"), "mail.eml")
        request = {"to": [OFFICE], "message": file, "about": 1, **more}
        refused = await at.ask("POST", "/jobs", {"request": request}, peer)
        assert (refused.status_code, refused.json()["type"]) == (
            422,
            "urn:franking:problem:written-by-device",
        )
        assert "'E-mail sending from a program'" in refused.json()["detail"]
        assert at.engine.jobs() == ()


@pytest.mark.manual("B13")
async def test_b13_a_large_one_comes_streamed_and_one_that_is_too_large_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_socket(tmp_path, monkeypatch, **PEOPLE, programs={"octets": 1_000_000}) as at:
        large = mail("root") + b"a line\n" * SMALL_OCTETS
        octets = large[:500_000]
        assert (await brought(at, octets, ROOT, to=OFFICE)).status_code == 201
        assert len(at.here.spooled()) == 1
        refused = await brought(at, large * 9, ROOT, to=OFFICE)
        assert (refused.status_code, refused.json()["type"]) == (413, "urn:franking:problem:too-large")
        unfit = await brought(at, octets + b"\0", ROOT, to=OFFICE)
        assert unfit.json()["type"] == "urn:franking:problem:message-unfit"
        assert (len(at.here.spooled()), len(at.engine.jobs())) == (1, 1)
        assert at.engine.scans.room.promised == 0


@pytest.mark.manual("B13")
async def test_b13_a_directory_of_users_that_does_not_answer_keeps_nobody_else_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answers = threading.Event(), threading.Event()

    def away(name: str) -> None:
        asked.set()
        assert answers.wait(30)
        raise KeyError(name)

    monkeypatch.setattr("pwd.getpwnam", away)
    async with at_socket(tmp_path, monkeypatch, **PEOPLE) as at:
        waits = asyncio.ensure_future(brought(at, mail("root"), ROOT, to="stranger"))
        assert await asyncio.to_thread(asked.wait, 30)
        assert (await brought(at, mail("root"), ROOT, to=OFFICE)).status_code == 201
        assert not waits.done()
        answers.set()
        assert (await waits).status_code == 422
