"""Settings and messages that break no rule, for the tests of the rules."""

from franking.events.request import Function
from franking.events.settings import (
    Administrator,
    Box,
    ChangeFrom,
    Connection,
    DeviceSettings,
    FromAddress,
    Http,
    HttpVersion,
    Network,
    OAuth,
    Tls,
    TlsVersion,
)
from franking.machines.identity import Sender
from franking.machines.message import Limits, Message
from franking.machines.rules import RULES, Look, Rule, broken

KIM = Sender(by_device=False, user_address="kim@example.com", chosen=None)
NOBODY = Sender(by_device=False, user_address=None, chosen=None)
DEVICE = Sender(by_device=True, user_address=None, chosen=None)
ADMIN = "scanner@example.com"
MICROSOFT, GOOGLE, OTHER = "Microsoft", "Google", "Example Mail"
V12, V13 = TlsVersion.TLS_1_2, TlsVersion.TLS_1_3
USED = (Look.SIGN_IN, Look.SUBMIT, Look.SEND)


def settings(
    provider: str = MICROSOFT,
    enabled: bool = True,
    client_id: str = "franking",
    administrator: str | None = ADMIN,
    tls: tuple[TlsVersion, TlsVersion] = (V12, V13),
    http: HttpVersion = HttpVersion.HTTP_2,
    network: tuple[Connection, bool] = (Connection.NETWORK_1, False),
    change_from: ChangeFrom = ChangeFrom.ADMINISTRATOR,
    bulk: str | None = None,
) -> DeviceSettings:
    """Settings that break no rule, but for what is given."""
    return DeviceSettings(
        oauth=OAuth(enabled=enabled, provider=provider, client_id=client_id),
        administrator=Administrator(address=administrator),
        from_address=FromAddress(setting=change_from, bulk=bulk),
        tls=Tls(minimum=tls[0], maximum=tls[1]),
        http=Http(version=http),
        network=Network(connection=network[0], vlan=network[1]),
        box=Box(public_url="https://printer.example.com"),
    )


SERVER = Limits("smtp.example.com")


def message(
    sender: Sender | None = None,
    function: Function | None = None,
    recipients: int = 1,
    octets: int | None = None,
    former_from: bool = False,
) -> Message:
    """A scan of kim's to one address, but for what is given."""
    sender = sender or KIM
    usual = Function.EMAIL_NOTIFICATION if sender.by_device else Function.SCAN_TO_EMAIL
    return Message(function or usual, sender, recipients, octets=octets, former_from=former_from)


def codes(given: DeviceSettings, look: Look, sent: Sender | Message | None = None) -> list[str]:
    looked_at = message(sent) if isinstance(sent, Sender) else sent
    return [rule.code for rule in broken(given, look, looked_at, limits=SERVER)]


def rule(code: str) -> Rule:
    (found,) = [rule for rule in RULES if rule.code == code]
    return found
