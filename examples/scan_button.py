"""A scan button: whoever presses it has all that lies in the feeder sent, as one PDF.

    python examples/scan_button.py franking.toml kim lee@example.com -d test

The button is a line on standard input, the display is the terminal. What follows the address goes to
`scanimage` of SANE, which knows the scanners; its device `test` scans without hardware.

Rule: the engine gets the whole document or nothing. Until then the pages lie in the program's folder,
in memory where the service manager gives one. Nothing stays there; what a kill leaves the next start erases.
"""

import asyncio
import fcntl
import os
import re
import shutil
import signal
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType

from PIL import Image
from pydantic import ValidationError

from franking import Engine, Given, Refused, ScanToEmail, Settings
from franking.engine.words import Spoken
from franking.events.job import JobSent

FEEDER = ("--source", "Automatic Document Feeder")
"As many scanners call it, unless another `--source` is asked for."
PATIENCE_S = 120.0
"A page takes no longer, at any resolution."
STOP_S = 5.0
"How long a scanner may take to let go of its page."
AGAIN = "Nothing was sent: put all pages into the feeder, and press again."
EMPTY = "No page lies in the feeder."
SILENT = "The scanner does not answer. See that it is switched on and that its cable is in."
MISSING = "The scanner is not found. See that it is switched on; `scanimage -L` lists those that there are."
TROUBLE = MappingProxyType({
    "Operation was canceled": "The scan was stopped at the scanner.",
    "Device busy": "The scanner is busy with something else. Wait until it is ready.",
    "Document feeder jammed": "A page is jammed in the feeder. Take it out.",
    "Scanner cover is open": "A cover of the scanner is open. Close it.",
    "Error during device I/O": SILENT,
    "Out of memory": "There is too little memory for such a page. Scan with a lower resolution.",
    "Access to resource has been denied": "This program may not use the scanner. Let its user do so.",
    "open of device": MISSING,
    "no SANE devices found": MISSING,
})  # fmt: skip
"By SANE's words for a SANE_Status (SANE standard 1.06, Status Type), which scanimage says at every step."
NO_DOCS = ": Document feeder out of documents"
"The same at the end of each batch: no trouble."
SAYS, LAST, NAME = "scanimage: ", "Batch terminated", re.compile(rb"\d+\.png$", re.MULTILINE)
"How its lines begin that tell of trouble, how its last one does, and what it calls a page."


class NotScanned(Exception):
    """In words for whoever stands there: what has happened, and what to do."""


async def scan(document: Path, options: Sequence[str], patience_s: float = PATIENCE_S) -> int:
    """All that lies in the feeder becomes this PDF, page by page; how many there were. What is left beside it
    is the caller's to erase. Raises NotScanned.
    """
    source = () if any(each.startswith("--source") for each in options) else FEEDER
    command = ("scanimage", *options, *source, "--format=png", "--batch=%d.png", "--batch-print")
    try:
        scanner = await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, cwd=document.parent, process_group=0
        )
    except FileNotFoundError:
        raise NotScanned("scanimage is not installed: apt-get install sane-utils.") from None
    output, pages, said = scanner.stdout or asyncio.StreamReader(), 0, [""]
    try:
        async with asyncio.timeout(patience_s) as patience:
            async for line in output:
                if (page := NAME.search(line)) is not None:
                    await bound(document.parent / page[0].decode(), document)
                    pages += 1
                    patience.reschedule(asyncio.get_running_loop().time() + patience_s)
                else:
                    said.append(line.decode(errors="replace").strip())
                if said[-1].startswith(LAST):
                    break
    except TimeoutError:
        raise NotScanned(SILENT) from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise NotScanned(f"Page {pages + 1} cannot be used: {error}.") from None
    finally:
        if not output.at_eof() and not said[-1].startswith(LAST):
            scanner.send_signal(signal.SIGINT)  # it lets go of its page; SIGTERM would not let it
        await ended(scanner)
    if (trouble := told(said)) is not None or not pages:
        raise NotScanned(trouble or EMPTY)
    return pages


async def bound(page: Path, document: Path) -> None:
    """In a thread, beside the engine. Who is cancelled waits for it: nothing is written any more then."""
    binding = asyncio.create_task(asyncio.to_thread(bind, page, document))
    try:
        await asyncio.shield(binding)
    finally:
        await asyncio.wait([binding])


def bind(page: Path, document: Path) -> None:
    """The page becomes the document's last one, and no other is in memory. Raises what Pillow raises for a
    picture that is not whole or too large, and OSError where there is no room.
    """
    with Image.open(page) as image:
        image.save(document, "PDF", append=document.exists(), dpi=image.info.get("dpi"))
    page.unlink()


async def ended(scanner: Process) -> None:
    """It ends by itself; but not always behind a jam, where SANE reads in a thread."""
    try:
        async with asyncio.timeout(STOP_S):
            await scanner.wait()
    except TimeoutError:
        scanner.kill()
        await scanner.wait()


def told(said: Sequence[str]) -> str | None:
    """Why there is no document; None: the feeder is empty. Its words tell: the exit status is 1 wherever the
    scanner cannot be opened, and a scanimage that has to be killed has none.
    """
    wrong = [line.removeprefix(SAYS) for line in said if line.startswith(SAYS) and not line.endswith(NO_DOCS)]
    for words, trouble in TROUBLE.items():
        if any(words in line for line in wrong):
            return trouble
    if said[-1].startswith(LAST) and not any(line.startswith("sane_") for line in wrong):
        return None
    return f"The scanner cannot be used: {(wrong or said)[-1]}."


class ScanButton:
    def __init__(
        self, engine: Engine, show: Callable[[str], None], folder: Path, options: Sequence[str]
    ) -> None:
        """`folder` is for its pages alone, `options` are those of scanimage."""
        self.engine, self.show, self.folder, self.options = engine, show, folder, options
        engine.on(JobSent, lambda fact: show(f"Job {fact.job} was sent."))

    async def press(self, user: str, to: str) -> None:
        """Says what comes of it, whatever that is."""
        try:
            with tempfile.TemporaryDirectory(dir=self.folder) as folder:
                document = Path(folder, "Scan.pdf")
                request = ScanToEmail(user=user, to=(to,), files=(document,))
                pages = await scan(document, self.options)
                receipt = await self.engine.submit(request, given=Given.HANDED_OVER)
        except ValidationError:
            self.show(f"{to} is no e-mail address.")
        except (NotScanned, Refused, Spoken, OSError, ValueError) as trouble:
            self.show(f"{self.engine.words.error(trouble)} {AGAIN}")
        else:
            self.show(f"Pages: {pages}. Job {receipt.job} {receipt.waits_for or 'is taken'}.")


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder of this user's, empty. Raises OSError where it is not to be had for this program alone."""
    below = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0] or tempfile.gettempdir()
    folder = Path(below, f"franking-scan-{os.geteuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if os.fstat(lock).st_uid != os.geteuid():
            raise PermissionError(f"{folder} is another user's")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for left in folder.iterdir():
            shutil.rmtree(left)
        yield folder
    finally:
        os.close(lock)


async def main(configuration: str, user: str, to: str, *options: str) -> None:
    loop, presses = asyncio.get_running_loop(), asyncio.StreamReader()
    (itself,) = asyncio.all_tasks()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, itself.cancel)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(presses), sys.stdin)
    with workplace() as folder:
        async with Engine.open(Settings.load(configuration)) as engine:
            button = ScanButton(engine, print, folder, options)
            print("Ready. Enter is the button.")
            while await presses.readline():
                await button.press(user, to)
            await engine.settle()


if __name__ == "__main__":
    with suppress(asyncio.CancelledError):
        asyncio.run(main(*sys.argv[1:]))
