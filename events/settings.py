"""The device's settings as frozen values, in the manual's terms and with its defaults.

Rule: no secret stands here. A field that needs one holds a reference, `credential:NAME` (a file that the
service manager or the administrator provides) or `vault:NAME` (sealed in the store).
"""

from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from .request import Address, Line

Reference = Annotated[str, StringConstraints(pattern=r"^(credential|vault):[A-Za-z0-9_.-]+$")]
Host = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,252})$")
]
HttpsUrl = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^https://[^\s/]+[^\s]*$")]


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


class Values(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class OAuth(Values):
    """[OAuth Settings]."""

    enabled: bool = False
    "[OAuth 2.0]"
    provider: Line = "Microsoft"
    "[OAuth 2.0 Provider]"
    client_id: Line = ""
    client_credential: Reference | None = None
    tenant: Line = "organizations"
    authority: HttpsUrl | None = None
    "Where the provider's endpoints are, for national clouds; None: the provider's own."
    auto_delete: bool = False
    "[Auto Delete]"


class Administrator(Values):
    """[Administrator Registration]."""

    address: Address | None = None
    "[E-mail Address]"


class FromAddress(Values):
    setting: ChangeFrom = ChangeFrom.ADMINISTRATOR
    "[Change From Address Setting]"
    bulk: Address | None = None
    "The From address of [Bulk setting]."


class Smtp(Values):
    """[E-mail TX (SMTP)]."""

    server: Host | None = None
    "None: the provider's own."
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    user: Line | None = None
    "For sending with [OAuth 2.0] OFF; None: without AUTH."
    user_credential: Reference | None = None


class Tls(Values):
    """[SSL/TLS Version Setting], for mail and for the provider alike."""

    minimum: TlsVersion = TlsVersion.TLS_1_2
    maximum: TlsVersion = TlsVersion.TLS_1_3
    trust: Path | None = None
    "A file with more certificate authorities (PEM), beside those of the system's OpenSSL (S30)."


class Http(Values):
    """[WebDAV Client Settings]."""

    version: HttpVersion = HttpVersion.HTTP_1_1


class Network(Values):
    connection: Connection = Connection.NETWORK_1
    vlan: bool = False


class Panel(Values):
    auto_reset: Annotated[timedelta, Field(ge=timedelta(seconds=10), le=timedelta(hours=1))] = timedelta(
        seconds=60
    )
    "System auto reset time; a number is seconds."


class Store(Values):
    path: Path | None = None
    "The store's folder; None: `$STATE_DIRECTORY`, else the XDG state folder."


class DeviceSettings(Values):
    """Everything that rules and facts see."""

    oauth: OAuth = OAuth()
    administrator: Administrator = Administrator()
    from_address: FromAddress = FromAddress()
    smtp: Smtp = Smtp()
    tls: Tls = Tls()
    http: Http = Http()
    network: Network = Network()
    panel: Panel = Panel()
    store: Store = Store()
    users: dict[Line, Address] = Field(default_factory=dict)
    "Login name to e-mail address, where no other directory knows it."
