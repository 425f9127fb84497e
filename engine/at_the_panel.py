"""What people do with the device: log in and out, sign in, delete tokens."""

from ..events.base import ADMINISTRATOR
from ..events.device import UserLoggedIn, UserLoggedOut
from ..events.settings import AdministratorFlow
from ..events.sign_in import SignInCancelled, SignInWanted
from ..machines.job import WAITING
from ..machines.refresh_token import ACQUIRED, REFRESH_TOKEN, REQUIRED
from ..machines.rules import Look
from ..machines.session import LOGGED_IN, SESSION
from ..machines.sign_in import OPEN, SIGN_IN
from .applying import Applying
from .bus import Publication
from .records import IdentityRow
from .words import Spoken


class UnknownUser(Spoken, LookupError):
    def __init__(self, login: str) -> None:
        super().__init__("error.user", login=login)
        self.login = login


class AtThePanel(Applying):
    async def log_in(self, place: str, user: str, address: str | None = None) -> None:
        """`user` stands at `place` now; whose jobs wait for a sign-in is asked for it at once (S18).

        `address`: where the directory and the settings don't know it (S17). Raises LoginReserved, LoginEmpty,
        AddressUnusable.
        """
        row = self.people.remembered(user, address)
        facts = self.arrival(place, row.identity, row)
        if self.settings.oauth.enabled and self.voided(row.identity):  # he has another address now (S26a)
            facts.append(Publication(self.token_deleted(row.identity)))
        await self.runtime.publish(*facts)
        if self.store.unfinished(row.identity, (WAITING.name,)):
            await self.offer_sign_in(place, row.identity)

    async def log_in_administrator(self, place: str) -> None:
        """Whoever keeps the device stands at `place` now; his session ends as everybody's does."""
        await self.runtime.publish(*self.arrival(place, ADMINISTRATOR))

    def arrival(self, place: str, identity: str, *rows: IdentityRow) -> list[Publication]:
        """Whoever stands there now, and the end of whoever stood there. [Auto Delete] is of users' tokens."""
        fact = UserLoggedIn(
            place=place,
            identity=identity,
            auto_delete=identity != ADMINISTRATOR and self.settings.oauth.auto_delete,
            reset_after=self.settings.panel.auto_reset,
            left_jobs=self.settings.oauth.left_jobs,
        )
        facts = [Publication(fact, rows=rows)]
        session = self.runtime.instance(SESSION, place)
        if session.state is LOGGED_IN and session.data.identity != identity:
            facts.insert(0, Publication(UserLoggedOut(place=place)))  # his screen closes with him
        return facts

    def who_stands_at(self, place: str) -> str:
        """The login of who is logged in there; empty: nobody."""
        session = self.runtime.instance(SESSION, place)
        return self.people.name(session.data.identity) if session.state is LOGGED_IN else ""

    def who_signs_in_at(self, place: str) -> str:
        """The login of whose sign-in screen is open there, or `administrator`; empty: none is open."""
        screen = self.runtime.instance(SIGN_IN, place)
        return self.senders.login(screen.data.identity) if screen.state is OPEN else ""

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

        Where the application has a credential of its own for that (`oauth.administrator_flow`), nobody signs
        in and no screen is needed (B3). Raises Refused while a rule forbids it, NoScreen without a screen.
        """
        if self.settings.oauth.administrator_flow is AdministratorFlow.SIGN_IN:
            self.shown()
        self.check_sign_in()
        await self.say(SignInWanted(place=place, identity=ADMINISTRATOR))

    async def sign_in(self, place: str, user: str) -> None:
        """Opens the sign-in screen of this user, logged in or not. Raises Refused, NoScreen, UnknownUser
        where no address is known to sign in with, LoginReserved, LoginEmpty, AddressUnusable.
        """
        self.shown()
        self.check_sign_in()
        if self.people.address_of(user) is None:
            raise UnknownUser(user)
        row = self.people.remembered(user, None)
        fact = SignInWanted(place=place, identity=row.identity)
        await self.runtime.publish(Publication(fact, rows=(row,)))

    def paste(self, place: str, address: str) -> None:
        """Where no browser on this machine shows the page: a person opened it on another one, and gives the
        address that it ended at, whole (RFC 8252 section 7.3). Raises PasteRefused, a ValueError.
        """
        self.signing_in.paste(place, address)

    async def cancel_sign_in(self, place: str) -> None:
        """Closes the screen: nothing changes."""
        await self.say(SignInCancelled(place=place))

    async def offer_sign_in(self, place: str, identity: str) -> bool:
        """Where a person stands whose token is needed and who may sign in now; False: no screen was
        opened.
        """
        if not self.settings.oauth.enabled or self.screen is None or self.refusals(Look.SIGN_IN):
            return False
        if not self.people.address(identity):
            return False
        if end := self.voided(identity):  # his address is another one than when he signed in (S26a)
            await self.runtime.publish(*end)
        if self.runtime.instance(REFRESH_TOKEN, identity).state is ACQUIRED:
            return False
        await self.say(SignInWanted(place=place, identity=identity))
        return True

    async def delete_tokens(self) -> int:
        """[Delete] in [Refresh Tokens (User)]: every user's; how many there were (S27). Who is Expired is
        Required from then on, too.
        """
        held, users = self.tokens_held(), [row.identity for row in self.people.rows.values()]
        ends = [self.token_deleted(identity) for identity in users if not self.is_required(identity)]
        if ends:
            await self.runtime.publish(*map(Publication, ends))
        return held

    def tokens_held(self) -> int:
        """How many tokens `delete_tokens` would delete: the number that its confirmation names (S27)."""
        return sum(self.holds(row.identity) for row in self.people.rows.values())

    def holds(self, identity: str) -> bool:
        """Whether there is a token to delete. One that has expired is none, but for one whose key is lost; a
        record that cannot be read counts as one.
        """
        readable = self.reader.found(REFRESH_TOKEN, identity) is not None
        return not readable or self.store.grant(identity) is not None

    def is_required(self, identity: str) -> bool:
        found = self.reader.found(REFRESH_TOKEN, identity)
        return found is not None and found.state is REQUIRED

    async def delete_token(self, user: str) -> None:
        """One user's tokens, or the administrator's (`administrator`). Raises UnknownUser."""
        row = self.people.find(user) if user != ADMINISTRATOR else None
        if row is None and user != ADMINISTRATOR:
            raise UnknownUser(user)
        await self.say(self.token_deleted(row.identity if row else ADMINISTRATOR))
