"""Fetching a document by its link, and everything that finds nothing (S22)."""

import asyncio
import logging
import signal
import socket
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from franking.engine.links import serve
from franking.engine.listening import CannotListen
from franking.engine.records import StoreFailed
from franking.engine.web import serving
from franking.engine.web.serving import HEAD_OCTETS_MAX
from franking.testing.authority import client_context
from franking.tests.engine.box import links
from franking.tests.engine.device import office
from franking.tests.engine.links.asking import Desk, desk

LARGE = bytes(range(256)) * 8192


@pytest.mark.manual("S22")
async def test_s22_the_link_of_the_mail_brings_the_scan_octet_by_octet_until_it_ends(tmp_path: Path) -> None:
    """The whole way: scan, mail, link, end."""
    async with desk(tmp_path, "große Pläne #2.pdf", LARGE) as it:
        (url,) = links(it.here)
        path = urlsplit(url).path
        found = await it.ask(path)
        assert (found.status, found.body == LARGE) == (200, True)
        await it.here.passes(it.engine, days=7, seconds=-1)
        assert (await it.ask(path)).status == 200
        assert it.downloads == [2]
        await it.here.passes(it.engine, seconds=1)
        assert (await it.ask(path)).status == 404
        assert list((it.here.store / "boxes").iterdir()) == []


@pytest.mark.manual("S22")
async def test_s22_a_download_is_saved_and_not_shown_and_kept_in_no_cache(tmp_path: Path) -> None:
    async with desk(tmp_path) as it:
        found = await it.ask()
        assert found.fields == {
            "cache-control": "no-store",
            "content-security-policy": "sandbox; default-src 'none'",
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
            "date": "Mon, 02 Nov 2026 08:00:00 GMT",
            "content-type": "application/pdf",
            "content-disposition": "attachment; filename=\"scan.pdf\"; filename*=UTF-8''scan.pdf",
            "content-length": f"{len(it.scan)}",
            "accept-ranges": "bytes",
            "etag": found.fields["etag"],
            "connection": "close",
        }


@pytest.mark.manual("S22")
async def test_s22_a_page_that_could_do_harm_is_octets(tmp_path: Path) -> None:
    async with desk(tmp_path, "scan.html", b"<script>alert(1)</script>") as it:
        assert (await it.ask()).fields["content-type"] == "application/octet-stream"


@pytest.mark.manual("S22")
async def test_s22_whole_downloads_are_counted_and_nothing_else(tmp_path: Path) -> None:
    async with desk(tmp_path) as it:
        head = await it.ask(None, "HEAD")
        part = await it.ask(None, "GET", "Range: bytes=5-9")
        assert it.downloads == [0]
        whole = await it.ask()
        ranged = await it.ask(None, "GET", f"Range: bytes=0-{len(it.scan) - 1}")
        assert it.downloads == [2]
        assert (head.status, head.body, head.fields["content-length"]) == (200, b"", f"{len(it.scan)}")
        assert (part.status, part.body) == (206, it.scan[5:10])
        assert part.fields["content-range"] == f"bytes 5-9/{len(it.scan)}"
        assert [each.body == it.scan for each in (whole, ranged)] == [True, True]


@pytest.mark.manual("S22")
async def test_s22_a_broken_download_goes_on_where_it_stopped(tmp_path: Path) -> None:
    async with desk(tmp_path, scan=LARGE) as it:
        tag = (await it.ask(None, "HEAD")).fields["etag"]
        rest = await it.ask(None, "GET", "Range: bytes=1000000-", f"If-Range: {tag}")
        assert (rest.status, rest.body == LARGE[1_000_000:]) == (206, True)
        beyond = await it.ask(None, "GET", f"Range: bytes={len(LARGE)}-")
        assert (beyond.status, beyond.fields["content-range"]) == (416, f"bytes */{len(LARGE)}")


@pytest.mark.manual("S22")
async def test_s22_who_goes_away_in_the_middle_has_not_fetched_it(tmp_path: Path) -> None:
    """More than the connection's buffers hold, so that the server must notice."""
    async with desk(tmp_path, scan=LARGE * 16) as it:
        reader, writer = await asyncio.open_connection(*it.address)
        writer.write(f"GET {it.path} HTTP/1.1\r\nHost: printer\r\n\r\n".encode())
        await reader.readexactly(4096)
        writer.transport.abort()
        assert (await it.ask(None, "HEAD")).status == 200
        assert it.downloads == [0]


async def nothing(it: Desk) -> tuple[int, dict[str, str], bytes]:
    found = await it.ask("/d/AAAAAAAAAAAAAAAAAAAAAA/scan.pdf")
    return found.status, found.fields, found.body


NO_LINKS = (
    "/d/LINK/other.pdf", "/d/LINK/SCAN.PDF", "/d/LINK/scan.pdf%00", "/d/LINK/%00", "/d/LINK/scan.pdf%0A",
    "/d/LINK/..%2Fscan.pdf", "/d/LINK/../scan.pdf", "/d/LINK/..", "/d/LINK%2Fscan.pdf", "/d/LINK/scan.pdf/",
    "/d/LINK/scan.pdf/more", "/d/LINK/scan.pdf%20", "/d/LINK/%ff%fe", "/d/LINK/", "/d/LINK",
    "/d/LIN/scan.pdf", "/d/LINK=/scan.pdf", "/d/LINK%00/scan.pdf", "/d/1/scan.pdf", "/d/%ff/scan.pdf",
    "/d//scan.pdf", "//d/LINK/scan.pdf", "/d/../d/LINK/scan.pdf", "/D/LINK/scan.pdf", "/", "/d", "/d/",
    "/boxes/1", "/../../etc/passwd", f"/{'a' * 8000}", f"/d/{'a' * 4000}/{'b' * 4000}",
)  # fmt: skip


@pytest.mark.manual("S22")
async def test_s22_what_is_no_link_gets_one_answer(tmp_path: Path) -> None:
    async with desk(tmp_path) as it:
        link = it.path.split("/")[2]
        wanted = await nothing(it)
        other = {}
        for path in NO_LINKS:
            found = await it.ask(path.replace("LINK", link))
            if (found.status, found.fields, found.body) != wanted:
                other[path] = found
        assert (wanted[0], other) == (404, {})
        assert (await it.ask()).status == 200


@pytest.mark.manual("S22")
@pytest.mark.parametrize("how", ["deleted", "ended this very second", "its file is gone", "its file is cut"])
async def test_s22_what_is_over_looks_like_what_never_was(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    async with desk(tmp_path) as it:
        file = it.here.store / "boxes" / "1"
        if how == "deleted":
            await it.engine.delete_document("kim", 1)
        elif how == "ended this very second":
            it.here.clock.set(it.here.clock.now() + timedelta(days=7))  # type: ignore[attr-defined]
            assert file.exists(), "the engine had no turn yet"
        elif how == "its file is gone":
            file.unlink()
        else:
            file.write_bytes(it.scan[:-1])
        found = await it.ask()
        assert (found.status, found.fields, found.body) == await nothing(it)
        assert found.status == 404
        named = "document 1 of a user box" in caplog.text
        assert named == (how in ("its file is gone", "its file is cut")), "the disk is at fault"


@pytest.mark.manual("S22")
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"])
async def test_s22_nothing_but_fetching_is_allowed(tmp_path: Path, method: str) -> None:
    async with desk(tmp_path) as it:
        found = await it.ask(None, method)
        assert (found.status, found.fields["allow"], found.body) == (405, "GET, HEAD", b"")
        assert found.fields["content-security-policy"].startswith("sandbox")
        assert (await it.ask()).body == it.scan


async def test_a_head_without_end_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    async with desk(tmp_path) as it:
        assert (await it.exchange(b"GET /" + b"a" * HEAD_OCTETS_MAX)).status == 400
        assert (await it.ask()).status == 200


@pytest.mark.manual("S22")
async def test_s22_no_log_line_holds_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "mail.log")  # of the server that takes the mail
    async with desk(tmp_path) as it:
        token = it.path.split("/")[2]
        await it.ask()
        await it.ask(it.path + "x")
        await it.ask(None, "POST")
        (it.here.store / "boxes" / "1").unlink()
        await it.ask()
        monkeypatch.setattr(it.engine.boxes, "found", faulty)
        assert (await it.ask()).status == 500
    assert "document 1 of a user box" in caplog.text
    assert "a fault of the program" in caplog.text
    assert token not in caplog.text


def faulty(token: str, name: str) -> None:
    raise RuntimeError("a fault of the program")


async def test_a_store_that_fails_is_told_from_what_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(digest: bytes) -> None:
        raise StoreFailed("disk I/O error", full=True)

    async with desk(tmp_path) as it:
        with monkeypatch.context() as patch:
            patch.setattr(it.engine.store, "link", fails)
            found = await it.ask()
            assert (found.status, found.fields["retry-after"]) == (503, "30")
        assert (await it.ask()).status == 200


async def test_a_download_that_cannot_be_counted_is_still_a_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(batch: object) -> None:
        raise StoreFailed("no space", full=True)

    async with desk(tmp_path) as it:
        with monkeypatch.context() as patch:
            patch.setattr(it.engine.store, "commit", fails)
            found = await it.ask()
        assert (found.status, found.body == it.scan, it.downloads) == (200, True, [0])
        assert "a download of document 1 is not counted" in caplog.text


async def test_a_document_that_is_deleted_under_way_comes_whole(tmp_path: Path) -> None:
    async with desk(tmp_path, scan=LARGE * 16) as it:
        reader, writer = await asyncio.open_connection(*it.address)
        writer.write(f"GET {it.path} HTTP/1.1\r\nHost: printer\r\nConnection: close\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        await it.engine.delete_document("kim", 1)
        await it.engine.settle()
        assert list((it.here.store / "boxes").iterdir()) == []
        assert await reader.read() == LARGE * 16
        writer.close()
        await writer.wait_closed()


# The server


async def test_the_server_ends_before_its_engine_and_leaves_the_port(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        it = await stack.enter_async_context(desk(tmp_path))
        handlers = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
        await it.ask()
        assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == handlers
    with socket.create_server(it.address):
        pass


async def test_a_download_that_nobody_reads_does_not_keep_the_device_from_ending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "PATIENCE_S", 0)
    async with desk(tmp_path, scan=LARGE * 16) as it:
        reader, writer = await asyncio.open_connection(*it.address)
        writer.write(f"GET {it.path} HTTP/1.1\r\nHost: printer\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
    assert len(await reader.read()) < len(LARGE * 16)
    writer.transport.abort()


@pytest.mark.parametrize("begun", [b"", b"GET /d/"], ids=["nothing", "a part"])
async def test_who_asks_for_nothing_makes_room_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(serving, "REQUEST_S", 0)
    async with desk(tmp_path) as it:
        reader, writer = await asyncio.open_connection(*it.address)
        writer.write(begun)
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.transport.abort()


async def test_more_than_a_small_device_bears_are_told_to_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "CONNECTIONS_MAX", 3)
    async with desk(tmp_path) as it:
        others = [await asyncio.open_connection(*it.address) for _ in range(3)]
        assert (await it.ask()).status == 503
        for _, writer in others:
            writer.close()
            await writer.wait_closed()
        assert (await it.ask()).status == 200


async def test_it_speaks_tls_with_the_embedding_programs_certificate(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        trust = client_context(here.kit.ca_file)
        async with serve(engine, "127.0.0.1", 0, here.kit.authority.server_context()) as (host, port):
            reader, writer = await asyncio.open_connection(host, port, ssl=trust, server_hostname="localhost")
            writer.write(b"HEAD /d/x/y HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 404 ")
            writer.close()
            await writer.wait_closed()


@pytest.mark.manual("S22")
async def test_s22_what_is_not_there_is_said_in_the_devices_language(tmp_path: Path) -> None:
    async with desk(tmp_path) as it:
        assert b"There is nothing here." in (await it.ask("/")).body
        await it.engine.apply(it.engine.settings.changed(device={"language": "de"}))
        assert b"Hier ist nichts." in (await it.ask("/")).body


async def test_an_address_that_is_taken_is_an_error_of_the_caller(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        with (
            socket.create_server(("127.0.0.1", 0)) as taken,
            pytest.raises(CannotListen, match="another program"),
        ):
            async with serve(engine, "127.0.0.1", taken.getsockname()[1]):
                raise AssertionError("it serves on somebody else's port")
        await engine.settle()
