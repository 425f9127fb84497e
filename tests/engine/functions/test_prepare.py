"""What is made of a request's files before they are spooled: a fax, or a file of each page."""

import shutil
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from franking.engine.functions import pdf, tiff
from franking.engine.functions.prepare import prepare
from franking.engine.scratch import PlainScratch
from franking.engine.spool import ScanUnreadable
from franking.events.request import (
    ForwardTx,
    InternetFax,
    Request,
    ScanToEmail,
    ScanToMe,
    ScanToUrl,
    Separation,
)

from .scans import fax_page, field_at, jpeg_of, page, pdf_of, png_of, tiff_of

TO = ("lee@example.com",)
COMPRESSIONS = (None, "packbits", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "group3", "group4")


def made_of(folder: Path, request: Request) -> tuple[Path, ...]:
    scratch = folder / "scratch"
    scratch.mkdir()
    made = prepare(request, request.paths, PlainScratch(scratch))
    return tuple(each if isinstance(each, Path) else each.path for each in made)


def page_per_file(folder: Path, *files: Path) -> tuple[Path, ...]:
    return made_of(folder, ScanToEmail(user="kim", to=TO, files=files, separation=Separation.PAGE_PER_FILE))


def names(paths: Sequence[Path]) -> list[str]:
    return [path.name for path in paths]


def strip(path: Path) -> bytes:
    """The only strip of a little-endian TIFF of one page."""
    octets = path.read_bytes()
    at, size = (int.from_bytes(octets[place : place + 4], "little") for place in places(octets))
    return octets[at : at + size]


def places(octets: bytes) -> tuple[int, int]:
    return field_at(octets, 273), field_at(octets, 279)


@pytest.mark.manual("S22")
@pytest.mark.parametrize("request_of", [ScanToEmail, ScanToMe, ScanToUrl])
def test_s22_a_scan_goes_as_it_was_scanned(tmp_path: Path, request_of: type[ScanToEmail]) -> None:
    files = (pdf_of(tmp_path / "a.pdf", [page(1), page(2)]), tiff_of(tmp_path / "b.tif", [page(1)] * 2))
    assert made_of(tmp_path, request_of(user="kim", to=TO, files=files)) == files
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_received_fax_goes_as_it_was_received(tmp_path: Path) -> None:
    files = (tiff_of(tmp_path / "b.tif", [fax_page(1), fax_page(2)]),)
    assert made_of(tmp_path, ForwardTx(to=TO, files=files)) == files


@pytest.mark.manual("S22")
@pytest.mark.parametrize("request_of", [ScanToEmail, ScanToMe, ScanToUrl])
def test_s22_page_per_file_makes_a_file_of_each_page_in_order(
    tmp_path: Path, request_of: type[ScanToEmail]
) -> None:
    files = (
        pdf_of(tmp_path / "Übersicht.PDF", [page(1), page(2)]),
        tiff_of(tmp_path / "scan.tif", [page(number) for number in range(12)]),
        jpeg_of(tmp_path / "photo.jpg", page(1)),
        png_of(tmp_path / "sheet.png", page(1)),
    )
    made = made_of(tmp_path, request_of(user="kim", to=TO, files=files, separation=Separation.PAGE_PER_FILE))
    tiffs = [f"scan-{number:02}.tif" for number in range(1, 13)]
    assert names(made) == ["Übersicht-1.PDF", "Übersicht-2.PDF", *tiffs, "photo.jpg", "sheet.png"]
    assert tiffs == sorted(tiffs)
    assert made[-2:] == files[-2:]


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_page_of_a_tiff_keeps_every_dot(tmp_path: Path, compression: str | None) -> None:
    mode = "1" if compression in {"group3", "group4"} else "RGB"
    made = page_per_file(
        tmp_path, tiff_of(tmp_path / "a.tif", [page(1, mode=mode), page(2, mode=mode)], compression)
    )
    with Image.open(tmp_path / "a.tif") as whole:
        for number, path in enumerate(made):
            whole.seek(number)
            with Image.open(path) as alone:
                assert (getattr(alone, "n_frames", 1), alone.mode, alone.info["dpi"]) == (1, mode, (75, 75))
                assert ImageChops.difference(alone.convert("L"), whole.convert("L")).getbbox() is None


def test_a_page_of_a_tiff_is_not_coded_anew(tmp_path: Path) -> None:
    alone = tiff_of(tmp_path / "alone.tif", [page(2, (300, 200))], "jpeg")
    whole = tiff_of(tmp_path / "a.tif", [page(1, (300, 200)), page(2, (300, 200))], "jpeg")
    assert strip(page_per_file(tmp_path, whole)[1]) == strip(alone)


@pytest.mark.skipif(
    shutil.which("tiffsplit") is None, reason="libtiff-tools is not installed: apt-get install libtiff-tools"
)
def test_a_tiff_of_tiles_in_the_other_byte_order_is_taken_apart(tmp_path: Path) -> None:
    plain = tiff_of(tmp_path / "plain.tif", [page(1), page(2)])
    tiled = tmp_path / "tiled.tif"
    command = ["tiffcp", "-B", "-t", "-w", "128", "-l", "128", "-c", "lzw", plain, tiled]
    subprocess.run(list(map(str, command)), check=True)  # noqa: S603
    made = page_per_file(tmp_path, tiled)
    assert made[0].read_bytes()[:4] == b"MM\0*"
    for path, drawn in zip(made, (page(1), page(2)), strict=True):
        told = subprocess.run(["tiffinfo", "-D", str(path)], check=True, capture_output=True)  # noqa: S603, S607
        assert told.stderr == b""
        with Image.open(path) as alone:
            assert ImageChops.difference(alone, drawn).getbbox() is None


@pytest.mark.manual("S22")
def test_s22_a_page_of_a_pdf_is_a_pdf_that_shows_that_page_alone(tmp_path: Path) -> None:
    whole = pdf_of(tmp_path / "a.pdf", [page(number) for number in range(1, 4)])
    for number, path in enumerate(page_per_file(tmp_path, whole)):
        assert path.read_bytes().startswith(b"%PDF-")
        assert pdf.count(path) == 1
        alone, among = (pdf.drawn(*each, 100, 1728, 2000) for each in ((path, 0), (whole, number)))
        assert ImageChops.difference(alone, among).getbbox() is None


def with_previews(path: Path) -> Path:
    """Each of two pages has a smaller copy before it, as some scanners write. NewSubfileType says so, in
    the room of PlanarConfiguration, which has its default.
    """
    tiff_of(path, [page(2, (200, 200)), page(2), page(3, (200, 200)), page(3)])
    octets = bytearray(path.read_bytes())
    (at,) = struct.unpack_from("<I", octets, 4)
    for number in range(4):
        (count,) = struct.unpack_from("<H", octets, at)
        begin, end = at + 2, at + 2 + 12 * count
        if number % 2 == 0:
            fields = [bytes(octets[place : place + 12]) for place in range(begin, end, 12)]
            kept = [each for each in fields if each[:2] != struct.pack("<H", 284)]
            assert len(kept) == count - 1
            octets[begin:end] = b"".join([struct.pack("<HHII", 254, 4, 1, 1), *kept])
        (at,) = struct.unpack_from("<I", octets, end)
    path.write_bytes(octets)
    return path


def test_previews_are_no_pages(tmp_path: Path) -> None:
    path = with_previews(tmp_path / "a.tif")
    (tmp_path / "fax").mkdir()
    (fax,) = made_of(tmp_path / "fax", InternetFax(user="kim", to=TO, files=(path,)))
    with Image.open(fax) as image:
        assert getattr(image, "n_frames", 1) == 2
        assert image.height == round(877 * 98 / 75)
    apart = page_per_file(tmp_path, path)
    assert names(apart) == ["a-1.tif", "a-2.tif"]
    for number, alone in enumerate(apart):
        with Image.open(alone) as image:
            assert ImageChops.difference(image, page(number + 2)).getbbox() is None


def test_a_file_of_one_page_goes_as_it_is(tmp_path: Path) -> None:
    files = (pdf_of(tmp_path / "a.pdf", [page(1)]), tiff_of(tmp_path / "b.tif", [page(1)]))
    assert page_per_file(tmp_path, *files) == files


def test_files_with_one_name_do_not_meet(tmp_path: Path) -> None:
    files = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        files.append(tiff_of(tmp_path / folder / "scan.tif", [page(1), page(2)]))
    made = page_per_file(tmp_path, *files)
    assert names(made) == ["scan-1.tif", "scan-2.tif"] * 2
    assert len(set(made)) == 4


@pytest.mark.parametrize("stem", ["n" * 251, "長" * 83, "🖨" * 62], ids=["latin", "han", "emoji"])
def test_the_longest_names_find_room_for_a_number(tmp_path: Path, stem: str) -> None:
    made = page_per_file(tmp_path, tiff_of(tmp_path / f"{stem}.tif", [page(1), page(2)]))
    assert all(path.is_file() for path in made)
    assert [path.name[-6:] for path in made] == ["-1.tif", "-2.tif"]
    assert all(path.name.startswith(stem[:50]) for path in made)


@pytest.mark.manual("S22")
def test_s22_an_internet_fax_is_one_file_of_all_pages(tmp_path: Path) -> None:
    files = (pdf_of(tmp_path / "Vertrag.pdf", [page(1), page(2)]), jpeg_of(tmp_path / "photo.jpg", page(3)))
    (made,) = made_of(tmp_path, InternetFax(user="kim", to=TO, files=files))
    assert made.name == "Vertrag.tif"
    with Image.open(made) as image:
        assert (getattr(image, "n_frames", 1), image.width) == (3, 1728)


def test_what_was_named_stays_as_it_is(tmp_path: Path) -> None:
    path = tiff_of(tmp_path / "a.tif", [page(1), page(2)])
    before = path.read_bytes()
    page_per_file(tmp_path, path)
    assert path.read_bytes() == before


def test_a_tiff_that_shrinks_while_it_is_taken_apart_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tiff_of(tmp_path / "a.tif", [page(1), page(2)])

    def shrinks(of: tiff.Page) -> None:
        path.write_bytes(path.read_bytes()[:100])

    monkeypatch.setattr(tiff, "check_separable", shrinks)
    with pytest.raises(ScanUnreadable, match="grew shorter while it was read"):
        page_per_file(tmp_path, path)


def test_a_full_disk_is_not_the_scans_fault(tmp_path: Path) -> None:
    """A limit on the size of files stands for it."""
    code = (
        "import resource, signal, sys; from pathlib import Path;"
        "from franking.engine.functions.prepare import page_per_file;"
        "from franking.engine.scratch import PlainScratch;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000));"
        "page_per_file(Path(sys.argv[1]), PlainScratch(Path(sys.argv[2])))"
    )
    path = tiff_of(tmp_path / "a.tif", [page(1), page(2)])
    ended = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code, str(path), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "OSError: [Errno 27] File too large" in ended.stderr
    assert "ScanUnreadable" not in ended.stderr


def test_a_device_that_sends_scans_as_they_are_loads_no_imaging_library() -> None:
    code = (
        "import sys; from pathlib import Path; from franking.engine.functions.prepare import prepare;"
        "from franking.engine.scratch import PlainScratch;"
        "from franking.events.request import ScanToEmail; scan = Path('scan.pdf');"
        "prepare(ScanToEmail(user='kim', files=(scan,)), (scan,), PlainScratch(Path()));"
        "print(sorted({'PIL', 'pypdfium2'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    assert ended.stdout.strip() == "[]"
