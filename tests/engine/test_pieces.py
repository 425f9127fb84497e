"""Files that are sealed in pieces: what was changed, swapped, left out or added is never read as the file."""

import tracemalloc
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franking.engine.content_port import Content, FileChanged
from franking.engine.contents import OnDisk, SealedOnDisk
from franking.engine.pieces import (
    PIECE_OCTETS,
    TAG_OCTETS,
    FileKey,
    opened,
    read,
    sealed,
    sealed_size,
    written,
)
from franking.engine.scratch import SealedScratch
from franking.engine.smtp.compose import File

SLOT = PIECE_OCTETS + TAG_OCTETS
SIZES = (1, PIECE_OCTETS - 1, PIECE_OCTETS, PIECE_OCTETS + 1, 3 * PIECE_OCTETS, 3 * PIECE_OCTETS + 7)


def clear_of(size: int) -> bytes:
    return bytes(number % 251 for number in range(size))


def cut(octets: bytes) -> list[bytes]:
    return [octets[at : at + PIECE_OCTETS] for at in range(0, len(octets), PIECE_OCTETS)]


def sealed_file(folder: Path, size: int) -> SealedOnDisk:
    key, path = FileKey.new("job 1 file 0"), folder / "0"
    path.write_bytes(b"".join(sealed(key, cut(clear_of(size)))))
    return SealedOnDisk(path, size, key)


def octets(content: Content, first: int = 0) -> bytes:
    with closing(content.open()) as file:
        return b"".join(file.pieces(first))


@pytest.mark.manual("S33b")
@pytest.mark.parametrize("size", SIZES)
def test_s33b_what_is_sealed_is_read_as_it_was(tmp_path: Path, size: int) -> None:
    content = sealed_file(tmp_path, size)
    assert octets(content) == clear_of(size)
    assert content.path.stat().st_size == sealed_size(size)


@pytest.mark.manual("S33b")
def test_s33b_nothing_of_it_can_be_read_on_the_disk(tmp_path: Path) -> None:
    path, key = tmp_path / "0", FileKey.new("job 1 file 0")
    path.write_bytes(b"".join(sealed(key, cut(b"confidential" * 20_000))))
    assert b"confidential" not in path.read_bytes()


@pytest.mark.parametrize("first", [0, 1, PIECE_OCTETS - 1, PIECE_OCTETS, 2 * PIECE_OCTETS + 5])
@pytest.mark.parametrize("kind", ["sealed", "plain"])
def test_it_is_read_from_any_place(tmp_path: Path, first: int, kind: str) -> None:
    size = 3 * PIECE_OCTETS + 7
    content: Content = sealed_file(tmp_path, size)
    if kind == "plain":
        path = tmp_path / "plain"
        path.write_bytes(clear_of(size))
        content = OnDisk(path, size)
    assert octets(content, first) == clear_of(size)[first:]


def one_bit(whole: bytes) -> bytes:
    return whole[:SLOT] + bytes([whole[SLOT] ^ 1]) + whole[SLOT + 1 :]


def two_swapped(whole: bytes) -> bytes:
    return whole[SLOT : 2 * SLOT] + whole[:SLOT] + whole[2 * SLOT :]


def one_twice(whole: bytes) -> bytes:
    return whole[:SLOT] + whole[:SLOT] + whole[2 * SLOT :]


def cut_short(whole: bytes) -> bytes:
    return whole[:-1]


def grown(whole: bytes) -> bytes:
    return whole + b"\0"


def one_piece_less(whole: bytes) -> bytes:
    return whole[: 2 * SLOT]


def all_zeros(whole: bytes) -> bytes:
    return bytes(len(whole))


@pytest.mark.manual("S33b", "S33")
@pytest.mark.parametrize(
    "damage", [one_bit, two_swapped, one_twice, cut_short, grown, one_piece_less, all_zeros]
)
def test_s33b_damage_is_noticed(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    content = sealed_file(tmp_path, 3 * PIECE_OCTETS)
    content.path.write_bytes(damage(content.path.read_bytes()))
    with pytest.raises(FileChanged):
        octets(content)


@pytest.mark.manual("S33b")
def test_s33b_a_file_that_ends_at_a_piece_is_not_the_whole(tmp_path: Path) -> None:
    """Whoever can change the size in the row, too, cannot make a part look like the whole."""
    content = sealed_file(tmp_path, 3 * PIECE_OCTETS)
    content.path.write_bytes(content.path.read_bytes()[: 2 * SLOT])
    with pytest.raises(FileChanged):
        octets(SealedOnDisk(content.path, 2 * PIECE_OCTETS, content.key))


@pytest.mark.manual("S33b")
def test_s33b_another_files_pieces_are_not_taken_for_its_own(tmp_path: Path) -> None:
    content = sealed_file(tmp_path, PIECE_OCTETS)
    as_another = content.key._replace(origin="job 1 file 1")
    with pytest.raises(FileChanged):
        octets(SealedOnDisk(content.path, content.octets, as_another))


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    content = sealed_file(tmp_path, 10)
    moved = content.path.rename(tmp_path / "elsewhere")
    content.path.symlink_to(moved)
    with pytest.raises(OSError, match="symbolic links"):
        octets(content)


def test_no_piece_is_sealed_with_a_nonce_twice() -> None:
    key = FileKey.new("x")
    first, second = sealed(key, [bytes(PIECE_OCTETS), bytes(PIECE_OCTETS)])
    assert first[:-TAG_OCTETS] != second[:-TAG_OCTETS]
    assert FileKey.new("x").key.reveal() != key.key.reveal()


def test_keys_say_nothing_when_they_are_printed_and_come_back_as_they_were() -> None:
    keys = (FileKey.new("job 1 file 0"), None)
    found = read(written(keys))
    assert found[0] is not None
    assert keys[0].key.reveal() == found[0].key.reveal()
    assert (found[0].origin, found[1]) == ("job 1 file 0", None)
    assert keys[0].key.reveal() not in repr(keys)


def test_a_wrong_piece_tells_no_octet_of_it() -> None:
    with pytest.raises(ValueError, match="not what was sealed"):
        next(opened(FileKey.new("x"), 3, [b"abc" + bytes(TAG_OCTETS)]))


# What is made before it is taken

Step = tuple[int, bytes]
steps = st.lists(
    st.tuples(st.integers(0, 3 * PIECE_OCTETS), st.binary(min_size=1, max_size=300)), min_size=1, max_size=12
)


@given(steps)
def test_what_is_made_at_any_place_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, written: list[Step]
) -> None:
    model = bytearray()
    scratch = SealedScratch(tmp_path_factory.mktemp("scratch"))
    with scratch.file("made") as (made, file):
        for at, some in written:
            file.seek(at)
            file.write(some)
            model.extend(bytes(max(0, at + len(some) - len(model))))
            model[at : at + len(some)] = some
        file.seek(0)
        assert file.read() == bytes(model)
    with made.open() as again:
        assert again.read() == bytes(model)
    assert made.octets == len(model)


@pytest.mark.manual("S33b")
def test_s33b_what_is_made_lies_sealed_on_the_disk_and_changed_it_is_not_read(tmp_path: Path) -> None:
    scratch = SealedScratch(tmp_path)
    with scratch.file("fax.tif") as (made, file):
        file.write(b"confidential" * 20_000)
    on_disk = made.path.read_bytes()
    assert b"confidential" not in on_disk
    made.path.write_bytes(on_disk[:100] + bytes([on_disk[100] ^ 1]) + on_disk[101:])
    with pytest.raises(OSError, match="damaged"), made.open() as again:
        again.read()


@pytest.mark.manual("S33b")
def test_s33b_a_piece_that_is_written_again_is_sealed_anew(tmp_path: Path) -> None:
    scratch = SealedScratch(tmp_path)
    with scratch.file("fax.tif") as (made, file):
        file.write(b"x" * 100)
    before = made.path.read_bytes()
    with made.open() as again:
        again.write(b"x")
    assert made.path.read_bytes()[:12] != before[:12]


@pytest.mark.parametrize("kind", ["sealed", "plain"])
def test_a_large_file_is_written_as_mail_with_a_piece_in_memory(tmp_path: Path, kind: str) -> None:
    size = 25 * 1024 * 1024
    path, key = tmp_path / "large", FileKey.new("job 1 file 0")
    with path.open("wb") as file:
        if kind == "plain":
            file.truncate(size)
        else:
            file.writelines(sealed(key, (bytes(PIECE_OCTETS) for _ in range(size // PIECE_OCTETS))))
    content: Content = OnDisk(path, size) if kind == "plain" else SealedOnDisk(path, size, key)
    octets(content, size - 1)  # what is imported once is there
    tracemalloc.start()
    try:
        found = sum(map(len, File(content).blocks()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found == File(content).size
    assert peak < 500_000
