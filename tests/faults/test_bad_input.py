"""Wrong input is refused at once, in words, and leaves nothing behind."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from franking.engine.engine import Engine
from franking.engine.settings import Settings, SettingsError
from franking.engine.spool import ScanUnreadable
from franking.engine.store.lock import StoreInUse, StoreLock
from franking.events.request import ScanToEmail

from ..engine.device import LEE, PAGES, Office, office, states

WRONG = """
[oauth]
enabled = "perhaps"
client_credential = "correct horse battery"
[administrator]
address = "printer at example"
[smtp]
server = "smtp://example.com"
port = 0
[tls]
minimum = "SSLv3"
[panel]
auto_reset = 1
[colour]
toner = "magenta"
"""
KEYS = (
    "oauth.enabled",
    "oauth.client_credential",
    "administrator.address",
    "smtp.server",
    "smtp.port",
    "tls.minimum",
    "panel.auto_reset",
    "colour",
)


def missing(folder: Path) -> tuple[Path, str]:
    return folder / "gone.pdf", "No such file or directory"


def a_folder(folder: Path) -> tuple[Path, str]:
    return folder, "the scan is not a file"


def a_pipe(folder: Path) -> tuple[Path, str]:
    os.mkfifo(folder / "pipe")
    return folder / "pipe", "the scan is not a file"


def a_link_to_nothing(folder: Path) -> tuple[Path, str]:
    (folder / "link.pdf").symlink_to(folder / "gone.pdf")
    return folder / "link.pdf", "No such file or directory"


def below_a_file(folder: Path) -> tuple[Path, str]:
    (folder / "file").write_bytes(PAGES)
    return folder / "file" / "scan.pdf", "Not a directory"


def fails_when_it_is_read(folder: Path) -> tuple[Path, str]:
    """A regular file that opens, and whose first octets nobody can read: no memory lies at address 0."""
    return Path("/proc/self/mem"), "Input/output error"


BAD_SCANS = (missing, a_folder, a_pipe, a_link_to_nothing, below_a_file, fails_when_it_is_read)


async def refused(here: Office, engine: Engine, bad: Path) -> ScanUnreadable:
    good = here.folder / "good.pdf"
    good.write_bytes(PAGES)
    request = ScanToEmail(user="kim", to=(LEE,), files=(good, bad))
    with pytest.raises(ScanUnreadable) as raised:
        await engine.submit(request)
    return raised.value


@pytest.mark.manual("S33")
@pytest.mark.parametrize("kind", BAD_SCANS, ids=lambda kind: str(kind.__name__))
async def test_s33_a_scan_that_cannot_be_taken_is_refused_and_nothing_is_spooled(
    tmp_path: Path, kind: object
) -> None:
    assert callable(kind)
    folder = tmp_path / "input"
    folder.mkdir()
    bad, why = kind(folder)
    async with office(tmp_path) as here, here.engine() as engine:
        before = engine.store.last_sequence()
        error = await refused(here, engine, bad)
        assert error.path == bad
        assert why in error.why
        assert str(bad) in str(error)
        assert "submit again" in str(error)
        assert list((here.store / "spool").iterdir()) == []
        assert states(engine) == []
        assert engine.store.last_sequence() == before
        receipt = await here.scan(engine)
        assert here.spooled() == [f"{receipt.job}/0"]


async def test_a_scan_that_others_may_not_read_is_refused(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("whoever is root may read every file")
    async with office(tmp_path) as here, here.engine() as engine:
        secret = tmp_path / "secret.pdf"
        secret.write_bytes(PAGES)
        secret.chmod(0)
        error = await refused(here, engine, secret)
        assert "Permission denied" in error.why
        assert list((here.store / "spool").iterdir()) == []


def test_all_wrong_settings_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "franking.toml"
    path.write_text(WRONG)
    with pytest.raises(SettingsError) as raised:
        Settings.load(path, {})
    assert sorted(mistake.key for mistake in raised.value.mistakes) == sorted(KEYS)
    assert "correct horse battery" not in str(raised.value)
    assert "8 settings to put right" in str(raised.value)


def franking(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command in a process of its own."""
    command = [sys.executable, "-m", "franking.engine.cli.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)  # noqa: S603


def test_wrong_settings_end_the_command_with_ex_config(tmp_path: Path) -> None:
    (tmp_path / "franking.toml").write_text(f'{WRONG}\n[store]\npath = "{tmp_path / "store"}"\n')
    ended = franking(tmp_path, "status")
    assert ended.returncode == os.EX_CONFIG
    assert [key for key in KEYS if key not in ended.stderr] == []
    assert "correct horse battery" not in ended.stderr + ended.stdout
    assert not (tmp_path / "store").exists()


def test_a_store_in_use_ends_the_command_with_ex_tempfail(tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    (tmp_path / "franking.toml").write_text(f'[store]\npath = "{store}"\n')
    with StoreLock(store):
        ended = franking(tmp_path, "status")
    assert ended.returncode == os.EX_TEMPFAIL
    assert f"process {os.getpid()}" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert [path.name for path in store.iterdir()] == ["lock"]


async def test_a_second_engine_on_the_same_store_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        with pytest.raises(StoreInUse) as raised:
            async with here.engine():
                pass
        assert raised.value.process == str(os.getpid())
        await here.acquire(engine)


def test_a_file_where_the_spool_should_be_is_told_and_the_store_is_closed(tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    (store / "spool").write_text("not a folder")
    (tmp_path / "franking.toml").write_text(f'[store]\npath = "{store}"\n')
    ended = franking(tmp_path, "status")
    assert ended.returncode == os.EX_UNAVAILABLE
    assert "Traceback" not in ended.stderr
    assert (store / "spool").read_text() == "not a folder"


def test_a_store_of_somebody_else_is_wrong_settings_and_ends_with_ex_config(tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    with sqlite3.connect(store / "store.db") as db:
        db.execute("create table bookmark(url text)")
    db.close()
    (tmp_path / "franking.toml").write_text(f'[store]\npath = "{store}"\n')
    before = (store / "store.db").read_bytes()
    ended = franking(tmp_path, "status")
    assert ended.returncode == os.EX_CONFIG
    assert "not a store of franking" in ended.stderr
    assert (store / "store.db").read_bytes() == before
