"""Alertmanager and Grafana, as far as their mail goes: two programs that cannot be had from Debian, played by
what their settings say and their source does.

Facts, each looked up in the source that is named:

- net/smtp of Go (`smtp.go`, `auth.go`): EHLO, then HELO where that is refused; MAIL has BODY=8BITMIME and
  SMTPUTF8 wherever they are offered, whatever the message holds; EHLO again under TLS; PLAIN with its initial
  response, without TLS to localhost, 127.0.0.1 and ::1 alone; a failed AUTH is broken off with `*` and QUIT.
- Alertmanager (`notify/email/email.go`, `docs/configuration.md`): TLS from the first octet at port 465, or as
  `force_implicit_tls` says; STARTTLS where `require_tls` says so, and then a server without it is refused,
  but never else; a user is signed in by the first mechanism of those offered that it knows; header fields in
  any order, then Message-Id, Date (RFC 1123 with a numeric zone), Content-Type and MIME-Version; one part of
  HTML in multipart/alternative, quoted-printable, for a text part is empty by default.
- Grafana (`pkg/services/notifications/smtp.go`, `mailer.go`, `pkg/setting/setting_smtp.go`) with `mail.v2`
  (`smtp.go`, `writeto.go`): TLS from the first octet at port 465; STARTTLS wherever it is offered, unless
  `startTLS_policy` is NoStartTLS, and never without it for MandatoryStartTLS; EHLO with `ehlo_identity`, else
  the instance's name; CRAM-MD5, else LOGIN where PLAIN is not offered, else PLAIN; MIME-Version and Date,
  then header fields in any order; Message-ID with the domain of the From; one part of HTML, quoted-printable.
"""

import configparser
import quopri
import re
import smtplib
import socket
import ssl
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from email.charset import QP, Charset
from email.header import Header
from email.utils import format_datetime, formataddr
from pathlib import Path
from typing import Any

import yaml

from franking.engine.clock import SystemClock

LOCAL = ("localhost", "127.0.0.1", "::1")
IMPLICIT_TLS = 465
TIMEOUT_S = 30.0
FILE = re.compile(r"\$__file\{([^}]+)\}")
Routes = Mapping[tuple[str, int], int]
"Host and port of a document, to the port on loopback where that is played."


class Refused(Exception):
    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Network:
    routes: Routes
    trust: ssl.SSLContext


class Connection(smtplib.SMTP):
    """To the host that the settings name, wherever that is played."""

    def __init__(self, network: Network, address: str, *, tls: bool) -> None:
        host, _, port = address.rpartition(":")
        self.network, self.host, self.tls = network, host, tls
        super().__init__(host, int(port), timeout=TIMEOUT_S)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        there = socket.create_connection(("127.0.0.1", self.network.routes[host, port]), timeout)
        return self.network.trust.wrap_socket(there, server_hostname=host) if self.tls else there

    def say(self, wanted: int, line: str) -> str:
        """`wanted`: the reply's first digits. Raises Refused."""
        code, told = self.docmd(line)
        if not str(code).startswith(str(wanted)):
            raise Refused(code, told.decode())
        return told.decode()

    def hello(self, name: str) -> None:
        if self.ehlo(name)[0] != 250:
            self.helo(name)

    def encrypt(self, name: str) -> None:
        code, told = self.starttls(context=self.network.trust)
        if code != 220:
            raise Refused(code, told.decode())
        self.tls = True
        self.ehlo(name)

    @property
    def mechanisms(self) -> list[str]:
        return self.esmtp_features.get("auth", "").split()

    def sign_in(self, mechanism: str, user: str, password: str) -> None:
        """Raises Refused."""
        try:
            if mechanism == "PLAIN":
                if not self.tls and self.host not in LOCAL:
                    raise Refused(0, "unencrypted connection")
                self.say(235, f"AUTH PLAIN {encoded(f'{chr(0)}{user}{chr(0)}{password}')}")
            else:
                said = {"username:": user, "password:": password}
                asked = self.say(334, "AUTH LOGIN")
                asked = self.say(334, encoded(said[b64decode(asked).decode().lower()]))
                self.say(235, encoded(said[b64decode(asked).decode().lower()]))
        except Refused:
            self.docmd("*")
            self.quit()
            raise

    def transact(self, writer: str, recipients: list[str], octets: bytes) -> None:
        """Raises Refused."""
        wanted = {"8bitmime": " BODY=8BITMIME", "smtputf8": " SMTPUTF8"}
        options = "".join(each for name, each in wanted.items() if self.has_extn(name))
        self.say(250, f"MAIL FROM:<{writer}>{options}")
        for recipient in recipients:
            self.say(25, f"RCPT TO:<{recipient}>")
        code, told = self.data(octets)
        self.quit()
        if code != 250:
            raise Refused(code, told.decode())


def encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


def quoted_printable(text: str) -> str:
    return "\r\n".join(quopri.encodestring(text.encode()).decode("ascii").splitlines())


def word(text: str) -> str:
    """RFC 2047, by the letter."""
    charset = Charset("utf-8")
    charset.header_encoding = QP
    return text if text.isascii() else Header(text, charset).encode()


def as_alertmanager_does(settings: str, network: Network, subject: str, html: str) -> bytes:
    """What it has sent. `settings`: of alertmanager.yml. Raises Refused."""
    given: dict[str, Any] = yaml.safe_load(settings)
    own = given["global"]
    (receiver,) = [each for each in given["receivers"] if each["name"] == given["route"]["receiver"]]
    (mail,) = receiver["email_configs"]
    address, name = own["smtp_smarthost"], own.get("smtp_hello", "localhost")
    tls = own.get("smtp_force_implicit_tls", address.endswith(f":{IMPLICIT_TLS}"))
    with Connection(network, address, tls=tls) as there:
        there.hello(name)
        if own.get("smtp_require_tls", True) and not tls:
            if not there.has_extn("starttls"):
                raise Refused(0, "'require_tls' is true, and STARTTLS is not offered")
            there.encrypt(name)
        if there.mechanisms and (user := own.get("smtp_auth_username")):
            mechanism = next(each for each in there.mechanisms if each in ("PLAIN", "LOGIN"))
            there.sign_in(mechanism, user, Path(own["smtp_auth_password_file"]).read_text("utf-8").strip())
        now = SystemClock().now()
        fields = [
            ("Subject", word(subject)),
            ("To", mail["to"]),
            ("From", own["smtp_from"]),
            ("Message-Id", f"<{now.timestamp():.0f}.7430617205117632421@{name}>"),
            ("Date", format_datetime(now)),
            ("Content-Type", "multipart/alternative;  boundary=3c0d5fd2a7"),
            ("MIME-Version", "1.0"),
        ]
        part = ["Content-Transfer-Encoding: quoted-printable", "Content-Type: text/html; charset=UTF-8", ""]
        lines = [*(f"{field}: {value}" for field, value in fields), "", "--3c0d5fd2a7", *part]
        octets = "\r\n".join([*lines, quoted_printable(html), "--3c0d5fd2a7--", ""]).encode()
        there.transact(own["smtp_from"], mail["to"].split(", "), octets)
    return octets


def as_grafana_does(settings: str, network: Network, to: str, subject: str, html: str) -> bytes:
    """What it has sent. `settings`: of grafana.ini. Raises Refused."""
    given = configparser.ConfigParser(interpolation=None)
    given.read_string(settings)
    own = given["smtp"]
    assert own.getboolean("enabled")
    address, name, policy = own["host"], own.get("ehlo_identity", "monitor"), own.get("startTLS_policy", "")
    with Connection(network, address, tls=address.endswith(f":{IMPLICIT_TLS}")) as there:
        there.hello(name)
        if not there.tls and policy != "NoStartTLS":
            if there.has_extn("starttls"):
                there.encrypt(name)
            elif policy == "MandatoryStartTLS":
                raise Refused(0, "MandatoryStartTLS, and STARTTLS is not offered")
        if there.mechanisms and (user := own.get("user")):
            assert "CRAM-MD5" not in there.mechanisms
            login = "LOGIN" in there.mechanisms and "PLAIN" not in there.mechanisms
            password = FILE.sub(lambda found: Path(found[1]).read_text("utf-8").strip(), own["password"])
            there.sign_in("LOGIN" if login else "PLAIN", user, password)
        writer = own["from_address"]
        fields = [
            ("MIME-Version", "1.0"),
            ("Date", format_datetime(SystemClock().now())),
            ("Subject", word(subject)),
            ("From", formataddr((own["from_name"], writer))),
            ("Message-ID", f"<1f8c0a3e-5b7d-4c52-9d11-7d2f0c9e6a45@{writer.rpartition('@')[2]}>"),
            ("To", to),
            ("Content-Type", "text/html; charset=UTF-8"),
            ("Content-Transfer-Encoding", "quoted-printable"),
        ]
        lines = [*(f"{field}: {value}" for field, value in fields), "", quoted_printable(html), ""]
        octets = "\r\n".join(lines).encode()
        there.transact(writer, [to], octets)
    return octets
