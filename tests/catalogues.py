"""Compiles the catalogues of `engine/words`: `make words`.

The compiled files are committed, so that a device needs no compiler;
`tests/engine/words/test_catalogues.py` fails when one is stale.

Rule: the same source gives the same octets, whoever compiles it and when.
"""

from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).resolve().parent.parent / "engine" / "words"


class Stable(Catalog):
    """A catalogue whose header names neither its date nor its compiler."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        kind = f"text/plain; charset={self.charset}"
        return [("Language", str(self.locale_identifier)), ("Content-Type", kind)]

    @mime_headers.setter
    def mime_headers(self, value: Iterable[tuple[str, str]]) -> None:
        raise AttributeError("a stable catalogue is written, never read: its header is its own")


def sources() -> list[Path]:
    return sorted(FOLDER.glob("*.po"))


def sentences(source: Path) -> dict[str, str]:
    """Code to sentence. Raises ValueError where one stands twice, is empty or is marked as uncertain."""
    with source.open("rb") as file:
        read = read_po(file, locale=source.stem, abort_invalid=True)
    listed = [line for line in source.read_text(encoding="utf-8").splitlines() if line.startswith("msgid ")]
    if twice := sorted({line for line in listed if listed.count(line) > 1}):
        raise ValueError(f"{source.name} says twice: {', '.join(twice)}")
    found: dict[str, str] = {}
    for message in read:
        if message.id == "":
            continue
        if not isinstance(message.id, str) or not isinstance(message.string, str):
            raise ValueError(f"{source.name}: {message.id} has several forms, and nobody chooses one")
        if not message.string or message.fuzzy:
            raise ValueError(f"{source.name}: {message.id} has no sentence that counts")
        found[message.id] = message.string
    return found


def compiled(source: Path) -> bytes:
    whole = Stable(locale=source.stem, charset="utf-8")
    for code, sentence in sentences(source).items():
        whole.add(code, sentence)
    octets = BytesIO()
    write_mo(octets, whole)
    return octets.getvalue()


def main() -> None:
    for source in sources():
        source.with_suffix(".mo").write_bytes(compiled(source))


if __name__ == "__main__":
    main()
