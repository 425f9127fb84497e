"""Exit codes and the one message of each ending."""

import importlib
import subprocess
import sys
import types
from pathlib import Path

import pytest
from rich.console import Console

from franking.engine.at_the_panel import UnknownUser
from franking.engine.cli import app, send
from franking.engine.cli.ending import told
from franking.engine.cli.exits import EXITS, Exit
from franking.engine.records import StoreDamaged, StoreFailed
from franking.engine.refusal import Refused
from franking.engine.runtime import EngineFailed
from franking.engine.settings import CredentialError, Given, Mistake, SettingsError
from franking.engine.spool import ScanUnreadable
from franking.engine.store.lock import StoreInUse, StoreLock
from franking.engine.store.opening import (
    NoStore,
    StoreLocked,
    StoreNotWhole,
    StoreOfAnother,
    StoreReadOnly,
    StoreTooNew,
    StoreUnusable,
)
from franking.engine.words import words as sentences
from franking.events.said import said
from franking.machines.rules import RULES

from .conftest import PATIENCE_S, Device

HERE = Path("/somewhere")


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (
            SettingsError("a.toml", (Mistake("tls.minimum", Given.NUMBER, said("settings.missing")),)),
            78,
            "tls.minimum",
        ),
        (CredentialError("credential:x", "there is no file x"), 78, "credential:x: there is no file x."),
        (Refused("refused.apply", RULES[:2], sentences()), 78, RULES[1].sentence),
        (UnknownUser("bo"), 78, "bo"),
        (ScanUnreadable(HERE / "scan.pdf", "scan.no-file"), 66, "/somewhere/scan.pdf"),
        (StoreInUse(HERE, "4711"), 75, "process 4711"),
        (
            StoreUnusable(HERE, why="no reason"),
            69,
            "cannot be opened (no reason). Restore it, or move it away.",
        ),
        (StoreTooNew(HERE, 2, 1), 69, "the store has version 2"),
        (NoStore(HERE), 78, "not a store of franking"),
        (StoreLocked(HERE), 75, "another program holds"),
        (StoreReadOnly(HERE), 73, "may only be read"),
        (StoreNotWhole(HERE, why="page 3"), 74, "damaged, or is no database (page 3)"),
        (StoreOfAnother(HERE, "franking"), 77, "`sudo -u franking franking ...`"),
        (StoreDamaged("page 3"), 74, "A file of the store is damaged (page 3)"),
        (StoreFailed("disk I/O error", full=True), 69, "disk I/O error"),
        (EngineFailed("dispatcher"), 70, "dispatcher"),
        (PermissionError(13, "Permission denied", "drawn/job.md"), 73, "✗ drawn/job.md: Permission denied."),
        (OSError(28, "No space left on device"), 73, "✗ The output: No space left on device."),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_each_error_has_its_code_and_one_message(
    error: Exception, code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(error) == code
    printed = capsys.readouterr()
    assert words in printed.err
    assert printed.out == ""
    assert "Traceback" not in printed.err


def test_a_fault_of_the_program_shows_its_place_and_never_its_text(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(settings: object) -> None:
        raise RuntimeError("eyJ0eXAiOiJKV1QiLCJhbGciOi")

    monkeypatch.setattr(send, "configured", breaks)
    ended = device.send()
    assert ended.code == 70
    assert "RuntimeError at breaks" in ended.err
    assert "eyJ0" not in ended.err + ended.out
    assert "Traceback" not in ended.err


def test_a_reader_who_has_gone_makes_no_noise(device: Device) -> None:
    with device.start("status", "--json") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
        assert process.wait(PATIENCE_S) == Exit.IO


def test_a_store_in_use_names_the_process(device: Device) -> None:
    device.store.mkdir(mode=0o700)
    with StoreLock(device.store):
        ended = device.franking("status")
    assert ended.code == 75
    assert "is in use by the engine of process" in ended.err
    assert "Stop that one first" in ended.err
    assert device.franking("status").code == 0


def test_a_file_that_is_no_store_is_left_alone(device: Device) -> None:
    device.store.mkdir()
    (device.store / "store.db").write_bytes(b"a diary, not a database" * 50)
    ended = device.send()
    assert ended.code == 74
    assert "store.db" in ended.err
    assert (device.store / "store.db").read_bytes() == b"a diary, not a database" * 50


def test_a_folder_that_cannot_be_made(device: Device) -> None:
    device.set("store", path=device.scan("a-file") / "store")
    ended = device.send()
    assert ended.code == 69
    assert "the store is not available (Not a directory)" in ended.err
    assert "`store.path`" in ended.err


def test_the_command_line_without_its_libraries_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['typer'] = None\n"
        "from franking.engine.cli.main import main; sys.exit(main(['status']))"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)  # noqa: S603
    assert ended.returncode == 69
    assert (
        ended.stderr == "franking: the command line needs two more libraries: pip install 'franking[cli]'\n"
    )


@pytest.mark.parametrize(
    "arguments", [["--help"], ["send", "--help"], ["acquire", "--help"], ["status", "--help"]]
)
def test_help_starts_nothing(device: Device, arguments: list[str]) -> None:
    ended = device.franking(*arguments)
    assert ended.code == 0
    assert "Usage: franking" in ended.out
    assert not device.store.exists()


def test_version(device: Device) -> None:
    ended = device.franking("--version")
    assert ended.code == 0
    assert ended.out.startswith("franking ")


@pytest.mark.parametrize("arguments", [[], ["print"], ["status", "--colour"]])
def test_a_wrong_command_line_is_64(device: Device, arguments: list[str]) -> None:
    assert device.franking(*arguments).code == Exit.USAGE


def test_the_demo_gets_its_folder_and_gives_its_code(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Path] = []

    def run(folder: Path, console: Console) -> int:
        console.print("demo: ok")
        assert folder.is_dir()
        seen.append(folder)
        return 1 if seen[1:] else 0

    made = types.ModuleType("franking.engine.cli.demo")
    made.__dict__["run"] = run
    monkeypatch.setitem(sys.modules, made.__name__, made)
    kept = device.franking("demo", "--folder", device.folder)
    removed = device.franking("demo")
    assert (kept.code, removed.code) == (Exit.OK, Exit.SOFTWARE)
    assert kept.out == "demo: ok\n"
    assert seen[0] == device.folder
    assert not seen[1].exists()


def test_the_demo_names_what_is_not_installed(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "DEMO_NEEDS", ("no_such_library",))
    ended = device.franking("demo")
    assert ended.code == 69
    assert "pip install 'franking[cli,testing]'" in ended.err


@pytest.mark.manual("B6")
def test_stale_drawings_are_found_and_drawn_anew(device: Device) -> None:
    folder = device.folder / "drawn"
    folder.mkdir()
    assert device.franking("diagrams", "--check", folder).code == 65
    drawn = device.franking("diagrams", folder)
    assert drawn.code == 0
    assert len(list(folder.iterdir())) > 5
    assert device.franking("diagrams", "--check", folder).code == 0
    one = min(folder.iterdir())
    one.write_text(one.read_text() + "by hand\n")
    stale = device.franking("diagrams", "--check", folder)
    assert stale.code == 65
    assert str(one) in stale.err


@pytest.mark.parametrize("name", EXITS)
def test_every_row_of_the_exit_codes_is_an_error_of_that_name(name: str) -> None:
    module, _, kind = name.rpartition(".")
    found = importlib.import_module(module if module == "builtins" else f"franking.engine.{module}")
    error = getattr(found, kind)
    assert issubclass(error, Exception)
    assert error.__module__ == found.__name__
