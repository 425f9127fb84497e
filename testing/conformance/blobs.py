"""What a kept file must give back (`engine/ports.py`, Content): what was taken, as much as was taken, or
FileChanged; never a part that looks like the whole.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple

import pytest

from ...engine.content_port import Content, FileChanged

PIECE = 64 << 10
"Of what is sealed; around its multiples the sizes are chosen."
SIZES = (1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 17)
PIECE_MOST = 1 << 20
"More than that of a file is never in memory at once."


class Blobs(NamedTuple):
    content: Content
    alter: Callable[[Callable[[bytes], bytes]], None]
    "Puts in place of the octets that lie on the disk what the function makes of them."


def octets(size: int) -> bytes:
    return bytes(range(251)) * (size // 251) + bytes(range(size % 251))


def read(content: Content, first: int = 0) -> bytes:
    """Raises FileChanged."""
    found = content.open()
    try:
        return b"".join(found.pieces(first))
    finally:
        found.close()


class BlobChecks:
    def make(self, taken: bytes) -> AbstractAsyncContextManager[Blobs]:
        """A file that was taken with these octets."""
        raise NotImplementedError

    @pytest.mark.parametrize("size", SIZES)
    async def test_it_gives_back_what_was_taken(self, size: int) -> None:
        async with self.make(octets(size)) as (content, _):
            assert content.octets == size
            assert read(content) == octets(size)

    async def test_it_is_read_from_any_octet_on(self) -> None:
        size = 2 * PIECE + 5
        async with self.make(octets(size)) as (content, _):
            for first in (1, PIECE - 1, PIECE, size - 1):
                assert read(content, first) == octets(size)[first:]

    async def test_two_read_it_at_once(self) -> None:
        async with self.make(octets(2 * PIECE)) as (content, _):
            one, two = content.open(), content.open()
            first, second = one.pieces(), two.pieces()
            head = next(first)
            assert b"".join(second) == octets(2 * PIECE)
            assert head + b"".join(first) == octets(2 * PIECE)
            one.close()
            two.close()

    async def test_no_piece_is_large(self) -> None:
        async with self.make(octets(40 * PIECE)) as (content, _):
            found = content.open()
            assert max(map(len, found.pieces())) <= PIECE_MOST
            found.close()

    @pytest.mark.parametrize("size", [10, PIECE, 2 * PIECE + 5])
    async def test_one_that_was_cut_off_is_noticed(self, size: int) -> None:
        async with self.make(octets(size)) as (content, alter):
            alter(lambda kept: kept[: len(kept) // 2])
            with pytest.raises(FileChanged):
                read(content)

    async def test_one_that_grew_is_noticed(self) -> None:
        async with self.make(octets(PIECE)) as (content, alter):
            alter(lambda kept: kept + b"more")
            with pytest.raises(FileChanged):
                read(content)


class SealedBlobChecks(BlobChecks):
    """The same for one that lies sealed, on which more can be noticed."""

    async def test_what_was_taken_lies_nowhere_in_clear(self) -> None:
        async with self.make(octets(PIECE)) as (_, alter):
            seen: list[bytes] = []

            def look(kept: bytes) -> bytes:
                seen.append(kept)
                return kept

            alter(look)
            assert octets(PIECE)[:64] not in seen[0]

    @pytest.mark.parametrize("at", [0.0, 0.3, 0.6, 0.999])
    async def test_a_changed_octet_is_noticed(self, at: float) -> None:
        def changed(kept: bytes) -> bytes:
            place = int(at * len(kept))
            return kept[:place] + bytes([kept[place] ^ 1]) + kept[place + 1 :]

        async with self.make(octets(3 * PIECE + 5)) as (content, alter):
            alter(changed)
            with pytest.raises(FileChanged):
                read(content)

    async def test_pieces_that_changed_places_are_noticed(self) -> None:
        def swapped(kept: bytes) -> bytes:
            piece = len(kept) // 3
            return kept[piece : 2 * piece] + kept[:piece] + kept[2 * piece :]

        async with self.make(octets(3 * PIECE)) as (content, alter):
            alter(swapped)
            with pytest.raises(FileChanged):
                read(content)
