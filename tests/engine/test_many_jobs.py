"""A spool with very many jobs: nothing that happens at each move looks at all of them, and lists come by
pages.
"""

import sqlite3
from pathlib import Path

import pytest

from franking.bench.flash import add
from franking.engine.engine import Engine
from franking.engine.records import Batch, Queued
from franking.engine.store.sqlite import SqliteStore
from franking.engine.view import View
from franking.events.job import JobTaken
from franking.machines.roles import Role, Viewer

from .device import office, said, states

MANY = 3000
USERS = 4
WIDE = ("SCAN job", "SCAN instance", "SCAN journal", "USE TEMP B-TREE")
"What a plan says of a query that looks at everything."
SHORT = ("INDEX job_unfinished", "INDEX journal_checkpoint", "INDEX instance_over")
"Indices that hold few rows, or those alone that are asked for."


def filled(path: Path) -> SqliteStore:
    store = SqliteStore(path)
    batch = Batch([], [], [], [])
    for job in range(1, MANY + 1):
        add(batch, job, f"user:{job % USERS}")
    store.write(batch)
    return store


class Watched:
    """A connection that asks for the plan of each query first."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        self.plans: dict[str, list[str]] = {}

    def execute(self, sql: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        self.plans[sql] = [str(row[3]) for row in self.db.execute(f"explain query plan {sql}", values)]
        return self.db.execute(sql, values)


async def test_what_is_asked_for_at_each_move_uses_an_index(tmp_path: Path) -> None:
    store = filled(tmp_path / "store.db")
    watched = Watched(store.reader)
    store.reader = watched  # type: ignore[assignment]
    whose = Queued("user:1", "user:1", by_device=False, place="")
    assert store.ready_jobs(whose, 0, 4) == [1, 5, 9, 13]
    assert store.queued(1) == whose
    assert store.last_job() == MANY
    assert len(store.unfinished("user:1", ["WAITING"])) == MANY // USERS
    assert store.due(0, 10) == []
    store.next_due_us(0)
    store.in_states("job", ["SENDING", "DELIVERING"])
    assert len(store.jobs("user:1", limit=5)) == 5
    assert len(store.jobs(limit=5)) == 5
    assert len(store.scans(0, 5)) == 5
    assert store.spooled() == 1500 * MANY
    assert store.over(("", ""), "2100", 10) == []
    assert store.over_count() == 0
    assert store.checkpoint() is None
    assert store.others("job") == []
    wide = {
        sql: step
        for sql, plan in watched.plans.items()
        for step in plan
        if step.startswith(WIDE) and not step.endswith(SHORT) and "job<" not in sql
    }
    assert wide == {}
    store.reader = watched.db
    await store.aclose()


async def pages(view: View, limit: int) -> list[int]:
    found: list[int] = []
    while page := view.jobs(before=found[0] if found else None, limit=limit):
        found = [*(job.job for job in page), *found]
    return found


async def scans(engine: Engine, here: object, count: int) -> None:
    for number in range(count):
        await here.scan(engine, "kim" if number % 3 else "lee")  # type: ignore[attr-defined]


@pytest.mark.manual("S33a")
async def test_s33a_each_sees_his_own_jobs_page_by_page(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await scans(engine, here, 7)
        mine = [job.job for job in engine.status().jobs if job.owner == "kim"]
        assert await pages(engine.view(Viewer(Role.USER, "kim")), 2) == mine == [2, 3, 5, 6]
        assert await pages(engine.view(Viewer(Role.ADMINISTRATOR)), 3) == [1, 2, 3, 4, 5, 6, 7]
        assert [job.job for job in engine.jobs("lee", before=7, limit=1)] == [4]
        assert engine.jobs("nobody") == ()


async def test_a_job_in_a_state_that_is_not_known_here_is_held(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await scans(engine, here, 1)
        with sqlite3.connect(here.store / "store.db") as db:
            db.execute("update instance set state='PAINTED' where machine='job'")
            db.execute("update job set state='PAINTED', ready=1")
        db.close()
        async with here.engine() as engine:
            await here.sign_in(engine, "lee")
            assert states(engine) == ["held"]
            assert said(engine, JobTaken) == 0
            assert engine.store.job(1) is not None
