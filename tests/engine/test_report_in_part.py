"""A TX Result Report with lines of mail that failed: these are left out, and the rest is reported (S21)."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from franking.engine.refusal import Refused
from franking.events.information import Actor
from franking.events.job import JobSubmitted
from franking.events.request import Medium, Transmission, TxResultReport
from franking.tests.engine.box import text
from franking.tests.engine.device import LEE, OFFICE, anywhere, history, office, states, warnings

REPLY = f"550 5.1.1 <{LEE}> is nobody here"


def line(number: int, medium: Medium, result: str = "") -> Transmission:
    """One that failed where it has a result."""
    return Transmission(
        number=number,
        destination=LEE if medium is Medium.EMAIL else f"+49 89 {number}",
        medium=medium,
        started_at=datetime(2026, 11, 2, tzinfo=UTC),
        pages=1,
        succeeded=not result,
        result=result,
    )


MIXED = (
    line(1, Medium.FAX),
    line(2, Medium.EMAIL, REPLY),
    line(3, Medium.FAX, "no answer"),
    line(4, Medium.EMAIL),
    line(5, Medium.EMAIL, "timeout"),
)


@pytest.mark.manual("S21")
async def test_s21_the_lines_of_mail_that_failed_are_left_out_and_the_rest_is_sent(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.acquire(engine)
        await engine.submit(TxResultReport(to=(OFFICE,), transmissions=MIXED))
        await engine.settle()
        assert states(engine) == ["sent"]
        (message,) = here.kit.mailbox.messages
        firsts = [row.split()[0] for row in text(message.message()).splitlines() if row.strip()]
        assert [word for word in firsts if word.isdecimal()] == ["1", "3", "4"]
        assert REPLY not in text(message.message())


@pytest.mark.manual("S21", "B9")
async def test_s21_which_lines_were_left_out_stands_on_the_information_screen(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.acquire(engine)
        await engine.submit(TxResultReport(to=(OFFICE,), transmissions=MIXED))
        await engine.settle()
        (warning,) = engine.information()
        assert (warning.code.name, warning.subject, warning.actor) == ("REPORT_IN_PART", "1", Actor.ADMIN)
        assert f"2 ({REPLY}); 5 (timeout)" in warning.cause
        (fact,) = [fact for fact in history(engine) if isinstance(fact, JobSubmitted)]
        assert fact.left_out == (2, 5)
        assert LEE not in fact.model_dump_json()
        assert await engine.acknowledge(warning.code, warning.subject)
        assert warnings(engine) == []


@pytest.mark.manual("S21", "S15")
async def test_s21_a_report_with_no_other_line_is_refused(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.acquire(engine)
        only = (MIXED[1], MIXED[4])
        with pytest.raises(Refused) as refused:
            await engine.submit(TxResultReport(to=(OFFICE,), transmissions=only))
        assert refused.value.codes == ("S21-report",)
        await engine.settle()
        assert here.kit.mailbox.messages == []
        assert anywhere(here.store / "spool", b"timeout") == []
