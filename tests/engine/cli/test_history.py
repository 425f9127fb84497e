"""What `franking history` tells of one job."""

import json
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


def test_a_job_that_is_not_there(device: Device) -> None:
    ended = device.franking("history", "7")
    assert (ended.code, ended.out) == (64, "")
    assert "There is no job 7 here." in ended.err
