"""What is reached without the proxy, entry by entry (S4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franking.engine.exclusions import excluded, exclusion

REACHED = (
    # entry, host, port
    ("login.example.com", "login.example.com", 443),
    ("login.example.com", "LOGIN.Example.COM", 443),
    ("Login.Example.Com", "login.example.com", 443),
    ("login.example.com.", "login.example.com", 443),
    ("login.example.com", "login.example.com.", 443),
    (" login.example.com ", "login.example.com", 443),
    ("login.example.com:8443", "login.example.com", 8443),
    ("printer_1", "printer_1", 443),
    (".example.com", "login.example.com", 443),
    (".example.com", "a.b.example.com", 443),
    (".example.com", "example.com", 443),
    ("*.example.com", "login.example.com", 443),
    (".example.com:443", "login.example.com", 443),
    ("*", "login.example.com", 443),
    ("*", "192.0.2.7", 443),
    ("*:8443", "login.example.com", 8443),
    ("192.0.2.7", "192.0.2.7", 443),
    ("192.0.2.7:443", "192.0.2.7", 443),
    ("192.0.2.7", "::ffff:192.0.2.7", 443),
    ("10.0.0.0/8", "10.255.0.1", 443),
    ("10.1.2.3/8", "10.255.0.1", 443),
    ("10.0.0.0/8:443", "10.255.0.1", 443),
    ("fd00::1", "fd00::1", 443),
    ("fd00::1", "[fd00::1]", 443),
    ("fd00::1", "[FD00:0:0::1]", 443),
    ("[fd00::1]", "fd00::1", 443),
    ("[fd00::1]:443", "[fd00::1]", 443),
    ("fe80::1", "fe80::1%eth0", 443),
    ("fd00::/8", "[fd12::9]", 443),
    ("[fd00::]/8", "[fd12::9]", 443),
    ("[fd00::/8]:443", "[fd12::9]", 443),
)
NOT_REACHED = (
    ("login.example.com", "www.login.example.com", 443),
    ("login.example.com", "xlogin.example.com", 443),
    ("example.com", "login.example.com", 443),
    ("login.example.com:8443", "login.example.com", 443),
    (".example.com", "badexample.com", 443),
    (".example.com", "example.com.attacker.test", 443),
    (".example.com:8443", "login.example.com", 443),
    ("*:8443", "login.example.com", 443),
    ("192.0.2.7", "192.0.2.70", 443),
    ("192.0.2.7", "login.example.com", 443),
    ("192.0.2.7:8443", "192.0.2.7", 443),
    ("10.0.0.0/8", "11.0.0.1", 443),
    ("10.0.0.0/8", "10.example.com", 443),
    ("10.0.0.0/8", "fd00::1", 443),
    ("fd00::/8", "fe80::1", 443),
    ("fd00::/8", "10.0.0.1", 443),
    ("[fd00::1]:8443", "fd00::1", 443),
)
UNREADABLE = (
    "",
    ":443",
    "10.0.0.0/33",
    "10.0.0",
    "10.0.0.256",
    "fd00::/129",
    "fd00::g",
    "[fd00::1",
    "[fd00::1]443",
    "[login.example.com]/8",
    "login.example.com:0",
    "login.example.com:65536",
    "login.example.com:https",
    "https://login.example.com",
    "login.example.com/path",
    "a,b",
    "a b",
    "login.*.com",
    "*login.example.com",
    "**",
    ".",
    "..example.com",
    "-a.example.com",
)


@pytest.mark.manual("S4")
@pytest.mark.parametrize(("entry", "host", "port"), REACHED)
def test_s4_reached_without_the_proxy(entry: str, host: str, port: int) -> None:
    assert excluded(host, port, [exclusion("other.example.org"), exclusion(entry)])


@pytest.mark.manual("S4")
@pytest.mark.parametrize(("entry", "host", "port"), NOT_REACHED)
def test_s4_reached_through_the_proxy(entry: str, host: str, port: int) -> None:
    assert not excluded(host, port, [exclusion(entry)])


def test_without_entries_everything_goes_through_the_proxy() -> None:
    assert not excluded("login.example.com", 443, [])


@pytest.mark.manual("S4")
@pytest.mark.parametrize("entry", UNREADABLE)
def test_s4_what_is_no_entry_is_refused_and_named(entry: str) -> None:
    with pytest.raises(ValueError, match="`") as refused:
        exclusion(entry)
    assert f"`{entry}`" in str(refused.value)


@given(st.text(max_size=40))
def test_whatever_is_written_is_read_or_refused(entry: str) -> None:
    try:
        read = exclusion(entry)
    except ValueError:
        return
    assert read.matches("login.example.com", 443) in (True, False)
