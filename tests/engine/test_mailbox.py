"""A mailbox that must be mended first: nothing is repeated into it, and mending it lets the jobs go (S31,
B10, B11).

Rule: what reached the submission server is counted there.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from franking.engine.engine import Engine
from franking.engine.refusal import Refused
from franking.events.information import Actor
from franking.events.job import JobTaken
from franking.events.mailbox import MailboxClosed, MailboxProved
from franking.events.request import Function, Medium, Transmission, TxResultReport
from franking.events.token import TokenWanted
from franking.machines.roles import Role, Viewer
from franking.tests.engine.device import (
    KIM,
    LEE,
    OFFICE,
    PASSWORDS,
    PRINTER,
    START,
    Office,
    credential,
    history,
    office,
    refresh_token,
    said,
    signed_in,
    states,
    warnings,
)

FULL = "554 5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException"


def sign_ins(here: Office) -> int:
    return here.server.sign_ins


@asynccontextmanager
async def switched_off(folder: Path) -> AsyncIterator[tuple[Office, Engine]]:
    """Authenticated SMTP is off for kim, who has scanned three times meanwhile."""
    async with signed_in(folder) as (here, engine):
        here.provider.accounts.disable_submission(KIM)
        await asyncio.gather(*(here.scan(engine) for _ in range(3)))
        await engine.settle()
        yield here, engine


@pytest.mark.manual("S31", "B9")
async def test_s31_authenticated_smtp_off_is_told_with_the_manuals_remedy(tmp_path: Path) -> None:
    async with switched_off(tmp_path) as (_, engine):
        (warning,) = engine.information()
        assert (warning.code.value, warning.actor) == ("I301", Actor.TENANT)
        assert KIM in warning.cause
        assert "535 5.7.139" in warning.cause
        for label in ("Microsoft 365 admin center", "[Active users]", "[Mail]", "[Manage email apps]"):
            assert label in warning.remedy
        assert "[Authenticated SMTP]" in warning.remedy


@pytest.mark.manual("B11", "B10", "S31")
async def test_b11_nothing_is_repeated_into_a_closed_mailbox(tmp_path: Path) -> None:
    async with switched_off(tmp_path) as (here, engine):
        met = sign_ins(here)
        assert met <= 3, "no more than were under way at once"
        for _ in range(5):
            await here.scan(engine)
        await here.passes(engine, minutes=59)
        assert states(engine) == ["waiting"] * 8
        assert sign_ins(here) == met
        assert {job.attempts for job in engine.status().jobs} == {0}, "none of it is a try of a message"


@pytest.mark.manual("B11")
async def test_b11_one_message_finds_out_after_an_hour_and_then_less_and_less_often(tmp_path: Path) -> None:
    async with switched_off(tmp_path) as (here, engine):
        met = sign_ins(here)
        for hours, tries in ((1, 1), (2, 2), (4, 3), (8, 4), (12, 5), (24, 6), (24, 7)):
            await here.passes(engine, hours=hours, minutes=1)
            assert sign_ins(here) - met == tries
        assert states(engine) == ["waiting"] * 3
        assert len([event for event in history(engine) if isinstance(event, MailboxClosed)]) == 3 + 7
        assert warnings(engine) == [("MAILBOX_CLOSED", "mailbox:1")]


@pytest.mark.manual("B10", "S31")
async def test_b10_mended_all_jobs_go_by_themselves_and_the_warning_clears(tmp_path: Path) -> None:
    async with switched_off(tmp_path) as (here, engine):
        here.provider.accounts.enable_submission(KIM)
        await here.passes(engine, hours=1)
        assert (states(engine), warnings(engine)) == (["sent"] * 3, [])
        assert engine.status().mailboxes == ()


@pytest.mark.manual("B10")
async def test_b10_a_person_who_mended_it_need_not_wait(tmp_path: Path) -> None:
    async with switched_off(tmp_path) as (here, engine):
        here.provider.accounts.enable_submission(KIM)
        assert await engine.try_mailbox("kim")
        await engine.settle()
        assert (states(engine), warnings(engine)) == (["sent"] * 3, [])
        assert not await engine.try_mailbox("kim"), "it is open"
        assert not await engine.try_mailbox("nobody")


@pytest.mark.manual("B10")
async def test_b10_to_repeat_one_job_tries_the_mailbox(tmp_path: Path) -> None:
    async with switched_off(tmp_path) as (here, engine):
        here.provider.accounts.enable_submission(KIM)
        await engine.retry(2)
        await engine.settle()
        assert states(engine) == ["sent"] * 3


@pytest.mark.manual("B10")
async def test_b10_a_fresh_sign_in_tries_it_at_once(tmp_path: Path) -> None:
    async with switched_off(tmp_path) as (here, engine):
        here.provider.accounts.enable_submission(KIM)
        await here.sign_in(engine)
        assert (states(engine), warnings(engine)) == (["sent"] * 3, [])


@pytest.mark.manual("B11")
async def test_b11_a_try_in_vain_sends_one_message_and_not_all(tmp_path: Path) -> None:
    async with switched_off(tmp_path) as (here, engine):
        met = sign_ins(here)
        await engine.try_mailbox("kim")
        await engine.settle()
        assert sign_ins(here) - met == 1
        assert states(engine) == ["waiting"] * 3


@pytest.mark.manual("B10", "B9")
async def test_b10_status_and_the_jobs_say_that_the_mailbox_is_closed(tmp_path: Path) -> None:
    async with switched_off(tmp_path) as (here, engine):
        (mailbox,) = engine.status().mailboxes
        assert (mailbox.address, mailbox.state, mailbox.code) == (KIM, "closed", "535 5.7.139")
        assert mailbox.try_at is not None
        assert (mailbox.try_at - START).total_seconds() >= 3_600
        assert {job.reason for job in engine.status().jobs} == {"the mailbox is closed (535 5.7.139)"}
        assert (await here.scan(engine)).waits_for == "the mailbox is closed (535 5.7.139)"


@pytest.mark.manual("B10")
async def test_b10_it_stays_closed_across_a_restart_and_is_tried_in_its_time(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
            here.provider.accounts.disable_submission(KIM)
            await here.scan(engine)
            await engine.settle()
        met = sign_ins(here)
        here.provider.accounts.enable_submission(KIM)
        async with here.engine() as engine:
            await here.passes(engine, minutes=59)
            assert (states(engine), sign_ins(here)) == (["waiting"], met)
            assert warnings(engine) == [("MAILBOX_CLOSED", "mailbox:1")]
            await here.passes(engine, minutes=1)
            assert (states(engine), warnings(engine)) == (["sent"], [])


@pytest.mark.manual("B11")
async def test_b11_a_closed_mailbox_asks_for_no_access_token(tmp_path: Path) -> None:
    async with switched_off(tmp_path) as (here, engine):
        asked, refreshed = said(engine, TokenWanted), here.refreshes
        await here.passes(engine, minutes=58)
        assert (said(engine, TokenWanted), here.refreshes) == (asked, refreshed)


@pytest.mark.manual("B11")
async def test_b11_identities_of_one_account_share_its_mailbox(tmp_path: Path) -> None:
    """A user who signs in with the administrator's address."""
    async with office(tmp_path, users={"kim": PRINTER, "lee": LEE}) as here, here.engine() as engine:
        await here.acquire(engine)
        await here.sign_in(engine)
        await here.sign_in(engine, "lee", "page:2")
        here.provider.accounts.disable_submission(PRINTER)
        await here.scan(engine)
        await engine.settle()
        met = sign_ins(here)
        notice = await here.notice(engine)
        await here.scan(engine, "lee")
        await engine.settle()
        assert states(engine) == ["waiting", "waiting", "sent"]
        assert sign_ins(here) == met + 1, "lee's alone"
        assert notice.waits_for == "the mailbox is closed (535 5.7.139)"
        (warning,) = engine.information()
        assert engine.concerns(warning) == "", "the device's own: everybody sees it"


@pytest.mark.manual("S24", "B9")
async def test_b9_a_users_closed_mailbox_is_told_to_that_user(tmp_path: Path) -> None:
    async with switched_off(tmp_path) as (_, engine):
        (warning,) = engine.information()
        assert engine.concerns(warning) == "kim"
        assert engine.view(Viewer(Role.USER, "kim")).information() == (warning,)
        assert engine.view(Viewer(Role.USER, "lee")).information() == ()
        assert not await engine.view(Viewer(Role.ADMINISTRATOR)).try_mailbox("lee")


@pytest.mark.manual("B11")
async def test_b11_a_full_mailbox_is_found_out_at_the_end_of_the_message(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        here.kit.mailbox.refuse_next("data", FULL)
        await here.scan(engine)
        await engine.settle()
        (warning,) = engine.information()
        assert KIM in warning.cause
        assert "[Sent Items]" in warning.remedy
        await here.passes(engine, hours=1)
        assert (states(engine), warnings(engine)) == (["sent"], [])


@pytest.mark.manual("B11", "S33")
async def test_b11_a_probe_that_ends_for_a_reason_of_its_own_is_followed_by_the_next(tmp_path: Path) -> None:
    async with switched_off(tmp_path) as (here, engine):
        here.provider.accounts.enable_submission(KIM)
        here.kit.mailbox.refuse_next("data", "550 5.7.1 Message rejected")
        await here.passes(engine, hours=1)
        assert (sorted(states(engine)), warnings(engine)) == (["ended", "sent", "sent"], [("JOB_ENDED", "1")])


@pytest.mark.manual("B11", "B2")
async def test_b11_a_probe_that_meets_a_busy_server_leaves_it_to_the_next_one(tmp_path: Path) -> None:
    async with switched_off(tmp_path) as (here, engine):
        here.provider.accounts.enable_submission(KIM)
        for _ in range(3):
            here.kit.mailbox.refuse_next("data", "451 4.7.500 Server busy")
        await here.passes(engine, hours=2)
        assert (states(engine), warnings(engine)) == (["sent"] * 3, [])


def report(medium: Medium) -> TxResultReport:
    line = Transmission(
        number=1, destination="the office", medium=medium, started_at=START, pages=1, succeeded=True
    )
    return TxResultReport(to=(OFFICE,), transmissions=(line,))


@pytest.mark.manual("S21")
async def test_s21_a_report_about_mail_is_not_sent_over_a_closed_mailbox(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.acquire(engine)
        here.provider.accounts.disable_submission(PRINTER)
        await here.notice(engine)
        await engine.settle()
        with pytest.raises(Refused) as refused:
            await engine.submit(report(Medium.EMAIL))
        assert [rule.code for rule in refused.value.rules] == ["S21-closed"]
        assert ("JOB_ENDED", "2") in warnings(engine), "told on the screen instead"
        await engine.submit(report(Medium.FAX))
        here.provider.accounts.enable_submission(PRINTER)
        await engine.try_mailbox()
        await engine.settle()
        await engine.submit(report(Medium.EMAIL))
        await engine.settle()
        assert states(engine) == ["sent"] * 3
        assert engine.status().jobs[-1].function == Function.TX_RESULT_REPORT


@pytest.mark.manual("B10")
async def test_b10_a_change_of_who_signs_in_is_an_act_that_may_have_mended_it(tmp_path: Path) -> None:
    async with switched_off(tmp_path) as (here, engine):
        here.provider.accounts.enable_submission(KIM)
        await engine.apply(engine.settings.changed(smtp={"security": "STARTTLS"}))
        await engine.settle()
        assert states(engine) == ["sent"] * 3
        assert refresh_token(engine, "kim") == "Acquired"


@pytest.mark.manual("B14", "S33a")
async def test_b14_nothing_of_a_forgotten_person_stays_with_the_closed_mailbox(tmp_path: Path) -> None:
    async with switched_off(tmp_path) as (here, engine):
        await engine.forget("kim")
        await engine.settle()
        assert (warnings(engine), states(engine)) == ([], [])
        assert {mailbox.address for mailbox in engine.status().mailboxes} == {"mailbox:1"}
        await here.passes(engine, hours=2)
        await here.sign_in(engine)
        here.provider.accounts.enable_submission(KIM)
        await here.scan(engine)
        await engine.settle()
        assert states(engine) == ["sent"], "who comes back begins anew"


@pytest.mark.manual("B11", "S1")
async def test_b11_a_password_that_is_refused_is_not_repeated_by_every_job(tmp_path: Path) -> None:
    """Servers lock an account into which a wrong password is typed on and on."""
    off: dict[str, object] = {"enabled": False}
    smtp = {"user": PRINTER, "user_credential": "credential:smtp"}
    async with office(tmp_path) as here:
        credential(here.store, "smtp", "wrong")
        fixed: dict[str, object] = {"setting": "Fix Administrator Address"}
        async with here.engine(oauth=off, smtp=smtp, from_address=fixed) as engine:
            for user in ("kim", "lee"):
                await here.scan(engine, user)
                await engine.settle()
            assert (states(engine), sign_ins(here)) == (["waiting"] * 2, 1)
            assert {job.reason for job in engine.status().jobs} == {"the mailbox is closed (password)"}
            (warning,) = engine.information()
            assert (warning.actor, engine.concerns(warning)) == (Actor.ADMIN, ""), "it is the device's"
            assert PRINTER in warning.cause
            credential(here.store, "smtp", PASSWORDS[PRINTER])
            assert await engine.try_mailbox()
            await engine.settle()
            assert (states(engine), engine.information()) == (["sent"] * 2, ())


@pytest.mark.manual("B9")
async def test_b9_what_closed_it_is_told_in_the_language_of_the_device(tmp_path: Path) -> None:
    async with switched_off(tmp_path) as (_, engine):
        await engine.apply(engine.settings.changed(device={"language": "de"}))
        (warning,) = engine.information()
        assert warning.cause.startswith(f"Die E-Mails von {KIM} warten")
        assert "Authentifiziertes SMTP ist" in warning.cause
        assert "[Authenticated SMTP]" in warning.remedy


@pytest.mark.manual("B11")
async def test_b11_connections_are_counted_for_the_account_and_not_for_each_identity(tmp_path: Path) -> None:
    """kim signs in with the administrator's address, and the provider lets a mailbox have three."""
    async with (
        office(tmp_path, users={"kim": PRINTER}) as here,
        here.engine(smtp={"connections": 3}) as engine,
    ):
        await here.acquire(engine)
        await here.sign_in(engine)
        async with here.server.hold_bodies() as gate:
            for _ in range(8):
                await here.notice(engine)
                await here.scan(engine)
            await gate.arrived(3)
            assert len(here.server.conversations) == 3
        await engine.settle()
        assert states(engine) == ["sent"] * 16


@pytest.mark.manual("B11", "S33c")
async def test_s33c_who_shares_a_mailbox_shares_its_places(tmp_path: Path) -> None:
    async with office(tmp_path, users={"kim": PRINTER}) as here, here.engine() as engine:
        await here.acquire(engine)
        await here.sign_in(engine)
        here.provider.accounts.disable_submission(PRINTER)
        for _ in range(12):
            await here.notice(engine)
        for _ in range(4):
            await here.scan(engine)
        await engine.settle()
        here.provider.accounts.enable_submission(PRINTER)
        await engine.try_mailbox()
        await engine.settle()
        story = history(engine)
        opened = next(n for n, event in enumerate(story) if isinstance(event, MailboxProved))
        next_ones = [event.job for event in story[opened:] if isinstance(event, JobTaken)][:6]
        assert {engine.job(job).signer for job in next_ones} == {"administrator", "user:1"}
