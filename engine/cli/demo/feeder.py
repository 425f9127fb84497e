"""The chapter of the scanner: where scanimage is installed, SANE's test scanner gives the pages that the
demonstration sends, through the example of a scan button. Else they are made up.
"""

import shutil
from pathlib import Path

from .scan import PAGES, scan
from .stage import Stage, Untrue

TESTING = ("-d", "test")
JAMS = ("--read-return-value", "SANE_STATUS_JAMMED")
"What its first page does."
PICTURE = (
    "--mode",
    "Color",
    "--test-picture",
    "Color pattern",
    "--resolution",
    "150",
    "-x",
    "200",
    "-y",
    "200",
)
FEW = f"--batch-count={PAGES}"
"It has ten pages in its feeder."


async def paper(stage: Stage) -> Path:
    """What the people of the demonstration send. Raises Untrue."""
    document = stage.folder / "Contract.pdf"
    return await scanned(stage, document) or scan(document, "Contract")


async def scanned(stage: Stage, document: Path) -> Path | None:
    """None: here is no scanimage, or it has no test scanner, or there are no examples. Raises Untrue."""
    if shutil.which("scanimage") is None:
        return None
    try:
        from ....examples.scan_button import AGAIN, MISSING, NotScanned
        from ....examples.scan_button import scan as scan_all
    except ImportError:
        return None
    before = sorted(stage.folder.iterdir())
    try:
        await scan_all(document, (*TESTING, *JAMS))
        told = ""
    except NotScanned as trouble:
        told = str(trouble)
    if told == MISSING:
        return None
    stage.chapter("The scan button: pages come from the feeder of SANE's test scanner, or do not")
    stage.tell("kim presses it, and the first page jams")
    stage.tell(f"✗ {told} {AGAIN}", "bold red")
    stage.check("jammed" in told, "the jam is told in words")
    stage.check(sorted(stage.folder.iterdir()) == before, "nothing half-scanned is left")
    stage.tell("kim takes the page out, and presses again")
    try:
        pages = await scan_all(document, (*TESTING, *PICTURE, FEW))
    except NotScanned as trouble:
        raise Untrue(f"the feeder gives its pages: {trouble}") from None
    stage.check(
        pages == PAGES, f"scanimage gave {pages} pages: they are {document.name}, which is sent from here on"
    )
    return document
