"""Against the playing providers' submission servers, with tokens that they gave."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from franking.engine.contents import OnDisk
from franking.engine.functions import Header, compose
from franking.engine.ports import Attachment, Envelope, Phase, Verdict
from franking.engine.smtp.submission import SmtpSubmission
from franking.engine.smtp.trouble import explain
from franking.events.request import ScanToEmail
from franking.testing.authority import client_context
from franking.testing.clock import VirtualClock
from franking.testing.kit import Kit, playing
from franking.tests.engine.smtp.device import KIM, LEE, MOMENT, with_password, with_token

BOTH = pytest.mark.parametrize("name", ["microsoft", "google"])
PASSWORD = "marked-correct-horse"


class Scene:
    """One provider with kim's mailbox, and a scan of kim's to send."""

    def __init__(self, kit: Kit, name: str, clock: VirtualClock, scan: Path) -> None:
        self.kit = kit
        self.server = kit.submissions[name]
        self.provider = kit.providers[name]
        self.scan = scan
        self.submission = SmtpSubmission(
            self.server.host, self.server.port, lambda: client_context(kit.ca_file), clock
        )
        request = ScanToEmail(user="kim", to=(LEE,), files=(scan,), text="Grüße\n.\n")
        attachment = Attachment(
            OnDisk(scan, scan.stat().st_size), "Rechnung März – 2026.pdf", "application/pdf"
        )
        self.message = compose(request, Header(KIM, "<one@example.com>", MOMENT), [attachment])

    async def begin(self) -> None:
        """Nothing is kept here."""

    def envelope(self, sender: str = KIM) -> Envelope:
        return Envelope(sender, (LEE,), self.message)


@asynccontextmanager
async def scene(name: str, clock: VirtualClock, folder: Path) -> AsyncIterator[Scene]:
    scan = folder / "scan.pdf"
    scan.write_bytes(b"%PDF-1.7\n" + bytes(range(256)) * 1_000)
    async with playing(clock, folder, (name,)) as kit:
        kit.add_account(KIM, PASSWORD)
        at = Scene(kit, name, clock, scan)
        try:
            yield at
        finally:
            await at.submission.aclose()


@pytest.mark.manual("S30", "S25")
@BOTH
async def test_s30_a_scan_arrives_byte_for_byte_on_a_good_token(
    name: str, clock: VirtualClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with scene(name, clock, tmp_path) as at:
        given = at.provider.give(KIM)
        login = with_token(token=given.access_token)
        outcomes = [await at.submission.send(login, at.envelope(), at.begin) for _ in range(2)]
        arrived = at.kit.mailbox.messages
    assert [(each.verdict, each.phase) for each in outcomes] == [(Verdict.SENT, Phase.BODY)] * 2
    assert len(arrived) == 2
    assert {each.octets for each in arrived} == {at.message.size}
    assert arrived[0].attachments() == [("Rechnung März – 2026.pdf", at.scan.read_bytes())]
    assert given.access_token not in caplog.text
    assert given.access_token not in repr((outcomes, login))


@pytest.mark.manual("S32")
@BOTH
async def test_s32_an_expired_token_is_refused_as_such(
    name: str, clock: VirtualClock, tmp_path: Path
) -> None:
    async with scene(name, clock, tmp_path) as at:
        given = at.provider.give(KIM)
        clock.move(timedelta(hours=2))
        outcome = await at.submission.send(with_token(token=given.access_token), at.envelope(), at.begin)
    assert (outcome.verdict, outcome.phase, outcome.answered) == (Verdict.TOKEN_REFUSED, Phase.AUTH, True)
    assert outcome.code == {"microsoft": "535 5.7.3", "google": "535 5.7.8"}[name]


@BOTH
async def test_another_from_address_ends_the_job(name: str, clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(name, clock, tmp_path) as at:
        token = at.provider.give(KIM).access_token
        outcome = await at.submission.send(with_token(token=token), at.envelope("boss@example.com"), at.begin)
        assert at.kit.mailbox.messages == []
    assert (outcome.verdict, outcome.phase) == (Verdict.SENDER_REFUSED, Phase.MAIL)


@pytest.mark.manual("S31")
async def test_s31_authenticated_smtp_off_closes_the_way_for_tokens(
    clock: VirtualClock, tmp_path: Path
) -> None:
    async with scene("microsoft", clock, tmp_path) as at:
        at.provider.accounts.disable_submission(KIM)
        token = at.provider.give(KIM).access_token
        outcome = await at.submission.send(with_token(token=token), at.envelope(), at.begin)
    assert (outcome.verdict, outcome.code) == (Verdict.CLOSES, "535 5.7.139")
    assert "[Authenticated SMTP]" in explain(outcome).remedy
    assert outcome.retry_after is not None


@pytest.mark.manual("S1")
@BOTH
async def test_s1_a_password_where_oauth_is_off(
    name: str, clock: VirtualClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with scene(name, clock, tmp_path) as at:
        good = await at.submission.send(with_password(PASSWORD), at.envelope(), at.begin)
        bad = await at.submission.send(
            with_password("marked-wrong", "lee@example.com"), at.envelope(), at.begin
        )
    assert (good.verdict, bad.verdict, bad.code) == (Verdict.SENT, Verdict.CLOSES, "password")
    assert "marked-" not in caplog.text + repr((good, bad))
