"""Scans for the tests of what is made of them: pages with something to see, as every kind of file, and TIFFs
that lie.

`pages` draws, `tiff_of` and its like write; `changed` alters one field of a TIFF where it stands.
"""

import io
import struct
from collections.abc import Sequence
from pathlib import Path

from fpdf import FPDF
from PIL import Image, ImageDraw

A4 = (8.27, 11.69)
"Inches."


def page(number: int, size: tuple[int, int] = (620, 877), mode: str = "L") -> Image.Image:
    """White paper with a frame and as many black squares as the page's number says."""
    image = Image.new("L", size, 255)
    pen = ImageDraw.Draw(image)
    pen.rectangle((10, 10, size[0] - 11, size[1] - 11), outline=0, width=3)
    for square in range(number):
        pen.rectangle((40 + 60 * square, 40, 80 + 60 * square, 80), fill=0)
    return image.convert(mode)


def fax_page(number: int, lines: int = 1100) -> Image.Image:
    """Black and white and as wide as a fax."""
    return page(number, (1728, lines), "1")


def tiff_of(
    path: Path,
    pages: Sequence[Image.Image],
    compression: str | None = None,
    dpi: tuple[float, float] = (75, 75),
    **options: object,
) -> Path:
    first, *others = pages
    first.save(path, "TIFF", save_all=True, append_images=others, compression=compression, dpi=dpi, **options)
    return path


def jpeg_of(path: Path, image: Image.Image, **options: object) -> Path:
    image.save(path, "JPEG", **options)
    return path


def png_of(path: Path, image: Image.Image, **options: object) -> Path:
    image.save(path, "PNG", **options)
    return path


def pdf_of(path: Path, pages: Sequence[Image.Image], password: str | None = None) -> Path:
    """One image a page, as scanners write it."""
    document = FPDF(unit="in", format=A4)
    if password is not None:
        document.set_encryption(owner_password="owner", user_password=password)
    for image in pages:
        document.add_page()
        octets = io.BytesIO()
        image.save(octets, "JPEG")
        document.image(octets, 0, 0, *A4)
    document.output(str(path))
    return path


def field_at(octets: bytes | bytearray, tag: int, directory: int = 0) -> int:
    """Where the value (or its offset) of the first directory's field stands; little-endian."""
    at = directory or struct.unpack_from("<I", octets, 4)[0]
    (count,) = struct.unpack_from("<H", octets, at)
    for number in range(count):
        place = at + 2 + 12 * number
        if struct.unpack_from("<H", octets, place)[0] == tag:
            return int(place + 8)
    raise AssertionError(f"no field {tag}")


def changed(path: Path, tag: int, value: int) -> Path:
    """The field says `value` from now on, as a LONG."""
    octets = bytearray(path.read_bytes())
    at = field_at(octets, tag)
    struct.pack_into("<HII", octets, at - 6, 4, 1, value)
    path.write_bytes(octets)
    return path
