"""Each setting stands where the manual page says, and can be asked what it takes and what it means."""

import re
from datetime import timedelta

import pytest

from franking.engine.oauth.providers import provider_data
from franking.engine.settings import Settings
from franking.events.about import about, at_the_panel, every, in_web_connection, taken, value_of, written
from franking.events.menu import UTILITY
from franking.events.said import filled
from franking.events.settings import DeviceSettings
from franking.events.values import Host

SMTP = "[Network] - [E-mail Setting] - [E-mail TX (SMTP)]"
PAGE = {
    "administrator.address": (
        "[E-mail Address]",
        "[Utility] - [Administrator] - [System Settings] - [Machine Setting] - [Administrator Registration]",
        "[System Settings] - [Machine Setting] - [Administrator Registration]",
    ),
    "proxy.host": (
        "[Proxy Server Address]",
        "",
        "[Security] - [Certificate Verification Settings] - [Proxy Settings]",
    ),
    "browser.proxy.host": (
        "[Proxy Server Address]",
        "",
        "[System Settings] - [Web Browser Setting] - [Operation Settings] - [Proxy Settings]",
    ),
    "oauth.enabled": ("[OAuth 2.0]", f"[Utility] - [Administrator] - {SMTP} - [OAuth Settings]", ""),
    "oauth.provider": (
        "[OAuth 2.0 Provider]",
        f"[Utility] - [Administrator] - {SMTP} - [OAuth Settings]",
        "",
    ),
    "oauth.auto_delete": (
        "[Auto Delete]",
        f"[Utility] - [Administrator] - {SMTP} - [OAuth Settings] - [Refresh Tokens (User)]",
        "",
    ),
    "smtp.server": ("[SMTP Server Address]", f"[Utility] - [Administrator] - {SMTP}", SMTP),
    "from_address.setting": ("[Change From Address Setting]", f"[Utility] - [Administrator] - {SMTP}", ""),
    "from_address.bulk": (
        "[Bulk setting]",
        f"[Utility] - [Administrator] - {SMTP} - [Change From Address Setting]",
        "",
    ),
    "tls.minimum": (
        "[Minimum]",
        (
            "[Utility] - [Administrator] - [Security] - [PKI Settings] - [Enable SSL Version] - "
            "[SSL/TLS Version Setting]"
        ),
        "",
    ),
    "tls.maximum": (
        "[Maximum]",
        (
            "[Utility] - [Administrator] - [Security] - [PKI Settings] - [Enable SSL Version] - "
            "[SSL/TLS Version Setting]"
        ),
        "",
    ),
    "http.version": (
        "[HTTP Version Setting]",
        "[Utility] - [Administrator] - [Network] - [WebDAV Settings] - [WebDAV Client Settings]",
        "[Network] - [WebDAV Settings] - [WebDAV Client Settings]",
    ),
}
"Label, path at the Control Panel, path in Web Connection, as the manual page gives them; empty: none there."

DEFAULTS = {
    "oauth.enabled": False,
    "oauth.provider": "Microsoft",
    "oauth.auto_delete": False,
    "oauth.sign_in_wait": timedelta(days=3),
    "from_address.setting": "Fix Administrator Address",
    "tls.minimum": "TLSv1.2",
    "tls.maximum": "TLSv1.3",
    "http.version": "HTTP/1.1",
    "network.connection": "Network 1",
    "network.vlan": False,
    "browser.enabled": False,
    "panel.auto_reset": timedelta(seconds=60),
}


@pytest.mark.manual("S0")
@pytest.mark.parametrize("key", PAGE)
def test_s0_a_setting_stands_exactly_where_the_manual_page_has_it(key: str) -> None:
    at = about(key).at
    assert (at.label, at.panel, at.web) == PAGE[key]


@pytest.mark.manual("S0")
def test_s0_every_other_setting_of_a_proxy_stands_beside_its_host() -> None:
    for above in ("proxy.", "browser.proxy."):
        beside = [each.at for key, each in every().items() if key.startswith(above)]
        assert len(beside) == 5
        assert {(at.panel, at.web) for at in beside} == {PAGE[f"{above}host"][1:]}
        assert len({at.label for at in beside}) == len(beside)


@pytest.mark.manual("S0")
def test_s0_the_control_panel_and_web_connection_each_show_what_belongs_to_them() -> None:
    now = Settings().changed(browser={"enabled": True})
    panel = {each.key for each in at_the_panel(now)}
    web = {each.key for each in in_web_connection(now)}
    assert {key for key, (_, path, _) in PAGE.items() if path} <= panel
    assert {key for key, (_, _, path) in PAGE.items() if path} <= web
    assert not {key for key, (_, path, _) in PAGE.items() if not path} & panel
    assert not {key for key, (_, _, path) in PAGE.items() if not path} & web


@pytest.mark.manual("S0")
def test_s0_a_setting_that_the_manual_does_not_know_is_shown_nowhere() -> None:
    now = Settings().changed(browser={"enabled": True})
    shown = {each.key for each in (*at_the_panel(now), *in_web_connection(now))}
    assert {"oauth.client_id", "tls.trust", "store.path", "users"} & shown == set()
    assert shown == {key for key, each in every().items() if each.at.label}


@pytest.mark.manual("S4")
def test_s4_the_browsers_proxy_is_shown_only_while_the_web_browser_function_is_on() -> None:
    off = Settings()
    hidden = {each.key for each in in_web_connection(off.changed(browser={"enabled": True}))} - {
        each.key for each in in_web_connection(off)
    }
    assert hidden == {key for key in every() if key.startswith("browser.proxy.")}


@pytest.mark.manual("S0")
def test_s0_a_path_in_utility_begins_there_and_is_otherwise_that_of_web_connection() -> None:
    for each in every().values():
        assert not each.at.panel or each.at.panel.startswith(f"{UTILITY} - ")
        if each.at.panel and each.at.web:
            assert each.at.panel == f"{UTILITY} - {each.at.web}"


@pytest.mark.manual("S1", "S2", "S6", "S8", "S9", "S10", "S11", "S18")
@pytest.mark.parametrize("key", DEFAULTS)
def test_the_defaults_are_those_of_the_manual(key: str) -> None:
    assert about(key).default == DEFAULTS[key]
    assert value_of(DeviceSettings(), key) == DEFAULTS[key]


@pytest.mark.manual("S0")
@pytest.mark.parametrize("key", every())
def test_s0_each_setting_says_what_it_takes_and_means(key: str) -> None:
    setting = about(key)
    assert setting.default == value_of(DeviceSettings(), key)
    assert setting.allowed
    assert re.fullmatch(r"[A-Z0-9][^\n]*\.", setting.help), setting.help


@pytest.mark.manual("S2")
def test_s2_the_providers_that_a_screen_offers_are_those_that_the_engine_knows() -> None:
    offered = about("oauth.provider").choices
    assert offered[:2] == ("Microsoft", "Google")
    assert [provider_data(name).name for name in offered] == list(offered)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("oauth.enabled", "`true` (ON) or `false` (OFF)"),
        ("tls.minimum", "one of `TLSv1.2`, `TLSv1.3`"),
        ("smtp.port", "a whole number, 1 to 65535"),
        ("panel.auto_reset", "10 seconds to 1 hour, as a number of seconds"),
        ("oauth.sign_in_wait", "1 hour to 90 days, as a number of seconds"),
        ("smtp.server", "a host name, without `://` and port"),
        ("proxy.exclusions", "a list, each text of one line"),
        ("users", "a table: text of one line = an e-mail address"),
        ("aliases", "a table: text of one line = a list, each an e-mail address"),
    ],
)
def test_what_a_setting_takes_in_words(key: str, words: str) -> None:
    assert about(key).allowed == words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (25, "25"),
        (timedelta(days=3), "259200"),
        ("Fix «it»", '"Fix «it»"'),
        (("a", "b"), '["a", "b"]'),
        ({"+1": ("a@b.c",)}, '{"+1" = ["a@b.c"]}'),
    ],
)
def test_a_value_as_the_settings_file_has_it(value: object, text: str) -> None:
    assert written(value) == text


def test_a_setting_that_is_not_there_is_not_made_up() -> None:
    with pytest.raises(KeyError):
        about("tls.middle")
    assert filled(taken(Host)) == "a host name, without `://` and port"
