"""What a submission server's answer, or the lack of one, means for the job. The whole failure policy of
SMTP is here.

Rule: the first row that fits decides, and rows stand from the most specific to the least, so that every
answer has exactly one meaning. A row never repeats what was refused for good, for servers close a mailbox
that does (B11): what every message of the mailbox would meet closes it here first, until somebody acts. Words
name the cause, the remedy and who must act (B9); `{account}` and `{sender}` are the two addresses.
"""

import re
from dataclasses import dataclass
from datetime import timedelta

from ...events.information import Actor
from ..ports import Outcome, Phase, Recipient, Verdict
from .reply import Reply

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Row:
    """Fits a code that starts with `code`, or one of ours (`dns`); the enhanced code; and words."""

    code: str
    verdict: Verdict
    meaning: str
    "Cause and remedy in the catalogues: `smtp.timeout.cause`. Rows of one meaning have the same words."
    cause: str
    remedy: str
    actor: Actor
    phase: Phase | None = None
    "None: in any."
    enhanced: str = ""
    text: str = ""
    "A regular expression, looked for without regard to case."
    hold: timedelta | None = None
    "Not before; None: the back-off of tries decides, or how often a closed mailbox is tried."

    def fits(self, phase: Phase, code: str, enhanced: str, words: str) -> bool:
        return (
            (self.phase is None or self.phase is phase)
            and (code.startswith(self.code) if self.code.isdigit() else code == self.code)
            and (not self.enhanced or self.enhanced == enhanced)
            and (not self.text or re.search(self.text, words, re.IGNORECASE) is not None)
        )


LATER, ENDED, SENT, UNKNOWN = Verdict.LATER, Verdict.ENDED, Verdict.SENT, Verdict.UNKNOWN
REFUSED, CLOSES, PAUSES = Verdict.TOKEN_REFUSED, Verdict.CLOSES, Verdict.PAUSES
NOT_AS = Verdict.SENDER_REFUSED
PERSON, ADMIN, TENANT, APP, NOBODY = Actor.PERSON, Actor.ADMIN, Actor.TENANT, Actor.APP, Actor.NOBODY
MAKER = Actor.MAKER
AUTH, RCPT, BODY, CONNECT, MAIL = Phase.AUTH, Phase.RCPT, Phase.BODY, Phase.CONNECT, Phase.MAIL

WAIT = "Wait: the job goes by itself."
CHECK_SERVER = "Check the SMTP server address and port in [E-mail TX (SMTP)]."
CHECK_NETWORK = "Check the network and the SMTP server address in [E-mail TX (SMTP)]."
AUTHENTICATED_SMTP = (
    "In the Microsoft 365 admin center, select the user from [Active users], and select the "
    "[Authenticated SMTP] check box in [Manage email apps] on the [Mail] tab."
)
POLICY = "The organisation's policy refused the sign-in of the device."
SIGN_IN_LOG = f"Look at the organisation's sign-in log. {AUTHENTICATED_SMTP}"
TURN_ON = "Set [OAuth 2.0] in [OAuth Settings] to ON and tap [Acquire]."
NOT_ACCEPTED = "The server did not accept the access token."
ALLOWED = (
    f"{AUTHENTICATED_SMTP} Check that the account {{account}} has a mailbox, and that an application which "
    "signs in without a person may send from it."
)
SIGN_IN_AGAIN = "Sign in again as {account}, and allow everything that the provider asks for."
FRESH_ONE = "A new access token is fetched once; if it is refused too, sign in again."
NOT_THIS_FROM = "The account {account} may not send as {sender}."
SEND_AS = "Send from the account's own address, or have the right [Send As] given to the account."
FULL = "The mailbox of {account} is full; it keeps what is sent, too."
EMPTY_IT = "Empty the mailbox, [Sent Items] too."
BLOCKED = "The provider has blocked the account {account}, its organisation or its network for sending spam."
UNBLOCK = "Secure the account, then have it unblocked in the provider's administration, or by its support."
AFTER_A_WHILE = "The server opens the mailbox again after a while."
TOO_LARGE = "The message is larger than the server takes."
SMALLER = "Scan fewer pages, or at a lower resolution or in a smaller format."
REPORT = "This is a fault of the program: report it with the server's words."
RECIPIENT_BUSY = "The recipient gets too many messages for now."
OUT_OF_HOURS = "The account has sent as much as its provider allows for now."

# fmt: off
REPLIES = (
    # Before the envelope nothing is said of a message: it is never that which is refused (B10).
    Row("5", LATER, "no-service", "The server does not serve this device.",
        "Read the server's words; check the SMTP server address and port in [E-mail TX (SMTP)], and whether "
        "the server takes connections from this network.", ADMIN, CONNECT, "", "", HOUR),
    Row("5", LATER, "no-service", "The server does not serve this device.",
        "Read the server's words; check the SMTP server address and port in [E-mail TX (SMTP)], and whether "
        "the server takes connections from this network.", ADMIN, Phase.STARTTLS, "", "", HOUR),
    # AUTH: who may sign in.
    Row("535", CLOSES, "auth-off", "Authenticated SMTP is off for this user or organisation.",
        AUTHENTICATED_SMTP, TENANT, AUTH, "5.7.139", "SmtpClientAuthentication is disabled", HOUR),
    Row("535", CLOSES, "password-off", "The organisation has turned sign-in by password off.", TURN_ON, ADMIN,
        AUTH, "5.7.139", "basic authentication is disabled|security defaults", HOUR),
    Row("535", CLOSES, "policy", POLICY, SIGN_IN_LOG, TENANT, AUTH, "5.7.139", "", HOUR),
    Row("535", CLOSES, "policy", POLICY, SIGN_IN_LOG, TENANT, AUTH, "5.7.144", "", HOUR),
    Row("535", REFUSED, "token-not-allowed", NOT_ACCEPTED, ALLOWED, TENANT, AUTH, "5.7.3"),
    Row("535", REFUSED, "token-refused", NOT_ACCEPTED, SIGN_IN_AGAIN, PERSON, AUTH),
    Row("550", CLOSES, "password-off-provider", "The provider has turned sign-in by password off.", TURN_ON,
        ADMIN, AUTH, "5.7.30", "", HOUR),
    Row("534", CLOSES, "password-off-account", "The account takes no sign-in by password.", TURN_ON, ADMIN,
        AUTH, "", "application-specific", HOUR),
    Row("534", CLOSES, "browser", "The provider wants a person to sign in with a browser.",
        "Open the provider's page as {account} in a browser and do what it asks; then send again.", PERSON,
        AUTH, "", "", HOUR),
    Row("501", REFUSED, "token-short", "The access token ends too soon for this server.", FRESH_ONE, NOBODY,
        AUTH, "5.5.127"),
    Row("501", CLOSES, "application-not-allowed",
        "The server does not allow the application to send from {account}.",
        "Allow the application for this account with Add-HVEAppAccess, and give it the permission Mail.Send.",
        TENANT, AUTH, "5.5.124", "", HOUR),
    Row("501", CLOSES, "auth-data", "The server could not read the sign-in.", REPORT, MAKER, AUTH, "5.5.2",
        "", HOUR),
    Row("500", CLOSES, "auth-data", "The server could not read the sign-in.", REPORT, MAKER, AUTH, "5.5.2",
        "", HOUR),
    Row("555", CLOSES, "auth-data", "The server could not read the sign-in.", REPORT, MAKER, AUTH, "5.5.2",
        "", HOUR),
    Row("454", LATER, "auth-later", "The server cannot check the sign-in now.", WAIT, NOBODY, AUTH),
    Row("5", CLOSES, "auth-refused", "The server refused the sign-in.",
        "Read the server's words and check the account there.", ADMIN, AUTH, "", "", HOUR),
    # Exchange's exceptions: the name behind STOREDRV decides, for one number has several of them.
    Row("5", PAUSES, "quota", OUT_OF_HOURS, WAIT, NOBODY, None, "", "STOREDRV.*SubmissionQuotaExceeded",
        HOUR),
    Row("5", NOT_AS, "send-as", NOT_THIS_FROM, SEND_AS, TENANT, None, "", "STOREDRV.*SendAsDenied"),
    Row("5", CLOSES, "blocked", BLOCKED, UNBLOCK, TENANT, None, "", "STOREDRV.*OutboundSpam"),
    Row("5", CLOSES, "mailbox-full", FULL, EMPTY_IT, PERSON, None, "", "STOREDRV.*QuotaExceeded"),
    Row("5", ENDED, "size-mailbox", "The message is larger than the mailbox may send.", SMALLER, PERSON,
        None, "", "STOREDRV.*MessageSubmissionExceeded|STOREDRV.*MaxSubmissionExceeded"),
    Row("4", LATER, "recipient-busy", RECIPIENT_BUSY, WAIT, NOBODY, None, "",
        "STOREDRV.Deliver|recipient thread"),
    # The pace of the account.
    Row("432", PAUSES, "connections", "The mailbox has too many connections at once.", WAIT, NOBODY, None,
        "4.3.2", "concurrent connections|sender thread", MINUTE),
    Row("432", LATER, "pace", "The server takes no more of this mail now.", WAIT, NOBODY),
    Row("421", LATER, "tls-version", "The server speaks no version of TLS that the settings allow.",
        "Allow TLSv1.2 in [SSL/TLS Version Setting].", ADMIN, None, "4.7.66", "", HOUR),
    Row("421", LATER, "closes", "The server closes the connection for now.", WAIT, NOBODY),
    Row("550", PAUSES, "quota", OUT_OF_HOURS, WAIT, NOBODY, None, "5.1.90", "", HOUR),
    Row("550", PAUSES, "quota", OUT_OF_HOURS, WAIT, NOBODY, None, "5.1.92", "", HOUR),
    Row("550", PAUSES, "quota", OUT_OF_HOURS, WAIT, NOBODY, None, "5.4.5", "", HOUR),
    Row("550", PAUSES, "quota", OUT_OF_HOURS, WAIT, NOBODY, None, "5.7.232", "", HOUR),
    Row("550", PAUSES, "quota", OUT_OF_HOURS, WAIT, NOBODY, None, "5.7.233", "", HOUR),
    Row("55", PAUSES, "quota", OUT_OF_HOURS, WAIT, NOBODY, None, "5.2.2", "submission quota exceeded", HOUR),
    # Whose name stands on it.
    Row("530", LATER, "starttls-first", "The server wants STARTTLS or a sign-in first.",
        "Check [E-mail TX (SMTP)] and turn [OAuth 2.0] on.", ADMIN, None, "", "", HOUR),
    Row("535", LATER, "starttls-first", "The server wants STARTTLS or a sign-in first.",
        "Check [E-mail TX (SMTP)] and turn [OAuth 2.0] on.", ADMIN, None, "5.7.57", "", HOUR),
    Row("550", NOT_AS, "send-as", NOT_THIS_FROM, SEND_AS, TENANT, None, "5.7.60"),
    Row("554", NOT_AS, "send-as", NOT_THIS_FROM, SEND_AS, TENANT, None, "5.2.252"),
    # The sender's mailbox, its organisation, its network: every message would meet the same.
    Row("55", ENDED, "recipient-full", "The recipient's mailbox is full.", "Send it again later.", PERSON,
        RCPT, "5.2.2"),
    Row("554", CLOSES, "mailbox-full", FULL, EMPTY_IT, PERSON, None, "5.2.2", "mailbox.*full|quota exceeded"),
    Row("550", CLOSES, "mailbox-full", FULL, EMPTY_IT, PERSON, None, "5.2.251"),
    Row("550", CLOSES, "closed-send-as", "The server has closed the mailbox: {account} sent too much as "
        "somebody else.", f"{SEND_AS} {AFTER_A_WHILE}", TENANT, None, "5.2.252"),
    Row("550", CLOSES, "licence", "The mailbox of {account} has no valid licence.",
        f"Give the account a licence that has a mailbox. {AFTER_A_WHILE}", TENANT, None, "5.2.253"),
    Row("550", CLOSES, "closed-many", "The server has closed the mailbox: messages of {account} had too many "
        "recipients.", f"Send to fewer at a time. {AFTER_A_WHILE}", PERSON, None, "5.2.254"),
    Row("550", CLOSES, "closed-wrong", "The server has closed the mailbox: too many recipients of {account} "
        "do not exist.", f"Correct the addresses. {AFTER_A_WHILE}", PERSON, None, "5.2.255"),
    Row("550", CLOSES, "blocked", BLOCKED, UNBLOCK, TENANT, None, "5.1.8"),
    Row("550", CLOSES, "blocked", BLOCKED, UNBLOCK, TENANT, None, "5.7.501"),
    Row("550", CLOSES, "blocked", BLOCKED, UNBLOCK, TENANT, None, "5.7.502"),
    Row("550", CLOSES, "blocked", BLOCKED, UNBLOCK, TENANT, None, "5.7.503"),
    Row("550", CLOSES, "blocked", BLOCKED, UNBLOCK, TENANT, None, "5.7.705"),
    Row("550", CLOSES, "blocked", BLOCKED, UNBLOCK, TENANT, None, "5.7.708"),
    # Size.
    Row("552", ENDED, "header", "The server does not take the message's header.", REPORT, MAKER, None,
        "5.3.4", "header size"),
    Row("552", ENDED, "content", "The server takes what is attached for dangerous.",
        "Read the server's words; send the pages in another format.", PERSON, None, "5.7.0"),
    Row("552", ENDED, "size", TOO_LARGE, SMALLER, PERSON, None, "5.2.3"),
    Row("552", ENDED, "size", TOO_LARGE, SMALLER, PERSON, None, "5.3.4"),
    Row("552", ENDED, "limit", "The message or the mailbox is over its limit.", SMALLER, PERSON),
    # The message, as the rules of an organisation or of the server see it.
    Row("5", ENDED, "header", "The server does not take the message's header.", REPORT, MAKER, None,
        "5.7.512"),
    Row("5", ENDED, "header", "The server does not take the message's header.", REPORT, MAKER, None,
        "5.6.11"),
    Row("5", ENDED, "blocked-recipient",
        "A recipient is on the organisation's own block list, so nobody gets the message.",
        "Send without that recipient, or have the address taken off the list.", TENANT, None, "5.7.703"),
    # One recipient.
    Row("5", LATER, "recipient-busy", RECIPIENT_BUSY, WAIT, NOBODY, None, "5.2.121", "", HOUR),
    Row("5", LATER, "recipient-busy", RECIPIENT_BUSY, WAIT, NOBODY, None, "5.2.122", "", HOUR),
    Row("45", LATER, "recipient-busy", RECIPIENT_BUSY, WAIT, NOBODY, RCPT, "4.2.1"),
    Row("45", LATER, "recipient-full-now", "The recipient's mailbox is full for now.", WAIT, NOBODY, RCPT,
        "4.2.2"),
    Row("45", LATER, "recipients-many", "The server takes fewer recipients at a time.", WAIT, NOBODY, RCPT,
        "4.5.3"),
    Row("550", ENDED, "inside-only", "The server for high volume takes recipients of the organisation alone.",
        "Send to others over the provider's usual server: leave {smtp.server} empty.", TENANT, None,
        "5.5.105"),
    Row("550", ENDED, "members-only", "The recipient is a group that takes mail of its organisation alone.",
        "Have the group opened to this sender.", TENANT, None, "5.7.133"),
    Row("550", ENDED, "no-recipient", "There is no such recipient.", "Correct the address.", PERSON, RCPT,
        "5.4.1"),
    Row("550", ENDED, "no-recipient", "There is no such recipient.", "Correct the address.", PERSON, RCPT,
        "5.1.1"),
    Row("550", ENDED, "no-recipient", "There is no such recipient.", "Correct the address.", PERSON, RCPT,
        "5.1.10"),
    Row("553", ENDED, "no-recipient", "There is no such recipient.", "Correct the address.", PERSON, RCPT),
    Row("5", ENDED, "recipient", "The server refuses this recipient.",
        "Read the server's words; correct the address.", PERSON, RCPT),
    Row("550", ENDED, "policy-message", "A rule of the server or of the organisation refuses the message.",
        "Read the server's words, and have the rule changed.", TENANT, None, "5.7.1"),
    # Whatever else.
    Row("2", SENT, "taken", "The server took the message.", "", NOBODY, BODY),
    Row("4", LATER, "later", "The server cannot take the message now.", WAIT, NOBODY),
    Row("5", ENDED, "refused", "The server refused the message.", "Read the server's words.", PERSON),
    Row("3", UNKNOWN, "ends-nothing", "The server gave an answer that ends nothing.", WAIT, NOBODY, BODY),
    Row("2", LATER, "out-of-turn", "The server gave an answer out of turn.", CHECK_SERVER, ADMIN),
    Row("3", LATER, "out-of-turn", "The server gave an answer out of turn.", CHECK_SERVER, ADMIN),
)
OURS = (
    # No connection.
    Row("dns", LATER, "dns", "The name of the SMTP server is not known.", CHECK_NETWORK, ADMIN),
    Row("refused", LATER, "no-server", "No server listens at the SMTP server's address.", CHECK_SERVER,
        ADMIN),
    Row("unreachable", LATER, "unreachable", "The SMTP server cannot be reached.", CHECK_NETWORK, ADMIN),
    # No trust.
    Row("clock", LATER, "clock", "The server's certificate is not valid yet, by the clock of this device.",
        "Set the date and time of this device.", ADMIN),
    Row("certificate", LATER, "certificate", "The server's certificate was not accepted.",
        "Check the SMTP server address; give the company's authority in the setting `trust`.", ADMIN),
    Row("tls", LATER, "tls", "The secure connection could not be made.",
        "Check [SSL/TLS Version Setting] and the port of the SMTP server.", ADMIN),
    Row("no-tls", LATER, "no-tls", "The server offers no secure connection, and without one nothing is sent.",
        CHECK_SERVER, ADMIN, hold=HOUR),
    Row("plain", LATER, "plain", "Without a secure connection neither token nor password is sent.",
        "Choose STARTTLS or implicit TLS in {smtp.security}.", ADMIN, hold=HOUR),
    Row("trust", LATER, "trust", "The file with certificate authorities cannot be read.",
        "Check the setting `trust`.", ADMIN),
    Row("unverified", LATER, "unverified", "The TLS context does not verify the server.",
        "Correct the program that embeds this one.", APP, hold=HOUR),
    Row("password", CLOSES, "password", "The server did not accept the user name and password.",
        "Correct user name and password in [E-mail TX (SMTP)], or turn [OAuth 2.0] on.", ADMIN, hold=HOUR),
    Row("mechanism", LATER, "mechanism", "The server offers no way to sign in that this device has.",
        CHECK_SERVER, ADMIN, hold=HOUR),
    Row("sign-in-gone", LATER, "sign-in-gone", "The sign-in with which the message was to go has ended.",
        "Wait: the job goes with the next sign-in or access token.", NOBODY),
    # No answer.
    Row("timeout", UNKNOWN, "unknown-timeout", "The server did not say whether it took the message.", WAIT,
        NOBODY, BODY),
    Row("lost", UNKNOWN, "unknown-lost",
        "The connection ended before the server said whether it took the message.", WAIT, NOBODY, BODY),
    Row("protocol", UNKNOWN, "unknown-protocol", "The server's answer was no SMTP.", WAIT, NOBODY, BODY),
    Row("lost", LATER, "lost-starttls", "The server ended the connection while it was being secured.",
        "Check [SSL/TLS Version Setting]: the server may speak none of these versions.", ADMIN,
        Phase.STARTTLS),
    Row("timeout", LATER, "timeout", "The server did not answer in time.", WAIT, NOBODY),
    Row("lost", LATER, "lost", "The server ended the connection.", WAIT, NOBODY),
    Row("protocol", LATER, "protocol", "What answers is no SMTP server.", CHECK_SERVER, ADMIN),
    # The message itself.
    Row("size", ENDED, "size", TOO_LARGE, SMALLER, PERSON),
    Row("smtputf8", ENDED, "letters", "The server takes no address with these letters.",
        "Use addresses in plain letters.", PERSON),
    Row("8bitmime", ENDED, "eight-bit", "The server takes only messages whose octets have seven bits.",
        "Let the program write its text in quoted-printable or base64.", ADMIN),
    Row("address", ENDED, "address", "An address cannot be given to the server.", "Correct the address.",
        PERSON),
    Row("file-changed", ENDED, "file-changed", "A file changed after the job was accepted.", "Scan again.",
        PERSON),
    Row("file", ENDED, "file", "A file of the job cannot be read.", "Scan again.", PERSON),
    Row("disk", LATER, "disk", "The disk did not give a file of the job.",
        "Check the disk of the device; once it gives the file, the job goes by itself.", ADMIN),
)
# fmt: on
ROWS = REPLIES + OURS
_ROWS_BY_BEGINNING = {
    first: tuple(row for row in ROWS if row.code[:1] == first) for first in {row.code[:1] for row in ROWS}
}
"By the first character of the code, in their order: most replies are of one class."


def meaning(phase: Phase, reply: Reply) -> Row:
    return _first(phase, str(reply.code), reply.enhanced, reply.words)


def explain(outcome: Outcome) -> Row:
    """The row behind an outcome, for its words."""
    code, _, enhanced = outcome.code.partition(" ")
    return _first(outcome.phase, code, enhanced, outcome.reply)


def answered(phase: Phase, reply: Reply) -> Outcome:
    """What the server's reply comes to."""
    row = meaning(phase, reply)
    return Outcome(row.verdict, phase, reply.status, reply.words, answered=True, retry_after=row.hold)


def recipient(address: str, reply: Reply) -> Recipient:
    """What the server said of one recipient (S33c)."""
    if reply.good:
        return Recipient(address, True, str(reply))
    row = meaning(Phase.RCPT, reply)
    return Recipient(address, False, str(reply), row.verdict, reply.status, row.hold)


def ours(phase: Phase, code: str, words: str, *, server_spoke: bool) -> Outcome:
    """What one of our own codes comes to; raises LookupError for one without a row."""
    row = _first(phase, code, "", words)
    return Outcome(row.verdict, phase, code, words, answered=server_spoke, retry_after=row.hold)


def _first(phase: Phase, code: str, enhanced: str, words: str) -> Row:
    for row in _ROWS_BY_BEGINNING.get(code[:1], ()):
        if row.fits(phase, code, enhanced, words):
            return row
    raise LookupError(code)
