"""What the log says of TLS that fails: one line, with whom and why, and never a fault of the engine."""

import asyncio
import logging
import smtplib
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from franking.engine.programs.listener import Address

from .guest import CERTIFICATE, PATIENCE_S, client, listening


def junk(one: socket.socket) -> None:
    one.sendall(b"\x00" * 512)
    read_up(one)


def http(one: socket.socket) -> None:
    one.sendall(b"GET / HTTP/1.1\r\n\r\n")
    read_up(one)


def no_trust(one: socket.socket) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        ssl.create_default_context().wrap_socket(one, server_hostname="localhost")


def middle(one: socket.socket) -> None:
    there = ssl.MemoryBIO()
    begun = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), there, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        begun.do_handshake()
    one.sendall(there.read())
    assert one.recv(1)


def later(one: socket.socket) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    guarded = context.wrap_socket(one, server_hostname="localhost")
    with socket.socket(fileno=guarded.detach()) as bare:
        bare.settimeout(PATIENCE_S)
        junk(bare)


def read_up(one: socket.socket) -> None:
    try:
        while one.recv(4096):
            pass
    except ConnectionError:
        return


def connected(address: Address, *, implicit: bool) -> socket.socket:
    if implicit:
        return socket.create_connection(address, PATIENCE_S)
    server = smtplib.SMTP(*address, timeout=PATIENCE_S)
    server.ehlo()
    assert server.docmd("STARTTLS")[0] == 220
    assert server.sock is not None
    return server.sock


@pytest.mark.manual("B13")
@pytest.mark.parametrize("implicit", [True, False], ids=["implicit", "STARTTLS"])
@pytest.mark.parametrize(
    ("does", "why"),
    [
        (junk, "what the client sends is no TLS"),
        (http, "the client speaks HTTP"),
        (no_trust, "the client does not know the certificate's authority: let it trust that one"),
        (middle, "the client went away, or took too long"),
        (later, "what the client sends is no TLS"),
    ],
)
async def test_b13_a_handshake_that_fails_is_one_line_of_the_log(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    does: Callable[[socket.socket], None],
    why: str,
    *,
    implicit: bool,
) -> None:
    caplog.set_level(logging.INFO)

    def call() -> None:
        with connected(address, implicit=implicit) as one:
            does(one)

    async with listening(tmp_path, implicit_tls=implicit, certificate=CERTIFICATE) as (_, _, address):
        await asyncio.to_thread(call)
        trusts = ssl.create_default_context(cafile=tmp_path / "authority.pem")
        async with client(address, trusts if implicit else None) as one:
            assert (await one.says("QUIT")).startswith("221 ")
    said = [each for each in caplog.records if each.name in ("franking", "asyncio")]
    assert [(each.levelno, each.message, each.exc_info) for each in said] == [
        (logging.INFO, f"TLS with 127.0.0.1 failed: {why}", None)
    ]
