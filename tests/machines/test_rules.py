"""The rules as truth tables, and what every rule must say (S12-S16)."""

import re

import pytest
from pydantic import BaseModel

from franking.events.information import Actor
from franking.events.settings import (
    GCC_HIGH,
    ChangeFrom,
    Connection,
    DeviceSettings,
    Flow,
    HttpVersion,
    Security,
    Smtp,
    TlsVersion,
)
from franking.machines.message import Situation
from franking.machines.rules import RULES, Look, Rule, Verdict, broken, unavailable
from franking.tests.machines.looked_at import (
    ADMIN,
    GOOGLE,
    MICROSOFT,
    OTHER,
    USED,
    V12,
    V13,
    codes,
    rule,
    settings,
)

OF_THE_MESSAGE = {"S21-closed", "S21-report", "S33-recipients", "S33-many", "S33-size"}
"They are about what is sent, whatever the settings are."
SAID_IN_WORDS = {"S17-former", "S20-me", *OF_THE_MESSAGE}
"Their remedy is an act of a person, not a setting."


@pytest.mark.parametrize("look", list(Look))
def test_these_settings_break_no_rule(look: Look) -> None:
    assert codes(settings(), look) == []


@pytest.mark.manual("S3")
@pytest.mark.parametrize(
    ("provider", "address", "warns"),
    [
        (MICROSOFT, "scanner@gmail.com", True),
        (MICROSOFT, "scanner@outlook.com", False),
        (GOOGLE, "Scanner@Company.OnMicrosoft.com", True),
        (GOOGLE, "scanner@googlemail.com", False),
        (GOOGLE, "scanner@notoutlook.com", False),
        (GOOGLE, ADMIN, False),
        (OTHER, "scanner@gmail.com", False),
    ],
)
def test_s3_an_address_of_the_other_provider_warns(provider: str, address: str, warns: bool) -> None:
    given = settings(provider, administrator=address)
    assert codes(given, Look.SET) == (["S3-domain"] if warns else [])
    assert rule("S3-domain").looked_at == ((Look.SET, Verdict.WARN),)


@pytest.mark.manual("S5")
@pytest.mark.parametrize(
    ("provider", "server", "warns"),
    [
        (MICROSOFT, None, False),
        (MICROSOFT, "SMTP.office365.com.", False),
        (MICROSOFT, "smtp-mail.outlook.com", False),
        (MICROSOFT, "smtp.gmail.com", True),
        (MICROSOFT, "smtp.office365.com.example.com", True),
        (GOOGLE, "smtp-relay.gmail.com", False),
        (GOOGLE, "mail.example.com", True),
        (OTHER, "mail.example.com", False),
    ],
)
def test_s5_a_server_that_is_not_the_providers_warns(provider: str, server: str | None, warns: bool) -> None:
    given = settings(provider).model_copy(update={"smtp": Smtp(server=server)})
    assert codes(given, Look.SET) == (["S5-server"] if warns else [])
    assert rule("S5-server").looked_at == ((Look.SET, Verdict.WARN),)


@pytest.mark.manual("S12")
@pytest.mark.parametrize(("minimum", "maximum"), [(V12, V12), (V12, V13), (V13, V13)])
@pytest.mark.parametrize("provider", [MICROSOFT, GOOGLE, OTHER, GCC_HIGH])
@pytest.mark.parametrize("look", USED)
def test_s12_tls_1_3_alone_with_microsoft_is_not_available(
    minimum: TlsVersion, maximum: TlsVersion, provider: str, look: Look
) -> None:
    microsoft = provider in (MICROSOFT, GCC_HIGH)
    expected = ["S12-tls"] if microsoft and minimum == maximum == V13 else []
    assert codes(settings(provider, tls=(minimum, maximum)), look) == expected


@pytest.mark.manual("S13")
@pytest.mark.parametrize("provider", [MICROSOFT, GOOGLE, OTHER])
@pytest.mark.parametrize("http", list(HttpVersion))
@pytest.mark.parametrize("look", USED)
def test_s13_google_without_http_2_is_not_available(provider: str, http: HttpVersion, look: Look) -> None:
    expected = ["S13-http"] if (provider, http) == (GOOGLE, HttpVersion.HTTP_1_1) else []
    assert codes(settings(provider, http=http), look) == expected


@pytest.mark.manual("S14")
@pytest.mark.parametrize("connection", list(Connection))
@pytest.mark.parametrize("vlan", [False, True])
@pytest.mark.parametrize("look", [*USED, Look.TURN_ON])
def test_s14_network_2_with_vlan_is_not_available_and_oauth_cannot_be_turned_on(
    connection: Connection, vlan: bool, look: Look
) -> None:
    expected = ["S14-vlan"] if (connection, vlan) == (Connection.NETWORK_2, True) else []
    given = settings(network=(connection, vlan))
    assert codes(given, look) == expected
    assert list(unavailable(given)) == expected


@pytest.mark.manual("S14")
def test_s14_turning_on_cannot_be_set_and_later_it_is_not_available() -> None:
    assert rule("S14-vlan").verdict(Look.TURN_ON) is Verdict.CANNOT_BE_SET
    assert {rule("S14-vlan").verdict(look) for look in USED} == {Verdict.NOT_AVAILABLE}


@pytest.mark.manual("S12", "S13", "S14")
@pytest.mark.parametrize("code", ["S12-tls", "S13-http", "S14-vlan"])
def test_s12_any_setting_may_be_changed_while_oauth_is_not_available(code: str) -> None:
    assert rule(code).verdict(Look.SET) is None


@pytest.mark.manual("S1")
def test_s1_off_there_is_nothing_to_sign_in_for() -> None:
    assert codes(settings(enabled=False), Look.SIGN_IN) == ["S1-off"]


@pytest.mark.manual("S1")
@pytest.mark.parametrize("look", [each for each in Look if each is not Look.SIGN_IN])
def test_s1_off_no_rule_of_oauth_applies(look: Look) -> None:
    everything = settings(
        enabled=False, client_id="", administrator=None, tls=(V13, V13), network=(Connection.NETWORK_2, True)
    )
    assert codes(everything, look) == []
    assert unavailable(everything) == ()


@pytest.mark.manual("S15")
@pytest.mark.parametrize("look", USED)
def test_s15_every_broken_rule_is_named_at_once(look: Look) -> None:
    microsoft = settings(
        client_id="", administrator=None, tls=(V13, V13), network=(Connection.NETWORK_2, True)
    )
    assert codes(microsoft, look) == ["S3-administrator", "S12-tls", "S14-vlan", "S2-client"]
    google = settings(
        GOOGLE, client_id="", administrator=None, http=HttpVersion.HTTP_1_1,
        network=(Connection.NETWORK_2, True),
    )  # fmt: skip
    assert list(unavailable(google)) == ["S3-administrator", "S13-http", "S14-vlan", "S2-client"]


@pytest.mark.manual("S3")
@pytest.mark.parametrize("look", [Look.SET, *USED])
def test_s3_without_the_administrators_address_oauth_cannot_be_set_or_used(look: Look) -> None:
    assert codes(settings(administrator=None), look) == ["S3-administrator"]
    wanted = Verdict.CANNOT_BE_SET if look is Look.SET else Verdict.NOT_AVAILABLE
    assert rule("S3-administrator").verdict(look) is wanted


@pytest.mark.manual("S7")
@pytest.mark.parametrize(
    ("bulk", "is_broken"),
    [(ADMIN, False), ("Scanner@Example.com", False), ("office@example.com", True), (None, True)],
)
@pytest.mark.parametrize("look", [Look.SET, Look.SUBMIT, Look.SEND])
def test_s7_the_bulk_address_is_the_administrators(bulk: str | None, is_broken: bool, look: Look) -> None:
    given = settings(change_from=ChangeFrom.BULK, bulk=bulk)
    assert codes(given, look) == (["S7-bulk"] if is_broken else [])


@pytest.mark.manual("S7")
def test_s7_it_cannot_be_set_and_is_refused_again_when_it_is_sent() -> None:
    assert rule("S7-bulk").verdict(Look.SET) is Verdict.CANNOT_BE_SET
    assert rule("S7-bulk").verdict(Look.SEND) is Verdict.REFUSE
    assert unavailable(settings(change_from=ChangeFrom.BULK, bulk="office@example.com")) == ()


@pytest.mark.manual("S7")
@pytest.mark.parametrize("setting", [each for each in ChangeFrom if each is not ChangeFrom.BULK])
def test_s7_another_change_from_setting_leaves_the_bulk_address_alone(setting: ChangeFrom) -> None:
    assert codes(settings(change_from=setting, bulk="office@example.com"), Look.SET) == []


@pytest.mark.manual("B3")
@pytest.mark.parametrize("enabled", [False, True])
@pytest.mark.parametrize("flow", Flow)
@pytest.mark.parametrize("allowed", [False, True])
def test_b3_people_do_not_sign_in_with_a_code_where_codes_are_turned_off(
    enabled: bool, flow: Flow, allowed: bool
) -> None:
    given = settings(enabled=enabled)
    oauth = given.oauth.model_copy(update={"flow": flow, "device_code": allowed})
    found = codes(given.model_copy(update={"oauth": oauth}), Look.SET)
    assert found == ["B3-code"] * (enabled and flow is Flow.CODE and not allowed)


@pytest.mark.manual("S8")
@pytest.mark.parametrize("enabled", [False, True])
def test_s8_the_minimum_is_not_above_the_maximum(enabled: bool) -> None:
    assert codes(settings(enabled=enabled, tls=(V13, V12)), Look.SET) == ["S8-order"]


@pytest.mark.manual("S1", "S30")
@pytest.mark.parametrize("security", [None, *Security])
@pytest.mark.parametrize("enabled", [False, True])
@pytest.mark.parametrize("sign_in", [{}, {"user_credential": "credential:smtp"}, {"user": "kim"}])
def test_s30_a_plain_relay_is_for_mail_without_a_secret(
    security: Security | None, enabled: bool, sign_in: dict[str, str]
) -> None:
    smtp = Smtp.model_validate({"security": security, "server": "smtp.office365.com", **sign_in})
    given = settings(enabled=enabled).model_copy(update={"smtp": smtp})
    secret = enabled or bool(sign_in)
    found = [code for code in codes(given, Look.SET) if code != "S1-password"]
    assert found == ["S30-plain"] * (security is Security.NONE and secret)


@pytest.mark.manual("S1")
@pytest.mark.parametrize(
    ("enabled", "user", "credential", "refused"),
    [
        (False, "kim", None, True),
        (False, "kim", "credential:smtp", False),
        (False, None, "credential:smtp", True),
        (True, None, "credential:smtp", False),
        (False, None, None, False),
        (True, "kim", None, False),
    ],
)
def test_s1_user_name_and_password_need_each_other(
    enabled: bool, user: str | None, credential: str | None, refused: bool
) -> None:
    smtp = Smtp(server="smtp.office365.com", user=user, user_credential=credential)
    given = settings(enabled=enabled).model_copy(update={"smtp": smtp})
    assert codes(given, Look.SET) == ["S1-password"] * refused


@pytest.mark.manual("S15")
@pytest.mark.parametrize("each", RULES, ids=lambda each: each.code)
def test_s15_a_rule_says_code_settings_remedy_and_who_must_act(each: Rule) -> None:
    assert re.fullmatch(r"[SB]\d+-[a-z]+", each.code)
    assert each.settings or each.code in OF_THE_MESSAGE
    for key in each.settings:
        assert exists(key), key
    assert each.sentence.endswith(".")
    assert re.search(r"\[.+\]|`.+`", each.act) or each.code in SAID_IN_WORDS, "it names a menu or a key"
    assert "{" not in each.act
    assert each.act.endswith(".")
    assert isinstance(each.actor, Actor)
    assert each.looked_at
    assert len(dict(each.looked_at)) == len(each.looked_at)


def exists(key: str) -> bool:
    model: object = DeviceSettings
    for part in key.split("."):
        fields = model.model_fields if isinstance(model, type) and issubclass(model, BaseModel) else {}
        if part not in fields:
            return False
        model = fields[part].annotation
    return True


@pytest.mark.manual("S15")
def test_s15_codes_are_stable_names_of_one_rule_each() -> None:
    assert len({each.code for each in RULES}) == len(RULES)


@pytest.mark.manual("S16")
def test_s16_an_embedding_program_adds_a_rule() -> None:
    def on_a_ship(now: Situation) -> bool:
        return now.settings.network.vlan

    ship = Rule("X1-ship", ("network.vlan",), on_a_ship, ((Look.SEND, Verdict.NOT_AVAILABLE),),
                "At sea.", "Go ashore: [Land].", Actor.NOBODY)  # fmt: skip
    at_sea = settings(network=(Connection.NETWORK_1, True))
    assert unavailable(at_sea) == ()
    assert unavailable(at_sea, rules=(*RULES, ship)) == ("X1-ship",)
    assert broken(at_sea, Look.SUBMIT, rules=(*RULES, ship)) == ()
