"""How a command ends: the exit codes of sysexits.h, and which error leads to which.

Rule: every error that a person can meet has its row here, and its text is the one message that is shown.
Whatever has no row is a fault of the program (70), of which the type and the place are shown and never the
text, for it may hold a secret.
"""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType

ENGINE = "franking.engine."


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
    "The store, an address to listen at or something else that is needed is not available."
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


IN_SHORT: Mapping[Exit, str] = MappingProxyType({
    Exit.OK: "done",
    Exit.USAGE: "wrong command line",
    Exit.DATA: "refused",
    Exit.NO_INPUT: "scan missing",
    Exit.UNAVAILABLE: "store, or an address to listen at, not available",
    Exit.SOFTWARE: "fault of the program",
    Exit.CANNOT_CREATE: "a file cannot be written",
    Exit.IO: "a file is damaged",
    Exit.TEMPORARY: "waits, or store in use",
    Exit.NO_PERMISSION: "declined",
    Exit.CONFIG: "wrong settings",
    Exit.INTERRUPTED: "interrupted",
})  # fmt: skip


class Judged(SystemExit):
    """The end of a command whose codes are another convention's; `code` is returned as it is."""


EXITS: Mapping[str, Exit] = MappingProxyType({
    "cli.confirming.NobodyToAskError": Exit.USAGE,
    "cli.reset.NotSaidError": Exit.USAGE,
    "cli.diagrams.NoMachineError": Exit.USAGE,
    "cli.history.OneAtATimeError": Exit.USAGE,
    "cli.init.NobodyAnswersError": Exit.USAGE,
    "cli.replay.NoSuchMomentError": Exit.USAGE,
    "cli.settings.UnknownSettingError": Exit.USAGE,
    "export.NotExported": Exit.DATA,
    "replay.AnotherDefinition": Exit.DATA,
    "replay.BeginningLost": Exit.DATA,
    "replay.Diverged": Exit.IO,
    "cli.secret.NoSecretGivenError": Exit.USAGE,
    "cli.secret.SecretUnfitError": Exit.DATA,
    "cli.password.NotAClientError": Exit.USAGE,
    "cli.password.NotTheSameError": Exit.USAGE,
    "cli.password.PasswordTooShortError": Exit.USAGE,
    "kept_secrets.SecretUnnamed": Exit.USAGE,
    "submitting.UnknownJob": Exit.USAGE,
    "cli.jobs.JobOverError": Exit.DATA,
    "kept_secrets.UnknownSecret": Exit.CONFIG,
    "cli.confirming.NotConfirmedError": Exit.NO_PERMISSION,
    "cli.opening.NoConfigurationError": Exit.CONFIG,
    "cli.opening.WrongSettingsError": Exit.CONFIG,
    "settings.SettingsError": Exit.CONFIG,
    "settings.CredentialError": Exit.CONFIG,
    "cli.opening.OAuthOffError": Exit.CONFIG,
    "at_the_panel.UnknownUser": Exit.CONFIG,
    "people.LoginReserved": Exit.CONFIG,
    "people.LoginEmpty": Exit.USAGE,
    "people.AddressUnusable": Exit.CONFIG,
    "spool.ScanUnreadable": Exit.NO_INPUT,
    "refusal.NotAllowed": Exit.NO_PERMISSION,
    "control.uploads.PathNotAllowed": Exit.NO_PERMISSION,
    "control.uploads.UnknownUpload": Exit.TEMPORARY,
    "control.uploads.WrongName": Exit.NO_INPUT,
    "control.uploads.NoPlace": Exit.TEMPORARY,
    "control.requests.NothingShown": Exit.USAGE,
    "control.requests.NotThere": Exit.USAGE,
    "boxes.UnknownDocument": Exit.USAGE,
    "refusal.Refused": Exit.CONFIG,
    "applying.SignInsEnd": Exit.CONFIG,
    "signing_in.PasteRefused": Exit.DATA,
    "smtp.fields.Unencodable": Exit.DATA,
    "runtime.EngineStopped": Exit.TEMPORARY,
    "control.client.ProblemTold": Exit.SOFTWARE,
    "control.client.EngineGone": Exit.TEMPORARY,
    "control.client.EngineBusy": Exit.TEMPORARY,
    "cli.reaching.NobodyAnswersError": Exit.UNAVAILABLE,
    "certificates.CertificateUnusable": Exit.CONFIG,
    "certificates.NeedsTls": Exit.CONFIG,
    "listening.CannotListen": Exit.UNAVAILABLE,
    "control.serving.NoSuchGroup": Exit.CONFIG,
    "control.serving.NoSocket": Exit.CONFIG,
    "control.serving.PathTooLong": Exit.CONFIG,
    "store.lock.StoreInUse": Exit.TEMPORARY,
    "store.opening.StoreLocked": Exit.TEMPORARY,
    "store.opening.StoreOfAnother": Exit.NO_PERMISSION,
    "store.opening.StoreReadOnly": Exit.CANNOT_CREATE,
    "store.opening.StoreNotWhole": Exit.IO,
    "store.opening.NoStore": Exit.CONFIG,
    "store.opening.StoreUnusable": Exit.UNAVAILABLE,
    "records.StoreDamaged": Exit.IO,
    "store.keys.KeyNotOurs": Exit.CONFIG,
    "records.SealFailed": Exit.UNAVAILABLE,
    "room.NoRoom": Exit.TEMPORARY,
    "cli.opening.StoreUnreachableError": Exit.UNAVAILABLE,
    "records.StoreFailed": Exit.UNAVAILABLE,
    "cli.terminal.NotInstalledError": Exit.UNAVAILABLE,
    "runtime.EngineFailed": Exit.SOFTWARE,
    "builtins.OSError": Exit.CANNOT_CREATE,
})  # fmt: skip
"By the error's name in `franking.engine`; what is derived from it ends like that, unless it has its own row."


def exit_of(error: Exception) -> Exit | None:
    """None: it has no row."""
    stands_for = getattr(error, "stands_for", "")  # of an engine in another process
    kinds = (f"{kind.__module__.removeprefix(ENGINE)}.{kind.__name__}" for kind in type(error).__mro__)
    names = (stands_for, *kinds)
    return next((EXITS[name] for name in names if name in EXITS), None)
