"""TLS of the playing submission server: its versions can be set, and nobody gets past its certificate
unverified."""

import ssl
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from franking.testing.authority import Authority, client_context
from franking.testing.clock import VirtualClock
from franking.testing.mailbox import Mailbox
from franking.testing.provider import ProviderServer
from franking.testing.quirks import MICROSOFT
from franking.testing.submission import SubmissionServer

KIM = "kim@example.com"
OLD = ssl.TLSVersion.TLSv1_2


def connection(server: SubmissionServer, context: ssl.SSLContext) -> aiosmtplib.SMTP:
    return aiosmtplib.SMTP(hostname=server.host, port=server.port, start_tls=True, tls_context=context)


async def test_tls_versions_can_be_set(clock: VirtualClock, tmp_path: Path) -> None:
    authority, mailbox = Authority(tmp_path), Mailbox(tmp_path / "mailbox")
    message = EmailMessage()
    message["From"], message["To"] = KIM, KIM
    async with (
        ProviderServer(MICROSOFT, clock, authority) as provider,
        SubmissionServer(provider, authority, mailbox, maximum=OLD) as server,
    ):
        provider.accounts.add(KIM, "correct horse")
        context = client_context(authority.ca_file)
        async with connection(server, context) as smtp:
            await smtp.ehlo()
            await smtp.auth_login(KIM, "correct horse")
            await smtp.send_message(message)
        assert mailbox.messages[0].envelope.tls == "TLSv1.2"
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        with pytest.raises((ssl.SSLError, aiosmtplib.SMTPException)):
            await connection(server, context).connect()


async def test_a_client_that_trusts_another_authority_gets_no_further(
    clock: VirtualClock, tmp_path: Path
) -> None:
    authority, stranger = Authority(tmp_path), Authority(tmp_path / "stranger")
    async with (
        ProviderServer(MICROSOFT, clock, authority) as provider,
        SubmissionServer(provider, authority, Mailbox(tmp_path / "mailbox")) as server,
    ):
        with pytest.raises((ssl.SSLError, aiosmtplib.SMTPException), match=r"(?i)certificate"):
            await connection(server, client_context(stranger.ca_file)).connect()
