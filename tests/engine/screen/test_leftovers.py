"""What a crash left of a sign-in is gone before the next one begins, and nothing else is touched."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from franking.engine.screen.profile import PREFIX, Profile, folder_of_profiles, sweep
from franking.tests.engine.device import office

from .visits import visits

WAITS = [sys.executable, "-c", "import signal; print(flush=True); signal.pause()"]
HOLDS = """
import signal, sys
from pathlib import Path
from franking.engine.screen.profile import Profile
print(Profile.made(Path(sys.argv[1])).folder, flush=True)
signal.pause()
"""


@contextmanager
def process(home: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """Something that runs in this HOME."""
    with subprocess.Popen(WAITS, env={"HOME": str(home)}, stdout=subprocess.PIPE) as running:  # noqa: S603
        assert running.stdout is not None
        running.stdout.readline()
        try:
            yield running
        finally:
            running.kill()


def left_by_a_crash(below: Path) -> Path:
    """A profile whose owner was killed."""
    folder = below / f"{PREFIX}left"
    (folder / "browser").mkdir(parents=True)
    (folder / "browser/Cookies").write_text("of the account")
    return folder


@pytest.mark.manual("S19a")
def test_s19a_a_crashed_run_leaves_no_profile_and_no_browser(tmp_path: Path) -> None:
    folder = left_by_a_crash(tmp_path)
    with process(folder) as browser:
        sweep(tmp_path)
        assert not folder.exists()
        assert browser.wait() < 0, "killed"


@pytest.mark.manual("S19a")
async def test_s19a_the_next_start_erases_what_a_power_cut_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with visits(tmp_path, monkeypatch) as played, office(tmp_path) as here:
        here.screen = None  # type: ignore[assignment]
        folder = left_by_a_crash(played.profiles)
        async with here.engine(browser={"enabled": True, "command": played.command("stays")}):
            assert not folder.exists()


@pytest.mark.manual("S19a")
def test_s19a_the_profile_of_a_running_device_is_left_alone(tmp_path: Path) -> None:
    other = [sys.executable, "-c", HOLDS, str(tmp_path)]
    with subprocess.Popen(other, stdout=subprocess.PIPE, text=True) as running:  # noqa: S603
        assert running.stdout is not None
        folder = Path(running.stdout.readline().strip())
        try:
            sweep(tmp_path)
            stayed = folder.exists()
        finally:
            running.kill()
    assert stayed
    sweep(tmp_path)
    assert not folder.exists(), "the lock died with its process"


def test_only_what_is_ours_is_erased(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").write_text("of somebody")
    run = tmp_path / "run"
    run.mkdir()
    (run / f"{PREFIX}link").symlink_to(elsewhere)
    (run / f"{PREFIX}file").write_text("no folder")
    (run / "other").mkdir()
    sweep(run)
    assert (elsewhere / "file").exists()
    assert sorted(path.name for path in run.iterdir()) == [f"{PREFIX}file", f"{PREFIX}link", "other"]


def test_a_process_with_another_home_is_not_ended(tmp_path: Path) -> None:
    made = Profile.made(tmp_path)
    with process(tmp_path) as near, process(Path(f"{made.folder}-not")) as other:
        made.erase()
        assert near.poll() is None
        assert other.poll() is None


def test_profiles_lie_where_the_service_manager_says(tmp_path: Path) -> None:
    assert folder_of_profiles({"RUNTIME_DIRECTORY": f"{tmp_path}:/run/other"}) == tmp_path
    assert folder_of_profiles({}).is_dir()


def test_a_file_of_the_profile_is_never_written_through_what_lies_there(tmp_path: Path) -> None:
    made = Profile.made(tmp_path)
    (made.folder / "start.html").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        made.write("start.html", "secret")
    assert not (tmp_path / "elsewhere").exists()
    made.erase()


def test_profiles_made_at_once_while_leftovers_are_swept_all_stay(tmp_path: Path) -> None:
    def makes(number: int) -> Profile:
        made = Profile.made(tmp_path)
        sweep(tmp_path)
        return made

    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(makes, range(20)))
    assert all(profile.folder.exists() for profile in made)
    for profile in made:
        profile.erase()
    assert list(tmp_path.iterdir()) == []
