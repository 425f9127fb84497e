"""Scan to URL: the scan stays in the person's box, and the mail brings links until they end (S22)."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from franking.engine.engine import Engine
from franking.engine.records import Batch, SealFailed
from franking.engine.refusal import Refused
from franking.events.box import DocumentKept
from franking.events.job import JobSubmitted
from franking.events.request import ScanToUrl
from franking.tests.engine.box import BOX, boxed, links, numbers, text, to_url, written
from franking.tests.engine.device import LEE, OFFICE, Office, office, states, warnings
from franking.tests.engine.stored import assert_equals_replay

TRIES = 40


@pytest.mark.manual("S22")
async def test_s22_the_mail_brings_a_link_for_each_file_and_no_file(tmp_path: Path) -> None:
    async with office(tmp_path, box=BOX) as here, here.engine() as engine:
        await here.sign_in(engine)
        await to_url(here, engine, "a.pdf", "große Pläne #2.pdf")
        await engine.settle()
        (message,) = here.kit.mailbox.messages
        assert message.attachments() == []
        first, second = links(here)
        assert first.endswith("/a.pdf")
        assert second.endswith("/gro%C3%9Fe%20Pl%C3%A4ne%20%232.pdf")
        assert first.split("/")[-2] != second.split("/")[-2]
        ends = here.clock.now() + timedelta(days=7)
        assert text(message.message()).count(f"{ends:%Y-%m-%d %H:%M}") == 2, "the mail says when it ends"
        assert {each.expires_at for each in engine.documents("kim")} == {ends}
        assert (states(engine), boxed(here), here.spooled()) == (["sent"], ["1", "2"], [])


@pytest.mark.manual("S22")
async def test_s22_the_person_or_the_setting_says_how_long_it_is_kept(tmp_path: Path) -> None:
    async with office(tmp_path, box={**BOX, "keep": 7200}) as here, here.engine() as engine:
        await here.sign_in(engine)
        await to_url(here, engine)
        await to_url(here, engine, keep=timedelta(days=30))
        await engine.settle()
        ends = [each.expires_at for each in engine.documents("kim")]
        assert ends == [here.clock.now() + timedelta(hours=2), here.clock.now() + timedelta(days=30)]
        with pytest.raises(ValidationError, match="365 days"):
            ScanToUrl(user="kim", files=(tmp_path,), keep=timedelta.max)


@pytest.mark.manual("S22")
async def test_s22_it_is_off_until_people_can_reach_its_links(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        with pytest.raises(Refused) as refused:
            await to_url(here, engine)
        assert refused.value.codes == ("S22-box",)
        assert "`box.public_url`" in str(refused.value)
        assert (boxed(here), here.spooled(), states(engine)) == ([], [], [])


@pytest.mark.manual("S22", "S33")
async def test_s22_job_and_documents_are_one_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with office(tmp_path, box=BOX) as here, here.engine() as engine:
        commit, batches = engine.store.commit, list[list[str]]()

        async def watched(batch: object) -> None:
            batches.append([line.name for line in batch.lines])  # type: ignore[attr-defined]
            await commit(batch)  # type: ignore[arg-type]

        monkeypatch.setattr(engine.store, "commit", watched)
        await to_url(here, engine, "a.pdf", "b.pdf")
        wanted = {DocumentKept.__name__, JobSubmitted.__name__}
        (together,) = [batch for batch in batches if wanted & set(batch)]
        assert wanted <= set(together)
        assert_equals_replay(engine.store)  # type: ignore[arg-type]


@pytest.mark.manual("S22", "S33c")
async def test_s22_every_try_of_the_mail_brings_the_same_link(tmp_path: Path) -> None:
    async with office(tmp_path, box=BOX) as here:
        async with here.engine() as engine:
            await to_url(here, engine)
            row = engine.store.job(1)
            assert row is not None
            before = engine.adapters.url(engine.boxes.links_of(row, engine.settings.box.keep)[0])
        async with here.engine() as engine:
            here.kit.mailbox.refuse_next("data", "451 4.3.0 Not now")
            await here.sign_in(engine)
            assert states(engine) == ["waiting"]
            await engine.retry(1)
            await engine.settle()
            assert (states(engine), links(here)) == (["sent"], [before])


@pytest.mark.manual("S22")
async def test_s22_the_link_itself_lies_on_no_disk(tmp_path: Path) -> None:
    async with office(tmp_path, box=BOX) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
            await to_url(here, engine)
            await engine.settle()
            token = links(here)[0].split("/")[-2].encode()
        files = [path for path in here.store.rglob("*") if path.is_file()]
        assert len(files) > 3
        assert [path.name for path in files if token in path.read_bytes()] == []


@pytest.mark.manual("S22")
async def test_s22_it_is_erased_when_its_link_ends(tmp_path: Path) -> None:
    async with office(tmp_path, box=BOX) as here, here.engine() as engine:
        await here.sign_in(engine)
        await to_url(here, engine)
        await here.passes(engine, days=7, seconds=-1)
        assert (numbers(engine.documents("kim")), boxed(here)) == ([1], ["1"])
        await here.passes(engine, seconds=1)
        assert (engine.documents("kim"), boxed(here)) == ((), [])
        assert (engine.store.document(1), engine.store.links_of(1)) == (None, [])


@pytest.mark.manual("S22")
@pytest.mark.parametrize("how", ["deleted", "ended after a try that may have arrived"])
async def test_s22_a_mail_whose_document_is_gone_ends_with_that_reason(tmp_path: Path, how: str) -> None:
    async with office(tmp_path, box=BOX) as here, here.engine() as engine:
        if how == "deleted":
            await to_url(here, engine, "a.pdf", "b.pdf")
            await engine.delete_document("kim", 2)
            await here.sign_in(engine)
        else:
            await here.sign_in(engine)
            here.server.drop_at_dot()
            await to_url(here, engine, "a.pdf", "b.pdf", keep=timedelta(seconds=1))
            await here.passes(engine, hours=1)
        job = engine.job(1)
        assert (job.state, job.reason) == ("ended", "a document that it links to is gone")
        assert ("JOB_ENDED", "1") in warnings(engine), "the person is told"
        assert (here.kit.mailbox.messages, boxed(here)) == ([], [])


@pytest.mark.manual("S22", "B10")
async def test_s22_a_link_works_as_long_as_is_said_from_when_its_mail_goes(tmp_path: Path) -> None:
    hour = timedelta(hours=1)
    async with office(tmp_path, box=BOX) as here, here.engine() as engine:
        await to_url(here, engine, keep=hour)
        await here.passes(engine, days=2)
        (document,) = engine.documents("kim")
        assert document.expires_at is None, "nobody can fetch it yet"
        await here.sign_in(engine)
        assert states(engine) == ["sent"]
        (document,) = engine.documents("kim")
        assert document.expires_at == here.clock.now() + hour
        assert f"{document.expires_at:%Y-%m-%d %H:%M}" in text(here.kit.mailbox.messages[0].message())
        await here.passes(engine, hours=1)
        assert (engine.documents("kim"), boxed(here)) == ((), [])


@pytest.mark.manual("S22", "S33c")
async def test_s22_a_mail_that_may_have_arrived_says_for_every_try_until_when(tmp_path: Path) -> None:
    async with office(tmp_path, box=BOX) as here, here.engine() as engine:
        await here.sign_in(engine)
        ends = here.clock.now() + timedelta(days=7)
        here.server.drop_after_dot()
        await to_url(here, engine)
        await here.passes(engine, hours=1)
        assert (states(engine), engine.job(1).unknown) == (["sent"], 1)
        assert len(here.kit.mailbox.messages) == 2
        for message in here.kit.mailbox.messages:
            assert f"{ends:%Y-%m-%d %H:%M}" in text(message.message())
        assert [each.expires_at for each in engine.documents("kim")] == [ends]


@pytest.mark.manual("S22", "B10")
async def test_s22_a_server_that_takes_no_mail_for_longer_than_the_link_works_costs_no_scan(
    tmp_path: Path,
) -> None:
    async with office(tmp_path, box=BOX) as here, here.engine() as engine:
        await here.sign_in(engine)
        for _ in range(TRIES):
            here.kit.mailbox.refuse_next("data", "451 4.3.0 Not now")
        await to_url(here, engine, keep=timedelta(minutes=1))
        await here.passes(engine, hours=6)
        assert (states(engine), boxed(here)) == (["waiting"], ["1"])
        assert engine.job(1).attempts > 2
        for _ in range(TRIES - engine.job(1).attempts):
            assert here.kit.mailbox.scripted("data")
        await engine.retry(1)
        await engine.settle()
        assert states(engine) == ["sent"]
        assert [each.expires_at for each in engine.documents("kim")] == [
            here.clock.now() + timedelta(minutes=1)
        ]


@pytest.mark.manual("S22", "B10")
async def test_s22_without_the_key_that_sealed_the_link_the_mail_waits_for_it(tmp_path: Path) -> None:
    async with office(tmp_path, box=BOX) as here, here.engine() as engine:
        await to_url(here, engine)
        await engine.hold(1)
        await here.sign_in(engine)
        away = (here.store / "key").rename(tmp_path / "away")
        await engine.release(1)
        await engine.settle()
        assert (engine.job(1).state, here.kit.mailbox.messages) == ("waiting", [])
        assert engine.job(1).code == "seal"
        away.rename(here.store / "key")
        await here.passes(engine, minutes=5)
        assert engine.job(1).state == "sent"


@pytest.mark.manual("S22")
async def test_s22_without_any_key_no_link_is_promised(tmp_path: Path) -> None:
    async with office(tmp_path, box=BOX) as here, here.engine() as engine:
        await here.sign_in(engine)
        (here.store / "key").unlink()
        with pytest.raises(SealFailed, match="missing"):
            await to_url(here, engine)
        assert (boxed(here), here.spooled(), states(engine)) == ([], [], [])


Act = Callable[[Office, Engine], Awaitable[object]]


async def cancelled(here: Office, engine: Engine) -> None:
    await engine.cancel(1)


async def discarded(here: Office, engine: Engine) -> None:
    await engine.log_in("panel", "kim")
    await engine.cancel_sign_in("panel")
    assert await engine.discard_waiting("panel") == 1


async def given_up(here: Office, engine: Engine) -> None:
    await here.passes(engine, days=3)


async def refused_when_it_is_taken(here: Office, engine: Engine) -> None:
    await engine.apply(engine.settings.changed(box={"public_url": None}))
    await here.sign_in(engine)


async def ended_by_the_server(here: Office, engine: Engine) -> None:
    here.kit.mailbox.refuse_next("data", "554 5.7.1 Not here")
    await here.sign_in(engine)


ENDS: tuple[Act, ...] = (cancelled, discarded, given_up, refused_when_it_is_taken, ended_by_the_server)


@pytest.mark.manual("S18", "S22", "S33b")
@pytest.mark.parametrize("act", ENDS, ids=lambda act: str(act.__name__))
async def test_s33b_the_scan_of_a_mail_that_never_went_leaves_the_store(tmp_path: Path, act: Act) -> None:
    async with office(tmp_path, box=BOX) as here:
        settings = here.settings.changed(from_address={"setting": "Login User Address"})
        screen = Unmoved() if act is discarded else here.screen
        async with Engine.open(settings, clock=here.clock, screen=screen) as engine:
            await engine.settle()
            kept = await engine.keep_documents("kim", written(here, "mine.pdf"))
            await to_url(here, engine, "a.pdf", "b.pdf")
            await engine.settle()
            assert boxed(here) == ["1", "2", "3"]
            await act(here, engine)
            await engine.settle()
            assert (states(engine), here.kit.mailbox.messages) == (["ended"], [])
            assert (engine.documents("kim"), boxed(here), engine.store.links()) == (kept, ["1"], [])
            assert_equals_replay(engine.store)  # type: ignore[arg-type]


@pytest.mark.manual("S18", "S33b", "S33c")
async def test_s33b_job_and_scan_end_in_one_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no power cut comes between."""
    async with office(tmp_path, box=BOX) as here, here.engine() as engine:
        await to_url(here, engine, "a.pdf", "b.pdf")
        commit, batches = engine.store.commit, list[list[str]]()

        async def watched(batch: Batch) -> None:
            batches.append([line.name for line in batch.lines])
            await commit(batch)

        monkeypatch.setattr(engine.store, "commit", watched)
        await engine.cancel(1)
        assert batches == [["JobCancelled", "DocumentDeleted", "DocumentDeleted"]]


@pytest.mark.manual("S22", "S33c")
async def test_s33c_what_reached_somebody_can_be_fetched(tmp_path: Path) -> None:
    async with office(tmp_path, box=BOX) as here, here.engine() as engine:
        await here.sign_in(engine)
        here.kit.mailbox.refuse_next("rcpt", "550 5.1.1 Nobody here")
        files = written(here, "scan.pdf")
        await engine.submit(ScanToUrl(user="kim", to=(OFFICE, LEE), files=files))
        await engine.settle()
        assert (engine.job(1).state, engine.job(1).code) == ("ended", "sent in part")
        assert (numbers(engine.documents("kim")), boxed(here)) == ([1], ["1"])
        await engine.cancel(1)
        assert boxed(here) == ["1"]


class Unmoved:
    """A screen before which nobody does anything."""

    async def open(self, place: str, address: str, closes_at: datetime) -> None: ...

    async def close(self, place: str) -> None: ...
