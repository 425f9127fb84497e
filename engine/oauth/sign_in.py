"""One sign-in: authorization code with PKCE (RFC 7636), a loopback redirect (RFC 8252) and a verified
id_token.

Rules: verifier, state and nonce are fresh and stay in memory. The listener is bound before the screen opens
and closes with it, however the sign-in ends. The address that a browser on another machine ended at may be
pasted instead (`SignInRequest.paste`): it is read as the listener's own.
"""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import AsyncExitStack

from ..ports import Cancelled, Parked, Screen, Tokens, Trouble
from ..secret import Secret
from ..shown import Paste, SignInRequest
from ..words import Words, words
from .answers import DECLINED, Call, Refusal, decide
from .attempt import Attempt, ended
from .calls import Calls
from .faults import Fault, fault
from .id_token import UnusableError, key_set
from .providers.model import TENANT_IN_CLAIM, is_tenant_id
from .redirect import CANCELLED, SIGNED_IN, NoListenerError, Page, RedirectListener, Returned, refused
from .session import CallError
from .wire import said


class SignIn(Attempt):
    def __init__(
        self,
        calls: Calls,
        request: SignInRequest,
        screen: Screen,
        parked: Parked,
        sentences: Callable[[], Words] = words,
    ) -> None:
        super().__init__(calls, request, screen, parked, sentences)
        self._verifier = Secret(secrets.token_urlsafe(64))
        self._state = Secret(secrets.token_urlsafe(32))
        self._nonce = Secret(secrets.token_urlsafe(32))

    async def _attempt(self) -> Tokens | Trouble | Cancelled:
        listener = RedirectListener(self._data.redirect, self._state, self._sentences)
        async with AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(listener)
            except NoListenerError:
                return fault(Fault.LISTENER)
            stack.callback(setattr, self._request.paste, "take", Paste().take)
            self._request.paste.take = listener.take
            stack.push_async_callback(self._close)
            opening = asyncio.create_task(self._open(listener.uri))
            stack.push_async_callback(ended, opening)
            came = await self._came_back(listener, opening)
            outcome = came if isinstance(came, Trouble) else await self._outcome(came, listener.uri)
            self._brought = outcome if isinstance(outcome, Tokens) else None
            listener.show(_page(outcome, self._sentences()))
            # A person who is played does everything inside `open`, reading the last page included.
            await self._in_time("opened", opening)
            return outcome

    async def _open(self, redirect_uri: str) -> Trouble | None:
        extra = {
            **self._data.authorize_extra,
            **(self._data.other_account if self._request.another else {}),
            "nonce": self._nonce.reveal(),
            "login_hint": self._request.address,
        }
        url = self._calls.authorize_url(redirect_uri, self._state.reveal(), self._verifier.reveal(), extra)
        return await self._screen.open(self._request.place, url, self._request.closes_at)

    async def _came_back(
        self, listener: RedirectListener, opening: "asyncio.Task[Trouble | None]"
    ) -> Returned | Trouble:
        waited: set[asyncio.Future[Trouble | None] | asyncio.Future[Returned]] = {opening, listener.returned}
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        if listener.returned.done():
            return listener.returned.result()
        if (trouble := await opening) is not None:
            return trouble
        async with self._parked():
            return await listener.returned

    async def _outcome(self, returned: Returned, redirect_uri: str) -> Tokens | Trouble | Cancelled:
        if returned.issuer and not self._is_ours(returned.issuer):
            return fault(Fault.ISSUER)
        if returned.error:
            refusal = said(400, returned.error, words=returned.description)
            trouble = decide(refusal, Call.AUTHORIZE, self._data.answers)
            return Cancelled() if trouble.meaning == DECLINED else trouble
        return await self._redeem(returned.code, redirect_uri)

    async def _redeem(self, code: Secret, redirect_uri: str) -> Tokens | Trouble:
        """The keys first: while they cannot be had, the code is not spent and no token is in the world."""
        try:
            async with self._calls.session() as session:
                keys = key_set(await self._calls.keys(session))
                answer = await self._calls.exchange(session, code, self._verifier, redirect_uri)
        except (CallError, UnusableError) as error:
            return fault(error.fault)
        if isinstance(answer, Refusal):
            return decide(answer, Call.CODE, self._data.answers)
        return self._checked(answer, keys, self._nonce)

    def _is_ours(self, issuer: str) -> bool:
        """RFC 9207 section 2.4; the tenant is not known yet where the setting leaves it open."""
        if TENANT_IN_CLAIM not in self._data.issuer:
            return issuer == self._data.issuer
        before, _, after = self._data.issuer.partition(TENANT_IN_CLAIM)
        tenant = issuer.removeprefix(before).removesuffix(after)
        return is_tenant_id(tenant) and issuer == f"{before}{tenant}{after}"


def _page(outcome: Tokens | Trouble | Cancelled, words: Words) -> Page:
    match outcome:
        case Tokens():
            return SIGNED_IN
        case Cancelled():
            return CANCELLED
        case Trouble():
            return refused(
                words.table(f"{outcome.meaning}.cause", outcome.cause, **outcome.fields),
                words.table(f"{outcome.meaning}.remedy", outcome.remedy, **outcome.fields)
                or words.say("I103.remedy"),
            )
