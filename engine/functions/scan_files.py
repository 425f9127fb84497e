"""What a scan's file is, found by its first octets and not by its name, and how a broken one is told.

Rule: whatever a library raises on octets from outside is the scan's fault and is told as `ScanUnreadable`,
naming file and remedy; what this device cannot write is never told so.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from ..spool import ScanUnreadable, empty
from .tiff import Malformed

HEAD_OCTETS = 1024
"A PDF may have something before its header (ISO 32000-1, implementation note 13)."


class Kind(StrEnum):
    PDF = "PDF"
    TIFF = "TIFF"
    JPEG = "JPEG"
    PNG = "PNG"
    OTHER = "other"


STARTS: Mapping[bytes, Kind] = {
    b"II*\0": Kind.TIFF,
    b"MM\0*": Kind.TIFF,
    b"II+\0": Kind.TIFF,
    b"MM\0+": Kind.TIFF,
    b"\xff\xd8\xff": Kind.JPEG,
    b"\x89PNG\r\n": Kind.PNG,
}


def kind_of(path: Path) -> Kind:
    """Raises ScanUnreadable."""
    with reading(path), path.open("rb") as file:
        head = file.read(HEAD_OCTETS)
    if not head:
        raise empty(path)
    found = next((kind for start, kind in STARTS.items() if head.startswith(start)), Kind.OTHER)
    return Kind.PDF if found is Kind.OTHER and b"%PDF-" in head else found


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """For a block that reads `path`, and writes nothing."""
    try:
        yield
    except ScanUnreadable:
        raise
    except Malformed as error:
        raise ScanUnreadable(path, "scan.malformed", why=error) from None
    except ImportError as error:
        raise ScanUnreadable(path, "scan.library", name=error.name) from None
    except MemoryError as error:
        raise ScanUnreadable(path, "scan.memory") from error
    except OSError as error:
        if error.strerror:
            raise ScanUnreadable(path, "scan.read", why=error.strerror) from error
        raise ScanUnreadable(path, "scan.damaged", kind=type(error).__name__) from error
    except (
        Exception
    ) as error:  # a decoder meets octets from outside with whatever it has: KeyError, struct.error
        raise ScanUnreadable(path, "scan.damaged", kind=type(error).__name__) from error
