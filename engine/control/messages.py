"""Mail of programs that run on this machine, by the socket and out of the drop folder (B13).

Rule: whose program it is says the system, as everywhere at the socket; nothing that a message brings can
change it.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple, Self

from ...events.base import ADMINISTRATOR
from ...events.request import Notify, Return
from ...machines.job import WAITING
from ...machines.programs import bringer
from ...machines.roles import Act, Viewer
from ..engine import Engine
from ..programs.intake import Brought, TooLarge, person_at, take
from ..programs.turned_away import note
from ..refusal import NotAllowed, Refused
from ..room import NoRoom
from ..submitting import Receipt
from ..words import Spoken, words
from .peers import Peer


class UnderWay(Spoken):
    """The same message is being taken at this moment."""

    def __init__(self) -> None:
        super().__init__("programs.under-way")


class NotNow(Refused):
    """It would be taken once the settings are put right: whoever brings it keeps it until then."""


class Said(NamedTuple):
    """What a program says of its message."""

    mail_from: str = ""
    recipients: tuple[str, ...] = ()
    of_header: bool = False
    notify: tuple[Notify, ...] = ()
    envelope_id: str = ""
    mark: str = ""
    returns: Return = Return.HEADER
    added: int = 0
    "Lines that are not the program's, before its own; less than none: its first one is left out."

    @classmethod
    def of_query(cls, query: Mapping[str, str]) -> Self:
        """`query`: as the description of the request has it."""
        named = (each.strip() for each in query.get("to", "").split(","))
        tells_itself = query.get("from") == ""  # such as a bounce (RFC 5321 section 4.5.5)
        asked = Notify.NEVER.value if tells_itself else query.get("notify", "")
        return cls(
            query.get("from", ""),
            tuple(each for each in named if each),
            query.get("headers") == "1",
            tuple(dict.fromkeys(Notify(each.upper()) for each in asked.split(",") if each)),
            query.get("envid", ""),
            query.get("mark", ""),
            Return(query.get("ret", "").upper() or Return.HEADER),
            int(query.get("added", 0)),
        )


class Messages:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.under_way: set[str] = set()
        "Marks of those that are being taken."

    async def take(self, peer: Peer, viewer: Viewer, said: Said, blocks: AsyncIterator[bytes]) -> Receipt:
        """Returns when its job is durable; of one that was brought before, when all was said again. Raises
        NotAllowed, UnderWay, TooLarge, and what `intake.take` and `Engine.incoming` raise.
        """
        engine = self.engine
        if not engine.view(viewer).may_bring(peer.name):
            raise NotAllowed(viewer, Act.BRING)
        address = person_at(engine, peer.name) if peer.name != ADMINISTRATOR else None
        client, name = bringer(engine.settings, viewer, peer.name, address)
        mark = marked(peer, said.mark)
        envelope = said.mail_from, said.recipients, said.notify, said.envelope_id
        brought = Brought(*envelope, said.of_header, name, peer.name, mark, said.returns)
        most = engine.settings.programs.octets
        with self.taking(mark):
            if known := self.known(mark):
                async for _ in blocks:  # who brings it again hears the answer when he has said all
                    pass
                return known
            try:
                async with engine.incoming() as coming:
                    coming.lines.number -= said.added
                    async for block in blocks:
                        if coming.octets + len(block) > most:
                            raise TooLarge(most)
                        await coming.write(block)
                    return await take(engine, coming, client, brought)
            except (Spoken, Refused) as error:
                for_now = isinstance(error, NoRoom) or (isinstance(error, Refused) and error.for_now)
                note(f"a message of the user {peer.name}", words().error(error), for_good=not for_now)
                if for_now and isinstance(error, Refused):
                    raise NotNow("refused.submit", error.rules, engine.words) from None
                raise

    def known(self, mark: str) -> Receipt | None:
        """Of the job that was brought with this mark. Raises StoreFailed."""
        job = self.engine.store.marked(mark)
        row = None if job is None else self.engine.store.job(job)
        if row is None:
            return None
        now = self.engine.job(row.job)
        return Receipt(row.job, row.message_id, now.reason if now.state == WAITING.name.lower() else "")

    @contextmanager
    def taking(self, mark: str) -> Iterator[None]:
        """Raises UnderWay."""
        if mark in self.under_way:
            raise UnderWay
        if not mark:
            yield
            return
        self.under_way.add(mark)
        try:
            yield
        finally:
            self.under_way.discard(mark)


def marked(peer: Peer, mark: str) -> str:
    """Nobody can use up somebody else's."""
    return f"{peer.uid}:{mark}" if mark else ""
