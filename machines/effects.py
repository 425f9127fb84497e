"""What a row may ask for: constant values. A record is done inside the commit, a deed after it."""

from dataclasses import dataclass

from ..events.information import Info


@dataclass(frozen=True, slots=True)
class Effect: ...


class Record(Effect):
    """Changes the store or the holder of access tokens together with the states."""


class Deed(Effect):
    """An act in the world. It may be performed more than once (after a crash): its adapter must bear that."""


class KeepGrant(Record):
    """The refresh token that came with the fact is sealed under the version that the step gives."""


class EraseGrant(Record):
    """The sealed refresh token is gone from memory and from every file of the store (S27)."""


class HoldToken(Record):
    """The access token that came with the fact is held in memory (S25)."""


class DropToken(Record):
    """The access token is forgotten, and connections that it authenticated are closed."""


@dataclass(frozen=True, slots=True)
class Inform(Record):
    """Raises a warning on the [Information] screen."""

    code: Info


@dataclass(frozen=True, slots=True)
class Clear(Record):
    code: Info


class RequestToken(Deed):
    """Asks the provider for an access token; runs to its end, for the answer may rotate the grant."""


class RevokeGrant(Deed):
    """At the provider: the stored grant. Stands before EraseGrant, which then takes it from the store."""


class RevokeBrought(Deed):
    """At the provider: the refresh token that came with the fact and is not kept."""


class OpenSignIn(Deed):
    """Shows the provider's page to the person at this place and waits for what becomes of it."""


class Transmit(Deed):
    """Submits the job's message."""


class Withdraw(Deed):
    """Drops the message that is under way, unless its final dot has gone: then the server may have it."""


class DropScan(Record):
    """The keys of the job's files, and what of them lies in the store, are gone in this commit: what is left
    on the disk opens as nothing (S33b).
    """


class EraseScan(Deed):
    """The job's files leave the disk (S33b)."""


class Report(Deed):
    """Tells the owner of a job by mail what became of it, where that may be; asked for until it is said."""


class SettleJobs(Deed):
    """Cancels some of the jobs that a user left behind, or counts those that wait; asked for until it has
    nothing more to cancel.
    """


class LookAtSignIn(Deed):
    """Looks since when this job waits for its user's sign-in, and gives it up if that is too long."""


class DeleteShared(Record):
    """The documents that the job's mail would have linked to are deleted, in the same commit (S18, S33b);
    not where some recipients have that mail, or may have it.
    """


class ForgetDocument(Record):
    """Name, size and link of the document are gone from the store."""


class EraseDocument(Deed):
    """The document's file leaves the disk."""
