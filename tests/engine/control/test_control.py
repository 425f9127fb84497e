"""The control socket: what programs of this machine do there (B8)."""

import asyncio
import json
import os
import stat
from pathlib import Path

import httpx2 as httpx
import pytest

from franking.engine.control import streams, uploads
from franking.engine.control.client import way
from franking.engine.control.openapi import described
from franking.engine.control.operations import OPERATIONS
from franking.engine.control.peers import Peer, viewer_of
from franking.engine.control.place import socket_of
from franking.engine.control.serving import NoSocket, NoSuchGroup, PathTooLong, bound, gid_of
from franking.engine.control.statuses import STATUSES
from franking.engine.records import StoreFailed
from franking.engine.settings import Settings
from franking.engine.store.reads import Reads
from franking.events.settings import Control
from franking.machines.roles import Role, Viewer
from franking.tests.engine.device import PAGES, PASSWORDS

from .asking import ADMINISTRATOR, CONTROLLER, KIM, LEE, Socket, at_socket, scan


async def signs_in(at: Socket, peer: Peer = KIM, place: str = "panel") -> None:
    """As a program shows it to a person, who signs in with his browser."""
    await at.ask("POST", f"/places/{place}/log-in", {"user": "kim"}, peer)
    opened = await at.ask("POST", f"/places/{place}/sign-in", {"user": "kim"}, peer)
    assert opened.status_code == 204, opened.text
    shown = (await at.ask("GET", f"/places/{place}/screen", peer=peer)).json()
    await at.here.kit.person().sign_in(shown["address"], "kim@example.com", PASSWORDS["kim@example.com"])
    await at.engine.settle()


# Signing in and sending


@pytest.mark.manual("B8", "S33")
async def test_b8_a_user_signs_in_sends_and_sees_it_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_socket(tmp_path, monkeypatch) as at:
        await signs_in(at)
        tokens = (await at.ask("GET", "/tokens", peer=KIM)).json()
        assert [(each["login"], each["refresh_token"]) for each in tokens] == [("kim", "Acquired")]
        receipt = await at.submit(KIM)
        assert (receipt.status_code, receipt.json()["waits_for"]) == (201, "")
        await at.engine.settle()
        job = (await at.ask("GET", "/jobs/1", peer=KIM)).json()
        assert (job["status"]["state"], job["content"]["files"][0]["name"]) == ("sent", "scan.pdf")
        story = (await at.ask("GET", "/jobs/1/history", peer=KIM)).json()
        assert story["steps"][-1]["server"].startswith("250")
        assert len(at.here.kit.mailbox.messages) == 1


@pytest.mark.manual("B8", "S19a")
async def test_b8_a_screen_shows_what_is_open_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_socket(tmp_path, monkeypatch) as at:
        assert (await at.ask("GET", "/places/panel/screen")).status_code == 404
        await at.ask("POST", "/places/panel/log-in", {"user": "kim"}, KIM)
        await at.ask("POST", "/places/panel/sign-in", {"user": "kim"}, KIM)
        assert (await at.ask("GET", "/places/panel/screen", peer=LEE)).status_code == 403
        pasted = await at.ask("POST", "/places/panel/paste", {"address": "http://localhost/?code=x"}, KIM)
        assert (pasted.status_code, pasted.json()["type"]) == (422, "urn:franking:problem:paste-refused")
        assert (await at.ask("POST", "/places/panel/cancel", peer=KIM)).status_code == 204
        await at.engine.settle()
        assert (await at.ask("GET", "/places/panel/screen", peer=KIM)).status_code == 404


@pytest.mark.manual("B8", "S33c")
async def test_b8_a_job_is_held_released_tried_and_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_socket(tmp_path, monkeypatch) as at:
        await at.submit(KIM)
        states = [
            (await at.ask("POST", f"/jobs/1/{act}", peer=KIM)).json()["status"]["state"]
            for act in ("hold", "release", "retry", "cancel?by=administrator")
        ]
        assert states == ["held", "waiting", "waiting", "ended"]
        assert at.engine.job(1).code == "cancelled", "nobody says that he is somebody else"
        assert (await at.ask("GET", "/users/kim/queue", peer=KIM)).json() == []


@pytest.mark.manual("B8", "B12")
async def test_b12_numbers_for_prometheus_are_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with at_socket(tmp_path, monkeypatch) as at:
        answer = await at.ask("GET", "/metrics", peer=ADMINISTRATOR)
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert answer.text == at.engine.metrics()


@pytest.mark.manual("B8")
async def test_b8_facts_come_as_lines_and_none_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_socket(tmp_path, monkeypatch) as at:
        await at.submit(KIM)
        found: list[dict[str, object]] = []
        monkeypatch.setattr(streams, "STILL_S", 0.01)
        with at.peer(ADMINISTRATOR):
            async with (
                httpx.AsyncClient(transport=way(at.path), base_url="http://franking") as client,
                client.stream("GET", "/events", params={"after": 0}) as answer,
            ):
                still = False
                async for line in answer.aiter_lines():
                    if line:
                        found.append(json.loads(line))
                    elif not still:
                        still = True
                        await at.engine.hold(1)
                    if found and found[-1]["fact"] == "JobHeld":
                        break
        assert [each["sequence"] for each in found] == list(range(1, len(found) + 1))
        assert still


# Files


@pytest.mark.manual("B8", "S33b")
async def test_b8_a_file_waits_in_memory_and_is_gone_with_its_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_socket(tmp_path, monkeypatch) as at:
        first = await at.upload(KIM, name="Übersicht.pdf")
        for peer in (LEE, CONTROLLER):
            refused = await at.ask("POST", "/jobs", {"request": scan("kim", first)}, peer)
            assert refused.status_code in (403, 404)
        assert (await at.ask("POST", "/jobs", {"request": scan("kim", first)}, KIM)).status_code == 201
        again = await at.ask("POST", "/jobs", {"request": scan("kim", first)}, KIM)
        assert (again.status_code, again.json()["type"]) == (404, "urn:franking:problem:unknown-upload")
        content = at.engine.content(1)
        assert [each.name for each in content.files] == ["Übersicht.pdf"]
        assert at.here.kept(at.engine, 1) == [PAGES]
        assert list((tmp_path / "uploads").iterdir()) == []
    assert not (tmp_path / "uploads").exists()


@pytest.mark.manual("B8", "S33a")
async def test_b8_only_who_speaks_for_the_device_names_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine can read what others cannot, such as its own key."""
    async with at_socket(tmp_path, monkeypatch) as at:
        own = str(tmp_path / "store" / "store.db")
        for peer in (KIM, ADMINISTRATOR):
            refused = await at.ask("POST", "/jobs", {"request": scan("kim", own)}, peer)
            assert (refused.status_code, refused.json()["type"]) == (
                403,
                "urn:franking:problem:path-not-allowed",
            )
        path = tmp_path / "given.pdf"
        path.write_bytes(PAGES)
        body = {"request": scan("kim", str(path)), "handed_over": True}
        assert (await at.ask("POST", "/jobs", body)).status_code == 201
        assert not path.exists()


async def test_files_take_no_more_memory_than_they_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST", 1000)
    async with at_socket(tmp_path, monkeypatch) as at:
        await at.upload(KIM, bytes(900))
        refused = await at.ask("POST", "/files", peer=KIM, content=bytes(200), params={"name": "b"})
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")
        assert (await at.ask("POST", "/files", peer=KIM, content=bytes(100), params={"name": "c"})).is_success


@pytest.mark.parametrize("name", ["", "..", "a/b", "a\0b", "n" * 256, "ü" * 128])
async def test_what_is_no_name_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    async with at_socket(tmp_path, monkeypatch) as at:
        refused = await at.ask("POST", "/files", content=b"x", params={"name": name})
        assert refused.status_code == 422


# What goes wrong


@pytest.mark.manual("B8", "B9")
async def test_b9_a_broken_rule_is_told_with_remedy_and_who_must_act(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_socket(tmp_path, monkeypatch) as at:
        request = scan("kim", await at.upload()) | {"to": []}
        refused = (await at.ask("POST", "/jobs", {"request": request})).json()
        assert refused["type"] == "urn:franking:problem:refused"
        (rule,) = refused["rules"]
        assert (rule["code"], rule["who"]) == ("S33-recipients", "the person at the panel")
        assert rule["remedy"] == "Name at least one e-mail address."


@pytest.mark.manual("B8", "S26a")
async def test_b8_settings_are_changed_all_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with at_socket(tmp_path, monkeypatch) as at:
        good = {"settings": {"smtp": {"window": 8}}}
        assert (await at.ask("PATCH", "/settings", good, ADMINISTRATOR)).json()["changed"] == ["smtp.window"]
        wrong = {"settings": {"smtp": {"window": 4, "port": 0}}}
        refused = (await at.ask("PATCH", "/settings", wrong, ADMINISTRATOR)).json()
        assert [each["where"] for each in refused["fields"]] == ["smtp.port"]
        assert at.engine.settings.smtp.window == 8
        assert (await at.ask("GET", "/settings", peer=ADMINISTRATOR)).json()["smtp"]["window"] == 8


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{", 400, "no-json"),
        (b"\xff\xfe", 400, "no-json"),
        (b"[" * 200_000, 400, "no-json"),
        (b"null", 422, "wrong-fields"),
        (b'{"request": {"function": "Fax"}}', 422, "wrong-fields"),
        (b'"' + b"a" * (1 << 20) + b'"', 413, "too-long"),
    ],
)
async def test_what_is_no_request_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, status: int, code: str
) -> None:
    async with at_socket(tmp_path, monkeypatch) as at:
        answer = await at.ask("POST", "/jobs", content=content)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        assert answer.json()["type"] == f"urn:franking:problem:{code}"


async def test_another_path_and_another_method_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_socket(tmp_path, monkeypatch) as at:
        assert (await at.ask("GET", "/jobs/")).status_code == 404
        answer = await at.ask("PUT", "/status")
        assert (answer.status_code, "GET" in answer.headers["allow"]) == (405, True)


@pytest.mark.manual("B8")
async def test_b8_a_store_that_fails_is_to_be_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_socket(tmp_path, monkeypatch) as at:

        def fails(*_: object) -> None:
            raise StoreFailed("disk I/O error", True)

        with monkeypatch.context() as patch:
            patch.setattr(Reads, "jobs", fails)
            answer = await at.ask("GET", "/jobs")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")


@pytest.mark.manual("B14")
async def test_b14_after_a_factory_reset_the_service_is_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_socket(tmp_path, monkeypatch) as at:
        assert (await at.ask("POST", "/reset", peer=ADMINISTRATOR)).json() == {"grants": 0, "revoked": 0}
        assert at.over == [False, True]
        assert (await at.submit(KIM)).status_code == 503


@pytest.mark.parametrize("name", STATUSES)
def test_every_row_of_the_problems_is_an_error_of_that_name(name: str) -> None:
    import importlib

    module, _, kind = name.rpartition(".")
    found = importlib.import_module(f"franking.engine.{module}")
    assert issubclass(getattr(found, kind), Exception)
    assert getattr(found, kind).__module__ == found.__name__


# The socket itself


@pytest.mark.manual("B8", "S33a")
@pytest.mark.parametrize(
    ("peer", "viewer"),
    [
        (Peer(0, "root"), Viewer(Role.CONTROLLER)),
        (Peer(500, "engine"), Viewer(Role.CONTROLLER)),
        (CONTROLLER, Viewer(Role.CONTROLLER)),
        (ADMINISTRATOR, Viewer(Role.ADMINISTRATOR)),
        (KIM, Viewer(Role.USER, "kim")),
        (Peer(77, "administrator"), Viewer(Role.USER, "")),
        (Peer(78, "#78"), Viewer(Role.USER, "#78")),
    ],
)
def test_s33a_who_the_other_end_is_to_the_device(peer: Peer, viewer: Viewer) -> None:
    control = Control(controllers=("panel",), administrators=("admin",))
    assert viewer_of(peer, control, lambda: 500) == viewer


@pytest.mark.manual("B8")
def test_b8_the_socket_is_the_engines_own_or_its_groups(tmp_path: Path) -> None:
    bound(tmp_path / "own" / "s", None, tmp_path).close()
    bound(tmp_path / "shared" / "s", os.getegid(), tmp_path).close()
    modes = [
        stat.S_IMODE(path.stat().st_mode)
        for folder in ("own", "shared")
        for path in (tmp_path / folder, tmp_path / folder / "s")
    ]
    assert modes == [0o700, 0o600, 0o750, 0o660]
    bound(tmp_path / "own" / "s", None, tmp_path).close()  # what a killed engine left is in nobody's way


@pytest.mark.manual("B8", "S27")
def test_s27_what_else_lies_where_the_socket_shall_stand_is_left_alone(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("mine")
    tmp_path.chmod(0o755)
    with pytest.raises(NoSocket, match=r"notes\.txt"):
        bound(notes, None, tmp_path / "store")
    assert notes.read_text() == "mine"
    bound(tmp_path / "s", None, tmp_path / "store").close()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_where_it_lies(tmp_path: Path) -> None:
    assert socket_of(tmp_path, {}) == tmp_path / "control" / "franking.sock"
    given = {"RUNTIME_DIRECTORY": "/run/franking:/run/other"}
    assert socket_of(tmp_path, given) == Path("/run/franking/franking.sock")


def test_a_group_that_is_not_there_and_a_path_that_is_too_long_are_said(tmp_path: Path) -> None:
    with pytest.raises(NoSuchGroup, match="no-such-group"):
        gid_of("no-such-group")
    with pytest.raises(PathTooLong, match="107 octets"):
        bound(tmp_path / ("n" * 120) / "s", None, tmp_path)


@pytest.mark.manual("B8")
async def test_b8_one_caller_leaves_room_for_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "OF_ONE", 1000)
    async with at_socket(tmp_path, monkeypatch) as at:
        for _ in range(uploads.FILES_OF_ONE):
            await at.upload(KIM, b"%PDF")
        for peer, octets in ((KIM, b"%PDF"), (LEE, bytes(1001))):
            more = await at.ask("POST", "/files", peer=peer, content=octets, params={"name": "a"})
            assert (more.status_code, more.json()["type"]) == (503, "urn:franking:problem:no-place")
        await at.upload(LEE, bytes(1000))
        await at.upload(CONTROLLER, bytes(2000))


@pytest.mark.manual("B8")
@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", f"/jobs/{1 << 63}", b"", 404),
        ("GET", "/jobs?colour=red", b"", 422),
        ("POST", f"/jobs/{10**60}/cancel", b"", 404),
        ("DELETE", f"/users/kim/documents/{1 << 63}", b"", 404),
        ("PATCH", "/settings", b'{"settings": {"self": {}}}', 422),
        ("PATCH", "/settings", b'{"settings": {"smtp": {"port": ' + b"9" * 5000 + b"}}}", 400),
    ],
)
async def test_b8_what_is_out_of_all_measure_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, path: str, body: bytes, status: int
) -> None:
    async with at_socket(tmp_path, monkeypatch) as at:
        answer = await at.ask(method, path, content=body or None)
        assert answer.status_code == status, answer.text
        if status == 422 and method == "GET":
            assert answer.json()["fields"][0]["wrong"] == "this request takes nothing of this name"


# What is written of it


@pytest.mark.manual("B8")
async def test_b8_the_description_is_that_of_the_committed_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from franking.diagrams import DOCS

    async with at_socket(tmp_path, monkeypatch) as at:
        answer = (await at.ask("GET", "/openapi.json")).json()
    assert answer == described() == json.loads((DOCS / "openapi.json").read_text(encoding="utf-8"))
    served = {(each.method.lower(), each.path) for each in OPERATIONS}
    assert {(method, path) for path, methods in answer["paths"].items() for method in methods} == served
    assert Settings.__name__ in answer["components"]["schemas"]


@pytest.mark.manual("B3", "B8")
async def test_b8_four_programs_with_an_expired_token_make_one_refresh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_socket(tmp_path, monkeypatch) as at:
        await signs_in(at)
        await at.here.passes(at.engine, hours=3)
        before = at.here.refreshes
        await asyncio.gather(*(at.submit(CONTROLLER) for _ in range(8)))
        await at.engine.settle()
        assert at.here.refreshes == before + 1
        assert len(at.here.kit.mailbox.messages) == 8
