"""Whose a job is, and whose sign-in sends it: two things (S17, S33a)."""

from pathlib import Path

import pytest

from franking.tests.engine.device import PRINTER, office, states

FIXED = {"setting": "Fix Administrator Address"}


@pytest.mark.manual("S33a")
async def test_s33a_who_submitted_it_owns_it_although_the_administrator_signs(tmp_path: Path) -> None:
    async with office(tmp_path, from_address=FIXED) as here:
        async with here.engine() as engine:
            scan, notice = await here.scan(engine, "kim"), await here.notice(engine)
            found = [(job.owner, job.signer) for job in engine.status().jobs]
            assert found == [("kim", "administrator"), ("administrator", "administrator")]
            for receipt in (scan, notice):
                why = engine.advice(receipt.job)
                assert why.cause == f"The administrator has not signed in as {PRINTER}."
        async with here.engine() as engine:
            assert [job.owner for job in engine.status().jobs] == ["kim", "administrator"]
            await here.acquire(engine)
            await engine.settle()
            assert states(engine) == ["sent", "sent"]


@pytest.mark.manual("S33a")
async def test_s33a_a_users_own_mail_is_his_and_waits_for_his_sign_in(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        receipt = await here.scan(engine, "kim")
        job = engine.job(receipt.job)
        assert (job.owner, job.signer) == ("kim", "user:1")
        assert engine.advice(receipt.job).cause == "kim has not signed in as kim@example.com."
        await engine.apply(engine.settings.changed(users={}))
        told = engine.advice(receipt.job)
        assert told.cause.endswith("this user has no e-mail address.")
        assert told.remedy.startswith("Register the user's e-mail address")
