"""What the owner of a file in the drop folder learns where it can never be taken (B13, B9)."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from franking.engine.control import dropped
from franking.engine.control.dropped import Drop, made
from franking.engine.control.messages import Messages
from franking.engine.engine import Engine
from franking.engine.information import Warning
from franking.engine.programs import handing
from franking.engine.records import StoreFailed
from franking.engine.reporting import Untold
from franking.events.request import Function
from franking.machines.roles import Role, Viewer
from franking.tests.engine.device import KIM, OFFICE, PRINTER, Office, office, states, warnings
from franking.tests.engine.reported import actions, blocks, reporting, reports, returned, why_not, words

from .test_drop import MAIL, KilledError, lies, message, refused

pytestmark = pytest.mark.manual("B13", "B9", "S21")
WHOLE = b"From: root\nTo: office@example.com, stranger\nSubject: backup\nMessage-ID: <1@nas>\n\nfailed\n"


@asynccontextmanager
async def dropping(folder: Path, **sections: Any) -> AsyncIterator[tuple[Office, Engine, Drop]]:
    """Reports can go by mail."""
    async with reporting(folder, **sections) as (here, engine):
        made(folder / "drop", None)
        yield here, engine, Drop(Messages(engine), folder / "drop")


def put(drop: Drop, octets: bytes = MAIL, **query: str) -> Path:
    name = os.urandom(16).hex()
    said = handing.query_of({"mark": name, "from": "root", **query})
    handing.drop(str(drop.folder), name, said, message(octets))
    return drop.folder / name


async def looked(engine: Engine, drop: Drop) -> None:
    await drop.look()
    await engine.settle()


def only(engine: Engine) -> Warning:
    (found,) = engine.information()
    return found


async def test_b13_whoever_dropped_it_is_told_on_the_screen_and_by_mail(tmp_path: Path) -> None:
    async with dropping(tmp_path) as (here, engine, drop):
        path = put(drop, WHOLE, headers="1", envid="QQ7")
        number = path.stat().st_ino
        await looked(engine, drop)
        ((name, text),) = refused(drop).items()
        assert (states(engine), warnings(engine)) == (["ended", "sent"], [("JOB_ENDED", "2")])
        found = only(engine)
        assert "of user root" in found.cause
        assert text.splitlines()[0] in found.cause
        assert str(drop.folder / "refused" / name) in found.remedy
        assert name == f"{path.name}-{number}"
        (mail,) = reports(here)
        assert [str(mail[each]) for each in ("From", "To", "Subject", "In-Reply-To")] == [
            PRINTER,
            PRINTER,
            "Not delivered: backup",
            "<1@nas>",
        ]
        assert actions(mail) == [(OFFICE, "failed", "5.0.0"), ("stranger@example.com", "failed", "5.0.0")]
        assert blocks(mail)[0]["Original-Envelope-Id"] == "QQ7"
        assert [each["Original-Recipient"] for each in blocks(mail)[1:]] == [None, "rfc822; stranger"]
        content = engine.content(2)
        assert content is not None
        assert [each.address for each in content.recipients] == [OFFICE, "stranger"]
        assert text.splitlines()[0] in words(mail)
        assert b"Subject: backup" in returned(mail)
        assert engine.history(2).whole


async def test_b13_a_persons_own_is_told_to_him(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dropped, "name_of", lambda uid: "kim")
    async with dropping(tmp_path) as (here, engine, drop):
        put(drop, MAIL + b"\0", to=OFFICE)
        await looked(engine, drop)
        assert [(job.owner, job.function) for job in engine.jobs()] == [
            ("kim", Function.PROGRAM),
            ("kim", Function.REPORT),
        ]
        assert [str(mail["To"]) for mail in reports(here)] == [KIM]
        assert engine.concerns(only(engine)) == "kim"
        assert engine.view(Viewer(Role.USER, "lee")).information() == ()


async def test_b13_of_what_the_settings_say_whose_it_is_that_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dropped, "name_of", lambda uid: "www-data")
    senders = {"senders": {"www-data": "kim"}}
    async with dropping(tmp_path, programs=senders) as (_, engine, drop):
        put(drop, MAIL + b"\0", to=OFFICE)
        await looked(engine, drop)
        assert engine.jobs()[0].owner == "kim"


async def test_b13_of_what_is_no_message_the_screen_tells_alone(tmp_path: Path) -> None:
    async with dropping(tmp_path) as (here, engine, drop):
        os.mkfifo(drop.folder / "pipe", 0o640)
        await looked(engine, drop)
        assert "a pipe" in only(engine).cause
        assert (reports(here), why_not(engine, 1)) == ([], [Untold.NOT_ASKED])


@pytest.mark.parametrize(
    ("query", "reports_made"), [({"notify": "never"}, 0), ({"from": ""}, 0), ({"notify": "failure"}, 1)]
)
async def test_b13_who_asked_for_no_notices_gets_none_by_mail(
    tmp_path: Path, query: dict[str, str], reports_made: int
) -> None:
    async with dropping(tmp_path) as (here, engine, drop):
        put(drop, MAIL + b"\0", to=OFFICE, **query)
        await looked(engine, drop)
        assert (len(reports(here)), warnings(engine)) == (reports_made, [("JOB_ENDED", "1")])


async def test_s21_over_a_mailbox_that_is_closed_goes_no_report(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine(reports={"by_mail": True}) as engine:
        made(tmp_path / "drop", None)
        drop = Drop(Messages(engine), tmp_path / "drop")
        put(drop, MAIL + b"\0", to=OFFICE)
        await looked(engine, drop)
        assert (states(engine), why_not(engine, 1)) == (["ended"], [Untold.CLOSED])
        assert warnings(engine) == [("JOB_ENDED", "1")]


async def test_b13_a_power_cut_before_it_is_moved_tells_its_owner_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*given: object) -> None:
        raise KilledError

    async with dropping(tmp_path) as (_, engine, drop):
        put(drop, MAIL + b"\0", to=OFFICE)
        with monkeypatch.context() as patch:
            patch.setattr(Drop, "move", cut)
            with pytest.raises(KilledError):
                await drop.look()
        await looked(engine, Drop(drop.messages, drop.folder))
        assert (lies(drop), len(refused(drop))) == ([], 1)
        assert [code for code, _ in warnings(engine)] == ["JOB_ENDED"] * 2


async def test_b13_it_is_moved_when_its_owner_was_told_and_he_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*given: object) -> None:
        raise StoreFailed("disk I/O error", full=True)

    def stays(*given: object) -> None:
        raise OSError(5, "Input/output error")

    async with dropping(tmp_path) as (here, engine, drop):
        path = put(drop, MAIL + b"\0", to=OFFICE)
        with monkeypatch.context() as patch:
            patch.setattr(dropped, "tell", fails)
            await looked(engine, drop)
        assert (lies(drop), engine.jobs()) == ([path.name], ())
        await here.passes(engine, minutes=1)
        with monkeypatch.context() as patch:
            patch.setattr(Drop, "move", stays)
            await looked(engine, drop)
        assert (lies(drop), len(reports(here))) == ([path.name], 1)
        await here.passes(engine, minutes=15)
        await looked(engine, drop)
        assert (lies(drop), len(reports(here)), warnings(engine)) == ([], 1, [("JOB_ENDED", "1")])
