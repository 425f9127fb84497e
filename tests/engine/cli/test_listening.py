"""`franking run --listen`: a program sends by SMTP to the engine as a service, and signs in."""

import errno
import io
import signal
import smtplib
import socket
import sys
from pathlib import Path

import pytest

from franking.engine.cli.opening import loaded
from franking.engine.cli.run import LOOPBACK
from franking.engine.listening import CannotListen

from ..device import anywhere
from ..programs.guest import CERTIFICATE, certified
from ..proxies import free_port
from .conftest import ADMINISTRATOR, Device
from .service import service

WORD = "a right word of grafana's"
MESSAGE = f"From: {ADMINISTRATOR}\r\nSubject: disk\r\n\r\nfull\r\n"


@pytest.mark.manual("B13")
def test_b13_a_program_signs_in_and_sends_to_the_service(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{WORD}\n"))
        ended = device.franking("password", "--client", "grafana")
        assert (ended.code, ended.err) == (0, "")
        assert "The password of the program grafana is set." in ended.out
    assert anywhere(device.store, WORD.encode()) == []
    assert list(loaded(device.config)[1].programs.clients) == ["grafana"]
    port = free_port()
    with service(device, "--listen", f"{LOOPBACK}:{port}") as here:
        with smtplib.SMTP(LOOPBACK, port) as server:
            with pytest.raises(smtplib.SMTPAuthenticationError):
                server.login("grafana", "a wrong word")
            server.login("grafana", WORD)
            assert server.sendmail(ADMINISTRATOR, ["office@example.com"], MESSAGE) == {}
        assert here.ended(signal.SIGTERM) == 0
    assert '"job": 1' in device.franking("status", "--json").out


@pytest.mark.manual("B13")
def test_b13_a_login_that_nobody_has_is_warned_of_and_everything_may_be_logged(device: Device) -> None:
    device.set("programs.senders", nas="kimm", root="administrator")
    with service(device, "--verbose") as here:
        assert here.process.stderr is not None
        warned = next(line for line in here.process.stderr if "WARNING" in line)
        assert "programs.senders names 'kimm', and nobody with that login name" in warned
        device.send()
        here.process.send_signal(signal.SIGTERM)
        facts = [line for line in here.process.stderr if "DEBUG" in line]
    assert any("JobSubmitted" in line for line in facts)
    assert "@" not in "".join(facts)


@pytest.mark.manual("B13")
def test_b13_a_network_is_not_served_without_a_certificate(device: Device) -> None:
    for option, address, why in (
        ("--listen", "0.0.0.0:0", "0.0.0.0:0 is not this machine alone"),
        ("--listen-tls", "127.0.0.1:465", "TLS from the first octet is wanted at 127.0.0.1:465"),
    ):
        ended = device.franking("run", option, address)
        assert (ended.code, why in ended.err) == (78, True)
        assert "`[programs]`" in ended.err
        assert "Traceback" not in ended.err


@pytest.mark.manual("B13")
@pytest.mark.parametrize("option", ["--listen", "--links", "--panel", "--page"])
@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("127.0.0.1", "another program listens there. Stop it, or name another port"),
        ("nobody.invalid", "nobody knows a host of that name. Name an address of this machine"),
        ("192.0.2.1", "it is no address of this machine. Name one that `ip address` shows"),
    ],
)
def test_an_address_that_cannot_be_had_is_told_in_words(
    device: Device, tmp_path: Path, option: str, host: str, why: str
) -> None:
    certified(tmp_path, device.store)
    device.set("programs", certificate=CERTIFICATE)
    device.set("page", certificate=CERTIFICATE)
    with socket.create_server((LOOPBACK, 0)) as taken:
        address = f"{host}:{taken.getsockname()[1]}"
        ended = device.franking("run", option, address)
    assert (ended.code, f"annot listen at {address}: {why}" in ended.err) == (69, True), ended.err


def test_what_a_low_port_needs_is_told_whole() -> None:
    told = str(CannotListen("0.0.0.0", 25, PermissionError(errno.EACCES, "Permission denied")))  # noqa: S104
    for right in ("CapabilityBoundingSet", "AmbientCapabilities"):
        assert f"{right}=CAP_NET_BIND_SERVICE" in told
    assert "Name a port above 1023" in told


def test_a_password_is_a_persons_or_a_programs(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{WORD}\n"))
    for arguments in (("kim", "--client", "grafana"), ("--client", " ")):
        ended = device.franking("password", *arguments)
        assert (ended.code, "USER, or --client NAME" in ended.err) == (64, True)
