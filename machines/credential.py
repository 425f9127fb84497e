"""The client secret or certificate of the application's registration: how long it is still good (B1).

When it ends nobody's mail goes any more, and whoever made it has long forgotten it. So the [Information]
screen says it 30, 14, 7 and 1 days before; its day is a setting, or stands in the certificate.

Rule: this machine only warns; whether the provider takes the credential is the provider's word.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ..events.base import OfDevice
from ..events.device import CredentialChecked, CredentialEndAnnounced, CredentialWarningDue
from ..events.information import Info
from .definition import Definition, always, ignore, lasts, on, state
from .effects import Clear, Inform
from .ends import NOT_WARNED, next_warning, warned_of

Validity = StrEnum("Validity", ["GOOD", "ENDING", "ENDED"])
GOOD, ENDING, ENDED = Validity


@dataclass(frozen=True, slots=True)
class Credential:
    ends_at: datetime | None = None
    warn_at: datetime | None = None


def ahead(credential: Credential, at: datetime) -> bool:
    """A warning was said whose moment has yet to come: the clock was ahead then."""
    due = credential.ends_at and next_warning(credential.ends_at, at)
    return due is not None and (credential.warn_at is None or due < credential.warn_at)


def same(credential: Credential, event: CredentialChecked) -> bool:
    return event.ends_at == credential.ends_at and not ahead(credential, event.at)


def known(credential: Credential, event: CredentialWarningDue) -> bool:
    return credential.ends_at is not None


def over(credential: Credential, event: CredentialWarningDue) -> bool:
    return credential.ends_at is not None and credential.ends_at <= event.at


def note(credential: Credential, event: CredentialChecked) -> Credential:
    """A warning whose moment has come is said at once."""
    if event.ends_at is None:
        return Credential()
    late = warned_of(event.ends_at, event.at) < NOT_WARNED
    return Credential(event.ends_at, event.at if late else next_warning(event.ends_at, event.at))


def warn(credential: Credential, event: CredentialWarningDue) -> Credential:
    ends_at = credential.ends_at
    return Credential(ends_at, ends_at and next_warning(ends_at, event.at))


CREDENTIAL = Definition(
    "credential", Credential,
    always(
        ignore(CredentialChecked, when=same, why="nothing has changed"),
        on(CredentialChecked, unless=same, to=GOOD, data=note, ask=[Clear(Info.CREDENTIAL_ENDS)]),
        on(CredentialEndAnnounced, ask=[Inform(Info.CREDENTIAL_ENDS)]),
    ),
    state(GOOD, "Nothing is known of an end, or it is far.",
        lasts(until="warn_at", then=CredentialWarningDue),
        on(CredentialWarningDue, when=over, to=ENDED, data=warn, tell=[CredentialEndAnnounced]),
        on(CredentialWarningDue, when=known, unless=over, to=ENDING, data=warn,
           tell=[CredentialEndAnnounced]),
        ignore(CredentialWarningDue, unless=[over, known], why="no end is known"),
        ignore(CredentialEndAnnounced, why="it was replaced meanwhile")),
    state(ENDING, "It ends soon: whoever registered the application makes a new one.",
        lasts(until="warn_at", then=CredentialWarningDue),
        on(CredentialWarningDue, when=over, to=ENDED, data=warn, tell=[CredentialEndAnnounced]),
        on(CredentialWarningDue, unless=over, data=warn, tell=[CredentialEndAnnounced])),
    state(ENDED, "It has ended: nobody's mail goes until there is a new one.",
        ignore(CredentialWarningDue, why="it was said")),
    per=OfDevice,
)  # fmt: skip
