"""What a store must keep (`engine/records.py`): all of a batch or nothing, durable, seen by the next read."""

from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime

import pytest

from ...engine.records import (
    AlarmDue,
    AlarmGiven,
    Batch,
    ErasedGrant,
    IdentityRow,
    InformationGone,
    InformationRow,
    JobMoved,
    JobRow,
    Line,
    SealedGrant,
    Stored,
    StoreFailed,
    Write,
)
from ...engine.store_port import Store
from ...engine.vault_rows import Noted

AT = datetime(2026, 11, 2, 8, tzinfo=UTC).isoformat()
LATER = datetime(2026, 11, 3, 8, tzinfo=UTC).isoformat()
GRANT = SealedGrant("user:1", 1, "issuer", "kim@example.com", "kim@example.com", "[]", b"\x00sealed\xff")


def line(sequence: int, at: str = AT, name: str = "JobHeld") -> Line:
    return Line(sequence, at, name, 1, f'{{"job":{sequence}}}')


def stored(key: str, state: str, due_us: int | None = None, machine: str = "job") -> Stored:
    return Stored(machine, key, state, "{}", AT, "[]", due_us, 1)


def job(number: int, identity: str = "user:1", *, by_device: bool = False) -> JobRow:
    return JobRow(
        number, identity, identity, "Scan to E-mail", by_device, "kim@example.com", f"<{number}@example.com>",
        AT, "{}", "[]",
    )  # fmt: skip


def batch(*writes: Write, lines: tuple[Line, ...] = (), instances: tuple[Stored, ...] = ()) -> Batch:
    return Batch(list(lines), list(instances), [], list(writes))


class StoreChecks:
    def make(self) -> AbstractAsyncContextManager[Store]:
        """A new store, with nothing in it."""
        raise NotImplementedError

    async def test_a_new_store_has_nothing(self) -> None:
        async with self.make() as store:
            assert (store.last_sequence(), store.lines(0, 10), store.newest()) == (0, [], None)
            assert (store.last_job(), store.jobs(), store.information()) == (0, [], [])
            assert (store.checkpoint(), store.first_line(), store.noted("anything")) == (None, None, "")

    async def test_what_was_committed_is_read(self) -> None:
        async with self.make() as store:
            await store.commit(batch(GRANT, lines=(line(1), line(2)), instances=(stored("1", "WAITING"),)))
            assert store.lines(0, 10) == [line(1), line(2)]
            assert store.instance("job", "1") == stored("1", "WAITING")
            assert store.grant("user:1") == GRANT

    async def test_a_batch_is_all_or_nothing(self) -> None:
        """The second line has the number of one that is there... with a number that no store holds."""
        async with self.make() as store:
            await store.commit(batch(Noted("before", "1"), lines=(line(1),)))
            wrong = batch(Noted("before", "2"), lines=(line(2), line(1 << 70)))
            with pytest.raises(StoreFailed):
                await store.commit(wrong)
            assert (store.noted("before"), store.last_sequence()) == ("1", 1)
            await store.commit(batch(Noted("before", "3"), lines=(line(2),)))
            assert (store.noted("before"), store.last_sequence()) == ("3", 2)

    async def test_rows_of_one_batch_come_in_their_order(self) -> None:
        async with self.make() as store:
            await store.commit(batch(GRANT, ErasedGrant("user:1")))
            assert store.grant("user:1") is None
            await store.commit(batch(ErasedGrant("user:1"), GRANT))
            assert store.grant("user:1") == GRANT
            raised = InformationRow("I101", "user:1", 1, AT)
            await store.commit(batch(raised, InformationGone("I101", "user:1"), raised._replace(because=2)))
            assert [row.because for row in store.information()] == [2]

    async def test_jobs_are_counted_by_their_state(self) -> None:
        async with self.make() as store:
            there = (stored("1", "WAITING"), stored("2", "WAITING"), stored("3", "SENT"))
            await store.commit(batch(instances=(*there, stored("", "WAITING", machine="mailbox"))))
            assert store.jobs_by_state() == {"WAITING": 2, "SENT": 1}

    async def test_a_job_is_found_by_the_mark_that_its_program_gave_it(self) -> None:
        rows = [job(number)._replace(mark=mark) for number, mark in enumerate(("", "0:ab", "1:ab"), 1)]
        async with self.make() as store:
            await store.commit(batch(*rows))
            assert [store.marked(mark) for mark in ("0:ab", "1:ab", "0:cd", "")] == [2, 3, None, None]

    async def test_alarms_are_due_in_each_way_until_they_were_given_in_it(self) -> None:
        async with self.make() as store:
            await store.commit(batch(*(AlarmDue(n, way) for n in (2, 1) for way in ("command", "url"))))
            await store.commit(batch(AlarmGiven(1, "url")))
            assert store.alarms("command", 10) == [1, 2]
            assert store.alarms("command", 1) == [1]
            assert store.alarms("url", 10) == [2]

    async def test_a_row_takes_the_place_of_the_one_before(self) -> None:
        async with self.make() as store:
            await store.commit(batch(GRANT, instances=(stored("1", "WAITING"),)))
            await store.commit(batch(GRANT._replace(version=2), instances=(stored("1", "SENT"),)))
            assert [found.version for found in store.grants()] == [2]
            assert store.in_states("job", ["WAITING"]) == []
            assert store.in_states("job", ["WAITING", "SENT"]) == ["1"]

    async def test_an_instance_that_is_gone_is_gone(self) -> None:
        async with self.make() as store:
            await store.commit(batch(instances=(stored("1", "WAITING", 5), stored("2", "WAITING", 6))))
            await store.commit(Batch([], [], [("job", "1")], []))
            assert store.instance("job", "1") is None
            assert (store.due(10, 10), store.next_due_us(0)) == ([("job", "2")], 6)

    async def test_the_journal_is_read_in_order_from_any_line(self) -> None:
        async with self.make() as store:
            for number in range(1, 6):
                await store.commit(batch(lines=(line(number),)))
            assert [found.sequence for found in store.lines(2, 2)] == [3, 4]
            assert store.line(5) == line(5)
            assert store.line(6) is None
            assert store.first_line() == line(1)
            assert store.moments(3, 10) == [(4, AT), (5, AT)]

    async def test_the_newest_moment_is_of_any_line(self) -> None:
        async with self.make() as store:
            await store.commit(batch(lines=(line(1, LATER), line(2))))
            assert store.newest() == datetime.fromisoformat(LATER)

    async def test_the_last_checkpoint_is_found(self) -> None:
        async with self.make() as store:
            taken = Line(2, AT, "CheckpointTaken", 1, '{"definition":"abc"}')
            await store.commit(batch(lines=(line(1), taken, line(3))))
            found = store.checkpoint()
            assert found is not None
            assert (found.sequence, found.at, found.definition) == (2, AT, "abc")

    async def test_what_is_due_comes_by_time(self) -> None:
        async with self.make() as store:
            await store.commit(
                batch(instances=(stored("1", "WAITING", 30), stored("2", "WAITING", 10), stored("3", "HELD")))
            )
            assert store.due(30, 10) == [("job", "2"), ("job", "1")]
            assert store.due(30, 1) == [("job", "2")]
            assert store.due(9, 10) == []
            assert (store.next_due_us(0), store.next_due_us(10), store.next_due_us(30)) == (10, 30, None)

    async def test_jobs_come_by_pages_the_newest_first(self) -> None:
        async with self.make() as store:
            await store.commit(batch(*(job(number, f"user:{number % 2}") for number in range(1, 8))))
            assert [row.job for row, _ in store.jobs(limit=3)] == [5, 6, 7]
            assert [row.job for row, _ in store.jobs(before=5, limit=3)] == [2, 3, 4]
            assert [row.job for row, _ in store.jobs("user:1", limit=2)] == [5, 7]
            assert [row.job for row, _ in store.jobs("user:1", before=5)] == [1, 3]
            assert store.last_job() == 7

    async def test_a_job_has_the_state_that_was_said_last(self) -> None:
        async with self.make() as store:
            await store.commit(batch(job(1), JobMoved(1, "WAITING", True, "")))
            await store.commit(batch(JobMoved(1, "SENDING", False, "451")))
            assert store.job(1) == job(1)
            assert store.job_moved(1) == JobMoved(1, "SENDING", False, "451")
            assert store.unfinished("user:1", ["SENDING"]) == [1]

    async def test_what_waits_for_a_reason_is_found_the_oldest_first(self) -> None:
        async with self.make() as store:
            moved = (
                JobMoved(1, "WAITING", False, "dns"),
                JobMoved(2, "WAITING", False, "451"),
                JobMoved(3, "WAITING", False, "lost"),
                JobMoved(4, "ENDED", False, "dns"),
                JobMoved(5, "WAITING", True, "dns"),
            )
            await store.commit(batch(*map(job, range(1, 6)), *moved))
            assert store.waiting_because(("dns", "lost"), 9) == [1, 3]
            assert store.waiting_because(("dns", "lost"), 1) == [1]

    async def test_every_instance_is_named(self) -> None:
        async with self.make() as store:
            await store.commit(batch(instances=(stored("2", "SENT"), stored("", "open", machine="disk"))))
            assert store.names() == [("disk", ""), ("job", "2")]

    async def test_what_is_not_unicode_is_refused_and_the_next_is_taken(self) -> None:
        async with self.make() as store:
            with pytest.raises(StoreFailed):
                await store.commit(batch(IdentityRow("user:1", "\ud800", "")))
            await store.commit(batch(IdentityRow("user:1", "kim", "")))
            assert [row.login for row in store.identities()] == ["kim"]

    async def test_room_is_held_back(self) -> None:
        async with self.make() as store:
            assert await store.hold_back()
            assert not store.short
