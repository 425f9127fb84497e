"""The playing submission server as a company's relay: who may send, and with which security."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from franking.events.settings import Security
from franking.testing.authority import Authority, client_context
from franking.testing.clock import VirtualClock
from franking.testing.mailbox import Mailbox
from franking.testing.provider import ProviderServer
from franking.testing.quirks import GOOGLE
from franking.testing.submission import Admits, SubmissionServer

KIM, PASSWORD = "kim@example.com", "correct horse"
EVERY_SECURITY = pytest.mark.parametrize("security", Security)


@asynccontextmanager
async def connected(
    clock: VirtualClock, folder: Path, security: Security, admits: Admits
) -> AsyncIterator[tuple[aiosmtplib.SMTP, Mailbox]]:
    """A client that said EHLO, after STARTTLS where it is played."""
    authority, mailbox = Authority(folder), Mailbox(folder / "mailbox")
    async with (
        ProviderServer(GOOGLE, clock, authority) as provider,
        SubmissionServer(provider, authority, mailbox, security=security, admits=admits) as server,
        aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=security is Security.IMPLICIT,
            start_tls=security is Security.STARTTLS,
            tls_context=client_context(authority.ca_file),
        ) as smtp,
    ):
        provider.accounts.add(KIM, PASSWORD)
        await smtp.ehlo()
        yield smtp, mailbox


def letter() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = KIM, KIM
    return message


@EVERY_SECURITY
async def test_anyone_may_send_through_a_relay(
    clock: VirtualClock, tmp_path: Path, security: Security
) -> None:
    async with connected(clock, tmp_path, security, Admits.ANYONE) as (smtp, mailbox):
        await smtp.send_message(letter())
    envelope = mailbox.messages[0].envelope
    assert (envelope.account, envelope.mechanism) == ("", "")
    assert envelope.tls.startswith("TLSv1") is (security is not Security.NONE)


@EVERY_SECURITY
async def test_the_others_want_a_sign_in(clock: VirtualClock, tmp_path: Path, security: Security) -> None:
    async with connected(clock, tmp_path, security, Admits.SIGNED_IN) as (smtp, mailbox):
        with pytest.raises(aiosmtplib.SMTPSenderRefused, match=r"5\.7\.0 Authentication Required"):
            await smtp.send_message(letter())
        await smtp.auth_plain(KIM, PASSWORD)
        await smtp.send_message(letter())
    envelope = mailbox.messages[0].envelope
    assert (envelope.account, envelope.mechanism) == (KIM, "PLAIN")


async def test_who_signs_in_at_a_relay_is_held_to_it(clock: VirtualClock, tmp_path: Path) -> None:
    async with connected(clock, tmp_path, Security.STARTTLS, Admits.ANYONE) as (smtp, mailbox):
        await smtp.auth_plain(KIM, PASSWORD)
        with pytest.raises(aiosmtplib.SMTPSenderRefused):
            await smtp.send_message(letter(), sender="lee@example.com")
    assert mailbox.messages == []
