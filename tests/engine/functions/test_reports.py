"""What the device writes by itself: tables, counters, reports and the words around them, in each language."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from franking.engine.functions import Header, Link, compose
from franking.engine.functions.scan_to_url import size
from franking.engine.functions.table import aligned, columns, separated
from franking.engine.ports import Attachment
from franking.engine.smtp.compose import blocks
from franking.engine.smtp.fields import Unencodable
from franking.engine.words import words
from franking.events.request import (
    Condition,
    EmailNotification,
    ForwardTx,
    FromApplication,
    Function,
    Request,
    ScanToUrl,
    StatusNotification,
    TotalCounter,
    TsiRouting,
)
from franking.events.settings import Language

from .examples import HEADER, MOMENT, SCAN, SENT, TO, attachments

PLAIN = Header("device@example.com", "<job-1@device.example.com>", MOMENT)
"Of a device without a name."
NAMED = replace(PLAIN, device_name="Copier 3")


def parsed(request: Request, header: Header = NAMED, files: Sequence[Attachment] = ()) -> EmailMessage:
    return message_from_bytes(b"".join(blocks(compose(request, header, files))), policy=policy.default)


def text(request: Request, header: Header = NAMED) -> list[str]:
    body = parsed(request, header).get_body(("plain",))
    assert body is not None
    return str(body.get_content()).splitlines()


def table(request: Request, header: Header = NAMED) -> list[list[str]]:
    """The attached one, as a program reads it."""
    [part] = parsed(request, header).iter_attachments()
    assert (part.get_content_type(), part.get_content_charset()) == ("text/csv", "utf-8")
    octets = part.get_payload(decode=True)
    assert isinstance(octets, bytes)
    assert octets.endswith(b"\r\n")
    return list(csv.reader(io.StringIO(octets.decode(), newline=""), strict=True))


@pytest.mark.manual("S21", "S22")
def test_s22_counters_stand_in_the_mail_as_text() -> None:
    lines = text(SENT[Function.TOTAL_COUNTER])
    assert lines[2:5] == ["Device: Copier 3", "Serial number: A1-00017", "Time: 2026-11-01 23:59:58+01:00"]
    assert lines[6:11] == [
        "Counter                Count",
        "-------------  -------------",
        "Total (black)  1234567890123",
        'Farbe, "groß"              0',
        "合計                       7",
    ]


@pytest.mark.manual("S21", "S22")
def test_s22_counters_are_attached_for_a_program_each_line_by_itself() -> None:
    origin = ["Copier 3", "A1-00017", "2026-11-01 23:59:58+01:00"]
    assert table(SENT[Function.TOTAL_COUNTER]) == [
        ["device", "serial_number", "read_at", "counter", "count"],
        [*origin, "Total (black)", "1234567890123"],
        [*origin, 'Farbe, "groß"', "0"],
        [*origin, "合計", "7"],
    ]


def test_counters_without_a_moment_are_those_of_the_job() -> None:
    counter = SENT[Function.TOTAL_COUNTER].model_copy(update={"read_at": None})
    assert isinstance(counter, TotalCounter)
    assert table(counter)[1][2] == "2026-11-02 08:00:00+00:00"


@pytest.mark.manual("S21", "S22")
def test_s22_a_tx_result_report_has_a_line_for_each_transmission() -> None:
    report = SENT[Function.TX_RESULT_REPORT]
    assert parsed(report)["Subject"] == "Copier 3: TX Result Report: 2 of 3 succeeded"
    heading, rule, *lines = text(report)[5:10]
    assert heading.split() == ["No.", "Destination", "Medium", "Started", "Pages", "Result"]
    assert set(rule) == {"-", " "}
    assert [line.split("  ")[0].strip() or line.split()[0] for line in lines] == ["1", "22", "333"]
    assert [line.endswith(end) for line, end in zip(lines, ("OK", '"no, such" user', "OK"), strict=True)] == [
        True,
        True,
        True,
    ]
    assert "failed: 550 5.1.1" in lines[1]


@pytest.mark.manual("S21", "S22")
def test_s22_a_tx_result_report_is_attached_for_a_program() -> None:
    heading, first, second, third = table(SENT[Function.TX_RESULT_REPORT])
    assert heading == ["number", "destination", "medium", "started_at", "pages", "succeeded", "result"]
    assert first == ["1", "+49 (89) 1234-5", "fax", "2026-11-01 23:59:58+01:00", "2", "yes", ""]
    assert second[4:] == ["0", "no", '550 5.1.1 "no, such" user']
    assert third[1] == "'=HYPERLINK(1)", "a spreadsheet would work it out"


@pytest.mark.manual("S21", "S22")
def test_s22_a_status_notification_tells_each_part() -> None:
    request = SENT[Function.STATUS_NOTIFICATION]
    assert parsed(request)["Subject"] == "Copier 3: Status of 2 parts"
    lines = text(request)
    assert lines[5].split() == ["Part", "Status", "Since"]
    assert lines[7].endswith("leer       2026-11-01 23:59:58+01:00")
    assert lines[8].endswith("fast leer")


@pytest.mark.manual("S22")
def test_s22_one_condition_is_told_in_the_subject() -> None:
    request = StatusNotification(to=TO, conditions=(Condition(part="Paper tray 2", state="empty"),))
    assert parsed(request)["Subject"] == "Copier 3: Paper tray 2: empty"
    assert parsed(request, PLAIN)["Subject"] == "Paper tray 2: empty"


@pytest.mark.manual("S21", "S22")
@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (ForwardTx, "This device received a fax and forwards it to you."),
        (TsiRouting, "This device received a fax; faxes from this sender's number go to you."),
    ],
)
def test_s22_a_received_fax_says_where_it_is_from_and_why_it_comes(
    kind: Callable[..., Request], why: str
) -> None:
    known = kind(to=TO, files=SCAN, sender_number="+49 89 12345", received_at=MOMENT)
    assert parsed(known)["Subject"] == "Copier 3: Fax from +49 89 12345"
    assert text(known) == [
        why,
        "",
        "Sender's number: +49 89 12345",
        "Time: 2026-11-02 08:00:00+00:00",
        "Device: Copier 3",
    ]
    unknown = kind(to=TO, files=SCAN)
    assert parsed(unknown, PLAIN)["Subject"] == "Fax from an unknown sender"
    assert text(unknown, PLAIN) == [why]


@pytest.mark.manual("S22")
def test_s22_scan_to_url_tells_each_link_and_when_it_ends() -> None:
    links = (
        Link("scan.pdf", "https://copier.example.com/d/A/scan.pdf", 1_234_567, MOMENT),
        Link("two.tif", f"https://copier.example.com/d/{'B' * 200}/two.tif", 0, MOMENT + timedelta(days=7)),
    )
    request = ScanToUrl(user="kim", to=TO, files=SCAN, text="Please look.")
    assert text(request, replace(NAMED, links=links)) == [
        "Please look.",
        "",
        "Your scan can be downloaded here:",
        "",
        "scan.pdf (1235 kB), until 2026-11-02 08:00:00+00:00; then it is erased.",
        "https://copier.example.com/d/A/scan.pdf",
        "",
        "two.tif (0 kB), until 2026-11-09 08:00:00+00:00; then it is erased.",
        f"https://copier.example.com/d/{'B' * 200}/two.tif",
        "",
        "Device: Copier 3",
    ]


def test_a_scan_to_url_without_a_link_is_no_message() -> None:
    with pytest.raises(Unencodable):
        compose(ScanToUrl(user="kim", to=TO, files=SCAN), NAMED, [])


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (0, "0 kB"),
        (1, "1 kB"),
        (1_000, "1 kB"),
        (1_001, "2 kB"),
        (9_999_999, "10000 kB"),
        (10_000_000, "10 MB"),
        (10_000_001, "11 MB"),
    ],
)
def test_a_size_is_rounded_up(octets: int, said: str) -> None:
    assert size(octets) == said


def test_an_application_may_send_words_alone_or_nothing() -> None:
    words_alone = FromApplication(user="kim", to=TO, application="Archive", text="Done.")
    assert text(words_alone) == ["Done."]
    assert parsed(words_alone)["Subject"] == "Message from Archive"
    assert text(FromApplication(user="kim", to=TO, application="Archive")) == []


@pytest.mark.manual("S22")
@pytest.mark.parametrize("function", SENT, ids=lambda each: each.name)
def test_s22_every_message_speaks_the_language_of_the_device(tmp_path: Path, function: Function) -> None:
    bare = SENT[function].model_copy(update={"text": "", "subject": ""})
    files = attachments(tmp_path, ("scan.tif",))
    english, german = (
        parsed(bare, replace(HEADER, words=words(language)), files)
        for language in (Language.ENGLISH, Language.GERMAN)
    )
    assert str(english) != str(german)
    assert english.keys() == german.keys()


@pytest.mark.manual("S22")
def test_s22_german_counters() -> None:
    german = replace(NAMED, words=words(Language.GERMAN))
    assert parsed(SENT[Function.TOTAL_COUNTER], german)["Subject"] == "Copier 3: Zählerstände"
    assert text(SENT[Function.TOTAL_COUNTER], german)[:3] == [
        "Die Zählerstände dieses Geräts:",
        "",
        "Gerät: Copier 3",
    ]
    assert table(SENT[Function.TOTAL_COUNTER], german) == table(SENT[Function.TOTAL_COUNTER]), "for programs"


@pytest.mark.manual("S21")
@pytest.mark.parametrize("function", SENT, ids=lambda each: each.name)
def test_s21_only_what_the_device_sends_by_itself_says_so(function: Function) -> None:
    said = parsed(SENT[function], HEADER)["Auto-Submitted"]
    assert said == ("auto-generated" if SENT[function].by_device else None)


def test_hidden_recipients_alone_stand_in_no_field() -> None:
    mail = parsed(EmailNotification(bcc=("hidden@example.com",), event="Toner is low"))
    assert mail["To"].groups[0].display_name == "undisclosed-recipients"
    assert mail["To"].addresses == ()
    assert "hidden@example.com" not in str(mail)


def test_copies_alone_need_no_other_recipient() -> None:
    mail = parsed(EmailNotification(cc=("boss@example.com",), event="Toner is low"))
    assert (mail["To"], mail["Cc"]) == (None, "boss@example.com")


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+49 (89) 1234-5", "+49 (89) 1234-5"),
        ("-5", "-5"),
        ("-2+cmd|' /C calc'!A0", "'-2+cmd|' /C calc'!A0"),
        ("+A1", "'+A1"),
        ("\t=1+1", "'\t=1+1"),
        ("plain", "plain"),
    ],
)
def test_no_cell_is_a_formula(cell: str, kept: str) -> None:
    assert separated(("a",), [(cell,)]).decode() == f"a\r\n{kept}\r\n"


def test_a_cell_holds_what_it_holds() -> None:
    rows = [('a,"b"', "line\nend", "a\r\n", ""), ("合計", "ü", " ", "'")]
    read = csv.reader(io.StringIO(separated(("1", "2", "3", "4"), rows).decode(), newline=""), strict=True)
    assert list(map(tuple, read)) == [("1", "2", "3", "4"), *rows]


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    lines = aligned(("Name", "n"), [("合計", "1"), ("e\u0301", "22"), ("break\r\nhere", "333")], right=(1,))
    assert lines == [
        "Name           n",
        "-----------  ---",
        "合計           1",
        "e\u0301             22",
        "break  here  333",
    ]
    assert {columns(line) for line in lines} == {16}
