"""Which error is which answer: the statuses and codes of problems, for both ends of the socket.

Rule: an error that a caller can bring about has its row here.
"""

from collections.abc import Mapping
from types import MappingProxyType

ENGINE = "franking.engine."
NOT_NOW = 503

STATUSES: Mapping[str, tuple[int, str]] = MappingProxyType({
    "refusal.NotAllowed": (403, "not-allowed"),
    "control.uploads.PathNotAllowed": (403, "path-not-allowed"),
    "control.uploads.UnknownUpload": (404, "unknown-upload"),
    "control.uploads.WrongName": (422, "wrong-name"),
    "control.uploads.NoPlace": (503, "no-place"),
    "control.requests.NothingShown": (404, "nothing-shown"),
    "control.serving.NotReadable": (400, "not-readable"),
    "control.requests.NotThere": (404, "not-there"),
    "submitting.UnknownJob": (404, "unknown-job"),
    "at_the_panel.UnknownUser": (404, "unknown-user"),
    "boxes.UnknownDocument": (404, "unknown-document"),
    "kept_secrets.SecretUnnamed": (422, "secret-unnamed"),
    "kept_secrets.UnknownSecret": (404, "unknown-secret"),
    "refusal.Refused": (422, "refused"),
    "refusal.WrittenByDevice": (422, "written-by-device"),
    "programs.intake.NotTaken": (403, "not-taken"),
    "programs.intake.NoSuchRecipient": (422, "no-such-recipient"),
    "programs.intake.NoSuchWriter": (422, "no-such-writer"),
    "programs.intake.TooLarge": (413, "too-large"),
    "control.messages.UnderWay": (NOT_NOW, "under-way"),
    "control.messages.NotNow": (NOT_NOW, "not-now"),
    "settings.SettingsError": (422, "wrong-settings"),
    "applying.SignInsEnd": (409, "sign-ins-end"),
    "signing_in.PasteRefused": (422, "paste-refused"),
    "people.LoginReserved": (422, "login-reserved"),
    "people.LoginEmpty": (422, "login-empty"),
    "people.AddressUnusable": (422, "address-unusable"),
    "spool.ScanUnreadable": (422, "scan-unreadable"),
    "incoming.MessageUnfit": (422, "message-unfit"),
    "smtp.fields.Unencodable": (422, "unencodable"),
    "room.NoRoom": (507, "no-room"),
    "store.keys.KeyNotOurs": (409, "key-not-ours"),
    "records.SealFailed": (NOT_NOW, "seal"),
    "records.StoreFailed": (NOT_NOW, "store"),
    "runtime.EngineStopped": (NOT_NOW, "stopped"),
    "runtime.EngineFailed": (NOT_NOW, "failed"),
})  # fmt: skip
"Status and last part of `type`, by the error's name in `franking.engine`; of what is derived from it, too."
ERRORS: Mapping[str, str] = MappingProxyType({code: name for name, (_, code) in STATUSES.items()})
"The errors by their codes."
