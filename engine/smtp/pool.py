"""The connections of one user at one submission server, and which message takes which.

A message takes a connection that is idle; else a new one is opened while there may be more; else it goes to
the connection with the least before it, up to `window` messages each; else it waits.

Rule: never more connections than the mailbox may have, those counted that are being opened or left. A
connection is used by logins with the secret that it was signed in with, and with no other. One refused
sign-in answers for all who waited for it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ..clock import Clock
from ..ports import SIGN_IN_GONE, Login, Outcome, Phase, Room
from .chat import Chat
from .connect import Server, connect
from .trouble import ours

FEWER = timedelta(minutes=1)
"For so long no further connection is tried beside those that work, when one was refused."


@dataclass(eq=False, slots=True)
class Lane:
    """A connection and who is on it."""

    chat: Chat
    login: Login
    messages: int = 0
    octets: int = 0
    cooling: asyncio.Task[None] | None = None


@dataclass(eq=False, slots=True)
class _Wanted:
    login: Login
    octets: int
    lane: asyncio.Future[Lane | Outcome]


@dataclass(eq=False, slots=True)
class Pool:
    server: Server
    clock: Clock
    room: Room
    emptied: Callable[[], None]
    "Called when nothing is left."
    lanes: list[Lane] = field(default_factory=list)
    opening: dict["asyncio.Task[Chat | Outcome]", Login] = field(default_factory=dict)
    leaving: set["asyncio.Task[None] | asyncio.Task[Chat | Outcome]"] = field(default_factory=set)
    wanted: list[_Wanted] = field(default_factory=list)
    elsewhere: Callable[[], int] = lambda: 0
    "The user's connections that another pool has at this server."
    fewer: Callable[[], None] = lambda: None
    "Called when there is one less."
    keeps: bool = True
    "Connections for later messages."
    fewer_until: datetime | None = None

    @property
    def count(self) -> int:
        return len(self.lanes) + len(self.opening) + len(self.leaving)

    @property
    def full(self) -> bool:
        """There may be no further connection now."""
        return self.count + self.elsewhere() >= self.most

    @property
    def most(self) -> int:
        """How many there may be now."""
        now, until = self.clock.now(), self.fewer_until
        if until is None or not now < until <= now + FEWER:
            return self.room.connections
        return min(self.room.connections, max(1, len(self.lanes)))

    @property
    def empty(self) -> bool:
        return not self.count and not self.wanted

    async def take(self, login: Login, octets: int) -> Lane | Outcome:
        """A connection to write a message to, given back with `give_back`; or why there is none. Raises
        CancelledError.
        """
        lane = None if self.wanted else self.best(login)
        if lane is not None:
            return self.lend(lane, octets)
        wanted = _Wanted(login, octets, asyncio.get_running_loop().create_future())
        self.wanted.append(wanted)
        self.arrange()
        try:
            return await wanted.lane
        except asyncio.CancelledError:
            if wanted.lane.done() and not wanted.lane.cancelled():
                found = wanted.lane.result()
                if isinstance(found, Lane):
                    self.give_back(found, octets)
            raise
        finally:
            if wanted in self.wanted:
                self.wanted.remove(wanted)
                self.trim()
                self.arrange()

    def give_back(self, lane: Lane, octets: int) -> None:
        lane.messages -= 1
        lane.octets -= octets
        self.arrange()

    def close(self) -> None:
        """The sign-in is gone: what is in transfer may end, nothing else begins."""
        for lane in self.lanes:
            lane.chat.ending = True
        for wanted in self.wanted:
            if not wanted.lane.done():
                wanted.lane.set_result(sign_in_gone())
        self.wanted.clear()
        self.trim()
        self.arrange()

    def retire(self) -> None:
        """Keeps no connection for later messages."""
        self.keeps = False
        self.trim()
        self.arrange()

    def arrange(self) -> None:
        """Brings messages and connections together."""
        before = 0
        for wanted in [*self.wanted]:
            lane = self.best(wanted.login, before)
            before += lane is None
            if lane is not None:
                self.wanted.remove(wanted)
                if not wanted.lane.done():
                    wanted.lane.set_result(self.lend(lane, wanted.octets))
        for lane in [*self.lanes]:
            if not lane.messages:
                self.rest(lane)
        self.open_more()
        if self.empty:
            self.emptied()

    def best(self, login: Login, before: int = 0) -> Lane | None:
        """`before`: how many wait longer. Whoever has an opening one to come takes none but an idle one."""
        usable = [
            lane
            for lane in self.lanes
            if self.serves(lane, login)
            and lane.messages < (self.room.window if lane.chat.extensions.pipelining else 1)
        ]
        idle = next((lane for lane in usable if not lane.messages), None)
        if idle is not None or not self.full or before < len(self.opening):
            return idle
        return min(usable, key=lambda lane: lane.octets, default=None)

    def serves(self, lane: Lane, login: Login) -> bool:
        return not lane.chat.ending and not lane.chat.lost and same(lane.login, login)

    def lend(self, lane: Lane, octets: int) -> Lane:
        if lane.cooling is not None:
            lane.cooling.cancel()
            lane.cooling = None
        lane.messages += 1
        lane.octets += octets
        return lane

    def rest(self, lane: Lane) -> None:
        """Nobody is on it: it is left, or kept for a while."""
        outdated = any(
            kind(wanted.login) == kind(lane.login) or self.full
            for wanted in self.wanted
            if not same(wanted.login, lane.login)
        )
        if outdated or not self.keeps or lane.chat.ending or lane.chat.lost:
            self.leave(lane)
        elif lane.cooling is None:
            lane.cooling = asyncio.create_task(self.cool(lane))

    async def cool(self, lane: Lane) -> None:
        await self.clock.sleep_until(self.clock.now() + self.room.idle)
        lane.cooling = None
        self.leave(lane)

    def leave(self, lane: Lane) -> None:
        self.lanes.remove(lane)
        if lane.cooling is not None:
            lane.cooling.cancel()
        self.until_over(asyncio.create_task(lane.chat.quit()))

    def until_over(self, task: "asyncio.Task[None] | asyncio.Task[Chat | Outcome]") -> None:
        self.leaving.add(task)
        task.add_done_callback(self.over)

    def over(self, task: "asyncio.Task[None] | asyncio.Task[Chat | Outcome]") -> None:
        self.leaving.discard(task)
        self.arrange()
        self.fewer()

    def trim(self) -> None:
        """No connection is opened on for whoever has gone."""
        for task in [*self.opening][len(self.wanted) :]:
            del self.opening[task]
            task.cancel()
            self.until_over(task)

    def open_more(self) -> None:
        """As many connections as messages wait for one."""
        waiting = [wanted.login for wanted in self.wanted]
        for login in waiting[len(self.opening) :]:
            if self.full:
                return
            task = asyncio.create_task(connect(self.server, login))
            self.opening[task] = login
            task.add_done_callback(self.opened)

    def opened(self, task: "asyncio.Task[Chat | Outcome]") -> None:
        login = self.opening.pop(task, None)
        if login is None or task.cancelled():
            if not task.cancelled() and task.exception() is None and isinstance(chat := task.result(), Chat):
                chat.abort()
            return
        error = task.exception()
        if error is not None:
            for wanted in self.waiting_as(login):
                wanted.lane.set_exception(error)
        elif isinstance(found := opened(task.result()), Chat):
            self.lanes.append(Lane(found, login))
        elif any(self.serves(lane, login) for lane in self.lanes):
            self.fewer_until = self.clock.now() + FEWER
        else:
            for wanted in self.waiting_as(login):
                wanted.lane.set_result(found)
            self.trim()
        self.arrange()
        self.fewer()

    def waiting_as(self, login: Login) -> list[_Wanted]:
        """Taken from the queue."""
        found = [wanted for wanted in self.wanted if same(wanted.login, login)]
        self.wanted = [wanted for wanted in self.wanted if wanted not in found]
        return [wanted for wanted in found if not wanted.lane.done()]


def opened(found: Chat | Outcome) -> Chat | Outcome:
    """One that is gone before its first message is none, else each further one might be, too."""
    if isinstance(found, Chat) and found.lost:
        end = found.end()
        found.abort()
        return ours(Phase.MAIL, end.code, end.words, server_spoke=True)
    return found


def sign_in_gone() -> Outcome:
    """For a message of which nothing was said when the sign-in that it was to go with ended (S27)."""
    return ours(Phase.AUTH, SIGN_IN_GONE, "", server_spoke=False)


def kind(login: Login) -> str:
    return "token" if login.token is not None else "password" if login.password is not None else ""


def same(one: Login, other: Login) -> bool:
    """With the same secret: a token that was renewed signs in anew."""

    if one.token is other.token and one.password is other.password:
        return one.user == other.user

    def revealed(login: Login) -> tuple[str, str]:
        secret = login.token or login.password
        return login.user, secret.reveal() if secret else ""

    return kind(one) == kind(other) and revealed(one) == revealed(other)
