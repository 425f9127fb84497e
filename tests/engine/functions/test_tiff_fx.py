"""A fax is TIFF-FX profile S (RFC 3949 section 3), and shows what was scanned."""

import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageOps

from franking.engine.functions.tiff_fx import write

from .scans import fax_page, jpeg_of, page, pdf_of, png_of, tiff_of

TIFFTOOLS = pytest.mark.skipif(
    shutil.which("tiffinfo") is None, reason="libtiff-tools is not installed: apt-get install libtiff-tools"
)
TYPES = {3: ("H", 2), 4: ("I", 4), 5: ("II", 8)}
EOL = "000000000001"
Fields = dict[int, tuple[int, ...]]


class Layout:
    """What stands where in a fax, read without any library."""

    def __init__(self, path: Path) -> None:
        self.octets = path.read_bytes()
        self.pages = list(self._pages())

    def _pages(self) -> Iterator[tuple[int, int, Fields, list[int]]]:
        """Of each page: where its directory begins and ends, its fields, the places of its long values."""
        (at,) = struct.unpack_from("<I", self.octets, 4)
        while at:
            (count,) = struct.unpack_from("<H", self.octets, at)
            fields: Fields = {}
            long: list[int] = []
            for number in range(count):
                place = at + 2 + 12 * number
                tag, kind, values = struct.unpack_from("<HHI", self.octets, place)
                code, size = TYPES[kind]
                where = place + 8
                if size * values > 4:
                    (where,) = struct.unpack_from("<I", self.octets, where)
                    long.append(where)
                fields[tag] = struct.unpack_from("<" + code * values, self.octets, where)
            end = at + 2 + 12 * count + 4
            yield at, end, fields, long
            (at,) = struct.unpack_from("<I", self.octets, end - 4)

    def bits(self, number: int) -> str:
        """The page's code, in the order of T.4."""
        fields = self.pages[number][2]
        strip = self.octets[fields[273][0] : fields[273][0] + fields[279][0]]
        return "".join(f"{octet:08b}"[::-1] for octet in strip)


def fax_of(folder: Path, *paths: Path) -> Path:
    target = folder / "fax.tif"
    with target.open("xb") as file:
        write(paths, file)
    return target


def run(*command: str | Path) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stderr == ""
    return done.stdout


def decoded(fax: Path) -> list[Image.Image]:
    """The pages as libtiff's own program decodes them."""
    plain = fax.with_name("plain.tif")
    run("tiffcp", "-c", "none", fax, plain)
    with Image.open(plain) as image:
        found = []
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            found.append(image.copy())
    return found


@pytest.mark.manual("S22")
def test_s22_a_fax_has_the_fields_of_profile_s_and_no_other(tmp_path: Path) -> None:
    fax = Layout(fax_of(tmp_path, tiff_of(tmp_path / "a.tif", [page(1), page(2)], dpi=(75, 75))))
    for number, (_, _, fields, _) in enumerate(fax.pages):
        length = fields[257][0]
        assert fields == {
            254: (2,),
            256: (1728,),
            257: (length,),
            258: (1,),
            259: (3,),
            262: (0,),
            266: (2,),
            273: fields[273],
            277: (1,),
            278: (length,),
            279: fields[279],
            282: (204, 1),
            283: (98, 1),
            292: (0,),
            296: (2,),
            297: (number, 2),
        }
        assert list(fields) == sorted(fields)


@pytest.mark.manual("S22")
def test_s22_directory_values_and_image_of_a_page_stand_before_the_next_page(tmp_path: Path) -> None:
    """RFC 3949 section 3.5."""
    path = fax_of(tmp_path, tiff_of(tmp_path / "a.tif", [page(number) for number in range(4)]))
    fax = Layout(path)
    assert fax.octets[:8] == b"II*\0\x08\0\0\0"
    expected = 8
    for at, end, fields, long in fax.pages:
        assert at == expected
        assert long == [end, end + 8]
        (strip,), (octets,) = fields[273], fields[279]
        assert strip == end + 16
        expected = strip + octets + octets % 2
    assert len(fax.octets) == expected
    assert len(fax.pages) == 4


@pytest.mark.manual("S22")
def test_s22_each_line_begins_with_eol_and_no_rtc_ends_a_page(tmp_path: Path) -> None:
    """RFC 3949 section 3.4: eleven zeros stand in no other code, so that EOLs can be counted."""
    lines = 300
    path = tiff_of(tmp_path / "a.tif", [fax_page(3, lines)], "group4", dpi=(204, 196))
    bits = Layout(fax_of(tmp_path, path)).bits(0)
    assert bits.startswith(EOL)
    assert bits.count(EOL) == lines
    assert EOL + EOL not in bits


@TIFFTOOLS
@pytest.mark.manual("S22")
@pytest.mark.parametrize(
    ("dpi", "down"),
    [((204, 196), 196), ((204, 98), 98), ((200, 200), 196), ((200, 100), 98)],
    ids=["fine", "standard", "fine in round numbers", "standard in round numbers"],
)
def test_s22_another_decoder_sees_every_dot_that_was_scanned(
    tmp_path: Path, dpi: tuple[int, int], down: int
) -> None:
    """What T.4 takes for the same resolution is not drawn anew (RFC 3949 section 2.2.2)."""
    length = 11 * dpi[1]
    scanned = [fax_page(number, length) for number in range(1, 4)]
    fax = fax_of(tmp_path, tiff_of(tmp_path / "a.tif", scanned, "group4", dpi=dpi))
    assert Layout(fax).pages[0][2][283] == (down, 1)
    seen = decoded(fax)
    assert len(seen) == 3
    for before, after in zip(scanned, seen, strict=True):
        assert ImageChops.logical_xor(before, after).getbbox() is None


@TIFFTOOLS
@pytest.mark.manual("S22")
def test_s22_independent_programs_read_the_fax_without_a_complaint(tmp_path: Path) -> None:
    files = [
        tiff_of(tmp_path / "a.tif", [page(1), page(2)], "tiff_lzw"),
        jpeg_of(tmp_path / "b.jpg", page(3), dpi=(75, 75)),
        pdf_of(tmp_path / "c.pdf", [page(4), page(5)]),
        png_of(tmp_path / "d.png", page(6), dpi=(75, 75)),
    ]
    fax = fax_of(tmp_path, *files)
    told = run("tiffinfo", "-D", fax)
    assert [line.split(": ")[1] for line in told.splitlines() if "Page Number" in line] == [
        f"{number}-6" for number in range(6)
    ]
    assert told.count("Compression Scheme: CCITT Group 3\n") == 6
    assert told.count("FillOrder: lsb-to-msb\n") == 6
    assert run("fax2ps", fax).startswith("%!PS")


@TIFFTOOLS
def test_pages_of_all_files_stand_in_their_order(tmp_path: Path) -> None:
    """Each page has as many squares as its place says."""
    files = [
        pdf_of(tmp_path / "a.pdf", [page(1), page(2)]),
        jpeg_of(tmp_path / "b.jpg", page(3), dpi=(75, 75)),
        tiff_of(tmp_path / "c.tif", [page(4)]),
    ]
    seen = decoded(fax_of(tmp_path, *files))
    assert [squares(image) for image in seen] == [1, 2, 3, 4]


def squares(image: Image.Image) -> int:
    """Runs of black in the row through the middle of the squares, without the frame."""
    inside = image.crop((200, 0, image.width - 200, image.height)).convert("L")
    row = [inside.getpixel((x, round(60 / 877 * image.height))) == 0 for x in range(inside.width)]
    return sum(here and not before for before, here in zip([False, *row], row, strict=False))


def one(path: Path) -> Image.Image:
    """The first page of a fax, by libtiff within Pillow."""
    with Image.open(path) as image:
        return image.copy()


@pytest.mark.parametrize("dots", [75, 150, 300, 600])
def test_a_page_has_its_size_on_paper(tmp_path: Path, dots: int) -> None:
    size = round(8.27 * dots), round(11.69 * dots)
    path = tiff_of(tmp_path / "a.tif", [page(1, size)], dpi=(dots, dots))
    fax = one(fax_of(tmp_path, path))
    per_inch = 98 if dots < 110 else 196
    assert abs(fax.height - 11.69 * per_inch) <= 2
    left, _, right, _ = ImageOps.invert(fax.convert("L")).getbbox() or (0, 0, 0, 0)
    shown = (size[0] - 20) * 204 / dots
    assert abs((right - left) - shown) <= 4
    assert abs(left - (1728 - right)) <= 4, "it stands in the middle"


def test_a_page_that_is_too_wide_is_made_smaller(tmp_path: Path) -> None:
    path = tiff_of(tmp_path / "a3.tif", [page(1, (1754, 2480))], dpi=(150, 150))
    fax = one(fax_of(tmp_path, path))
    assert fax.size == (1728, round(2480 / 1754 * 1728 * 196 / 204))


@pytest.mark.parametrize("dpi", [None, (1, 1), (72_000, 72_000)], ids=["none", "1", "72000"])
def test_a_page_that_does_not_tell_its_size_fills_the_width(
    tmp_path: Path, dpi: tuple[int, int] | None
) -> None:
    options = {"dpi": dpi} if dpi else {}
    fax = one(fax_of(tmp_path, png_of(tmp_path / "a.png", page(1, (1000, 1000)), **options)))
    assert fax.size == (1728, round(1728 * 196 / 204))


def test_a_page_that_lies_on_its_side_is_turned_upright(tmp_path: Path) -> None:
    upright = page(2, (620, 877))
    exif = Image.Exif()
    exif[274] = 8
    lying = upright.transpose(Image.Transpose.ROTATE_270)
    straight = one(fax_of(tmp_path, jpeg_of(tmp_path / "a.jpg", upright, dpi=(75, 75), quality=95)))
    (tmp_path / "fax.tif").unlink()
    turned = one(fax_of(tmp_path, jpeg_of(tmp_path / "b.jpg", lying, dpi=(75, 75), exif=exif, quality=95)))
    assert turned.size == straight.size
    assert squares(turned) == squares(straight) == 2


def sixteen_bits() -> Image.Image:
    return Image.new("I;16", (200, 200), 60_000)


def see_through() -> Image.Image:
    return Image.new("RGBA", (200, 200), (0, 0, 0, 0))


def palette() -> Image.Image:
    return Image.new("RGB", (200, 200), (250, 250, 250)).convert("P")


def printers_colours() -> Image.Image:
    return Image.new("CMYK", (200, 200), (0, 0, 0, 0))


LIGHT = (sixteen_bits, see_through, palette, printers_colours)


@pytest.mark.parametrize("light", LIGHT, ids=lambda each: str(each.__name__))
def test_light_paper_of_any_kind_stays_white(tmp_path: Path, light: object) -> None:
    assert callable(light)
    fax = one(fax_of(tmp_path, tiff_of(tmp_path / "a.tif", [light()])))
    assert fax.getcolors() == [(fax.width * fax.height, 255)]


def test_shades_become_a_pattern_of_dots(tmp_path: Path) -> None:
    grey = png_of(tmp_path / "a.png", Image.new("L", (864, 864), 128))
    colours = one(fax_of(tmp_path, grey)).getcolors()
    assert colours is not None
    shares = {colour: count for count, colour in colours}
    assert 0.4 < shares[0] / sum(shares.values()) < 0.6


def test_more_pages_need_no_more_memory(tmp_path: Path) -> None:
    """A page takes 8.7 MB when it is decoded."""
    code = (
        "import sys; from pathlib import Path; from franking.engine.functions.tiff_fx import write\n"
        "with open(sys.argv[2], 'w+b') as fax: write([Path(sys.argv[1])], fax)\n"
        "status = Path('/proc/self/status').read_text().split()\n"
        "print(status[status.index('VmHWM:') + 1])"
    )

    def peak_kb(pages: int) -> int:
        scan = tiff_of(
            tmp_path / f"{pages}.tif", [page(1, (2480, 3508))] * pages, "tiff_adobe_deflate", dpi=(300, 300)
        )
        return int(run(sys.executable, "-c", code, scan, tmp_path / f"fax-{pages}.tif"))

    assert peak_kb(12) - peak_kb(2) < 8_700
