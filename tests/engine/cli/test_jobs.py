"""What a person sees of the spool, and does with a job, on the command line."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from franking.engine.store.lock import StoreLock

from .conftest import KIM, LEE, Device

SHARED = (
    "job", "state", "owner", "function", "size", "submitted_at", "attempts", "unknown", "retry_at",
    "reason", "code",
)  # fmt: skip


def numbers(told: str) -> list[int]:
    return [job["job"] for job in json.loads(told)]


@pytest.fixture
def waiting(device: Device) -> Device:
    """Kim's jobs 1 and 2 wait for her sign-in."""
    device.set("from_address", setting="Login User Address")
    device.send("--subject", "Salaries 2026")
    device.send()
    return device


@pytest.mark.manual("S33c")
def test_s33c_what_is_held_goes_last(waiting: Device) -> None:
    assert waiting.franking("jobs", "hold", 1).code == 0
    assert numbers(waiting.franking("jobs", "list", "--json").out) == [2, 1]
    shown = waiting.franking("jobs", "list")
    assert (shown.code, shown.err) == (0, "")
    rows = [line.split()[:3] for line in shown.out.splitlines()]
    assert rows == [["Job", "State", "Owner"], ["2", "waiting", "kim"], ["1", "held", "kim"]]


@pytest.mark.manual("S33a")
def test_s33a_a_list_names_no_recipient_subject_or_file(waiting: Device) -> None:
    for more in ([], ["--json"]):
        told = waiting.franking("jobs", "list", *more).out
        assert "waiting" in told
        assert not any(private in told for private in (LEE, "Salaries", "scan.pdf"))


def test_a_list_of_what_is_over_is_empty(device: Device) -> None:
    assert device.franking("jobs", "list").out == "none\n"
    device.acquire()
    device.send()
    assert device.franking("jobs", "list", "--json").out.split() == ["[]"]


@pytest.mark.manual("S33a")
def test_s33a_with_a_user_nobody_elses_job_is_there(waiting: Device) -> None:
    waiting.set("users", kim=KIM, lee=LEE)
    waiting.franking("send", "--user", "lee", "--to", KIM, waiting.scan())
    assert numbers(waiting.franking("jobs", "list", "--user", "lee", "--json").out) == [3]
    assert numbers(waiting.franking("jobs", "list", "--json").out) == [1, 2, 3]
    for act in ("show", "hold", "release", "cancel", "retry"):
        ended = waiting.franking("jobs", act, 1, "--user", "lee")
        assert (ended.code, ended.out) == (64, "")
        assert "There is no job 1 here." in ended.err
    assert waiting.franking("jobs", "show", 1, "--user", "kim").code == 0


def test_a_user_who_is_not_known_is_named(device: Device) -> None:
    ended = device.franking("jobs", "list", "--user", "bo")
    assert (ended.code, ended.out) == (78, "")
    assert "bo" in ended.err


@pytest.mark.parametrize("act", ["show", "hold", "release", "cancel", "retry"])
def test_a_job_that_is_not_there(device: Device, act: str) -> None:
    ended = device.franking("jobs", act, 7)
    assert (ended.code, ended.out) == (64, "")
    assert "There is no job 7 here." in ended.err


@pytest.mark.manual("B9")
def test_b9_one_job_is_shown_with_its_reason_its_remedy_and_who_must_act(waiting: Device) -> None:
    shown = waiting.franking("jobs", "show", 1)
    assert (shown.code, shown.err) == (0, "")
    for told in (
        "Job 1  waiting",
        "Salaries 2026",
        "scan.pdf (15 octets)",
        LEE,
        "Why",
        "Do",
        "the person at",
    ):
        assert told in shown.out


def test_json_of_one_job_has_the_documented_shape(waiting: Device) -> None:
    told = json.loads(waiting.franking("jobs", "show", 1, "--json").out)
    assert datetime.fromisoformat(told.pop("submitted_at")).tzinfo is not None
    assert all(told.pop(key) for key in ("why", "do"))
    assert told == {
        "job": 1,
        "state": "waiting",
        "owner": "kim",
        "function": "Scan to E-mail",
        "size": 15,
        "attempts": 0,
        "unknown": 0,
        "retry_at": None,
        "reason": "waits for a sign-in",
        "code": None,
        "from": KIM,
        "subject": "Salaries 2026",
        "files": [{"name": "scan.pdf", "size": 15}],
        "recipients": [{"address": LEE, "accepted": None, "reply": None, "unknown": 0}],
        "who": "the person at the panel",
    }


def test_a_job_has_one_shape_wherever_it_is_told(waiting: Device) -> None:
    (of_status, _), (of_list, _), of_one, of_history = (
        json.loads(waiting.franking("status", "--json").out)["jobs"],
        json.loads(waiting.franking("jobs", "list", "--json").out),
        json.loads(waiting.franking("jobs", "show", 1, "--json").out),
        json.loads(waiting.franking("history", 1, "--json").out),
    )
    assert tuple(of_status) == tuple(of_list) == SHARED
    assert of_status == of_list == {key: of_one[key] for key in SHARED}
    assert of_status == {key: of_history[key] for key in SHARED}


@pytest.mark.manual("S33")
def test_s33_a_held_job_does_not_go_until_it_is_released(waiting: Device) -> None:
    ended = waiting.franking("jobs", "hold", 1)
    assert (ended.code, ended.err) == (0, "")
    assert "Job 1 is held." in ended.out
    assert "[Release]" in ended.out
    waiting.acquire("--user", "kim")
    assert [job["state"] for job in json.loads(waiting.franking("status", "--json").out)["jobs"]] == [
        "held",
        "sent",
    ]
    assert waiting.franking("jobs", "retry", 1).code == 75
    ended = waiting.franking("jobs", "release", 1)
    assert (ended.code, ended.err) == (0, "")
    assert "Job 1 was sent." in ended.out


@pytest.mark.manual("S33")
def test_s33_a_cancelled_job_ends_and_its_scan_is_erased(waiting: Device) -> None:
    waiting.franking("jobs", "cancel", 2)
    ended = waiting.franking("jobs", "cancel", 1, "--user", "kim", "--json")
    told = json.loads(ended.out)
    assert (ended.code, told["state"], told["code"], told["who"]) == (
        0,
        "ended",
        "cancelled",
        "nobody: wait",
    )
    assert waiting.spooled() == []


@pytest.mark.manual("S33", "B9")
def test_b9_without_a_user_it_is_the_administrator_who_cancels(waiting: Device) -> None:
    told = json.loads(waiting.franking("jobs", "cancel", 1, "--json").out)
    assert told["code"] == "cancelled by the administrator"
    assert told["do"] == "Ask the administrator why, and send it again if it is wanted after all."
    assert "I201" in waiting.franking("status").out


def test_a_retry_that_comes_to_nothing_says_why_and_that_it_waits(waiting: Device) -> None:
    ended = waiting.franking("jobs", "retry", 1)
    assert (ended.code, ended.out) == (75, "")
    assert "Job 1 waits in the spool." in ended.err
    assert "Who" in ended.err


def test_a_retry_does_not_wait_for_the_time_of_the_next_try(device: Device) -> None:
    device.acquire()
    device.kit.mailbox.refuse_next("mail", "451 4.7.500 Server busy")
    assert device.send().code == 75
    assert json.loads(device.franking("jobs", "show", 1, "--json").out)["retry_at"]
    assert device.franking("jobs", "retry", 1).code == 0


@pytest.mark.parametrize("act", ["hold", "release", "cancel", "retry"])
def test_what_is_over_stays_as_it_is(device: Device, act: str) -> None:
    device.acquire()
    device.send()
    ended = device.franking("jobs", act, 1)
    assert (ended.code, ended.out) == (65, "")
    assert "Job 1 was sent, so it stays as it is" in ended.err


def test_while_an_engine_runs_the_store_is_in_use(device: Device) -> None:
    Path(device.store).mkdir(parents=True)
    with StoreLock(device.store):
        ended = device.franking("jobs", "hold", 1)
    assert (ended.code, ended.out) == (75, "")
    assert "the store is in use" in ended.err
