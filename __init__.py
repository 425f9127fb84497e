"""franking: e-mail from devices with OAuth 2.0. What an embedding program needs has its name here."""

import logging

from .engine.applying import SignInsEnd
from .engine.engine import Engine
from .engine.refusal import Refused
from .engine.settings import Settings
from .engine.view import NotAllowed
from .events.request import (
    Condition,
    Counter,
    EmailNotification,
    ForwardTx,
    FromApplication,
    FromUserBox,
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

# Whoever embeds it decides where its log goes; without a word from him nothing is printed.
logging.getLogger("franking").addHandler(logging.NullHandler())
