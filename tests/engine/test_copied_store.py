"""A store that was copied to another device, as with a cloned image: each device has its own sign-in."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from franking.engine import copied_jobs, lost_grants
from franking.engine.bus import Lane, Publication
from franking.engine.engine import Engine
from franking.engine.lost_grants import another, origin_of, this_device
from franking.engine.records import StoreFailed
from franking.engine.runtime import Runtime
from franking.events.device import StoreCopied
from franking.events.information import Actor, Info
from franking.events.job import JobHeld
from franking.events.token import GrantCopied, GrantRevoked

from .device import Office, anywhere, office, refresh_token, said, sealed, states, warnings

ONE, TWO = "serial:A1", "serial:B2"


@asynccontextmanager
async def device(here: Office, own: str, folder: Path | None = None) -> AsyncIterator[Engine]:
    settings = here.settings.changed(store={"path": folder or here.store})
    async with Engine.open(settings, clock=here.clock, screen=here.screen, device=lambda: own) as engine:
        await engine.settle()
        yield engine


@pytest.mark.manual("S26")
async def test_s26_a_copied_store_asks_for_its_own_sign_in(tmp_path: Path) -> None:
    async with office(tmp_path, "Google") as here:
        async with device(here, ONE) as engine:
            await here.sign_in(engine)
            await here.acquire(engine)
            kept = sealed(engine, "kim")
        shutil.copytree(here.store, tmp_path / "copy")
        async with device(here, TWO, tmp_path / "copy") as engine:
            assert (said(engine, StoreCopied), said(engine, GrantCopied)) == (1, 2)
            assert [refresh_token(engine, each) for each in ("kim", "administrator")] == ["Expired"] * 2
            assert anywhere(tmp_path / "copy", kept) == []
            assert said(engine, GrantRevoked) == 0, "the other device goes on using it"
            first, second = engine.information()
            assert (first.code.name, second.code.name) == ("SIGN_IN_AGAIN",) * 2
            assert "copied from another device" in first.cause
            assert "[Acquire] of [Refresh Tokens (Administrator)]" in first.remedy + second.remedy
            await here.scan(engine)
            await engine.settle()
            assert (states(engine), here.refreshes) == (["waiting"], 0)
            await here.sign_in(engine)
            await here.acquire(engine)
            assert (states(engine), warnings(engine)) == (["sent"], [])
        async with device(here, TWO, tmp_path / "copy") as engine:
            assert (said(engine, StoreCopied), refresh_token(engine, "kim")) == (1, "Acquired")
        async with device(here, ONE) as engine:
            assert (said(engine, StoreCopied), refresh_token(engine, "kim")) == (0, "Acquired")
            await here.scan(engine)
            await engine.settle()
            assert (states(engine), here.refreshes) == (["sent"], 1)
        assert [seen.kind for seen in here.provider.requests if seen.kind == "revoke"] == []


@pytest.mark.manual("S26", "B1")
async def test_s26_a_backup_on_the_same_device_is_no_copy(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with device(here, ONE) as engine:
            await here.sign_in(engine)
        shutil.copytree(here.store, tmp_path / "backup")
        shutil.rmtree(here.store)
        (tmp_path / "backup").rename(here.store)
        async with device(here, ONE) as engine:
            assert (refresh_token(engine, "kim"), said(engine, StoreCopied)) == ("Acquired", 0)


@pytest.mark.manual("S26")
@pytest.mark.parametrize(
    ("lives", "copies"),
    [
        (["machine-id:", "machine-id:A"], 0),
        (["machine-id:A", "machine-id:"], 1),
        (["machine-id:A", "machine-id:", "machine-id:B"], 1),
        (["machine-id:A", "serial:A1", "serial:A1"], 0),
        (["", "machine-id:A", "", "machine-id:A"], 0),
        (["A1", "B2", "B2"], 1),
    ],
)
async def test_s26_only_what_is_known_of_both_tells_devices_apart(
    tmp_path: Path, lives: list[str], copies: int
) -> None:
    """An image without a machine id starts for the first time; a kernel begins to tell a serial number."""
    async with office(tmp_path) as here:
        for number, own in enumerate(lives):
            async with device(here, own) as engine:
                if number == 0:
                    await here.sign_in(engine)
        async with device(here, lives[-1]) as engine:
            assert said(engine, StoreCopied) == copies
            assert refresh_token(engine, "kim") == ("Expired" if copies else "Acquired")


@pytest.mark.manual("S26")
async def test_s26_the_store_tells_nobody_which_device_it_belongs_to(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with device(here, "machine-id:3d1219c7c4c5404a") as engine:
            assert engine.store.noted("origin") == origin_of("machine-id:3d1219c7c4c5404a")
        assert anywhere(here.store, b"3d1219c7c4c5404a") == []


# How a device knows itself


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of `serial` and `board`, which are read from there."""
    monkeypatch.setattr(lost_grants, "SERIAL", tmp_path / "serial")
    monkeypatch.setattr(lost_grants, "BOARD", tmp_path / "board")
    return tmp_path


BOARD = "4c4c4544-0043-3510-8052-b4c04f564231"


@pytest.mark.parametrize(
    ("serial", "board", "known"),
    [
        (b"10000000abcdef\0", f"{BOARD}\n", "serial:10000000abcdef"),
        (b"0000000000000000\0", f"{BOARD}\n", f"board:{BOARD}"),
        (b"\xff\xfe", f"{BOARD}\n", f"board:{BOARD}"),
        (None, f"{BOARD}\n", f"board:{BOARD}"),
        (None, f"{BOARD.upper()}\n", f"board:{BOARD}"),
        (None, "03000200-0400-0500-0006-000700080009\n", ""),
        (None, "00000000-0000-0000-0000-000000000000\n", ""),
        (None, "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF\n", ""),
        (None, "", ""),
        (None, None, ""),
    ],
)
def test_a_device_is_known_by_its_serial_number_or_its_board(
    machine: Path, serial: bytes | None, board: str | None, known: str
) -> None:
    if serial is not None:
        (machine / "serial").write_bytes(serial)
    if board is not None:
        (machine / "board").write_text(board)
    assert this_device() == known


@pytest.mark.manual("S26", "S29")
async def test_s29_another_machine_id_is_no_other_device(
    tmp_path: Path, machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a system update that starts the other root, or one that is set up anew."""
    read = Path.read_text

    def id_of_this_root(path: Path, encoding: str | None = None) -> str:
        return f"{root}\n" if path == Path("/etc/machine-id") else read(path, encoding)

    monkeypatch.setattr(Path, "read_text", id_of_this_root)
    async with office(tmp_path) as here:
        for root in ("3d1219c7c4c5404a", "90ab64c1e2b04be5"):
            async with here.engine() as engine:
                if root == "3d1219c7c4c5404a":
                    await here.sign_in(engine)
                assert (refresh_token(engine, "kim"), said(engine, StoreCopied)) == ("Acquired", 0)


def test_a_program_may_name_the_device_as_it_likes() -> None:
    assert another(origin_of("A1"), origin_of("B2"))
    assert not another(origin_of("A1"), origin_of("A1"))
    assert not another(origin_of(""), origin_of("B2"))
    assert not another(origin_of("A1"), origin_of(""))


# Its jobs


@pytest.mark.manual("S26", "S33")
async def test_s33_in_a_copy_nothing_goes_twice_and_nothing_is_lost(tmp_path: Path) -> None:
    """A person says which of the jobs go from the copy, too."""
    async with office(tmp_path) as here:
        async with device(here, ONE) as engine:
            for user in ("kim", "kim", "lee"):
                await here.scan(engine, user)
            await engine.hold(3)
            await engine.settle()
            assert states(engine) == ["waiting", "waiting", "held"]
        shutil.copytree(here.store, tmp_path / "copy")
        async with device(here, TWO, tmp_path / "copy") as engine:
            assert states(engine) == ["held"] * 3
            (warning,) = engine.information()
            assert (warning.code, warning.subject, warning.actor) == (Info.JOBS_HELD, "", Actor.ADMIN)
            assert "It holds 3 unfinished jobs, which that device sends, too" in warning.cause
            assert "[Release]" in warning.remedy
            assert "[Cancel]" in warning.remedy
            advice = engine.advice(1)
            assert "copied from another device" in advice.cause
            await here.sign_in(engine)
            await here.sign_in(engine, "lee", "page")
            assert (states(engine), here.kit.mailbox.messages) == (["held"] * 3, [])
        async with device(here, TWO, tmp_path / "copy") as engine:
            assert (states(engine), said(engine, JobHeld)) == (["held"] * 3, 4)
            await engine.release(1)
            await engine.cancel(2)
            await engine.settle()
            assert states(engine) == ["sent", "ended", "held"]
            await here.scan(engine)
            await engine.settle()
            assert states(engine)[-1] == "sent", "its own jobs go"
            await engine.acknowledge(Info.JOBS_HELD, "")
            assert [each.acknowledged for each in engine.information()] == [True]
        async with device(here, TWO, tmp_path / "copy") as engine:
            await engine.release(3)
            await engine.settle()
            assert (states(engine)[:3], warnings(engine)) == (["sent", "ended", "sent"], [])
            await engine.hold(4)
        async with device(here, TWO, tmp_path / "copy") as engine:
            assert warnings(engine) == []
        async with device(here, ONE) as engine:
            await here.sign_in(engine)
            assert states(engine) == ["sent", "sent", "held"], "the other device sends what is its own"


@pytest.mark.manual("S26", "S33")
async def test_s33_a_copy_that_is_cut_short_while_it_holds_the_jobs_is_noticed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copied_jobs, "AT_ONCE", 1)
    async with office(tmp_path) as here:
        async with device(here, ONE) as engine:
            for _ in range(3):
                await here.scan(engine)
        publish, commits = Runtime.publish, 0

        async def cut(runtime: Runtime, *publications: Publication, lane: Lane | None = None) -> int:
            nonlocal commits
            if isinstance(publications[0].fact, JobHeld):
                commits += 1
                if commits == 2:
                    raise StoreFailed("the power goes", full=False)
            return await publish(runtime, *publications, lane=lane)

        monkeypatch.setattr(Runtime, "publish", cut)
        with pytest.raises(StoreFailed):
            async with device(here, TWO):
                pass
        async with device(here, TWO) as engine:
            assert states(engine) == ["held"] * 3
            assert "It holds 3 unfinished jobs" in engine.information()[0].cause
