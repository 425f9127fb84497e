"""What people do with the device: log in and out, sign in, delete tokens, change settings."""

import asyncio
from collections.abc import Coroutine
from typing import NamedTuple, TypeVar

from ..events.base import ADMINISTRATOR
from ..events.device import (
    NetworkChanged,
    SessionSettingsChanged,
    SettingsChanged,
    UserLoggedIn,
    UserLoggedOut,
)
from ..events.sign_in import SignInCancelled, SignInWanted
from ..events.token import TokenDeleted
from ..machines.identity import same
from ..machines.refresh_token import ACQUIRED, REFRESH_TOKEN, REQUIRED
from ..machines.rules import Look, Rule, Verdict, broken
from ..machines.session import LOGGED_IN, SESSION
from .adapters import outside
from .bus import Publication
from .parts import Parts
from .refusal import Refused
from .settings import Settings, SettingsError


class Applied(NamedTuple):
    """A change of settings that took effect."""

    changed: tuple[str, ...]
    "The keys that differ now."
    offers_sign_in: bool
    """OAuth 2.0 is ON and the administrator's token is Required: a message offers the authentication screen
    (S23a).
    """
    warns: tuple[Rule, ...] = ()
    "Rules that these settings break and that only warn (S3, S5)."


class UnknownUser(LookupError):
    def __init__(self, login: str) -> None:
        super().__init__(f"nobody called {login} is known here; register the user's e-mail address")
        self.login = login


T = TypeVar("T")


class AtThePanel(Parts):
    async def log_in(self, place: str, user: str, address: str | None = None) -> None:
        """`user` stands at `place` now; whose jobs wait for a sign-in is asked for it at once (S18).

        `address`: where the directory and the settings don't know it (S17). Raises LoginReserved,
        AddressUnusable.
        """
        row = self.people.remembered(user, address)
        fact = UserLoggedIn(
            place=place,
            identity=row.identity,
            auto_delete=self.settings.oauth.auto_delete,
            reset_after=self.settings.panel.auto_reset,
        )
        facts = [Publication(fact, rows=(row,))]
        session = self.runtime.instance(SESSION, place)
        if session.state is LOGGED_IN and session.data.identity != row.identity:
            facts.insert(0, Publication(UserLoggedOut(place=place)))  # his screen closes with him
        await self.runtime.publish(*facts)
        if row.identity in self.store.waiting():
            await self.offer_sign_in(place, row.identity)

    async def log_out(self, place: str) -> None:
        await self.say(UserLoggedOut(place=place))

    async def touch(self, place: str) -> None:
        """The panel was used: system auto reset comes its time after the last touch (S11). Becomes a fact at
        most every 10 s, and only while somebody is logged in.
        """
        await self.touches.touch(place)

    async def acquire(self, place: str) -> None:
        """[Acquire]: opens the administrator's sign-in screen at this place, in each of the three states
        (S23).

        Raises Refused while a rule forbids it, NoScreen without a screen.
        """
        self.shown()
        self.check_sign_in()
        await self.say(SignInWanted(place=place, identity=ADMINISTRATOR))

    async def sign_in(self, place: str, user: str) -> None:
        """Opens the sign-in screen of this user, logged in or not. Raises Refused, NoScreen, UnknownUser
        where no address is known to sign in with, LoginReserved, AddressUnusable.
        """
        self.shown()
        self.check_sign_in()
        if self.people.address_of(user) is None:
            raise UnknownUser(user)
        row = self.people.remembered(user, None)
        fact = SignInWanted(place=place, identity=row.identity)
        await self.runtime.publish(Publication(fact, rows=(row,)))

    async def cancel_sign_in(self, place: str) -> None:
        """Closes the screen: nothing changes."""
        await self.say(SignInCancelled(place=place))

    async def offer_sign_in(self, place: str, identity: str) -> bool:
        """Where a person stands whose token is needed and who may sign in now; False: no screen was
        opened.
        """
        acquired = self.runtime.instance(REFRESH_TOKEN, identity).state is ACQUIRED
        if acquired or not self.settings.oauth.enabled or self.screen is None or self.refusals(Look.SIGN_IN):
            return False
        await self.say(SignInWanted(place=place, identity=identity))
        return True

    async def delete_tokens(self) -> int:
        """[Delete] in [Refresh Tokens (User)]: every user's; how many there were (S27)."""
        held = [row.identity for row in self.people.rows.values() if self.holds(row.identity)]
        if held:
            await self.runtime.publish(*(Publication(TokenDeleted(identity=identity)) for identity in held))
        return len(held)

    def holds(self, identity: str) -> bool:
        """Whether there is something to delete; a record that cannot be read counts as a token."""
        found = self.reader.found(REFRESH_TOKEN, identity)
        return found is None or found.state is not REQUIRED

    async def delete_token(self, user: str) -> None:
        """One user's tokens, or the administrator's (`administrator`). Raises UnknownUser."""
        row = self.people.find(user) if user != ADMINISTRATOR else None
        if row is None and user != ADMINISTRATOR:
            raise UnknownUser(user)
        await self.say(TokenDeleted(identity=row.identity if row else ADMINISTRATOR))

    async def apply(self, settings: Settings) -> Applied:
        """[OK]: one change, checked before it takes effect (S15, S23a). Two at once take turns.

        Raises Refused, SettingsError.
        """
        return await self.carried_through(self.apply_in_turn(settings))

    async def apply_in_turn(self, settings: Settings) -> Applied:
        async with self.applying:
            return await self.apply_alone(settings)

    async def apply_alone(self, settings: Settings) -> Applied:
        turns_on = settings.oauth.enabled and not self.settings.oauth.enabled
        looks = (Look.SET, Look.TURN_ON) if turns_on else (Look.SET,)
        found = tuple(rule for look in looks for rule in broken(settings, look, rules=self.rules))
        refuses = tuple(
            rule for rule in found if Verdict.CANNOT_BE_SET in (rule.verdict(look) for look in looks)
        )
        if refuses:
            raise Refused("this cannot be set", refuses)
        if mistakes := outside(settings, self.adapters.credentials):
            raise SettingsError("settings", mistakes)
        changed = settings.differences(self.settings)
        if changed:
            before, self.settings = self.settings, settings
            try:
                await self.tell_change(changed, before.administrator.address)
            except BaseException:
                self.settings = before
                raise
            await self.adapters.changed(changed)
        required = self.runtime.instance(REFRESH_TOKEN, ADMINISTRATOR).state is REQUIRED
        warns = tuple(rule for rule in found if rule.verdict(Look.SET) is Verdict.WARN)
        return Applied(changed, settings.oauth.enabled and required, warns)

    async def tell_change(self, changed: tuple[str, ...], administrator: str | None) -> None:
        """One commit: the device's fact, one for each place where somebody is logged in, and the end of the
        grants that belonged to what was changed (S26a). `administrator`: the former address.
        """
        network = all(key.startswith("network.") for key in changed)
        fact = (
            self.availability(NetworkChanged)
            if network
            else self.availability(SettingsChanged, changed=changed)
        )
        facts = [Publication(fact)]
        if {"oauth.auto_delete", "panel.auto_reset"} & set(changed):
            facts += [
                Publication(
                    SessionSettingsChanged(
                        place=place,
                        auto_delete=self.settings.oauth.auto_delete,
                        reset_after=self.settings.panel.auto_reset,
                    )
                )
                for place in self.store.in_states(SESSION.title, (LOGGED_IN.name,))
            ]
        ends = set(self.estranged())
        if administrator and not same(administrator, self.settings.administrator.address):
            ends.add(ADMINISTRATOR)
        facts += [Publication(TokenDeleted(identity=identity)) for identity in sorted(ends)]
        await self.runtime.publish(*facts)

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
            raise Refused("OAuth authentication is not available", found)

    def refusals(self, look: Look) -> tuple[Rule, ...]:
        return broken(self.settings, look, rules=self.rules)
