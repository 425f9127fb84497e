"""One sign-in of a person, whatever its flow: what it brought is checked here, and the screen is closed.

Rules: nothing counts as signed in before the id_token and the granted scope have been checked. Tokens are
handed over or revoked, never dropped. Nothing here has a time limit for the person: that is the screen's
machine, which cancels.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

from joserfc.jwk import KeySet

from ..ports import Cancelled, Parked, Screen, Tokens, Trouble
from ..secret import Secret
from ..shown import SignInRequest
from ..words import Words
from .calls import Calls
from .faults import Fault, fault
from .id_token import UnusableError, signed_in
from .wire import TokenAnswer

SCREEN_S = 10.0
"How long a screen may take to open and close once nothing depends on it."
log = logging.getLogger("franking")


class Attempt(ABC):
    """`run` is called once."""

    def __init__(
        self,
        calls: Calls,
        request: SignInRequest,
        screen: Screen,
        parked: Parked,
        sentences: Callable[[], Words],
    ) -> None:
        self._calls = calls
        self._data = calls.data
        self._request = request
        self._screen = screen
        self._parked = parked
        self._sentences = sentences
        self._brought: Tokens | None = None
        "Given by the provider, and not handed over yet."

    async def run(self) -> Tokens | Trouble | Cancelled:
        """Whoever stops it gets no tokens: those that the provider gave are revoked."""
        try:
            return await self._attempt()
        except BaseException:
            if self._brought is not None and self._brought.refresh is not None:
                await self._calls.revoke(self._brought.refresh)
            raise

    @abstractmethod
    async def _attempt(self) -> Tokens | Trouble | Cancelled: ...

    async def _close(self) -> None:
        await self._in_time("closed", self._screen.close(self._request.place))

    async def _in_time(self, what: str, done: Awaitable[object]) -> None:
        """What the sign-in came to is decided; a screen that fails or hangs costs nobody that."""
        try:
            async with asyncio.timeout(SCREEN_S):
                await done
        except Exception as error:  # noqa: BLE001 - whatever a screen raises; its text may hold the address
            place, name = self._request.place, type(error).__name__
            log.error("the screen at %s could not be %s: %s", place, what, name)

    def _checked(self, answer: TokenAnswer, keys: KeySet, nonce: Secret | None) -> Tokens | Trouble:
        now = self._calls.clock.now()
        if answer.id_token is None:
            return fault(Fault.ID_TOKEN)
        id_token = Secret(answer.id_token.get_secret_value())
        try:
            client_id, behind = self._calls.application.client_id, self._request.behind
            who = signed_in(id_token, keys, self._data, client_id, nonce, now, behind)
        except UnusableError as error:
            return fault(error.fault)
        granted = answer.scopes()
        if granted is not None and not granted.issuperset(
            scope.casefold() for scope in self._data.scopes_needed
        ):
            return fault(Fault.SCOPE)
        if answer.refresh_token is None or not answer.refresh_token.get_secret_value():
            return fault(Fault.NO_REFRESH_TOKEN)
        return Tokens(
            Secret(answer.access_token.get_secret_value()),
            now + answer.life,
            Secret(answer.refresh_token.get_secret_value()),
            who.account,
            who.aliases,
            answer.ends_at(now),
        )


async def ended(opening: "asyncio.Task[Trouble | None]") -> None:
    """A screen that is still opening is stopped. A failure of its own was raised where it was waited for."""
    opening.cancel()
    await asyncio.gather(opening, return_exceptions=True)
