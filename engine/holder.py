"""Access tokens, in memory only (S25): gone after power off and on, never written anywhere.

Rule: a token leaves here only while it may be used, by wall time and by the time that really passed: a clock
that is set back makes none live longer. The machine's limit drops it in time; a clock that jumped between two
looks is caught at the use.
"""

from datetime import datetime
from typing import NamedTuple, NoReturn

from .clock import Clock
from .secret import Secret


class Held(NamedTuple):
    access: Secret
    stale_at: datetime
    stale_at_s: float
    "The same on the monotonic clock, in seconds."
    account: str = ""
    "Whose it is: the user at the submission server."
    attempt: int = 0
    "The request that brought it, so that a rejection can name it."


class TokenHolder:
    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.__held: dict[str, Held] = {}

    def hold(self, identity: str, held: Held) -> None:
        self.__held[identity] = held

    def drop(self, identity: str) -> str:
        """The account whose token it was; empty: none was held."""
        held = self.__held.pop(identity, None)
        return held.account if held else ""

    def take(self, identity: str) -> Held | None:
        """None: there is none that may be used now."""
        held = self.__held.get(identity)
        if held is None or self.clock.now() >= held.stale_at or self.clock.monotonic() >= held.stale_at_s:
            return None
        return held

    def __len__(self) -> int:
        return len(self.__held)

    def __repr__(self) -> str:
        return f"<{len(self.__held)} access tokens>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("access tokens are not serialised")
