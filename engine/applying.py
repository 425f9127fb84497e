"""[OK]: a change of settings as a whole, checked before it takes effect (S15, S23a, S26a).

Rule: a change is one commit, with everything that ends by it; one that is refused, or not confirmed, changes
nothing.
"""

import asyncio
from collections.abc import Collection, Coroutine, Sequence
from typing import NamedTuple, TypeVar

from ..events.base import ADMINISTRATOR, Event
from ..events.device import SecretErased, SecretKept
from ..events.job import JobRetryDue, SignInLookDue
from ..events.said import said
from ..events.token import TokenRetryDue
from ..machines import change
from ..machines.access_token import ACCESS_TOKEN, BACKING_OFF, REFUSED
from ..machines.change import looked_at
from ..machines.identity import same
from ..machines.job import JOB, WAITING
from ..machines.refresh_token import REFRESH_TOKEN, REQUIRED
from ..machines.rules import Look, Rule, broken
from ..machines.session import LOGGED_IN, SESSION
from .bus import Publication
from .kept_secrets import NAME, VAULT, SecretUnnamed, UnknownSecret
from .outside import outside
from .parts import Parts
from .records import Write
from .refusal import Refused
from .secret import Secret
from .settings import Mistake, Settings, SettingsError, flat
from .vault_rows import KeptSecret, SecretGone
from .watchers import Unit
from .words import Spoken

T = TypeVar("T")
ASKS_ANEW = (
    "proxy.",
    "http.",
    "tls.",
    "network.",
    "oauth.client_credential",
    "oauth.client_certificate",
    "oauth.service_account",
)
"Settings by which the provider is reached: what stood in the way may be mended (B10)."
SENDS_ANEW = ("smtp.", "tls.", "network.", "oauth.enabled")
"The same for the submission server."
STORE = "store.path"
SIGNS_IN = ("smtp.", "oauth.")
"The same for a mailbox that is closed."


class Applied(NamedTuple):
    """A change of settings that took effect."""

    changed: tuple[str, ...]
    "The keys that differ now."
    offers_sign_in: bool
    """OAuth 2.0 is ON, no rule forbids to sign in (S12-S14), and the administrator's token is Required: a
    message offers the authentication screen (S23a).
    """
    warns: tuple[Rule, ...] = ()
    "Rules that these settings break and that only warn (S3, S5)."


class SignInsEnd(Spoken):
    """The change ends sign-ins and wants to be confirmed: ask, naming whose, and apply again with
    `ends=whose` (S26a).
    """

    def __init__(self, whose: tuple[str, ...]) -> None:
        super().__init__("error.sign-ins-end", whose=", ".join(whose))
        self.whose = whose
        "Login names, or `administrator`."


class Applying(Parts):
    async def apply(self, settings: Settings, ends: Collection[str] = ()) -> Applied:
        """[OK]: one change, checked before it takes effect (S15, S23a). Two at once take turns. `ends`: whose
        sign-in may end with it, as `SignInsEnd` named them and a person confirmed (S26a).

        The engine keeps settings nowhere. The caller writes what was applied where `Engine.open` gets it from
        at the next start: one with former settings erases the sign-ins that do not belong to those.

        Raises Refused, SettingsError, SignInsEnd, StoreFailed; then nothing has changed.
        """
        return await self.carried_through(self.apply_in_turn(settings, ends))

    async def apply_in_turn(self, settings: Settings, ends: Collection[str]) -> Applied:
        async with self.applying:
            return await self.apply_alone(settings, ends)

    async def apply_alone(self, settings: Settings, ends: Collection[str]) -> Applied:
        found = looked_at(self.settings, settings, self.rules)
        changed = settings.differences(self.settings)
        mistakes = outside(settings, self.adapters.credentials, self.adapters.providers)
        if STORE in changed:
            mistakes += (Mistake(STORE, None, said("settings.store-path")),)
        if found.refuses:
            raise Refused("refused.apply", found.refuses, self.words, mistakes)
        if mistakes:
            raise SettingsError("settings", mistakes)
        if changed:
            await self.take_effect(settings, self.facts_of(settings, changed, ends))
            for identity in self.estranged() if settings.oauth.enabled else ():  # came while it was written
                await self.runtime.publish(*self.voided(identity))
            await self.adapters.changed(changed)
            self.alarms.changed(changed)
            self.numbers.changed()
        required = self.runtime.instance(REFRESH_TOKEN, ADMINISTRATOR).state is REQUIRED
        warns = tuple(map(self.words.told, found.warns))
        offers = settings.oauth.enabled and required and not self.refusals(Look.SIGN_IN)
        return Applied(changed, offers, warns)

    def facts_of(
        self, settings: Settings, changed: tuple[str, ...], ends: Collection[str]
    ) -> list[Publication]:
        """What the change says, found out as if it had been made already. Raises SignInsEnd, StoreFailed."""
        before, self.settings = self.settings, settings
        try:
            self.check_ends(ends)
            return self.tell_change(changed, before.administrator.address)
        finally:
            self.settings = before

    async def take_effect(self, settings: Settings, facts: Sequence[Publication]) -> None:
        """In the moment when it is durable, before anybody hears of it: until then the former settings hold,
        so that nothing is accepted by a change that may not come. Raises StoreFailed.
        """

        def swap(unit: Unit) -> None:
            if any(each is facts[0] for each in unit.waiting.publications):
                self.settings = settings

        self.runtime.watchers.add_first(swap)
        self.coming = settings
        try:
            await self.runtime.publish(*facts)
        finally:
            self.coming = None
            self.runtime.watchers.remove(swap)

    def check_ends(self, confirmed: Collection[str]) -> None:
        """Raises SignInsEnd where somebody's sign-in would end who was not named to whoever confirmed."""
        whose = tuple(self.people.name(identity) for identity in self.estranged())
        if not set(whose) <= set(confirmed):
            raise SignInsEnd(whose)

    def tell_change(self, changed: tuple[str, ...], administrator: str | None) -> list[Publication]:
        """One commit: the device's fact, one for each place where somebody is logged in, and the end of the
        grants that belonged to what was changed (S26a). `administrator`: the former address.
        """
        places = self.store.in_states(SESSION.title, (LOGGED_IN.name,))
        facts = [Publication(fact) for fact in change.facts(self.settings, changed, places, self.rules)]
        if "oauth.sign_in_wait" in changed:
            facts += [Publication(SignInLookDue(job=job)) for job in self.waiting_for_users()]
        facts += self.mended(changed)
        facts += self.credential_look.found()
        ends = set(self.estranged())
        if administrator and not same(administrator, self.settings.administrator.address):
            ends.add(ADMINISTRATOR)
        return [*facts, *(Publication(self.token_deleted(identity)) for identity in sorted(ends))]

    def mended(self, changed: tuple[str, ...]) -> list[Publication]:
        """What was put off goes at once where its way is another one now. A record that cannot be read stops
        no change.
        """
        facts: list[Event] = []
        if any(key.startswith(ASKS_ANEW) for key in changed):
            put_off = self.store.in_states(ACCESS_TOKEN.title, (BACKING_OFF.name, REFUSED.name))
            facts += [TokenRetryDue(identity=who) for who in put_off if self.reader.found(ACCESS_TOKEN, who)]
            facts += [each.fact for each in self.refused_credential.all_tried()]
        if any(key.startswith(SENDS_ANEW) for key in changed):
            waiting = [(job, self.reader.found(JOB, job)) for job in self.waiting_jobs()]
            facts += [JobRetryDue(job=int(job)) for job, found in waiting if found and found.data.retry_at]
        mailboxes = self.mailboxes.all_tried() if any(key.startswith(SIGNS_IN) for key in changed) else ()
        return [*map(Publication, facts), *mailboxes]

    def waiting_jobs(self) -> list[str]:
        return self.store.in_states(JOB.title, (WAITING.name,))

    def waiting_for_users(self) -> list[int]:
        """Jobs whose wait for a sign-in is to be looked at anew: another time holds for them, too (S18)."""
        waiting = [(job, self.reader.found(JOB, job)) for job in self.waiting_jobs()]
        return [int(job) for job, found in waiting if found and found.data.look_at is not None]

    # Secrets that settings name as `vault:NAME`

    async def keep_secret(self, name: str, secret: Secret) -> None:
        """Seals what settings name as `vault:NAME`, in place of what was kept under that name; what waited
        for it goes on. Raises SecretUnnamed, SealFailed, StoreFailed.
        """
        if not NAME.fullmatch(name):
            raise SecretUnnamed(name)
        row = KeptSecret(name, self.vault.seal_secret(name, secret))
        await self.secret_changed(SecretKept(reference=f"{VAULT}:{name}"), row)

    async def erase_secret(self, name: str) -> None:
        """Raises UnknownSecret, StoreFailed."""
        if name not in self.secrets():
            raise UnknownSecret(name)
        await self.secret_changed(SecretErased(reference=f"{VAULT}:{name}"), SecretGone(name))

    def secrets(self) -> tuple[str, ...]:
        """The names of those that are kept."""
        return self.kept_secrets.names()

    async def secret_changed(self, fact: SecretKept | SecretErased, row: Write) -> None:
        keys = tuple(key for key, value in flat(self.settings).items() if value == fact.reference)
        await self.runtime.publish(Publication(fact, rows=(row,)), *self.mended(keys))
        await self.adapters.changed(keys)

    async def carried_through(self, work: Coroutine[None, None, T]) -> T:
        """Goes on to its end when the caller is cancelled: the files of a committed job must stay, and the
        settings that a committed fact tells of.
        """
        task = asyncio.ensure_future(work)
        self.under_way.add(task)
        task.add_done_callback(self.under_way.discard)
        return await asyncio.shield(task)

    def check_sign_in(self) -> None:
        """Raises Refused."""
        if found := self.refusals(Look.SIGN_IN):
            raise Refused("refused.sign-in", found, self.words)

    def refusals(self, look: Look) -> tuple[Rule, ...]:
        return broken(self.settings, look, rules=self.rules)
