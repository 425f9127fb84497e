"""A From address that the account may not use: told with both addresses, not tried again for a while (B11).

Rule: kim may send as the sales mailbox by the settings; at the provider nobody has given her that right yet.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from franking.engine.engine import Engine
from franking.engine.refusal import Refused
from franking.engine.submitting import Receipt
from franking.events.information import Actor
from franking.events.request import ScanToEmail
from franking.tests.engine.device import (
    KIM,
    OFFICE,
    PAGES,
    Office,
    anywhere,
    office,
    states,
    warnings,
)

from .test_clock import clock_of

SALES = "sales@example.com"
CHANGES: dict[str, object] = {"setting": "Allow User Changes"}
SHARED = {SALES: ["kim"]}
REFUSALS = (
    ("mail", "550 5.7.60 SMTP; Client does not have permissions to send as this sender"),
    ("data", "554 5.2.252 SendAsDenied; kim@example.com not allowed to send as sales@example.com"),
    (
        "data",
        "554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied; Failed",
    ),
)


@asynccontextmanager
async def sales(folder: Path) -> AsyncIterator[tuple[Office, Engine]]:
    """kim has signed in."""
    async with (
        office(folder, from_address=CHANGES, shared_mailboxes=SHARED) as here,
        here.engine() as engine,
    ):
        await here.sign_in(engine)
        yield here, engine


async def as_sales(here: Office, engine: Engine, sender: str | None = SALES) -> Receipt:
    path = here.folder / "scan.pdf"
    path.write_bytes(PAGES)
    receipt = await engine.submit(ScanToEmail(user="kim", to=(OFFICE,), files=(path,), from_address=sender))
    await engine.settle()
    return receipt


@pytest.mark.manual("B9", "B11")
@pytest.mark.parametrize(("phase", "reply"), REFUSALS, ids=["5.7.60", "5.2.252", "SendAsDenied"])
async def test_b9_the_job_ends_and_both_addresses_are_named(tmp_path: Path, phase: str, reply: str) -> None:
    async with sales(tmp_path) as (here, engine):
        if phase == "data":
            here.provider.accounts.allow_send_as(KIM, SALES)
            here.kit.mailbox.refuse_next("data", reply)
        await as_sales(here, engine)
        (warning,) = engine.information()
        assert (states(engine), warning.actor) == (["ended"], Actor.TENANT)
        assert f"{KIM} may not send as {SALES}" in warning.cause
        assert "[Send As]" in warning.remedy


@pytest.mark.manual("B11")
async def test_b11_it_is_refused_at_once_for_a_day_and_never_reaches_the_server(tmp_path: Path) -> None:
    async with sales(tmp_path) as (here, engine):
        await as_sales(here, engine)
        met = here.server.senders_refused
        assert met == 1
        with pytest.raises(Refused) as refused:
            await as_sales(here, engine)
        assert refused.value.codes == ("S17-refused",)
        assert here.spooled() == []
        await here.passes(engine, hours=23, minutes=59)
        with pytest.raises(Refused):
            await as_sales(here, engine, SALES.upper())
        assert here.server.senders_refused == met
        await here.passes(engine, minutes=1)
        here.provider.accounts.allow_send_as(KIM, SALES)
        await as_sales(here, engine)
        assert states(engine)[-1] == "sent"


@pytest.mark.manual("B11", "B10")
async def test_b10_the_next_sign_in_lets_it_be_tried_again(tmp_path: Path) -> None:
    async with sales(tmp_path) as (here, engine):
        await as_sales(here, engine)
        here.provider.accounts.allow_send_as(KIM, SALES)
        await here.sign_in(engine)
        await as_sales(here, engine)
        assert states(engine) == ["ended", "sent"]


@pytest.mark.manual("B11")
async def test_b11_another_from_and_another_user_are_not_meant(tmp_path: Path) -> None:
    shared = {SALES: ["kim", "lee"]}
    async with (
        office(tmp_path, from_address=CHANGES, shared_mailboxes=shared) as here,
        here.engine() as engine,
    ):
        await here.sign_in(engine)
        await here.sign_in(engine, "lee", "page:2")
        await as_sales(here, engine)
        await as_sales(here, engine, sender=None)
        request = ScanToEmail(user="lee", to=(OFFICE,), files=(here.folder / "scan.pdf",), from_address=SALES)
        await engine.submit(request)
        await engine.settle()
        assert states(engine) == ["ended", "sent", "ended"], "lee's own try is the server's to refuse"
        assert here.server.senders_refused == 2


@pytest.mark.manual("B11")
async def test_b11_what_waits_with_that_from_ends_without_a_try(tmp_path: Path) -> None:
    async with sales(tmp_path) as (here, engine):
        here.kit.mailbox.refuse_next("mail", "451 4.7.500 Server busy")
        await as_sales(here, engine)
        assert states(engine) == ["waiting"]
        await as_sales(here, engine)
        await here.passes(engine, minutes=2)
        assert states(engine) == ["ended", "ended"]
        assert here.server.senders_refused == 1
        assert engine.job(1).code == "S17-refused"
        assert set(warnings(engine)) == {("JOB_ENDED", "1"), ("JOB_ENDED", "2")}


@pytest.mark.manual("B11")
async def test_b11_it_is_remembered_across_a_restart(tmp_path: Path) -> None:
    async with office(tmp_path, from_address=CHANGES, shared_mailboxes=SHARED) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
            await as_sales(here, engine)
        async with here.engine() as engine:
            with pytest.raises(Refused, match="S17-refused"):
                await as_sales(here, engine)


@pytest.mark.manual("S33a")
async def test_s33a_the_journal_holds_neither_address(tmp_path: Path) -> None:
    async with sales(tmp_path) as (here, engine):
        await as_sales(here, engine)
        lines = [line.fields for line in engine.store.lines(0, 1_000)]
        assert not any(SALES in line or KIM in line for line in lines)
        assert anywhere(here.store, SALES.encode()), "the store's rows have it"


@pytest.mark.manual("B11", "B2")
async def test_b11_a_refusal_of_a_clock_that_was_ahead_is_not_remembered_longer(tmp_path: Path) -> None:
    async with sales(tmp_path) as (here, engine):
        clock_of(here).jump(days=365)
        await engine.settle()
        await as_sales(here, engine)
        clock_of(here).jump(days=-365)
        here.provider.accounts.allow_send_as(KIM, SALES)
        await as_sales(here, engine)
        assert states(engine) == ["ended", "sent"]
