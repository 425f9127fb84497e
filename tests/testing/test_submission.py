"""The playing submission servers, spoken to by aiosmtplib: who may send, what is refused, and with which
words.
"""

import asyncio
import base64
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from franking.testing.authority import client_context
from franking.testing.clock import VirtualClock
from franking.testing.kit import Kit, playing
from franking.testing.plain_client import PlainClient
from franking.testing.providers import BY_NAME
from franking.testing.quirks import GOOGLE, MICROSOFT
from franking.testing.replies import REPLIES_BY_NAME
from franking.testing.seen import Given

KIM, LEE = "kim@example.com", "lee@example.com"
BOTH = pytest.mark.parametrize("name", BY_NAME.keys())


class Scene:
    """One provider with its submission server, and connections to it."""

    def __init__(self, kit: Kit, name: str) -> None:
        self.provider = kit.providers[name]
        self.server = kit.submissions[name]
        self.mailbox = kit.mailbox
        self.ca_file = kit.ca_file

    def connection(self) -> aiosmtplib.SMTP:
        context = client_context(self.ca_file)
        return aiosmtplib.SMTP(
            hostname=self.server.host, port=self.server.port, start_tls=True, tls_context=context, timeout=20
        )

    def given(self, email: str = KIM) -> Given:
        return self.provider.give(email)

    @asynccontextmanager
    async def authenticated(self) -> AsyncIterator[aiosmtplib.SMTP]:
        async with self.connection() as smtp:
            await authenticate(smtp, KIM, self.given().access_token)
            yield smtp


@asynccontextmanager
async def scene(name: str, clock: VirtualClock, folder: Path) -> AsyncIterator[Scene]:
    async with playing(clock, folder, (name,)) as kit:
        kit.add_account(KIM, "correct horse")
        kit.add_account(LEE, "battery staple")
        yield Scene(kit, name)


def xoauth2(user: str, token: str) -> bytes:
    return base64.b64encode(f"user={user}\x01auth=Bearer {token}\x01\x01".encode())


async def authenticate(smtp: aiosmtplib.SMTP, user: str, token: str) -> None:
    """In two steps, as a token of Microsoft's length needs; raises SMTPAuthenticationError."""
    await smtp.ehlo()
    asked = await smtp.execute_command(b"AUTH", b"XOAUTH2")
    assert (asked.code, asked.message) == (334, "")
    said = await smtp.execute_command(xoauth2(user, token))
    if said.code == 334:
        said = await smtp.execute_command(b"")
    if said.code != 235:
        raise aiosmtplib.SMTPAuthenticationError(said.code, said.message)


def scan(octets: int = 200_000) -> tuple[EmailMessage, bytes]:
    content = os.urandom(octets)
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = KIM, LEE, "Scan"
    message.set_content("..\n.\nSee the attached scan.\n")
    message.add_attachment(content, maintype="application", subtype="pdf", filename="Größe 1.pdf")
    return message, content


@BOTH
async def test_a_good_token_delivers_an_identical_attachment(
    name: str, clock: VirtualClock, tmp_path: Path
) -> None:
    async with scene(name, clock, tmp_path) as at:
        message, content = scan()
        async with at.authenticated() as smtp:
            await smtp.send_message(message)
        await at.mailbox.wait_for(1)
        (delivered,) = at.mailbox.messages
        assert delivered.attachments() == [("Größe 1.pdf", content)]
        assert (delivered.mail_from, delivered.rcpt_tos) == (KIM, (LEE,))
        assert delivered.envelope.account == KIM
        assert delivered.envelope.mechanism == "XOAUTH2"
        assert delivered.envelope.tls == "TLSv1.3"
        assert delivered.at == clock.now()
        assert delivered.path == tmp_path / "mailbox" / "000001.eml"
        body = delivered.message().get_body()
        assert body is not None
        assert body.get_content().splitlines() == ["..", ".", "See the attached scan."]


@BOTH
async def test_says_what_it_can_do_after_starttls_alone(
    name: str, clock: VirtualClock, tmp_path: Path
) -> None:
    replies = REPLIES_BY_NAME[name]
    async with scene(name, clock, tmp_path) as at:
        async with aiosmtplib.SMTP(hostname="localhost", port=at.server.port, start_tls=False) as plain:
            before = (await plain.ehlo()).message.splitlines()
            assert "STARTTLS" in before
            assert not [line for line in before if line.startswith("AUTH")]
            refused = await plain.execute_command(b"MAIL", b"FROM:<kim@example.com>")
            assert f"{refused.code} {refused.message}" == replies.starttls_first
        async with at.connection() as smtp:
            after = (await smtp.ehlo()).message.splitlines()
        assert f"SIZE {replies.octets_max}" in after
        assert {"8BITMIME", "SMTPUTF8", "PIPELINING", "ENHANCEDSTATUSCODES"} < set(after)
        assert f"AUTH {' '.join(sorted(replies.mechanisms))}" in after
        assert "STARTTLS" not in after


@BOTH
async def test_nobody_sends_without_auth(name: str, clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(name, clock, tmp_path) as at, at.connection() as smtp:
        with pytest.raises(aiosmtplib.SMTPResponseException) as refused:
            await smtp.mail(KIM)
        assert f"{refused.value.code} {refused.value.message}" == at.server.replies.auth_first


@BOTH
async def test_an_expired_token_is_refused(name: str, clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(name, clock, tmp_path) as at:
        given = at.given()
        clock.move(timedelta(seconds=given.expires_in_s))
        async with at.connection() as smtp:
            with pytest.raises(aiosmtplib.SMTPAuthenticationError) as refused:
                await authenticate(smtp, KIM, given.access_token)
        assert f"{refused.value.code} {refused.value.message}" == at.server.replies.token_refused


@BOTH
async def test_a_revoked_token_is_refused(name: str, clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(name, clock, tmp_path) as at:
        given = at.given()
        at.provider.revoke_grants(KIM)
        async with at.connection() as smtp:
            with pytest.raises(aiosmtplib.SMTPAuthenticationError):
                await authenticate(smtp, KIM, given.access_token)


@BOTH
async def test_a_foreign_token_is_refused(name: str, clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(name, clock, tmp_path) as at, at.connection() as smtp:
        with pytest.raises(aiosmtplib.SMTPAuthenticationError):
            await authenticate(smtp, KIM, at.given(LEE).access_token)


@BOTH
async def test_a_token_without_the_mail_scope_is_refused(
    name: str, clock: VirtualClock, tmp_path: Path
) -> None:
    async with scene(name, clock, tmp_path) as at, at.connection() as smtp:
        given = at.provider.give(KIM, frozenset({"openid", "https://www.googleapis.com/auth/gmail.send"}))
        with pytest.raises(aiosmtplib.SMTPAuthenticationError):
            await authenticate(smtp, KIM, given.access_token)


async def test_an_application_opens_the_mailboxes_of_its_permissions(
    clock: VirtualClock, tmp_path: Path
) -> None:
    async with scene(MICROSOFT.name, clock, tmp_path) as at:
        at.provider.registration.add_secret("of the printer")
        at.provider.registration.open_mailbox(KIM)
        fields = {"grant_type": "client_credentials", "scope": MICROSOFT.application_scope}
        async with PlainClient(at.provider, at.ca_file) as client:
            told = await client.post(at.provider.token_url, client_secret="of the printer", **fields)
        token = told.json()["access_token"]
        async with at.connection() as smtp:
            await authenticate(smtp, KIM, token)
            await smtp.send_message(scan()[0])
        assert [one.mail_from for one in at.mailbox.messages] == [KIM]
        async with at.connection() as smtp:
            with pytest.raises(aiosmtplib.SMTPAuthenticationError):
                await authenticate(smtp, LEE, token)


async def test_google_explains_before_it_refuses(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(GOOGLE.name, clock, tmp_path) as at, at.connection() as smtp:
        await smtp.ehlo()
        challenge = await smtp.execute_command(b"AUTH", b"XOAUTH2", xoauth2(KIM, "made-up"))
        assert challenge.code == 334
        assert json.loads(base64.b64decode(challenge.message))["status"] == "400"
        refused = await smtp.execute_command(b"")
        assert (refused.code, refused.message[:5]) == (535, "5.7.8")
        # the connection is good for another try
        accepted = await smtp.execute_command(b"AUTH", b"XOAUTH2", xoauth2(KIM, at.given().access_token))
        assert accepted.code == 235


async def test_microsoft_refuses_at_once(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT.name, clock, tmp_path) as at, at.connection() as smtp:
        await smtp.ehlo()
        refused = await smtp.execute_command(b"AUTH", b"XOAUTH2", xoauth2(KIM, "made-up"))
        assert (refused.code, refused.message[:5]) == (535, "5.7.3")


@pytest.mark.parametrize(("octets", "code"), [(512, 535), (513, 500), (2000, 500)])
async def test_a_command_line_has_512_octets(
    octets: int, code: int, clock: VirtualClock, tmp_path: Path
) -> None:
    """Counted with its CRLF (RFC 5321 section 4.5.3.1.4)."""
    async with scene(MICROSOFT.name, clock, tmp_path) as at, at.connection() as smtp:
        await smtp.ehlo()
        # spaces before the response count too, and let every length be reached with whole base64
        room = octets - len("AUTH XOAUTH2 \r\n")
        response = b"QUFB" * (room // 4)
        answer = await smtp.execute_command(b"AUTH", b"XOAUTH2" + b" " * (room % 4), response)
        assert answer.code == code
        if code == 500:
            assert answer.message == "5.5.2 line too long"


@BOTH
async def test_oauthbearer_where_it_is_offered(name: str, clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(name, clock, tmp_path) as at, at.connection() as smtp:
        await smtp.ehlo()
        token = at.given().access_token
        response = base64.b64encode(f"n,a={KIM},\x01host=localhost\x01auth=Bearer {token}\x01\x01".encode())
        asked = await smtp.execute_command(b"AUTH", b"OAUTHBEARER")
        if "OAUTHBEARER" not in at.server.replies.mechanisms:
            assert asked.code == 504
            return
        assert (await smtp.execute_command(response)).code == 235


@BOTH
async def test_a_password_does_where_oauth_is_off(name: str, clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(name, clock, tmp_path) as at:
        async with at.connection() as smtp:
            await smtp.ehlo()
            await smtp.auth_login(KIM, "correct horse")
            await smtp.send_message(scan(10)[0])
        assert at.mailbox.messages[0].envelope.mechanism == "LOGIN"
        async with at.connection() as smtp:
            await smtp.ehlo()
            with pytest.raises(aiosmtplib.SMTPAuthenticationError) as refused:
                await smtp.auth_login(KIM, "guess")
        assert refused.value.code == 535


async def test_authenticated_smtp_can_be_off(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT.name, clock, tmp_path) as at, at.connection() as smtp:
        at.provider.accounts.disable_submission(KIM)
        with pytest.raises(aiosmtplib.SMTPAuthenticationError, match=r"5\.7\.139"):
            await authenticate(smtp, KIM, at.given().access_token)
        at.provider.accounts.enable_submission(KIM)
        await authenticate(smtp, KIM, at.given().access_token)


@BOTH
async def test_the_sender_is_the_account_or_one_of_its_addresses(
    name: str, clock: VirtualClock, tmp_path: Path
) -> None:
    async with scene(name, clock, tmp_path) as at:
        at.provider.accounts.add("desk@example.com", "pw", send_as=frozenset({"Office@example.com"}))
        async with at.connection() as smtp:
            await authenticate(smtp, "desk@example.com", at.given("desk@example.com").access_token)
            assert (await smtp.mail("office@example.com")).code == 250
            await smtp.rset()
            with pytest.raises(aiosmtplib.SMTPSenderRefused) as refused:
                await smtp.mail(KIM)
        assert f"{refused.value.code} {refused.value.message}" == at.server.replies.sender_refused


@BOTH
async def test_too_large_is_said_before_the_body(name: str, clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(name, clock, tmp_path) as at, at.authenticated() as smtp:
        with pytest.raises(aiosmtplib.SMTPSenderRefused) as refused:
            await smtp.mail(KIM, options=[f"SIZE={at.server.replies.octets_max + 1}"])
        assert (refused.value.code, refused.value.message[:5]) == (552, "5.3.4")


async def test_scripted_replies_come_once_at_their_phase(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT.name, clock, tmp_path) as at:
        message, _ = scan(10)
        at.mailbox.refuse_next("connect", "421 4.3.2 Service not available")
        with pytest.raises(aiosmtplib.SMTPConnectResponseError) as connect:
            await at.connection().connect()
        assert connect.value.code == 421
        at.mailbox.refuse_next("auth", "454 4.7.0 Temporary authentication failure")
        async with at.connection() as smtp:
            with pytest.raises(aiosmtplib.SMTPAuthenticationError, match=r"4\.7\.0"):
                await authenticate(smtp, KIM, at.given().access_token)
        at.mailbox.refuse_next("mail", "432 4.3.2 Concurrent connections limit exceeded")
        at.mailbox.refuse_next("rcpt", "550 5.1.10 Recipient not found")
        at.mailbox.refuse_next("data", "554 5.2.2 mailbox full")
        async with at.authenticated() as smtp:
            with pytest.raises(aiosmtplib.SMTPSenderRefused):
                await smtp.send_message(message)
            with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
                await smtp.send_message(message)
            with pytest.raises(aiosmtplib.SMTPDataError):
                await smtp.send_message(message)
            assert at.mailbox.messages == []
            await smtp.send_message(message)
        assert len(at.mailbox.messages) == 1


async def test_421_closes_the_connection(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT.name, clock, tmp_path) as at, at.authenticated() as smtp:
        at.mailbox.refuse_next("data", "421 4.3.2 The server is shutting down")
        with pytest.raises(aiosmtplib.SMTPDataError):
            await smtp.send_message(scan(10)[0])
        with pytest.raises(aiosmtplib.SMTPServerDisconnected):
            await smtp.noop()


async def test_held_bodies_are_not_stored(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT.name, clock, tmp_path) as at, at.authenticated() as smtp:
        async with asyncio.TaskGroup() as group, at.server.hold_bodies() as gate:
            group.create_task(smtp.send_message(scan(10)[0]))
            await gate.arrived(1)
            assert at.mailbox.messages == []
        assert len(at.mailbox.messages) == 1


@pytest.mark.parametrize(("lost", "stored"), [("answer", 1), ("message", 0)])
async def test_the_connection_can_be_lost_at_the_final_dot(
    lost: str, stored: int, clock: VirtualClock, tmp_path: Path
) -> None:
    """RFC 1047: the client cannot tell the two apart."""
    async with scene(MICROSOFT.name, clock, tmp_path) as at:
        if lost == "answer":
            at.server.drop_after_dot()
        else:
            at.server.drop_at_dot()
        async with at.authenticated() as smtp:
            with pytest.raises(aiosmtplib.SMTPServerDisconnected):
                await smtp.send_message(scan(10)[0])
        assert len(at.mailbox.messages) == stored
        async with at.authenticated() as smtp:
            await smtp.send_message(scan(10)[0])
        assert len(at.mailbox.messages) == stored + 1


async def test_no_token_reaches_a_log(
    clock: VirtualClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    async with scene(GOOGLE.name, clock, tmp_path) as at:
        given = at.given()
        async with at.connection() as smtp:
            await authenticate(smtp, KIM, given.access_token)
            await smtp.send_message(scan(10)[0])
        async with at.connection() as smtp:
            await smtp.ehlo()
            await smtp.execute_command(b"AUTH", b"XOAUTH2", xoauth2(KIM, given.access_token))
        said = "".join(record.getMessage() for record in caplog.records if record.name == "mail.log")
        assert "AUTH" in said
        assert given.access_token not in said
        assert xoauth2(KIM, given.access_token).decode() not in said
        assert given.access_token not in repr(given)


async def test_a_mailbox_goes_on_numbering(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT.name, clock, tmp_path) as at, at.authenticated() as smtp:
        await smtp.send_message(scan(10)[0])
    async with scene(MICROSOFT.name, clock, tmp_path) as at, at.authenticated() as smtp:
        await smtp.send_message(scan(10)[0])
        assert at.mailbox.messages[0].path.name == "000002.eml"
    assert sorted(path.name for path in (tmp_path / "mailbox").iterdir()) == ["000001.eml", "000002.eml"]


async def test_all_providers_play_at_once(clock: VirtualClock, tmp_path: Path) -> None:
    async with playing(clock, tmp_path, tuple(BY_NAME)) as kit:
        kit.add_account(KIM, "correct horse")
        for name in BY_NAME:
            async with Scene(kit, name).authenticated() as smtp:
                await smtp.send_message(scan(10)[0])
        assert len(kit.mailbox.messages) == len(BY_NAME)
        foreign = kit.google.give(KIM).access_token
        async with Scene(kit, "microsoft").connection() as smtp:
            with pytest.raises(aiosmtplib.SMTPAuthenticationError):
                await authenticate(smtp, KIM, foreign)
