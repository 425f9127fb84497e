"""Programs that nobody here wrote send a message by SMTP, each as its users do.

Rule: loopback only. Where a program is missing, its test says so and is skipped.
"""

import asyncio
import os
import shutil
import smtplib
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pytest

from .npm import MODULES, node

VERSION = "10.6.1"
"Of nodemailer."
PATIENCE_S = 60.0


class Mail(NamedTuple):
    host: str
    port: int
    sender: str
    recipient: str
    file: Path
    "The message, its lines ended by CRLF."


async def ran(package: str, *command: str | Path, stdin: bytes = b"", folder: Path | None = None) -> str:
    """What it said. `package`: as Debian names it."""
    program = shutil.which(str(command[0]))
    if program is None:
        pytest.skip(f"there is no {command[0]} here: apt-get install {package}")
    home = {"HOME": str(folder or "/nonexistent"), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
    process = await asyncio.create_subprocess_exec(
        program, *command[1:], stdin=PIPE, stdout=PIPE, stderr=STDOUT, cwd=folder, env={**os.environ, **home}
    )
    async with asyncio.timeout(PATIENCE_S):
        said, _ = await process.communicate(stdin)
    assert process.returncode == 0, said.decode()
    return said.decode()


async def msmtp(mail: Mail) -> None:
    await ran(
        "msmtp",
        *(
            "msmtp",
            "--file=/dev/null",
            f"--host={mail.host}",
            f"--port={mail.port}",
            "--tls=off",
            "--auth=off",
        ),
        *(f"--from={mail.sender}", "--", mail.recipient),
        stdin=mail.file.read_bytes().replace(b"\r\n", b"\n"),
    )


async def swaks(mail: Mail) -> None:
    """It puts a line end behind what it is given."""
    given = mail.file.with_suffix(".swaks")
    given.write_bytes(mail.file.read_bytes().removesuffix(b"\r\n"))
    said = await ran(
        "swaks",
        *("swaks", "--server", mail.host, "--port", str(mail.port), "--protocol", "ESMTP"),
        *("--from", mail.sender, "--to", mail.recipient, "--data", f"@{given}"),
    )
    assert "Ok: job" in said


async def curl(mail: Mail) -> None:
    await ran(
        "curl",
        *("curl", "--silent", "--show-error", f"smtp://{mail.host}:{mail.port}/client.example"),
        *("--mail-from", mail.sender, "--mail-rcpt", mail.recipient, "--upload-file", mail.file),
    )


async def python(mail: Mail) -> None:
    def send() -> None:
        with smtplib.SMTP(mail.host, mail.port) as server:
            server.sendmail(mail.sender, [mail.recipient], mail.file.read_bytes(), ["BODY=8BITMIME"])

    await asyncio.to_thread(send)


async def nodemailer(mail: Mail) -> None:
    program = await node("nodemailer", VERSION)
    script = Path(__file__).with_name("nodemailer.mjs")
    where = (mail.host, str(mail.port), mail.sender, mail.recipient)
    assert "Ok: job" in await ran("nodejs", program, script, MODULES, *where, mail.file)


SENDERS: Mapping[str, Callable[[Mail], Awaitable[None]]] = MappingProxyType({
    "msmtp": msmtp,
    "swaks": swaks,
    "curl": curl,
    "smtplib": python,
    "nodemailer": nodemailer,
})  # fmt: skip


async def git_send_email(mail: Mail, folder: Path) -> bytes:
    """A commit as a patch; what stands in it behind its header."""
    if shutil.which("git-send-email", path="/usr/lib/git-core") is None:
        pytest.skip("there is no git send-email here: apt-get install git-email")
    own = ("-c", "user.name=Printer", "-c", f"user.email={mail.sender}")
    await ran("git", "git", "init", "--quiet", folder)
    (folder / "paper.txt").write_text("A4\n.\n..\n", encoding="utf-8")
    await ran("git", "git", "add", "paper.txt", folder=folder)
    await ran("git", "git", *own, "commit", "--quiet", "-m", "Paper", folder=folder)
    patch = (await ran("git", "git", "format-patch", "-1", "HEAD", folder=folder)).strip()
    server = (f"--smtp-server={mail.host}", f"--smtp-server-port={mail.port}", "--smtp-domain=client.example")
    await ran(
        "git-email",
        *("git", *own, "send-email", *server, "--confirm=never", "--suppress-cc=all"),
        *(f"--from=Printer <{mail.sender}>", f"--to={mail.recipient}", patch),
        folder=folder,
    )
    return (folder / patch).read_bytes().partition(b"\n\n")[2].replace(b"\n", b"\r\n")
