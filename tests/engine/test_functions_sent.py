"""Each of the twelve functions, from its request to the mail that arrives (S20-S22)."""

from collections.abc import Callable, Mapping
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from PIL import Image

from franking.events.request import (
    COMPOSED,
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
from franking.testing.mailbox import Delivered

from .device import BOSS, KIM, OFFICE, PAGES, PRINTER, START, office, states

NUMBER = "+49 89 12345"
ROUTES = {"+49 (89) 12345": (BOSS,)}
TO = (OFFICE,)
Make = Callable[[Path, tuple[int, ...]], Request]
"From a scan and the numbers of documents in kim's box."

BY_PEOPLE: Mapping[Function, Make] = {
    Function.SCAN_TO_EMAIL: lambda scan, box: ScanToEmail(user="kim", to=TO, files=(scan,)),
    Function.SCAN_TO_ME: lambda scan, box: ScanToMe(user="kim", files=(scan,)),
    Function.SCAN_TO_URL: lambda scan, box: ScanToUrl(user="kim", to=TO, files=(scan,)),
    Function.INTERNET_FAX: lambda scan, box: InternetFax(user="kim", to=TO, files=(scan,)),
    Function.USER_BOX: lambda scan, box: FromUserBox(user="kim", to=TO, documents=box),
    Function.APPLICATION: lambda scan, box: FromApplication(
        user="kim", to=TO, application="Archive", files=(scan,)
    ),
}
BY_THE_DEVICE: Mapping[Function, Make] = {
    Function.EMAIL_NOTIFICATION: lambda scan, box: EmailNotification(to=TO, event="Toner is low"),
    Function.TOTAL_COUNTER: lambda scan, box: TotalCounter(to=TO, counters=(Counter(name="Total", count=7),)),
    Function.FORWARD_TX: lambda scan, box: ForwardTx(to=TO, files=(scan,), sender_number=NUMBER),
    Function.TSI_ROUTING: lambda scan, box: TsiRouting(files=(scan,), sender_number=NUMBER),
    Function.STATUS_NOTIFICATION: lambda scan, box: StatusNotification(
        to=TO, conditions=(Condition(part="Paper tray 2", state="empty"),)
    ),
    Function.TX_RESULT_REPORT: lambda scan, box: TxResultReport(
        to=TO,
        transmissions=(
            Transmission(
                number=1, destination=NUMBER, medium=Medium.FAX, started_at=START, pages=2, succeeded=False
            ),
        ),
    ),
}
ALL = {**BY_PEOPLE, **BY_THE_DEVICE}
TO_OTHERS = {Function.SCAN_TO_ME: (KIM,), Function.TSI_ROUTING: (BOSS,)}
SUBJECTS = {
    Function.SCAN_TO_EMAIL: "Scan to E-mail",
    Function.SCAN_TO_ME: "Scan to Me",
    Function.SCAN_TO_URL: "Scan to URL",
    Function.INTERNET_FAX: "Internet Fax",
    Function.USER_BOX: "From the User Box",
    Function.APPLICATION: "Message from Archive",
    Function.EMAIL_NOTIFICATION: "Copier 3: Toner is low",
    Function.TOTAL_COUNTER: "Copier 3: Total counter",
    Function.FORWARD_TX: f"Copier 3: Fax from {NUMBER}",
    Function.TSI_ROUTING: f"Copier 3: Fax from {NUMBER}",
    Function.STATUS_NOTIFICATION: "Copier 3: Paper tray 2: empty",
    Function.TX_RESULT_REPORT: "Copier 3: TX Result Report: 0 of 1 succeeded",
}
ATTACHED = {
    Function.SCAN_TO_URL: [],
    Function.INTERNET_FAX: ["scan.tif"],
    Function.USER_BOX: ["contract.pdf"],
    Function.EMAIL_NOTIFICATION: [],
    Function.TOTAL_COUNTER: ["total-counter.csv"],
    Function.STATUS_NOTIFICATION: [],
    Function.TX_RESULT_REPORT: ["tx-result-report.csv"],
}


def scanned(folder: Path) -> Path:
    """A page that every function takes."""
    path = folder / "scan.png"
    Image.new("L", (100, 100), 255).save(path)
    return path


async def sent(
    folder: Path, function: Function, make: Make, change_from: str = "Login User Address"
) -> Delivered:
    """The one mail that this function's request comes to; everybody has signed in."""
    scan = scanned(folder)
    async with (
        office(
            folder,
            device={"name": "Copier 3"},
            box={"public_url": "https://copier.example.com"},
            tsi_routing={"routes": ROUTES},
        ) as here,
        here.engine() as engine,
    ):
        await here.acquire(engine)
        await here.sign_in(engine)
        await engine.apply(engine.settings.changed(from_address={"setting": change_from}))
        contract = folder / "contract.pdf"
        contract.write_bytes(PAGES)
        [document] = await engine.keep_documents("kim", (contract,))
        receipt = await engine.submit(make(scan, (document.number,)))
        await engine.settle()
        assert states(engine) == ["sent"]
        [mail] = here.kit.mailbox.messages
        assert mail.message()["Message-ID"] == receipt.message_id
        return mail


@pytest.mark.manual("S20", "S22")
@pytest.mark.parametrize("function", BY_PEOPLE, ids=lambda each: each.name)
async def test_s20_what_a_person_sends_is_from_the_person(tmp_path: Path, function: Function) -> None:
    mail = await sent(tmp_path, function, BY_PEOPLE[function])
    assert (mail.mail_from, mail.envelope.account) == (KIM, KIM)
    assert [each.addr_spec for each in mail.message()["From"].addresses] == [KIM]
    assert mail.message()["Auto-Submitted"] is None


@pytest.mark.manual("S17", "S20")
@pytest.mark.parametrize("function", BY_PEOPLE, ids=lambda each: each.name)
async def test_s17_with_fix_administrator_address_it_is_from_the_administrator(
    tmp_path: Path, function: Function
) -> None:
    mail = await sent(tmp_path, function, BY_PEOPLE[function], "Fix Administrator Address")
    assert (mail.mail_from, mail.envelope.account) == (PRINTER, PRINTER)
    assert [each.addr_spec for each in mail.message()["From"].addresses] == [PRINTER]


@pytest.mark.manual("S21", "S22")
@pytest.mark.parametrize("function", BY_THE_DEVICE, ids=lambda each: each.name)
async def test_s21_what_the_device_sends_is_from_the_administrator(
    tmp_path: Path, function: Function
) -> None:
    mail = await sent(tmp_path, function, BY_THE_DEVICE[function])
    assert (mail.mail_from, mail.envelope.account) == (PRINTER, PRINTER)
    assert str(mail.message()["From"]) == f"Copier 3 <{PRINTER}>"
    assert mail.message()["Auto-Submitted"] == "auto-generated"


@pytest.mark.manual("S22")
@pytest.mark.parametrize("function", ALL, ids=lambda each: each.name)
async def test_s22_it_arrives_where_it_should_with_what_it_carries(
    tmp_path: Path, function: Function
) -> None:
    mail = await sent(tmp_path, function, ALL[function])
    strict = message_from_bytes(mail.raw(), policy=policy.strict)  # it raises the first defect
    assert strict["Subject"] == SUBJECTS[function]
    assert mail.rcpt_tos == TO_OTHERS.get(function, TO)
    found = dict(mail.attachments())
    assert list(found) == ATTACHED.get(function, ["scan.png"])
    given = {"scan.png": (tmp_path / "scan.png").read_bytes(), "contract.pdf": PAGES}
    assert {name: content for name, content in found.items() if name in given} == {
        name: content for name, content in given.items() if name in found
    }


def test_all_twelve_are_sent_here() -> None:
    assert ALL.keys() == set(COMPOSED)
