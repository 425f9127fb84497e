"""Microsoft's other places: personal accounts, and the national clouds with hosts of their own.

Rules: only hosts, issuer and limits differ, so each is made from the data of work and school accounts; all
answer alike. An application is registered in each place anew, and a grant of one is of no use in another.
`unconfirmed` says what no public source confirmed: the settings `authority` and `smtp.server` overrule it.

Sources: https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud (authorities),
https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference (the tenant of personal
accounts), https://learn.microsoft.com/microsoft-365/enterprise/ (hosts: its pages
microsoft-365-u-s-government-gcc-high-endpoints and ...-dod-endpoints),
https://support.microsoft.com/office/d088b986-291d-42b8-9564-9c414e2aa040
(smtp-mail.outlook.com).
"""

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

from ....events import settings
from .microsoft import MICROSOFT
from .model import ProviderData

PERSONAL_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"
"The directory of all personal accounts."


def _moved(change: Callable[[str], str], **otherwise: object) -> ProviderData:
    """Microsoft with every address and scope changed."""
    data = MICROSOFT
    moved = replace(
        data,
        authorize=change(data.authorize),
        token=change(data.token),
        keys=change(data.keys),
        issuer=change(data.issuer),
        device_code=data.device_code and change(data.device_code),
        scopes=tuple(map(change, data.scopes)),
        scopes_needed=frozenset(map(change, data.scopes_needed)),
        scopes_on_refresh=tuple(map(change, data.scopes_on_refresh)),
        without_person=data.without_person
        and replace(data.without_person, scope=change(data.without_person.scope)),
    )
    return replace(moved, **otherwise)  # type: ignore[arg-type]


def _cloud(name: str, login: str, mail: str, server: str, unconfirmed: str = "") -> ProviderData:
    """`login` and `mail`: the hosts that stand for login.microsoftonline.com and outlook.office.com."""
    hosts = {
        "login.microsoftonline.com": login,
        "outlook.office365.com": mail,
        "outlook.office.com": mail,
    }

    def there(address: str) -> str:
        for here, other in hosts.items():
            address = address.replace(f"//{here}/", f"//{other}/")
        return address

    limits = MICROSOFT.lifetimes._replace(server=server, margins=MappingProxyType({}))
    return _moved(there, name=name, lifetimes=limits, unconfirmed=unconfirmed)


PERSONAL = _moved(
    lambda address: address.replace("{tenant}", "consumers"),
    name=settings.PERSONAL,
    issuer=f"https://login.microsoftonline.com/{PERSONAL_TENANT}/v2.0",
    tenants_open=frozenset[str](),
    # The directory of personal accounts has no administrator who could allow it.
    without_person=None,
    lifetimes=MICROSOFT.lifetimes._replace(
        server="smtp-mail.outlook.com",
        octets_max=None,
        recipients_max=None,
        messages_a_minute=None,
        recipients_a_day=None,
        margins=MappingProxyType({}),
    ),
)
GCC_HIGH = _cloud(settings.GCC_HIGH, "login.microsoftonline.us", "outlook.office365.us", "smtp.office365.us")
DOD = _cloud(
    settings.DOD,
    "login.microsoftonline.us",
    "outlook-dod.office365.us",
    "outlook-dod.office365.us",
    "the host of the scope and the submission server",
)
CHINA = _cloud(
    settings.CHINA,
    "login.partner.microsoftonline.cn",
    "partner.outlook.cn",
    "smtp.partner.outlook.cn",
    "the authority, the host of the scope and the submission server",
)
