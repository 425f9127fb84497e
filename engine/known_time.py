"""Whether the clock can be right when the device starts, and what is done once because it may not be.

Its moments may have been wrong either way: a battery that died puts the clock back to 1970, and a clock that
was ahead and is mended stands before its own journal. So every grant is used once when the device starts like
that, for a renewal too many costs one request and one too few the sign-in; and a message that waits for its
next try is tried, and so is a mailbox that is closed, for that moment may never come.

Rule: the clock is doubted and believed here alone: by the journal and the date of this program when the
device starts, and later by the certificates of those to whom it speaks.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ..events.base import Event
from ..events.device import ClockBelieved, ClockDoubted
from ..events.job import JobDeferred, JobEndedInPart, JobPartlySent, JobRetryDue, JobSent
from ..events.mailbox import MailboxPauseEnded, MailboxTryWanted
from ..events.settings import DeviceSettings, Security
from ..events.token import AccessTokenReady, RefreshDelayed, RenewalDue, SignInSucceeded
from ..machines.clock import CLOCK, DOUBTED
from ..machines.mailbox import CLOSED, MAILBOX
from ..machines.mailbox import WAITING as MAILBOX_WAITING
from ..machines.refresh_token import ACQUIRED, REFRESH_TOKEN
from .bus import Publication
from .runtime import Runtime
from .saying import Saying
from .watchers import Unit

BUILT = datetime(2026, 11, 1, tzinfo=UTC)
"No clock that is set stands before this program was made. Each release raises it."
LEEWAY = timedelta(minutes=5)
"By how much a clock may be wrong that nobody worries about."
NOT_VALID_YET = "clock"
"The code of a trouble with a certificate that is not valid yet by this clock."
SPOKEN = (AccessTokenReady, SignInSucceeded)
"A provider answered over TLS."
TAKEN = (JobSent, JobPartlySent, JobEndedInPart)
"The submission server answered."
FAILED = (RefreshDelayed, JobDeferred)


class KnownTime:
    """Made before the engine says anything: what it writes then has the time of the clock in question."""

    def __init__(self, runtime: Runtime, saying: Saying, settings: Callable[[], DeviceSettings]) -> None:
        self.runtime, self.store, self.saying, self.settings = runtime, runtime.store, saying, settings
        self.known = max(runtime.store.newest() or BUILT, BUILT)
        runtime.watchers.add(self.watch, *SPOKEN, *TAKEN, *FAILED)

    def watch(self, unit: Unit) -> None:
        for fact in unit.played.lines:
            if self.over_tls(fact) and self.doubted():
                self.saying.begin(ClockBelieved())
            elif isinstance(fact, FAILED) and fact.code == NOT_VALID_YET:
                self.saying.begin(ClockDoubted())

    async def begin(self) -> None:
        """Raises StoreFailed."""
        if self.runtime.clock.now() >= self.known - LEEWAY:
            if self.doubted():
                await self.runtime.publish(Publication(ClockBelieved()))
            return
        await self.runtime.publish(Publication(ClockDoubted(right_from=self.known)))
        for identity in self.store.in_states(REFRESH_TOKEN.title, [ACQUIRED.name]):
            await self.saying.say(RenewalDue(identity=identity))
        for job in self.store.waiting_for_a_try():
            await self.saying.say(JobRetryDue(job=job))
        for account in self.store.in_states(MAILBOX.title, [CLOSED.name]):
            await self.saying.say(MailboxTryWanted(account=account))
        for account in self.store.in_states(MAILBOX.title, [MAILBOX_WAITING.name]):
            await self.saying.say(MailboxPauseEnded(account=account))

    def over_tls(self, fact: Event) -> bool:
        """It says that a certificate is valid by this clock."""
        if isinstance(fact, TAKEN):
            return self.settings().smtp.security is not Security.NONE
        return isinstance(fact, SPOKEN)

    def doubted(self) -> bool:
        return self.runtime.instance(CLOCK, "").state is DOUBTED
