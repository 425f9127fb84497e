"""One side of a comparison in a process of its own: it sends so many messages of one size, and prints what
that took. The engine's own side is in `engine_side.py`.

Rule: connecting, signing in and making the message are not counted, except where the side is named after
that; a few small messages go before, so that nothing is done for the first time. Everything is verified TLS,
signed in with XOAUTH2.
"""

import asyncio
import base64
import os
import resource
import smtplib
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Mapping
from email import policy
from email.message import EmailMessage
from pathlib import Path
from time import perf_counter, process_time
from types import MappingProxyType

import aiosmtplib
from pydantic import BaseModel

from ..testing.authority import client_context

SENDER, RECIPIENT, TOKEN = "printer@example.com", "office@example.com", "of-the-bench"
STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
FIRST, FIRST_OCTETS = 3, 1_500
"Sent before anything is measured."


class Task(BaseModel):
    """What a side is told."""

    side: str
    port: int
    trust: Path
    scan: Path
    count: int


class Took(BaseModel):
    per_s: float
    "Messages."
    cpu_s: float
    "Of one message."
    growth_mb: float
    "Of the memory's peak, over what was resident before."


class Measured:
    """`with` around what counts."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __enter__(self) -> "Measured":
        CLEAR.write_text("5", encoding="ascii")  # the peak begins anew
        self.resident = kilobytes("VmRSS")
        self.cpu, self.began = process_time(), perf_counter()
        return self

    def __exit__(self, *exc_info: object) -> None:
        seconds, cpu_s = perf_counter() - self.began, process_time() - self.cpu
        growth = kilobytes("VmHWM") - self.resident
        self.took = Took(per_s=self.count / seconds, cpu_s=cpu_s / self.count, growth_mb=growth / 1024)


def kilobytes(field: str) -> int:
    """Of this program alone: what `getrusage` says of the peak holds for whoever started it, too."""
    lines = STATUS.read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


def message(scan: bytes) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = SENDER, RECIPIENT, "Scan to E-mail"
    made["Message-ID"] = "<bench@example.com>"
    made.set_content("A scan.")
    made.add_attachment(scan, maintype="application", subtype="pdf", filename="scan.pdf")
    return made


def small() -> EmailMessage:
    return message(os.urandom(FIRST_OCTETS))


def on_the_wire(made: EmailMessage) -> bytes:
    octets = made.as_bytes(policy=policy.SMTP).replace(b"\r\n.", b"\r\n..")
    return (octets if octets.endswith(b"\r\n") else octets + b"\r\n") + b".\r\n"


def xoauth2() -> str:
    return f"user={SENDER}\x01auth=Bearer {TOKEN}\x01\x01"


class Replay:
    """The same octets again and again over one connection, envelope in one flight: what the wire gives."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        plain = socket.create_connection(("127.0.0.1", port))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket, self.replies = plain, plain.makefile("rb")
        self.reply()
        self.ask(b"EHLO localhost")
        self.ask(b"STARTTLS")
        self.socket = context.wrap_socket(plain, server_hostname="localhost")
        self.replies = self.socket.makefile("rb")
        self.ask(b"EHLO localhost")
        self.ask(b"AUTH XOAUTH2 " + base64.b64encode(xoauth2().encode()))

    def reply(self) -> None:
        while (line := self.replies.readline())[3:4] == b"-":
            pass
        assert line[:1] in (b"2", b"3"), line

    def ask(self, line: bytes) -> None:
        self.socket.sendall(line + b"\r\n")
        self.reply()

    def send(self, octets: bytes) -> None:
        self.socket.sendall(f"MAIL FROM:<{SENDER}>\r\nRCPT TO:<{RECIPIENT}>\r\nDATA\r\n".encode())
        for _ in range(3):
            self.reply()
        self.socket.sendall(octets)
        self.reply()


def raw(task: Task) -> Took:
    octets, first = on_the_wire(message(task.scan.read_bytes())), on_the_wire(small())
    replay = Replay(task.port, client_context(task.trust))
    for _ in range(FIRST):
        replay.send(first)
    with Measured(task.count) as measured:
        for _ in range(task.count):
            replay.send(octets)
    return measured.took


async def connected(task: Task, context: ssl.SSLContext) -> aiosmtplib.SMTP:
    client = aiosmtplib.SMTP(hostname="localhost", port=task.port, start_tls=True, tls_context=context)
    await client.connect()
    await client.auth_xoauth2(SENDER, TOKEN)
    return client


async def by_aiosmtplib(task: Task) -> Took:
    made, context = message(task.scan.read_bytes()), client_context(task.trust)
    client = await connected(task, context)
    for _ in range(FIRST):
        await client.send_message(small())
    with Measured(task.count) as measured:
        for _ in range(task.count):
            await client.send_message(made)
    await client.quit()
    return measured.took


async def connecting_each(task: Task) -> Took:
    made, context = message(task.scan.read_bytes()), client_context(task.trust)
    client = await connected(task, context)
    await client.send_message(small())
    await client.quit()
    with Measured(task.count) as measured:
        for _ in range(task.count):
            client = await connected(task, context)
            await client.send_message(made)
            await client.quit()
    return measured.took


def by_smtplib(task: Task) -> Took:
    made = message(task.scan.read_bytes())
    with smtplib.SMTP("localhost", task.port) as client:
        client.starttls(context=client_context(task.trust))
        client.ehlo()
        client.auth("XOAUTH2", lambda challenge=None: xoauth2())
        for _ in range(FIRST):
            client.send_message(small())
        with Measured(task.count) as measured:
            for _ in range(task.count):
                client.send_message(made)
    return measured.took


def by_curl(task: Task) -> Took:
    """One run of it, whose start and connecting count: it has no other way."""
    path = task.scan.with_suffix(".eml")
    path.write_bytes(message(task.scan.read_bytes()).as_bytes(policy=policy.SMTP))
    each = [
        "--silent", "--show-error", "--ssl-reqd", "--cacert", str(task.trust),
        "--user", SENDER, "--oauth2-bearer", TOKEN, "--login-options", "AUTH=XOAUTH2",
        "--mail-from", SENDER, "--mail-rcpt", RECIPIENT, "--upload-file", str(path),
        f"smtp://localhost:{task.port}",
    ]  # fmt: skip
    arguments = list(each)
    for _ in range(task.count - 1):
        arguments += ["--next", *each]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = perf_counter()
    subprocess.run(["/usr/bin/curl", *arguments], check=True)
    seconds, used = perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    return Took(per_s=task.count / seconds, cpu_s=cpu_s / task.count, growth_mb=used.ru_maxrss / 1024)


SIDES: Mapping[str, Callable[[Task], Took]] = MappingProxyType({
    "raw": raw,
    "aiosmtplib": lambda task: asyncio.run(by_aiosmtplib(task)),
    "aiosmtplib_each": lambda task: asyncio.run(connecting_each(task)),
    "smtplib": by_smtplib,
    "curl": by_curl,
})  # fmt: skip


if __name__ == "__main__":
    told = Task.model_validate_json(sys.argv[1])
    print(SIDES[told.side](told).model_dump_json())
