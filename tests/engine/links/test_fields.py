"""Header fields of a download: names of any kind, ranges of any kind (S22)."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franking.engine.links.fields import Span, attachment, span

TAG = '"sha"'
SHAPE = re.compile(
    r"attachment; filename=\"(?P<plain>[^\"\\%]*)\"; "
    r"filename\*=UTF-8''(?P<extended>([A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-F]{2})*)"
)
"RFC 6266 section 4.1, RFC 8187 section 3.2.1."


@pytest.mark.manual("S22")
@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("scan.pdf", "attachment; filename=\"scan.pdf\"; filename*=UTF-8''scan.pdf"),
        ("große 計.pdf", "attachment; filename=\"gro_e _.pdf\"; filename*=UTF-8''gro%C3%9Fe%20%E8%A8%88.pdf"),
        ('a"b\\c%41.pdf', "attachment; filename=\"a_b_c_41.pdf\"; filename*=UTF-8''a%22b%5Cc%2541.pdf"),
        ("a\r\nX: y", "attachment; filename=\"a__X_ y\"; filename*=UTF-8''a%0D%0AX%3A%20y"),
    ],
)
def test_s22_a_name_is_said_plainly_and_in_full(name: str, field: str) -> None:
    assert attachment(name) == field


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80))
def test_any_name_stays_in_its_field_and_comes_back_whole(name: str) -> None:
    field = attachment(name)
    assert field.isascii()
    assert field.isprintable()
    match = SHAPE.fullmatch(field)
    assert match is not None
    assert unquote(match["extended"], errors="strict") == name


@pytest.mark.manual("S22")
@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-99", Span(0, 100)),
        ("bytes=90-", Span(90, 10)),
        ("bytes=90-500", Span(90, 10)),
        ("bytes=-5", Span(95, 5)),
        ("bytes=-500", Span(0, 100)),
        ("BYTES=1-1", Span(1, 1)),
        ("bytes=100-", None),
        ("bytes=-0", None),
    ],
)
def test_s22_a_part_may_be_asked_for(asked: str, part: Span | None) -> None:
    assert span({"range": asked}, 100, TAG) == part


@pytest.mark.parametrize(
    "asked",
    ["", "bytes=", "bytes=-", "bytes=5-1", "bytes=0-1,5-6", "lines=0-1", "bytes=x-y", f"bytes={'9' * 99}-"],
)
def test_what_cannot_be_read_means_the_whole(asked: str) -> None:
    assert span({"range": asked}, 100, TAG) == Span(0, 100)


def test_a_part_of_another_version_means_the_whole() -> None:
    assert span({"range": "bytes=1-2", "if-range": TAG}, 100, TAG) == Span(1, 2)
    assert span({"range": "bytes=1-2", "if-range": '"old"'}, 100, TAG) == Span(0, 100)


@given(st.text(max_size=30), st.integers(0, 1000))
def test_whatever_is_asked_for_lies_in_the_file(asked: str, size: int) -> None:
    found = span({"range": f"bytes={asked}"}, size, TAG)
    assert found is None or 0 <= found.first <= found.first + found.octets <= size
