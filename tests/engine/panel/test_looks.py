"""Colours, dates and sizes, as people see them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franking.engine.panel import colours
from franking.engine.panel.dates import Dates
from franking.engine.panel.sizes import of, size
from franking.engine.words import words
from franking.events.settings import Language

COLOUR = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@given(colour=COLOUR)
def test_whatever_colour_a_maker_has_its_letters_can_be_read(colour: str) -> None:
    for paper in colours.PAPER.values():
        found = colours.legible(colour, paper)
        assert colours.contrast(found, paper) >= 4.5
        assert colours.contrast(colours.ink_on(found), found) >= 4.5


@given(colour=COLOUR)
def test_a_colour_that_can_be_read_is_left_as_it_is(colour: str) -> None:
    for paper in colours.PAPER.values():
        if colours.contrast(colour, paper) >= 4.5:
            assert colours.legible(colour, paper) == colour


@given(colour=COLOUR)
def test_a_theme_holds_colours_alone(colour: str) -> None:
    sheet = colours.theme(colour.upper())
    assert sheet.count("--accent:#") == sheet.count("--accent-ink:#") == 3
    assert sheet.count("{") == sheet.count("}")


def test_contrast_is_that_of_the_standard() -> None:
    assert colours.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert colours.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(
    ("octets", "told"),
    [
        (0, "1 kB"),
        (999, "1 kB"),
        (1_499, "1 kB"),
        (640_000, "640 kB"),
        (999_400, "999 kB"),
        (999_600, "1.0 MB"),
        (9_400_000, "9.4 MB"),
        (9_960_000, "10 MB"),
        (999_700_000, "1.0 GB"),
        (15_000_000_000, "15 GB"),
    ],
)
def test_sizes_have_two_figures(octets: int, told: str) -> None:
    assert size(octets) == told


@given(whole=st.integers(1, 10**13), share=st.floats(0, 1))
def test_a_part_is_told_in_the_unit_of_the_whole(whole: int, share: float) -> None:
    part = float(of(int(whole * share), whole))
    number, _, unit = size(whole).partition(" ")
    assert unit in {"kB", "MB", "GB"}
    assert 0 <= part <= float(number) * 1.06 + 1


NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("language", Language)
def test_a_moment_of_today_is_a_time_and_another_one_has_its_day(language: Language) -> None:
    dates = Dates(words(language), NOW)
    today, other = dates.moment(NOW + timedelta(minutes=2)), dates.moment(NOW + timedelta(days=40))
    assert today == f"{(NOW + timedelta(minutes=2)).astimezone():%H:%M}"
    assert other.endswith(today.rpartition(":")[0] + ":00") or ":00" in other
    assert "2027" in dates.day(NOW + timedelta(days=90))
    assert "2026" not in dates.day(NOW)


@given(
    at=st.integers(0, 230 * 365 * 86400).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    offset=st.integers(-14, 14),
)
def test_the_zone_of_a_moment_changes_nothing_that_is_told(at: datetime, offset: int) -> None:
    dates = Dates(words(Language.ENGLISH), NOW)
    elsewhere = at.astimezone(timezone(timedelta(hours=offset)))
    assert dates.moment(at) == dates.moment(elsewhere)
    assert dates.days_left(at) == dates.days_left(elsewhere) >= 0
    assert datetime.fromisoformat(dates.iso(at)) == at.replace(microsecond=0)


def test_days_left_are_whole_ones() -> None:
    dates = Dates(words(Language.ENGLISH), NOW)
    assert dates.days_left(NOW + timedelta(days=14)) == 14
    assert dates.days_left(NOW + timedelta(days=14, seconds=-1)) == 13
    assert dates.days_left(NOW - timedelta(days=3)) == 0
