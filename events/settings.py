"""The device's settings as frozen values, in the manual's terms and with its defaults.

Rule: no secret stands here. A field that needs one holds a reference, `credential:NAME` (a file that the
service manager or the administrator provides) or `vault:NAME` (sealed in the store).
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel, Field

from .fax import InternetFaxSettings, TsiRoutingSettings
from .menu import At, Offered, both, panel, web
from .page import Page
from .programs import Programs
from .request import Function
from .values import Address, Duration, Host, HttpsUrl, Kept, Line, Reference, Values
from .watching import Hooks, Metrics, Reports


class ChangeFrom(StrEnum):
    """[Change From Address Setting] (S6)."""

    LOGIN_USER = "Login User Address"
    USER_CHANGES = "Allow User Changes"
    ADMINISTRATOR = "Fix Administrator Address"
    BULK = "Bulk setting"


class TlsVersion(StrEnum):
    """[SSL/TLS Version Setting] (S8); older versions are not offered."""

    TLS_1_2 = "TLSv1.2"
    TLS_1_3 = "TLSv1.3"


class HttpVersion(StrEnum):
    """[HTTP Version Setting] (S9)."""

    HTTP_1_1 = "HTTP/1.1"
    HTTP_2 = "HTTP/2,HTTP/1.1"


class Connection(StrEnum):
    """Which network the device uses (S10)."""

    NETWORK_1 = "Network 1"
    NETWORK_2 = "Network 2"


class Security(StrEnum):
    """How the connection to the submission server is secured (RFC 8314)."""

    STARTTLS = "STARTTLS"
    IMPLICIT = "implicit TLS"
    NONE = "none"
    "For a relay in one's own network, without OAuth and without a password (S1)."


class LeftJobs(StrEnum):
    """What becomes of a user's jobs in the spool when his token is deleted (S28)."""

    WAIT = "wait for the next sign-in"
    CANCEL = "cancel"


MICROSOFT, GOOGLE = "Microsoft", "Google"
PERSONAL, GCC_HIGH = "Microsoft (personal)", "Microsoft (GCC High)"
DOD, CHINA = "Microsoft (DoD)", "Microsoft (21Vianet)"
PROVIDERS: Mapping[str, str] = MappingProxyType(
    {
        MICROSOFT: MICROSOFT,
        GOOGLE: GOOGLE,
        **dict.fromkeys((PERSONAL, GCC_HIGH, DOD, CHINA), MICROSOFT),
    }
)
"What [OAuth 2.0 Provider] offers, and whose service each is."


class Flow(StrEnum):
    """How a person signs in (B3)."""

    BROWSER = "browser"
    "On the provider's page (RFC 8252)."
    CODE = "code"
    "With a code that this device shows and that is entered on another one (RFC 8628)."


class AdministratorFlow(StrEnum):
    """How the administrator's access tokens are got (B3)."""

    SIGN_IN = "sign-in"
    "A person signs in with [Acquire]."
    CLIENT_CREDENTIALS = "client credentials"
    "The application's own secret or certificate; nobody signs in (RFC 6749 section 4.4)."
    SERVICE_ACCOUNT = "service account"
    "A service account's key; nobody signs in (RFC 7523)."


class Language(StrEnum):
    """Of the sentences and of the messages that the device writes."""

    ENGLISH = "en"
    GERMAN = "de"


SMTP = "[Network] - [E-mail Setting] - [E-mail TX (SMTP)]"
OAUTH = f"{SMTP} - [OAuth Settings]"
CHANGE_FROM = f"{SMTP} - [Change From Address Setting]"
TLS = "[Security] - [PKI Settings] - [Enable SSL Version] - [SSL/TLS Version Setting]"
PROXY = "[Security] - [Certificate Verification Settings] - [Proxy Settings]"
BROWSER = "[System Settings] - [Web Browser Setting]"
BROWSER_PROXY = f"{BROWSER} - [Operation Settings] - [Proxy Settings]"


class OAuth(Values):
    """[OAuth Settings]."""

    enabled: Annotated[bool, panel("[OAuth 2.0]", OAUTH)] = False
    "Mail goes with OAuth 2.0 (S1)."
    provider: Annotated[
        Line,
        Offered(tuple(PROVIDERS), "takes.provider"),
        panel("[OAuth 2.0 Provider]", OAUTH),
    ] = MICROSOFT
    "Who signs people in, and whose mail server takes the mail; national clouds have names of their own (S2)."
    client_id: Line = ""
    "The id of the application's registration at the provider."
    client_credential: Reference | None = None
    "The application's secret, where the provider wants one."
    client_credential_ends: date | None = None
    "The day on which the secret ends, as the registration shows it: the device warns in time (B1)."
    client_certificate: Reference | None = None
    "In place of the secret, with client credentials: a certificate with its private key (PEM) (B3)."
    flow: Flow = Flow.BROWSER
    "How people sign in; where it is refused, the other way is offered. Many organisations block codes (B3)."
    device_code: bool = True
    "OFF: nobody is ever shown a code to sign in with, as organisations want it that block codes (B3)."
    administrator_flow: AdministratorFlow = AdministratorFlow.SIGN_IN
    "How the administrator's access tokens are got, with or without a person (B3)."
    service_account: Reference | None = None
    "The key of the service account, as Google gives it (JSON) (B3)."
    tenant: Line = "organizations"
    "Microsoft: the organisation's id or domain, where it is one alone."
    authority: HttpsUrl | None = None
    "Where the provider's endpoints are, such as a gateway; left out: the provider's own."
    auto_delete: Annotated[bool, panel("[Auto Delete]", f"{OAUTH} - [Refresh Tokens (User)]")] = False
    "A user's token is deleted at his logout and at system auto reset (S28)."
    left_jobs: LeftJobs = LeftJobs.WAIT
    "What becomes of a user's jobs in the spool when his token is deleted (S28)."
    sign_in_wait: Annotated[Duration, Field(ge=timedelta(hours=1), le=timedelta(days=90))] = timedelta(days=3)
    "How long a user's job waits for his sign-in before it is given up (S18)."


class Administrator(Values):
    """[Administrator Registration]."""

    address: Annotated[
        Address | None,
        both("[E-mail Address]", "[System Settings] - [Machine Setting] - [Administrator Registration]"),
    ] = None
    "Who signs in with [Acquire], and the From of what the device sends by itself (S3)."


class FromAddress(Values):
    """[Change From Address Setting]."""

    setting: Annotated[ChangeFrom, panel("[Change From Address Setting]", SMTP)] = ChangeFrom.ADMINISTRATOR
    "Whose address a person's mail is from (S6)."
    bulk: Annotated[Address | None, panel("[Bulk setting]", CHANGE_FROM)] = None
    "The From address of [Bulk setting] (S7)."


class Smtp(Values):
    """[E-mail TX (SMTP)]."""

    server: Annotated[Host | None, both("[SMTP Server Address]", SMTP)] = None
    "Left out: with [OAuth 2.0] ON the provider's own (S5)."
    port: Annotated[int, Field(ge=1, le=65535), both("[Port Number]", SMTP)] = 587
    "465 is implicit TLS, every other STARTTLS, unless `security` says otherwise."
    security: Annotated[Security | None, both("[Use SSL/TLS]", SMTP)] = None
    "Left out: what the port stands for. Without TLS neither token nor password is sent (S30)."
    user: Annotated[Line | None, both("[User ID]", f"{SMTP} - [SMTP Authentication]")] = None
    "For sending with [OAuth 2.0] OFF; left out: without AUTH (S1)."
    user_credential: Annotated[Reference | None, both("[Password]", f"{SMTP} - [SMTP Authentication]")] = None
    "The password of `user`."
    connections: Annotated[int, Field(ge=1, le=100)] | None = None
    "Of one mailbox at once; left out: as many as the provider allows, and one at a server not its own."
    window: Annotated[int, Field(ge=1, le=64)] = 4
    "Messages under way over one connection, where the server takes commands in groups (RFC 2920)."
    per_minute: Annotated[int, Field(ge=1, le=10_000)] | None = None
    "Messages that go from one mailbox in a minute at most; left out: what the provider allows (B11)."
    give_up_after: Annotated[Duration, Field(ge=timedelta(hours=1), le=timedelta(30))] = timedelta(days=5)
    "So long a message is tried again where the server answers «not now»; other waiting is not counted (B2)."


class Tls(Values):
    """[SSL/TLS Version Setting], for mail and for the provider alike."""

    minimum: Annotated[TlsVersion, panel("[Minimum]", TLS)] = TlsVersion.TLS_1_2
    "The oldest version that connections use (S8)."
    maximum: Annotated[TlsVersion, panel("[Maximum]", TLS)] = TlsVersion.TLS_1_3
    "The newest version that connections use (S8)."
    trust: Path | None = None
    "A file with more certificate authorities (PEM), beside those of the system's OpenSSL (S30)."


class Http(Values):
    """[WebDAV Client Settings]."""

    version: Annotated[
        HttpVersion,
        both("[HTTP Version Setting]", "[Network] - [WebDAV Settings] - [WebDAV Client Settings]"),
    ] = HttpVersion.HTTP_1_1
    "Which versions of HTTP token traffic uses (S9)."


class Network(Values):
    """What the device is connected to."""

    connection: Annotated[Connection, panel("[Network]", "[Network]")] = Connection.NETWORK_1
    "Network 1 or Network 2 (S10)."
    vlan: Annotated[bool, panel("[VLAN]", "[Network]")] = False
    "Virtual LAN (S10)."


class Proxy(Values):
    """A way out of the network for HTTP; mail never takes it (S4)."""

    # There are two of them; where each is found in the menus stands in `DeviceSettings` and `Browser`.
    host: Annotated[Host | None, At("[Proxy Server Address]")] = None
    "Left out: without a proxy."
    port: Annotated[int, Field(ge=1, le=65535), At("[Proxy Server Port Number]")] = 8080
    "The port of the proxy."
    user: Annotated[Line | None, At("[User Name]")] = None
    "Left out: the proxy asks for no sign-in."
    credential: Annotated[Reference | None, At("[Password]")] = None
    "The password of `user`."
    exclusions: Annotated[tuple[Line, ...], At("[Address not to use the proxy]")] = ()
    "Host names, `.domains` with everything below them, addresses and networks that are reached directly."


class Browser(Values):
    """[Web Browser Setting]: the device's own browser, on which the sign-in screen opens."""

    enabled: Annotated[bool, web("[Web Browser Function]", BROWSER)] = False
    "OFF: people sign in with another browser, and the browser's proxy is not shown (S4)."
    command: tuple[Line, ...] = ()
    """One of Chromium, Firefox and cog by its name or path alone, or any program with its arguments, in which
    `{start}` is the page to open, `{profile}` a folder for what is to be erased afterwards and `{proxy}` host
    and port of the proxy; empty: the first of those three that is found on this machine.
    """
    proxy: Annotated[Proxy, web("[Proxy Settings]", BROWSER_PROXY, only_while="browser.enabled")] = Proxy()
    "Handed to the sign-in browser; shown only while the Web browser function is ON."


class Panel(Values):
    """The device's own display."""

    auto_reset: Annotated[
        Duration,
        Field(ge=timedelta(seconds=10), le=timedelta(hours=1)),
        panel("[System Auto Reset]", "[System Settings] - [Reset Settings]"),
    ] = timedelta(seconds=60)
    "System auto reset comes this long after the last touch (S11)."


class Device(Values):
    """The device as its mail shows it."""

    name: Annotated[
        Line, both("[Device Name]", "[System Settings] - [Machine Setting] - [Administrator Registration]")
    ] = ""
    "How the device calls itself in its mail."
    language: Language = Language.ENGLISH
    "Of the sentences, and of what the device writes by itself."


class Functions(Values):
    """The functions that send."""

    off: tuple[Function, ...] = ()
    "Functions that may not send (S20, S21)."


class Box(Values):
    """The user boxes, and the links of Scan to URL."""

    public_url: HttpsUrl | None = None
    "Where people reach this device's links; left out: Scan to URL is off."
    keep: Annotated[Duration, Field(ge=timedelta(hours=1), le=timedelta(days=365))] = timedelta(days=7)
    "How long a link of Scan to URL works and its file is kept, counted from the mail; a number is seconds."


class Store(Values):
    """Where the device keeps its tokens (sealed), the spool, the user boxes and the journal."""

    path: Path | None = None
    "The store's folder; left out: `$STATE_DIRECTORY`, else the XDG state folder."
    names_kept: Kept = timedelta(days=30)
    "How long addresses, texts and file names of a job are kept after its end; a number is seconds."
    jobs_kept: Kept = timedelta(days=90)
    "How long anything is known of a job after its end."
    jobs_kept_most: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    "Of how many jobs that are over anything is known; the oldest go first."
    journal_kept: Kept = timedelta(days=90)
    "How long the history of the device is kept."
    journal_kept_most: Annotated[int, Field(ge=1000, le=10_000_000)] = 100_000
    "How many lines the history has at most."


class Spool(Values):
    """The disk that scans and user boxes take until they are sent or deleted."""

    seal: bool = True
    "Scans and documents lie sealed on the disk; OFF: as they are (S33b). What lies there stays as it is."
    quota: Annotated[int, Field(ge=1_000_000, le=1_000_000_000_000_000)] = 2_147_483_648
    "Octets that scans and documents may take in all; what would take more is refused."
    free: Annotated[int, Field(ge=0, le=1_000_000_000_000)] = 67_108_864
    "Octets of the store's file system that scans and documents leave free."


class Control(Values):
    """The control socket, by which other programs of this machine use a running engine (B8)."""

    group: Line | None = None
    "Group of the system whose members may use it; left out: nobody but the engine's own user and root."
    controllers: tuple[Line, ...] = ()
    "Users of the system who speak for any user of the device, as the engine's own user does."
    administrators: tuple[Line, ...] = ()
    "Users of the system who keep the device; every other one is the user of the device with his login name."


class DeviceSettings(Values):
    """Everything that rules and facts see."""

    oauth: OAuth = OAuth()
    administrator: Administrator = Administrator()
    from_address: FromAddress = FromAddress()
    smtp: Smtp = Smtp()
    tls: Tls = Tls()
    http: Http = Http()
    network: Network = Network()
    proxy: Annotated[Proxy, web("[Proxy Settings]", PROXY)] = Proxy()
    "Carries token traffic."
    browser: Browser = Browser()
    panel: Panel = Panel()
    device: Device = Device()
    functions: Functions = Functions()
    internet_fax: InternetFaxSettings = InternetFaxSettings()
    box: Box = Box()
    tsi_routing: TsiRoutingSettings = TsiRoutingSettings()
    store: Store = Store()
    spool: Spool = Spool()
    control: Control = Control()
    hooks: Hooks = Hooks()
    reports: Reports = Reports()
    metrics: Metrics = Metrics()
    page: Page = Page()
    programs: Programs = Programs()
    users: dict[Line, Address] = Field(default_factory=dict)
    "Login name to e-mail address, where no other directory knows it."
    aliases: dict[Line, tuple[Address, ...]] = Field(default_factory=dict)
    "Login name, or `administrator`, to other addresses of the same mailbox (S17, S19)."
    shared_mailboxes: dict[Address, tuple[Line, ...]] = Field(default_factory=dict)
    "Address to the login names, or `administrator`, of those who may send from it (S17)."


def menu_of(
    values: type[BaseModel] = DeviceSettings, above: str = "", section: At | None = None
) -> dict[str, At]:
    """Every setting that the device's menus know, by its key such as `tls.minimum` (S0). A setting without a
    path of its own is found where its section is.
    """
    found: dict[str, At] = {}
    for name, field in values.model_fields.items():
        place = next((each for each in field.metadata if isinstance(each, At)), None)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found |= menu_of(field.annotation, f"{above}{name}.", place)
        elif place is not None:
            found[above + name] = replace(section, label=place.label) if section else place
    return found


MENU: Mapping[str, At] = MappingProxyType(menu_of())
