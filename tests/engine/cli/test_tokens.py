"""`franking tokens` and `franking delete` (S24, S27)."""

import json

import pytest

from .conftest import Device
from .test_leaving import Answers, answers

__all__ = ["answers"]


def states(device: Device) -> dict[str, str]:
    told = json.loads(device.franking("tokens", "--json").out)
    return {each["login"]: each["refresh_token"] for each in told}


@pytest.mark.manual("S24", "S27")
def test_s27_a_token_is_listed_and_deleted_after_a_question(device: Device, answers: Answers) -> None:
    device.acquire()
    assert states(device)["administrator"] == "Acquired"
    answers.say("n")
    assert device.franking("delete", "administrator").code == 77
    assert states(device)["administrator"] == "Acquired"
    answers.say("y")
    ended = device.franking("delete", "administrator", "--json")
    assert (ended.code, json.loads(ended.out)) == (0, {"deleted": 1})
    assert states(device)["administrator"] == "Required"


@pytest.mark.manual("S27")
def test_s27_all_are_the_users(device: Device) -> None:
    device.acquire()
    assert json.loads(device.franking("delete", "--all", "--json").out) == {"deleted": 0}
    assert states(device)["administrator"] == "Acquired"


@pytest.mark.parametrize("arguments", [("delete",), ("delete", "kim", "--all"), ("delete", "administrator")])
def test_whose_must_be_said_and_somebody_must_agree(device: Device, arguments: tuple[str, ...]) -> None:
    device.acquire()
    assert device.franking(*arguments).code == 64
    assert states(device)["administrator"] == "Acquired"


def test_nobody_who_is_not_known(device: Device) -> None:
    ended = device.franking("delete", "nobody")
    assert (ended.code, ended.out) == (78, "")
