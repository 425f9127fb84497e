"""`forget`: everything of one person leaves the device, and nothing of anybody else (B14)."""

import asyncio
from pathlib import Path

import pytest

from franking.engine.at_the_panel import UnknownUser
from franking.engine.engine import Engine
from franking.engine.people import LoginReserved
from franking.engine.records import Batch, StoreFailed
from franking.engine.vault_rows import PersonGone
from franking.events.token import GrantRevoked, PersonErased

from .box import BOX, boxed, to_url, written
from .device import Office, anywhere, history, identity, office, refresh_token, said, sealed, states, warnings

USERS = {"kim": "kim@example.com", "lee": "lee@example.com"}


def logins(engine: Engine) -> list[str]:
    return [each.login for each in engine.status().identities]


async def mail_of(here: Office, engine: Engine, user: str) -> None:
    """Something of every kind: a sign-in, a job that was sent, one that waits, and documents."""
    place = f"page:{user}"
    await here.sign_in(engine, user, place)
    await here.scan(engine, user, to=(f"friend-of-{user}@example.net",))
    await engine.settle()
    waits = await here.scan(engine, user, to=(f"later-of-{user}@example.net",))
    await engine.hold(waits.job)
    await engine.keep_documents(user, written(here, f"letter-of-{user}.pdf"))
    await to_url(here, engine, f"link-of-{user}.pdf", user=user)
    await engine.settle()


@pytest.mark.manual("B14", "S27")
async def test_b14_everything_of_a_person_is_gone_from_every_file(tmp_path: Path) -> None:
    async with office(tmp_path, "Google", box=BOX) as here:
        async with here.engine() as engine:
            for user in ("kim", "lee"):
                await mail_of(here, engine, user)
            kept = sealed(engine, "kim")
            assert all(anywhere(here.store, each) for each in (b"kim", kept))
            forgotten = await engine.forget("kim")
            assert forgotten == (True, 3, 1, 2)
            for each in (b"kim@", b"-of-kim", b'"kim"', kept):
                assert anywhere(here.store, each) == [], each
            assert logins(engine) == ["administrator", "lee"]
            assert [fact.identity for fact in history(engine) if isinstance(fact, PersonErased)] == ["user:1"]
            await engine.settle()
            assert [fact.delivered for fact in history(engine) if isinstance(fact, GrantRevoked)] == [True]
            assert (refresh_token(engine, "lee"), len(engine.documents("lee"))) == ("Acquired", 2)
            assert [job.owner for job in engine.status().jobs] == ["lee"] * 3
            assert (len(boxed(here)), warnings(engine)) == (2, [])
            with pytest.raises(UnknownUser):
                await engine.forget("kim")
        async with here.engine() as engine:
            assert (logins(engine), states(engine).count("held")) == (["administrator", "lee"], 1)


@pytest.mark.manual("B14", "S26a")
async def test_b14_who_comes_back_is_somebody_new(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        for number in (1, 2):
            async with here.engine() as engine:
                await here.sign_in(engine)
                assert identity(engine, "kim").identity == f"user:{number}"
                await engine.forget("kim")
        async with here.engine() as engine:
            await here.sign_in(engine, "lee")
            assert identity(engine, "lee").identity == "user:3"


@pytest.mark.manual("B14", "S28")
async def test_b14_whoever_stands_at_the_panel_is_logged_out_and_his_screen_closes(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await engine.log_in("panel", "kim")
        await here.scan(engine)
        here.screen.stays_away = True
        await engine.sign_in("panel", "kim")
        await engine.settle()
        assert (here.visits, here.screen.closed) == (["panel"], [])
        await engine.forget("kim")
        await engine.settle()
        assert here.screen.closed == ["panel"]
        assert (engine.who_stands_at("panel"), logins(engine), states(engine)) == ("", ["administrator"], [])
        assert here.spooled() == []


@pytest.mark.manual("B14", "S33")
async def test_b14_a_message_in_transfer_may_end_first(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        async with here.server.hold_bodies() as gate:
            await here.scan(engine)
            await gate.arrived(1)
            forgetting = asyncio.ensure_future(engine.forget("kim"))
            for _ in range(50):
                await asyncio.sleep(0)
            assert not forgetting.done()
        assert (await forgetting)[1:3] == (1, 0)
        assert (len(here.kit.mailbox.messages), anywhere(here.store, b"kim@")) == (1, [])


@pytest.mark.manual("B14")
async def test_b14_what_is_submitted_meanwhile_is_not_half_there(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await engine.log_in("panel", "kim")
        ended = await asyncio.gather(
            *(here.scan(engine) for _ in range(3)), engine.forget("kim"), return_exceptions=True
        )
        assert {type(each).__name__ for each in ended[:3]} <= {"Receipt", "UnknownUser"}
        assert not isinstance(ended[3], BaseException)
        await engine.settle()
        active = engine.store.in_states("job", ["WAITING", "HELD", "SENDING", "DELIVERING"])
        assert sorted(active) == sorted(str(job.job) for job in engine.status().jobs)
        assert sorted(here.spooled()) == sorted(f"{job}/0" for job in active)


@pytest.mark.manual("B14")
async def test_b14_what_the_store_refuses_can_be_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        commit = engine.store.commit

        async def full(batch: Batch) -> None:
            if any(isinstance(write, PersonGone) for write in batch.writes):
                raise StoreFailed("database or disk is full", full=True)
            await commit(batch)

        with monkeypatch.context() as broken:
            broken.setattr(engine.store, "commit", full)
            with pytest.raises(StoreFailed):
                await engine.forget("kim")
        assert refresh_token(engine, "kim") == "Acquired"
        assert (await engine.forget("kim")).sign_in


@pytest.mark.manual("B14")
async def test_b14_nobody_forgets_the_device_itself(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        with pytest.raises(LoginReserved):
            await engine.forget("administrator")
        assert said(engine, PersonErased) == 0
