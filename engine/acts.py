"""What the deeds do: each asks an adapter and turns its outcome into facts.

Rule: for everything that can happen there is an outcome; the machines decide what it means.
"""

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..events.base import Event
from ..events.information import Actor, Info
from ..events.job import BodyStarted, JobDeferred, JobFailed, JobSent, OutcomeUnknown
from ..events.sign_in import SignInCancelled, SignInFailed
from ..events.token import (
    AccessTokenReady,
    AccessTokenRejected,
    GrantMissing,
    GrantRefused,
    GrantRevoked,
    GrantRotated,
    RefreshBlocked,
    RefreshDelayed,
    SignInSucceeded,
    TokenDeleted,
)
from ..machines.effects import (
    Effect,
    EraseScan,
    OpenSignIn,
    RequestToken,
    RevokeBrought,
    RevokeGrant,
    Transmit,
from .lost_grants import readable, unreadable
from .mailboxes import Mailboxes
)
from ..machines.refresh_token import EXPIRED, REFRESH_TOKEN
from ..machines.rules import Rule
from ..machines.sign_in import MINUTES_OPEN
from .boxes import LinkEnded
from .bus import Publication
from .clock import Clock
from .deeds import Brought, Outcome, Performer
from .holder import Held, TokenHolder
from .information import BROKEN, CORRELATION, CREDENTIAL, SEAL, detail_by, detail_of
from .keeping import revocation
from .play import Asked
from .ports import (
    RECIPIENTS,
    AnswerClass,
    Cancelled,
    SealLost,
    Envelope,
    Lifetimes,
    Login,
    NoServer,
    Provider,
    Screen,
    SignInRequest,
    Submission,
    Tokens,
    Trouble,
    Unsealing,
    Verdict,
)
from .ports import Outcome as Sent
from .records import (
    RETRY_STORE,
    InformationDetail,
    JobOutcome,
    JobRow,
    RevocationEnded,
    SealedGrant,
    SealFailed,
    Store,
    StoreFailed,
    Whose,
)
from .runtime import Runtime
from .secret import Secret
from .settings import CredentialError
from .spool import Spool
from .words import CANNOT_BE_READ

FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(minutes=15)
SOMEBODYS_ACT = timedelta(hours=1)
"How long to wait before asking again where somebody else must act."
FAULT_DELAY = timedelta(minutes=5)
JITTER = 0.2
IDLE_FOR = 2 / 3
"From this part of the provider's limit on an idle grant is used, so that it does not lapse (B1)."
FAULT = "fault of the program"


@dataclass(frozen=True, slots=True)
class World:
    """The adapters as they are for the settings of this moment."""

    provider: Callable[[], Provider]
    forbids: Callable[[], tuple[Rule, ...]]
    "Rules by which nobody may sign in now."
    issuer: Callable[[], str]
    "Whose grants are used, as `ports.issuer_of` says it."
    void: Callable[[SealedGrant, str], bool]
    "Whether a grant is of no use with this issuer and the identity's address (S26a)."
    revoker: Callable[[str], Provider | None]
    "Who takes back what this issuer gave."
    accepted: Callable[[str, str, Tokens], bool]
    "Whether an identity that wants an address may keep what an account brought (S19)."
    submission: Callable[[], Submission]
    screen: Callable[[], Screen]
    login: Callable[[JobRow, Held | None], Login]
    "How to authenticate for this job; without a token where [OAuth 2.0] is OFF."
    with_oauth: Callable[[], bool]
    address: Callable[[str], str]
    "The address that an identity signs in with."
    explain: Callable[[Sent], str]
    "What an outcome means, as the detail of an information."
    envelope: Callable[[JobRow], Envelope]
    """The message as its composer makes it. Raises LinkEnded where a document is gone that it links to, and
    ValueError where no header field can carry a value.
    """


        except SealLost as failure:
            return (unreadable(sealed, failure),)
class Acts:
    def __init__(
        if self.runtime.instance(REFRESH_TOKEN, identity).state is EXPIRED:
            await self.runtime.publish(readable(sealed))
        self,
        runtime: Runtime,
        world: World,
        vault: Unsealing,
        holder: TokenHolder,
        spool: Spool,
    ) -> None:
        self.runtime, self.world, self.holder, self.spool = runtime, world, holder, spool
        self.store: Store = runtime.store
        self.clock: Clock = runtime.clock
        self.vault = vault

    def performers(self) -> dict[type[Effect], Performer]:
        return {
            RequestToken: Performer(self.request_token, self.request_failed),
            RevokeGrant: Performer(self.revoke_grant, self.not_revoked),
            RevokeBrought: Performer(self.revoke_brought, self.not_revoked),
            OpenSignIn: Performer(
                self.open_sign_in, lambda asked: say(SignInFailed(place=asked.key, code=FAULT))
            ),
            Transmit: Performer(self.transmit, self.transmit_failed),
            EraseScan: Performer(self.erase_scan, lambda asked: ()),
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
        except SealFailed as failure:
            return self.cannot_ask(asked, SEAL, no_seal(failure))
        try:
            provider = self.world.provider()
        except CredentialError as error:
            return self.cannot_ask(asked, CREDENTIAL, no_secret(error))
        if self.world.void(sealed, provider.issuer):  # nobody but its issuer ever sees it (S26a)
            return say(TokenDeleted(identity=identity))
        answer = await provider.refresh(grant)
        if isinstance(answer, Trouble):
            return self.refresh_trouble(asked, sealed.version, answer)
        renew_at, stale_at = self.times(answer, provider.lifetimes)
        ready = AccessTokenReady(
            identity=identity, attempt=attempt, of=sealed.version, renew_at=renew_at, stale_at=stale_at
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
        retry_at = self.later(asked.instance.data.failures, trouble.retry_after)
        return say(RefreshDelayed(identity=identity, attempt=attempt, retry_at=retry_at, code=trouble.code))

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

    def request_failed(self, asked: Asked) -> Outcome:
        retry_at = self.clock.now() + FAULT_DELAY
        attempt = asked.instance.data.attempt
        return say(RefreshDelayed(identity=asked.key, attempt=attempt, retry_at=retry_at, code=FAULT))

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

    async def open_sign_in(self, asked: Asked, brought: Brought) -> Outcome:
        place, identity = asked.key, asked.instance.data.identity
        if forbids := self.world.forbids():  # a rule may have broken while he waited for his turn
            codes = {rule.code: "" for rule in forbids}
            return not_signed_in(place, "not available", detail_of(BROKEN, "", "", Actor.ADMIN, **codes))
        try:
            self.vault.ready()
            provider = self.world.provider()
        except SealFailed as failure:
            return not_signed_in(place, SEAL, no_seal(failure))
        except CredentialError as error:
            return not_signed_in(place, CREDENTIAL, no_secret(error))
        wanted = self.world.address(identity)
        closes_at = (asked.instance.entered or self.clock.now()) + timedelta(minutes=MINUTES_OPEN)
        answer = await provider.sign_in(SignInRequest(place, wanted, closes_at), self.world.screen())
        if isinstance(answer, Cancelled):
            return say(SignInCancelled(place=place))
        if isinstance(answer, Trouble):
            return not_signed_in(place, answer.code, words(answer))
        if answer.refresh is None:
            return say(SignInFailed(place=place, code="no refresh token"))
        if self.world.issuer() != provider.issuer or not same(wanted, self.world.address(identity)):
            await provider.revoke(answer.refresh)
            return not_signed_in(place, "settings changed", detail_by("I103.settings", Actor.PERSON))
        right = self.world.accepted(identity, wanted, answer)
        renew_at, stale_at = self.times(answer, provider.lifetimes)
        fact = SignInSucceeded(
            place=place, identity=identity, right=right, renew_at=renew_at, stale_at=stale_at
        )
        both = detail_by("I102", Actor.PERSON, account=answer.account, wanted=wanted)
        rows = () if right else (InformationDetail(Info.OTHER_ACCOUNT, identity, both),)
        held = self.held(answer, stale_at, answer.account)
        whose = Whose(provider.issuer, wanted, answer.account, json.dumps(answer.aliases))
        return (Publication(fact, seal=answer.refresh, whose=whose, hold=held, rows=rows),)

    def times(self, tokens: Tokens, data: Lifetimes) -> tuple[datetime, datetime]:
        """When an idle grant is to be used again, and until when the access token may be used."""
        now = self.clock.now()
        stale_at = max(tokens.expires_at - data.margin, now + (tokens.expires_at - now) / 2)
        return now + data.idle * IDLE_FOR, stale_at

    def held(self, tokens: Tokens, stale_at: datetime, account: str) -> Held:
        left_s = (stale_at - self.clock.now()).total_seconds()
        return Held(tokens.access, stale_at, self.clock.monotonic() + left_s, account)

    def later(self, failures: int, retry_after: timedelta | None) -> datetime:
        delay: timedelta = min(FIRST_DELAY * 2 ** min(failures, 16), LONGEST_DELAY)
        delay *= 1 + random.uniform(-JITTER, JITTER)  # noqa: S311 - spreads devices, protects nothing
        return self.clock.now() + max(delay, retry_after or timedelta())

    # Jobs

    async def transmit(self, asked: Asked, brought: Brought) -> Outcome:
        job = int(asked.key)
        row = self.store.job(job)
        if row is None:
            return say(JobFailed(job=job, code="its row is missing"))
        held = self.holder.take(row.identity) if self.world.with_oauth() else None
        if held is None and self.world.with_oauth():
            retry_at = self.clock.now() + timedelta(seconds=1)
            return say(JobDeferred(job=job, retry_at=retry_at, code="no access token", counted=False))
        try:
            envelope = self.world.envelope(row)
        except LinkEnded:
            return say(JobFailed(job=job, code="a document that it links to is gone"))
        except SealFailed:  # the links are made with the store's key
            retry_at = self.clock.now() + FAULT_DELAY
            return say(JobDeferred(job=job, retry_at=retry_at, code=SEAL, counted=False))
        except ValueError:  # a value that no header field can carry
            return say(JobFailed(job=job, code="it cannot be composed"))

        async def begin() -> None:
            await self.runtime.publish(Publication(BodyStarted(job=job)))

        try:
            login = self.world.login(row, held)
        except CredentialError as error:
            retry_at, code = self.clock.now() + FAULT_DELAY, f"{error.reference}{CANNOT_BE_READ}"
            return say(JobDeferred(job=job, retry_at=retry_at, code=code, counted=False))
        try:
            sent = await self.world.submission().send(login, envelope, begin)
        except NoServer:
            retry_at = self.clock.now() + FAULT_DELAY
            return say(JobDeferred(job=job, retry_at=retry_at, code="no server", counted=False))
        except StoreFailed:  # nothing went: a body does not begin before that is written down
            retry_at = self.clock.now() + RETRY_STORE
            return say(JobDeferred(job=job, retry_at=retry_at, code="store unavailable", counted=False))
        return self.transmitted(asked, row, held, sent)

    def transmitted(self, asked: Asked, row: JobRow, held: Held | None, sent: Sent) -> Outcome:
        job, now = row.job, self.clock.now()
        outcome = JobOutcome(job, sent.reply, RECIPIENTS.dump_json(sent.recipients).decode())
        tries = asked.instance.data.tries
        if sent.verdict is Verdict.SENT:
            refused = sum(not recipient.accepted for recipient in sent.recipients)
            return (Publication(JobSent(job=job, identity=row.identity, refused=refused), rows=(outcome,)),)
        if sent.verdict is Verdict.UNKNOWN:
            retry_at = self.later(tries, sent.retry_after)
            return (Publication(OutcomeUnknown(job=job, retry_at=retry_at), rows=(outcome,)),)
        if sent.verdict is Verdict.ENDED:
            why = InformationDetail(Info.JOB_ENDED, str(job), self.world.explain(sent))
            return (Publication(JobFailed(job=job, code=sent.code), rows=(outcome, why)),)
        if sent.verdict is Verdict.TOKEN_REFUSED and held is not None:
            rejected = AccessTokenRejected(
                identity=row.identity, attempt=held.attempt, retry_at=now + SOMEBODYS_ACT, code=sent.code
            )
            waits = JobDeferred(job=job, retry_at=now, code=sent.code, counted=False)
            return (Publication(rejected), Publication(waits, rows=(outcome,)))
        retry_at = self.later(tries, sent.retry_after)
        deferred = JobDeferred(job=job, retry_at=retry_at, code=sent.code, counted=sent.answered)
        return (Publication(deferred, rows=(outcome,)),)

    def transmit_failed(self, asked: Asked) -> Outcome:
        retry_at = self.clock.now() + FAULT_DELAY
        return say(JobDeferred(job=int(asked.key), retry_at=retry_at, code=FAULT, counted=False))

    async def erase_scan(self, asked: Asked, brought: Brought) -> Outcome:
        await asyncio.to_thread(self.spool.erase, int(asked.key))
        return ()


def say(fact: Event) -> Outcome:
    return (Publication(fact),)


def not_signed_in(place: str, code: str, detail: str) -> Outcome:
    row = InformationDetail(Info.SIGN_IN_FAILED, place, detail)
    return (Publication(SignInFailed(place=place, code=code), rows=(row,)),)


def no_secret(error: CredentialError) -> str:
    return detail_by(error.meaning, Actor.ADMIN, reference=error.reference, **error.fields)


def no_seal(failure: SealFailed) -> str:
    return detail_by(failure.meaning, Actor.ADMIN, **failure.values)


def words(trouble: Trouble) -> str:
    """With the id that the provider's support asks for."""
    support = {CORRELATION: trouble.correlation} if trouble.correlation else {}
    fields = {**trouble.fields, **support}
    return detail_of(trouble.meaning, trouble.cause, trouble.remedy, trouble.actor, **fields)
