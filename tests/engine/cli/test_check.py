"""What a person, a program and a monitoring system read of a check (B4)."""

import json

import pytest

from franking.engine.checks.step import Finding, Looked, Mark, Name
from franking.engine.cli.check import judged
from franking.engine.cli.exits import Exit
from franking.engine.words import words

from .conftest import ADMINISTRATOR, LEE, Device

pytestmark = pytest.mark.manual("B4")


def test_b4_mail_can_go(device: Device) -> None:
    device.acquire()
    before = len(device.kit.mailbox.messages)
    ended = device.franking("check")
    assert (ended.code, ended.err) == (0, "")
    assert f"ok: Authenticated SMTP: {ADMINISTRATOR} (" in ended.out
    assert ended.out.endswith("ok: Mail can go.\n")
    assert len(device.kit.mailbox.messages) == before


@pytest.mark.manual("B9")
def test_b4_what_fails_is_told_with_its_remedy_and_who_must_act(device: Device) -> None:
    ended = device.franking("check")
    assert ended.code == Exit.CONFIG
    said = ended.out.splitlines()
    at = next(number for number, line in enumerate(said) if line.startswith("failed: Sign-in and consent"))
    assert [line.split()[0] for line in said[at + 1 : at + 4]] == ["Why", "Do", "Who"]
    assert "- Authenticated SMTP: not looked at, because of: Sign-in and consent" in said
    assert said[-1] == "failed: Mail cannot go: Sign-in and consent."


def test_b4_json_has_the_documented_shape(device: Device) -> None:
    told = json.loads(device.franking("check", "--json").out)
    assert told["can_send"] is False
    (failed,) = [each for each in told["steps"] if each["mark"] == "failed"]
    assert failed.pop("seconds") >= 0
    assert failed.pop("why")
    assert failed.pop("do")
    assert failed == {
        "step": "consent",
        "mark": "failed",
        "found": f"nobody has signed in for {ADMINISTRATOR}",
        "because": None,
        "who": "the device's administrator",
        "ends": "config",
    }
    assert told["steps"][-3]["because"] == "consent"


def test_b4_a_server_that_is_away_is_another_end_than_a_wrong_setting(device: Device) -> None:
    device.set("smtp", server="mail.invalid")
    assert device.franking("check").code == Exit.UNAVAILABLE


def test_b4_a_monitoring_system_reads_one_line(device: Device) -> None:
    device.acquire()
    ended = device.franking("check", "--monitor")
    about, _, numbers = ended.out.partition(" | ")
    assert (ended.code, about, ended.err) == (0, "FRANKING OK: Mail can go.", "")
    assert ended.out.count("\n") == 1
    labels = [number.partition("=")[0] for number in numbers.split()]
    assert labels[:3] == ["time", "failed", "warns"]
    assert "sign-in" in labels
    assert "days_left=59;;;0" in numbers.split()


def test_b4_a_monitoring_system_is_told_what_fails(device: Device) -> None:
    ended = device.franking("check", "--monitor")
    assert ended.code == 2
    assert ended.out.startswith("FRANKING CRITICAL: Sign-in and consent: There is no refresh token")


def test_b4_what_only_warns_is_a_warning_to_a_monitoring_system() -> None:
    warns = Looked(Name.TLS, Finding(Mark.WARNS, cause="Looks inspected.", remedy="Look."), 0.1)
    blocked = Looked(Name.PACE, Finding(Mark.NOT_LOOKED_AT), 0.0)
    assert judged([warns, blocked], words()) == (1, "TLS to the provider: Looks inspected. Look.")
    assert judged([blocked], words())[0] == 0


def test_b4_what_cannot_be_looked_at_is_unknown_to_a_monitoring_system(device: Device) -> None:
    ended = device.franking("check", "--monitor", "--config", device.folder / "nothing.toml")
    assert ended.code == 3
    assert ended.out.startswith("FRANKING UNKNOWN: ")
    assert ended.out.count("\n") == 1


def test_b4_a_test_mail_is_sent_where_one_is_asked_for(device: Device) -> None:
    device.acquire()
    before = len(device.kit.mailbox.messages)
    ended = device.franking("check", "--send-to", LEE)
    assert ended.code == 0
    assert f"ok: Test mail: sent to {LEE}: " in ended.out
    assert len(device.kit.mailbox.messages) == before + 1
    assert device.franking("check", "--send-to", "nobody").code == Exit.USAGE


def test_b4_a_user_whom_nobody_knows(device: Device) -> None:
    ended = device.franking("check", "--user", "nobody")
    assert (ended.code, ended.out) == (Exit.CONFIG, "")
    assert "nobody" in ended.err


def test_b4_a_users_sign_in_is_missing(device: Device) -> None:
    device.set("from_address", setting="Login User Address")
    ended = device.franking("check", "--user", "kim")
    assert "Do   Sign in at the device, or run `franking acquire --user kim`." in ended.out
    assert "Who  the person at the panel" in ended.out


def test_b4_on_a_terminal_each_step_is_a_line_with_a_mark(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("COLUMNS", "90")
    monkeypatch.setenv("TERM", "dumb")
    said = [line.rstrip() for line in device.franking("check").out.splitlines()]
    assert [line[0] for line in said if line[:1] in "✓✗–○" and line] == list("✓✓–✓✓✓✓✓✗✓✓✓○○✓✗")
    assert max(map(len, said)) <= 90
