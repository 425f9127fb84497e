"""What opens a sign-in: the person's screen, or, for an administrator who needs none, the application's own
credential (S18, S19, B3).

Rule: a way of signing in that is refused costs the person nothing while another one fits: it is shown at the
same place, and the [Information] screen says why.
"""

import json
from dataclasses import replace
from datetime import timedelta

from ..events.base import ADMINISTRATOR
from ..events.information import Actor, Info
from ..events.sign_in import FlowRefused, SignInCancelled, SignInFailed
from ..events.token import SignInSucceeded
from ..machines.effects import Effect, OpenSignIn
from ..machines.refresh_token import ACQUIRED, REFRESH_TOKEN
from ..machines.sign_in import MINUTES_OPEN, Visit
from .acts import FAULT, Acts, no_seal, no_secret, say, words
from .bus import Publication
from .deeds import Brought, Outcome, Performer
from .information import BROKEN, CREDENTIAL, SEAL, detail_by, detail_of
from .play import Asked
from .ports import Cancelled, Provider, SignsIn, Tokens, Trouble
from .records import InformationDetail, SealFailed, Whose
from .secret import Secret
from .settings import CredentialError
from .shown import NotPasted, Paste, SignInRequest
from .words import Spoken

MARK = Secret("the application's own credential")
"Kept in place of a refresh token where there is none (RFC 6749 section 4.4.3): no secret."


class PasteRefused(Spoken, ValueError):
    """The pasted address is not that of the sign-in at this place; `why` says more."""

    def __init__(self, why: NotPasted) -> None:
        self.why = why
        super().__init__(why.value)


class SigningIn:
    def __init__(self, acts: Acts) -> None:
        self.acts, self.runtime, self.world, self.clock = acts, acts.runtime, acts.world, acts.clock
        self.pastes: dict[str, Paste] = {}
        "By place, of the sign-ins that are open."

    def performers(self) -> dict[type[Effect], Performer]:
        return {OpenSignIn: Performer(self.open_sign_in, failed)}

    def paste(self, place: str, address: str) -> None:
        """Raises PasteRefused."""
        refused = self.pastes.get(place, Paste()).take(address)
        if refused is not None:
            raise PasteRefused(refused)

    async def open_sign_in(self, asked: Asked, brought: Brought) -> Outcome:
        place, identity = asked.key, asked.instance.data.identity
        if self.signed_in_meanwhile(asked.instance.data):
            return say(SignInCancelled(place=place))
        if forbids := self.world.forbids():  # a rule may have broken while he waited for his turn
            codes = {rule.code: "" for rule in forbids}
            return not_signed_in(
                place, identity, "not available", detail_of(BROKEN, "", "", Actor.ADMIN, **codes)
            )
        try:
            self.acts.vault.ready()
            provider = self.world.provider(identity)
        except SealFailed as failure:
            return not_signed_in(place, identity, SEAL, no_seal(failure))
        except CredentialError as error:
            return not_signed_in(place, identity, CREDENTIAL, no_secret(error))
        closes_at = (asked.instance.entered or self.clock.now()) + timedelta(minutes=MINUTES_OPEN)
        request = self.world.request(place, identity, closes_at)
        self.pastes[place] = request.paste
        try:
            answer = await self.signed_in(identity, provider, request)
        finally:
            del self.pastes[place]
        return await self.became(identity, provider, request, answer)

    def signed_in_meanwhile(self, visit: Visit) -> bool:
        """A user who waited here and signed in elsewhere; [Acquire] opens in each state (S23)."""
        if not visit.waited or visit.identity == ADMINISTRATOR:
            return False
        return self.runtime.instance(REFRESH_TOKEN, visit.identity).state is ACQUIRED

    async def signed_in(
        self, identity: str, provider: Provider, request: SignInRequest
    ) -> Tokens | Trouble | Cancelled:
        """By the flow that is set, else by the next one that fits; each is tried once."""
        if not isinstance(provider, SignsIn):
            return await first_token(provider, request)
        screen, tried = self.world.screen(), {request.flow}
        while True:
            answer = await provider.sign_in(request, screen)
            if not isinstance(answer, Trouble):
                return answer
            other = provider.instead(request.flow, answer, screen)
            if other is None or other in tried:
                return answer
            tried.add(other)
            row = InformationDetail(Info.FLOW_REFUSED, request.place, words(answer))
            fact = FlowRefused(place=request.place, identity=identity, code=answer.code)
            await self.runtime.publish(Publication(fact, rows=(row,)))
            request = replace(request, flow=other, because=self.world.cause(answer))

    async def became(
        self,
        identity: str,
        provider: Provider,
        request: SignInRequest,
        answer: Tokens | Trouble | Cancelled,
    ) -> Outcome:
        place, wanted = request.place, request.address
        if isinstance(answer, Cancelled):
            return say(SignInCancelled(place=place))
        if isinstance(answer, Trouble):
            return not_signed_in(place, identity, answer.code, words(answer))
        if answer.refresh is None:
            return say(SignInFailed(place=place, identity=identity, code="no refresh token"))
        if not self.world.belongs(identity, provider.issuer, wanted):
            await provider.revoke(answer.refresh)
            detail = detail_by("I103.settings", Actor.PERSON)
            return not_signed_in(place, identity, "settings changed", detail)
        right = self.world.accepted(identity, wanted, answer)
        renew_at, stale_at = self.acts.times(answer, provider.lifetimes)
        fact = SignInSucceeded(
            place=place,
            identity=identity,
            right=right,
            renew_at=renew_at,
            stale_at=stale_at,
            ends_at=answer.ends_at,
        )
        both = detail_by("I102", Actor.PERSON, account=answer.account, wanted=wanted)
        rows = () if right else (InformationDetail(Info.OTHER_ACCOUNT, identity, both),)
        held = self.acts.held(answer, stale_at, answer.account)
        whose = Whose(provider.issuer, wanted, answer.account, json.dumps(answer.aliases))
        tries = self.acts.mailboxes.signed_in(answer.account) if right else ()
        return (Publication(fact, seal=answer.refresh, whose=whose, hold=held, rows=rows), *tries)


async def first_token(provider: Provider, request: SignInRequest) -> Tokens | Trouble:
    """The mailbox is the one that is set, for the application has none of its own."""
    answer = await provider.refresh(MARK)
    if isinstance(answer, Trouble):
        return answer
    return answer._replace(refresh=MARK, account=request.address)


def failed(asked: Asked) -> Outcome:
    return say(SignInFailed(place=asked.key, identity=asked.instance.data.identity, code=FAULT))


def not_signed_in(place: str, identity: str, code: str, detail: str) -> Outcome:
    row = InformationDetail(Info.SIGN_IN_FAILED, place, detail)
    return (Publication(SignInFailed(place=place, identity=identity, code=code), rows=(row,)),)
