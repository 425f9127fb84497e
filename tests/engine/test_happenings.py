"""What happened on a day, or to one identity, with causes; and the same without names (B5)."""

import json
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from franking.engine.export import NotExported, exported, read
from franking.engine.happenings import happened, journal
from franking.engine.journal import entry
from franking.engine.replay import differences, replay
from franking.engine.store.looking import seen
from franking.engine.store.opening import StoreMissing, StoreTooNew
from franking.tests.engine.device import KIM, OFFICE, office, signed_in
from franking.tests.engine.stored import START, Running, running, started, submitted
from franking.tests.engine.stored import signed_in as grant


@pytest.mark.manual("B5")
async def test_b5_each_line_tells_its_cause_and_what_it_moved(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine(oauth={"auto_delete": True}) as engine:
        await here.sign_in(engine)
        await engine.log_out("panel")
        await engine.settle()
        found = happened(engine.store, identity=engine.people.rows["kim"].identity)
    assert found.why_bare == ""
    lines = {each.sequence: each for each in found.lines}
    (deleted,) = [each for each in found.lines if each.fact == "TokenDeleted"]
    assert ("refresh token", "Acquired", "Required") in [
        (move.machine, move.before, move.after) for move in deleted.moved
    ]
    assert deleted.because is not None
    cause = lines[deleted.because]
    assert (cause.fact, cause.because, cause.about["place"]) == ("UserLoggedOut", None, "panel")


@pytest.mark.manual("B5")
async def test_b5_one_identity_is_not_told_of_the_others(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine, "kim")
        await here.sign_in(engine, "lee", "second")
        await here.scan(engine, "kim")
        await here.scan(engine, "lee")
        await engine.settle()
        whose = {login: row.identity for login, row in engine.people.rows.items()}
        found = happened(engine.store, identity=whose["lee"])
    assert {each.about["job"] for each in found.lines if "job" in each.about} == {"2"}
    assert whose["kim"] not in {each.about.get("identity") for each in found.lines}


async def two_days(here: Running) -> None:
    await here.say(started())
    await here.say(grant())
    await here.say(submitted(1))
    here.clock.move(timedelta(days=1))
    await here.say(submitted(2))


@pytest.mark.manual("B5")
async def test_b5_a_day_is_told_alone_with_the_states_that_came_from_before(tmp_path: Path) -> None:
    async with running(tmp_path / "store.db") as here:
        await two_days(here)
        first = happened(here.store, START, START + timedelta(days=1))
        second = happened(here.store, START + timedelta(days=1))
        assert happened(here.store, START + timedelta(days=2)).lines == ()
    assert [each.about.get("job") for each in first.lines if each.fact == "JobSubmitted"] == ["1"]
    assert [each.about.get("job") for each in second.lines if each.fact == "JobSubmitted"] == ["2"]


@pytest.mark.manual("B5")
async def test_b5_where_the_beginning_is_not_kept_the_lines_are_told_without_causes(tmp_path: Path) -> None:
    async with running(tmp_path / "store.db") as here:
        await two_days(here)
        here.store.writer.execute("delete from journal where sequence<3")
        found = happened(here.store, START)
    assert "has no checkpoint" in found.why_bare
    assert [each.fact for each in found.lines][-1] == "JobSubmitted"
    assert not any(each.moved for each in found.lines)


@pytest.mark.manual("B5")
async def test_b5_the_store_is_looked_into_while_an_engine_uses_it(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (here, engine):
        await here.scan(engine)
        await engine.settle()
        with seen(here.store) as store:
            world = replay(journal(store))
            assert differences(world, store) == ()
            await engine.delete_token("kim")
            await engine.settle()
            assert differences(world, store) == (), "all that is read is of one moment"
        with seen(here.store) as store:
            assert differences(world, store) != ()


@pytest.mark.manual("B5")
async def test_b5_a_state_that_nobody_brought_about_is_named(tmp_path: Path) -> None:
    async with running(tmp_path / "store.db") as here:
        await two_days(here)
        here.store.writer.execute("update instance set state='HELD' where machine='job' and key='1'")
        (found,) = differences(replay(journal(here.store)), here.store)
    assert found.startswith("job 1: HELD since ")
    assert "WAITING since" in found


def test_a_folder_without_a_store_is_left_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing, match="there is no store here"), seen(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_is_too_new_is_not_looked_into(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "store.db") as db:
        db.execute("pragma user_version=0x7fff7fff")
    db.close()
    before = sorted(tmp_path.iterdir())
    with pytest.raises(StoreTooNew), seen(tmp_path):
        pass
    assert sorted(tmp_path.iterdir()) == before


PLACE = "reception, Ms Lee"


@pytest.mark.manual("B5", "S33a")
async def test_b5_what_is_exported_replays_elsewhere_and_holds_no_name(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        await engine.log_in(PLACE, "kim")
        here.screen.declines = True
        await engine.sign_in(PLACE, "kim")
        here.screen.declines = False
        await engine.settle()
        await here.sign_in(engine, "kim", PLACE)
        await here.scan(engine, place=PLACE)
        await engine.settle()
        text = "\n".join(exported(engine.store, engine.settings))
        held = replay(journal(engine.store))
    names = ("kim", "lee", KIM, OFFICE, PLACE, "example.com", str(tmp_path), "scan.pdf", "localhost")
    assert [name for name in names if name in text] == []
    path = tmp_path / "export.jsonl"
    path.write_text(text)
    world = replay([entry(line) for line in read(path)])
    assert {title for title, _ in world.instances} == {title for title, _ in held.instances}
    assert ("session", "place 1") in world.instances
    assert json.loads(text.splitlines()[0])["settings"]["oauth"]["provider"] == "Microsoft"


@pytest.mark.parametrize("text", ["", "{}\n", '{"format": 2}\n', '{"format": 1}\n{"sequence": 1}\n', "\0"])
def test_another_file_is_no_export(tmp_path: Path, text: str) -> None:
    path = tmp_path / "export.jsonl"
    path.write_text(text)
    with pytest.raises(NotExported, match="Export it again"):
        read(path)
