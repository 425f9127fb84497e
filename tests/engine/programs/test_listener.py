"""A program on this machine sends by SMTP, and its message arrives (B13)."""

import asyncio
import smtplib
from pathlib import Path

import pytest

from franking.tests.engine.device import OFFICE, PRINTER, states

from .guest import MESSAGE, client, listening

LARGE = MESSAGE + b"A line of a long body.\r\n" * 40_000


@pytest.mark.manual("B13")
@pytest.mark.parametrize("message", [MESSAGE, LARGE], ids=["small", "large"])
async def test_b13_what_smtplib_sends_arrives(tmp_path: Path, message: bytes) -> None:
    async with listening(tmp_path) as (here, engine, address):

        def send() -> None:
            with smtplib.SMTP(*address) as server:
                assert server.sendmail("root@nas", [OFFICE], message) == {}

        await here.acquire(engine)
        await asyncio.to_thread(send)
        await engine.settle()
        assert states(engine) == ["sent"]
        (delivered,) = here.kit.mailbox.messages
        assert (delivered.mail_from, delivered.rcpt_tos) == (PRINTER, (OFFICE,))
        assert delivered.raw().endswith(message[message.index(b"\r\n\r\n") :])


@pytest.mark.manual("B13")
async def test_b13_a_message_that_is_answered_is_durable_and_its_job_is_named(tmp_path: Path) -> None:
    async with listening(tmp_path) as (_, engine, address), client(address) as one:
        assert await one.sends() == "250 2.0.0 Ok: job 1"
        assert engine.store.job(1) is not None
        assert await one.sends() == "250 2.0.0 Ok: job 2"
        assert (await one.says("QUIT")).startswith("221 2.0.0 ")
        assert await one.closed()
