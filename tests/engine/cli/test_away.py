"""`franking-sendmail` and an engine that ends, is away, and comes again (B13)."""

import signal
import subprocess
from pathlib import Path

import pytest

from franking.tests.engine.programs.sending import PROGRAM, surroundings

from .conftest import LEE, Device
from .service import PATIENCE_S, service

NUMBER = 40


def sent(device: Device, number: int) -> "subprocess.Popen[bytes]":
    folder = device.store / "control"
    program = subprocess.Popen(  # noqa: S603 - ours
        [*PROGRAM, "-i", LEE],
        stdin=subprocess.PIPE,
        env=surroundings(folder / "franking.sock", folder / "drop"),
    )
    assert program.stdin is not None
    size = 10 if number % 4 else 200_000
    program.stdin.write(f"From: root\nSubject: away {number}\n\n".encode() + b"a line\n" * size)
    program.stdin.close()
    return program


def arrived(device: Device) -> list[str]:
    """Subjects, each once for each job: one whose end nobody knew may have gone twice (RFC 1047)."""
    found = {
        (str(each.message()["Subject"]), str(each.message()["Message-ID"]))
        for each in device.kit.mailbox.messages
    }
    return sorted(subject for subject, _ in found if subject.startswith("away "))


def left(drop: Path) -> list[Path]:
    return [each for each in drop.iterdir() if each.name != "refused"]


@pytest.mark.manual("B13", "S33")
def test_b13_what_ended_with_0_arrives_once_wherever_the_engine_was_killed(device: Device) -> None:
    device.set("smtp", per_minute=10_000)
    device.acquire()
    programs = []
    with service(device) as here:
        for number in range(NUMBER):
            programs.append(sent(device, number))
            if number == NUMBER // 2:
                assert programs[0].wait(PATIENCE_S) == 0
                assert here.ended(signal.SIGKILL) == -signal.SIGKILL
    codes = [program.wait(PATIENCE_S) for program in programs]
    assert codes == [0] * NUMBER
    drop = device.store / "control" / "drop"
    assert len(left(drop)) >= NUMBER // 2 - 1
    with service(device) as here:
        while len(arrived(device)) < NUMBER:
            device.servers.run(device.kit.mailbox.wait_for(len(device.kit.mailbox.messages) + 1))
        assert here.ended(signal.SIGTERM) == 0
    assert arrived(device) == sorted(f"away {number}" for number in range(NUMBER))
    assert left(drop) == []
