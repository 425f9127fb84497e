"""The QR codes that people scan, read by a reader that nobody here wrote."""

import re

import pytest
import zxingcpp
from PIL import Image

from franking.engine import qr

ADDRESSES = [
    "https://microsoft.com/devicelogin",
    "https://provider.example/device?user_code=ABCD-EFGH",
    f"https://provider.example/device?user_code={'A' * 64}",
]
BLOCKS = {" ": (0, 0), "▀": (255, 0), "▄": (0, 255), "█": (255, 255)}
"Light above, light below; what is not drawn is the black that it is written on."
STROKE = re.compile(r"([Mmh])(-?[\d.]+)(?:[ ,]?(-?[\d.]+))?")
MODULE = 4
"Pixels."


def scanned(rows: list[list[int]]) -> str:
    image = Image.new("L", (len(rows[0]), len(rows)))
    image.putdata([value for row in rows for value in row])
    size = image.width * MODULE, image.height * MODULE
    (found,) = zxingcpp.read_barcodes(image.resize(size, Image.Resampling.NEAREST))
    assert found.format == zxingcpp.BarcodeFormat.QRCode
    return str(found.text)


@pytest.mark.manual("B3")
@pytest.mark.parametrize("address", ADDRESSES)
def test_b3_what_a_terminal_shows_is_read_as_the_address(address: str) -> None:
    rows: list[list[int]] = []
    for line in qr.text(address).splitlines():
        rows += [[BLOCKS[letter][half] for letter in line] for half in (0, 1)]
    assert scanned(rows) == address


@pytest.mark.manual("B3")
@pytest.mark.parametrize("address", ADDRESSES)
def test_b3_what_a_display_draws_is_read_as_the_address(address: str) -> None:
    """Its strokes are horizontal lines, one module high."""
    drawn = qr.svg(address, scale=1)
    found = re.search(r'width="(\d+)" height="(\d+)"', drawn)
    assert found is not None
    rows = [[255] * int(found[1]) for _ in range(int(found[2]))]
    path = re.search(r' stroke="#000" d="([^"]+)"', drawn)
    assert path is not None
    x, y = 0.0, 0.0
    for kind, first, second in STROKE.findall(path[1]):
        if kind == "M":
            x, y = float(first), float(second)
        elif kind == "m":
            x, y = x + float(first), y + float(second)
        else:
            for column in range(int(x), int(x + float(first))):
                rows[int(y)][column] = 0
            x += float(first)
    assert scanned(rows) == address
