"""[Acquire] at the terminal: the manual's words, and nothing changed where it does not succeed."""

import signal

import pytest

from .conftest import ADMINISTRATOR, KIM, LEE, PASSWORD, PATIENCE_S, Device

REQUIRED = "[Refresh Tokens (Administrator)] - [Status]: Required"
ACQUIRED = "[Refresh Tokens (Administrator)] - [Status]: Acquired"


@pytest.mark.manual("S23")
def test_required_becomes_acquired(device: Device) -> None:
    ended = device.acquire()
    assert ended.code == 0
    assert "The token was acquired." in ended.out
    assert "[Refresh Tokens (Administrator)] - [Status]: Required -> Acquired" in ended.out
    assert ADMINISTRATOR in ended.out
    assert ended.err == ""


@pytest.mark.manual("S23")
def test_acquired_can_be_acquired_again(device: Device) -> None:
    device.acquire()
    ended = device.acquire()
    assert ended.code == 0
    assert ACQUIRED in ended.out


@pytest.mark.manual("S23", "S24")
def test_expired_becomes_acquired_and_the_mail_goes(device: Device) -> None:
    device.acquire()
    device.kit.microsoft.revoke_grants(ADMINISTRATOR)
    waits = device.send(to="after-expiry@example.com")
    assert waits.code == 75
    assert "authentication was canceled by the provider" in waits.err
    assert "I101" in device.franking("status").out

    ended = device.acquire()
    assert ended.code == 0
    assert "[Status]: Expired -> Acquired" in ended.out
    assert "1 that waited, sent now" in ended.out
    assert len(device.arrived("after-expiry@example.com")) == 1
    assert "I101" not in device.franking("status").out


@pytest.mark.manual("B10")
def test_mail_that_waited_goes_by_itself(device: Device) -> None:
    assert device.send(to="waited@example.com").code == 75
    assert device.arrived("waited@example.com") == []
    ended = device.acquire()
    assert "1 that waited, sent now" in ended.out
    assert device.arrived("waited@example.com") == [[("scan.pdf", b"%PDF-1.7 a page")]]


@pytest.mark.manual("S23")
def test_who_declines_at_the_provider_changes_nothing(device: Device) -> None:
    device.declines = True
    ended = device.acquire()
    assert ended.code == 77
    assert "cancelled at the provider; nothing changed" in ended.err
    assert REQUIRED in ended.err
    assert "acquired" not in ended.out


@pytest.mark.manual("S19")
def test_another_account_is_refused_with_both_addresses(device: Device) -> None:
    device.account = KIM
    ended = device.acquire()
    assert ended.code == 77
    assert f"{KIM} instead of {ADMINISTRATOR}" in ended.err
    assert REQUIRED in ended.err
    assert "Who" in ended.err


@pytest.mark.manual("S17", "S18")
def test_a_user_who_was_never_here_signs_in_and_the_waiting_mail_goes(device: Device) -> None:
    device.set("from_address", setting="Login User Address")
    waits = device.send(to="from-kim@example.com")
    assert waits.code == 75
    assert "franking acquire --user kim" in waits.err
    assert "the person at the panel" in waits.err

    ended = device.acquire("--user", "kim")
    assert ended.code == 0
    assert "[Refresh Tokens (User)] - [Status]: Required -> Acquired" in ended.out
    (message,) = [each for each in device.kit.mailbox.messages if "from-kim@example.com" in each.rcpt_tos]
    assert message.mail_from == KIM


def test_a_user_of_the_settings_needs_no_mail_first(device: Device) -> None:
    assert device.acquire("--user", "kim").code == 0


def test_auto_delete_does_not_take_what_the_command_line_acquired(device: Device) -> None:
    """No log-in, so no logout either."""
    device.set("oauth", auto_delete=True)
    device.acquire("--user", "kim")
    assert '"refresh_token": "Acquired"' in device.franking("status", "--json").out


def test_an_unknown_user_is_named(device: Device) -> None:
    ended = device.acquire("--user", "nobody")
    assert ended.code == 78
    assert "nobody called nobody" in ended.err.lower()
    assert device.visits == []


def test_oauth_off_has_no_token_to_acquire(device: Device) -> None:
    device.set("oauth", enabled=False)
    ended = device.acquire()
    assert ended.code == 78
    assert "[OAuth 2.0] is OFF" in ended.err
    assert not device.store.exists()


@pytest.mark.manual("B3", "B9")
def test_b3_a_code_is_refused_in_words_where_codes_are_turned_off(device: Device) -> None:
    device.set("oauth", device_code=False)
    ended = device.franking("acquire", "--code")
    assert ended.code == 78
    assert "signing in with a code is turned off" in ended.err
    assert "`oauth.device_code`" in ended.err
    assert device.visits == []


@pytest.mark.manual("S12", "S15")
def test_a_rule_that_forbids_the_sign_in_is_told_with_its_remedy(device: Device) -> None:
    device.set("tls", minimum="TLSv1.3", maximum="TLSv1.3")
    ended = device.acquire()
    assert ended.code == 78
    assert "S12-tls" in ended.err
    assert "[SSL/TLS Version Setting]" in ended.err
    assert "the device's administrator" in ended.err
    assert device.visits == []


@pytest.mark.manual("S23", "B9")
def test_a_sign_in_that_fails_says_why_and_leaves_no_trace_after_the_next(device: Device) -> None:
    device.kit.microsoft.answer_next(400, body=b'{"error": "invalid_client"}')
    ended = device.acquire()
    assert ended.code == 75
    assert "The token was not acquired; nothing changed." in ended.err
    assert "invalid_client" in ended.err
    assert REQUIRED in ended.err
    assert "I103" in device.franking("status").out
    assert device.acquire().code == 0
    assert "I103" not in device.franking("status").out


@pytest.mark.manual("B9")
def test_what_the_device_itself_finds_wrong_is_told_in_its_own_words(device: Device) -> None:
    device.kit.microsoft.answer_next(200, body=b"<html>Welcome to the hotel</html>")
    ended = device.acquire()
    assert ended.code == 75
    assert "(not a token)" not in ended.err
    assert "Why" in ended.err
    assert "Who" in ended.err


def test_without_a_browser_the_address_is_enough(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    def none_there(address: str) -> bool:
        device.browse(address)
        return False

    monkeypatch.setattr("webbrowser.open", none_there)
    ended = device.acquire()
    assert "No browser could be opened here." in ended.out
    assert ended.code == 0


def test_nothing_is_opened_by_itself(device: Device) -> None:
    with device.start("acquire") as process:
        assert process.stdout is not None
        address = next(line for line in process.stdout if line.startswith("https://")).strip()
        device.servers.run(device.kit.person().sign_in(address, ADMINISTRATOR, PASSWORD))
        out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert "The token was acquired." in out
    assert err == ""
    assert device.visits == []


@pytest.mark.manual("S23")
def test_ctrl_c_cancels_and_meanwhile_the_store_is_in_use(device: Device) -> None:
    with device.start("acquire") as process:
        assert process.stdout is not None
        next(line for line in process.stdout if line.startswith("https://"))
        busy = device.franking("status")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert "The sign-in was cancelled; nothing changed." in err
    assert "Traceback" not in err

    assert busy.code == 75
    assert f"process {process.pid}" in busy.err
    found = device.franking("status")
    assert found.code == 0
    assert "Required" in found.out
    assert "I103" not in found.out


def test_a_killed_command_leaves_no_obstacle(device: Device) -> None:
    with device.start("acquire") as process:
        assert process.stdout is not None
        next(line for line in process.stdout if line.startswith("https://"))
        process.kill()
        process.communicate(timeout=PATIENCE_S)
    assert device.acquire().code == 0
    assert device.send(to=LEE).code == 0
