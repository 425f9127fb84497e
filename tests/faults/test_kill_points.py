"""A device that is killed at every persistence point, before it and after it: nothing accepted is lost, and
what went twice is written down (S33, RFC 1047).
"""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from subprocess import Popen

import pytest

from . import writing_calls
from .lives import Ended, Lives, lives
from .points import BORN, ELSEWHERE, GOES_ON, KEPT, POINTS, SENDING, SIGNS_IN, SITES, SWEPT, Points

SIDES = ("before", "after")


def calls(ended: Ended) -> set[str]:
    return {moment.partition(" ")[2] for moment in ended.moments}


def whole(ended: Ended, part: str, points: Points) -> None:
    """A life that nobody killed came through the points of the table, and through no other one."""
    assert not ended.killed
    assert calls(ended) == points.reached
    assert ended.moments >= {f"{side} {call}" for side in SIDES for call in points.own}
    assert ended.unnamed == set()
    assert {site for site, by in SITES.items() if by == part} <= ended.sites


def moments(points: Points, long_count: Callable[[int, int], int]) -> Sequence[str]:
    """What lies on the disk before a call is what the one before it left, but for what came to a server
    between the two, which a commit tells of: the other moments before a call are for the long run.
    """
    servers = points in SENDING.values() or points is GOES_ON
    return [
        f"{side} {call}"
        for call in points.own
        for side in (SIDES if servers and call.startswith("commit") else SIDES[long_count(1, 0) :])
    ]


def script(lives: Lives, points: Points) -> None:
    """For the life that begins."""
    mailbox, server = lives.here.kit.mailbox, lives.here.server
    mailbox.forget_replies()
    server.drops.clear()
    for phase, reply in points.replies:
        mailbox.refuse_next(phase, reply)
    if points.drops:
        server.drop_after_dot()


@pytest.mark.manual("S33", "S33b", "S33c", "B5")
@pytest.mark.parametrize("part", SENDING)
async def test_s33_a_kill_at_any_point_of_a_job_loses_nothing(
    tmp_path: Path, forking: Popen[bytes], part: str, long_count: Callable[[int, int], int]
) -> None:
    points, seal = SENDING[part], part != "handed_over"
    async with lives(tmp_path, forking) as device:
        device.here.settings = device.here.settings.changed(reports={"by_mail": part == "reported"})

        async def life(cut: str = "") -> Ended:
            return await device.live(
                part, cut, meanwhile=lambda: script(device, points), spool={"seal": seal}
            )

        await device.live("nothing")
        whole(await life(), part, points)
        for cut in moments(points, long_count):
            # A token that the former one's message was given is not asked for once more.
            assert (await life(cut)).killed or (await life(cut)).killed, cut
            jobs = await device.check_left()
            there = part != "handed_over" or (tmp_path / "scans" / "0" / "pages.pdf").exists()
            assert there or jobs - set(device.states), "taken from the caller, and no job"
        await device.live("nothing", meanwhile=lambda: script(device, Points(())))


@pytest.mark.manual("S33", "S26")
async def test_s26_a_kill_while_somebody_signs_in_first_leaves_a_device_at_which_he_can(
    tmp_path: Path, forking: Popen[bytes], long_count: Callable[[int, int], int]
) -> None:
    async with lives(tmp_path, forking) as device:
        for cut in ("", *moments(SIGNS_IN, long_count)):
            shutil.rmtree(device.here.store, ignore_errors=True)
            ended = await device.live("nothing", cut, users=("kim",), from_start=True)
            assert ended.killed is bool(cut), cut
            if not cut:
                whole(ended, "signs_in", SIGNS_IN)
            await device.check_left()
            assert not (await device.live("nothing", users=("kim",))).killed
            await device.check_left()
        await device.live("sent")
        await device.live("nothing")
        assert list(device.states.values()) == ["SENT", "SENT"]


@pytest.mark.manual("S33")
async def test_s33_a_kill_at_any_point_of_the_first_start_leaves_a_device_that_starts(
    tmp_path: Path, forking: Popen[bytes], long_count: Callable[[int, int], int]
) -> None:
    async with lives(tmp_path, forking) as device:
        whole(await device.live("nothing", users=(), from_start=True), "born", BORN)
        for cut in moments(BORN, long_count):
            shutil.rmtree(device.here.store)
            assert (await device.live("nothing", cut, users=(), from_start=True)).killed, cut
            await device.check_left()
            assert not (await device.live("nothing", users=())).killed
            await device.check_left()
        await device.live("sent")
        await device.live("nothing")
        assert list(device.states.values()) == ["SENT", "SENT"]


@pytest.mark.manual("S33", "S33b")
async def test_s33_a_kill_while_what_never_became_a_job_is_swept_leaves_nothing(
    tmp_path: Path, forking: Popen[bytes], long_count: Callable[[int, int], int]
) -> None:
    async with lives(tmp_path, forking) as device:
        for cut in ("", *moments(SWEPT, long_count)):
            assert (await device.live("later", "before commit JobSubmitted")).killed
            ended = await device.live("nothing", cut, users=(), from_start=True)
            assert ended.killed is bool(cut)
            if not cut:
                whole(ended, "swept", SWEPT)
            await device.check_left()
        await device.live("nothing")
        assert device.states == {}


@pytest.mark.manual("S33", "S33c")
async def test_s33c_a_kill_while_a_message_goes_again_is_written_down_as_well(
    tmp_path: Path, forking: Popen[bytes], long_count: Callable[[int, int], int]
) -> None:
    async with lives(tmp_path, forking) as device:
        for cut in ("", *moments(GOES_ON, long_count)):
            assert (await device.live("later", "after commit BodyStarted")).killed
            ended = await device.live("goes_on", cut, users=(), from_start=True)
            assert ended.killed is bool(cut)
            if not cut:
                whole(ended, "goes_on", GOES_ON)
            await device.check_left()
        await device.live("nothing")


async def test_a_kill_while_what_was_kept_for_long_enough_goes_lets_the_rest_go_later(
    tmp_path: Path, forking: Popen[bytes], long_count: Callable[[int, int], int]
) -> None:
    async with lives(tmp_path, forking) as device:
        for cut in ("", *moments(KEPT, long_count)):
            shutil.rmtree(device.here.store, ignore_errors=True)
            ended = await device.live("retention", cut)
            assert ended.killed is bool(cut), cut
            if not cut:
                whole(ended, "retention", KEPT)
            await device.check_kept()
            again = await device.live("retention")
            assert again.said in (["3 named"], ["5 named"]), "the newest, without names"
            await device.check_kept()


def test_each_function_that_changes_the_disk_is_known() -> None:
    assert writing_calls.found() == {*SITES, *ELSEWHERE}
    assert set(SITES.values()) <= {*SENDING, "born", "signs_in", "swept"}


def test_each_persistence_point_has_a_part_that_is_killed_there() -> None:
    killed = {call for points in POINTS for call in points.own}
    assert {call for points in POINTS for call in points.reached} == killed
