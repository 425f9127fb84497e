"""Whose mail a program brings (B13, S17)."""

from collections.abc import Mapping

import pytest

from franking.events.programs import Client
from franking.events.settings import DeviceSettings
from franking.machines.programs import Bringer, Stranger, Whose, bringer, whose
from franking.machines.roles import Role, Viewer

PRINTER, KIM, LEE = "printer@example.com", "kim@example.com", "lee@example.com"
SETTINGS = DeviceSettings.model_validate({
    "administrator": {"address": PRINTER},
    "aliases": {"administrator": ["copier@example.com"]},
    "programs": {
        "senders": {
            "Scanner@example.net": "administrator",
            "@nas.example.net": "administrator",
            "www": "kim",
            "backup@nas.example.net": "lee",
        }
    },
})  # fmt: skip
HERE = None
BY_FROM = Client(networks=("192.0.2.0/24",))
OF_DEVICE = Client(user="administrator", networks=("192.0.2.0/24",))
OF_KIM = Client(user="kim", password="vault:x")
DEVICE = Whose("administrator", None)
OWN = Whose("kim", None)
NOBODY, UNKNOWN, _, ANOTHERS, _, ALONE = Stranger

TABLE: Mapping[str, tuple[object, object, object, object]] = {
    #                          on this machine      by its From          for the device  for kim
    PRINTER:                  (DEVICE,              DEVICE,              DEVICE,  Whose("kim", PRINTER)),
    "Printer@Example.com":    (DEVICE, DEVICE, DEVICE, Whose("kim", "Printer@Example.com")),
    "copier@example.com":     (DEVICE, DEVICE, DEVICE, Whose("kim", "copier@example.com")),
    "scanner@EXAMPLE.net":    (DEVICE,              DEVICE,              DEVICE,  ANOTHERS),
    "any@nas.example.net":    (DEVICE,              DEVICE,              DEVICE,  ANOTHERS),
    "backup@nas.example.net": (Whose("lee", None),  Whose("lee", None),  ANOTHERS, ANOTHERS),
    "WWW":                    (OWN,                 OWN,                 ANOTHERS, OWN),
    "root":                   (DEVICE,              DEVICE,              DEVICE,  OWN),
    "":                       (DEVICE,              DEVICE,              DEVICE,  OWN),
    KIM:                      (UNKNOWN,             Whose("kim", KIM),   ALONE,   Whose("kim", KIM)),
    LEE:                      (UNKNOWN,             Whose("lee", LEE),   ALONE,   Whose("kim", LEE)),
    "odd@example.org": (NOBODY, NOBODY, ALONE, Whose("kim", "odd@example.org")),
    "www@example.com": (NOBODY, NOBODY, ALONE, Whose("kim", "www@example.com")),
}  # fmt: skip
"What a person's program chose is looked at by the rules of every job (S17)."


def login_of(address: str) -> str | None:
    return {KIM: "kim", LEE: "lee"}.get(address)


@pytest.mark.manual("B13", "S17")
@pytest.mark.parametrize("writer", TABLE)
@pytest.mark.parametrize("column", range(4), ids=["on this machine", "by From", "device", "kim"])
def test_b13_the_from_decides_whose_mail_it_is(writer: str, column: int) -> None:
    client = (HERE, BY_FROM, OF_DEVICE, OF_KIM)[column]
    assert whose(SETTINGS, client, writer, login_of) == TABLE[writer][column]


@pytest.mark.manual("B13")
def test_b13_with_nothing_registered_nothing_is_the_administrators() -> None:
    assert whose(DeviceSettings(), HERE, PRINTER, login_of) is Stranger.NOBODY


ANYBODYS, OWN_ALONE, PROGRAM = Bringer(Client()), Bringer(Client(user="kim")), Bringer(None)
BRINGERS: Mapping[tuple[Role, str, str | None], Bringer] = {
    (Role.CONTROLLER, "root", None): ANYBODYS,
    (Role.CONTROLLER, "kim", KIM): ANYBODYS,
    (Role.ADMINISTRATOR, "kim", KIM): OWN_ALONE,
    (Role.ADMINISTRATOR, "admin", None): PROGRAM,
    (Role.USER, "kim", KIM): OWN_ALONE,
    (Role.USER, "kim", None): PROGRAM,
    (Role.USER, "www", None): Bringer(None, "www"),
    (Role.USER, "WWW", None): Bringer(None, "WWW"),
    (Role.USER, "nobody", None): PROGRAM,
    (Role.USER, "#1234", None): PROGRAM,
    (Role.USER, "administrator", PRINTER): PROGRAM,
}


@pytest.mark.manual("B13", "S33a")
@pytest.mark.parametrize("who", BRINGERS, ids=str)
def test_b13_who_runs_a_program_says_for_whom_it_speaks(who: tuple[Role, str, str | None]) -> None:
    role, name, address = who
    assert bringer(SETTINGS, Viewer(role, name), name, address) == BRINGERS[who]


@pytest.mark.manual("B13", "S17")
def test_b13_a_line_for_a_whole_domain_takes_no_mailbox_with_it() -> None:
    settings = SETTINGS.model_copy(
        update={"programs": SETTINGS.programs.model_copy(update={"senders": {"@example.com": "lee"}})}
    )
    assert whose(settings, HERE, "odd@example.com", login_of) == Whose("lee", None)
    assert whose(settings, HERE, KIM, login_of) is UNKNOWN
    assert whose(settings, OF_KIM, KIM, login_of) == Whose("kim", KIM)
    assert whose(settings, HERE, "copier@example.com", login_of) == DEVICE
