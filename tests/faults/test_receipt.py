"""Whoever gets no receipt submits again: what fails after the job was accepted must not cost the receipt."""

from pathlib import Path

import pytest

from ..engine.device import office, states
from .test_failing_store import failing


@pytest.mark.manual("S33")
async def test_s33_a_job_that_was_accepted_has_its_receipt_whatever_fails_after_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever hears that the store failed submits again, and the mail goes out twice."""
    async with office(tmp_path) as here, here.engine() as engine:
        await engine.log_in("panel", "kim")
        with failing(engine, "SignInWanted") as store:
            receipt = await here.scan(engine, place="panel")
        assert store.refused == 1
        assert (receipt.job, receipt.waits_for) == (1, "its status says what it waits for")
        assert states(engine) == ["waiting"]
        assert "a job was accepted; what it waits for cannot be told: StoreFailed" in caplog.text
