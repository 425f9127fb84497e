"""Pages of a PDF: counted, drawn, and taken apart, by PDFium.

Rule: PDFium knows no threads, so that one lock stands around every call of it here. The pages of a part keep
their images as they are in the whole.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from ..spool import ScanUnreadable
from .scan_files import reading

if TYPE_CHECKING:
    from PIL.Image import Image
    from pypdfium2 import PdfDocument

POINTS_PER_INCH = 72
PASSWORD_WANTED = 4
"FPDF_ERR_PASSWORD."
one_at_a_time = Lock()


@contextmanager
def opened(path: Path) -> Iterator["PdfDocument"]:
    """The document, alone in PDFium until the block ends, which only reads. Raises ScanUnreadable."""
    with reading(path):
        from pypdfium2 import PdfDocument, PdfiumError

        with one_at_a_time:
            try:
                document = PdfDocument(path)
            except PdfiumError as error:
                if error.err_code != PASSWORD_WANTED:
                    raise
                raise ScanUnreadable(path, "scan.password") from None
            with document:
                yield document


def count(path: Path) -> int:
    """How many pages. Raises ScanUnreadable."""
    with opened(path) as document:
        return len(document)


def drawn(path: Path, number: int, dots_per_inch: int, width_max: int, length_max: int) -> "Image":
    """The page (from 0) in shades of grey, at a lower resolution where it were larger than that, in pixels.

    Raises ScanUnreadable.
    """
    with opened(path) as document:
        page = document[number]
        width, length = page.get_size()
        scale = min(dots_per_inch / POINTS_PER_INCH, width_max / width, length_max / length)
        bitmap = page.render(scale=scale, grayscale=True)
        image: Image = bitmap.to_pil().copy()
    return image


def page_alone(path: Path, number: int) -> bytes:
    """The page (from 0) as a document of its own, in memory, for PDFium hides the failures of a file that it
    writes. Raises ScanUnreadable.
    """
    with opened(path) as document:
        from pypdfium2 import PdfDocument

        written = BytesIO()
        with PdfDocument.new() as alone:
            alone.import_pages(document, [number])
            alone.save(written)
    return written.getvalue()
