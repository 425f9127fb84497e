"""What whoever writes or serves a file needs of it: its octets, wherever they lie (`contents.py`).

Rule: what is read was proved to be what was taken; whatever else happens is FileChanged or an OSError.
"""

from collections.abc import Iterator
from typing import Protocol


class FileChanged(Exception):
    """A file no longer is what it was when the job was accepted: another size, or not what was sealed."""

    def __init__(self, name: str, octets: int) -> None:
        super().__init__(name, octets)
        self.name = name
        self.octets = octets
        "What it had."


class OpenContent(Protocol):
    def pieces(self, first: int = 0) -> Iterator[bytes]:
        """From that octet to the end, proved to be what was taken. Raises FileChanged, OSError."""

    def close(self) -> None: ...


class Content(Protocol):
    """The octets of one file, wherever they lie."""

    @property
    def octets(self) -> int:
        """When the job was accepted."""

    def open(self) -> OpenContent:
        """Raises FileChanged where it has another size by now, or OSError where it cannot be read."""
