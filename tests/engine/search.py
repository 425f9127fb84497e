"""Looks for secrets wherever something was written or can be shown: files, logs, journal, reprs, errors.

Rule: a part of a secret is a secret, and so is its base64; what cannot be reached any more is not shown.
"""

import asyncio
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from franking.engine.engine import Engine
from franking.testing.leaks import pieces
from franking.tests.engine.device import history
from franking.tests.living import living

PLAYING = "mail.log"
"The logger of the playing submission server, which tells the answers that a test ordered."
LOUD = ("", "franking", "httpx2", "httpcore2", "h2", "hpack", "aiosmtplib", "asyncio", "authlib", "joserfc")


@dataclass
class Search:
    """Collects whatever was written or shown; `found` names the places where a secret is."""

    folder: Path
    texts: list[tuple[str, str]] = field(default_factory=list)
    errors: list[dict[str, object]] = field(default_factory=list)

    def show(self, place: str, thing: object) -> None:
        self.texts += [(f"repr of {place}", repr(thing)), (f"text of {place}", str(thing))]

    def show_objects(self) -> None:
        """Every object of ours that somebody could reach now."""
        for thing in living():
            self.texts.append((f"repr of {type(thing).__qualname__}", repr(thing)))

    def show_engine(self, engine: Engine) -> None:
        for event in history(engine):
            self.texts.append((f"journal: {type(event).__name__}", event.model_dump_json()))
        for line in engine.store.lines(0, 100_000):
            self.texts.append((f"journal line {line.sequence}", line.fields))
        self.show("status", engine.status())
        self.show("information", engine.information())
        for job in engine.status().jobs:
            self.show("job", engine.store.job(job.job))
            self.show("outcome", engine.store.job_outcome(job.job))

    def found(self, secrets: list[str]) -> list[str]:
        wanted = {piece for secret in secrets for piece in pieces(secret)}
        files = [(path.name, path.read_bytes()) for path in self.folder.rglob("*") if path.is_file()]
        said = [(place, text.encode()) for place, text in set(self.texts)]
        said += [("error in the loop", repr(error).encode()) for error in self.errors]
        return sorted({place for place, text in files + said if any(piece in text for piece in wanted)})


class Listening(logging.Handler):
    """Keeps of each record what any formatter could show, also of its arguments and its exception."""

    def __init__(self, search: Search) -> None:
        super().__init__(logging.DEBUG)
        self.search = search
        self.heard: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        if record.name == PLAYING:
            return
        self.heard.add(record.name.partition(".")[0])
        place = f"log of {record.name}, {record.funcName}"
        for shown in (record.getMessage(), repr(record.msg), repr(record.args), record.stack_info or ""):
            self.search.texts.append((place, shown))
        if record.exc_info:
            self.search.texts.append((place, "".join(traceback.format_exception(*record.exc_info))))


@contextmanager
def listening(folder: Path) -> Iterator[tuple[Search, Listening]]:
    """Every logger says everything."""
    search = Search(folder)
    handler = Listening(search)
    before = {name: logging.getLogger(name).level for name in LOUD}
    for name in LOUD:
        logging.getLogger(name).setLevel(logging.DEBUG)
    logging.getLogger().addHandler(handler)
    loop = asyncio.get_running_loop()
    loop.set_debug(True)  # it logs calls, tasks and handles
    loop.set_exception_handler(lambda _, context: search.errors.append(context))
    try:
        yield search, handler
    finally:
        loop.set_debug(False)
        loop.set_exception_handler(None)
        logging.getLogger().removeHandler(handler)
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
