"""One record that cannot be read blocks itself alone: the device starts, others log in, and what is to be
deleted is deleted.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ..engine.box import BOX, boxed, numbers, to_url
from ..engine.device import (
    Office,
    access_token,
    anywhere,
    identity,
    office,
    refresh_token,
    sealed,
    stands,
    states,
    warnings,
)


def spoil(here: Office, sql: str, *values: str) -> None:
    """As a fault of the disk would, or another release."""
    with closing(sqlite3.connect(here.store / "store.db")) as db:
        assert db.execute(sql, values).rowcount == 1
        db.commit()


async def test_an_information_of_an_unknown_code_is_named_and_costs_no_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            assert warnings(engine) == []
        at = "2026-11-02T08:00:00+00:00"
        spoil(here, "insert into information values ('I999', 'user:1', 1, ?, '', 0)", at)
        async with here.engine() as engine:
            await here.sign_in(engine)
            await here.scan(engine)
            await engine.settle()
            assert (states(engine), warnings(engine)) == (["sent"], [])
        assert "information 'I999' of 'user:1' cannot be read" in caplog.text


@pytest.mark.parametrize(("column", "value"), [("detail", "{"), ("at", "yesterday")])
async def test_an_information_whose_words_cannot_be_read_does_not_hide_the_others(
    tmp_path: Path, column: str, value: str
) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        for user, place in (("kim", "panel"), ("lee", "page")):
            await here.sign_in(engine, user, place)
            here.provider.revoke_grants(f"{user}@example.com")
        await here.passes(engine, hours=2)
        for user in ("kim", "lee"):
            await here.scan(engine, user)
        await engine.settle()
        assert warnings(engine) == [("SIGN_IN_AGAIN", "user:1"), ("SIGN_IN_AGAIN", "user:2")]
        spoil(here, f"update information set {column}=? where subject='user:1'", value)  # noqa: S608
        assert warnings(engine) == [("SIGN_IN_AGAIN", "user:2")]


async def test_an_identity_with_an_odd_id_keeps_nobody_from_coming(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await engine.log_in("panel", "kim")
        spoil(here, "update identity set identity='user:x' where login='kim'")
        async with here.engine() as engine:
            await engine.log_in("page", "lee")
            await engine.log_in("panel", "kim")
            assert [identity(engine, login).identity for login in ("kim", "lee")] == ["user:x", "user:1"]


@pytest.mark.manual("S20", "S22")
async def test_s22_a_document_whose_record_cannot_be_read_is_shown_to_its_person_and_deleted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with office(tmp_path, box=BOX) as here:
        async with here.engine() as engine:
            await here.sign_in(engine)
            await to_url(here, engine, "a.pdf", "b.pdf")
            await engine.settle()
        spoil(here, "update instance set data='{' where machine=? and key='1'", "document")
        async with here.engine() as engine:
            await here.passes(engine, days=8)
            assert numbers(engine.documents("kim")) == [1], "the other one ended at its time"
            assert "the stored document 1 cannot be read" in caplog.text
            await engine.delete_document("kim", 1)
            await engine.settle()
            assert (engine.documents("kim"), boxed(here)) == ((), [])


@pytest.mark.manual("S27")
@pytest.mark.parametrize("machine", ["refresh token", "access token"])
@pytest.mark.parametrize("how", ["all", "one", "logout", "restart"])
async def test_s27_a_token_whose_record_cannot_be_read_is_deleted_too(
    tmp_path: Path, machine: str, how: str
) -> None:
    async with office(tmp_path, oauth={"auto_delete": True}) as here:
        async with here.engine(oauth={"auto_delete": how == "restart"}) as engine:
            await here.sign_in(engine, "kim", "panel")
            await here.sign_in(engine, "lee", "page")
            kept = sealed(engine, "kim")
        spoil(here, "update instance set data='{' where machine=? and key='user:1'", machine)
        async with here.engine() as engine:
            if how == "all":
                assert await engine.delete_tokens() == 2
            elif how == "one":
                await engine.delete_token("kim")
            elif how == "logout":
                await engine.log_in("panel", "kim")
                await engine.log_out("panel")
            await engine.settle()
            assert engine.store.grant("user:1") is None
            assert (refresh_token(engine, "kim"), access_token(engine, "kim")) == ("Required", "absent")
            assert not stands(engine, "panel")
            await here.sign_in(engine)
        assert anywhere(here.store, kept) == []


@pytest.mark.manual("B10")
async def test_b10_a_mailbox_whose_record_cannot_be_read_is_named_and_tried(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The server says again what is wrong with it, if anything is; others' mail goes meanwhile."""
    async with office(tmp_path) as here:
        async with here.engine() as engine:
            await here.sign_in(engine, "kim", "panel")
            await here.sign_in(engine, "lee", "page")
            here.provider.accounts.disable_submission("kim@example.com")
            await here.scan(engine)
            await engine.settle()
        spoil(here, "update instance set data='{' where machine=?", "mailbox")
        async with here.engine() as engine:
            await here.scan(engine, "lee")
            await engine.settle()
            assert "the stored mailbox mailbox:1 cannot be read" in caplog.text
            assert states(engine) == ["waiting", "sent"]
            here.provider.accounts.enable_submission("kim@example.com")
            await here.passes(engine, hours=1)
            assert states(engine) == ["sent", "sent"]
