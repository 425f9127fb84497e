"""One client's connection, as far as octets go: its streams, TLS, replies, and how long it may take.

aiosmtpd's protocol class keeps the streams and changes them for TLS. What is said on them is in
`conversation`: there a message is whole in memory, every command is waited for alone, and DSN is unknown.

Rule: whoever takes too long is told, and let go; time is the engine's.
"""

import asyncio
import logging
from asyncio import StreamReader, StreamReaderProtocol
from math import inf
from ssl import SSLError
from typing import TYPE_CHECKING, cast

from aiosmtpd.smtp import SMTP, Envelope, Session, TLSSetupException

from ..deeds import where
from .known import Guest, address_of, guest_at, place_of
from .replies import FAULT, Reply, rendered
from .wire import READ_OCTETS, Body, GoneAway, Wire

if TYPE_CHECKING:
    from ..certificates import Certificate
    from .listener import Listener

FREE_S, OCTETS_PER_S = 300.0, 10_000 / 60
"A whole message comes no slower than that once so long has passed."
PARTING_S = 30.0
"So long may what was said last take to go."
HANDSHAKE_S = 30.0
"So long may TLS take to begin."
NOT_TAKEN = "the client does not take the certificate: look at its name and its end"
TLS_FAILED = {
    "HTTP_REQUEST": "the client speaks HTTP",
    "WRONG_VERSION_NUMBER": "what the client sends is no TLS",
    "UNSUPPORTED_PROTOCOL": "the client speaks no version of TLS that the settings allow",
    "TLSV1_ALERT_PROTOCOL_VERSION": "the client speaks no version of TLS that the settings allow",
    "NO_SHARED_CIPHER": "the client knows none of the ciphers",
    "TLSV1_ALERT_UNKNOWN_CA": "the client does not know the certificate's authority: let it trust that one",
    "SSLV3_ALERT_BAD_CERTIFICATE": NOT_TAKEN,
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "the client finds that the certificate has ended: renew it",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": NOT_TAKEN,
}
"In words, by OpenSSL's reason."
ERRORS_MOST = 20
"Wrong commands without a recipient or a message that was taken in between."
log = logging.getLogger("franking")


class Connection(SMTP):
    def __init__(self, listener: "Listener") -> None:
        """Not by aiosmtpd's own: it looks through its class for each connection."""
        loop = asyncio.get_running_loop()
        StreamReaderProtocol.__init__(self, StreamReader(READ_OCTETS, loop), self._cb_client_connected, loop)
        self.loop, self.listener, self.engine = loop, listener, listener.engine
        self.programs = self.engine.settings.programs
        "As they were when it began."
        self.session: Session | None = None
        self.envelope: Envelope | None = None
        self.transport: asyncio.BaseTransport | None = None
        self.tls_context = None
        self._original_transport, self._tls_protocol, self._handle_hooks = None, None, {}
        self.task: asyncio.Task[None] | None = None
        self.out = bytearray()
        "Replies that go with the next one that the client waits for (RFC 2920)."
        self.deadline, self.busy, self.ended = inf, False, False
        self.handshaking = False
        "No word of ours would be understood now."
        self.body: Body | None = None
        self.began = 0.0
        "When the message began to come."
        self.errors = 0
        self.guest: Guest | None = None
        self.utf8 = False
        "The client reads replies that are not ASCII (RFC 6531 section 3.5)."

    def _reset_timeout(self, duration: float | None = None) -> None:
        """aiosmtpd's goes by the system's clock; here the listener looks at `deadline`."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._original_transport is not None:  # TLS has begun
            self.handshaking = False
            super().connection_made(transport)
            return
        StreamReaderProtocol.connection_made(self, transport)
        self.transport, self.wire = transport, Wire(self._reader)
        stream = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        if peer is None:  # gone already
            transport.close()
            return
        self.address = address_of(peer)
        self.place = place_of(self.address)
        refused = self.listener.enters(self)
        if refused is not None:
            if not self.listener.implicit_tls:  # else nobody would understand it
                stream.write(rendered(refused))
            stream.close()
            return
        if self.listener.implicit_tls:
            stream.pause_reading()  # what comes is for TLS, once it is there
            self.handshaking = True
        self.guest = self.before_sign_in()
        self.task = self.loop.create_task(self._handle_client())
        self.task.add_done_callback(lambda _: self.listener.leaves(self))

    def connection_lost(self, error: Exception | None) -> None:
        """Whoever reads notices; a job that is being made durable is."""
        if self._original_transport is not None:
            self._original_transport.close()
        if isinstance(error, SSLError):
            self.tls_failed(error)
            error = ConnectionAbortedError()
        StreamReaderProtocol.connection_lost(self, error)
        self.transport = None

    def eof_received(self) -> bool:
        """Whoever has said all may still hear."""
        self._reader.feed_eof()
        return self.transport is not None and self.transport.get_extra_info("sslcontext") is None

    async def push(self, status: str | bytes) -> None:
        """For aiosmtpd, which says one thing (STARTTLS)."""
        if not self.listener.implicit_tls:  # else nobody asked
            self.say(Reply(220, "2.0.0", "Ready to start TLS"))
        await self.flush()

    async def begin_tls(self, certificate: "Certificate") -> None:
        """Raises TLSSetupException, GoneAway, ConnectionError."""
        stream = self.stream
        if stream is None:
            raise GoneAway
        self.busy, self.handshaking, self.deadline = False, True, self.now() + HANDSHAKE_S
        self.loop.call_soon(stream.resume_reading)
        self.tls_context = certificate.context
        try:
            await super().smtp_STARTTLS("")
            if self.handshaking:  # it was cut meanwhile
                raise GoneAway
        except (TLSSetupException, GoneAway) as error:
            self.tls_failed(error.__cause__)
            raise
        self.busy, self.deadline = True, inf

    def tls_failed(self, error: BaseException | None) -> None:
        reason = getattr(error, "reason", None) or ""
        why = reason.replace("_", " ").lower() or "the client went away, or took too long"
        log.info("TLS with %s failed: %s", self.address, TLS_FAILED.get(reason, why))

    def say(self, reply: Reply) -> None:
        self.out += rendered(reply, utf8=self.utf8)
        if reply.ends:
            self.ended = True
        elif reply.wrong:
            self.errors += 1
            if self.errors >= ERRORS_MOST:
                self.say(Reply(421, "4.7.0", "Too many errors; look at the program, then try again"))

    async def flush(self) -> None:
        if self.out:
            out, self.out = bytes(self.out), bytearray()
            self._writer.write(out)
            await self._writer.drain()

    def cut(self, reply: Reply) -> None:
        """It ends now, with a word where the client listens."""
        stream = self.stream
        if self.ended or self.handshaking or stream is None:
            self.abort()
            return
        self.ended, self.deadline = True, self.now() + PARTING_S
        stream.write(bytes(self.out) + rendered(reply))
        self.out.clear()
        stream.close()

    def abort(self) -> None:
        if (stream := self.stream) is not None:
            stream.abort()

    def before_sign_in(self) -> Guest | None:
        """Who it is without one; None: whoever it is has to sign in."""
        return None if self.listener.guarded else guest_at(self.programs, self.address)

    def now(self) -> float:
        return self.engine.clock.monotonic()

    def late(self, now: float) -> Reply | None:
        """What the listener cuts it with at this look."""
        if now >= self.deadline:
            return Reply(421, "4.4.2", "You took too long; try again")
        body = self.body
        if body is None or now - self.began < FREE_S or body.octets >= OCTETS_PER_S * (now - self.began):
            return None
        return Reply(421, "4.4.2", "The message comes too slowly; try again over a better connection")

    @property
    def stream(self) -> asyncio.Transport | None:
        """As aiosmtpd keeps it; None: nobody is there any more."""
        return cast("asyncio.Transport | None", self.transport)

    @property
    def secured(self) -> bool:
        return self.transport is not None and self.transport.get_extra_info("sslcontext") is not None

    async def _handle_client(self) -> None:
        try:
            if self.listener.implicit_tls and self.listener.certificate is not None:
                await self.begin_tls(self.listener.certificate)
            self.say(Reply(220, "", f"{self.listener.name} ESMTP franking"))
            await self.converse()
        except (GoneAway, ConnectionError, TLSSetupException):
            pass  # nobody is there who could be told
        except Exception as error:  # noqa: BLE001 - one client's connection must not end the others'
            log.error("a connection of a program ended by a fault of the engine: %s", where(error))
            self.cut(FAULT._replace(code=421))
        finally:
            if self.transport is not None:
                self.transport.close()

    async def converse(self) -> None:
        """Until it has ended. Raises GoneAway, ConnectionError, TLSSetupException."""
        raise NotImplementedError
