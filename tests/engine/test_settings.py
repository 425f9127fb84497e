"""Settings come from the file, the environment and the program; every mistake is named at once, in words."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from franking.engine.settings import Settings, SettingsError
from franking.engine.words import words
from franking.events.device import SettingsChanged
from franking.events.settings import Language, Security

from .device import history, office

SECRET = "correct-horse-battery-staple"


def load(tmp_path: Path, text: str = "", /, **environment: str) -> Settings:
    path = tmp_path / "franking.toml"
    path.write_text(text, encoding="utf-8")
    variables = {f"FRANKING_{name}": value for name, value in environment.items()}
    return Settings.load(path, variables)


def mistakes(tmp_path: Path, text: str = "", /, **environment: str) -> dict[str, str]:
    with pytest.raises(SettingsError) as refused:
        load(tmp_path, text, **environment)
    assert str(tmp_path / "franking.toml") in str(refused.value)
    return {mistake.named(words()): mistake.told(words()) for mistake in refused.value.mistakes}


def test_the_environment_wins_over_the_file_and_the_program_over_both(tmp_path: Path) -> None:
    path = tmp_path / "franking.toml"
    path.write_text('[smtp]\nport = 25\nserver = "file"\nuser = "file"\n')
    variables = {"FRANKING_SMTP__PORT": "2525", "FRANKING_SMTP__SERVER": "environment"}
    smtp = Settings.load(path, variables, smtp={"port": 465}).smtp
    assert (smtp.user, smtp.server, smtp.port) == ("file", "environment", 465)


@pytest.mark.manual("S4")
def test_s4_a_deep_key_and_a_list_come_from_the_environment(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        "[browser.proxy]\nport = 3128\n",
        BROWSER__PROXY__HOST="proxy.example.com",
        PROXY__EXCLUSIONS='["localhost", ".example.com"]',
    )
    assert (loaded.browser.proxy.host, loaded.browser.proxy.port) == ("proxy.example.com", 3128)
    assert loaded.proxy.exclusions == ("localhost", ".example.com")


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("OAUTH__AUTO_DELETE", "true", lambda s: s.oauth.auto_delete is True),
        ("PANEL__AUTO_RESET", "90", lambda s: s.panel.auto_reset == timedelta(seconds=90)),
        ("SMTP__SECURITY", "none", lambda s: s.smtp.security is Security.NONE),
        ("USERS__KIM", "kim@example.com", lambda s: s.users == {"kim": "kim@example.com"}),
        ("USERS", '{"Kim": "kim@example.com"}', lambda s: s.users == {"Kim": "kim@example.com"}),
        ("ALIASES__KIM", '["k@example.com"]', lambda s: s.aliases == {"kim": ("k@example.com",)}),
        (
            "TSI_ROUTING__ROUTES",
            '{"+1 555": ["a@example.com"]}',
            lambda s: s.tsi_routing.routes == {"+1 555": ("a@example.com",)},
        ),
        ("TLS", '{"minimum": "TLSv1.3"}', lambda s: s.tls.minimum == "TLSv1.3"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isupper() else "",
)
def test_each_kind_of_value_comes_from_the_environment(
    tmp_path: Path, name: str, text: str, found: "object"
) -> None:
    assert callable(found)
    assert found(load(tmp_path, **{name: text}))


def test_a_name_in_small_letters_counts_too_and_what_is_no_setting_is_let_be(tmp_path: Path) -> None:
    path = tmp_path / "franking.toml"
    path.touch()
    variables = {"franking_tls__minimum": "TLSv1.3", "FRANKING_CONFIG": "x", "PATH": "/bin"}
    assert Settings.load(path, variables) == Settings().changed(tls={"minimum": "TLSv1.3"})


@pytest.mark.manual("S15")
def test_s15_mistakes_of_all_sources_are_told_at_once_each_with_its_source(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path,
        '[smtp]\nport = 70000\n[OAuth]\nenabled = true\n[panel]\nauto_reset = "soon"\n',
        TLS__MINIMUM="TLSv1.0",
        STOR__PATH="/var",
        BROWSER__PROXY__HST="proxy",
        PROXY__EXCLUSIONS="localhost",
    )
    assert found.keys() == {
        "smtp.port",
        "OAuth",
        "panel.auto_reset",
        "tls.minimum (FRANKING_TLS__MINIMUM in the environment)",
        "stor.path (FRANKING_STOR__PATH in the environment)",
        "browser.proxy.hst (FRANKING_BROWSER__PROXY__HST in the environment)",
        "proxy.exclusions (FRANKING_PROXY__EXCLUSIONS in the environment)",
    }


def test_what_the_program_gives_is_not_laid_on_the_environment(tmp_path: Path) -> None:
    (tmp_path / "franking.toml").touch()
    with pytest.raises(SettingsError) as refused:
        Settings.load(tmp_path / "franking.toml", {"FRANKING_SMTP__PORT": "25"}, smtp={"port": 0})
    assert [mistake.named(words()) for mistake in refused.value.mistakes] == ["smtp.port"]


def test_a_variable_below_a_value_is_not_passed_over(tmp_path: Path) -> None:
    found = mistakes(tmp_path, TLS__MINIMUM="TLSv1.2", TLS__MINIMUM__X="1")
    assert "there is no such setting" in found["tls.minimum.x (FRANKING_TLS__MINIMUM__X in the environment)"]


@pytest.mark.manual("S0", "S15")
@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        (
            '[tls]\nminimum = "TLSv1.0"',
            "tls.minimum",
            (
                "[Minimum] in [Utility] - [Administrator] - [Security] - [PKI Settings] - "
                "[Enable SSL Version] - [SSL/TLS Version Setting]: it takes one of `TLSv1.2`, `TLSv1.3` "
                '(given: text; default: `"TLSv1.2"`)'
            ),
        ),
        (
            "[smtp]\nport = 0",
            "smtp.port",
            (
                "[Port Number] in [Network] - [E-mail Setting] - [E-mail TX (SMTP)] in Web Connection (or in "
                "[Utility] - [Administrator] of this machine): it takes a whole number, 1 to 65535 "
                "(given: a number; default: `587`)"
            ),
        ),
        (
            "[network]\nvlan = 2",
            "network.vlan",
            (
                "[VLAN] in [Utility] - [Administrator] - [Network]: it takes `true` (ON) or `false` (OFF) "
                "(given: a number; default: `false`)"
            ),
        ),
        (
            "[panel]\nauto_reset = 1",
            "panel.auto_reset",
            (
                "[System Auto Reset] in [Utility] - [Administrator] - [System Settings] - [Reset Settings]: "
                "it takes 10 seconds to 1 hour, as a number of seconds (given: a number; default: `60`)"
            ),
        ),
        (
            '[box]\npublic_url = "http://device"',
            "box.public_url",
            "it takes an address that begins with `https://`, without `?` and `#` (given: text)",
        ),
        (
            '[box]\npublic_url = "https://device/?a=b"',
            "box.public_url",
            "it takes an address that begins with `https://`, without `?` and `#` (given: text)",
        ),
        ("smtp = 5", "smtp", "a section is wanted, such as `[oauth]` (given: a number)"),
        (
            '[oauth]\nprovder = "Google"',
            "oauth.provder",
            "there is no such setting; `oauth.provider` is the nearest (given: text)",
        ),
        (
            "[colour]\nred = 1",
            "colour",
            "there is no such setting; look it up in the documents, or take the line out (given: a table)",
        ),
        (
            '[proxy]\nexclusions = "localhost"',
            "proxy.exclusions",
            (
                "[Address not to use the proxy] in [Security] - [Certificate Verification Settings] - "
                "[Proxy Settings] in Web Connection: it takes a list, each text of one line, such as "
                '`["first", "second"]` (given: text)'
            ),
        ),
        (
            '[users]\nkim = "kim"',
            "users.kim",
            "an e-mail address, such as `scanner@example.com` is wanted (given: text)",
        ),
        (
            '[oauth]\nclient_id = "' + "x" * 901 + '"',
            "oauth.client_id",
            "it has more than 900 characters (given: text)",
        ),
    ],
)
def test_s15_a_mistake_names_the_place_in_the_menus_what_is_taken_and_the_default(
    tmp_path: Path, text: str, key: str, words: str
) -> None:
    assert mistakes(tmp_path, text) == {key: words}


@pytest.mark.parametrize(
    ("text", "environment"),
    [
        (f'[smtp]\nuser_credential = "{SECRET}"', {}),
        (f'[proxy]\ncredential = ["{SECRET}"]', {}),
        (f'[oauth]\nclient_credential = {{ secret = "{SECRET}" }}', {}),
        (f'[oauth]\nclient_secret = "{SECRET}"', {}),
        (f'[oauth]\nclient_credential = "{SECRET}', {}),
        ("", {"SMTP__USER_CREDENTIAL": SECRET}),
        ("", {"PROXY__EXCLUSIONS": f'["{SECRET}'}),
        ("", {"SMTP": f'{{"user_credential": "{SECRET}"'}),
    ],
)
def test_a_secret_in_the_wrong_place_is_never_repeated(
    tmp_path: Path, text: str, environment: dict[str, str]
) -> None:
    with pytest.raises(SettingsError) as refused:
        load(tmp_path, text, **environment)
    error: BaseException | None = refused.value
    while error is not None:
        assert SECRET not in f"{error} {error!r}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda path: path.write_bytes(b"[oauth"), "not TOML"),
        (lambda path: path.write_bytes(b"\xff"), "cannot be read: it is not UTF-8"),
        (lambda path: path.mkdir(), "cannot be read: Is a directory"),
        (lambda path: None, "cannot be read: No such file or directory"),
    ],
    ids=["toml", "utf-8", "folder", "nothing"],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, make: "object", why: str) -> None:
    path = tmp_path / "franking.toml"
    assert callable(make)
    make(path)
    with pytest.raises(SettingsError) as refused:
        Settings.load(path, {})
    assert str(refused.value).startswith(f"{path}: one setting to put right:\n  (file): {why}")


@pytest.mark.manual("S0")
def test_differences_name_the_keys_of_what_changed() -> None:
    before = Settings()
    after = before.changed(
        tls={"minimum": "TLSv1.3"}, browser={"proxy": {"host": "proxy"}}, users={"kim": "k@b.c"}
    )
    assert before.differences(after) == ("browser.proxy.host", "tls.minimum", "users")
    assert before.differences(before.changed()) == ()


@pytest.mark.manual("S26a")
def test_s26a_a_user_is_removed_by_a_table_without_him_and_the_difference_names_nobody() -> None:
    before = Settings().changed(
        users={"kim": "kim@b.c", "lee": "lee@b.c"}, shared_mailboxes={"x@b.c": ["lee"]}
    )
    after = before.changed(users={"lee": "lee@b.c"}, shared_mailboxes={})
    assert after.users == {"lee": "lee@b.c"}
    assert before.differences(after) == after.differences(before) == ("shared_mailboxes", "users")


@pytest.mark.manual("S23a", "S33a")
async def test_s23a_a_change_of_names_and_addresses_is_a_fact_without_them(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        changed = engine.settings.changed(
            users={**engine.settings.users, "robin": "robin@example.com"},
            shared_mailboxes={"sales@example.com": ["robin"]},
            tsi_routing={"routes": {"+1 555": ["robin@example.com"]}},
        )
        await engine.apply(changed)
        (fact,) = [each for each in history(engine) if isinstance(each, SettingsChanged)]
        assert fact.changed == ("shared_mailboxes", "tsi_routing.routes", "users")
        assert not [
            line for line in engine.store.lines(0, 1000) if "robin" in str(line) or "555" in str(line)
        ]


def test_a_change_is_checked_as_a_whole_and_leaves_the_rest() -> None:
    before = Settings().changed(proxy={"host": "proxy", "port": 3128})
    assert before.changed(proxy={"host": None}).proxy.port == 3128
    with pytest.raises(SettingsError) as refused:
        before.changed(proxy={"port": 0}, tls={"minimum": "old"})
    assert {mistake.key for mistake in refused.value.mistakes} == {"proxy.port", "tls.minimum"}


def test_an_idle_engine_does_not_load_what_reads_settings() -> None:
    """Whoever makes the settings in the program pays for no source of them."""
    program = (
        "import sys, franking\nfranking.Settings()\n"
        "print(sorted({'pydantic_settings', 'dotenv', 'argparse', 'tomllib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout == "[]\n"


@pytest.mark.manual("S15")
def test_s15_what_is_wrong_with_settings_is_told_in_german(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        load(
            tmp_path,
            '[smtp]\nport = 70000\n[oauth]\nprovder = "Google"\n[proxy]\nexclusions = 5\n'
            "[panel]\nauto_reset = 1\n",
            TLS__MINIMUM="old",
        )
    first, *lines = words(Language.GERMAN).error(refused.value).splitlines()
    assert first.endswith("franking.toml: 5 Einstellungen sind zu berichtigen:")
    told = sorted(line.strip() for line in lines)
    assert told[0].startswith(
        "oauth.provder: diese Einstellung gibt es nicht; am nächsten kommt `oauth.provider`"
    )
    assert told[1].endswith(
        "hier steht 10 Sekunden bis 1 Stunde, als Zahl von Sekunden (angegeben: eine Zahl; Vorgabe: `60`)"
    )
    assert 'hier steht eine Liste aus: eine Zeile Text, zum Beispiel `["first", "second"]`' in told[2]
    assert "hier steht eine ganze Zahl von 1 bis 65535 (angegeben: eine Zahl; Vorgabe: `587`)" in told[3]
    assert told[4].startswith(
        "tls.minimum (FRANKING_TLS__MINIMUM in der Umgebung): [Minimum] unter [Utility]"
    )


@pytest.mark.manual("S15", "S4")
async def test_s15_what_the_settings_name_and_is_not_there_is_told_in_the_devices_language(
    tmp_path: Path,
) -> None:
    async with office(tmp_path, device={"language": "de"}) as here, here.engine() as engine:
        wrong = engine.settings.changed(
            oauth={"provider": "Yahoo"},
            proxy={"host": "proxy", "exclusions": ["a b"], "credential": "credential:none"},
            tls={"trust": tmp_path / "none.pem"},
        )
        with pytest.raises(SettingsError) as refused:
            await engine.apply(wrong)
        told = engine.words.error(refused.value)
        assert "oauth.provider: [OAuth 2.0 Provider] unter" in told
        assert "verlangt ist eines von Google, Microsoft" in told
        assert "`a b` ist kein Hostname" in told
        assert "credential:none: Es gibt keine Datei none in" in told
        assert "die Datei lässt sich nicht lesen: " in told
        assert "is wanted" not in told
