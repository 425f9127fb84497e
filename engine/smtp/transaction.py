"""One mail transaction (RFC 5321 section 3.3) on a connection that is signed in: envelope, body, outcome.

Rule: the body is begun only after the durable mark was made, and before its final dot is written nothing
can have been delivered; from that moment on only the server's answer decides, and its loss is an unknown
outcome (RFC 1047).
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from ..ports import Envelope, Notify, Outcome, Phase, Recipient, Verdict
from .chat import Chat, Lost
from .compose import FileChanged, Message, blocks
from .fields import Unencodable, addr_spec, xtext
from .reply import Reply
from .trouble import answered, meaning, ours

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


async def transact(chat: Chat, envelope: Envelope, message: Message, gate: Gate) -> Outcome:
    """Carries one message. Raises CancelledError and what `begin` raises, with the connection aborted."""
    return await _Transaction(chat, envelope, message, gate).run()


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


class _Transaction:
    def __init__(self, chat: Chat, envelope: Envelope, message: Message, gate: Gate) -> None:
        self._chat = chat
        self._envelope = envelope
        self._message = message
        self._gate = gate
        self._phase = Phase.MAIL
        self._recipients: tuple[Recipient, ...] = ()

    async def run(self) -> Outcome:
        try:
            commands = self._commands()
        except Unencodable as error:
            return ours(Phase.MAIL, "address", error.why, server_spoke=True)
        unfit = self._unfit()
        if unfit is not None:
            return unfit
        try:
            outcome = await self._dialogue(commands)
        except Lost as lost:
            outcome = ours(self._phase, lost.code, lost.words, server_spoke=True)
        except (FileChanged, OSError) as error:
            self._chat.abort()
            outcome = file_trouble(error, self._phase, server_spoke=True)
        except BaseException:
            self._chat.abort()
            raise
        return replace(outcome, recipients=self._recipients)

    def _unfit(self) -> Outcome | None:
        """What need not be tried."""
        offered, size = self._chat.extensions, self._message.size
        if offered.octets_max is not None and size > offered.octets_max:
            words = f"the message has {size} octets, the server takes {offered.octets_max}"
            return ours(Phase.MAIL, "size", words, server_spoke=True)
        if self._international and not offered.smtputf8:
            return ours(Phase.MAIL, "smtputf8", "the server lacks SMTPUTF8", server_spoke=True)
        return None

    @property
    def _international(self) -> bool:
        addresses = (self._envelope.sender, *self._envelope.recipients)
        return self._message.needs_smtputf8 or not all(address.isascii() for address in addresses)

    def _commands(self) -> list[tuple[Phase, bytes]]:
        """Raises Unencodable."""
        options = f" SIZE={self._message.size}" if self._chat.extensions.size else ""
        if self._international:
            options += " BODY=8BITMIME SMTPUTF8"
        notify = self._envelope.notify if self._chat.extensions.dsn else ()
        if notify:
            options += returned(self._message.message_id)
        return [
            (Phase.MAIL, f"MAIL FROM:<{addr_spec(self._envelope.sender)}>{options}\r\n".encode()),
            *(
                (Phase.RCPT, f"RCPT TO:<{addr_spec(each)}>{notified(each, notify)}\r\n".encode())
                for each in self._envelope.recipients
            ),
            (Phase.DATA, b"DATA\r\n"),
        ]

    async def _dialogue(self, commands: list[tuple[Phase, bytes]]) -> Outcome:
        self._gate.start()
        ask = self._at_once if self._chat.extensions.pipelining else self._one_by_one
        mail, recipients, go = await ask(commands)
        if mail.good:
            pairs = zip(self._envelope.recipients, recipients, strict=True)
            self._recipients = tuple(Recipient(address, reply.good, str(reply)) for address, reply in pairs)
        if not any(each.accepted for each in self._recipients):
            if go is not None and go.code == GO_AHEAD:
                await self._say_nothing(recipients)
            return (
                answered(Phase.RCPT, _most_hopeful(recipients)) if mail.good else answered(Phase.MAIL, mail)
            )
        self._phase = Phase.DATA
        if go is None or go.code != GO_AHEAD:
            return answered(Phase.DATA, go or mail)
        await self._gate.passed()
        return await self._body()

    async def _at_once(self, commands: list[tuple[Phase, bytes]]) -> tuple[Reply, list[Reply], Reply | None]:
        """RFC 2920: one flight."""
        waiting = [self._chat.expect() for _ in commands]
        self._chat.write([b"".join(line for _, line in commands)])
        replies = []
        for (self._phase, _), place in zip(commands, waiting, strict=True):
            replies.append(await self._chat.answer(place))
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
        self._chat.write([line])
        return await self._chat.answer(waiting)

    async def _say_nothing(self, recipients: list[Reply]) -> None:
        """354 although nobody was accepted: the dot alone (RFC 2920 section 3.1). Where only the sender was
        refused, that might deliver an empty message: the connection is dropped instead."""
        if any(reply.good for reply in recipients):
            self._chat.abort()
        else:
            await self._command(Phase.DATA, END)

    async def _body(self) -> Outcome:
        final = self._chat.expect()
        batch: list[bytes] = []
        for block in blocks(self._message):
            batch.append(stuffed(block))
            if len(batch) == BATCH:
                self._chat.write(batch)
                batch = []
                if await self._spoken_early(final):
                    return answered(Phase.DATA, final.result())
        self._phase = Phase.BODY
        self._chat.write([*batch, END])
        return answered(Phase.BODY, await self._chat.answer(final, FINAL_PATIENCE))

    async def _spoken_early(self, final: asyncio.Future[Reply]) -> bool:
        """The server answers before the message ends: what follows would be read as commands."""
        try:
            await self._chat.drain()
        except Lost:
            if not final.done() or final.exception() is not None:
                raise
        if final.done():
            self._chat.abort()
        return final.done()


def returned(message_id: str) -> str:
    """What a notification shall bring back: the header alone, and which message it was (RFC 3461 sections 4.3
    and 4.4).
    """
    envelope_id = xtext(message_id.strip("<>"))
    return f" RET=HDRS ENVID={envelope_id}" if 0 < len(envelope_id) <= ENVID_MAX else " RET=HDRS"


def notified(recipient: str, notify: tuple[Notify, ...]) -> str:
    """RFC 3461 sections 4.1 and 4.2. An address that isn't ASCII goes without ORCPT: it could not say it."""
    if not notify:
        return ""
    original = f" ORCPT=rfc822;{xtext(recipient)}" if recipient.isascii() else ""
    return f" NOTIFY={','.join(notify)}{original if len(original) <= ORCPT_MAX else ''}"


def stuffed(block: bytes) -> bytes:
    """Whole lines with their leading dots doubled (RFC 5321 section 4.5.2)."""
    if b"." not in block:
        return block
    doubled = block.replace(b"\r\n.", b"\r\n..")
    return b"." + doubled if doubled.startswith(b".") else doubled


def _most_hopeful(replies: list[Reply]) -> Reply:
    """Of the refusals of all recipients: one that may change, if there is one."""
    later = (reply for reply in replies if meaning(Phase.RCPT, reply).verdict is Verdict.LATER)
    return next(later, replies[0])
