"""The scan of the demonstration: a real PDF of several pages and several MB, as a scanner makes it, one image
a page.
"""

import io
import random
from pathlib import Path

from fpdf import FPDF
from PIL import Image, ImageDraw

PAGES = 4
DOTS = (1240, 1754)
"A4 at 150 dpi."
GRAIN = 60
"How much a page's paper and the sensor's noise differ from white; noise is what makes a scan large."


def scan(path: Path, title: str) -> Path:
    """Renders the pages; the same title gives the same images."""
    grain = random.Random(title)  # noqa: S311 - paper, not a secret
    document = FPDF(unit="pt", format="A4")
    document.set_title(title)
    for number in range(1, PAGES + 1):
        document.add_page()
        document.image(
            io.BytesIO(page(f"{title}, page {number} of {PAGES}", grain)), 0, 0, document.w, document.h
        )
    document.output(str(path))
    return path


def page(words: str, grain: random.Random) -> bytes:
    noise = Image.frombytes("L", DOTS, grain.randbytes(DOTS[0] * DOTS[1])).point(
        lambda dot: 255 - dot * GRAIN // 255
    )
    image = Image.merge("RGB", (noise, noise, noise))
    pen = ImageDraw.Draw(image)
    pen.rectangle((100, 100, DOTS[0] - 100, DOTS[1] - 100), outline=(40, 40, 40), width=3)
    for line in range(12):
        pen.text(
            (160, 180 + line * 120),
            words if line == 0 else f"line {line + 1}",
            fill=(20, 20, 20),
            font_size=42,
        )
    written = io.BytesIO()
    image.save(written, "JPEG", quality=88)
    return written.getvalue()
