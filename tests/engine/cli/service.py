"""`franking run` in a process of its own, and programs that use it."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from franking.engine.control.place import socket_of

from .conftest import Device

PATIENCE_S = 30
SUBMITTER = """
import http.client, json, socket, sys
class Here(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(sys.argv[1])
def ask(method, path, body):
    here = Here("franking", timeout=150)
    here.request(method, path, body)
    answer = here.getresponse()
    return answer.status, json.loads(answer.read() or "null")
wanted = {"function": "Scan to E-mail", "user": "kim", "to": ["office@example.com"], "files": [sys.argv[2]]}
for _ in range(int(sys.argv[3])):
    try:
        status, told = ask("POST", "/jobs", json.dumps({"request": wanted}))
    except (OSError, http.client.HTTPException) as error:
        print(type(error).__name__, file=sys.stderr)
        break
    if status == 201:
        print(told["job"], flush=True)
    else:
        print(status, told, file=sys.stderr)
"""


class Service:
    def __init__(self, process: "subprocess.Popen[str]", socket: Path) -> None:
        self.process, self.socket = process, socket

    def submitters(self, scan: Path, programs: int, jobs: int) -> "list[subprocess.Popen[str]]":
        command = [sys.executable, "-c", SUBMITTER, str(self.socket), str(scan), str(jobs)]
        return [
            subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
            for _ in range(programs)
        ]

    def ended(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        return self.process.wait(PATIENCE_S)


@contextmanager
def service(device: Device, *arguments: object) -> Iterator[Service]:
    socket = socket_of(device.store, {})
    with device.start("run", *arguments) as process:
        assert process.stderr is not None
        first = next((line for line in process.stderr if "control socket" in line), "")
        assert first
        yield Service(process, socket)
