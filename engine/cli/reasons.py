"""Why a job waits or has ended, what to do about it, and who must (B9).

Rule: nothing is decided here. A reason is read from the job, from the machines that it waits for and from the
tables of the servers' answers; the words that no table has, because the engine itself gives the reason, stand
below.
"""

from collections.abc import Mapping
from types import MappingProxyType

from ...events.base import ADMINISTRATOR
from ...events.information import Actor, Info
from ...machines.access_token import BACKING_OFF
from ...machines.job import WAITING
from ...machines.refresh_token import ACQUIRED, EXPIRED
from ...machines.validation import NOT_AVAILABLE, OFF
from ..acts import CANNOT_BE_READ, RECIPIENTS
from ..engine import Engine
from ..information import Words
from ..ports import Outcome, Phase, Recipient, Verdict
from ..status import IdentityStatus, JobStatus, Status

WAIT = "Wait: it goes by itself."
UNREACHABLE = Words(
    "The provider cannot be reached, or says «not now». The sign-in is kept.",
    "Check the network if it lasts; else wait.",
    Actor.NOBODY,
)
OURS: Mapping[str, Words] = MappingProxyType({
    "outcome unknown": Words(
        "The connection ended before the server said whether it took the message.",
        "Wait: it goes again with the same Message-ID, and may arrive twice.", Actor.NOBODY),
    "no access token": Words("The access token came to its end a moment too early.", WAIT, Actor.NOBODY),
    "fault of the program": Words(
        "A fault of the program.", "Report it; the job is tried again by itself.", Actor.NOBODY),
    "its scan is missing": Words("The scan is no longer in the spool.", "Scan again.", Actor.PERSON),
    "its row is missing": Words("The job is no longer in the store.", "Scan again.", Actor.PERSON),
    "sent in part": Words(
        "The server refused some of the recipients.", "Check those addresses and send to them again.",
        Actor.PERSON),
    "cancelled": Words("Somebody cancelled it.", "", Actor.NOBODY),
})  # fmt: skip
AUTH_CODES = frozenset({"454", "534", "535"})
"Replies that only AUTH has (RFC 4954 section 4)."
ADDRESS_STATUS = "5.1."
"Enhanced codes about an address (RFC 3463 section 3.2)."


def of_job(engine: Engine, job: JobStatus) -> Words:
    """For a job that waits, is held, or has ended."""
    now = engine.status()
    if job.state == WAITING.name.lower():
        if now.validation == NOT_AVAILABLE.value:
            return warned(now, Info.NOT_AVAILABLE, "") or Words(
                job.reason, "See `franking status`.", Actor.ADMIN
            )
        identity = next(each for each in now.identities if each.identity == job.signer)
        if now.validation != OFF.value and identity.refresh_token != ACQUIRED.value:
            return without_token(now, identity)
        found = warned(now, Info.PROVIDER_REFUSES, identity.identity)
        found = found or warned(now, Info.SERVER_REFUSES_TOKEN, identity.identity)
        if found:
            return found
        if identity.access_token == BACKING_OFF.name.lower().replace("_", " ") and not job.retry_at:
            return UNREACHABLE
    if job.reason.endswith(CANNOT_BE_READ):
        secret = job.reason.removesuffix(CANNOT_BE_READ)
        remedy = "Put its file back, mode 0600; the job then goes by itself."
        return Words(f"The secret {secret}{CANNOT_BE_READ}.", remedy, Actor.ADMIN)
    return of_code(job.reason, server_words(engine, job.job)) or Words(job.reason, WAIT, Actor.NOBODY)


def without_token(now: Status, identity: IdentityStatus) -> Words:
    """A person must sign in; only the provider's own word is a reason to say that again (S24)."""
    mine = identity.identity == ADMINISTRATOR
    remedy = "Run `franking acquire`." if mine else f"Run `franking acquire --user {identity.login}`."
    actor = Actor.ADMIN if mine else Actor.PERSON
    if identity.refresh_token == EXPIRED.value:
        found = warned(now, Info.SIGN_IN_AGAIN, identity.identity)
        return Words(found.cause if found else "The sign-in has expired.", remedy, actor)
    who = "The administrator" if mine else identity.login
    return Words(f"{who} has not signed in as {identity.address}.", remedy, actor)


def warned(now: Status, code: Info, subject: str) -> Words | None:
    """What the [Information] screen says of it."""
    for each in now.information:
        if (each.code, each.subject) == (code, subject):
            return Words(each.cause, each.remedy, each.actor)
    return None


def of_code(code: str, reply: str) -> Words | None:
    """The words for a job's reason: the engine's own, or from the table of the servers' answers."""
    if code in OURS:
        return OURS[code]
    from ..smtp.trouble import explain

    try:
        row = explain(Outcome(Verdict.LATER, phase_of(code), code, reply, answered=bool(reply)))
    except LookupError:
        return None
    return Words(row.cause, row.remedy, row.actor)


def phase_of(code: str) -> Phase:
    """Where in the dialogue such a code can only have come: the store keeps the code alone."""
    number, _, enhanced = code.partition(" ")
    if number in AUTH_CODES:
        return Phase.AUTH
    if enhanced.startswith(ADDRESS_STATUS):
        return Phase.RCPT
    return Phase.MAIL if number.isdecimal() else Phase.CONNECT


def server_words(engine: Engine, job: int) -> str:
    """What the submission server said last about this job; empty if nothing."""
    outcome = engine.store.job_outcome(job)
    return outcome.reply if outcome else ""


def recipients(engine: Engine, job: int) -> tuple[Recipient, ...]:
    """What the server said of each, as far as it was asked (S33c)."""
    outcome = engine.store.job_outcome(job)
    return RECIPIENTS.validate_json(outcome.recipients) if outcome else ()
