"""The pages of a scan as images, decoded one at a time: PDF by PDFium, everything else by Pillow.

Rule: how much memory a page takes is known, and found bearable, before it is decoded; nothing is drawn from
a TIFF whose description doesn't agree with its file.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..spool import ScanUnreadable
from . import pdf, tiff
from .scan_files import Kind, kind_of, reading

if TYPE_CHECKING:
    from PIL.Image import Image

OCTETS_MAX = 150_000_000
"Of a decoded page: A4 in colour at 600 dots per inch."
OCTETS_OF_A_PIXEL = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2}
"In Pillow's memory; four in all other modes."
DOTS_MIN, DOTS_MAX = 50, 4800
"Per inch. Others are no scanner's, and say nothing about the paper."
LYING = frozenset({5, 6, 7, 8})
"Orientations whose rows run down the page (TIFF 6.0 section 8)."
LENGTH_MAX = 20_000
"Pixels of a drawn page."


class Scanned(NamedTuple):
    """A decoded page, upright."""

    image: "Image"
    dots: tuple[float, float] | None
    "Per inch, across and down; None: not known."


def count(path: Path) -> int:
    """How many pages the file has. Raises ScanUnreadable."""
    match kind_of(path):
        case Kind.TIFF:
            with reading(path), path.open("rb") as file:
                return sum(1 for _ in tiff.pages(file))
        case Kind.PDF:
            return pdf.count(path)
        case Kind.JPEG | Kind.PNG:
            return 1
        case Kind.OTHER:
            raise ScanUnreadable(path, "scan.kind")


def pages(path: Path, width: int, dots_per_inch: int) -> Iterator[Scanned]:
    """Pages of a PDF are drawn with so many dots per inch and at most that `width`, in pixels; a large JPEG
    is made smaller while it is decoded, no narrower than that. Raises ScanUnreadable.
    """
    match kind_of(path):
        case Kind.PDF:
            for number in range(pdf.count(path)):
                image = pdf.drawn(path, number, dots_per_inch, width, LENGTH_MAX)
                yield Scanned(image, (dots_per_inch, dots_per_inch))
        case Kind.TIFF:
            yield from frames(path)
        case _:
            with decoding(path) as image:
                before = image.width
                if image.info.get("progressive"):  # all coefficients of the whole, two octets each
                    bearable(path, *image.size, 2 * len(image.getbands()))
                image.draft("L", (width, width))
                share = image.width / before
                bearable(path, *image.size, octets_of_a_pixel(image))
                # A PNG's orientation may stand behind its image, which is decoded for it.
                dots = resolution(image, image.getexif().get(tiff.ORIENTATION, 1))
                yield loaded(image, dots and (dots[0] * share, dots[1] * share))


def frames(path: Path) -> Iterator[Scanned]:
    """The pages of a TIFF."""
    with reading(path), path.open("rb") as file:
        described = list(tiff.pages(file))
    for page in described:
        bearable(path, *page.size, 1)
    with decoding(path) as image:
        for page in described:
            image.seek(page.number_in_file)
            bearable(path, *image.size, octets_of_a_pixel(image))
            yield loaded(image, resolution(image, page.number(tiff.ORIENTATION, 1)))


@contextmanager
def decoding(path: Path) -> Iterator["Image"]:
    """Raises ScanUnreadable for all that is read in its block."""
    with reading(path):
        from PIL import Image

        try:
            with Image.open(path) as image:
                yield image
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise too_large(path) from None


def loaded(image: "Image", dots: tuple[float, float] | None) -> Scanned:
    """Decoded and turned upright."""
    from PIL import ImageOps

    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    return Scanned(image, dots)


def resolution(image: "Image", orientation: int) -> tuple[float, float] | None:
    """Dots per inch across and down the page as it is read."""
    across, down = map(float, image.info.get("dpi", (0, 0)))
    if not (DOTS_MIN <= across <= DOTS_MAX and DOTS_MIN <= down <= DOTS_MAX):
        return None
    return (down, across) if orientation in LYING else (across, down)


def octets_of_a_pixel(image: "Image") -> int:
    return OCTETS_OF_A_PIXEL.get(image.mode, 4)


def bearable(path: Path, width: int, length: int, octets: int) -> None:
    if width * length * octets > OCTETS_MAX:
        raise too_large(path)


def too_large(path: Path) -> ScanUnreadable:
    return ScanUnreadable(path, "scan.too-large")
