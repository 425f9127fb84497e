"""One mail transaction (RFC 5321 section 3.3) on a connection that is signed in: envelope, body, outcome.

Rule: messages of a connection take turns at writing. Where it is allowed, the next envelope goes right behind
a body (RFC 2920 section 3.1); its replies come after that body's. The body is begun only after the durable
mark was made; that is asked for beside the envelope's flight, or of short messages when they queue for their
turn, so that one commit has the marks of several. Before its final dot is written nothing can have been
delivered; from that moment on only the server's answer decides, and its loss is an unknown outcome (RFC
1047). A message that was refused is the last that begins on its connection, for the server may hold an open
transaction.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from ...events.request import Return
from ..content_port import FileChanged
from ..ports import Envelope, Outcome, Phase, Progress, Recipient, Verdict
from .chat import Chat, Lost, Place
from .compose import Sendable, blocks
from .fields import Unencodable, addr_spec, xtext
from .offers import NONE, Offer, Offers, named, refuses_letters, refuses_parameters, refuses_pipelining
from .reply import Reply
from .trouble import answered, meaning, ours, recipient

SOON = 64 * 1024
"Octets of a message and of those before it: so few are written in a moment."
BATCH = 8
"Blocks written at once: 128 kB."
FINAL_PATIENCE = 10
"Times the limit of other replies: ten minutes where that is one (RFC 5321 section 4.5.3.2.6)."
GO_AHEAD = 354
ENVID_MAX, ORCPT_MAX = 100, 500
"Characters (RFC 3461 sections 4.2 and 4.4)."
END = b".\r\n"


class Gate:
    """The durable mark before the body: asked for once a message, however many connections that takes."""

    def __init__(self, begin: Callable[[], Awaitable[None]]) -> None:
        self._begin = begin
        self._mark: asyncio.Future[None] | None = None

    def start(self) -> None:
        if self._mark is None:
            self._mark = asyncio.ensure_future(self._begin())

    async def passed(self) -> None:
        """Raises what `begin` raises."""
        self.start()
        if self._mark is not None:
            await self._mark

    async def settle(self) -> None:
        """A mark that was asked for is made before the outcome is told. Raises what `begin` raises."""
        if self._mark is not None:
            await self._mark

    async def drop(self) -> None:
        """For whoever is cancelled or failed: no mark is made from here on."""
        if self._mark is not None:
            self._mark.cancel()
            await asyncio.gather(self._mark, return_exceptions=True)


def file_trouble(error: FileChanged | OSError, phase: Phase, *, server_spoke: bool) -> Outcome:
    """What an unreadable file comes to."""
    match error:
        case FileChanged():
            code, words = "file-changed", f"it had {error.octets} octets"
        case FileNotFoundError() | PermissionError() | IsADirectoryError() | NotADirectoryError():
            code, words = "file", error.strerror or ""
        case _:
            code, words = "disk", error.strerror or ""
    return ours(phase, code, words, server_spoke=server_spoke)


class Transaction:
    """One message on one connection. What was found out is read after `run`."""

    def __init__(
        self,
        chat: Chat,
        envelope: Envelope,
        message: Sendable,
        gate: Gate,
        without: Offers = NONE,
        progress: Progress | None = None,
        before: int = SOON,
    ) -> None:
        """`without`: what the server offers and is not asked for. `before`: octets of messages that have
        their turn first.
        """
        self.first = False
        "It was the first of its connection."
        self.grouped = False
        "Its envelope went in one flight."
        self.behind = False
        "Its envelope went behind a body that was not answered yet."
        self.in_body = False
        "Its envelope was taken, and its body begun."
        self.blamed: Offers = NONE
        "What the server offers and refused, by its words."
        self._chat = chat
        self._envelope = envelope
        self._message = message
        self._gate = gate
        self._progress = progress
        self._before = before
        offered = chat.extensions
        self._pipelining = offered.pipelining and Offer.PIPELINING not in without
        self._ahead = self._pipelining and Offer.AHEAD not in without
        self._size = offered.size and Offer.SIZE not in without
        asked = envelope.notify or envelope.notify_each or envelope.originals
        self._dsn = offered.dsn and Offer.DSN not in without and bool(asked)
        self._eight_bit = offered.eight_bit_mime
        self._says_body = self._eight_bit and Offer.BODY not in without and message.may_be_8bit
        self._smtputf8 = offered.smtputf8 and Offer.SMTPUTF8 not in without
        self._phase = Phase.MAIL
        self._said = False
        self._recipients: tuple[Recipient, ...] = ()

    async def run(self) -> Outcome | None:
        """None: nothing of it was said here, and it may go by another connection; never of one that ended
        before its first message, for the next one may end so, too. Raises CancelledError and what `begin`
        raises; half a message ends the connection.
        """
        try:
            commands = self._commands()
        except Unencodable as error:
            return ours(Phase.MAIL, "address", error.why, server_spoke=True)
        try:
            unfit = self._unfit()
        except (FileChanged, OSError) as error:
            unfit = file_trouble(error, Phase.MAIL, server_spoke=True)
        if unfit is not None:
            return unfit
        if self._ahead and self._before + self._message.size <= SOON:
            self._gate.start()
        try:
            found = await self._in_turn(commands)
            outcome = await self._final(found) if isinstance(found, Place) else found
        except Lost as lost:
            if not self._said and not self.first:
                return None
            outcome = ours(self._phase, lost.code, lost.words, server_spoke=True)
        return outcome and replace(outcome, recipients=self._recipients, notified=self._dsn)

    def _unfit(self) -> Outcome | None:
        """What need not be tried."""
        most, size = self._chat.extensions.octets_max, self._message.size
        if most is not None and size > most:
            words = f"the message has {size} octets, the server takes {most}"
            return ours(Phase.MAIL, "size", words, server_spoke=True)
        if self._international and not self._smtputf8:
            return ours(Phase.MAIL, "smtputf8", "the server lacks SMTPUTF8", server_spoke=True)
        if not self._eight_bit and self._message.needs_8bitmime:
            return ours(Phase.MAIL, "8bitmime", "the server lacks 8BITMIME", server_spoke=True)
        return None

    @property
    def _international(self) -> bool:
        addresses = (self._envelope.sender, *self._envelope.recipients)
        return self._message.needs_smtputf8 or not all(address.isascii() for address in addresses)

    def _commands(self) -> list[tuple[Phase, bytes]]:
        """Raises Unencodable."""
        options = f" SIZE={self._message.size}" if self._size else ""
        if self._international:
            options += " BODY=8BITMIME SMTPUTF8"
        elif self._says_body:
            options += " BODY=8BITMIME"
        if self._dsn:
            named = self._envelope.envelope_id or self._message.message_id.strip("<>")
            options += returned(self._envelope.returns, named)
        return [
            (Phase.MAIL, f"MAIL FROM:<{addr_spec(self._envelope.sender)}>{options}\r\n".encode()),
            *(
                (Phase.RCPT, f"RCPT TO:<{addr_spec(each)}>{self._notified(each)}\r\n".encode())
                for each in self._envelope.recipients
            ),
            (Phase.DATA, b"DATA\r\n"),
        ]

    def _notified(self, recipient: str) -> str:
        """RFC 3461 sections 4.1 and 4.2."""
        if not self._dsn:
            return ""
        envelope = self._envelope
        notify = envelope.notify_each.get(recipient, envelope.notify)
        original = envelope.originals.get(recipient, "") or (original_of(recipient) if notify else "")
        asks = f" NOTIFY={','.join(notify)}" if notify else ""
        return f"{asks} ORCPT={original}" if original else asks

    async def _in_turn(self, commands: list[tuple[Phase, bytes]]) -> Outcome | Place | None:
        """Writes the message: its outcome, or where the answer to it comes. Raises Lost."""
        async with self._chat.turn:
            self.first = self._chat.begun == 0
            if not self._ahead:
                await self._chat.answered()
            if self.first:
                self._chat.check()
            if self._chat.ending or self._chat.lost:
                return None
            self.behind = not self._chat.quiet
            self._chat.begun += 1
            try:
                found = await self._dialogue(commands)
            except Lost:
                raise
            except (FileChanged, OSError) as error:
                self._chat.break_off()
                found = file_trouble(error, self._phase, server_spoke=True)
            except BaseException:
                self._chat.break_off()
                raise
            if isinstance(found, Outcome):
                self._chat.ending = True
            elif not self._ahead:
                found = await self._final(found)
            return found

    async def _final(self, place: Place) -> Outcome:
        """Raises Lost."""
        try:
            outcome = answered(Phase.BODY, await place.reply)
        except asyncio.CancelledError:
            self._chat.forsake(place)
            raise
        if outcome.verdict is not Verdict.SENT:
            self._chat.ending = True
        return outcome

    async def _dialogue(self, commands: list[tuple[Phase, bytes]]) -> Outcome | Place:
        self._gate.start()
        ask = self._at_once if self._pipelining else self._one_by_one
        mail, recipients, go = await ask(commands)
        if mail.good:
            pairs = zip(self._envelope.recipients, recipients, strict=True)
            self._recipients = tuple(recipient(address, reply) for address, reply in pairs)
        if not any(each.accepted for each in self._recipients):
            if go is not None and go.code == GO_AHEAD:
                await self._say_nothing(recipients)
            return self._nobody(recipients) if mail.good else self._sender_refused(mail)
        self._phase = Phase.DATA
        if go is None or go.code != GO_AHEAD:
            self.blamed = self._out_of_step(go or mail)
            return answered(Phase.DATA, go or mail)
        await self._gate.passed()
        return await self._body()

    def _sender_refused(self, mail: Reply) -> Outcome:
        body = self._says_body and not self._international
        said = {Offer.SIZE: self._size, Offer.DSN: self._dsn, Offer.BODY: body}
        parameters = frozenset(offer for offer, used in said.items() if used)
        if refuses_parameters(mail):
            self.blamed = named(mail, parameters) or parameters
        else:
            self.blamed = self._out_of_step(mail)
        if self._international and not self.blamed and refuses_letters(mail):
            self.blamed = frozenset({Offer.SMTPUTF8})
            return ours(Phase.MAIL, "smtputf8", str(mail), server_spoke=True)
        return answered(Phase.MAIL, mail)

    def _nobody(self, replies: list[Reply]) -> Outcome:
        """No recipient was accepted."""
        if self._dsn and all(map(refuses_parameters, replies)):
            self.blamed = frozenset({Offer.DSN})
        else:
            self.blamed = self._out_of_step(replies[0])
        if self._international and all(map(refuses_letters, replies)) and not self.blamed:
            return ours(Phase.RCPT, "smtputf8", str(replies[0]), server_spoke=True)
        return answered(Phase.RCPT, _most_hopeful(replies))

    def _out_of_step(self, reply: Reply) -> Offers:
        if not self.grouped or not refuses_pipelining(reply):
            return NONE
        return frozenset({Offer.AHEAD if self.behind else Offer.PIPELINING})

    async def _at_once(self, commands: list[tuple[Phase, bytes]]) -> tuple[Reply, list[Reply], Reply | None]:
        """RFC 2920: one flight."""
        waiting = [self._chat.expect() for _ in commands]
        self._said = self.grouped = True
        self._chat.write([b"".join([line for _, line in commands])])
        replies = []
        for (self._phase, _), place in zip(commands, waiting, strict=True):
            replies.append(await place.reply)
        return replies[0], replies[1:-1], replies[-1]

    async def _one_by_one(
        self, commands: list[tuple[Phase, bytes]]
    ) -> tuple[Reply, list[Reply], Reply | None]:
        mail = await self._command(*commands[0])
        if not mail.good:
            return mail, [], None
        recipients = [await self._command(*command) for command in commands[1:-1]]
        if not any(reply.good for reply in recipients):
            return mail, recipients, None
        return mail, recipients, await self._command(*commands[-1])

    async def _command(self, phase: Phase, line: bytes) -> Reply:
        self._phase = phase
        waiting = self._chat.expect()
        self._said = True
        self._chat.write([line])
        return await waiting.reply

    async def _say_nothing(self, recipients: list[Reply]) -> None:
        """354 although nobody was accepted: the dot alone (RFC 2920 section 3.1). Where only the sender was
        refused, that might deliver an empty message: the connection is dropped instead."""
        if any(reply.good for reply in recipients):
            self._chat.abort()
        else:
            await self._command(Phase.DATA, END)

    async def _body(self) -> Outcome | Place:
        final = self._chat.expect(0)
        self.in_body = True
        batch: list[bytes] = []
        octets = 0
        for block in blocks(self._message):
            octets += len(block)
            batch.append(stuffed(block))
            if len(batch) == BATCH:
                self._chat.write(batch)
                batch = []
                if await self._spoken_early(final):
                    return answered(Phase.DATA, final.reply.result())
                self._tell(octets)
        last = batch.pop() + END if batch else END
        self._chat.write([*batch, last])
        self._phase = Phase.BODY
        self._chat.written(final, FINAL_PATIENCE)
        self._tell(octets)
        return final

    def _tell(self, octets: int) -> None:
        if self._progress is not None:
            self._progress(octets, self._message.size)

    async def _spoken_early(self, final: Place) -> bool:
        """The server answers before the message ends: what follows would be read as commands."""
        try:
            await self._chat.drain()
        except Lost:
            if not final.reply.done() or final.reply.exception() is not None:
                raise
        if final.reply.done():
            self._chat.abort()
        return final.reply.done()


def returned(returns: Return, envelope_id: str) -> str:
    """What a notification shall bring back, and which message it was (RFC 3461 sections 4.3 and 4.4)."""
    envelope_id = xtext(envelope_id)
    which = f" ENVID={envelope_id}" if 0 < len(envelope_id) <= ENVID_MAX else ""
    return f" RET={returns.value}{which}"


def original_of(recipient: str) -> str:
    """Empty for an address that isn't ASCII: it could not say it."""
    original = f"rfc822;{xtext(recipient)}" if recipient.isascii() else ""
    return original if len(original) <= ORCPT_MAX else ""


def stuffed(block: bytes) -> bytes:
    """Whole lines with their leading dots doubled (RFC 5321 section 4.5.2)."""
    if b"." not in block:
        return block
    doubled = block.replace(b"\r\n.", b"\r\n..")
    return b"." + doubled if doubled.startswith(b".") else doubled


def _most_hopeful(replies: list[Reply]) -> Reply:
    """Of the refusals of all recipients: one that may change; else one that counts for the whole mailbox."""
    by_verdict = {meaning(Phase.RCPT, reply).verdict: reply for reply in reversed(replies)}
    hopeful = (by_verdict.get(each) for each in (Verdict.LATER, Verdict.PAUSES, Verdict.CLOSES))
    return next((reply for reply in hopeful if reply is not None), replies[0])
