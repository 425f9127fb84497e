"""franking: e-mail from devices with OAuth 2.0. What an embedding program needs has its name here.

Rule: a name is loaded when it is first used, so that the pytest plugin costs a project nothing that has it
installed and does not use it.
"""

from importlib import import_module
from types import MappingProxyType

TYPE_CHECKING = False
"For type checkers it is true; `typing` and `logging` would be half of what `franking-sendmail` waits for."

if TYPE_CHECKING:
    from .engine.applying import SignInsEnd
    from .engine.engine import Engine
    from .engine.refusal import NotAllowed, Refused
    from .engine.settings import Settings
    from .events.request import (
        Condition,
        Counter,
        EmailNotification,
        ForwardTx,
        FromApplication,
        FromUserBox,
        Given,
        InternetFax,
        Medium,
        ScanToEmail,
        ScanToMe,
        ScanToUrl,
        Separation,
        StatusNotification,
        TotalCounter,
        Transmission,
        TsiRouting,
        TxResultReport,
    )
    from .machines.roles import Role, Viewer

__all__ = [
    "Condition",
    "Counter",
    "EmailNotification",
    "Engine",
    "ForwardTx",
    "FromApplication",
    "FromUserBox",
    "Given",
    "InternetFax",
    "Medium",
    "NotAllowed",
    "Refused",
    "Role",
    "ScanToEmail",
    "ScanToMe",
    "ScanToUrl",
    "Separation",
    "Settings",
    "SignInsEnd",
    "StatusNotification",
    "TotalCounter",
    "Transmission",
    "TsiRouting",
    "TxResultReport",
    "Viewer",
]

ELSEWHERE = MappingProxyType({
    "Engine": "engine.engine",
    "NotAllowed": "engine.refusal",
    "Refused": "engine.refusal",
    "Role": "machines.roles",
    "Settings": "engine.settings",
    "SignInsEnd": "engine.applying",
    "Viewer": "machines.roles",
})  # fmt: skip
"Modules of the names that are no requests."

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = getattr(import_module(f".{ELSEWHERE.get(name, 'events.request')}", __name__), name)
        globals()[name] = found
        return found
