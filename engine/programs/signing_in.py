"""A program signs in: AUTH PLAIN and AUTH LOGIN (RFC 4954, RFC 4616).

Rule: no password is taken over a network in clear, and none is logged, not even as a name that was mistyped.
"""

import logging
from base64 import b64encode
from typing import TYPE_CHECKING

from ..secret import Secret
from .replies import Reply

if TYPE_CHECKING:
    from .conversation import Conversation

FAILED_MOST = 3
"Failed sign-ins of one connection."
MECHANISMS = ("PLAIN", "LOGIN")
RIGHT = Reply(235, "2.7.0", "Signed in")
FAILED = Reply(
    535,
    "5.7.8",
    "Name or password is wrong, or this client may not sign in from your address. Correct them in the "
    "program, or set another password (franking password --client NAME); the device's administrator must "
    "act, whose log says which it was",
)
ENDS = Reply(
    421,
    "4.7.0",
    "Too many sign-ins failed. Correct name or password in the program's settings; the device's "
    "administrator must act, whose log says what was wrong",
)
WAIT = Reply(
    454,
    "4.7.0",
    "Too many sign-ins failed from your address: correct the program's settings and try again in 10 minutes",
)
log = logging.getLogger("franking")


def cannot(talk: "Conversation") -> Reply | None:
    """Why no sign-in is looked at now."""
    if not talk.extended:
        return Reply(503, "5.5.1", "Say EHLO first")
    if talk.needs_tls:
        return Reply(530, "5.7.0", "Must issue a STARTTLS command first: this address serves a network")
    if not talk.offers_auth:
        if talk.address.is_loopback:
            return Reply(502, "5.5.1", "No client in [programs.clients] has a password: just send")
        return Reply(538, "5.7.11", "No password is taken in clear: say STARTTLS first")
    if talk.signed_in or talk.mail is not None:
        text = "You have signed in already" if talk.signed_in else "Sign in before MAIL, or say RSET"
        return Reply(503, "5.5.1", text)
    return None


async def sign_in(talk: "Conversation", argument: str) -> None:
    mechanism, _, initial = argument.partition(" ")
    wrong = cannot(talk)
    if wrong is None and mechanism.upper() not in MECHANISMS:
        wrong = Reply(504, "5.5.4", f"Sign in by one of {', '.join(MECHANISMS)}")
    if wrong is None and not talk.listener.limits.may_guess(talk.place):
        wrong = WAIT
    if wrong is not None:
        talk.say(wrong)
        return
    found = await (plain if mechanism.upper() == "PLAIN" else login)(talk, initial.strip())
    if found is not None:
        await looked_at(talk, *found)


async def plain(talk: "Conversation", initial: str) -> tuple[str, Secret] | None:
    """Who says to be whom, after what there is no more to be said; None: that is said."""
    response = talk.decoded(initial.encode()) if initial else await talk.response("")
    if response is None:
        return None
    authorised, _, rest = response.partition("\0")
    name, nul, password = rest.partition("\0")
    if not nul or authorised not in ("", name):
        talk.say(Reply(501, "5.5.2", "The response is not NUL, name, NUL, password (RFC 4616)"))
        return None
    return name, Secret(password)


async def login(talk: "Conversation", initial: str) -> tuple[str, Secret] | None:
    """The same."""
    name = talk.decoded(initial.encode()) if initial else await talk.response(asked("Username:"))
    password = await talk.response(asked("Password:")) if name is not None else None
    return None if name is None or password is None else (name, Secret(password))


def asked(text: str) -> str:
    return b64encode(text.encode()).decode()


async def looked_at(talk: "Conversation", name: str, password: Secret) -> None:
    limits = talk.listener.limits
    noted = limits.note_guess(talk.place)
    guest = await talk.listener.passwords.sign_in(name, password, talk.address)
    if guest is not None:
        limits.note_right(talk.place, noted)
        talk.guest, talk.signed_in = guest, True
        talk.say(RIGHT)
        return
    why = talk.listener.passwords.why_not(name, talk.address)
    log.warning("a program at %s could not sign in: %s", talk.address, why)
    talk.failed += 1
    talk.say(ENDS if talk.failed >= FAILED_MOST else FAILED)
