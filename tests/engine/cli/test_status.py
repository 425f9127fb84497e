"""What a person, and a program, reads of the device's state."""

import json
from datetime import UTC, datetime

import pytest

from .conftest import ADMINISTRATOR, KIM, Device


@pytest.mark.manual("S23")
def test_a_new_device_asks_for_nothing_but_a_sign_in(device: Device) -> None:
    ended = device.franking("status")
    assert ended.code == 0
    assert ended.err == ""
    assert "ON, Microsoft. Sending: Available" in ended.out
    assert [line.split() for line in ended.out.splitlines() if line.split()[:1] == ["Administrator"]] == [
        ["Administrator", ADMINISTRATOR, "Required"]
    ]


@pytest.mark.manual("S1")
def test_oauth_off_is_said(device: Device) -> None:
    device.set("oauth", enabled=False)
    assert "OFF: mail goes with user name and password, or without." in device.franking("status").out


def test_the_days_until_an_acquired_token_is_renewed(device: Device) -> None:
    device.acquire()
    assert "Acquired   renewed by itself in 59 days, or when mail is sent" in device.franking("status").out
    told = json.loads(device.franking("status", "--json").out)["identities"][0]
    left = datetime.fromisoformat(told["renew_at"]) - datetime.now(UTC)  # noqa: TID251 - the command's own clock
    assert told["days_left"] == left.days == 59


def test_json_has_the_documented_shape(device: Device) -> None:
    device.acquire()
    device.send()
    device.set("from_address", setting="Login User Address")
    device.send()
    told = json.loads(device.franking("status", "--json").out)
    administrator, kim = told["identities"]
    sent, waiting = told["jobs"]
    assert told["validation"] == {"state": "Available", "broken": [], "warns": ["S5-server"]}
    assert told["count"] == {"sent": 1, "waiting": 1}
    assert told["information"] == []
    assert kim == {
        "identity": "user:1",
        "login": "kim",
        "address": KIM,
        "refresh_token": "Required",
        "access_token": "absent",
        "renew_at": None,
        "days_left": None,
        "ends_at": None,
        "ends_in_days": None,
        "waits": None,
        "asks_at": None,
    }
    assert told["credential"] == {"ends_at": None, "ends_in_days": None}
    assert administrator["identity"] == "administrator"
    assert administrator.keys() == kim.keys()
    assert datetime.fromisoformat(waiting.pop("submitted_at")).tzinfo is not None
    assert waiting == {
        "job": 2,
        "state": "waiting",
        "owner": "kim",
        "function": "Scan to E-mail",
        "size": len(b"%PDF-1.7 a page"),
        "attempts": 0,
        "retry_at": None,
        "reason": "waits for a sign-in",
        "code": None,
        "unknown": 0,
    }
    assert (sent["state"], sent["attempts"], sent["reason"]) == ("sent", 1, None)


@pytest.mark.manual("S5", "B9")
def test_a_server_that_is_not_the_providers_is_shown_with_its_remedy(device: Device) -> None:
    """The server of these tests is at localhost."""
    shown = device.franking("status").out
    assert "S5-server" in shown
    assert "[SMTP Server Address]" in shown
    assert json.loads(device.franking("status", "--json").out)["validation"]["warns"] == ["S5-server"]


@pytest.mark.manual("S12", "B9")
def test_information_names_cause_remedy_and_who_must_act(device: Device) -> None:
    device.set("tls", minimum="TLSv1.3", maximum="TLSv1.3")
    ended = device.franking("status")
    assert "Sending: Not available (S12-tls, see Information)" in ended.out
    assert "I001" in ended.out
    assert "[SSL/TLS Version Setting]" in ended.out
    told = json.loads(device.franking("status", "--json").out)
    (warning,) = told["information"]
    assert told["validation"] == {"state": "Not available", "broken": ["S12-tls"], "warns": ["S5-server"]}
    assert (warning["code"], warning["subject"]) == ("I001", None)
    assert warning["who"] == "the device's administrator"
    assert all(warning[key] for key in ("since", "why", "do"))


@pytest.mark.manual("S12")
def test_the_warning_goes_when_the_rule_holds_again(device: Device) -> None:
    device.set("tls", minimum="TLSv1.3", maximum="TLSv1.3")
    assert "I001" in device.franking("status").out
    device.set("tls", minimum="TLSv1.2")
    assert "I001" not in device.franking("status").out


@pytest.mark.manual("S29", "B9")
def test_a_refresh_that_is_put_off_is_said_with_reason_and_moment(device: Device) -> None:
    device.acquire()
    with device.servers.during(device.kit.microsoft.outage()):
        device.send()
        shown, told = device.franking("status").out, json.loads(device.franking("status", "--json").out)
    (line,) = [line for line in shown.splitlines() if "Administrator: " in line]
    assert "The provider cannot be reached, or says «not now» (" in line
    assert "It is asked again at 20" in " ".join(shown.split())
    administrator = told["identities"][0]
    assert administrator["waits"]
    assert datetime.fromisoformat(administrator["asks_at"]) > datetime.now(UTC)  # noqa: TID251 - its own clock


@pytest.mark.manual("S33a")
def test_no_recipient_subject_or_file_name_is_shown(device: Device) -> None:
    device.send("--subject", "Salaries 2026", to="works-council@example.com")
    for arguments in (["status"], ["status", "--json"]):
        told = device.franking(*arguments).out
        assert "waiting" in told
        for private in ("works-council", "Salaries", "scan.pdf"):
            assert private not in told


def test_jobs_that_ended_are_listed_with_their_reason(device: Device) -> None:
    device.acquire()
    device.kit.mailbox.refuse_next("data", "554 5.6.0 Corrupt message")
    device.send()
    device.send()
    told = device.franking("status").out
    assert "1 ended · 2 sent" in told, "the one, and the report of the other"
    (line,) = [line for line in told.splitlines() if "Scan to E-mail" in line]
    assert line.split()[:3] == ["1", "ended", "kim"]
    assert line.endswith("554 5.6.0")


OFF = "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox."


@pytest.mark.manual("S31", "B9", "B10")
def test_s31_a_closed_mailbox_is_shown_with_its_jobs_and_the_remedy(device: Device) -> None:
    device.acquire()
    device.kit.mailbox.refuse_next("auth", OFF)
    sent = device.send()
    assert sent.code == 75
    assert "[Authenticated SMTP]" in f"{sent.out}{sent.err}"
    told = device.franking("status").out
    (line,) = [line for line in told.splitlines() if line.split()[:2] == [ADMINISTRATOR, "closed"]]
    assert "535 5.7.139" in line
    assert "one message tries it at" in line
    assert "the mailbox is closed (535 5.7.139)" in told
    assert "the tenant's administrator" in told
    (mailbox,) = json.loads(device.franking("status", "--json").out)["mailboxes"]
    assert datetime.fromisoformat(mailbox.pop("try_at")).tzinfo is not None
    assert mailbox == {
        "account": "mailbox:1",
        "address": ADMINISTRATOR,
        "state": "closed",
        "code": "535 5.7.139",
        "jobs": 1,
    }


def test_colour_is_for_terminals(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[" not in device.franking("status").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[33mRequired" in device.franking("status").out


def test_no_line_ends_in_blanks_where_a_program_reads(device: Device) -> None:
    device.acquire()
    device.send()
    told = device.franking("status").out
    assert [line for line in told.splitlines() if line != line.rstrip()] == []
