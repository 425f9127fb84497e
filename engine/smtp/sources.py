"""Where the meanings of `trouble.py` are documented, or were seen, by meaning; printed into `docs/errors.md`.

What none stands for is this device's own, or the plain sense of a class of replies (RFC 5321 section 4.2.1).
"""

from collections.abc import Mapping
from types import MappingProxyType

NDR = (
    "https://learn.microsoft.com/troubleshoot/exchange/email-delivery/ndr/"
    "non-delivery-reports-in-exchange-online"
)
THROTTLING = (
    "https://learn.microsoft.com/Exchange/mail-flow-best-practices/"
    "continuous-error-throttling-smtp-auth-submissions"
)
IMPROVEMENTS = "https://learn.microsoft.com/exchange/troubleshoot/send-emails/smtp-submission-improvements"
CLIENTS = "https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online"
LEGACY_TLS = f"{CLIENTS}/opt-in-exchange-online-endpoint-for-legacy-tls-using-smtp-auth"
OAUTH = (
    "MicrosoftDocs/office-developer-exchange-docs: Authenticate an IMAP, POP or SMTP connection using OAuth"
)
BASIC = "https://techcommunity.microsoft.com/blog/exchange/4114750"
GMAIL = "https://support.google.com/a/answer/3726730"
LIMITS = "https://support.google.com/a/answer/166852"
XOAUTH2 = "https://developers.google.com/workspace/gmail/imap/xoauth2-protocol"
ZERO = "msgwing/ZeroSMTP"

SOURCES: Mapping[str, str] = MappingProxyType({
    "application-not-allowed":
        "tarickb/sasl-xoauth2#110, "
        "https://learn.microsoft.com/powershell/module/exchangepowershell/add-hveappaccess",
    "auth-data": "RFC 4954 section 4, eclipse-ee4j/angus-mail#201, PHPMailer/PHPMailer#3169",
    "auth-later": GMAIL,
    "auth-off": f"{ZERO}, mustang-im/mustang#137",
    "auth-refused": "RFC 4954 section 6",
    "blocked": NDR,
    "blocked-recipient": NDR,
    "browser": "kootenpv/yagmail#111, gmailgem/gmail#126; unconfirmed for OAuth",
    "closed-many": THROTTLING,
    "closed-send-as": THROTTLING,
    "closed-wrong": THROTTLING,
    "closes": GMAIL,
    "connections": IMPROVEMENTS,
    "content": "ActiveCampaign/smtp-field-manual#63",
    "header": f"{NDR}, jstedfast/MailKit#904",
    "inside-only": "https://www.tiagoscarvalho.com/exchange-online/hve-internal-notifications",
    "later": "RFC 5321 section 4.2.1",
    "licence": THROTTLING,
    "mailbox-full": f"{IMPROVEMENTS}, {THROTTLING}",
    "members-only": ZERO,
    "no-recipient": f"RFC 3463 section 3.2, {NDR}",
    "pace": NDR,
    "password-off": ZERO,
    "password-off-account": "seen with sign-in by password, in public reports",
    "password-off-provider": BASIC,
    "policy": "seen in public reports; 5.7.144 unconfirmed",
    "policy-message": GMAIL,
    "quota": f"{NDR}, {IMPROVEMENTS}, {LIMITS}",
    "recipient-busy": f"{NDR}, {GMAIL}",
    "recipient-full-now": GMAIL,
    "recipients-many": f"RFC 5321 section 4.5.3.1.10, {NDR}, {LIMITS}",
    "refused": "RFC 5321 section 4.2.1",
    "send-as": f"{ZERO}, {THROTTLING}",
    "size": "RFC 3463 section 3.4, nodemailer/nodemailer#400",
    "size-mailbox": "pankleks/pm2-health#52",
    "starttls-first": f"{ZERO}, RFC 3207 section 4",
    "tls-version": LEGACY_TLS,
    "token-not-allowed": OAUTH,
    "token-refused": f"jstedfast/MailKit#1329, PHPMailer/PHPMailer#1664, {XOAUTH2}",
    "token-short": "tarickb/sasl-xoauth2#98",
})  # fmt: skip
