"""From a name to a connection that is verified, signed in and ready for a transaction.

Rule: certificate and host name are verified before anything else is said; without TLS the connection ends,
whatever would have been sent (S30). The one exception is a plain relay: it is chosen by the setting, never
by what a server offers, and neither token nor password goes there, whatever the settings say. aiosmtplib does
the talking up to here; what may be pipelined is `chat`'s.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from ...events.settings import Security
from ..ports import Login, Outcome, Phase
from .auth import sign_in
from .chat import Chat, Extensions
from .reply import CODES, Malformed, Reply, shown
from .trouble import answered, ours

if TYPE_CHECKING:
    from aiosmtplib import SMTP

SUBMISSIONS_PORT = 465
CERT_NOT_YET_VALID = 9
"X509_V_ERR_CERT_NOT_YET_VALID"


def security_at(port: int) -> Security:
    """What a port stands for (RFC 8314 section 7.3); never a connection without TLS."""
    return Security.IMPLICIT if port == SUBMISSIONS_PORT else Security.STARTTLS


@dataclass(frozen=True, slots=True)
class Server:
    host: str
    port: int
    security: Security
    context: Callable[[], ssl.SSLContext]
    timeout_s: float


class _NoTls(Exception):
    """The server offers none."""


class _SignInRefused(Exception):
    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.code)
        self.outcome = outcome


async def connect(server: Server, login: Login) -> Chat | Outcome:
    """A connection that is ready for a transaction, or why there is none. Raises only CancelledError."""
    plain = server.security is Security.NONE
    if plain and (login.token is not None or login.password is not None):
        return ours(Phase.CONNECT, "plain", "", server_spoke=False)
    if plain:
        return await _Opening(server, None, login).run()
    try:
        context = server.context()
    except (OSError, ValueError) as error:
        return ours(Phase.CONNECT, "trust", _words(error), server_spoke=False)
    if context.verify_mode is not ssl.CERT_REQUIRED or not context.check_hostname:
        return ours(Phase.CONNECT, "unverified", "", server_spoke=False)
    return await _Opening(server, context, login).run()


class _Opening:
    def __init__(self, server: Server, context: ssl.SSLContext | None, login: Login) -> None:
        from aiosmtplib import SMTP

        self._server = server
        self._login = login
        self._phase = Phase.CONNECT
        self._spoke = False
        self._smtp = SMTP(
            hostname=server.host,
            port=server.port,
            # Else it would ask the resolver for a name of this device.
            local_hostname="localhost",
            timeout=server.timeout_s,
            use_tls=server.security is Security.IMPLICIT,
            start_tls=False,
            tls_context=context,
        )

    async def run(self) -> Chat | Outcome:
        from aiosmtplib import SMTPException

        try:
            return await _surely_cancellable(self._open())
        except _SignInRefused as refused:
            self._drop()
            return refused.outcome
        except _NoTls:
            self._drop()
            return ours(self._phase, "no-tls", "", server_spoke=True)
        except (SMTPException, OSError, ValueError, Malformed) as error:
            self._drop()
            return self._trouble(error)
        except BaseException:
            self._drop()
            raise

    async def _open(self) -> Chat:
        from aiosmtplib import SMTPServerDisconnected

        smtp = self._smtp
        await smtp.connect()
        self._spoke = True
        await smtp.ehlo(hostname=_own_name(smtp))
        if self._server.security is Security.STARTTLS:
            self._phase = Phase.STARTTLS
            if not smtp.supports_extension("starttls"):
                raise _NoTls
            await smtp.starttls()
            await smtp.ehlo(hostname=_own_name(smtp))
        plain = self._server.security is Security.NONE
        if not plain and smtp.get_transport_info("ssl_object") is None:
            raise _NoTls
        self._phase = Phase.AUTH
        refused = await sign_in(smtp, self._login)
        if refused is not None:
            raise _SignInRefused(refused)
        self._phase = Phase.MAIL
        transport = smtp.transport
        if transport is None or transport.is_closing():
            raise SMTPServerDisconnected("closed by the server")
        return Chat(cast(asyncio.Transport, transport), _extensions(smtp), self._server.timeout_s)

    def _drop(self) -> None:
        transport = self._smtp.transport
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()
        self._smtp.close()

    def _trouble(self, error: Exception) -> Outcome:
        from aiosmtplib import SMTPResponseException

        if isinstance(error, SMTPResponseException) and error.code in CODES:
            return answered(self._phase, Reply.of(error.code, error.message))
        cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
        code = _code(cause) if not isinstance(error, TimeoutError) else "timeout"
        return ours(self._phase, code, _words(cause), server_spoke=self._spoke)


async def _surely_cancellable(opening: Coroutine[None, None, Chat]) -> Chat:
    """Python 3.11's wait_for, inside aiosmtplib, loses a cancel that comes with what it waits for, and would
    then wait for the server: the cancel is said until it is heard."""
    task = asyncio.ensure_future(opening)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0)
        if not task.cancelled() and task.exception() is None:
            task.result().abort()
        raise


def _code(error: Exception) -> str:
    from aiosmtplib import SMTPResponseException, SMTPServerDisconnected

    match error:
        case SMTPResponseException():
            return "protocol"
        case ssl.SSLCertVerificationError(verify_code=code):
            return "clock" if code == CERT_NOT_YET_VALID else "certificate"
        case ssl.SSLError():
            return "tls"
        case TimeoutError():
            return "timeout"
        case socket.gaierror() | UnicodeError():
            # A name with a label that no resolver takes is a UnicodeError.
            return "dns"
        case ConnectionRefusedError():
            return "refused"
        case SMTPServerDisconnected() | ConnectionError() | EOFError():
            return "lost"
        case OSError():
            return "unreachable"
        case _:
            return "protocol"


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return str(error.verify_message)
    if isinstance(error, ssl.SSLError):
        return str(error.reason or "TLS")
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return shown(str(error))


def _own_name(smtp: "SMTP") -> str:
    """An address literal, for a device has seldom a name in the DNS (RFC 5321 section 4.1.4)."""
    address = str(smtp.get_transport_info("sockname")[0]).partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _extensions(smtp: "SMTP") -> Extensions:
    size = smtp.esmtp_extensions.get("size", "").strip()
    return Extensions(
        pipelining=smtp.supports_extension("pipelining"),
        size=smtp.supports_extension("size"),
        octets_max=int(size) if size.isascii() and size.isdigit() and int(size) > 0 else None,
        eight_bit_mime=smtp.supports_extension("8bitmime"),
        smtputf8=smtp.supports_extension("smtputf8") and smtp.supports_extension("8bitmime"),
        dsn=smtp.supports_extension("dsn"),
        sign_ins=frozenset(method.upper() for method in smtp.server_auth_methods),
    )
