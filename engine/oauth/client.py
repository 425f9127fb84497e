"""The device as an OAuth 2.0 client (RFC 6749 section 1.1): `ports.Provider` at one authorization server.

Rule: outcomes are values. What this needs of libraries is imported when first used, so that an idle device
stays small.
"""

import ssl
from collections.abc import Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING

from ...events.settings import Flow
from ..clock import Clock
from ..ports import (
    Application,
    Cancelled,
    HttpProxy,
    Parked,
    Screen,
    ShowsCodes,
    Tokens,
    Trouble,
    issuer_of,
)
from ..secret import Secret
from ..shown import SignInRequest
from ..words import Words, words
from .answers import Call, Refusal, decide
from .providers import ProviderData

if TYPE_CHECKING:
    from .calls import Calls
    from .wire import Wire

NO_CODE = ("fault.flow", "fault.code_screen")
NO_BROWSER = frozenset({"fault.listener", "fault.page_screen"})
"Meanings after which the other flow may work, at every provider."


class OAuthProvider:
    """Fulfils `ports.Provider`.

    `context`, `http2` and `proxy` are asked at every call, so that a changed [SSL/TLS Version Setting] (S8),
    [HTTP Version Setting] (S9) or [Proxy Settings] (S4) takes effect with the next one, of a sign-in under
    way, too. Raises ValueError for an authority that is no https address.
    """

    def __init__(
        self,
        data: ProviderData,
        application: Application,
        clock: Clock,
        context: Callable[[], ssl.SSLContext],
        http2: Callable[[], bool],
        parked: Parked = nullcontext,
        proxy: Callable[[], HttpProxy | None] = lambda: None,
        sentences: Callable[[], Words] = words,
    ) -> None:
        self.data = data.at(application.authority, application.tenant)
        self.lifetimes = data.lifetimes
        self.issuer = issuer_of(data.name, application)
        self._application = application
        self._clock = clock
        self._context = context
        self._http2 = http2
        self._parked = parked
        self._proxy = proxy
        self._sentences = sentences

    async def sign_in(self, request: SignInRequest, screen: Screen) -> Tokens | Trouble | Cancelled:
        from .device_code import DeviceCodeSignIn
        from .sign_in import SignIn

        calls, parked, sentences = self._calls(), self._parked, self._sentences
        if request.flow is Flow.CODE:
            return await DeviceCodeSignIn(calls, request, screen, parked, sentences).run()
        return await SignIn(calls, request, screen, parked, sentences).run()

    def instead(self, flow: Flow, refused: Trouble, screen: Screen) -> Flow | None:
        """The browser where a code was refused; a code where nothing here opens a browser."""
        no_code = (*NO_CODE, *self.data.flow_refused)
        if flow is Flow.CODE:
            return Flow.BROWSER if refused.meaning in no_code else None
        codes = self.data.device_code is not None and isinstance(screen, ShowsCodes)
        return Flow.CODE if codes and refused.meaning in NO_BROWSER else None

    async def refresh(self, grant: Secret) -> Tokens | Trouble:
        """The scope is not looked at: only the provider's word ends a grant (S29)."""
        answer = await self._calls().refresh(grant)
        if isinstance(answer, Refusal):
            return decide(answer, Call.REFRESH, self.data.answers)
        rotated = answer.refresh_token.get_secret_value() if answer.refresh_token else ""
        now = self._clock.now()
        return Tokens(
            Secret(answer.access_token.get_secret_value()),
            now + answer.life,
            Secret(rotated) if rotated else None,
            ends_at=answer.ends_at(now),
        )

    async def revoke(self, grant: Secret) -> bool:
        return await self._calls().revoke(grant)

    async def ask(self) -> "Wire":
        """What the token endpoint answers to a refresh token that nobody has: it says whether this client is
        known, and no grant is touched. Raises CallError.
        """
        return await self._calls().ask()

    async def aclose(self) -> None:
        """Nothing stays open between calls."""

    def _calls(self) -> "Calls":
        from .calls import Calls

        return Calls(self.data, self._application, self._clock, self._context, self._http2, self._proxy)
