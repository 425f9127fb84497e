"""Pages are decoded one at a time, and no larger than they have to be."""

from pathlib import Path

import pytest
from fpdf import FPDF

from franking.engine.functions import pdf
from franking.engine.functions.page_images import pages
from franking.engine.spool import ScanUnreadable

from .scans import jpeg_of, page, pdf_of, png_of

WIDTH, DOTS = 1728, 204


def test_a_large_jpeg_is_decoded_in_grey_and_at_a_half(tmp_path: Path) -> None:
    path = jpeg_of(tmp_path / "a.jpg", page(1, (3600, 5000), "RGB"), dpi=(430, 440))
    ((image, dots),) = pages(path, WIDTH, DOTS)
    assert (image.mode, image.size, dots) == ("L", (1800, 2500), (215, 220))


def test_a_jpeg_that_just_fills_the_line_is_decoded_whole(tmp_path: Path) -> None:
    path = jpeg_of(tmp_path / "a.jpg", page(1, (2 * WIDTH - 1, 4000)), dpi=(400, 400))
    ((image, dots),) = pages(path, WIDTH, DOTS)
    assert (image.size, dots) == ((2 * WIDTH - 1, 4000), (400, 400))


def test_a_progressive_jpeg_is_decoded_whole_and_may_be_too_large_for_that(tmp_path: Path) -> None:
    path = jpeg_of(tmp_path / "a.jpg", page(1, (5100, 5000), "RGB"), progressive=True)
    with pytest.raises(ScanUnreadable, match="too large for this device"):
        list(pages(path, WIDTH, DOTS))
    ((image, _),) = pages(jpeg_of(path, page(1, (5100, 5000), "RGB")), WIDTH, DOTS)
    assert image.width == 2550


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_dots_across_and_down_are_those_of_the_upright_page(tmp_path: Path, orientation: int) -> None:
    image = page(1, (200, 400))
    exif = image.getexif()
    exif[274] = orientation
    ((found, dots),) = pages(png_of(tmp_path / "a.png", image, dpi=(100, 200), exif=exif), WIDTH, DOTS)
    lying = orientation > 4
    assert found.size == ((400, 200) if lying else (200, 400))
    assert dots is not None
    assert tuple(map(round, dots)) == ((200, 100) if lying else (100, 200))


@pytest.mark.parametrize(("inches", "size"), [((8.27, 11.69), (1688, 2385)), ((16.54, 11.69), (1728, 1222))])
def test_a_page_of_a_pdf_is_drawn_no_wider_than_a_line(
    tmp_path: Path, inches: tuple[float, float], size: tuple[int, int]
) -> None:
    document = FPDF(unit="in", format=inches)
    document.add_page()
    document.output(str(tmp_path / "a.pdf"))
    ((image, _),) = pages(tmp_path / "a.pdf", WIDTH, DOTS)
    assert (image.mode, abs(image.width - size[0]) <= 1, abs(image.height - size[1]) <= 1) == (
        "L",
        True,
        True,
    )


def test_pdfium_is_asked_by_one_thread_at_a_time(tmp_path: Path) -> None:
    """It knows no threads: two in it at once end the process."""
    path = pdf_of(tmp_path / "a.pdf", [page(1)])
    with pdf.opened(path):
        assert not pdf.one_at_a_time.acquire(blocking=False)
    assert pdf.one_at_a_time.acquire(blocking=False)
    pdf.one_at_a_time.release()
