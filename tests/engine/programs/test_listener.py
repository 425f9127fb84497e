"""A program on this machine sends by SMTP, and its message arrives (B13)."""

import asyncio
import smtplib
from pathlib import Path
from typing import Any

import pytest

from franking.engine.programs.listener import serve
from franking.tests.engine.device import KIM, LEE, OFFICE, PRINTER, office, states, warnings
from franking.tests.engine.reported import BY_MAIL, UNKNOWN, reports, why_not

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


@pytest.mark.manual("B13", "S21")
@pytest.mark.parametrize(("sender", "told"), [("", False), ("root@nas", True)])
async def test_b13_of_what_itself_tells_of_a_mail_nobody_is_told_by_mail(
    tmp_path: Path, sender: str, told: bool
) -> None:
    """RFC 5321 section 6.1: a null reverse-path; also where its program asked for a notice all the same."""
    async with office(tmp_path) as here, here.engine(reports=BY_MAIL) as engine:
        await here.acquire(engine)
        here.kit.mailbox.refuse_next("rcpt", UNKNOWN)
        async with serve(engine) as address, client(address) as one:
            await one.says("EHLO client.example", f"MAIL FROM:<{sender}>")
            await one.says(f"RCPT TO:<{OFFICE}> NOTIFY=SUCCESS,FAILURE", "DATA")
            assert (await one.says(MESSAGE + b".\r\n")).startswith("250 ")
        await engine.settle()
        assert len(reports(here)) == told
        assert (states(engine)[0], warnings(engine)) == ("ended", [("JOB_ENDED", "1")])
        assert len(why_not(engine, 1)) == told


@pytest.mark.manual("B13", "S17")
@pytest.mark.parametrize(
    ("setting", "writer", "of"),
    [
        ("Fix Administrator Address", "old.kim@example.com", PRINTER),
        ("Allow User Changes", "old.kim@example.com", "old.kim@example.com"),
        ("Allow User Changes", "sales@example.com", "sales@example.com"),
        ("Allow User Changes", "team@example.com", None),
    ],
)
async def test_b13_an_alias_and_a_shared_mailbox_are_whose_they_are(
    tmp_path: Path, setting: str, writer: str, of: str | None
) -> None:
    """One from which several may send is nobody's, unless the client says for whom it is there."""
    sections: dict[str, Any] = {
        "users": {"kim": KIM, "lee": LEE},
        "aliases": {"kim": ["old.kim@example.com"]},
        "shared_mailboxes": {"sales@example.com": ["kim"], "team@example.com": ["kim", "lee"]},
        "from_address": {"setting": setting},
        "programs": {"clients": {"here": {"networks": ["127.0.0.0/8"]}}},
    }
    async with (
        office(tmp_path, **sections) as here,
        here.engine() as engine,
        serve(engine) as address,
        client(address) as one,
    ):
        reply = await one.sends(MESSAGE.replace(b"root", writer.encode()))
        if of is None:
            assert reply.startswith(("550 5.7.1 No mailbox", "550-5.7.1 No mailbox")), reply
        else:
            assert reply.startswith("250 "), reply
            (job,) = engine.jobs()
            row = engine.store.job(job.job)
            assert row is not None
            assert (job.owner, row.sender) == ("kim", of)


@pytest.mark.manual("B13")
async def test_b13_a_domain_that_is_not_ascii_is_written_so_that_servers_read_it(tmp_path: Path) -> None:
    async with (
        office(tmp_path, administrator={"address": "printer@bücher.example"}) as here,
        here.engine() as engine,
        serve(engine) as address,
        client(address) as one,
    ):
        reply = await one.sends()
        assert reply.startswith("250 "), reply
        (job,) = engine.jobs()
        row = engine.store.job(job.job)
        assert row is not None
        assert row.message_id.endswith("@xn--bcher-kva.example>")
