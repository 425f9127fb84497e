"""One request of each function with everything that it can carry, and files whose names no reader likes.

For the tests of composers: `attachments` lays the files on the disk, `compose` makes the message of them.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from franking.engine.contents import OnDisk
from franking.engine.functions import Header, Link, media_type
from franking.engine.ports import Attachment
from franking.engine.smtp.compose import BLOCK
from franking.events.request import (
    Condition,
    Counter,
    EmailNotification,
    ForwardTx,
    FromApplication,
    FromUserBox,
    Function,
    InternetFax,
    Medium,
    Request,
    ScanToEmail,
    ScanToMe,
    ScanToUrl,
    StatusNotification,
    TotalCounter,
    Transmission,
    TsiRouting,
    TxResultReport,
)

MOMENT = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
SOONER = datetime(2026, 11, 1, 23, 59, 58, tzinfo=timezone(timedelta(hours=1)))
TO = ("lee@example.com", "first.last+tag@example.com")
SCAN = (Path("scan.pdf"),)
TEXT = 'Bitte prüfen.\n\n"Danke" – 🖨️\n.\n..\nFrom here on: =41 ' + "a long line " * 40
NAMES = (
    "scan.pdf",
    "say \"cheese\" 'now'.pdf",
    "back`tick;semi,colon$(x)&<y>.pdf",
    "Übersicht 2026 – Teil 1.pdf",
    "合同書類.tiff",
    "תרשים.jpg",
    "مخطط 7.png",
    "🖨️ scan 👩‍🔬.jpeg",
    "n" * 251 + ".pdf",
    "長" * 83 + ".tif",
    "=?utf-8?q?trap?=.pdf",
    "100% sure; really's*0*.pdf",
    "two  spaces.xlsx",
    "no ending",
    "a%0D%0ABcc: x@example.com.pdf",
)
SIZES = (0, 1, 2, 56, 57, 58, 1_000, BLOCK - 1, BLOCK, BLOCK + 1)
HEADER = Header(
    from_address="device@example.com",
    message_id="<job-1@device.example.com>",
    date=MOMENT,
    from_name='Kopierer "3. Stock"',
    device_name="Kopierer (3. Stock)",
    mdn=True,
    links=(
        Link("合同.pdf", f"https://device.example.com/d/{'A1-_' * 30}/%E5%90%88.pdf", 1_234_567, MOMENT),
        Link("zwei.pdf", "https://device.example.com/d/B2/zwei.pdf", 999, MOMENT),
    ),
)
SENT: Mapping[Function, Request] = {
    each.function: each
    for each in (
        ScanToEmail(user="kim", to=TO, cc=("boss@example.com",), bcc=("hidden@example.com",),
                    subject="Verträge für 合同", text=TEXT, files=SCAN),
        ScanToMe(user="kim", to=TO[:1], text=TEXT, files=SCAN),
        ScanToUrl(user="kim", to=TO, text=TEXT, files=SCAN),
        InternetFax(user="kim", to=TO, text=TEXT, files=SCAN),
        FromUserBox(user="kim", to=TO, text=TEXT, documents=(1, 2)),
        FromApplication(user="kim", to=TO, text=TEXT, application="Ablage & Co.", files=SCAN),
        EmailNotification(to=TO, text=TEXT, event="Papierfach 2 ist leer", happened_at=SOONER),
        TotalCounter(to=TO, text=TEXT, serial_number="A1-00017", read_at=SOONER, counters=(
            Counter(name="Total (black)", count=1_234_567_890_123),
            Counter(name='Farbe, "groß"', count=0),
            Counter(name="合計", count=7),
        )),
        ForwardTx(to=TO, text=TEXT, files=SCAN, sender_number="+49 (89) 1234-5", received_at=SOONER),
        TsiRouting(to=TO, text=TEXT, files=SCAN, sender_number="", received_at=SOONER),
        StatusNotification(to=TO, text=TEXT, conditions=(
            Condition(part="Papierfach 2", state="leer", since=SOONER),
            Condition(part="Toner (黒)", state="fast leer"),
        )),
        TxResultReport(to=TO, text=TEXT, transmissions=(
            Transmission(number=1, destination="+49 (89) 1234-5", medium=Medium.FAX, started_at=SOONER,
                         pages=2, succeeded=True),
            Transmission(number=22, destination="käthe@example.com", medium=Medium.EMAIL, started_at=SOONER,
                         pages=0, succeeded=False, result='550 5.1.1 "no, such" user'),
            Transmission(number=333, destination="=HYPERLINK(1)", medium=Medium.FILE, started_at=SOONER,
                         pages=1, succeeded=True),
        )),
    )
}  # fmt: skip


def attachments(folder: Path, names: tuple[str, ...] = NAMES) -> list[Attachment]:
    """Files as the spool keeps them, under numbers; their contents differ and hold every octet."""
    found = []
    for number, name in enumerate(names):
        path = folder / str(number)
        size = SIZES[number % len(SIZES)]
        path.write_bytes((bytes([number]) + bytes(range(256)) * (size // 256 + 1))[:size])
        found.append(Attachment(OnDisk(path, size), name, media_type(name)))
    return found
