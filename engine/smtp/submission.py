"""Fulfils `ports.Submission`: messages over verified connections, each outcome its own.

Rule: what is lost or refused of one message is never another's. Where nothing of a message can have been
delivered and the reason was not its own, it goes at once by another connection, once, uncounted. Connections
are left at `close`, after some time without work, or when the server does. Everything that can happen is an
`Outcome`.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ...events.settings import Security
from ..clock import Clock
from ..content_port import FileChanged
from ..ports import Envelope, Login, Outcome, Phase, Progress, Room
from .as_given import GivenMessage
from .auth import discreet
from .compose import Message, Sendable
from .connect import Server, security_at
from .offers import NONE, FailedOffers, Offer, Offers
from .pool import Lane, Pool, sign_in_gone
from .transaction import Gate, Transaction, file_trouble

ROOM = Room()
PHASES = tuple(Phase)
"In their order."
GONE = frozenset({"lost", "timeout", "protocol"})


@dataclass(eq=False, slots=True)
class _Transfer:
    login: Login
    envelope: Envelope
    message: Sendable
    gate: Gate
    progress: Progress | None
    gone: bool = False
    "The sign-in."


class SmtpSubmission:
    """`context` gives a verifying TLS context for each connection; `timeout_s` is the limit of one reply."""

    def __init__(
        self,
        server: str,
        port: int,
        context: Callable[[], ssl.SSLContext],
        clock: Clock,
        timeout_s: float = 60,
        security: Security | None = None,
        room: Room = ROOM,
        before: "SmtpSubmission | None" = None,
    ) -> None:
        """`security` None: implicit TLS at port 465, STARTTLS elsewhere. `room`: of each user. `before`: was
        used until now; at the same server its connections still count.
        """
        self._server = Server(server, port, security or security_at(port), context, timeout_s)
        self.host = server.casefold()
        same = before is not None and before.host == self.host
        self.pools: dict[str, list[Pool]] = before.pools if before is not None and same else {}
        "By user: this one's, and those of the ones before it that still have connections."
        self._clock = clock
        self._room = room
        self._pools: dict[str, Pool] = {}
        self._transfers: set[_Transfer] = set()
        self._failed = FailedOffers(clock.now)
        self._open = True
        self.octets_max: int | None = None

    async def send(
        self,
        login: Login,
        envelope: Envelope,
        begin: Callable[[], Awaitable[None]],
        progress: Progress | None = None,
    ) -> Outcome:
        """Raises CancelledError, what `begin` raises, and TypeError for a message not made by `compose`."""
        message = envelope.composed
        if not isinstance(message, Message | GivenMessage):
            raise TypeError(f"a Message of engine.smtp.compose wanted, not {type(message).__name__}")
        gate = Gate(begin)
        transfer = _Transfer(login, envelope, message, gate, progress)
        self._transfers.add(transfer)
        try:
            outcome = await self._carry(transfer)
            await gate.settle()
        finally:
            self._transfers.discard(transfer)
            await gate.drop()
        return discreet(outcome, login)

    async def close(self, user: str) -> None:
        """A connection in use is left after the message that is being written; this does not wait for it."""
        key = user.casefold()
        for transfer in self._transfers:
            transfer.gone = transfer.gone or transfer.login.user.casefold() == key
        if key in self._pools:
            self._pools[key].close()

    async def aclose(self) -> None:
        """Leaves politely; messages in transfer are their senders' to cancel."""
        self._open = False
        for pool in [*self._pools.values()]:
            pool.retire()
        leaving = [task for pool in self._pools.values() for task in pool.leaving]
        await asyncio.gather(*leaving, return_exceptions=True)

    async def _carry(self, transfer: _Transfer) -> Outcome:
        try:
            for file in transfer.message.files:
                file.check()
        except (FileChanged, OSError) as error:
            return file_trouble(error, Phase.CONNECT, server_spoke=False)
        plainly, refused, moved = NONE, Phase.MAIL, False
        while True:
            found = await self._once(transfer, plainly)
            if isinstance(found, Outcome):
                return found
            one, outcome = found
            if outcome is None:
                continue
            blamed = self._judge(one, outcome)
            if plainly:
                if PHASES.index(outcome.phase) > PHASES.index(refused):
                    self._failed.remember(plainly)
                return outcome
            if blamed:
                plainly, refused = blamed, outcome.phase
            elif _was_gone(outcome) and not one.first and not moved:
                moved = True
            else:
                return outcome

    async def _once(
        self, transfer: _Transfer, plainly: Offers
    ) -> tuple[Transaction, Outcome | None] | Outcome:
        """On one connection; an outcome alone where there is none."""
        if transfer.gone:
            return sign_in_gone()
        pool, size = self._pool(transfer.login.user), transfer.message.size
        lane = await pool.take(transfer.login, size)
        if not isinstance(lane, Lane):
            return lane
        try:
            self.octets_max = lane.chat.extensions.octets_max
            one = Transaction(
                lane.chat,
                transfer.envelope,
                transfer.message,
                transfer.gate,
                self._failed.offers | plainly,
                transfer.progress,
                lane.octets - size,
            )
            return one, await one.run()
        finally:
            pool.give_back(lane, size)

    def _pool(self, user: str) -> Pool:
        """A mailbox's, however its name is written."""
        key = user.casefold()
        found = self._pools.get(key)
        if found is None:
            found = Pool(
                self._server,
                self._clock,
                self._room,
                lambda: self._emptied(key),
                elsewhere=lambda: sum(pool.count for pool in self._others(key)),
                fewer=lambda: self._tell(key),
                keeps=self._open,
            )
            self._pools[key] = found
            self.pools.setdefault(key, []).append(found)
        return found

    def _others(self, key: str) -> list[Pool]:
        return [pool for pool in self.pools.get(key, ()) if pool is not self._pools.get(key)]

    def _tell(self, key: str) -> None:
        for pool in self._others(key):
            pool.arrange()

    def _emptied(self, key: str) -> None:
        found = self._pools.pop(key, None)
        if found is not None:
            self.pools[key].remove(found)
            if not self.pools[key]:
                del self.pools[key]

    def _judge(self, one: Transaction, outcome: Outcome) -> Offers:
        """What the server offers and is to be left out for this message, at once."""
        blamed = one.blamed
        if Offer.SMTPUTF8 in blamed:
            self._failed.remember(blamed)
            return NONE
        tried = Offer.AHEAD if one.behind else Offer.PIPELINING if one.first and one.grouped else None
        if tried is None:
            return blamed
        if one.in_body or outcome.code not in GONE:
            self._failed.worked(tried)
        elif self._failed.ended(tried):
            return blamed | {tried}
        return blamed


def _was_gone(outcome: Outcome) -> bool:
    """The server had left a connection before it read anything of this message, or cannot have."""
    return outcome.phase is Phase.MAIL and (outcome.code in GONE or outcome.code.startswith("421"))
