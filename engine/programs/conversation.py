"""What is said on a connection: its commands in order, and what becomes of its messages (RFC 5321).

Rule: 250 to a message says that its job is durable; whatever happens before leaves nothing behind.
"""

import logging
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from math import inf
from types import MappingProxyType
from typing import TYPE_CHECKING

from ...events.request import Notify
from ..deeds import where
from ..incoming import Incoming
from ..room import NoRoom
from ..words import words
from .commands import Mail, NotUnderstood, Rcpt, asked_for, mail_of, rcpt_of
from .connection import PARTING_S, Connection
from .intake import Brought, NoSuchRecipient, TooLarge, TooOften, recipient_of, take
from .known import Guest, by_network
from .replies import FAULT, STOPS, Reply, reply_to
from .turned_away import note
from .wire import SASL_LINE_MOST, Body, GoneAway, LineBare, LineTooLong, LineUnfit

if TYPE_CHECKING:
    from .listener import Listener

COMMAND_S = 300.0
"For the next command (RFC 5321 section 4.5.3.2.7)."
BLOCK_S = 180.0
"For the next lines of a message (section 4.5.3.2.5)."
RECIPIENTS_MOST = 1_000
WEB = frozenset(
    {b"CONNECT", b"DELETE", b"GET", b"HEAD", b"OPTIONS", b"PATCH", b"POST", b"PRI", b"PUT", b"TRACE"}
)
"A browser that a web page lets talk here speaks for nobody."
log = logging.getLogger("franking")

OK = Reply(250, "2.0.0", "Ok")
GO_ON = Reply(354, "", "End the message with a line that is one dot")
HELLO_FIRST = Reply(503, "5.5.1", "Say EHLO first")
TLS_FIRST = Reply(530, "5.7.0", "Must issue a STARTTLS command first: this address serves a network")
SIGN_IN_FIRST = Reply(
    530,
    "5.7.0",
    "Authentication required: let the program sign in with the name and password of a client in "
    "[programs.clients]; `franking password --client NAME` sets one; the device's administrator must act",
)
UNFIT: Mapping[type[LineUnfit], Reply] = MappingProxyType({
    LineTooLong: Reply(500, "5.5.2", "The line is too long for a command (RFC 5321 section 4.5.3.1.4)"),
    LineBare: Reply(500, "5.5.2", "A command ends with CR and LF together, and has neither within it"),
})  # fmt: skip


class Conversation(Connection):
    def __init__(self, listener: "Listener") -> None:
        super().__init__(listener)
        self.failed = 0
        "Sign-ins."
        self.turned_away = False
        "That is said in the log."
        self.forget()

    def forget(self) -> None:
        """As a connection begins, and once more under TLS (RFC 3207 section 4.2)."""
        self.hello, self.extended, self.signed_in = "", False, False
        self.reset()

    def reset(self) -> None:
        self.mail: Mail | None = None
        self.recipients: list[Rcpt] = []
        self.utf8 = False

    async def converse(self) -> None:
        while not self.ended:
            line = await self.heard()
            if line is not None:
                await self.obey(line)
            if self.listener.stopping and not self.ended:
                self.say(STOPS)
        self.deadline = self.now() + PARTING_S
        await self.flush()

    async def heard(self, most: int | None = None) -> bytes | None:
        """The next line; None: it was none, and that is said. Raises GoneAway, ConnectionError."""
        self.busy, self.deadline = False, self.now() + COMMAND_S
        if self.out and not self.wire.more_waits:
            await self.flush()
        try:
            return await (self.wire.line() if most is None else self.wire.line(most))
        except LineUnfit as unfit:
            self.say(UNFIT[type(unfit)])
            return None
        finally:
            self.busy, self.deadline = True, inf

    async def obey(self, line: bytes) -> None:
        verb, _, rest = line.partition(b" ")
        verb = verb.upper()
        command = COMMANDS.get(verb)
        try:
            argument = rest.decode().strip()
        except UnicodeDecodeError:
            command, argument = None, ""
        if command is None or "\0" in argument:
            self.say(not_a_command(verb))
            return
        try:
            await command(self, argument)
        except NotUnderstood as wrong:
            note(f"{verb.decode('ascii', 'replace')} of {self.who}", wrong.reply.text)
            self.say(wrong.reply)

    async def ehlo(self, name: str) -> None:
        self.greeted(name, extended=True)
        if not self.extended:
            return
        lines = [self.listener.name, "PIPELINING", f"SIZE {self.programs.octets}", "8BITMIME", "SMTPUTF8"]
        lines += ["DSN", "ENHANCEDSTATUSCODES"]
        if self.offers_tls:
            lines.append("STARTTLS")
        if self.offers_auth:
            lines.append("AUTH PLAIN LOGIN")
        lines.append("HELP")
        self.out += b"".join(f"250-{line}\r\n".encode() for line in lines[:-1])
        self.out += f"250 {lines[-1]}\r\n".encode()

    async def helo(self, name: str) -> None:
        if self.greeted(name, extended=False):
            self.say(Reply(250, "", self.listener.name))

    def greeted(self, name: str, *, extended: bool) -> bool:
        if not name:
            self.say(Reply(501, "5.5.4", "Say your name, too: EHLO my.host.example"))
            return False
        self.reset()
        self.hello, self.extended = name, extended
        return True

    @property
    def offers_tls(self) -> bool:
        return not self.secured and self.listener.certificate is not None

    @property
    def needs_tls(self) -> bool:
        return self.listener.guarded and not self.secured

    @property
    def offers_auth(self) -> bool:
        return self.secured or (
            not self.listener.guarded and self.address.is_loopback and self.listener.passwords.any
        )

    async def starttls(self, argument: str) -> None:
        certificate = self.listener.certificate
        if argument:
            self.say(Reply(501, "5.5.4", "STARTTLS takes nothing"))
        elif self.secured:
            self.say(Reply(503, "5.5.1", "TLS is on already"))
        elif certificate is None:
            self.say(Reply(502, "5.5.1", "There is no TLS here: [programs] certificate is not set"))
        elif self.wire.anything_waits:
            self.say(Reply(421, "4.7.0", "Nothing may stand behind STARTTLS: somebody may have put it there"))
        else:
            await self.begin_tls(certificate)
            self.forget()
            self.guest = self.before_sign_in()

    async def auth(self, argument: str) -> None:
        from .signing_in import sign_in

        await sign_in(self, argument)

    async def response(self, challenge: str) -> str | None:
        """To a challenge in base64 (RFC 4954); None: there is none, and that is said."""
        self.out += f"334 {challenge}\r\n".encode()
        line = await self.heard(SASL_LINE_MOST)
        return None if line is None else self.decoded(line)

    def decoded(self, line: bytes) -> str | None:
        if line == b"*":
            self.say(Reply(501, "5.7.0", "The sign-in was given up"))
            return None
        try:
            return b64decode(line, validate=True).decode()
        except ValueError:
            self.say(Reply(501, "5.5.2", "The response is not base64 of UTF-8"))
            return None

    async def mail_from(self, argument: str) -> None:
        if not self.hello:
            self.say(HELLO_FIRST)
        elif self.needs_tls:
            self.not_let_in(TLS_FIRST)
        elif self.guest is None:
            known = by_network(self.programs, self.address)
            self.not_let_in(SIGN_IN_FIRST if known is None else network_alone(known.name))
        elif self.mail is not None:
            self.say(Reply(503, "5.5.1", "A message is begun already: send it, or say RSET"))
        else:
            mail = mail_of(argument, extended=self.extended)
            refused = self.not_now(self.guest, mail.octets)
            if refused is None:
                self.mail, self.utf8 = mail, mail.utf8
            self.say(refused or Reply(250, "2.1.0", "Ok"))

    def not_let_in(self, reply: Reply) -> None:
        if not self.turned_away:
            note(f"MAIL of {self.who}", reply.text)
        self.turned_away = True
        self.say(reply)

    def not_now(self, guest: Guest, octets: int) -> Reply | None:
        most = self.programs.octets
        if octets > most:
            return self.refused(TooLarge(most))
        if octets:
            try:
                self.engine.scans.room.check(octets)
            except NoRoom as error:
                return self.refused(error)
        if not self.listener.limits.takes(guest.name or self.place):
            return self.refused(TooOften(self.programs.per_minute))
        return None

    async def rcpt_to(self, argument: str) -> None:
        mail = self.mail
        if mail is None:
            self.say(Reply(503, "5.5.1", "Say MAIL first"))
            return
        rcpt = rcpt_of(argument, extended=self.extended, utf8=mail.utf8)
        if len(self.recipients) >= RECIPIENTS_MOST:
            text = f"A message has at most {RECIPIENTS_MOST} recipients; send it to the others by itself"
            self.say(Reply(452, "4.5.3", text))
            return
        try:
            goes_to = await recipient_of(self.engine, rcpt.recipient)
        except NoSuchRecipient as error:
            self.say(self.refused(error))
            return
        self.recipients.append(replace(rcpt, recipient=goes_to))
        self.errors = 0
        self.say(Reply(250, "2.1.5", "Ok"))

    async def data(self, argument: str) -> None:
        if self.mail is None or not self.recipients:
            text = (
                "Say MAIL first"
                if self.mail is None
                else "No recipient was taken: there is nobody to send to"
            )
            self.say(Reply(503, "5.5.1", text))
            return
        if argument:
            self.say(Reply(501, "5.5.4", "DATA takes nothing"))
            return
        try:
            async with self.engine.incoming(strict=True) as coming:
                coming.room.at_least(self.mail.octets)
                reply = await self.received(coming, self.mail)
        except (GoneAway, ConnectionError):
            raise
        except Exception as error:  # noqa: BLE001 - what is no refusal is told as a fault of ours
            reply = self.refused(error)
        finally:
            self.body = None
        self.say(reply)
        self.reset()

    async def received(self, coming: Incoming, mail: Mail) -> Reply:
        """What is refused is read to its end all the same, for nobody hears before. Raises GoneAway,
        ConnectionError.
        """
        self.say(GO_ON)
        self.busy, self.began, self.deadline = False, self.now(), self.now() + BLOCK_S
        await self.flush()
        body = self.body = Body(self.wire)
        most, refused = self.programs.octets, None
        while block := await body.block():
            if refused is None:
                refused = await self.written(coming, block)
            elif body.octets > 2 * most:
                self.ended = True
                return refused
            self.deadline = self.now() + BLOCK_S
        if self.ended:  # it was told to come again while the last of it lay unread
            raise GoneAway
        self.busy, self.deadline, self.body = True, inf, None  # it has come: nothing of it is late now
        return refused or await self.brought(coming, mail)

    async def written(self, coming: Incoming, block: bytes) -> Reply | None:
        if coming.octets + len(block) > self.programs.octets:
            return self.refused(TooLarge(self.programs.octets))
        try:
            await coming.write(block)
        except Exception as error:  # noqa: BLE001 - as in `data`
            return self.refused(error)
        return None

    async def brought(self, coming: Incoming, mail: Mail) -> Reply:
        recipients = tuple(each.recipient for each in self.recipients)
        notify, each, originals = asked_for(self.recipients)
        if not mail.sender:  # it tells of a message itself (RFC 5321 section 4.5.5)
            notify, each = (Notify.NEVER,), {}
        brought = Brought(
            mail.sender,
            recipients,
            notify,
            mail.envelope_id,
            returns=mail.returns,
            notify_each=each,
            originals=originals,
        )
        client = self.guest.client if self.guest is not None else None
        try:
            receipt = await take(self.engine, coming, client, brought)
        except Exception as error:  # noqa: BLE001 - as in `data`
            return self.refused(error)
        self.errors = 0
        return Reply(250, "2.0.0", f"Ok: job {receipt.job}")

    def refused(self, error: Exception) -> Reply:
        rules, english = self.engine.rules, words()
        found = reply_to(error, self.engine.words if self.utf8 else english, rules)
        if found is None:
            log.error("a message of a program was not taken by a fault of the engine: %s", where(error))
            return FAULT
        what = "a recipient" if isinstance(error, NoSuchRecipient) else "mail"
        said = reply_to(error, english, rules) if self.utf8 else found
        note(f"{what} of {self.who}", said.text if said is not None else "", for_good=found.wrong)
        return found

    @property
    def who(self) -> str:
        """For the log."""
        name = self.guest.name if self.guest is not None else ""
        return f"{f'the client {name!r}' if name else 'a program'} at {self.address}"

    async def rset(self, argument: str) -> None:
        self.reset()
        self.say(OK)

    async def noop(self, argument: str) -> None:
        self.say(OK)

    async def vrfy(self, argument: str) -> None:
        self.say(Reply(252, "2.5.2", "Whom mail reaches is not told here; send it"))

    async def help_(self, argument: str) -> None:
        names = ", ".join(sorted(each.decode() for each in COMMANDS))
        self.say(Reply(214, "2.0.0", f"Commands: {names}. Settings: [programs] of franking"))

    async def quit(self, argument: str) -> None:
        self.say(Reply(221, "2.0.0", "Bye"))


def not_a_command(verb: bytes) -> Reply:
    if verb in WEB:
        return Reply(421, "4.7.0", "This is no web server")
    return Reply(500, "5.5.1", "That is no command here; HELP names them")


def network_alone(client: str) -> Reply:
    text = (
        f"Authentication required: the client {client} is known by its network, which is enough on this "
        "machine alone. Let the program sign in with a password (franking password --client NAME sets it); "
        "the device's administrator must act"
    )
    return Reply(530, "5.7.0", text)


COMMANDS: Mapping[bytes, Callable[[Conversation, str], Awaitable[None]]] = MappingProxyType({
    b"AUTH": Conversation.auth,
    b"DATA": Conversation.data,
    b"EHLO": Conversation.ehlo,
    b"HELO": Conversation.helo,
    b"HELP": Conversation.help_,
    b"MAIL": Conversation.mail_from,
    b"NOOP": Conversation.noop,
    b"QUIT": Conversation.quit,
    b"RCPT": Conversation.rcpt_to,
    b"RSET": Conversation.rset,
    b"STARTTLS": Conversation.starttls,
    b"VRFY": Conversation.vrfy,
})  # fmt: skip
