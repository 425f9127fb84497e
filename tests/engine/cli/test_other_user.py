"""Commands of another user of the system, who is in the socket's group and may not look into the store."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import KIM, LEE, Device
from .service import service

OTHER = "games"
"A user and a group that every Debian has."
COMMANDS = """
import importlib, json, os, pkgutil, pwd, sys, tempfile
import franking.engine
for found in pkgutil.walk_packages(franking.engine.__path__, "franking.engine."):
    importlib.import_module(found.name)  # he may not read where Python lies
from franking.engine.cli.main import main
user = pwd.getpwnam(sys.argv[1])

def run(arguments, file):
    code = -1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(file, 1)
        os.dup2(file, 2)
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
        code = main(arguments)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)

for line in sys.stdin:
    with tempfile.TemporaryFile() as file:
        if not (child := os.fork()):
            run(json.loads(line), file.fileno())
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        file.seek(0)
        print(json.dumps([code, file.read().decode()]), flush=True)
"""
"Each is a process of its own, forked from one that has loaded everything."


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Where another user comes, too."""
    folder = Path(tempfile.mkdtemp(prefix="franking-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.manual("B8", "S33a")
def test_s33a_who_is_a_user_to_the_device_asks_for_himself_alone(device: Device, open_folder: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can run a program as another user")
    socket, scan = open_folder / "run" / "s", open_folder / "scan.pdf"
    scan.write_bytes(b"%PDF")
    scan.chmod(0o644)
    device.set("control", group=OTHER)
    device.set("users", kim=KIM, games="games@example.com")
    config = Path(shutil.copy(device.config, open_folder))
    config.chmod(0o644)
    environment = {**os.environ, "FRANKING_CONFIG": str(config), "FRANKING_SOCKET": str(socket)}

    def franking(*arguments: object) -> tuple[int, str]:
        assert commands.stdin is not None
        assert commands.stdout is not None
        commands.stdin.write(json.dumps(list(map(str, arguments))) + "\n")
        commands.stdin.flush()
        code, said = json.loads(commands.stdout.readline())
        return code, " ".join(said.split())

    with (
        subprocess.Popen(  # noqa: S603 - ours
            [sys.executable, "-c", COMMANDS, OTHER],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd="/",
        ) as commands,
        service(device, "--socket", socket),
    ):  # fmt: skip
        code, said = franking("send", "--user", OTHER, "--to", LEE, scan)
        assert (code, "Job 1 waits in the spool" in said) == (75, True), said
        assert "It goes by itself." in said
        code, said = franking("send", "--user", "kim", "--to", LEE, scan)
        assert (code, "not allowed to submit" in said) == (77, True), said
        assert franking("jobs", "hold", 1)[0] == 0
        assert device.send().code == 75
        code, said = franking("jobs", "list")
        assert (code, "kim" in said, OTHER in said) == (0, False, True), said
        assert franking("jobs", "list", "--user", "kim")[0] == 77
        assert franking("jobs", "show", 2)[0] == 64
        assert franking("delete", "--all", "--yes")[0] == 77
