"""A device in a process of its own, whose interpreter tells of each name that is looked up and each
connection that is made: nobody but the provider and the submission server of its settings hears of it (S30).

The process holds the person's browser, too, which comes back to the listener that the sign-in opened; what
the process itself listens on is no other host.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from franking.engine.clock import SystemClock
from franking.testing.policy import OLD_DIES

from ..engine.device import PAGES, PASSWORDS, Office, office
from .device_process import Device

SCRIPT = Path(__file__).with_name("device_process.py")
WATCHED = """
import os, pathlib, runpy, sys

def listens_itself(port):
    own = {str(file.resolve().name) for file in pathlib.Path("/proc/self/fd").iterdir()}
    lines = pathlib.Path("/proc/self/net/tcp").read_text().splitlines()[1:]
    lines += pathlib.Path("/proc/self/net/tcp6").read_text().splitlines()[1:]
    return any(
        int(field[1].rpartition(":")[2], 16) == port and f"socket:[{field[9]}]" in own
        for field in map(str.split, lines) if field[3] == "0A"
    )

def say(event, host, port):
    if isinstance(host, bytes):
        host = host.decode()
    os.write(2, f"watched {event} {host} {port}\\n".encode())  # whole, for names are looked up in threads

def watch(event, arguments):
    if event == "socket.connect":
        host, port = arguments[1][:2]
        say("browser" if listens_itself(port) else event, host, port)
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        say("name", arguments[0], 0)
    elif event in ("socket.sendto", "socket.sendmsg", "subprocess.Popen", "os.system", "os.posix_spawn"):
        say(event, "?", 0)

sys.addaudithook(watch)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
TRAP = "http://127.0.0.1:9"
"Who looks at the environment's proxies is seen to go there."
ELSEWHERE = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"), TRAP)
SIX_JOBS = "6"


async def watched(here: Office) -> tuple[str, set[tuple[str, str, str]]]:
    """What the device printed, and what was seen: event, host and port."""
    (here.folder / "scan.pdf").write_bytes(PAGES)
    config = here.folder / "device.json"
    Device(here.settings, PASSWORDS, here.folder / "scan.pdf").save(config)
    command = (sys.executable, "-c", WATCHED, str(SCRIPT), str(config), SIX_JOBS, "as it is")
    environment = {**os.environ, **ELSEWHERE}
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE, env=environment)
    said, told = await process.communicate()
    assert process.returncode == 0, told.decode()
    lines = [line.split() for line in told.decode().splitlines() if line.startswith("watched ")]
    return said.decode(), {(event, host, port) for _, event, host, port in lines}


@pytest.mark.skipif(
    not Path("/proc/self/net/tcp").exists(), reason="tells by /proc what a process listens on"
)
@pytest.mark.manual("S30")
async def test_s30_a_device_connects_to_the_hosts_of_its_settings_alone(tmp_path: Path) -> None:
    async with office(
        tmp_path, clock=SystemClock(), from_address={"setting": "Fix Administrator Address"}
    ) as here:
        here.provider.policy.rotation = OLD_DIES
        here.provider.answer_next(503)
        said, found = await watched(here)
        wanted = {here.provider.base.rpartition(":")[2], str(here.server.port)}
    assert said.endswith("done\n")
    assert len(here.kit.mailbox.messages) == int(SIX_JOBS)
    assert {host for event, host, _ in found if event == "name"} == {"localhost"}, "no other name is asked"
    assert {port for event, _, port in found if event == "socket.connect"} == wanted
    assert {host for event, host, _ in found if event != "name"} <= {"127.0.0.1", "::1"}
    assert {event for event, _, _ in found} <= {"socket.connect", "browser", "name"}
