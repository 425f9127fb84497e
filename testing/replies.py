"""How the submission servers of the providers differ, as data: extensions, mechanisms, replies.

Rule: nothing in the server asks which provider is played. Every reply carries an enhanced code (RFC 3463, RFC
2034).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from .quirks import GOOGLE, MICROSOFT
from .standard import STANDARD

SERVER_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "220 Ready to start TLS": "220 2.0.0 SMTP server ready",
        "221 Bye": "221 2.0.0 Service closing transmission channel",
        "250 OK": "250 2.0.0 OK",
        "500 Command line too long": "500 5.5.2 line too long",
        "500 Line too long (see RFC5321 4.5.3.1.6)": "500 5.5.2 line too long",
        "501 Not enough value": "501 5.5.4 Syntax error in parameters or arguments",
        "501 Too many values": "501 5.5.4 Syntax error in parameters or arguments",
        "503 Already authenticated": "503 5.5.1 Already authenticated",
        "503 Error: nested MAIL command": "503 5.5.1 Sender already specified",
        "503 Error: need MAIL command": "503 5.5.1 Need MAIL command first",
        "503 Error: need RCPT command": "503 5.5.1 Need RCPT command first",
        "503 Error: send EHLO first": "503 5.5.1 Send EHLO first",
        "503 Error: send HELO first": "503 5.5.1 Send EHLO first",
        "552 Error: Too much mail data": "552 5.3.4 Message size exceeds fixed maximum message size",
        "552 Error: message size exceeds fixed maximum message size": (
            "552 5.3.4 Message size exceeds fixed maximum message size"
        ),
    }
)
"What the library says without an enhanced code, and what is said instead."


@dataclass(frozen=True, slots=True)
class Replies:
    """One provider's submission server. `token_challenge`: sent as 334 before a token is refused."""

    name: str
    banner: str
    octets_max: int
    mechanisms: frozenset[str]
    extensions: tuple[str, ...]
    starttls_first: str
    auth_first: str
    authenticated: str
    token_refused: str
    token_challenge: bytes | None
    password_refused: str
    submission_disabled: str
    sender_refused: str
    sender_ok: str
    recipient_ok: str
    accepted: str


MICROSOFT_REPLIES = Replies(
    name=MICROSOFT.name,
    banner="Microsoft ESMTP MAIL Service ready",
    octets_max=157_286_400,
    mechanisms=frozenset({"LOGIN", "XOAUTH2"}),
    extensions=("PIPELINING", "DSN", "ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8"),
    starttls_first="530 5.7.57 Client not authenticated to send mail.",
    auth_first="530 5.7.57 Client not authenticated to send mail.",
    authenticated="235 2.7.0 Authentication successful",
    token_refused="535 5.7.3 Authentication unsuccessful",
    token_challenge=None,
    password_refused="535 5.7.3 Authentication unsuccessful",
    submission_disabled=(
        "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox. "
        "Visit https://aka.ms/smtp_auth_disabled for more information."
    ),
    sender_refused="550 5.7.60 SMTP; Client does not have permissions to send as this sender",
    sender_ok="250 2.1.0 Sender OK",
    recipient_ok="250 2.1.5 Recipient OK",
    accepted="250 2.0.0 OK Queued mail for delivery",
)

GOOGLE_REPLIES = Replies(
    name=GOOGLE.name,
    banner="ESMTP - gsmtp",
    octets_max=35_882_577,
    mechanisms=frozenset({"LOGIN", "PLAIN", "XOAUTH2", "OAUTHBEARER"}),
    extensions=("8BITMIME", "ENHANCEDSTATUSCODES", "PIPELINING", "SMTPUTF8"),
    starttls_first="530 5.7.0 Must issue a STARTTLS command first. - gsmtp",
    auth_first="530 5.7.0 Authentication Required. - gsmtp",
    authenticated="235 2.7.0 Accepted",
    token_refused="535 5.7.8 Username and Password not accepted. - gsmtp",
    token_challenge=b'{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}',
    password_refused="535 5.7.8 Username and Password not accepted. - gsmtp",
    submission_disabled="535 5.7.8 Username and Password not accepted. - gsmtp",
    sender_refused="550 5.7.60 The sender address is not one of this account's. - gsmtp",
    sender_ok="250 2.1.0 OK - gsmtp",
    recipient_ok="250 2.1.5 OK - gsmtp",
    accepted="250 2.0.0 OK - gsmtp",
)

STANDARD_REPLIES = Replies(
    name=STANDARD.name,
    banner="ESMTP",
    octets_max=52_428_800,
    mechanisms=frozenset({"LOGIN", "PLAIN", "XOAUTH2", "OAUTHBEARER"}),
    extensions=("8BITMIME", "DSN", "ENHANCEDSTATUSCODES", "PIPELINING", "SMTPUTF8"),
    starttls_first="530 5.7.0 Must issue a STARTTLS command first",
    auth_first="530 5.7.0 Authentication required",
    authenticated="235 2.7.0 Authentication successful",
    token_refused="535 5.7.8 Authentication credentials invalid",
    token_challenge=b'{"status":"invalid_token","schemes":"bearer","scope":"smtp"}',
    password_refused="535 5.7.8 Authentication credentials invalid",
    submission_disabled="535 5.7.8 Authentication credentials invalid",
    sender_refused="553 5.7.1 Sender address rejected: not owned by user",
    sender_ok="250 2.1.0 Ok",
    recipient_ok="250 2.1.5 Ok",
    accepted="250 2.0.0 Ok: queued",
)

REPLIES_BY_NAME: Mapping[str, Replies] = MappingProxyType(
    {replies.name: replies for replies in (MICROSOFT_REPLIES, GOOGLE_REPLIES, STANDARD_REPLIES)}
)
