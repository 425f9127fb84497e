"""A watcher hears of the units that have something of what concerns it, and of no other."""

from collections.abc import Callable

import pytest

from franking.engine.bus import Publication, Waiting
from franking.engine.play import FIRST, Asked, Move, Played
from franking.engine.records import ErasedGrant, Write
from franking.engine.watchers import Concern, Unit, Watchers
from franking.events.base import Event, OfJob, OfPlace
from franking.events.device import PanelUsed
from franking.events.job import JobCancelled, JobHeld
from franking.machines.effects import Deed, DropScan, Effect, EraseScan
from franking.machines.job import JOB
from franking.machines.refresh_token import REFRESH_TOKEN

HELD, CANCELLED, USED = JobHeld(job=1), JobCancelled(job=1), PanelUsed(place="panel")
ERASED = ErasedGrant("user:1")


def unit(
    *lines: Event, moved: bool = False, asked: tuple[Effect, ...] = (), rows: tuple[Write, ...] = ()
) -> Unit:
    first = FIRST[JOB.title]
    moves = [Move(JOB, "1", first, first, HELD)] if moved else []
    played = Played(list(lines), [Asked(effect, JOB, "1", HELD, first) for effect in asked], moves)
    return Unit(Waiting((Publication(HELD),)), 1, played, list(rows), {})


@pytest.mark.parametrize(
    ("concern", "units", "heard"),
    [
        pytest.param(JobHeld, lambda: [unit(HELD), unit(CANCELLED)], [True, False], id="a fact"),
        pytest.param(
            OfJob, lambda: [unit(USED, HELD), unit(USED)], [True, False], id="what is derived from it"
        ),
        pytest.param(
            JOB, lambda: [unit(HELD), unit(HELD, moved=True)], [False, True], id="a machine that moved"
        ),
        pytest.param(REFRESH_TOKEN, lambda: [unit(HELD, moved=True)], [False], id="another machine"),
        pytest.param(
            Deed,
            lambda: [unit(asked=(DropScan(),)), unit(asked=(EraseScan(),))],
            [False, True],
            id="an effect",
        ),
        pytest.param(ErasedGrant, lambda: [unit(), unit(rows=(ERASED,))], [False, True], id="a row"),
    ],
)
async def test_it_hears_of_what_concerns_it_alone(
    concern: Concern, units: Callable[[], list[Unit]], heard: list[bool]
) -> None:
    told: list[Unit] = []
    watchers = Watchers()
    watchers.add(told.append, concern)
    said = units()
    for each in said:
        watchers.tell(each)
    assert [each in told for each in said] == heard


async def test_without_any_concern_it_hears_of_every_unit_even_of_one_in_which_nothing_happened() -> None:
    told: list[Unit] = []
    watchers = Watchers()
    watchers.add(told.append)
    for each in (unit(), unit(HELD), unit(USED, moved=True)):
        watchers.tell(each)
    assert len(told) == 3


async def test_they_are_called_in_the_order_in_which_they_were_added_and_who_comes_first_before_them() -> (
    None
):
    told: list[str] = []
    watchers = Watchers()
    watchers.add(lambda _: told.append("second"), JobHeld)
    watchers.add(lambda _: told.append("third"))
    watchers.tell(unit(HELD))
    watchers.add_first(lambda _: told.append("first"), OfJob)
    watchers.tell(unit(HELD))
    assert told == ["second", "third", "first", "second", "third"]


async def test_one_that_came_later_hears_of_units_like_those_before_and_a_removed_one_of_no_more() -> None:
    told: list[Unit] = []
    watchers = Watchers()
    watchers.tell(unit(HELD))
    watchers.add(told.append, OfPlace)
    watchers.tell(unit(USED))
    watchers.remove(told.append)
    watchers.tell(unit(USED))
    assert len(told) == 1
