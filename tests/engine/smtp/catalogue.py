"""What submission servers are known to reply, and what each reply has to come to: 78 rows.

It is collected from the providers' documentation and from reports of what was seen, apart from the table that
decides. `code` is how the sources name the reply.
"""

from dataclasses import dataclass

from franking.engine.ports import Phase, Verdict
from franking.events.information import Actor

AUTH, MAIL, RCPT, BODY, CONNECT = Phase.AUTH, Phase.MAIL, Phase.RCPT, Phase.BODY, Phase.CONNECT
LATER, ENDED, CLOSES, UNKNOWN = Verdict.LATER, Verdict.ENDED, Verdict.CLOSES, Verdict.UNKNOWN
TOKEN, NOT_AS, PAUSES = Verdict.TOKEN_REFUSED, Verdict.SENDER_REFUSED, Verdict.PAUSES
USER, ADMIN, TENANT, MAKER, NOBODY = Actor.PERSON, Actor.ADMIN, Actor.TENANT, Actor.MAKER, Actor.NOBODY


@dataclass(frozen=True, slots=True)
class Known:
    provider: str
    code: str
    phase: Phase
    reply: int
    text: str
    verdict: Verdict
    actor: Actor

    @property
    def name(self) -> str:
        return f"{self.provider}-{self.code}".replace(" ", "-")


def of(provider: str, *rows: tuple[str, Phase, int, str, Verdict, Actor]) -> list[Known]:
    return [Known(provider, *row) for row in rows]


MICROSOFT = of(
    "microsoft",
    ("535 5.7.3", AUTH, 535, "5.7.3 Authentication unsuccessful", TOKEN, TENANT),
    ("535 5.7.139 SmtpClientAuthentication is disabled for the Tenant", AUTH, 535,
     "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.", CLOSES,
     TENANT),
    ("535 5.7.139 SmtpClientAuthentication is disabled for the Mailbox", AUTH, 535,
     "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.", CLOSES,
     TENANT),
    ("535 5.7.139 basic authentication is disabled", AUTH, 535,
     "5.7.139 Authentication unsuccessful, basic authentication is disabled.", CLOSES, ADMIN),
    ("535 5.7.139 user is locked by your organization's security defaults policy", AUTH, 535,
     "5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy.",
     CLOSES, ADMIN),
    ("535 5.7.139 the request did not meet the criteria to be authenticated successfully", AUTH, 535,
     "5.7.139 The request did not meet the criteria to be authenticated successfully.", CLOSES, TENANT),
    ("550 5.7.30", AUTH, 550, "5.7.30 Basic authentication is not supported for Client Submission.", CLOSES,
     ADMIN),
    ("530 5.7.57", MAIL, 530, "5.7.57 Client not authenticated to send mail.", LATER, ADMIN),
    ("550 5.7.60", MAIL, 550, "5.7.60 Client does not have permissions to send as this sender", NOT_AS,
     TENANT),
    ("554 5.2.252", BODY, 554, "5.2.252 SendAsDenied; a@example.com not allowed to send as b@example.com",
     NOT_AS, TENANT),
    ("554 5.2.0 SendAsDeniedException", BODY, 554,
     "5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied", NOT_AS, TENANT),
    ("554 5.2.0 SubmissionQuotaExceededException", BODY, 554,
     "5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException", PAUSES, NOBODY),
    ("554 5.2.2 mailbox full", BODY, 554, "5.2.2 mailbox full", CLOSES, USER),
    ("550 5.2.251", BODY, 550, "5.2.251 Mailbox is throttled", CLOSES, USER),
    ("550 5.2.252", BODY, 550, "5.2.252 Mailbox is throttled", CLOSES, TENANT),
    ("550 5.2.253", BODY, 550, "5.2.253 Mailbox is throttled", CLOSES, TENANT),
    ("550 5.2.254", BODY, 550, "5.2.254 Mailbox is throttled", CLOSES, USER),
    ("550 5.2.255", BODY, 550, "5.2.255 Mailbox is throttled", CLOSES, USER),
    ("432 4.3.2 concurrent connections", MAIL, 432, "4.3.2 Concurrent connections limit exceeded", PAUSES,
     NOBODY),
    ("432 4.3.2 recipient thread limit", BODY, 432, "4.3.2 STOREDRV.Deliver; recipient thread limit exceeded",
     LATER, NOBODY),
    ("4.3.2 sender thread limit exceeded", BODY, 432, "4.3.2 ClientSubmit; sender thread limit exceeded",
     PAUSES, NOBODY),
    ("421 4.7.66", CONNECT, 421, "4.7.66 TLS 1.0 and 1.1 are not supported.", LATER, ADMIN),
    ("451 4.7.500", MAIL, 451, "4.7.500 Server busy. Please try again later.", LATER, NOBODY),
    ("501 5.5.127", AUTH, 501, "5.5.127 Token lifetime too short", TOKEN, NOBODY),
    ("501 5.5.124", AUTH, 501, "5.5.124 XOAUTH2 data invalid", CLOSES, TENANT),
    ("550 5.5.105", RCPT, 550, "5.5.105 Recipient is not in the organization", ENDED, TENANT),
    ("550 5.1.8", BODY, 550, "5.1.8 Access denied, bad outbound sender", CLOSES, TENANT),
    ("550 5.1.90", RCPT, 550, "5.1.90 Your message can't be sent, daily limit reached", PAUSES, NOBODY),
    ("550 5.1.92", RCPT, 550, "5.1.92 Sending limit exceeded", PAUSES, NOBODY),
    ("5.2.121", RCPT, 550, "5.2.121 Recipient's per hour message receive limit from this sender exceeded",
     LATER, NOBODY),
    ("5.2.122", RCPT, 550, "5.2.122 Recipient's per hour message receive limit exceeded", LATER, NOBODY),
    ("5.2.2 Submission quota exceeded", BODY, 550, "5.2.2 Submission quota exceeded", PAUSES, NOBODY),
    ("5.7.232", RCPT, 550, "5.7.232 Trial tenant has exceeded its daily limit", PAUSES, NOBODY),
    ("5.7.233", RCPT, 550, "5.7.233 Tenant has exceeded its daily limit", PAUSES, NOBODY),
    ("4.5.3", RCPT, 452, "4.5.3 Too many recipients", LATER, NOBODY),
    ("550 5.7.501", BODY, 550, "5.7.501 Access denied, spam abuse detected", CLOSES, TENANT),
    ("5.7.512", BODY, 550, "5.7.512 Access denied, message must be RFC 5322 section 3.6.2 compliant", ENDED,
     MAKER),
    ("5.6.11", BODY, 550, "5.6.11 Invalid characters: bare LF", ENDED, MAKER),
    ("5.7.703", BODY, 550, "5.7.703 Your message can't be delivered, recipient is blocked", ENDED, TENANT),
    ("550 5.7.705", BODY, 550, "5.7.705 Access denied, tenant has exceeded threshold", CLOSES, TENANT),
    ("550 5.7.708", BODY, 550, "5.7.708 Access denied, traffic not accepted from this IP", CLOSES, TENANT),
    ("552 5.3.4 header size", BODY, 552, "5.3.4 Header size exceeds fixed maximum size", ENDED, MAKER),
    ("552 5.3.4", MAIL, 552, "5.3.4 Message size exceeds fixed maximum message size", ENDED, USER),
    ("554 MessageSubmissionExceededException", BODY, 554,
     "5.3.4 STOREDRV.Submission.Exception:MessageSubmissionExceededException", ENDED, USER),
    ("552 5.2.3", BODY, 552, "5.2.3 Message too large", ENDED, USER),
    ("550 5.1.10", RCPT, 550, "5.1.10 Recipient not found", ENDED, USER),
    ("550 5.4.1", RCPT, 550, "5.4.1 Recipient address rejected: Access denied.", ENDED, USER),
    ("550 5.7.133", RCPT, 550, "5.7.133 Sender not authenticated for group", ENDED, TENANT),
    ("535 5.7.144", AUTH, 535, "5.7.144 Authentication unsuccessful", CLOSES, TENANT),
)  # fmt: skip
GOOGLE = of(
    "google",
    # The challenge ends nothing: the final reply after the empty line decides.
    ("334 JSON", AUTH, 535, "5.7.8 Username and Password not accepted.", TOKEN, USER),
    ("535 5.7.8", AUTH, 535, "5.7.8 Username and Password not accepted.", TOKEN, USER),
    ("534 5.7.9 Application-specific password required", AUTH, 534,
     "5.7.9 Application-specific password required.", CLOSES, ADMIN),
    ("534 5.7.9 Please log in with your web browser", AUTH, 534,
     "5.7.9 Please log in with your web browser and then try again.", CLOSES, USER),
    ("534 5.7.14", AUTH, 534, "5.7.14 Please log in via your web browser", CLOSES, USER),
    ("530 5.7.0", MAIL, 530, "5.7.0 Must issue a STARTTLS command first.", LATER, ADMIN),
    ("454 4.7.0", AUTH, 454, "4.7.0 Too many login attempts, please try again later.", LATER, NOBODY),
    ("421 4.7.0", CONNECT, 421, "4.7.0 Temporary System Problem.", LATER, NOBODY),
    ("421 4.7.28", BODY, 421, "4.7.28 Unusual rate of unsolicited mail.", LATER, NOBODY),
    ("421 4.4.5", CONNECT, 421, "4.4.5 Server busy, try again later.", LATER, NOBODY),
    ("421 4.3.0", CONNECT, 421, "4.3.0 Temporary System Problem.", LATER, NOBODY),
    ("451 4.3.0", BODY, 451, "4.3.0 Mail server temporarily rejected message.", LATER, NOBODY),
    ("450 4.2.1", RCPT, 450, "4.2.1 The user is receiving mail too quickly.", LATER, NOBODY),
    ("452 4.2.2", RCPT, 452, "4.2.2 The recipient's inbox is out of storage space.", LATER, NOBODY),
    ("452 4.5.3", RCPT, 452, "4.5.3 Too many recipients.", LATER, NOBODY),
    ("550 5.4.5", BODY, 550, "5.4.5 Daily user sending limit exceeded.", PAUSES, NOBODY),
    ("552 5.2.3", MAIL, 552, "5.2.3 Your message exceeded Google's message size limits.", ENDED, USER),
    ("552 5.3.4", BODY, 552, "5.3.4 Your message exceeded Google's message size limits.", ENDED, USER),
    ("552 5.7.0", BODY, 552, "5.7.0 This message was blocked because its content presents a security issue.",
     ENDED, USER),
    ("555 5.5.2", AUTH, 555, "5.5.2 Syntax error, goodbye.", CLOSES, MAKER),
    ("550 5.1.1", RCPT, 550, "5.1.1 The account does not exist.", ENDED, USER),
    ("553 5.1.2", RCPT, 553, "5.1.2 The recipient domain was not found.", ENDED, USER),
    ("550 5.7.1", BODY, 550, "5.7.1 The message is likely unsolicited.", ENDED, TENANT),
)  # fmt: skip
ANY = of(
    "any",
    ("4yz-unknown", BODY, 459, "Something passes", LATER, NOBODY),
    ("5yz-unknown-at-auth", AUTH, 559, "No", CLOSES, ADMIN),
    ("5yz-unknown-at-data", BODY, 559, "No", ENDED, USER),
    ("500 5.5.2", AUTH, 500, "5.5.2 Line too long", CLOSES, MAKER),
    ("501 5.5.2", AUTH, 501, "5.5.2 Cannot decode the response", CLOSES, MAKER),
)
CATALOGUE = (*MICROSOFT, *GOOGLE, *ANY)
LOST_AFTER_DOT = ("lost-after-dot", UNKNOWN)
"The only one that is no reply."
