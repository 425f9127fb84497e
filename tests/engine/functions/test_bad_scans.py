"""A scan that is broken, or says what isn't so, is refused in words; whatever its octets are."""

import shutil
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from franking.engine.functions.prepare import prepare
from franking.engine.scratch import PlainScratch
from franking.engine.spool import ScanUnreadable
from franking.engine.words import words
from franking.events.request import InternetFax, Request, ScanToEmail, Separation
from franking.events.settings import Language

from .scans import changed, fax_page, field_at, jpeg_of, page, pdf_of, png_of, tiff_of

Make = Callable[[Path], Path]


def as_fax(path: Path) -> Request:
    return InternetFax(user="kim", to=("lee@example.com",), files=(path,))


def page_per_file(path: Path) -> Request:
    return ScanToEmail(
        user="kim", to=("lee@example.com",), files=(path,), separation=Separation.PAGE_PER_FILE
    )


def refused(request: Request, folder: Path) -> ScanUnreadable:
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    with pytest.raises(ScanUnreadable) as raised:
        prepare(request, request.paths, PlainScratch(scratch))
    return raised.value


def written(path: Path, octets: bytes) -> Path:
    path.write_bytes(octets)
    return path


def halved(path: Path) -> Path:
    octets = path.read_bytes()
    return written(path, octets[: len(octets) // 2])


def empty(folder: Path) -> Path:
    return written(folder / "a.tif", b"")


def no_image(folder: Path) -> Path:
    return written(folder / "a.tif", b"Dear Sir or Madam,\n")


def header_alone(folder: Path) -> Path:
    return written(folder / "a.tif", b"II*\0")


def no_page(folder: Path) -> Path:
    return written(folder / "a.tif", b"II*\0" + bytes(4))


def big_tiff(folder: Path) -> Path:
    return written(folder / "a.tif", b"II+\0\x08\0\0\0" + bytes(8))


def directory_beyond_the_end(folder: Path) -> Path:
    return written(folder / "a.tif", b"II*\0" + struct.pack("<I", 1_000_000))


def ring(folder: Path) -> Path:
    """The only page is followed by itself."""
    path = tiff_of(folder / "a.tif", [page(1)])
    octets = bytearray(path.read_bytes())
    (at,) = struct.unpack_from("<I", octets, 4)
    (count,) = struct.unpack_from("<H", octets, at)
    struct.pack_into("<I", octets, at + 2 + 12 * count, at)
    return written(path, bytes(octets))


def strip_beyond_the_end(folder: Path) -> Path:
    return changed(tiff_of(folder / "a.tif", [fax_page(1, 100)], "group4"), 273, 1_000_000)


def strip_larger_than_the_file(folder: Path) -> Path:
    return changed(tiff_of(folder / "a.tif", [fax_page(1, 100)], "group4"), 279, 4_000_000_000)


def longer_than_its_code(folder: Path) -> Path:
    """Group 4 decoders fill up in white."""
    return changed(tiff_of(folder / "a.tif", [fax_page(0, 100)], "group4"), 257, 60_000)


def longer_than_its_dots(folder: Path) -> Path:
    return changed(tiff_of(folder / "a.tif", [page(1)]), 257, 60_000)


def longer_than_its_packed_dots(folder: Path) -> Path:
    return changed(tiff_of(folder / "a.tif", [page(1)], "packbits"), 257, 4_000_000)


def four_thousand_million_wide(folder: Path) -> Path:
    return changed(tiff_of(folder / "a.tif", [page(1)], "tiff_lzw"), 256, 0xFFFF_FFFF)


def no_width(folder: Path) -> Path:
    return changed(tiff_of(folder / "a.tif", [page(1)]), 256, 0)


def fields_larger_than_the_file(folder: Path) -> Path:
    path = tiff_of(folder / "a.tif", [page(1)])
    octets = bytearray(path.read_bytes())
    struct.pack_into("<I", octets, field_at(octets, 282) - 4, 500_000_000)
    return written(path, bytes(octets))


def truncated_tiff(folder: Path) -> Path:
    return halved(tiff_of(folder / "a.tif", [page(1), page(2)], "tiff_lzw"))


def truncated_pdf(folder: Path) -> Path:
    return written(folder / "a.pdf", b"%PDF-1.7\n1 0 obj << /Type")


BROKEN: dict[Make, str] = {
    empty: "the scan is empty",
    no_image: "it is no PDF, TIFF, JPEG or PNG",
    header_alone: "it is no TIFF",
    no_page: "it has no page",
    big_tiff: "it is a BigTIFF",
    directory_beyond_the_end: "it ends in the middle of a page's description",
    ring: "its pages form a ring",
    strip_beyond_the_end: "image data that lie beyond its end",
    strip_larger_than_the_file: "image data that lie beyond its end",
    longer_than_its_code: "it holds less of an image than it says",
    longer_than_its_dots: "it holds less of an image than it says",
    longer_than_its_packed_dots: "it holds less of an image than it says",
    no_width: "no width or no length",
    fields_larger_than_the_file: "its fields are larger than the file",
    truncated_tiff: "the scan is damaged",
    truncated_pdf: "the scan is damaged",
}
"Nobody can use these."


def too_large(folder: Path) -> Path:
    """As a decompression bomb is: few octets, many dots."""
    return png_that_says(folder, 20_000, 8_000, "1")


def png_that_says(folder: Path, width: int, length: int, mode: str) -> Path:
    path = png_of(folder / "a.png", page(0, (100, 100), mode))
    octets = bytearray(path.read_bytes())
    struct.pack_into(">II", octets, 16, width, length)
    struct.pack_into(">I", octets, 29, zlib.crc32(octets[12:29]))
    return written(path, bytes(octets))


def larger_than_any_library_opens(folder: Path) -> Path:
    return png_that_says(folder, 50_000, 50_000, "1")


def too_large_in_colour(folder: Path) -> Path:
    """In black and white it were not."""
    return png_that_says(folder, 8_000, 6_000, "RGB")


def tiff_too_large_in_colour(folder: Path) -> Path:
    path = tiff_of(folder / "a.tif", [page(1, mode="RGB")], "tiff_lzw", strip_size=1_000_000_000)
    return changed(changed(path, 256, 8_000), 257, 6_000)


def too_long(folder: Path) -> Path:
    return png_of(folder / "a.png", page(0, (100, 30_000)))


def truncated_jpeg(folder: Path) -> Path:
    return halved(jpeg_of(folder / "a.jpg", page(1)))


def truncated_png(folder: Path) -> Path:
    return halved(png_of(folder / "a.png", page(1)))


def numbers_without_a_shade(folder: Path) -> Path:
    return tiff_of(folder / "a.tif", [page(1, mode="F")])


NO_FAX: dict[Make, str] = {
    four_thousand_million_wide: "too large for this device",
    too_large: "too large for this device",
    larger_than_any_library_opens: "too large for this device",
    too_large_in_colour: "too large for this device",
    tiff_too_large_in_colour: "too large for this device",
    too_long: "longer than a fax can be",
    truncated_jpeg: "the scan is damaged",
    truncated_png: "the scan is damaged",
    numbers_without_a_shade: "the scan is damaged",
}
"These can be kept, but not be drawn."


@pytest.mark.manual("S22")
@pytest.mark.parametrize("make", [*BROKEN, *NO_FAX], ids=lambda make: str(make.__name__))
def test_s22_no_fax_is_made_of_a_broken_scan(tmp_path: Path, make: Make) -> None:
    path = make(tmp_path)
    error = refused(as_fax(path), tmp_path)
    assert (BROKEN | NO_FAX)[make] in error.why
    assert error.path == path
    assert str(error).startswith(f"{path}: ")
    assert "submit" in error.remedy


@pytest.mark.parametrize("make", BROKEN, ids=lambda make: str(make.__name__))
def test_no_page_is_taken_out_of_a_broken_scan(tmp_path: Path, make: Make) -> None:
    error = refused(page_per_file(make(tmp_path)), tmp_path)
    assert BROKEN[make] in error.why
    assert "submit" in error.remedy


@pytest.mark.parametrize("request_of", [as_fax, page_per_file])
def test_a_pdf_with_a_password_is_refused_by_name(
    tmp_path: Path, request_of: Callable[[Path], Request]
) -> None:
    path = pdf_of(tmp_path / "a.pdf", [page(1)], password="secret")
    error = refused(request_of(path), tmp_path)
    assert error.why == "the PDF wants a password"
    assert "without a password" in error.remedy


def test_too_many_pages_are_no_fax(tmp_path: Path) -> None:
    """A thousand and one directories in a few kilobytes."""
    octets = bytearray(b"II*\0" + struct.pack("<I", 8))
    for _ in range(1_001):
        fields = [(256, 4, 8), (257, 4, 1), (273, 4, 0), (279, 4, 1)]
        octets += struct.pack("<H", 4) + b"".join(struct.pack("<HHII", t, k, 1, v) for t, k, v in fields)
        octets += struct.pack("<I", len(octets) + 4)
    error = refused(as_fax(written(tmp_path / "a.tif", bytes(octets))), tmp_path)
    assert "more than 1000 pages" in error.why


@pytest.mark.parametrize("library", ["PIL", "pypdfium2"])
def test_a_missing_library_is_named_with_how_to_install_it(
    tmp_path: Path, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = jpeg_of(tmp_path / "a.jpg", page(1)) if library == "PIL" else pdf_of(tmp_path / "a.pdf", [page(1)])
    monkeypatch.setitem(sys.modules, library, None)
    error = refused(as_fax(scan), tmp_path)
    assert library in error.why
    assert "pip install franking[imaging]" in error.remedy


def test_a_tiff_is_taken_apart_without_any_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = tiff_of(tmp_path / "a.tif", [page(1), page(2)])
    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    assert len(prepare(page_per_file(scan), (scan,), PlainScratch(scratch))) == 2


@pytest.mark.filterwarnings("ignore")  # what a library warns of is as damaged as what it raises for
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(["lzw", "group4", "jpeg", "png"]),
    hits=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6),
    kept=st.floats(0.05, 1),
)
def test_octets_at_random_come_to_a_fax_or_to_words(
    tmp_path: Path, kind: str, hits: list[tuple[float, int]], kept: float
) -> None:
    folder = Path(tmp_path / "run")
    folder.mkdir(exist_ok=True)
    path = {
        "lzw": lambda: tiff_of(folder / "a", [page(1, (200, 200)), page(2, (200, 200))], "tiff_lzw"),
        "group4": lambda: tiff_of(folder / "a", [fax_page(1, 50)], "group4"),
        "jpeg": lambda: jpeg_of(folder / "a", page(1, (200, 200))),
        "png": lambda: png_of(folder / "a", page(1, (200, 200))),
    }[kind]()
    octets = bytearray(path.read_bytes())
    for where, octet in hits:
        octets[int(where * len(octets))] = octet
    path.write_bytes(octets[: max(1, int(kept * len(octets)))])
    refused_of: list[Path] = []
    for number, request in enumerate((as_fax(path), page_per_file(path))):
        scratch = folder / str(number)
        scratch.mkdir()
        try:
            assert prepare(request, (path,), PlainScratch(scratch))
        except ScanUnreadable as error:
            refused_of.append(error.path)
        shutil.rmtree(scratch)
    assert set(refused_of) <= {path}


@pytest.mark.manual("S15")
def test_s15_what_is_wrong_with_a_tiff_is_said_in_the_devices_language(tmp_path: Path) -> None:
    error = refused(as_fax(ring(tmp_path)), tmp_path)
    assert "der Scan ist beschädigt: seine Seiten bilden einen Ring." in error.told(words(Language.GERMAN))
