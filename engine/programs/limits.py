"""How much one client may have, in memory: connections, messages a minute, guesses at a password.

Rule: time is the engine's; what is counted is forgotten when it does not matter any more, and never grows
without bound.
"""

from collections import Counter, deque
from collections.abc import Callable

from ...events.programs import Programs
from ..clock import Clock

WINDOW_S = 60.0
GUESSES_FREE, GUESSES_S = 10, 600.0
"Failed sign-ins from one place within this time, and how long it is then looked at no further one."
REMEMBERED = 4_096
"Clients and places at once; the oldest go first."
ALL_TIMES = 2
"Connections of all places together, by those that one may have."


class Limits:
    def __init__(self, clock: Clock, settings: Callable[[], Programs]) -> None:
        self.clock, self.settings = clock, settings
        self.open: Counter[str] = Counter()
        "Connections by place, as `known.place_of` names them."
        self.minutes: dict[str, tuple[float, int]] = {}
        "By client: when its minute began, and its messages since."
        self.guesses: dict[str, deque[float]] = {}
        "By place: when sign-ins failed, or are being looked at."

    def enters(self, place: str) -> bool:
        """Whether one more connection from there is taken; it counts if so."""
        most = self.settings().connections
        if self.open[place] >= most or self.open.total() >= ALL_TIMES * most:
            return False
        self.open[place] += 1
        return True

    def leaves(self, place: str) -> None:
        self.open[place] -= 1
        if not self.open[place]:
            del self.open[place]

    def takes(self, client: str) -> bool:
        """Whether one more message of it is taken in this minute; it counts if so."""
        now = self.clock.monotonic()
        began, messages = self.minutes.get(client, (now, 0))
        if now - began >= WINDOW_S:
            began, messages = now, 0
        if messages >= self.settings().per_minute:
            return False
        self.minutes[client] = (began, messages + 1)
        if len(self.minutes) > REMEMBERED:
            del self.minutes[next(iter(self.minutes))]
        return True

    def may_guess(self, place: str) -> bool:
        """Also with the right password: whoever guesses does not learn that it was."""
        failed = self.guesses.get(place)
        if failed is None or len(failed) < GUESSES_FREE:
            return True
        return self.clock.monotonic() - failed[-1] >= GUESSES_S

    def note_guess(self, place: str) -> float:
        """As failed until it turns out right, so that many at once are not looked at for nothing. Returns
        what takes it back.
        """
        now = self.clock.monotonic()
        failed = self.guesses.pop(place, None) or deque()
        while failed and now - failed[0] >= GUESSES_S:
            failed.popleft()
        failed.append(now)
        self.guesses[place] = failed
        if len(self.guesses) > REMEMBERED:
            del self.guesses[next(iter(self.guesses))]
        return now

    def note_right(self, place: str, noted: float) -> None:
        failed = self.guesses.get(place)
        if failed is not None and noted in failed:
            failed.remove(noted)
            if not failed:
                del self.guesses[place]
