"""Facts about the device and the people in front of it: start, settings, network, log-in, logout, auto reset.

What a decision needs of the settings rides on the fact, as it was when the fact was said.
"""

from datetime import timedelta

from pydantic import AwareDatetime

from .base import NewLife, OfDevice, OfIdentity, OfPlace
from .settings import LeftJobs


class Availability(OfDevice):
    """What `machines/rules.py` finds for the settings and the network of this moment (S12-S14)."""

    oauth: bool
    "[OAuth 2.0] is ON."
    broken: tuple[str, ...] = ()
    "Codes of the rules that make OAuth not available."


class EngineStarted(Availability, NewLife):
    """Power on, or a restart: one journal line, committed alone before anything else happens."""


class DeviceResumed(Availability, NewLife):
    """The device woke from sleep: connections and what was in memory may be gone, the wall clock has
    jumped.
    """


class SettingsChanged(Availability):
    """One change of settings, applied as a whole ([OK])."""

    changed: tuple[str, ...]
    "The keys that differ now, such as `tls.minimum`."


class NetworkChanged(Availability):
    """The device is connected to another network, or its VLAN was turned on or off."""


class StoreCopied(OfDevice):
    """The store was another device's: a cloned image. It is this one's from now on, without its sign-ins."""

    jobs: int = 0
    "How many unfinished jobs lie in it, which the other device sends, too: they are held."


class HeldJobsDecided(OfDevice):
    """A person has released or cancelled every job that came with a copied store."""


class KeyExchanged(OfDevice):
    """What the store keeps sealed was sealed anew with another key (S26)."""

    resealed: int
    "How many sign-ins, links and secrets."


class SecretKept(OfDevice):
    """What settings name by this reference lies in the store, sealed."""

    reference: str
    "`vault:NAME`."


class SecretErased(OfDevice):
    """It does not lie there any more."""

    reference: str


class UserLoggedIn(OfPlace, OfIdentity):
    """A person logged in at this place."""

    auto_delete: bool
    "[Auto Delete] as it stands now (S11)."
    reset_after: timedelta
    "Time without a touch until system auto reset (S11)."
    left_jobs: LeftJobs = LeftJobs.WAIT
    "What [Auto Delete] leaves of his jobs in the spool (S28)."


class SessionSettingsChanged(OfPlace):
    """[Auto Delete], what it leaves of jobs, or the auto reset time changed while somebody is logged in at
    this place.
    """

    auto_delete: bool
    reset_after: timedelta
    left_jobs: LeftJobs = LeftJobs.WAIT


class PanelUsed(OfPlace):
    """Somebody touched the panel: said at most every 10 s while somebody is logged in, and before system
    auto reset is said.
    """

    touched_at: AwareDatetime | None = None
    "When, where it is said later than it happened."


class UserLoggedOut(OfPlace):
    """The person at this place logged out. Who that was, the session knows."""


class SystemAutoReset(OfPlace):
    """Nobody touched the panel for the auto reset time."""


class CredentialChecked(OfDevice):
    """The application's client secret or certificate, as the settings and its file say now."""

    ends_at: AwareDatetime | None = None
    "None: nothing says when it ends."


class CredentialWarningDue(OfDevice):
    """A warning is due of the day on which the application's credential ends."""


class CredentialEndAnnounced(OfDevice):
    """The application's credential ends on this day, or has ended."""

    ends_at: AwareDatetime


class ClockDoubted(OfDevice):
    """The clock is not set: it stands before what happened already, or before a certificate begins to be
    valid.
    """

    right_from: AwareDatetime | None = None
    "From then on it may be right; None: only the provider can tell."


class ClockBelieved(OfDevice):
    """The clock was set, or the provider's certificate is valid by it."""


class CheckpointTaken(OfDevice):
    """How every instance stood that is not a job, when this was written: from here on the journal can be
    replayed. A job is replayed from its own `JobSubmitted`.
    """

    definition: str
    "Digest of the machines that the lines after this one were stepped by."
    instances: tuple[tuple[str, str, str, str, str | None, str, int], ...] = ()
    "Machine, key, state, data (JSON), entered, limits that were said (JSON), version."
    raised: tuple[tuple[str, str], ...] = ()
    "Code and subject of every warning that stood."


class DiskFilled(OfDevice):
    """The store's disk is full: no new job is taken."""


class DiskRoomRegained(OfDevice):
    """There is room again."""
