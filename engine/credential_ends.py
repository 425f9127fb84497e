"""Looks when the application's client secret or certificate ends, and says what it finds.

Rule: a day that is known already is not said again, unless a clock that was ahead has warned of it. It is
looked at when the device starts, when settings change, with each warning and, while one stands, after each
token that was given and when the clock is believed again: so a certificate that was replaced in its file
takes the warning away.
"""

from collections.abc import Callable
from datetime import datetime

from ..events.device import ClockBelieved, CredentialChecked, CredentialEndAnnounced
from ..events.token import AccessTokenReady, SignInSucceeded
from ..machines.clock import CLOCK, DOUBTED
from ..machines.credential import CREDENTIAL, GOOD, ahead
from .bus import Publication
from .runtime import Runtime
from .saying import Saying
from .watchers import Unit

NEWS = (AccessTokenReady, SignInSucceeded, CredentialEndAnnounced, ClockBelieved)


class CredentialLook:
    def __init__(self, runtime: Runtime, saying: Saying, ends_at: Callable[[], datetime | None]) -> None:
        self.runtime, self.saying, self.ends_at = runtime, saying, ends_at
        runtime.watchers.add(self.watch, *NEWS)

    def watch(self, unit: Unit) -> None:
        if self.runtime.instance(CREDENTIAL, "").state is not GOOD:
            for publication in self.found():
                self.saying.begin(publication.fact)

    def found(self) -> tuple[Publication, ...]:
        """What is to be said of it now."""
        ends_at, known = self.ends_at(), self.runtime.instance(CREDENTIAL, "").data
        doubted = self.runtime.instance(CLOCK, "").state is DOUBTED  # by such a clock nothing is taken back
        if ends_at == known.ends_at and (doubted or not ahead(known, self.runtime.clock.now())):
            return ()
        return (Publication(CredentialChecked(ends_at=ends_at)),)
