"""The steps at the OAuth provider. One answer of its token endpoint speaks for most of them.

Rule: the endpoint is asked with a refresh token that nobody has, which no grant can suffer from; the access
token that the submission server is shown comes from the open engine.
"""

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from ...events.base import ADMINISTRATOR
from ...events.information import Actor
from ...events.settings import GOOGLE, HttpVersion
from ...events.token import TokenWanted
from ...machines.ends import NOT_WARNED, warned_of
from ...machines.mailboxes import whose
from ...machines.refresh_token import ACQUIRED
from ..engine import Engine
from ..holder import Held
from ..information import Warning
from ..known_time import BUILT, LEEWAY
from ..oauth.answers import Call, Refusal, decide
from ..oauth.faults import Fault, fault
from ..oauth.session import CallError
from ..oauth.wire import Wire, date, token_answer
from ..ports import AnswerClass, Tokens, Trouble
from ..secret import Secret
from ..settings import CredentialError
from ..status import IdentityStatus
from .ground import Closed, Ground, Told
from .step import Ends, Finding, Mark, Name

BLAMED = {
    Fault.PROXY: Name.PROXY, Fault.PROXY_SIGN_IN: Name.PROXY, Fault.PROXY_FORBIDS: Name.PROXY,
    Fault.PROXY_GATEWAY: Name.PROXY, Fault.NO_PROXY: Name.PROXY, Fault.PROXY_PASSWORD: Name.PROXY,
    Fault.CLOCK: Name.CLOCK, Fault.TLS: Name.TLS, Fault.CERTIFICATE: Name.TLS, Fault.TRUST: Name.TLS,
}  # fmt: skip
"Which step fails by what kept the answer away; else that of the endpoint."
UNREACHABLE = frozenset({Fault.DNS, Fault.NETWORK, Fault.TIMEOUT, Fault.PROXY, Fault.PROXY_GATEWAY})
EXPIRED = "expired"
"OpenSSL's word: a provider renews its certificates, so that the clock is looked at first."
OF_THE_CLIENT = frozenset({AnswerClass.APP, AnswerClass.CREDENTIAL})
NO_ANSWER = frozenset({AnswerClass.WAIT, AnswerClass.PROTOCOL})


def token_host(ground: Ground) -> tuple[str, int]:
    there = urlsplit(ground.data.token)
    return there.hostname or "", there.port or 443


def blamed(failed: CallError) -> Name:
    if failed.fault is Fault.CERTIFICATE and EXPIRED in failed.words:
        return Name.CLOCK
    return BLAMED.get(failed.fault, Name.ENDPOINT)


def ends(failed: CallError) -> Ends:
    return Ends.UNREACHABLE if failed.fault in UNREACHABLE else Ends.CONFIG


async def answered(ground: Ground, step: Name) -> Wire | Finding:
    """The endpoint's answer; else what this step makes of it that there is none."""
    if not ground.settings.oauth.enabled:
        return Finding(Mark.NOT_NEEDED, ground.say("check.off"))
    asked = await ground.ask()
    if isinstance(asked, Wire):
        return asked
    if (blame := blamed(asked)) is not step:
        return Finding(Mark.NOT_LOOKED_AT, because=blame)
    kind = Fault.CLOCK if blame is Name.CLOCK else asked.fault
    return ground.trouble(fault(kind), asked.words or token_host(ground)[0], ends(asked))


async def clock(ground: Ground) -> Finding:
    """By the Date of the endpoint's answer: a device may have no other time to compare with."""
    here = ground.clock.now()
    if here < BUILT - LEEWAY:
        return ground.trouble(fault(Fault.CLOCK), ground.say("check.clock.old", here=shown(here)))
    wire = await answered(ground, Name.CLOCK)
    if isinstance(wire, Finding):
        return wire
    here, there = ground.clock.now(), date(wire.date)
    if there is None:
        return ground.ok(ground.say("check.clock.no-date"))
    if abs(here - there) > LEEWAY:
        found = ground.say("check.clock.wrong", here=shown(here), there=shown(there))
        return ground.trouble(fault(Fault.CLOCK), found)
    return ground.ok(ground.say("check.clock.right", seconds=round(abs(here - there) / timedelta(seconds=1))))


def shown(moment: object) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


async def tls(ground: Ground) -> Finding:
    """Version, and who certified the host: a public provider's certificate by somebody else looks as if TLS
    is opened on the way."""
    wire = await answered(ground, Name.TLS)
    if isinstance(wire, Finding):
        return wire
    expected = ground.data.certified_by
    found = ground.say("check.tls.found", version=wire.tls, issuer=wire.certified_by)
    if ground.settings.oauth.authority is None and expected and wire.certified_by not in expected:
        return Finding(
            Mark.WARNS,
            found,
            ground.say("check.inspected.cause", issuer=wire.certified_by, host=token_host(ground)[0]),
            ground.say("check.inspected.remedy"),
            Actor.ADMIN,
        )
    return ground.ok(found)


async def endpoint(ground: Ground) -> Finding:
    wire = await answered(ground, Name.ENDPOINT)
    if isinstance(wire, Finding):
        return wire
    trouble = meant(ground, wire)
    if trouble is not None and trouble.kind in NO_ANSWER:
        passing = trouble.kind is AnswerClass.WAIT and trouble.actor is Actor.NOBODY
        return ground.trouble(trouble, trouble.code, Ends.TEMPORARY if passing else Ends.CONFIG)
    return ground.ok(token_host(ground)[0])


def meant(ground: Ground, wire: Wire) -> Trouble | None:
    answer = token_answer(wire, ground.clock.now())
    return decide(answer, Call.REFRESH, ground.data.answers) if isinstance(answer, Refusal) else None


async def http(ground: Ground) -> Finding:
    """S9, S13: what was spoken, which a proxy on the way may have chosen."""
    wire = await answered(ground, Name.HTTP)
    if isinstance(wire, Finding):
        return wire
    wants_2 = ground.settings.http.version is HttpVersion.HTTP_2
    if wire.http_version == "HTTP/2" or not wants_2:
        return ground.ok(wire.http_version)
    needed = whose(ground.settings.oauth.provider) == GOOGLE
    return Finding(
        Mark.FAILED if needed else Mark.WARNS,
        wire.http_version,
        ground.say("check.http.needed" if needed else "check.http.older", host=token_host(ground)[0]),
        ground.say("check.http.remedy"),
        Actor.ADMIN,
    )


async def client(ground: Ground) -> Finding:
    """Whether the provider knows this application, by its own credential where it signs in by itself."""
    if not ground.settings.oauth.enabled:
        return Finding(Mark.NOT_NEEDED, ground.say("check.off"))
    known = ground.settings.oauth.client_id or ""
    if ground.without_person:
        return await by_itself(ground, known)
    wire = await answered(ground, Name.CLIENT)
    if isinstance(wire, Finding):
        return wire
    if ground.unread is not None:
        return unread(ground, ground.unread)
    trouble = meant(ground, wire)
    if trouble is not None and trouble.kind in OF_THE_CLIENT:
        return ground.trouble(trouble, trouble.code)
    return lasting(ground, known)


def lasting(ground: Ground, known: str) -> Finding:
    """B1: known, and for how long."""
    ends_at = ground.adapters.credential_ends()
    if ends_at is None or warned_of(ends_at, ground.clock.now()) == NOT_WARNED:
        return ground.ok(known)
    return Finding(
        Mark.WARNS,
        known,
        ground.say("I108.ends.cause", day=ends_at.date()),
        ground.say("I108.remedy"),
        Actor.APP,
    )


def unread(ground: Ground, error: CredentialError) -> Finding:
    if isinstance(ground.engine, Closed) and ground.engine is Closed.IN_USE:
        return Finding(Mark.NOT_LOOKED_AT, ground.say("check.in-use"))
    return ground.unreadable(error)


async def by_itself(ground: Ground, known: str) -> Finding:
    try:
        provider = ground.adapters.provider(ADMINISTRATOR)
    except CredentialError as error:
        return unread(ground, error)
    ground.alone = await provider.refresh(Secret(""))
    if isinstance(ground.alone, Trouble) and ground.alone.kind in OF_THE_CLIENT:
        return ground.trouble(ground.alone, ground.alone.code)
    return lasting(ground, known)


async def consent(ground: Ground) -> Finding:
    """The sign-in holds, and may send mail."""
    if not ground.settings.oauth.enabled:
        return Finding(Mark.NOT_NEEDED, ground.say("check.off"))
    if isinstance(ground.alone, Trouble):
        return ground.trouble(ground.alone, ground.alone.code)
    if isinstance(ground.alone, Tokens):
        ground.held = Held(ground.alone.access, ground.alone.expires_at, 0.0, ground.who.address)
        return ground.ok(ground.say("check.consent.alone"))
    if isinstance(ground.engine, Engine):
        return await signed_in(ground, ground.engine)
    if ground.engine is not Closed.IN_USE:
        return nobody(ground)
    if ground.told is None:
        return Finding(Mark.NOT_LOOKED_AT, ground.say("check.in-use"))
    return as_told(ground, ground.told)


async def signed_in(ground: Ground, engine: Engine) -> Finding:
    """By an access token that is fetched as for a job."""
    identity, login = ground.who.identity, ground.who.login
    if engine.reader.identity(identity, login).refresh_token == ACQUIRED.value:
        await engine.publish(TokenWanted(identity=identity))
        await engine.settle()
        ground.held = engine.holder.take(identity)
    if ground.held is None:
        return missing(ground, engine.reader.identity(identity, login), engine.information())
    return ground.ok(ground.say("check.consent.holds", account=ground.held.account or ground.who.address))


def as_told(ground: Ground, told: Told) -> Finding:
    """By what the engine says that runs: it has the token."""
    found = next((each for each in told.identities if each.login == ground.who.login), None)
    if found is None:
        return nobody(ground)
    if found.refresh_token != ACQUIRED.value or found.waits:
        return missing(ground, found, told.information)
    return ground.ok(ground.say("check.consent.told"))


def missing(ground: Ground, found: IdentityStatus, information: Sequence[Warning]) -> Finding:
    """Why there is no token: what the [Information] screen says of this sign-in, where it says something."""
    for each in information:
        if found.identity in (each.subject, each.about):
            return Finding(Mark.FAILED, each.code.value, each.cause, each.remedy, each.actor)
    if found.refresh_token != ACQUIRED.value:
        return nobody(ground)
    return Finding(
        Mark.FAILED,
        found.waits,
        ground.say("check.no-token.cause"),
        ground.say("check.no-token.remedy"),
        Actor.NOBODY,
        Ends.TEMPORARY,
    )


def nobody(ground: Ground) -> Finding:
    """Has signed in."""
    device, login = ground.who.identity == ADMINISTRATOR, ground.who.login
    return Finding(
        Mark.FAILED,
        ground.say("check.nobody.found", address=ground.who.address),
        ground.say("check.nobody.cause"),
        ground.say("check.nobody.remedy") if device else ground.say("check.nobody.person", login=login),
        Actor.ADMIN if device else Actor.PERSON,
    )
