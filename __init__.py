"""franking: e-mail from devices with OAuth 2.0. What an embedding program needs has its name here."""

import logging

from .engine.engine import Engine
from .engine.settings import Settings
from .events.request import EmailNotification, ScanToEmail

__all__ = ["EmailNotification", "Engine", "ScanToEmail", "Settings"]

# Whoever embeds it decides where its log goes; without a word from him nothing is printed.
logging.getLogger("franking").addHandler(logging.NullHandler())
