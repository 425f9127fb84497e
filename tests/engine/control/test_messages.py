"""Mail that programs of this machine bring to the socket (B13)."""

from pathlib import Path

import httpx2 as httpx
import pytest

from franking.engine.control.peers import Peer
from franking.engine.spool import SMALL_OCTETS
from franking.tests.engine.device import KIM as KIMS
from franking.tests.engine.device import OFFICE, PRINTER

from .asking import ADMINISTRATOR, CONTROLLER, KIM, Socket, at_socket

WWW, ROOT = Peer(33, "www-data"), Peer(0, "root")
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
        (ROOT, "root (Cron Daemon)", (201, "administrator")),
        (ROOT, "kim@example.com", (201, "kim")),
        (CONTROLLER, "odd@example.org", (403, "not-taken")),
    ],
    ids=lambda each: each.name if isinstance(each, Peer) else str(each),
)
async def test_b13_whose_mail_it_is_says_who_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, peer: Peer, writer: str, answer: tuple[int, str]
) -> None:
    async with at_socket(tmp_path, monkeypatch, **PEOPLE) as at:
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
        for query in ({"to": "stranger"}, {"to": "a b@example.com"}):
            refused = await brought(at, mail("root"), ROOT, **query)
            assert refused.json()["type"].endswith(":no-such-recipient")
        assert (await brought(at, mail("root"), ROOT)).json()["type"].endswith(":refused")


@pytest.mark.manual("B13")
async def test_b13_what_is_asked_for_goes_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with at_socket(tmp_path, monkeypatch, **PEOPLE) as at:
        asked = {"notify": "failure,delay", "envid": "QQ1", "mark": MARK, "from": "root", "to": OFFICE}
        receipt = await brought(at, b"Subject: no From\n\n", ROOT, **asked)
        row = at.engine.store.job(receipt.json()["job"])
        assert row is not None
        assert '"notify":["FAILURE","DELAY"],"envelope_id":"QQ1","mark":"0:0123' in row.request
        for wrong in ({"notify": "always"}, {"mark": "x"}, {"headers": "2"}, {"odd": "1"}):
            assert (await brought(at, mail("root"), ROOT, **wrong)).status_code == 422


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
