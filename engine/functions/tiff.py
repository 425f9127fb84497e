"""TIFF as a container (TIFF 6.0 section 2): the pages of a file, held against what the file really has, and
pages written one behind the other.

Rule: no offset, count or size is believed before the file was measured, and nothing is decoded here. A page
that is copied keeps its image data octet for octet.
"""

import os
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from ..words import Spoken

WIDTH, LENGTH, BITS, COMPRESSION = 256, 257, 258, 259
PHOTOMETRIC, FILL_ORDER, ORIENTATION, SAMPLES = 262, 266, 274, 277
ROWS_PER_STRIP, X_RESOLUTION, Y_RESOLUTION, T4_OPTIONS, RESOLUTION_UNIT = 278, 282, 283, 292, 296
STRIP_OFFSETS, STRIP_OCTETS, TILE_OFFSETS, TILE_OCTETS = 273, 279, 324, 325
NEW_SUBFILE, SUBFILE, PAGE_NUMBER = 254, 255, 297
REDUCED, MASK = 1, 4
"Bits of NewSubfileType: a smaller copy of another image, and what cuts a shape out of one."
REDUCED_OF_OLD = 2
"SubfileType, which is older."
POINTERS = frozenset({330, 400, 34665, 34853, 40965})
"Directories that hang below a page: what they say is of no use in the page's own file."
OLD_JPEG = 6
"Its tables lie outside of the strips (TIFF 6.0 section 22, withdrawn)."

NONE, PACK_BITS = 1, 32773
FAX = frozenset({2, 3, 4})
"T.4 and T.6: no row takes less than one bit."
PACKED = 64
"PackBits makes at most 128 octets of two."
YCBCR = 6
"May leave out colour samples."

SHORT, LONG, RATIONAL = 3, 4, 5
WIDTHS: Mapping[int, int] = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
"Octets of one value, by the type of its field."
CODES: Mapping[int, str] = {1: "B", SHORT: "H", LONG: "I", 13: "I"}
HEADER_OCTETS, ENTRY_OCTETS, IN_PLACE_OCTETS = 8, 12, 4
PAGES_MAX = 1000
COPY_OCTETS = 1 << 16


class Malformed(Spoken, ValueError):
    """Why this file is no TIFF that can be used, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One field of a page; `octets` is its value in the file's byte order."""

    tag: int
    kind: int
    count: int
    octets: bytes


class Piece(NamedTuple):
    """A strip or a tile."""

    offset: int
    octets: int


@dataclass(frozen=True, slots=True)
class Page:
    number_in_file: int
    "From 0, with images that are no pages."
    order: str
    "`<` or `>`, as `struct` names byte orders."
    entries: Mapping[int, Entry]
    pieces: tuple[Piece, ...]

    def number(self, tag: int, default: int) -> int:
        """The first number of a field."""
        entry = self.entries.get(tag)
        return numbers(self.order, entry)[0] if entry is not None and entry.count else default

    @property
    def is_page(self) -> bool:
        """TIFF 6.0 section 8."""
        preview = self.number(SUBFILE, 0) == REDUCED_OF_OLD
        return not preview and not self.number(NEW_SUBFILE, 0) & (REDUCED | MASK)

    @property
    def size(self) -> tuple[int, int]:
        """Width and length in pixels."""
        return self.number(WIDTH, 0), self.number(LENGTH, 0)


def pages(file: BinaryIO) -> Iterator[Page]:
    """Every page in order; previews and masks are none. Raises Malformed, OSError."""
    whole = file.seek(0, os.SEEK_END)
    order, at = start(file)
    seen: set[int] = set()
    found = 0
    while at:
        if at in seen:
            raise Malformed("tiff.ring")
        if len(seen) == PAGES_MAX:
            raise Malformed("tiff.pages", most=PAGES_MAX)
        page, following = directory(file, order, at, whole, len(seen))
        seen.add(at)
        at = following
        if page.is_page:
            found += 1
            yield page
    if not found:
        raise Malformed("tiff.no-page")


def start(file: BinaryIO) -> tuple[str, int]:
    """Byte order, and where the first directory lies."""
    file.seek(0)
    head = file.read(HEADER_OCTETS)
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(head[:4])
    if order is None or len(head) < HEADER_OCTETS:
        big = head[:4] in (b"II+\0", b"MM\0+")
        raise Malformed("tiff.big" if big else "tiff.none")
    return order, struct.unpack(f"{order}I", head[4:])[0]


def directory(file: BinaryIO, order: str, at: int, whole: int, number: int) -> tuple[Page, int]:
    """The page whose directory lies there, and where the next one does."""
    (count,) = struct.unpack(f"{order}H", part(file, at, 2, whole))
    block = part(file, at + 2, count * ENTRY_OCTETS + 4, whole)
    entries: dict[int, Entry] = {}
    left = whole
    for place in range(0, count * ENTRY_OCTETS, ENTRY_OCTETS):
        tag, kind, values = struct.unpack_from(f"{order}HHI", block, place)
        if kind not in WIDTHS:
            continue  # a type that a reader doesn't know is passed over (TIFF 6.0 section 2)
        octets = WIDTHS[kind] * values
        left -= octets
        if left < 0:
            raise Malformed("tiff.fields")
        if octets <= IN_PLACE_OCTETS:
            value = block[place + 8 : place + 8 + octets]
        else:
            value = part(file, struct.unpack_from(f"{order}I", block, place + 8)[0], octets, whole)
        entries[tag] = Entry(tag, kind, values, value)
    page = Page(number, order, entries, pieces(order, entries, whole))
    compare(page)
    return page, struct.unpack_from(f"{order}I", block, count * ENTRY_OCTETS)[0]


def pieces(order: str, entries: Mapping[int, Entry], whole: int) -> tuple[Piece, ...]:
    """Where the image data lie. Raises Malformed where that is outside of the file."""
    tags = (TILE_OFFSETS, TILE_OCTETS) if TILE_OFFSETS in entries else (STRIP_OFFSETS, STRIP_OCTETS)
    if not all(tag in entries for tag in tags):
        raise Malformed("tiff.no-image")
    offsets, sizes = (numbers(order, entries[tag]) for tag in tags)
    if not offsets or len(offsets) != len(sizes):
        raise Malformed("tiff.strips")
    found = tuple(map(Piece, offsets, sizes))
    if any(piece.offset + piece.octets > whole for piece in found) or sum(sizes) > whole:
        raise Malformed("tiff.beyond")
    return found


def compare(page: Page) -> None:
    """Some decoders fill up in white what isn't there. Raises Malformed where a page is too large for its
    image data.
    """
    width, length = page.size
    if min(width, length) < 1:
        raise Malformed("tiff.no-size")
    octets = sum(piece.octets for piece in page.pieces)
    compression = page.number(COMPRESSION, NONE)
    row = (width * page.number(BITS, 1) * page.number(SAMPLES, 1) + 7) // 8
    if compression == NONE and page.number(PHOTOMETRIC, 0) != YCBCR:
        too_large = length * row > octets
    elif compression == PACK_BITS:
        too_large = length * row > octets * PACKED
    else:
        too_large = compression in FAX and length > octets * 8
    if too_large:
        raise Malformed("tiff.less")


def numbers(order: str, entry: Entry) -> tuple[int, ...]:
    code = CODES.get(entry.kind)
    if code is None:
        raise Malformed("tiff.no-number", tag=entry.tag)
    return struct.unpack(f"{order}{entry.count}{code}", entry.octets)


def part(file: BinaryIO, at: int, octets: int, whole: int) -> bytes:
    if at + octets > whole:
        raise Malformed("tiff.end")
    file.seek(at)
    found = file.read(octets)
    if len(found) != octets:
        raise Malformed("tiff.shorter")
    return found


def field(tag: int, kind: int, *values: int, order: str = "<") -> Entry:
    """RATIONAL: numerator, denominator."""
    count = len(values) // 2 if kind == RATIONAL else len(values)
    code = "I" if kind == RATIONAL else CODES[kind]
    return Entry(tag, kind, count, struct.pack(f"{order}{len(values)}{code}", *values))


class Writer:
    """Writes pages into a new file, each as directory, long values, image data."""

    def __init__(self, file: BinaryIO, order: str = "<") -> None:
        self._file, self._order = file, order
        self._end, self._link = HEADER_OCTETS, IN_PLACE_OCTETS
        "Where the next directory's place is to be written: in the header, then behind each directory."
        file.write({"<": b"II*\0", ">": b"MM\0*"}[order] + bytes(4))

    def page(
        self, entries: Iterable[Entry], sizes: Sequence[int], image: Iterable[bytes], tiled: bool = False
    ) -> None:
        """`sizes`: octets of each strip or tile; `image`: all of them. Raises OSError."""
        offsets_tag, sizes_tag = (TILE_OFFSETS, TILE_OCTETS) if tiled else (STRIP_OFFSETS, STRIP_OCTETS)
        fields = {entry.tag: entry for entry in entries}
        fields[sizes_tag] = field(sizes_tag, LONG, *sizes, order=self._order)
        fields[offsets_tag] = field(offsets_tag, LONG, *sizes, order=self._order)
        at = self._end
        values = at + 2 + len(fields) * ENTRY_OCTETS + 4
        data = values + sum(even(len(each.octets)) for each in fields.values() if long(each))
        starts = [data]
        for octets in sizes:
            starts.append(starts[-1] + even(octets))
        fields[offsets_tag] = field(offsets_tag, LONG, *starts[:-1], order=self._order)
        self._describe(at, values, [fields[tag] for tag in sorted(fields)])
        self._fill(sizes, image)
        self._end = starts[-1]

    def _describe(self, at: int, values: int, fields: Sequence[Entry]) -> None:
        self._file.seek(self._link)
        self._file.write(struct.pack(f"{self._order}I", at))
        self._file.seek(at)
        self._link = values - 4
        block, behind = struct.pack(f"{self._order}H", len(fields)), b""
        for each in fields:
            block += struct.pack(f"{self._order}HHI", each.tag, each.kind, each.count)
            if long(each):
                block += struct.pack(f"{self._order}I", values + len(behind))
                behind += each.octets.ljust(even(len(each.octets)), b"\0")
            else:
                block += each.octets.ljust(IN_PLACE_OCTETS, b"\0")
        self._file.write(block + bytes(4) + behind)

    def _fill(self, sizes: Sequence[int], image: Iterable[bytes]) -> None:
        blocks = iter(image)
        for octets in sizes:
            left = octets
            while left:
                block = next(blocks)
                self._file.write(block)
                left -= len(block)
            self._file.write(bytes(octets % 2))


def check_separable(page: Page) -> None:
    """Raises Malformed."""
    if page.number(COMPRESSION, NONE) == OLD_JPEG:
        raise Malformed("tiff.old-jpeg")


def copy(page: Page, image: Iterable[bytes], target: BinaryIO) -> None:
    """One page as a file of its own; `image`: its `octets_of`. Raises OSError."""
    leave = POINTERS | {NEW_SUBFILE, PAGE_NUMBER}
    kept = [entry for tag, entry in page.entries.items() if tag not in leave]
    sizes = [piece.octets for piece in page.pieces]
    Writer(target, page.order).page(kept, sizes, image, TILE_OFFSETS in page.entries)


def octets_of(page: Page, source: BinaryIO) -> Iterator[bytes]:
    for piece in page.pieces:
        source.seek(piece.offset)
        left = piece.octets
        while left:
            block = source.read(min(left, COPY_OCTETS))
            if not block:
                raise Malformed("tiff.shorter")
            left -= len(block)
            yield block


def long(entry: Entry) -> bool:
    return len(entry.octets) > IN_PLACE_OCTETS


def even(octets: int) -> int:
    """Directories and values begin on a word (TIFF 6.0 section 2)."""
    return octets + octets % 2
