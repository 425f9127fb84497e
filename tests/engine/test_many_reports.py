"""Many mails end at once: how many reports their owner gets (S21, B11, B13)."""

from pathlib import Path

import pytest

from franking.engine.reporting import NoReport, Reporting, Untold
from franking.events.request import Function, Notify

from .device import warnings
from .reported import UNKNOWN, brought, reporting, reports, why_not, words


@pytest.mark.manual("S21", "B11", "B13")
async def test_b13_many_that_end_at_once_fill_no_mailbox_and_the_last_report_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("franking.engine.reporting.UNASKED_MOST", 2)
    async with reporting(tmp_path) as (here, engine):

        async def ended(jobs: int, *notify: Notify) -> None:
            for _ in range(jobs):
                here.kit.mailbox.refuse_next("rcpt", UNKNOWN)
                await brought(here, engine, notify=notify)

        await ended(4)
        more = ["No more reports like this" in words(mail) for mail in reports(here)]
        assert more == [False, True]
        told = [job.job for job in engine.jobs() if job.function == Function.PROGRAM]
        assert [why_not(engine, job) for job in told] == [[""], [""], [Untold.TOO_MANY], [Untold.TOO_MANY]]
        assert "too many mails" in engine.history(told[-1]).steps[-1].reason
        assert len(warnings(engine)) == 4, "the screen tells all"
        assert here.spooled() == []
        await ended(2, Notify.FAILURE)
        assert len(reports(here)) == 4, "its program asked for each"
        await here.passes(engine, hours=1)
        await ended(1)
        assert len(reports(here)) == 5


@pytest.mark.manual("S21", "B13")
async def test_b13_a_report_that_could_not_be_made_is_not_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("franking.engine.reporting.UNASKED_MOST", 2)

    async def no_room(*given: object) -> None:
        raise NoReport(Untold.NO_ROOM)

    async with reporting(tmp_path) as (here, engine):

        async def ended(jobs: int) -> None:
            for _ in range(jobs):
                here.kit.mailbox.refuse_next("rcpt", UNKNOWN)
                await brought(here, engine)

        with monkeypatch.context() as patch:
            patch.setattr(Reporting, "spooled", no_room)
            await ended(2)
        assert reports(here) == []
        await ended(3)
        more = ["No more reports like this" in words(mail) for mail in reports(here)]
        assert more == [False, True]
