"""What a row may ask for: constant values. A record is done inside the commit, a deed after it."""

from dataclasses import dataclass

from ..events.information import Info


@dataclass(frozen=True, slots=True)
class Effect: ...


class Record(Effect):
    """Changes the store or the holder of access tokens together with the states."""


class Deed(Effect):
    """An act in the world. It may be performed more than once (after a crash): its adapter must bear that."""


@dataclass(frozen=True, slots=True)
class KeepGrant(Record):
    """The refresh token that came with the fact is sealed under the version that the step gives."""


@dataclass(frozen=True, slots=True)
class EraseGrant(Record):
    """The sealed refresh token is gone from memory and from every file of the store (S27)."""


@dataclass(frozen=True, slots=True)
class HoldToken(Record):
    """The access token that came with the fact is held in memory (S25)."""


@dataclass(frozen=True, slots=True)
class DropToken(Record):
    """The access token is forgotten, and connections that it authenticated are closed."""


@dataclass(frozen=True, slots=True)
class Inform(Record):
    """Raises a warning on the [Information] screen."""

    code: Info


@dataclass(frozen=True, slots=True)
class Clear(Record):
    code: Info


@dataclass(frozen=True, slots=True)
class RequestToken(Deed):
    """Asks the provider for an access token; runs to its end, for the answer may rotate the grant."""


@dataclass(frozen=True, slots=True)
class RevokeGrant(Deed):
    """At the provider: the stored grant. Stands before EraseGrant, which then takes it from the store."""


@dataclass(frozen=True, slots=True)
class RevokeBrought(Deed):
    """At the provider: the refresh token that came with the fact and is not kept."""


@dataclass(frozen=True, slots=True)
class OpenSignIn(Deed):
    """Shows the provider's page to the person at this place and waits for what becomes of it."""


@dataclass(frozen=True, slots=True)
class Transmit(Deed):
    """Submits the job's message."""


@dataclass(frozen=True, slots=True)
class EraseScan(Deed):
    """The job's files leave the disk (S33b)."""
