"""Page images as a fax: TIFF-FX profile S, the minimal black-and-white profile (RFC 3949 section 3).

Rule: every field has the value of section 3.2, no other field is written (section 3.3), each page is one
strip of Modified Huffman code without RTC (section 3.4.1), and directory, long values and image data of a
page stand in that order before the next page (section 3.5). One page is in memory at a time.
"""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from ..spool import ScanUnreadable
from . import tiff
from .page_images import Scanned, count, pages
from .scan_files import reading

if TYPE_CHECKING:
    from PIL.Image import Image

WIDTH = 1728
"Pixels of a line (section 3.2.1)."
ACROSS, FINE, STANDARD = 204, 196, 98
"Dots per inch of a line, and lines per inch (section 3.2.1)."
STANDARD_BELOW = 110
"A page of fewer lines per inch is sent in standard resolution."
SAME = ({200, 204}, {98, 100, 196, 200})
"Resolutions that T.4 takes for those of a fax (section 2.2.2)."
LENGTH_MAX = 20_000
"Lines: 2.6 metres of paper in fine resolution."
WHITE = 255
INK, PAPER = 32, 224
"Shades below are black and above are white: real paper is no pure white, and its dots would cost much code."
LEVELS = [min(max((shade - INK) * WHITE // (PAPER - INK), 0), WHITE) for shade in range(WHITE + 1)]
REVERSED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
"Least significant bit first (section 3.2.1, FillOrder)."


class Coded(NamedTuple):
    """A page's image as it stands in the file."""

    strip: bytes
    length: int
    per_inch: int


def write(paths: Sequence[Path], file: BinaryIO) -> None:
    """All pages of all files, in order, as one fax (RFC 3965 section 2.2.4).

    Raises ScanUnreadable, OSError where `file` cannot be written.
    """
    total = sum(count(path) for path in paths)
    if total > tiff.PAGES_MAX:
        raise ScanUnreadable(paths[-1], "scan.pages", most=tiff.PAGES_MAX)
    writer = tiff.Writer(file)
    number = 0
    for path in paths:
        for page in pages(path, WIDTH, ACROSS):
            found = coded(path, page)
            writer.page(fields(found, number, total), [len(found.strip)], [found.strip])
            number += 1


def fields(page: Coded, number: int, total: int) -> list[tiff.Entry]:
    """Sections 2.2.1 and 3.2; the strip's place and size are added where it is written."""
    return [
        tiff.field(tiff.NEW_SUBFILE, tiff.LONG, 2),  # bit 1: a page of several
        tiff.field(tiff.WIDTH, tiff.SHORT, WIDTH),
        tiff.field(tiff.LENGTH, tiff.LONG, page.length),
        tiff.field(tiff.BITS, tiff.SHORT, 1),
        tiff.field(tiff.COMPRESSION, tiff.SHORT, 3),  # T.4
        tiff.field(tiff.PHOTOMETRIC, tiff.SHORT, 0),  # one is black
        tiff.field(tiff.FILL_ORDER, tiff.SHORT, 2),  # least significant bit first
        tiff.field(tiff.SAMPLES, tiff.SHORT, 1),
        tiff.field(tiff.ROWS_PER_STRIP, tiff.LONG, page.length),
        tiff.field(tiff.X_RESOLUTION, tiff.RATIONAL, ACROSS, 1),
        tiff.field(tiff.Y_RESOLUTION, tiff.RATIONAL, page.per_inch, 1),
        tiff.field(tiff.T4_OPTIONS, tiff.LONG, 0),  # Modified Huffman, EOLs where they fall
        tiff.field(tiff.RESOLUTION_UNIT, tiff.SHORT, 2),  # inch
        tiff.field(tiff.PAGE_NUMBER, tiff.SHORT, number, total),
    ]


def coded(path: Path, page: Scanned) -> Coded:
    """Raises ScanUnreadable."""
    from PIL import ImageChops

    with reading(path):
        image, per_inch = fitted(path, page)
    file = BytesIO()
    # A run of zeros is white in the code, and black in Pillow's images.
    ImageChops.invert(image).save(file, "TIFF", compression="group3", strip_size=WIDTH // 8 * image.height)
    ((offset, octets),) = next(tiff.pages(file)).pieces
    return Coded(file.getvalue()[offset : offset + octets].translate(REVERSED), image.height, per_inch)


def fitted(path: Path, page: Scanned) -> tuple["Image", int]:
    """Black and white, at its size on paper or smaller, in the middle of the line; and its lines per inch."""
    from PIL import Image

    image, dots = page
    across, down = dots or (ACROSS * image.width / WIDTH, ACROSS * image.width / WIDTH)
    per_inch = STANDARD if dots is not None and down < STANDARD_BELOW else FINE
    if (image.mode, image.width) == ("1", WIDTH) and round(across) in SAME[0] and round(down) in SAME[1]:
        return image, per_inch
    width, length = image.width * ACROSS / across, image.height * per_inch / down
    smaller = min(1.0, WIDTH / width)
    size = max(1, round(width * smaller)), max(1, round(length * smaller))
    if size[1] > LENGTH_MAX:
        raise ScanUnreadable(path, "scan.too-long")
    shades = grey(image).resize(size, Image.Resampling.BILINEAR).point(LEVELS)
    # What was black and white stays so; shades become a pattern of dots.
    dither = Image.Dither.NONE if image.mode == "1" else Image.Dither.FLOYDSTEINBERG
    canvas = Image.new("1", (WIDTH, size[1]), WHITE)
    canvas.paste(shades.convert("1", dither=dither), ((WIDTH - size[0]) // 2, 0))
    return canvas, per_inch


def grey(image: "Image") -> "Image":
    """On white paper. Raises ValueError for a mode without shades of grey."""
    from PIL import Image

    if image.mode.startswith("I;16"):
        return image.point(lambda shade: shade * (1 / 256)).convert("L")
    if image.mode in {"I", "F"}:
        raise ValueError(f"no scanner writes pixels of {image.mode}")
    if not image.has_transparency_data:
        return image.convert("L")
    seen = image.convert("LA")
    paper = Image.new("L", image.size, WHITE)
    paper.paste(seen.getchannel("L"), mask=seen.getchannel("A"))
    return paper
