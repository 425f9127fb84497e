"""Mail that programs leave while no engine answers (B13)."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from franking.engine.control import dropped, messages
from franking.engine.control.dropped import Drop, made
from franking.engine.control.messages import Messages
from franking.engine.control.peers import Peer
from franking.engine.engine import Engine
from franking.engine.programs import handing
from franking.engine.programs.outgoing import Outgoing
from franking.engine.room import NoRoom
from franking.engine.status import JobStatus
from franking.machines.roles import Role, Viewer
from franking.tests.engine.control.asking import at_socket
from franking.tests.engine.device import KIM, OFFICE, Office, office

from .sending import Done, sendmail, surroundings

MAIL = b"From: root (Cron Daemon)\nTo: office@example.com\nSubject: news\n\nIt is done.\n"
NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files of others")


def message(octets: bytes = MAIL) -> Outgoing:
    found = Outgoing()
    found.add(octets)
    return found


def put(folder: Path, octets: bytes = MAIL, mark: str = "", to: str = OFFICE) -> Path:
    name = mark or os.urandom(16).hex()
    handing.drop(str(folder), name, handing.query_of({"to": to, "mark": name}), message(octets))
    return folder / name


@asynccontextmanager
async def dropping(folder: Path) -> AsyncIterator[tuple[Office, Engine, Drop]]:
    async with office(folder) as here, here.engine(users={"kim": KIM}) as engine:
        place = folder / "drop"
        made(place, None)
        yield here, engine, Drop(Messages(engine), place)


def lies(drop: Drop) -> list[str]:
    return sorted(each.name for each in in_it(drop.folder))


def in_it(folder: Path) -> list[Path]:
    return [each for each in folder.iterdir() if each.name != "refused"]


def sending(engine: Engine) -> list[JobStatus]:
    """Without what was refused."""
    return [job for job in engine.jobs() if job.state != "ended"]


def refused(drop: Drop) -> dict[str, str]:
    """Names with the texts beside them."""
    folder = drop.folder / "refused"
    found = {each.name for each in folder.iterdir() if each.suffix != ".txt"} if folder.exists() else set()
    return {name: (folder / f"{name}.txt").read_text() for name in found}


@pytest.mark.manual("B13")
async def test_b13_what_was_left_while_the_engine_was_away_is_taken_up(tmp_path: Path) -> None:
    here = surroundings(tmp_path / "no-socket", tmp_path / "drop")
    made(tmp_path / "drop", None)
    large = MAIL + b"a line\n" * 300_000
    for octets in (MAIL, large):
        assert await sendmail(here, "-i", "root", OFFICE, octets=octets) == Done(0, "", "")
    (one, two) = in_it(tmp_path / "drop")
    assert {stat.S_IMODE(each.stat().st_mode) for each in (one, two)} == {0o640}
    async with dropping(tmp_path) as (device, engine, drop):
        await drop.look()
        assert (lies(drop), refused(drop)) == ([], {})
        kept = [device.kept(engine, job.job) for job in engine.jobs()]
        assert sorted(kept) == sorted([each.replace(b"\n", b"\r\n")] for each in (MAIL, large))


@pytest.mark.manual("B13")
async def test_b13_whoever_is_told_to_come_again_leaves_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path / "drop", None)

    async def full(*given: object) -> None:
        raise NoRoom("room.quota", needed="1", quota="1", most="1", spooled="1")

    async with at_socket(tmp_path, monkeypatch) as at:
        monkeypatch.setattr(messages, "take", full)
        done = await sendmail(surroundings(at.path, tmp_path / "drop"), "-v", OFFICE, octets=MAIL)
        assert (done.code, at.engine.jobs()) == (0, ())
        assert "kept" in done.err
        assert len(in_it(tmp_path / "drop")) == 1


@pytest.mark.manual("B13")
async def test_b13_an_envelope_that_no_request_has_room_for_goes_through_the_folder(tmp_path: Path) -> None:
    made(tmp_path / "drop", None)
    many = [f"somebody.{number:04}@example.com" for number in range(1000)]
    here = surroundings(tmp_path / "no-socket", tmp_path / "drop")
    assert (await sendmail(here, *many, octets=MAIL)).code == 0
    async with dropping(tmp_path) as (_, engine, drop):
        await drop.look()
        (job,) = engine.jobs()
        content = engine.content(job.job)
        assert content is not None
        assert [each.address for each in content.recipients] == many


@pytest.mark.manual("B13")
async def test_b13_nowhere_to_keep_it_is_said(tmp_path: Path) -> None:
    done = await sendmail(surroundings(tmp_path / "no", tmp_path / "none"), OFFICE, octets=MAIL)
    assert done.code == 75
    assert "not kept anywhere" in done.err
    assert "systemctl start franking" in done.err


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """Where other users can pass, as they cannot where tests usually lie."""
    with TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@as_root
@pytest.mark.manual("B13", "S33a")
async def test_b13_who_is_not_in_the_group_is_told_so(open_to_all: Path) -> None:
    closed = open_to_all / "closed"
    made(closed / "drop", 0)
    closed.chmod(0o755)
    done = await sendmail(surroundings(closed / "no", closed / "drop"), OFFICE, octets=MAIL, user=NOBODY)
    assert done.code == 77, done
    assert "`[control] group`" in done.err
    assert in_it(closed / "drop") == []


@as_root
@pytest.mark.manual("B13", "S33a")
async def test_b13_the_files_owner_is_who_sends(tmp_path: Path) -> None:
    async with dropping(tmp_path) as (_, engine, drop):
        for owner, writer in ((0, "root"), (0, KIM), (NOBODY, "nobody"), (NOBODY, KIM)):
            path = put(drop.folder, f"From: {writer}\n\nx\n".encode())
            os.chown(path, owner, -1)
        await drop.look()
        assert sorted(job.owner for job in sending(engine)) == ["administrator", "administrator", "kim"]
        ((_, text),) = refused(drop).items()
        assert "nobody, 2026-" in text
        assert "the user nobody, as whom this program runs, is none of the device's" in text
        assert "say in [programs.senders] whose mail nobody brings" in text


def symlink(path: Path) -> None:
    target = path.with_name("target")
    path.rename(target)
    path.symlink_to(target)
    target.rename(path.parent.parent / "target")


def edited(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def edit(path: Path) -> None:
        path.write_bytes(change(path.read_bytes()))

    return edit


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o640)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir(0o640)


FOREIGN: dict[str, tuple[Callable[[Path], object], str]] = {
    "symlink": (symlink, "a link"),
    "hard link": (lambda path: os.link(path, path.parent.parent / "second"), "second name"),
    "folder": (folder, "a folder"),
    "FIFO": (fifo, "a pipe"),
    "others write": (lambda path: path.chmod(0o660), "other rights"),
    "setuid": (lambda path: path.chmod(0o4640), "other rights"),
    "half": (edited(lambda octets: octets[:-3]), "not whole"),
    "longer": (edited(lambda octets: octets + b"x"), "not whole"),
    "no form": (edited(lambda octets: MAIL), "none that franking-sendmail wrote"),
    "empty": (edited(lambda octets: b""), "none that franking-sendmail wrote"),
    "another's query": (edited(lambda octets: octets.replace(b"to=", b"no=")), "none that franking-sendmail"),
    "another mark": (lambda path: path.rename(path.with_name("0" * 32)), "another name"),
    "another name": (lambda path: path.rename(path.with_name("mail.eml")), "another name"),
}


@pytest.mark.manual("B13")
@pytest.mark.parametrize("name", FOREIGN)
async def test_b13_what_no_program_dropped_is_put_aside_in_words(tmp_path: Path, name: str) -> None:
    change, said = FOREIGN[name]
    async with dropping(tmp_path) as (_, engine, drop):
        change(put(drop.folder))
        good = put(drop.folder)
        await drop.look()
        assert len(sending(engine)) == 1
        assert (lies(drop), good.exists()) == ([], False)
        ((_, text),) = refused(drop).items()
        assert said in text


@as_root
@pytest.mark.manual("B13", "S33a")
async def test_b13_what_another_group_may_read_was_not_dropped_by_its_owner(tmp_path: Path) -> None:
    async with dropping(tmp_path) as (_, engine, drop):
        os.chown(put(drop.folder), -1, NOBODY)
        await drop.look()
        assert sending(engine) == []
        ((_, text),) = refused(drop).items()
        assert "the folder's group" in text


@as_root
@pytest.mark.manual("B13")
async def test_b13_a_file_of_a_user_whom_nobody_knows_is_put_aside(tmp_path: Path) -> None:
    async with dropping(tmp_path) as (_, engine, drop):
        os.chown(put(drop.folder), 54321, -1)
        await drop.look()
        assert sending(engine) == []
        assert "54321" in next(iter(refused(drop).values()))


@pytest.mark.manual("B13")
async def test_b13_one_that_is_too_large_or_unfit_is_put_aside(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine(programs={"octets": 10_000}) as engine:
        made(tmp_path / "drop", None)
        drop = Drop(Messages(engine), tmp_path / "drop")
        put(drop.folder, MAIL + b"a line\n" * 2000)
        put(drop.folder, MAIL + b"\0")
        put(drop.folder, to="stranger")
        await drop.look()
        assert (sending(engine), lies(drop)) == ([], [])
        found = " ".join(refused(drop).values())
        for said in ("10000 octets", "NUL", "stranger"):
            assert said in found


@pytest.mark.manual("B13")
async def test_b13_what_can_be_taken_later_waits_longer_and_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    async def full(*given: object) -> None:
        tries.append(1)
        raise NoRoom("room.quota", needed="1", quota="1", most="1", spooled="1")

    async with dropping(tmp_path) as (here, engine, drop):
        path = put(drop.folder)
        with monkeypatch.context() as patch:
            patch.setattr(messages, "take", full)
            for _ in range(40):
                await drop.look()
                await here.passes(engine, seconds=15)
        assert (len(tries), path.exists(), refused(drop)) == (5, True, {})
        await here.passes(engine, minutes=15)
        await drop.look()
        assert (len(engine.jobs()), lies(drop)) == (1, [])


class KilledError(BaseException):
    """The power is cut."""


@pytest.mark.manual("B13")
@pytest.mark.parametrize("point", ["erase", "sync"])
async def test_b13_a_kill_before_the_file_is_gone_makes_no_second_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    def cut(*given: object) -> None:
        raise KilledError

    async with dropping(tmp_path) as (_, engine, drop):
        path = put(drop.folder)
        octets = path.read_bytes()
        with monkeypatch.context() as patch:
            patch.setattr(Drop if point == "erase" else dropped, point, cut)
            with pytest.raises(KilledError):
                await drop.look()
        assert len(engine.jobs()) == 1
        path.write_bytes(
            octets
        )  # a name that was erased may come back, where the folder was not synchronised
        path.chmod(0o640)
    async with dropping(tmp_path) as (_, engine, drop):
        await drop.look()
        assert (len(engine.jobs()), lies(drop), refused(drop)) == (1, [], {})


@pytest.mark.manual("B13")
async def test_b13_what_the_socket_is_taking_is_not_taken_out_of_the_folder(tmp_path: Path) -> None:
    async with dropping(tmp_path) as (_, engine, drop):
        path = put(drop.folder)
        with drop.messages.taking(f"0:{path.name}"):
            await drop.look()
            assert (engine.jobs(), path.exists()) == ((), True)
        await drop.look()
        assert len(engine.jobs()) == 1


@pytest.mark.manual("B13")
@pytest.mark.parametrize("first", [False, True], ids=["socket first", "folder first"])
async def test_b13_what_comes_by_the_socket_and_lies_in_the_folder_goes_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    async with dropping(tmp_path) as (_, engine, drop):
        put(drop.folder)
        path = put(drop.folder)
        said = messages.Said("root", (OFFICE,), mark=path.name)
        peer, viewer, take = Peer(os.geteuid(), "root"), Viewer(Role.CONTROLLER), Drop.take

        async def blocks() -> AsyncIterator[bytes]:
            yield MAIL

        async def heard_late(drop: Drop, one: dropped.Dropped) -> None:
            """Its program waited too long for the answer, and left it here meanwhile."""
            if (one.said.mark == path.name) is first:
                await take(drop, one)
                await drop.messages.take(peer, viewer, said, blocks())
            else:
                await drop.messages.take(peer, viewer, said, blocks())
                await take(drop, one)

        monkeypatch.setattr(Drop, "take", heard_late)
        await drop.look()
        assert (len(engine.jobs()), lies(drop), refused(drop)) == (2, [], {})


@pytest.mark.manual("B13")
async def test_b13_what_a_program_did_not_finish_is_erased_after_a_day(tmp_path: Path) -> None:
    async with dropping(tmp_path) as (here, engine, drop):
        begun = drop.folder / ".begun"
        begun.write_bytes(b"x")
        now = here.clock.now().timestamp()
        os.utime(begun, (now, now))
        await drop.look()
        assert begun.exists()
        await here.passes(engine, hours=25)
        await drop.look()
        assert not begun.exists()


@pytest.mark.manual("B13")
async def test_b13_a_hundred_programs_at_once_while_the_engine_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = surroundings(tmp_path / "s", tmp_path / "drop")
    made(tmp_path / "drop", None)
    texts = [f"{number:03}" for number in range(100)]

    async def one(text: str) -> Done:
        async with few:
            return await sendmail(here, OFFICE, octets=b"From: root\nSubject: %b\n\n" % text.encode())

    few = asyncio.Semaphore(8)
    sending = [asyncio.ensure_future(one(text)) for text in texts]
    await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
    async with at_socket(tmp_path, monkeypatch) as at:
        done = await asyncio.gather(*sending)
        assert set(done) == {Done(0, "", "")}
        left = len(in_it(tmp_path / "drop"))
        assert left > 0, "none came before the engine"
        await Drop(Messages(at.engine), tmp_path / "drop").look()
        contents = [at.engine.content(job.job) for job in at.engine.jobs()]
        assert sorted(each.subject for each in contents if each) == texts
