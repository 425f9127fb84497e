"""franking: e-mail from devices with OAuth 2.0. What an embedding program needs has its name here."""

from .engine.engine import Engine
from .engine.settings import Settings
from .events.request import EmailNotification, ScanToEmail

__all__ = ["EmailNotification", "Engine", "ScanToEmail", "Settings"]
