"""What `franking history` tells of one job."""

import json
import sqlite3
from datetime import datetime

import pytest

from .conftest import Device


@pytest.mark.manual("B5")
def test_b5_the_story_of_a_job_that_was_sent(device: Device) -> None:
    device.acquire()
    device.send()
    ended = device.franking("history", "1")
    assert (ended.code, ended.err) == (0, "")
    assert "Job 1  sent" in ended.out
    assert [line.split()[2] for line in ended.out.splitlines() if line.startswith("20")] == [
        "submitted",
        "taken",
        "body",
        "sent",
    ]
    assert "250 2.0.0" in ended.out


@pytest.mark.manual("B5")
def test_b5_json_has_the_documented_shape(device: Device) -> None:
    device.set("from_address", setting="Login User Address")
    device.send()
    told = json.loads(device.franking("history", "1", "--json").out)
    assert (told["job"], told["state"], told["owner"], told["whole"]) == (1, "waiting", "kim", True)
    (submitted,) = told["steps"]
    assert datetime.fromisoformat(submitted.pop("at")).tzinfo is not None
    assert submitted == {
        "fact": "JobSubmitted",
        "state": "waiting",
        "code": None,
        "reason": None,
        "server": None,
        "phase": None,
        "recipients": [],
    }
    (recipient,) = told["recipients"]
    assert (recipient["accepted"], recipient["reply"], recipient["unknown"]) == (None, None, 0)
    assert told["who"] == "the person at the panel"


@pytest.mark.manual("B5")
def test_b5_of_a_job_that_is_over_nobody_waits_any_more(device: Device) -> None:
    device.acquire()
    device.kit.mailbox.refuse_next("rcpt", "451 4.2.2 Mailbox full")
    device.send()
    assert "lee@example.com   waits" in device.franking("history", "1").out
    device.franking("jobs", "cancel", "1")
    for told in (("history", "1"), ("jobs", "show", "1")):
        ended = device.franking(*told)
        assert "lee@example.com   not sent" in ended.out
        assert "wait" not in ended.out.partition("Recipients")[2]


@pytest.mark.manual("B5")
def test_b5_a_job_is_its_owners_also_where_it_goes_by_the_administrators_sign_in(device: Device) -> None:
    device.acquire()
    device.send()
    for told in (("history", "--user", "kim"), ("history",)):
        lines = [each for each in device.franking(*told).out.splitlines() if " job " in each]
        assert len(lines) > 3
        assert all("job 1 of kim" in each for each in lines)
        assert not any("administrator" in each for each in lines)


def test_a_job_that_is_not_there(device: Device) -> None:
    ended = device.franking("history", "7")
    assert (ended.code, ended.out) == (64, "")
    assert "There is no job 7 here." in ended.err


@pytest.mark.manual("B5")
def test_b5_what_happened_today_and_to_one_person(device: Device) -> None:
    device.acquire()
    device.send()
    today = device.franking("history")
    assert (today.code, today.err) == (0, "")
    assert "job submitted" in today.out
    assert "refresh token Acquired" in today.out
    person = device.franking("history", "--user", "kim", "--json")
    told = json.loads(person.out)
    assert told["why_bare"] is None
    assert {line["fact"] for line in told["lines"]} >= {"JobSubmitted", "JobSent"}
    assert "nothing" in device.franking("history", "--day", "2020-02-29").out


@pytest.mark.manual("B5")
def test_b5_the_journal_is_replayed_from_the_store_and_from_an_export(device: Device) -> None:
    device.acquire()
    device.send()
    replayed = device.franking("replay")
    assert (replayed.code, replayed.err) == (0, "")
    assert "the store holds the same" in replayed.out
    assert "refresh token: administrator Acquired" in replayed.out
    export = device.folder / "report.jsonl"
    assert device.franking("history", "--export", str(export)).code == 0
    assert "example.com" not in export.read_text()
    told = json.loads(device.franking("replay", "--from", str(export), "--until", "1", "--json").out)
    assert [line["sequence"] for line in told["lines"]] == [1]
    assert told["differs"] is None


def test_what_cannot_be_told_together_is_refused(device: Device) -> None:
    for wrong in (["history", "1", "--user", "kim"], ["replay", "--until", "noon"]):
        assert device.franking(*wrong).code == 64
    device.send()
    ended = device.franking("history", "--user", "nobody")
    assert (ended.code, ended.out) == (78, "")


@pytest.mark.manual("B5")
def test_b5_a_store_that_was_tampered_with_is_told(device: Device) -> None:
    device.acquire()
    with sqlite3.connect(device.store / "store.db") as db:
        db.execute("update instance set state='EXPIRED' where machine='refresh token'")
    db.close()
    ended = device.franking("replay")
    assert ended.code == 74
    assert "refresh token administrator: EXPIRED" in ended.err
