"""How a command ends: the exit codes of sysexits.h, and which error leads to which.

Rule: every error that a person can meet has its row here, and its text is the one message that is shown.
Whatever has no row is a fault of the program (70), of which the type and the place are shown and never the
text, for it may hold a secret.
"""

from enum import IntEnum


class Exit(IntEnum):
    OK = 0
    "Done: the mail was sent, the token was acquired."
    USAGE = 64
    "The command line is wrong."
    DATA = 65
    "The job was refused by a rule or by the server, for good."
    NO_INPUT = 66
    "A scan is missing or cannot be read."
    UNAVAILABLE = 69
    "The store or something else that is needed is not available."
    SOFTWARE = 70
    "A fault of the program."
    CANNOT_CREATE = 73
    "A file cannot be written."
    IO = 74
    "Nobody reads what is printed; or a file of the store is damaged."
    TEMPORARY = 75
    "Not now: the mail waits in the spool, or the store is in use."
    NO_PERMISSION = 77
    "A person or the provider declined."
    CONFIG = 78
    "The settings are wrong, or forbid what was asked for."
    INTERRUPTED = 130
    "Ctrl-C."


Row = tuple[type[Exception], Exit]


def table() -> tuple[Row, ...]:
    """Errors and their exit codes; the first row that fits decides."""
    from ..at_the_panel import UnknownUser
    from ..kept_secrets import SecretUnnamed, UnknownSecret
    from ..people import AddressUnusable, LoginEmpty, LoginReserved
    from ..records import SealFailed, StoreDamaged, StoreFailed
    from ..room import NoRoom
    from ..runtime import EngineFailed
    from ..settings import CredentialError, SettingsError
    from ..spool import ScanUnreadable
    from ..store.keys import KeyNotOurs
    from ..store.lock import StoreInUse
    from ..store.opening import (
        NoStore,
        StoreLocked,
        StoreNotWhole,
        StoreOfAnother,
        StoreReadOnly,
        StoreUnusable,
    )
    from ..submitting import UnknownJob
    from .confirming import NobodyToAskError, NotConfirmedError
    from .jobs import JobOverError
    from .opening import NoConfigurationError, OAuthOffError, StoreUnreachableError, WrongSettingsError
    from .reset import NotSaidError
    from .secret import NoSecretGivenError
    from .terminal import NotInstalledError

    return (
        (NobodyToAskError, Exit.USAGE),
        (NotSaidError, Exit.USAGE),
        (NoSecretGivenError, Exit.USAGE),
        (SecretUnnamed, Exit.USAGE),
        (UnknownJob, Exit.USAGE),
        (JobOverError, Exit.DATA),
        (UnknownSecret, Exit.CONFIG),
        (NotConfirmedError, Exit.NO_PERMISSION),
        (NoConfigurationError, Exit.CONFIG),
        (WrongSettingsError, Exit.CONFIG),
        (SettingsError, Exit.CONFIG),
        (CredentialError, Exit.CONFIG),
        (OAuthOffError, Exit.CONFIG),
        (UnknownUser, Exit.CONFIG),
        (LoginReserved, Exit.CONFIG),
        (LoginEmpty, Exit.USAGE),
        (AddressUnusable, Exit.CONFIG),
        (ScanUnreadable, Exit.NO_INPUT),
        (StoreInUse, Exit.TEMPORARY),
        (StoreLocked, Exit.TEMPORARY),
        (StoreOfAnother, Exit.NO_PERMISSION),
        (StoreReadOnly, Exit.CANNOT_CREATE),
        (StoreNotWhole, Exit.IO),
        (NoStore, Exit.CONFIG),
        (StoreUnusable, Exit.UNAVAILABLE),
        (StoreDamaged, Exit.IO),
        (KeyNotOurs, Exit.CONFIG),
        (SealFailed, Exit.UNAVAILABLE),
        (NoRoom, Exit.TEMPORARY),
        (StoreUnreachableError, Exit.UNAVAILABLE),
        (StoreFailed, Exit.UNAVAILABLE),
        (NotInstalledError, Exit.UNAVAILABLE),
        (EngineFailed, Exit.SOFTWARE),
        (OSError, Exit.CANNOT_CREATE),
    )


def exit_of(error: Exception) -> Exit | None:
    """None: it has no row."""
    return next((code for kind, code in table() if isinstance(error, kind)), None)
