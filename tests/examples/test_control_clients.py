"""The examples in C and in JavaScript, built and run against a device's control socket (B8)."""

import asyncio
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from franking.engine.control.screen import ShownAtPlaces
from franking.engine.control.serving import serve
from franking.tests.engine.device import KIM, OFFICE, PAGES, Office, office

EXAMPLES = Path(__file__).parents[2] / "examples"
OTHER = "games"
"A user and a group that every Debian has."


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("cc") is None or not list(Path("/usr/include").glob("**/curl/curl.h")):
        pytest.skip("libcurl's header is missing: apt-get install gcc libc6-dev libcurl4-openssl-dev")
    target = tmp_path_factory.mktemp("built") / "send_scan"
    command = ["cc", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-o", str(target)]
    subprocess.run([*command, str(EXAMPLES / "send_scan.c"), "-lcurl"], check=True)  # noqa: S603 - ours
    return target


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Where another user of the system comes, too."""
    folder = Path(tempfile.mkdtemp(prefix="franking-test-"))
    folder.chmod(0o755)
    (folder / "scan.pdf").write_bytes(PAGES)
    (folder / "scan.pdf").chmod(0o644)
    yield folder
    shutil.rmtree(folder)


async def ended(*command: object, **who: Any) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **who
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


@asynccontextmanager
async def device(folder: Path, socket: Path, **sections: object) -> Any:
    """kim's mail goes out."""
    wanted: dict[str, Any] = sections
    async with office(folder) as here, here.engine(**wanted) as engine:
        await here.sign_in(engine)
        async with serve(engine, socket, ShownAtPlaces()):
            yield here


def delivered(here: Office) -> list[tuple[str, list[str]]]:
    return [(each.mail_from, list(each.rcpt_tos)) for each in here.kit.mailbox.messages]


@pytest.mark.manual("B8")
async def test_b8_a_controller_in_c_sends_a_scan(tmp_path: Path, built: Path, open_folder: Path) -> None:
    socket, scan = open_folder / "c" / "s", open_folder / "scan.pdf"
    async with device(tmp_path, socket) as here:
        code, said = await ended(built, socket, "kim", OFFICE, scan)
        assert (code, said) == (0, "job 1: sent\n")
        code, said = await ended(built, socket, "kim", "no address", scan)
        assert (code, said.startswith("the job: ")) == (65, True)
        assert delivered(here) == [(KIM, [OFFICE])]
    code, said = await ended(built, socket, "kim", OFFICE, scan)
    assert (code, said) == (69, "the file: no engine answers there\n")


@pytest.mark.manual("B8", "S33a")
async def test_b8_another_user_of_the_sockets_group_sends_as_himself_alone(
    tmp_path: Path, built: Path, open_folder: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can run a program as another user")
    other, program = pwd.getpwnam(OTHER), open_folder / "send_scan"
    shutil.copy(built, program)
    socket, scan = open_folder / "c" / "s", open_folder / "scan.pdf"
    who = {"user": other.pw_uid, "group": other.pw_gid, "extra_groups": []}
    sections = {
        "control": {"group": OTHER},
        "users": {"kim": KIM, OTHER: "games@example.com"},
        "from_address": {"setting": "Fix Administrator Address"},
    }
    async with device(tmp_path, socket, **sections) as here:
        code, said = await ended(program, socket, OTHER, OFFICE, scan, **who)
        assert (code, said.startswith("job 1: waiting")) == (75, True), said
        code, said = await ended(program, socket, "kim", OFFICE, scan, **who)
        assert (code, "not allowed" in said) == (65, True), said
        outside = {**who, "group": pwd.getpwnam("nobody").pw_gid, "user": pwd.getpwnam("nobody").pw_uid}
        assert (await ended(program, socket, "kim", OFFICE, scan, **outside))[0] == 69
        assert delivered(here) == []


@pytest.mark.manual("B8")
async def test_b8_a_controller_in_javascript_sends_a_scan(tmp_path: Path, open_folder: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("Node is not here")
    socket, scan = open_folder / "c" / "s", open_folder / "scan.pdf"
    async with device(tmp_path, socket) as here:
        code, said = await ended("node", EXAMPLES / "send_scan.mjs", socket, "kim", OFFICE, scan)
        assert (code, said.splitlines()[-1]) == (0, "job 1: sent"), said
        code, said = await ended("node", EXAMPLES / "send_scan.mjs", socket, "kim", "nobody", scan)
        assert code == 65, said
        assert delivered(here) == [(KIM, [OFFICE])]
