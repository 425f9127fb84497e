"""`franking run` under a service manager (sd_notify(3))."""

import signal
import socket
from pathlib import Path

import pytest

from .conftest import Device

PATIENCE_S = 30


def test_the_manager_is_told_of_a_service_from_its_start_to_its_end(
    device: Device, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = tmp_path / "notify"
    monkeypatch.setenv("NOTIFY_SOCKET", str(address))
    monkeypatch.setenv("WATCHDOG_USEC", "120000000")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(address))
        manager.settimeout(PATIENCE_S)
        with device.start("run") as process:
            assert [manager.recv(100), manager.recv(100)] == [b"READY=1", b"WATCHDOG=1"]
            process.send_signal(signal.SIGTERM)
            assert manager.recv(100) == b"STOPPING=1"
            assert process.wait(PATIENCE_S) == 0
