"""A scan from the terminal: in the spool first, and an exit code that tells what became of it."""

import json
import signal
from pathlib import Path

import pytest

from .conftest import ADMINISTRATOR, KIM, PASSWORD, PATIENCE_S, Device
from .test_leaving import Answers, answers

__all__ = ["answers"]

TLS_1_3 = {"minimum": "TLSv1.3", "maximum": "TLSv1.3"}


@pytest.mark.manual("S20")
def test_a_scan_arrives_byte_for_byte(device: Device) -> None:
    device.acquire()
    first, second = device.scan("one.pdf", bytes(range(256)) * 400), device.scan("two.tiff", b"II*\x00")
    to = ["--to", "whole@example.com", "--cc", "copy@example.com", "--bcc", "blind@example.com"]
    ended = device.franking(
        "send", "-u", "kim", *to, "-s", "Two files", "--text", "Read both.", first, second
    )
    assert ended.code == 0
    assert "Job 1 was sent." in ended.out
    assert "whole@example.com, copy@example.com, blind@example.com" in ended.out
    assert device.arrived("whole@example.com") == [
        [("one.pdf", first.read_bytes()), ("two.tiff", second.read_bytes())]
    ]
    (message,) = [each for each in device.kit.mailbox.messages if "blind@example.com" in each.rcpt_tos]
    assert message.message()["Subject"] == "Two files"
    assert message.mail_from == ADMINISTRATOR
    assert "blind@example.com" not in message.raw().decode()


@pytest.mark.manual("S33", "B9", "B10")
def test_without_a_sign_in_it_waits_in_the_spool_and_says_what_to_do(device: Device) -> None:
    ended = device.send()
    assert ended.code == 75
    assert "Job 1 waits in the spool." in ended.err
    assert f"The administrator has not signed in as {ADMINISTRATOR}." in ended.err
    assert "Run `franking acquire`." in ended.err
    assert "the device's administrator" in ended.err
    assert ended.out == ""
    assert device.spooled() == [b"%PDF-1.7 a page"]


@pytest.mark.manual("S12", "S15", "S16")
def test_every_broken_rule_is_told_at_once_and_nothing_is_spooled(device: Device) -> None:
    device.set("tls", **TLS_1_3)
    device.set("network", connection="Network 2", vlan=True)
    ended = device.send("--from", "somebody@example.org")
    assert ended.code == 65
    for told in ("S12-tls", "S14-vlan", "S17-from"):
        assert told in ended.err
    assert "[SSL/TLS Version Setting]" in ended.err
    assert "tls.minimum, tls.maximum, oauth.provider" in ended.err
    assert "the device's administrator" in ended.err
    assert "the person at the panel" in ended.err
    assert device.spooled() == []


@pytest.mark.manual("S12")
def test_one_setting_puts_a_refused_job_right(device: Device) -> None:
    device.acquire()
    device.set("tls", **TLS_1_3)
    assert device.send(to="put-right@example.com").code == 65
    device.set("tls", minimum="TLSv1.2")
    assert device.send(to="put-right@example.com").code == 0
    assert len(device.arrived("put-right@example.com")) == 1


@pytest.mark.manual("S17")
def test_a_user_without_an_address_is_refused(device: Device) -> None:
    device.set("from_address", setting="Login User Address")
    ended = device.franking("send", "-u", "stranger", "-t", "lee@example.com", device.scan())
    assert ended.code == 65
    assert "S17-address" in ended.err


def test_what_the_server_refuses_for_good_ends_with_its_words(device: Device) -> None:
    device.acquire()
    device.kit.mailbox.refuse_next("data", "554 5.6.0 Corrupt\x1b[2J message")
    ended = device.send()
    assert ended.code == 65
    assert "Job 1 ended without success." in ended.err
    assert "The server refused the message." in ended.err
    assert "Corrupt [2J message" in ended.err
    assert "\x1b" not in ended.err
    assert device.spooled() == []


@pytest.mark.manual("S33c")
def test_sent_in_part_is_no_success(device: Device) -> None:
    device.acquire()
    device.kit.mailbox.refuse_next("rcpt", "550 5.1.1 No such user")
    ended = device.send("--cc", "lee@example.com", to="gone@example.com")
    assert ended.code == 65
    assert "The server refused some of the recipients." in ended.err
    assert "gone@example.com: 550 5.1.1" in ended.err
    assert "lee@example.com:" not in ended.err


@pytest.mark.manual("B2", "B10")
def test_a_server_that_is_busy_is_tried_again(device: Device) -> None:
    device.acquire()
    device.kit.mailbox.refuse_next("mail", "451 4.7.500 Server busy")
    ended = device.send(to="busy@example.com")
    assert ended.code == 75
    assert "It is tried again from" in ended.err
    assert "Server busy" in ended.err
    assert "nobody: wait" in ended.err
    assert device.spooled() == [b"%PDF-1.7 a page"]


@pytest.mark.manual("S31")
def test_authenticated_smtp_that_is_off_is_told_with_the_manuals_remedy(device: Device) -> None:
    device.acquire()
    device.kit.microsoft.accounts.disable_submission(ADMINISTRATOR)
    try:
        ended = device.send()
    finally:
        device.kit.microsoft.accounts.enable_submission(ADMINISTRATOR)
    assert ended.code == 75
    for words in ("[Active users]", "[Authenticated SMTP]", "[Manage email apps]", "[Mail]"):
        assert words in ended.err
    assert "the tenant's administrator" in ended.err


@pytest.mark.manual("S29", "B10")
def test_a_provider_that_is_down_costs_nothing_and_status_sends_what_waits(device: Device) -> None:
    device.acquire()
    with device.servers.during(device.kit.microsoft.outage()):
        ended = device.send(to="outage@example.com")
    assert ended.code == 75
    assert "The sign-in is kept." in ended.err
    assert device.arrived("outage@example.com") == []
    assert "1 sent" in device.franking("status").out
    assert len(device.arrived("outage@example.com")) == 1


@pytest.mark.manual("S1")
def test_with_oauth_off_user_name_and_password_do(device: Device) -> None:
    device.set("oauth", enabled=False)
    device.set("smtp", user=ADMINISTRATOR, user_credential="credential:smtp")
    folder = device.store / "credentials"
    folder.mkdir(parents=True)
    (folder / "smtp").write_text(PASSWORD)
    (folder / "smtp").chmod(0o600)
    ended = device.send(to="password@example.com")
    assert ended.code == 0
    assert len(device.arrived("password@example.com")) == 1


@pytest.mark.parametrize("wrong", ["missing.pdf", "."])
def test_a_scan_that_cannot_be_read_leaves_the_spool_untouched(device: Device, wrong: str) -> None:
    ended = device.franking(
        "send", "-u", "kim", "-t", "lee@example.com", device.scan(), device.folder / wrong
    )
    assert ended.code == 66
    assert str(device.folder / wrong) in ended.err
    assert device.spooled() == []
    assert json.loads(device.franking("status", "--json").out)["jobs"] == []


def test_every_wrong_option_is_told_at_once(device: Device) -> None:
    ended = device.franking("send", "-u", "kim", "--to", "lee", "--cc", "x y@z", "--from", "@", device.scan())
    told = " ".join(ended.err.replace("│", " ").split())
    assert ended.code == 64
    for part in ("--to 'lee'", "--cc 'x y@z'", "--from '@'"):
        assert part in told
    assert told.count("an e-mail address, such as `scanner@example.com` is wanted") == 3
    assert not device.store.exists()


def test_a_line_end_cannot_smuggle_a_header_field(device: Device) -> None:
    ended = device.send("--subject", "Hello\r\nBcc: all@example.com")
    assert ended.code == 64
    assert "--subject" in ended.err


@pytest.mark.parametrize("without", ["--user", "--to", "FILE"])
def test_what_is_needed_is_asked_for(device: Device, answers: Answers, without: str) -> None:
    given: dict[str, list[str | Path]] = {
        "--user": ["-u", "kim"],
        "--to": ["-t", KIM],
        "FILE": [device.scan()],
    }
    del given[without]
    answers.say()  # a terminal is no text
    ended = device.franking("send", *(word for words in given.values() for word in words))
    assert ended.code == 64
    assert without in ended.err


def test_json_of_a_mail_that_was_sent(device: Device) -> None:
    device.acquire()
    ended = device.send("--json")
    told = json.loads(ended.out)
    assert ended.code == 0
    assert told.pop("message_id").startswith("<")
    assert "Queued" in told.pop("server")
    (recipient,) = told.pop("recipients")
    assert (recipient["address"], recipient["accepted"]) == ("lee@example.com", True)
    nothing = dict.fromkeys(("why", "do", "who", "retry_at"))
    assert told == {"state": "sent", "job": 1, "to": ["lee@example.com"], "rules": [], **nothing}


def test_json_of_a_mail_that_waits(device: Device) -> None:
    ended = device.send("--json")
    told = json.loads(ended.out)
    assert ended.code == 75
    assert ended.err == ""
    assert (told["state"], told["job"]) == ("waiting", 1)
    assert told["do"] == "Run `franking acquire`."
    assert told["who"] == "the device's administrator"


@pytest.mark.manual("S15")
def test_json_of_a_refused_mail_names_the_rules(device: Device) -> None:
    device.set("tls", **TLS_1_3)
    ended = device.send("--json")
    told = json.loads(ended.out)
    assert ended.code == 65
    assert (told["state"], told["job"]) == ("refused", None)
    (rule,) = told["rules"]
    assert rule["code"] == "S12-tls"
    assert rule["settings"] == ["tls.minimum", "tls.maximum", "oauth.provider"]
    assert all(rule[key] for key in ("why", "do", "who"))


@pytest.mark.manual("S33")
def test_ctrl_c_keeps_the_mail_in_the_spool(device: Device) -> None:
    device.acquire()
    with (
        device.servers.during(device.kit.microsoft.hold()) as gate,
        device.start("send", "-u", "kim", "-t", "interrupted@example.com", device.scan()) as process,
    ):
        device.servers.run(gate.arrived(1))
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        told = process.stderr.readline()
        device.servers.loop.call_soon_threadsafe(gate.release)
        process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert "Interrupted. Job 1 stays in the spool" in told
    assert device.spooled() == [b"%PDF-1.7 a page"]
    assert device.franking("status").code == 0
    assert len(device.arrived("interrupted@example.com")) == 1
