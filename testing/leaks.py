"""Looks for secrets where a device may have left them: files, log, journal, what it shows.

Rule: a part of a secret is a secret, and so is its base64, in which SASL carries it.
"""

import logging
import traceback
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

WINDOW = 20
"Characters of a token that would already be too many."


def pieces(secret: str) -> set[bytes]:
    """Beginning, middle and end of a secret, as it is and in base64 at each of the three offsets."""
    found: set[bytes] = set()
    for offset in range(3):
        encoded = b64encode(b"\0" * offset + secret.encode())
        inner = encoded[4 if offset else 0 : -4]
        found |= {inner[:WINDOW], inner[len(inner) // 2 :][:WINDOW], inner[-WINDOW:]}
    whole = secret.encode()
    return found | {whole[:WINDOW], whole[len(whole) // 2 :][:WINDOW], whole[-WINDOW:]}


def found(secrets: Iterable[str], folder: Path, texts: Iterable[tuple[str, str]]) -> list[str]:
    """The files below `folder`, by name, and the places among `texts` (place and what stands there) that hold
    a piece of a secret.
    """
    wanted = {piece for secret in secrets for piece in pieces(secret)}
    files = (
        (path.relative_to(folder).as_posix(), path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    )
    said = ((place, text.encode()) for place, text in texts)
    return sorted(
        {place for looked_at in (files, said) for place, text in looked_at if any(p in text for p in wanted)}
    )


class Overheard(logging.Handler):
    """Keeps of each record what any formatter could show, also of its arguments and its exception."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        place = f"log of {record.name}"
        for shown in (record.getMessage(), repr(record.args), record.stack_info or ""):
            self.texts.append((place, shown))
        if record.exc_info:
            self.texts.append((place, "".join(traceback.format_exception(*record.exc_info))))


@contextmanager
def overhearing() -> Iterator[Overheard]:
    """Hears what the engine logs, down to its smallest words, and what other loggers let through."""
    ours, everybody, handler = logging.getLogger("franking"), logging.getLogger(), Overheard()
    level = ours.level
    ours.setLevel(logging.DEBUG)
    everybody.addHandler(handler)
    try:
        yield handler
    finally:
        everybody.removeHandler(handler)
        ours.setLevel(level)
