"""One sign-in on another device: a code that is shown here and entered there (RFC 8628).

Rules: the device code stays in memory; the provider is asked no more often than it said, by the time that
passes wherever the clock is set meanwhile, and more slowly when it asks for that. What passes by itself
(network, outage) costs the sign-in nothing while the code lives. The code is shown with who signs in, for
which device, and a warning: a code that somebody else sends is how such sign-ins are stolen (section 5.4).
"""

import asyncio
from contextlib import AsyncExitStack
from datetime import datetime, timedelta

from joserfc.jwk import KeySet

from ..clock import sleep
from ..ports import AnswerClass, Cancelled, ShowsCodes, Tokens, Trouble
from ..secret import Secret
from ..shown import SignInCode
from .answers import DECLINED, Call, Refusal, decide
from .attempt import Attempt, ended
from .faults import Fault, fault
from .id_token import UnusableError, key_set
from .session import CallError
from .wire import DeviceAnswer, TokenAnswer

SLOWER = timedelta(seconds=5)
"Added at each `slow_down` (RFC 8628 section 3.5)."
LONGEST = timedelta(minutes=1)
"Between two questions while the provider cannot be reached."
INTERVAL_MIN = timedelta(seconds=1)
PENDING, SLOW_DOWN = "authorization_pending", "slow_down"
LATE = Refusal(400, "expired_token")


class DeviceCodeSignIn(Attempt):
    async def _attempt(self) -> Tokens | Trouble | Cancelled:
        """The keys first: while they cannot be had, no token comes into the world."""
        if self._data.device_code is None:
            return fault(Fault.FLOW)
        if not isinstance(self._screen, ShowsCodes):
            return fault(Fault.CODE_SCREEN)
        try:
            async with self._calls.session() as session:
                keys = key_set(await self._calls.keys(session))
                asked = await self._calls.device_code(session)
        except (CallError, UnusableError) as error:
            return fault(error.fault)
        if isinstance(asked, Refusal):
            return decide(asked, Call.DEVICE, self._data.answers)
        return await self._shown(asked, keys, self._screen)

    async def _shown(
        self, asked: DeviceAnswer, keys: KeySet, screen: ShowsCodes
    ) -> Tokens | Trouble | Cancelled:
        """The screen's own limit comes first where the code lives longer."""
        clock = self._calls.clock
        ends_s = clock.monotonic() + asked.expires_in
        code_ends = clock.now() + timedelta(seconds=asked.expires_in)
        code = self._code(asked, min(code_ends, self._request.closes_at))
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._close)
            opening = asyncio.create_task(screen.show_code(self._request.place, code))
            stack.push_async_callback(ended, opening)
            outcome = await self._polled(asked, keys, ends_s, opening)
            self._brought = outcome if isinstance(outcome, Tokens) else None
            return outcome

    async def _polled(
        self, asked: DeviceAnswer, keys: KeySet, ends_s: float, opening: "asyncio.Task[Trouble | None]"
    ) -> Tokens | Trouble | Cancelled:
        """`ends_s`: when the code's life is over, by monotonic time."""
        clock, device_code = self._calls.clock, Secret(asked.device_code.get_secret_value())
        interval = max(timedelta(seconds=asked.interval), INTERVAL_MIN)
        pause = interval
        while clock.monotonic() + pause.total_seconds() < ends_s:
            if (trouble := await self._waited(pause, opening)) is not None:
                return trouble
            answer = await self._heard(device_code, keys)
            if isinstance(answer, TokenAnswer):
                return self._checked(answer, keys, None)
            if answer.error == SLOW_DOWN:
                interval += SLOWER
            trouble = decide(answer, Call.DEVICE, self._data.answers)
            if trouble.meaning == DECLINED:
                return Cancelled()
            if answer.error in (PENDING, SLOW_DOWN):
                pause = max(interval, trouble.retry_after or interval)
            elif trouble.kind in (AnswerClass.WAIT, AnswerClass.PROTOCOL):
                pause = max(min(pause * 2, LONGEST), interval, trouble.retry_after or interval)
            else:
                return trouble
        late = await self._waited(timedelta(seconds=ends_s - clock.monotonic()), opening)
        return late or decide(LATE, Call.DEVICE, self._data.answers)

    async def _waited(self, pause: timedelta, opening: "asyncio.Task[Trouble | None]") -> Trouble | None:
        """So long, or until the screen says why it cannot show the code; its own failure is raised."""
        waits = asyncio.ensure_future(sleep(self._calls.clock, pause))
        try:
            if not opening.done():
                await self._first(waits, opening)
            if opening.done() and (trouble := opening.result()) is not None:
                return trouble
            async with self._parked():
                await waits
        finally:
            waits.cancel()
        return None

    async def _first(self, waits: "asyncio.Future[None]", opening: "asyncio.Task[Trouble | None]") -> None:
        """A screen that takes its time holds up no question."""
        either: set[asyncio.Future[None] | asyncio.Future[Trouble | None]] = {waits, opening}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)

    async def _heard(self, device_code: Secret, keys: KeySet) -> TokenAnswer | Refusal:
        """A question that is under way when the screen closes is heard to its end: what it still brings is
        revoked, and never dropped.
        """
        question = asyncio.ensure_future(self._asked(device_code))
        try:
            return await asyncio.shield(question)
        except asyncio.CancelledError:
            await asyncio.wait([question])
            late = question.result()
            outcome = self._checked(late, keys, None) if isinstance(late, TokenAnswer) else None
            self._brought = outcome if isinstance(outcome, Tokens) else None
            raise

    async def _asked(self, device_code: Secret) -> TokenAnswer | Refusal:
        try:
            async with self._calls.session() as session:
                return await self._calls.poll(session, device_code)
        except CallError as failed:
            return Refusal(fault=failed.fault)

    def _code(self, asked: DeviceAnswer, ends: datetime) -> SignInCode:
        words, request = self._sentences(), self._request
        user_code, address = asked.user_code.get_secret_value(), asked.verification_uri
        says = (
            request.because,
            words.say("code.enter", address=address),
            words.say("code.who", account=request.address, device=request.device or words.say("code.device")),
            words.say("code.warning"),
        )
        return SignInCode(
            user_code,
            address,
            asked.verification_uri_complete or address,
            ends,
            tuple(filter(None, says)),
        )
