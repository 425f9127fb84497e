"""The steps at the submission server, up to a sender that it takes, and a test mail where one was asked for.

Rule: nobody signs in before the first connection was looked at, and the token of an account goes over a
verified connection alone, as for a job.
"""

import uuid
from dataclasses import replace

from ...events.information import Actor
from ...events.request import EmailNotification
from ...events.settings import Security
from ..ports import Envelope, Login, Outcome, Phase, Verdict
from ..settings import CredentialError
from ..smtp.auth import discreet
from ..smtp.chat import Chat, Lost
from ..smtp.connect import connect
from ..smtp.fields import Unencodable, addr_spec
from ..smtp.trouble import answered, explain, ours
from .ground import Ground
from .network import no_server
from .step import Ends, Finding, Mark, Name

SECURING = frozenset({"certificate", "tls", "clock", "no-tls", "trust", "unverified", "plain"})
GONE = frozenset({"dns", "refused", "unreachable", "timeout", "lost"})
TOKENS = ("XOAUTH2", "OAUTHBEARER")
PASSWORDS = ("PLAIN", "LOGIN")
ORDER = (Name.GREETING, Name.STARTTLS, Name.MECHANISM, Name.SIGN_IN, Name.SEND_AS, Name.PACE)


def blamed(outcome: Outcome) -> Name:
    """Which step an outcome belongs to."""
    if outcome.verdict is Verdict.PAUSES:
        return Name.PACE
    if outcome.code in SECURING or outcome.phase is Phase.STARTTLS:
        return Name.STARTTLS
    if outcome.phase is Phase.CONNECT:
        return Name.GREETING
    if outcome.phase is Phase.AUTH:
        return Name.MECHANISM if outcome.code == "mechanism" else Name.SIGN_IN
    return Name.SEND_AS


def failed(ground: Ground, outcome: Outcome, step: Name) -> Finding | None:
    """What this step makes of it; None: it had come past this one."""
    blame = blamed(outcome)
    if ORDER.index(step) < ORDER.index(blame) and blame is not Name.PACE:
        return None
    if step is not blame:
        ground.paused = ground.paused or (outcome if blame is Name.PACE else None)
        return Finding(Mark.NOT_LOOKED_AT, because=blame)
    unreachable = outcome.code in GONE and outcome.phase is Phase.CONNECT
    passing = Ends.TEMPORARY if explain(outcome).actor is Actor.NOBODY else Ends.CONFIG
    return ground.outcome(outcome, Ends.UNREACHABLE if unreachable else passing)


async def met(ground: Ground) -> Chat | Outcome | None:
    """A connection without a sign-in. None: no server is set."""
    server = ground.server()
    if ground.met is None and server is not None:
        ground.met = await connect(server, Login("", None))
        if isinstance(ground.met, Chat):
            ground.left.append(ground.met)
    return ground.met


async def greeting(ground: Ground) -> Finding:
    found, server = await met(ground), ground.server()
    if found is None or server is None:
        return no_server(ground)
    if isinstance(found, Outcome) and (finding := failed(ground, found, Name.GREETING)) is not None:
        return finding
    return ground.ok(f"{server.host}:{server.port}")


async def starttls(ground: Ground) -> Finding:
    found, server = await met(ground), ground.server()
    if found is None or server is None:
        return no_server(ground)
    if isinstance(found, Outcome):
        return failed(ground, found, Name.STARTTLS) or ground.ok("")
    if server.security is Security.NONE:
        return Finding(Mark.NOT_NEEDED, ground.say("check.plain"))
    return ground.ok(found.tls_version)


async def mechanism(ground: Ground) -> Finding:
    found = await met(ground)
    if not isinstance(found, Chat):
        return Finding(Mark.NOT_LOOKED_AT, because=Name.STARTTLS)
    known = TOKENS if ground.settings.oauth.enabled else PASSWORDS
    if not signs_in(ground):
        return Finding(Mark.NOT_NEEDED, ground.say("check.no-sign-in"))
    offered = found.extensions.sign_ins
    used = next((each for each in known if each in offered), None)
    if used is None:
        words = f"offered: {' '.join(sorted(offered)) or 'nothing'}"
        return ground.outcome(ours(Phase.AUTH, "mechanism", words, server_spoke=True), Ends.CONFIG)
    return ground.ok(used)


def signs_in(ground: Ground) -> bool:
    return ground.settings.oauth.enabled or ground.settings.smtp.user is not None


async def sign_in(ground: Ground) -> Finding:
    """What Exchange calls Authenticated SMTP."""
    server = ground.server()
    if server is None:
        return no_server(ground)
    if not signs_in(ground):
        ground.signed_in = ground.met if isinstance(ground.met, Chat) else None
        return Finding(Mark.NOT_NEEDED, ground.say("check.no-sign-in"))
    if ground.settings.oauth.enabled and ground.held is None:
        return Finding(Mark.NOT_LOOKED_AT, ground.say("check.in-use"))
    try:
        login = login_of(ground)
    except CredentialError as error:
        return ground.unreadable(error)
    found = await connect(server, login)
    if isinstance(found, Outcome):
        outcome = discreet(found, login)
        finding = failed(ground, outcome, Name.SIGN_IN)
        return finding or ground.outcome(outcome, Ends.CONFIG)
    ground.signed_in = found
    ground.left.append(found)
    return ground.ok(login.user)


async def send_as(ground: Ground) -> Finding:
    """MAIL FROM, taken back at once. A server that decides when it has the message cannot be asked so."""
    chat, sender = ground.signed_in, ground.who.sender
    if chat is None:
        return Finding(Mark.NOT_LOOKED_AT, because=Name.SIGN_IN)
    if not sender:
        return Finding(
            Mark.FAILED, "", ground.say("check.no-sender.cause"), ground.say("check.no-sender.remedy"),
            Actor.ADMIN,
        )  # fmt: skip
    outcome = await asked_as(chat, sender)
    if outcome is not None:
        outcome = discreet(outcome, login_of(ground))
        return failed(ground, outcome, Name.SEND_AS) or ground.outcome(outcome, Ends.CONFIG)
    return ground.ok(ground.say("check.send-as", sender=sender))


def login_of(ground: Ground) -> Login:
    """Raises CredentialError."""
    return ground.adapters.login(ground.held, ground.who.address)


async def mail(ground: Ground) -> Finding:
    """One message, as the device sends its own, and no job: it goes now or not at all."""
    from ..functions import Header, compose

    now, sender = ground.clock.now(), ground.who.sender
    request = EmailNotification(to=(ground.send_to,), event=ground.say("check.mail.event"), happened_at=now)
    message_id = f"<{uuid.uuid4()}@{sender.rpartition('@')[2]}>"
    device = ground.settings.device.name
    header = Header(sender, message_id, now, device, device, ground.words)
    envelope = Envelope(sender, request.recipients, compose(request, header, ()))
    outcome = await ground.adapters.submission().send(login_of(ground), envelope, begun)
    if outcome.verdict is Verdict.SENT:
        return ground.ok(ground.say("check.mail.sent", to=ground.send_to, answer=outcome.reply))
    ends = Ends.TEMPORARY if explain(outcome).actor is Actor.NOBODY else Ends.CONFIG
    refused = next((each for each in outcome.recipients if not each.accepted), None)
    finding = ground.outcome(outcome, ends)
    return replace(finding, found=refused.reply) if refused is not None else finding


async def begun() -> None:
    """No job is marked."""


async def asked_as(chat: Chat, sender: str) -> Outcome | None:
    """None: it may."""
    letters = "" if sender.isascii() else " BODY=8BITMIME SMTPUTF8"
    try:
        mail = chat.expect()
        chat.write([f"MAIL FROM:<{addr_spec(sender)}>{letters}\r\n".encode()])
        reply = await mail.reply
        if not reply.good:
            return answered(Phase.MAIL, reply)
        back = chat.expect()
        chat.write([b"RSET\r\n"])
        await back.reply
    except Unencodable as error:
        return ours(Phase.MAIL, "address", error.why, server_spoke=True)
    except Lost as lost:
        return ours(Phase.MAIL, lost.code, lost.words, server_spoke=True)
    return None


async def pace(ground: Ground) -> Finding:
    """What one mailbox may send, and whether it may now."""
    if ground.paused is not None and (finding := failed(ground, ground.paused, Name.PACE)) is not None:
        return finding
    status, address = ground.status, ground.who.address.casefold()
    for mailbox in status.mailboxes if status is not None else ():
        if mailbox.address.casefold() == address:
            return held_back(ground, mailbox.state, mailbox.code)
    allowed, room = ground.adapters.pace(), ground.adapters.room()
    if not allowed.messages_a_minute:
        return ground.ok(ground.say("check.pace.any", connections=room.connections))
    return ground.ok(
        ground.say("check.pace.known", minute=allowed.messages_a_minute, connections=room.connections)
    )


def held_back(ground: Ground, state: str, code: str) -> Finding:
    return Finding(
        Mark.FAILED,
        f"{state} {code}".strip(),
        ground.say("check.held-back.cause", account=ground.who.address),
        ground.say("check.held-back.remedy"),
        Actor.NOBODY,
        Ends.TEMPORARY,
    )
