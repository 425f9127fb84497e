"""What programs of every day send to the listener arrives octet for octet (B13)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from franking.engine.clock import SystemClock
from franking.engine.programs.listener import serve
from franking.tests.engine.device import OFFICE, PRINTER, Office, office, states

from .senders import SENDERS, Mail, git_send_email
from .test_dovecot import scene

HEADER = (
    "From: printer@example.com\r\nTo: office@example.com\r\nDate: Mon, 02 Nov 2026 08:00:00 +0000\r\n"
    "Message-ID: <one@nas.example>\r\nSubject: disk\r\nMIME-Version: 1.0\r\n"
    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
)
BODY = "Gr\u00fc\u00dfe\r\n.\r\n..\r\n.hidden\r\n\ttab \r\n" + "x" * 900 + "\r\nlast\r\n"
MESSAGE = (HEADER + BODY).encode()


@asynccontextmanager
async def listening(folder: Path) -> AsyncIterator[tuple[Office, Mail]]:
    async with office(folder, clock=SystemClock()) as here, here.engine() as engine:
        await here.acquire(engine)
        file = folder / "mail.eml"
        file.write_bytes(MESSAGE)
        async with serve(engine) as address:
            yield here, Mail(*address, PRINTER, OFFICE, file)


async def arrived(here: Office) -> bytes:
    await here.kit.mailbox.wait_for(1)
    (delivered,) = here.kit.mailbox.messages
    assert (delivered.mail_from, delivered.rcpt_tos) == (PRINTER, (OFFICE,))
    return delivered.raw()


@pytest.mark.manual("B13")
@pytest.mark.parametrize("name", SENDERS)
async def test_b13_what_a_program_sends_arrives(tmp_path: Path, name: str) -> None:
    async with listening(tmp_path) as (here, mail):
        await SENDERS[name](mail)
        assert await arrived(here) == MESSAGE


@pytest.mark.manual("B13")
async def test_b13_git_sends_its_patches(tmp_path: Path) -> None:
    async with listening(tmp_path) as (here, mail):
        body = await git_send_email(mail, tmp_path / "repository")
        found = (await arrived(here)).partition(b"\r\n\r\n")[2]
        assert found.rstrip(b"\r\n") == body.rstrip(b"\r\n")


@pytest.mark.manual("B13", "S30")
async def test_b13_it_arrives_over_a_dovecot(tmp_path: Path) -> None:
    async with scene(tmp_path, "XOAUTH2") as at:
        smtp = {"server": "localhost", "port": at.dovecot.port}
        async with at.here.engine(smtp=smtp, tls={"trust": at.trust}) as engine:
            await at.here.acquire(engine)
            message = MESSAGE.decode().replace("Gr\u00fc\u00dfe", "Hello").replace("8bit", "7bit").encode()
            (tmp_path / "mail.eml").write_bytes(message)
            async with serve(engine) as address:
                await SENDERS["smtplib"](Mail(*address, PRINTER, OFFICE, tmp_path / "mail.eml"))
            await engine.settle()
            assert states(engine) == ["sent"], at.dovecot.said
        (found,) = at.arrived
        on_the_wire = message.replace(b"\r\n.", b"\r\n..")
        assert found.endswith(on_the_wire), "Dovecot puts a field of its own in front"
