"""An engine that is opened to be looked at: what waits in its spool goes on waiting.

Rule: everything else is the engine's own, so that a refresh token that was renewed on the way is sealed in
the same commit as ever.
"""

from ..dispatcher import Dispatcher
from ..engine import Engine


class Idle(Dispatcher):
    """Sends nothing."""

    async def turn(self) -> None:
        """What moved is left as it is."""


class QuietEngine(Engine):
    dispatches = Idle
