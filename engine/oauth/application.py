"""The application itself gets access tokens for the administrator's mailbox, and nobody signs in (B3).

By client credentials (RFC 6749 section 4.4), with a secret or with an assertion signed by a certificate's key
(RFC 7523 section 2.2); or by a service account's key, as a JWT bearer grant (section 2.1) whose `sub` is the
mailbox. There is no refresh token: each access token is asked for anew.

Rules: an assertion is made for one request, with a `jti` of its own. What the provider says of the
credential itself is told apart from all else: the token is Expired by it until the credential is mended.
Nothing of a key file but the key is believed: where tokens are asked for is a setting.
"""

import ssl
import uuid
from collections.abc import Callable

from ...events.settings import AdministratorFlow
from ..clock import Clock
from ..ports import AnswerClass, Application, HttpProxy, Tokens, Trouble, issuer_of
from ..secret import Secret
from .answers import Call, Refusal, decide
from .faults import Fault, fault
from .providers import ProviderData

REFUSES = frozenset({"invalid_client", "unauthorized_client", "invalid_grant"})
"Errors by which a provider can mean the credential itself (RFC 6749 section 5.2, RFC 7523 section 3)."


class ApplicationProvider:
    """Fulfils `ports.Provider`. Raises ValueError for an authority that is no https address."""

    def __init__(
        self,
        data: ProviderData,
        application: Application,
        mailbox: Callable[[], str],
        clock: Clock,
        context: Callable[[], ssl.SSLContext],
        http2: Callable[[], bool],
        proxy: Callable[[], HttpProxy | None] = lambda: None,
    ) -> None:
        self.data = data.at(application.authority, application.tenant)
        self.lifetimes = data.lifetimes
        self.issuer = issuer_of(data.name, application)
        self._application = application
        self._mailbox = mailbox
        self._clock = clock
        self._context, self._http2, self._proxy = context, http2, proxy

    async def refresh(self, grant: Secret) -> Tokens | Trouble:
        """An access token by the application's credential; `grant` is only the mark that it is in use."""
        from .assertions import ProofUnusableError
        from .calls import Calls

        how = self.data.without_person
        if how is None or how.flow is not self._application.flow:
            return fault(Fault.FLOW)
        calls = Calls(self.data, self._application, self._clock, self._context, self._http2, self._proxy)
        try:
            if how.flow is AdministratorFlow.SERVICE_ACCOUNT:
                answer = await calls.bearer(how, self._mailbox(), f"{uuid.uuid4()}")
            else:
                answer = await calls.client_credentials(how, f"{uuid.uuid4()}")
        except ProofUnusableError:
            return fault(Fault.PROOF)
        if isinstance(answer, Refusal):
            return self._refused(answer)
        return Tokens(Secret(answer.access_token.get_secret_value()), self._clock.now() + answer.life, None)

    def _refused(self, answer: Refusal) -> Trouble:
        trouble = decide(answer, Call.APPLICATION, self.data.answers)
        if trouble.kind is AnswerClass.APP and answer.error in REFUSES:
            return trouble._replace(kind=AnswerClass.CREDENTIAL)
        return trouble

    async def revoke(self, grant: Secret) -> bool:
        """There is nothing at the provider: a credential ends at its registration."""
        return False

    async def aclose(self) -> None:
        """Nothing stays open between calls."""
