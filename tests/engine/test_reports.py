"""What people learn by mail of what became of their mail (S21, RFC 3461, RFC 3464, RFC 6522)."""

from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from franking.engine.alarms import Way
from franking.engine.reporting import Untold
from franking.events.information import Actor
from franking.events.job import JobGivenUp
from franking.events.request import ByProgram, Function, Notify, Return, ScanToEmail
from franking.machines.report import NOTHING, REPORT
from franking.machines.roles import Role, Viewer

from .device import BOSS, KIM, LEE, OFFICE, PRINTER, START, office, states, warnings
from .hooked import all_told, posted
from .reported import (
    BY_MAIL,
    HEADER,
    MAIL,
    OK,
    UNKNOWN,
    actions,
    blocks,
    brought,
    reporting,
    reports,
    returned,
    why_not,
    without_dsn,
    words,
)

pytestmark = pytest.mark.manual("S21", "B13")
SUCCESS, FAILURE, DELAY, NEVER = Notify


async def test_b13_a_program_learns_that_its_mail_was_refused(tmp_path: Path) -> None:
    async with reporting(tmp_path) as (here, engine):
        here.kit.mailbox.refuse_next("rcpt", UNKNOWN)
        receipt = await brought(here, engine, envelope_id="backup 7+x")
        assert (states(engine), warnings(engine)) == (["ended", "sent"], [("JOB_ENDED", "1")])
        (mail,) = reports(here)
        assert [str(mail[name]) for name in ("From", "To", "Subject", "In-Reply-To")] == [
            KIM,
            KIM,
            "Not delivered: Sicherung für heute",
            receipt.message_id,
        ]
        once, one = blocks(mail)
        assert once["Original-Envelope-Id"] == "backup 7+x"
        assert parsedate_to_datetime(once["Arrival-Date"]) == START
        assert [one[name] for name in ("Final-Recipient", "Action", "Status", "Remote-MTA")] == [
            f"rfc822; {OFFICE}",
            "failed",
            "5.1.1",
            "dns; localhost",
        ]
        assert one["Diagnostic-Code"] == f"smtp; {UNKNOWN}"
        assert parsedate_to_datetime(one["Last-Attempt-Date"]) == START
        assert returned(mail) == HEADER, "the header alone, and without Bcc"
        (delivered,) = here.kit.mailbox.messages
        assert "NOTIFY=NEVER" in delivered.envelope.rcpt_parameters[0], "nobody tells of a report"
        assert here.spooled() == []


async def test_b9_a_person_reads_what_is_wrong_what_to_do_and_who_must(tmp_path: Path) -> None:
    async with reporting(tmp_path, device={"name": "printer-3.example"}) as (here, engine):
        for reply in (OK, UNKNOWN):
            here.kit.mailbox.refuse_next("rcpt", reply)
        await brought(here, engine, LEE, OFFICE)
        (mail,) = reports(here)
        said = words(mail)
        for line in ("Job: 1", "Subject: Sicherung für heute", "Device: printer-3.example"):
            assert line in said.splitlines()
        assert f"{OFFICE}: not delivered: {UNKNOWN}" in said
        assert f"{LEE}: taken by the mail server: 250 " in said
        for label in ("What is wrong: ", "What to do: ", "Who must act: you"):
            assert label in said
        assert actions(mail) == [(OFFICE, "failed", "5.1.1")], "nobody asked about the other one"
        assert blocks(mail)[0]["Reporting-MTA"] == "dns; printer-3.example"


async def test_b9_in_german(tmp_path: Path) -> None:
    device = {"name": "Drucker 3", "language": "de"}
    async with reporting(tmp_path, device=device) as (here, engine):
        here.kit.mailbox.refuse_next("rcpt", UNKNOWN)
        await brought(here, engine)
        (mail,) = reports(here)
        assert str(mail["Subject"]) == "Nicht zugestellt: Sicherung für heute"
        assert "Was zu tun ist: " in words(mail)
        assert "Wer handeln muss: Sie selbst" in words(mail)
        assert blocks(mail)[0]["Reporting-MTA"] == "dns; example.com", "its name is no name of a host"


async def test_s20_a_person_who_scans_learns_it_too(tmp_path: Path) -> None:
    async with reporting(tmp_path) as (here, engine):
        here.kit.mailbox.refuse_next("rcpt", UNKNOWN)
        path = tmp_path / "scan.pdf"
        path.write_bytes(b"%PDF-1.7 one page")
        await engine.submit(ScanToEmail(user="kim", to=(OFFICE,), bcc=(BOSS,), subject="Plan", files=(path,)))
        await engine.settle()
        (mail,) = reports(here)
        assert str(mail["Subject"]) == "Not delivered: Plan"
        assert (OFFICE, "failed", "5.1.1") in actions(mail)
        header = message_from_bytes(returned(mail), policy=policy.default)
        assert [str(header[name]) for name in ("From", "To", "Subject")] == [KIM, OFFICE, "Plan"]
        assert b"boss" not in returned(mail)


async def test_s21_of_what_the_device_sends_by_itself_nobody_is_told_by_mail(tmp_path: Path) -> None:
    async with reporting(tmp_path) as (here, engine):
        here.kit.mailbox.refuse_next("rcpt", UNKNOWN)
        await here.notice(engine)
        await engine.settle()
        assert (states(engine), warnings(engine)) == (["ended"], [("JOB_ENDED", "1")])
        assert (reports(here), why_not(engine, 1)) == ([], [])


async def test_b13_of_what_a_program_sends_for_the_device_its_administrator_is_told(tmp_path: Path) -> None:
    async with reporting(tmp_path) as (here, engine):
        here.kit.mailbox.refuse_next("rcpt", UNKNOWN)
        path = tmp_path / "cron"
        path.write_bytes(b"From: root (Cron Daemon)\nSubject: Cron backup\n\ndone\n")
        await engine.submit(ByProgram(to=(OFFICE,), message=path))
        await engine.settle()
        (mail,) = reports(here)
        assert (str(mail["From"]), str(mail["To"])) == (PRINTER, PRINTER)
        assert [job.function for job in engine.jobs()] == [Function.DEVICE_PROGRAM, Function.DEVICE_REPORT]


async def test_s21_a_report_that_is_refused_causes_nothing_more(tmp_path: Path) -> None:
    async with reporting(tmp_path) as (here, engine):
        for _ in range(2):
            here.kit.mailbox.refuse_next("rcpt", UNKNOWN)
        await brought(here, engine)
        assert states(engine) == ["ended", "ended"]
        await here.passes(engine, days=1)
        assert (here.kit.mailbox.messages, states(engine)) == ([], ["ended", "ended"])
        assert warnings(engine) == [("JOB_ENDED", "1"), ("JOB_ENDED", "2")], "by other ways"
        assert [engine.runtime.instance(REPORT, key).state for key in "12"] == [NOTHING, NOTHING]


@pytest.mark.parametrize(
    ("viewer", "told"),
    [
        (Viewer(Role.ADMINISTRATOR), True),
        (Viewer(Role.USER, "kim"), False),
        (Viewer(Role.CONTROLLER), False),
    ],
    ids=lambda each: each.role.value if isinstance(each, Viewer) else "",
)
async def test_b13_whoever_did_not_cancel_his_mail_himself_is_told(
    tmp_path: Path, viewer: Viewer, told: bool
) -> None:
    async with reporting(tmp_path) as (here, engine):
        here.kit.mailbox.refuse_next("rcpt", "451 4.2.2 Mailbox full")
        await brought(here, engine)
        await engine.view(viewer).cancel(1)
        await engine.settle()
        assert states(engine) == (["ended", "sent"] if told else ["ended"])
        assert warnings(engine) == ([("JOB_ENDED", "1")] if told else [])
        assert [actions(mail) for mail in reports(here)] == ([[(OFFICE, "failed", "5.7.1")]] if told else [])
        assert here.spooled() == []
        if told:
            (mail,) = reports(here)
            assert "What is wrong: The device's administrator cancelled it." in words(mail).splitlines()
            (warning,) = engine.view(Viewer(Role.USER, "kim")).information()
            assert warning.cause.startswith("Job 1 ended without success (cancelled by the administrator).")
            assert warning.actor is Actor.PERSON


async def test_b13_the_administrator_who_cancels_the_devices_mail_knows_it(tmp_path: Path) -> None:
    async with reporting(tmp_path) as (here, engine):
        here.kit.mailbox.refuse_next("rcpt", "451 4.2.2 Mailbox full")
        path = tmp_path / "cron"
        path.write_bytes(b"From: root (Cron Daemon)\nSubject: Cron backup\n\ndone\n")
        await engine.submit(ByProgram(to=(OFFICE,), message=path))
        await engine.settle()
        await engine.view(Viewer(Role.ADMINISTRATOR)).cancel(1)
        await engine.settle()
        assert (states(engine), warnings(engine), reports(here)) == (["ended"], [], [])


async def test_b5_the_stories_of_a_mail_and_of_its_report_name_each_other(tmp_path: Path) -> None:
    async with reporting(tmp_path) as (here, engine):
        here.kit.mailbox.refuse_next("rcpt", UNKNOWN)
        await brought(here, engine)
        last, first = engine.history(1).steps[-1], engine.history(2).steps[0]
        assert (last.fact, last.reason) == ("JobReported", "by mail: job 2")
        assert (first.fact, first.reason) == ("JobSubmitted", "tells of job 1")


async def test_s21_over_a_mailbox_that_is_closed_goes_no_report_but_the_hook_is_told(tmp_path: Path) -> None:
    async with posted() as hook:
        hooks = {"on_information": {"url": hook.url}}
        async with reporting(tmp_path, hooks=hooks) as (here, engine):
            here.kit.mailbox.refuse_next("mail", "550 5.1.8 Access denied, bad outbound sender")
            await brought(here, engine)
            assert (await hook.next())["code"] == "I301"
            await engine.publish(JobGivenUp(job=1, identity="user:1", waited_since=START))
            await engine.settle()
            told = await hook.next()
            assert (told["code"], told["subject"], told["whose"]) == ("I201", "1", "kim")
            await all_told(engine, Way.URL)
            assert states(engine) == ["ended"]
            assert why_not(engine, 1) == [Untold.CLOSED]
            assert (here.kit.mailbox.messages, here.spooled()) == ([], [])


async def test_s18_whoever_did_not_sign_in_gets_no_report_that_would_wait_for_that(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine(reports=BY_MAIL) as engine:
        await brought(here, engine, octets=MAIL + b"x\r\n" * 20_000)
        assert here.spooled() == ["1/0"]
        await here.passes(engine, days=4)
        assert (states(engine), warnings(engine)) == (["ended"], [("JOB_ENDED", "1")])
        assert (why_not(engine, 1), here.spooled()) == ([Untold.CLOSED], [])


async def test_s21_turned_off_there_is_information_alone(tmp_path: Path) -> None:
    async with reporting(tmp_path, reports={"by_mail": False}) as (here, engine):
        here.kit.mailbox.refuse_next("rcpt", UNKNOWN)
        await brought(here, engine)
        assert (states(engine), warnings(engine)) == (["ended"], [("JOB_ENDED", "1")])
        assert why_not(engine, 1) == [Untold.OFF]


ASKED = {
    (): (FAILURE, None),
    (FAILURE,): (FAILURE, None),
    (SUCCESS,): (None, SUCCESS),
    (DELAY,): (None, None),
    (SUCCESS, FAILURE): (FAILURE, SUCCESS),
    (NEVER,): (None, None),
}
"What the program asked for; what it is told of a refused recipient, and of one that was taken."
ACTIONS = {FAILURE: "failed", SUCCESS: "relayed"}


@pytest.mark.parametrize("asked", ASKED, ids=" ".join)
@pytest.mark.parametrize("ending", ["refused", "in part", "sent"])
@pytest.mark.parametrize("dsn", [True, False], ids=["with DSN", "without"])
async def test_b13_a_program_is_told_what_it_asked_for(
    tmp_path: Path, asked: tuple[Notify, ...], ending: str, dsn: bool
) -> None:
    async with reporting(tmp_path) as (here, engine):
        if not dsn:
            without_dsn(here)
        replies = {"refused": [UNKNOWN, UNKNOWN], "in part": [OK, UNKNOWN], "sent": [OK, OK]}[ending]
        for reply in replies:
            here.kit.mailbox.refuse_next("rcpt", reply)
        await brought(here, engine, LEE, OFFICE, notify=asked)
        of_refused, of_taken = ASKED[asked]
        if dsn:  # the server tells of what it took
            of_taken = None
        wanted = [
            (address, ACTIONS[told])
            for address, reply in zip((LEE, OFFICE), replies, strict=True)
            if (told := of_taken if reply is OK else of_refused) is not None
        ]
        assert [each[:2] for mail in reports(here) for each in actions(mail)] == wanted
        assert here.spooled() == []
        if dsn and ending == "sent":
            assert why_not(engine, 1) == ([Untold.ELSEWHERE] if SUCCESS in asked else [])


async def test_b13_of_each_recipient_is_told_what_was_asked_for_him_by_the_name_that_he_had(
    tmp_path: Path,
) -> None:
    async with reporting(tmp_path) as (here, engine):
        without_dsn(here)
        for _ in range(3):
            here.kit.mailbox.refuse_next("rcpt", UNKNOWN)
        await brought(
            here,
            engine,
            *(LEE, OFFICE, BOSS, KIM),
            notify=(SUCCESS, FAILURE),
            notify_each={LEE: (NEVER,), BOSS: ()},
            originals={OFFICE: "rfc822;scans+2Boffice@nas.example", KIM: "utf-8;k\\x{ED}m"},
        )
        (mail,) = reports(here)
        assert actions(mail) == [
            (OFFICE, "failed", "5.1.1"),
            (BOSS, "failed", "5.1.1"),
            (KIM, "relayed", "2.1.5"),
        ]
        assert [block["Original-Recipient"] for block in blocks(mail)[1:]] == [
            "rfc822; scans+office@nas.example",
            None,
            "utf-8; k\\x{ED}m",
        ]


async def test_b13_given_up_after_its_time_says_so_and_what_the_server_said_last(tmp_path: Path) -> None:
    async with reporting(tmp_path, smtp={"give_up_after": 3600}) as (here, engine):
        for _ in range(30):
            here.kit.mailbox.refuse_next("rcpt", "451 4.2.2 Mailbox full")
        await brought(here, engine)
        while states(engine)[0] == "waiting":
            await here.passes(engine, minutes=5)
        here.kit.mailbox.forget_replies()
        await here.passes(engine, minutes=40)
        (mail,) = reports(here)
        assert actions(mail) == [(OFFICE, "failed", "4.4.7")]
        assert blocks(mail)[1]["Diagnostic-Code"] == "smtp; 451 4.2.2 Mailbox full"


async def test_b13_a_program_that_asked_for_it_is_told_once_that_its_mail_waits(tmp_path: Path) -> None:
    async with reporting(tmp_path) as (here, engine):
        for _ in range(30):
            here.kit.mailbox.refuse_next("rcpt", "451 4.2.2 Mailbox full")
        await brought(here, engine, notify=(DELAY, FAILURE))
        await here.passes(engine, hours=3)
        assert (reports(here), warnings(engine)) == ([], [])
        here.kit.mailbox.forget_replies()
        here.kit.mailbox.refuse_next("data", "451 4.3.0 Later")
        for _ in range(5):
            await here.passes(engine, minutes=30)
        (mail,) = reports(here)
        assert str(mail["Subject"]) == "Still waiting: Sicherung für heute"
        assert actions(mail) == [(OFFICE, "delayed", "4.2.2")]
        until = parsedate_to_datetime(blocks(mail)[1]["Will-Retry-Until"])
        assert until > START
        assert states(engine) == ["sent", "sent"]
        assert warnings(engine) == [], "what it warned of is over"


async def test_s18_that_somebody_must_sign_in_a_program_that_asked_for_it_learns_early(
    tmp_path: Path,
) -> None:
    async with posted() as hook, office(tmp_path) as here:
        hooks = {"on_information": {"url": hook.url}}
        async with here.engine(reports=BY_MAIL, hooks=hooks) as engine:
            await brought(here, engine, notify=(DELAY,))
            await here.passes(engine, hours=5)
            told = await hook.next()
            assert (told["code"], told["whose"], told["stands"]) == ("I207", "kim", True)
            assert why_not(engine, 1) == [Untold.NO_ANSWER], "no mail goes through a mailbox of nobody"
            await here.sign_in(engine)
            assert (states(engine), warnings(engine)) == (["sent"], [])


@pytest.mark.parametrize(
    ("octets", "whole"),
    [
        (MAIL, True),
        (MAIL + b"Line of a long body.\r\n" * 60_000, False),
        (MAIL + b"Gr\xc3\xbc\xc3\x9fe\r\n", False),
    ],
    ids=["small", "large", "eight bits"],
)
async def test_b13_all_of_it_goes_back_where_that_was_asked_for_and_it_is_small(
    tmp_path: Path, octets: bytes, whole: bool
) -> None:
    async with reporting(tmp_path) as (here, engine):
        here.kit.mailbox.refuse_next("rcpt", UNKNOWN)
        await brought(here, engine, octets=octets, returns=Return.FULL)
        (mail,) = reports(here)
        body = b"\r\nThe backup failed.\r\n"
        assert returned(mail) == (HEADER + body if whole else HEADER)


async def test_b13_an_odd_mail_comes_back_as_ascii_alone(tmp_path: Path) -> None:
    odd = b"From: kim@example.com\r\nSubject: Gr\xc3\xbc\xc3\x9fe \xff\r\nX-Long: " + b"y" * 980 + b"\r\n\r\n"
    async with reporting(tmp_path) as (here, engine):
        here.kit.mailbox.refuse_next("rcpt", "550 5.7.1 Ung\xfcltig, lies https://example.net/?a=\x01b")
        await brought(here, engine, "j\xfcrgen+x@example.com", octets=odd)
        (mail,) = reports(here)
        (delivered,) = here.kit.mailbox.messages
        assert delivered.raw().isascii()
        assert max(map(len, delivered.raw().split(b"\r\n"))) <= 998
        assert blocks(mail)[1]["Final-Recipient"] == "utf-8; j\\x{FC}rgen\\x{2B}x@example.com"
        assert b"Gr\xc3\xbc\xc3\x9fe \xff" in returned(mail)
