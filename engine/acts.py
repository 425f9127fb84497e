"""What the deeds of tokens do: each asks an adapter and turns its outcome into facts.

Rule: for everything that can happen there is an outcome; the machines decide what it means.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..events.base import Event
from ..events.information import Actor, Info
from ..events.token import (
    AccessTokenReady,
    CredentialRefused,
    GrantMissing,
    GrantRefused,
    GrantRevoked,
    GrantRotated,
    RefreshBlocked,
    RefreshDelayed,
)
from ..machines.effects import (
    Effect,
    RequestToken,
    RevokeBrought,
    RevokeGrant,
)
from ..machines.refresh_token import EXPIRED, REFRESH_TOKEN
from ..machines.rules import Rule
from .back_off import ask_again
from .bus import Publication
from .clock import Clock
from .deeds import Brought, Outcome, Performer
from .holder import Held
from .information import CORRELATION, CREDENTIAL, SEAL, detail_by, detail_of
from .keeping import revocation
from .lost_grants import locked, unlocked
from .mailboxes import Mailboxes
from .play import Asked
from .ports import (
    AnswerClass,
    Lifetimes,
    Provider,
    Screen,
    Tokens,
    Trouble,
)
from .records import (
    InformationDetail,
    RevocationEnded,
    SealedGrant,
    SealFailed,
    SealLost,
    Whose,
)
from .runtime import Runtime
from .secret import Secret
from .settings import CredentialError
from .shown import SignInRequest
from .store_port import Store
from .vault_port import Unsealing

SOMEBODYS_ACT = timedelta(hours=1)
"How long to wait before asking again where somebody else must act."
FAULT_DELAY = timedelta(minutes=5)
IDLE_FOR = 2 / 3
"From this part of the provider's limit on an idle grant is used, so that it does not lapse (B1)."
FAULT = "fault of the program"


@dataclass(frozen=True, slots=True)
class World:
    """The adapters as they are for the settings of this moment."""

    provider: Callable[[str], Provider]
    "Of an identity. Raises CredentialError."
    forbids: Callable[[], tuple[Rule, ...]]
    "Rules by which nobody may sign in now."
    belongs: Callable[[str, str, str], bool]
    "Whether an identity still signs in at this issuer, as `ports.issuer_of` says it, with this address."
    void: Callable[[SealedGrant, str], bool]
    "Whether a grant is of no use with this issuer and the identity's address (S26a)."
    voided: Callable[[SealedGrant], Publication]
    "The end of such a one."
    revoker: Callable[[str], Provider | None]
    "Who takes back what this issuer gave."
    accepted: Callable[[str, str, Tokens], bool]
    "Whether an identity that wants an address may keep what an account brought (S19)."
    screen: Callable[[], Screen]
    request: Callable[[str, str, datetime], SignInRequest]
    "Of an identity at a place until then."
    cause: Callable[[Trouble], str]
    "In the device's language."


class Acts:
    def __init__(
        self,
        runtime: Runtime,
        world: World,
        vault: Unsealing,
        mailboxes: Mailboxes,
    ) -> None:
        self.runtime, self.world, self.mailboxes = runtime, world, mailboxes
        self.store: Store = runtime.store
        self.clock: Clock = runtime.clock
        self.vault = vault

    def performers(self) -> dict[type[Effect], Performer]:
        return {
            RequestToken: Performer(self.request_token, self.request_failed, self.unsealed),
            RevokeGrant: Performer(self.revoke_grant, self.not_revoked),
            RevokeBrought: Performer(self.revoke_brought, self.not_revoked),
        }

    # Tokens

    async def request_token(self, asked: Asked, brought: Brought) -> Outcome:
        identity, attempt = asked.key, asked.instance.data.attempt
        sealed = self.store.grant(identity)
        if sealed is None:
            missing = self.runtime.instance(REFRESH_TOKEN, identity).data.version
            return say(GrantMissing(identity=identity, attempt=attempt, of=missing))
        try:
            grant = self.vault.open(sealed)
        except SealLost as failure:
            return (locked(sealed, failure),)
        except SealFailed as failure:
            return self.cannot_ask(asked, SEAL, no_seal(failure))
        refresh = self.runtime.instance(REFRESH_TOKEN, identity)
        if refresh.state is EXPIRED and not refresh.data.refused:
            await self.runtime.publish(unlocked(sealed))
        try:
            provider = self.world.provider(identity)
        except CredentialError as error:
            return self.cannot_ask(asked, CREDENTIAL, no_secret(error))
        if self.world.void(sealed, provider.issuer):  # nobody but its issuer ever sees it (S26a)
            return (self.world.voided(sealed),)
        answer = await provider.refresh(grant)
        if isinstance(answer, Trouble):
            return self.refresh_trouble(asked, sealed.version, answer)
        renew_at, stale_at = self.times(answer, provider.lifetimes)
        ready = AccessTokenReady(
            identity=identity,
            attempt=attempt,
            of=sealed.version,
            renew_at=renew_at,
            stale_at=stale_at,
            ends_at=answer.ends_at,
        )
        facts = [Publication(ready, hold=self.held(answer, stale_at, sealed.account))]
        if answer.refresh is not None and answer.refresh.reveal() != grant.reveal():
            rotated = GrantRotated(identity=identity, of=sealed.version, renew_at=renew_at)
            facts.append(Publication(rotated, seal=answer.refresh, whose=sealed.whose))
        return facts

    def refresh_trouble(self, asked: Asked, version: int, trouble: Trouble) -> Outcome:
        identity, attempt = asked.key, asked.instance.data.attempt
        if trouble.kind is AnswerClass.PERSON:
            row = InformationDetail(Info.SIGN_IN_AGAIN, identity, words(trouble))
            refused = GrantRefused(identity=identity, of=version, code=trouble.code)
            return (Publication(refused, rows=(row,)),)
        if trouble.kind is AnswerClass.CREDENTIAL:
            row = InformationDetail(Info.SIGN_IN_AGAIN, identity, words(trouble))
            unfit = CredentialRefused(identity=identity, of=version, code=trouble.code)
            return (Publication(unfit, rows=(row,)),)
        if trouble.wants_an_act:
            row = InformationDetail(Info.PROVIDER_REFUSES, identity, words(trouble))
            blocked = RefreshBlocked(
                identity=identity,
                attempt=attempt,
                retry_at=self.clock.now() + (trouble.retry_after or SOMEBODYS_ACT),
                code=trouble.code,
                actor=trouble.kind.value,
            )
            return (Publication(blocked, rows=(row,)),)
        return self.delayed(asked, trouble.code, trouble.retry_after, named=trouble.retry_after is not None)

    def delayed(self, asked: Asked, code: str, not_before: timedelta | None, *, named: bool) -> Outcome:
        return say(
            RefreshDelayed(
                identity=asked.key,
                attempt=asked.instance.data.attempt,
                retry_at=ask_again(asked.instance.data.failures, asked.key, self.clock.now(), not_before),
                code=code,
                named=named,
            )
        )

    def cannot_ask(self, asked: Asked, code: str, detail: str) -> Outcome:
        """Something of this device's own is missing: the grant is kept, for only the provider's word ends it
        (S29).
        """
        blocked = RefreshBlocked(
            identity=asked.key,
            attempt=asked.instance.data.attempt,
            retry_at=self.clock.now() + SOMEBODYS_ACT,
            code=code,
            actor="admin",
        )
        return (Publication(blocked, rows=(InformationDetail(Info.PROVIDER_REFUSES, asked.key, detail),)),)

    def unsealed(self, asked: Asked, failure: SealFailed) -> Outcome:
        return self.cannot_ask(asked, SEAL, no_seal(failure))

    def request_failed(self, asked: Asked) -> Outcome:
        return self.delayed(asked, FAULT, FAULT_DELAY, named=False)

    async def revoke_grant(self, asked: Asked, brought: Brought) -> Outcome:
        if brought.sealed is None:
            return ()
        try:
            delivered = await self.revoked(self.vault.open(brought.sealed), brought.sealed.whose)
        except SealFailed:
            delivered = False
        ended = RevocationEnded(revocation(brought.sealed))
        return (Publication(GrantRevoked(identity=asked.key, delivered=delivered), rows=(ended,)),)

    async def revoke_brought(self, asked: Asked, brought: Brought) -> Outcome:
        delivered = (
            brought.token is not None
            and brought.whose is not None
            and await self.revoked(brought.token, brought.whose)
        )
        return say(GrantRevoked(identity=asked.key, delivered=delivered))

    async def revoked(self, token: Secret, whose: Whose) -> bool:
        """By whoever gave it, and by nobody else (S26a)."""
        try:
            provider = self.world.revoker(whose.issuer)
        except CredentialError:
            return False
        return provider is not None and provider.issuer == whose.issuer and await provider.revoke(token)

    def not_revoked(self, asked: Asked) -> Outcome:
        return say(GrantRevoked(identity=asked.key, delivered=False))

    def times(self, tokens: Tokens, data: Lifetimes) -> tuple[datetime, datetime]:
        """When an idle grant is to be used again, and until when the access token may be used."""
        now = self.clock.now()
        stale_at = max(tokens.expires_at - data.margin, now + (tokens.expires_at - now) / 2)
        lapses = data.idle if tokens.ends_at is None else min(data.idle, tokens.ends_at - now)
        return now + lapses * IDLE_FOR, stale_at

    def held(self, tokens: Tokens, stale_at: datetime, account: str) -> Held:
        left_s = (stale_at - self.clock.now()).total_seconds()
        return Held(tokens.access, stale_at, self.clock.monotonic() + left_s, account)


def say(fact: Event) -> Outcome:
    return (Publication(fact),)


def no_secret(error: CredentialError) -> str:
    return detail_by(error.meaning, Actor.ADMIN, reference=error.reference, **error.fields)


def no_seal(failure: SealFailed) -> str:
    return detail_by(failure.meaning, Actor.ADMIN, **failure.values)


def words(trouble: Trouble) -> str:
    """With the id that the provider's support asks for."""
    support = {CORRELATION: trouble.correlation} if trouble.correlation else {}
    fields = {**trouble.fields, **support}
    return detail_of(trouble.meaning, trouble.cause, trouble.remedy, trouble.actor, **fields)
