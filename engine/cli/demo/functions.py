"""The chapter of the functions: what a scanner and a device send beside a plain scan, and what arrives."""

import re
from email.message import EmailMessage
from pathlib import Path

from ....events.request import (
    Counter,
    FromUserBox,
    InternetFax,
    ScanToMe,
    ScanToUrl,
    Separation,
    TotalCounter,
)
from ...engine import Engine
from ...links import serve
from .stage import KIM, OFFICE, Stage, Untrue

LINK = re.compile(r"https://\S+")
KEPT_DAYS = 7
NOT_FOUND = 404


async def functions(stage: Stage, engine: Engine, scan: Path) -> None:
    stage.chapter("More than a plain scan: some of the twelve functions")
    await engine.log_in("panel", "kim")
    await to_me(stage, engine, scan)
    await from_box(stage, engine, scan)
    await fax(stage, engine, scan)
    await counter(stage, engine)
    await to_url(stage, engine, scan)


async def to_me(stage: Stage, engine: Engine, scan: Path) -> None:
    stage.tell("kim uses Scan to Me, a file for each page")
    request = ScanToMe(user="kim", files=(scan,), separation=Separation.PAGE_PER_FILE)
    receipt = await engine.submit(request, "panel")
    await engine.settle()
    stage.sent(engine, receipt, "sent")
    names = [name for name, _ in stage.kit.mailbox.messages[-1].attachments()]
    stage.check(stage.kit.mailbox.messages[-1].rcpt_tos == (KIM,), "it went to kim's own address")
    stage.other(f"four pages are four files: {', '.join(names)}", len(names) == 4)


async def from_box(stage: Stage, engine: Engine, scan: Path) -> None:
    stage.tell("kim keeps the scan in a user box, and sends it from there")
    (document,) = await engine.keep_documents("kim", (scan,))
    request = FromUserBox(user="kim", to=(OFFICE,), documents=(document.number,))
    receipt = await engine.submit(request, "panel")
    await engine.settle()
    stage.sent(engine, receipt, "sent")
    stage.check(engine.documents("kim") == (document,), "it still lies in the box")
    stage.expect(scan)


async def fax(stage: Stage, engine: Engine, scan: Path) -> None:
    stage.tell("kim sends it as an Internet fax")
    receipt = await engine.submit(InternetFax(user="kim", to=(OFFICE,), files=(scan,)), "panel")
    await engine.settle()
    stage.sent(engine, receipt, "sent")
    arrived = stage.kit.mailbox.messages[-1].message()
    is_fax = any(
        part.get_content_type() == "image/tiff" and part.get_param("application") == "faxbw"
        for part in arrived.walk()
    )
    asks = arrived["Disposition-Notification-To"] is not None
    stage.other("it arrived as TIFF-FX in black and white, and asks for a notification", is_fax and asks)


async def counter(stage: Stage, engine: Engine) -> None:
    stage.tell("the device is set to German, and tells what it has counted")
    await engine.apply(engine.settings.changed(device={"language": "de", "name": "Printer 3rd floor"}))
    counters = (Counter(name="Total (black)", count=48_213), Counter(name="Total (colour)", count=9_120))
    receipt = await engine.submit(TotalCounter(to=(OFFICE,), counters=counters))
    await engine.settle()
    stage.sent(engine, receipt, "sent")
    arrived = stage.kit.mailbox.messages[-1]
    tables = [content for name, content in arrived.attachments() if name.endswith(".csv")]
    stage.tell(f"subject: {arrived.message()['Subject']}")
    stage.other("the table came as text and as CSV", len(tables) == 1 and b"48213" in tables[0])
    await engine.apply(engine.settings.changed(device={"language": "en"}))


async def to_url(stage: Stage, engine: Engine, scan: Path) -> None:
    tls = stage.kit.authority.server_context(("http/1.1",))
    async with serve(engine, "127.0.0.1", 0, tls) as (_, port):
        await engine.apply(engine.settings.changed(box={"public_url": f"https://localhost:{port}"}))
        stage.tell("kim uses Scan to URL: the mail brings a link, the scan stays in the box")
        receipt = await engine.submit(ScanToUrl(user="kim", to=(OFFICE,), files=(scan,)), "panel")
        await engine.settle()
        stage.sent(engine, receipt, "sent")
        link = link_in(stage.kit.mailbox.messages[-1].message())
        somebody = stage.kit.person()
        _, content = await somebody.fetch(link)
        stage.other("the link gives the scan, byte for byte", same(content, scan))
        await stage.passes(engine, days=KEPT_DAYS)
        status, _ = await somebody.fetch(link)
        stage.check(status == NOT_FOUND, f"after {KEPT_DAYS} days the link is dead and its file erased")


def same(octets: bytes, scan: Path) -> bool:
    return octets == scan.read_bytes()


def link_in(message: EmailMessage) -> str:
    """Raises Untrue."""
    found = LINK.search(str(message.get_content()))
    if found is None:
        raise Untrue("the mail has a link")
    return found[0]
