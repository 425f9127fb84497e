"""Signing in to a submission server (RFC 4954): XOAUTH2, OAUTHBEARER (RFC 7628), PLAIN, LOGIN.

Rule: nothing here runs before TLS was verified. A response that would make the AUTH line longer than 512
octets goes in a line of its own. What a server repeats of a secret is masked before its words go anywhere.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..ports import Login, Outcome, Phase, Verdict
from .reply import Reply
from .trouble import answered, ours

if TYPE_CHECKING:
    from aiosmtplib import SMTP

LINE_MAX = 512
"Octets of a command line, its end included (RFC 4954 section 4)."
CHALLENGE_MAX = 4_096
MASK = "***"
SHARED_MIN = 12
"A piece of a secret of so many characters in a reply is masked."
PIECE = SHARED_MIN // 2
CONTINUE = 334
NO_INITIAL_RESPONSE = 501
"Some servers take a response in the AUTH line only, however long."


async def sign_in(smtp: "SMTP", login: Login) -> Outcome | None:
    """None: signed in, or no sign-in was asked for. Raises Malformed and what aiosmtplib raises."""
    offered = {method.upper() for method in smtp.server_auth_methods}
    if any(character < " " or character == "\x7f" for character in login.user):
        return ours(Phase.AUTH, "address", "the user name", server_spoke=True)
    if login.token is not None:
        return await _with_token(smtp, login.user, login.token.reveal(), offered)
    if login.password is not None:
        return await _with_password(smtp, login.user, login.password.reveal(), offered)
    return None


async def _with_token(smtp: "SMTP", user: str, token: str, offered: set[str]) -> Outcome | None:
    if "XOAUTH2" in offered:
        response = f"user={user}\x01auth=Bearer {token}\x01\x01"
        reply = await _exchange(smtp, b"XOAUTH2", response, b"")
    elif "OAUTHBEARER" in offered:
        name = user.replace("=", "=3D").replace(",", "=2C")
        response = f"n,a={name},\x01host={smtp.hostname}\x01port={smtp.port}\x01auth=Bearer {token}\x01\x01"
        reply = await _exchange(smtp, b"OAUTHBEARER", response, b"AQ==")
    else:
        return _no_mechanism(offered)
    return None if reply.good else answered(Phase.AUTH, reply)


async def _with_password(smtp: "SMTP", user: str, password: str, offered: set[str]) -> Outcome | None:
    if "PLAIN" in offered:
        reply = await _exchange(smtp, b"PLAIN", f"\0{user}\0{password}", b"*")
    elif "LOGIN" in offered:
        reply = await _command(smtp, b"AUTH", b"LOGIN")
        for answer in (user, password):
            if reply.code == CONTINUE:
                reply = await _command(smtp, _encoded(answer))
    else:
        return _no_mechanism(offered)
    if reply.good:
        return None
    outcome = answered(Phase.AUTH, reply)
    if outcome.verdict is Verdict.TOKEN_REFUSED:
        return ours(Phase.AUTH, "password", str(reply), server_spoke=True)
    return outcome


def _no_mechanism(offered: set[str]) -> Outcome:
    return ours(
        Phase.AUTH, "mechanism", f"offered: {' '.join(sorted(offered)) or 'nothing'}", server_spoke=True
    )


async def _exchange(smtp: "SMTP", mechanism: bytes, response: str, farewell: bytes) -> Reply:
    """The final reply. `farewell` answers a challenge that tells of a failure."""
    encoded = _encoded(response)
    if len(b"AUTH %b %b\r\n" % (mechanism, encoded)) <= LINE_MAX:
        reply = await _command(smtp, b"AUTH", mechanism, encoded)
    else:
        reply = await _command(smtp, b"AUTH", mechanism)
        if reply.code == CONTINUE:
            reply = await _command(smtp, encoded)
        elif reply.code == NO_INITIAL_RESPONSE:
            reply = await _command(smtp, b"AUTH", mechanism, encoded)
    if reply.code != CONTINUE:
        return reply
    reason = _reason(reply)
    final = await _command(smtp, farewell)
    return replace(final, lines=(*final.lines, reason)) if reason else final


async def _command(smtp: "SMTP", *words: bytes) -> Reply:
    said = await smtp.execute_command(*words)
    return Reply.read(said.code, said.message)


def _encoded(response: str) -> bytes:
    return base64.b64encode(response.encode())


def _reason(challenge: Reply) -> str:
    """`status` and `scope` of the JSON in a failed challenge; empty where there is none that is sane."""
    try:
        octets = base64.b64decode(challenge.lines[0][:CHALLENGE_MAX], validate=True)
        found = json.loads(octets)
    except (binascii.Error, ValueError, RecursionError):
        return ""
    if not isinstance(found, dict):
        return ""
    told = {name: found.get(name) for name in ("status", "scope")}
    return Reply.of(
        0, ", ".join(f"{name} {value}" for name, value in told.items() if isinstance(value, str))
    ).lines[0]


def discreet(outcome: Outcome, login: Login) -> Outcome:
    """The outcome without any piece of the login's secret that the server may have repeated."""
    secrets = _spellings(login)
    if not any(may_share(said, secrets) for said in (outcome.reply, *(r.reply for r in outcome.recipients))):
        return outcome
    recipients = tuple(replace(each, reply=masked(each.reply, secrets)) for each in outcome.recipients)
    return replace(outcome, reply=masked(outcome.reply, secrets), recipients=recipients)


def _spellings(login: Login) -> tuple[str, ...]:
    """The secret in each form in which it went over the connection."""
    if login.token is not None:
        token = login.token.reveal()
        whole = f"user={login.user}\x01auth=Bearer {token}\x01\x01"
        return token, _encoded(whole).decode(), *_within_base64(token.encode())
    if login.password is not None:
        password = login.password.reveal()
        return password, _encoded(f"\0{login.user}\0{password}").decode(), _encoded(password).decode()
    return ()


def _within_base64(secret: bytes) -> tuple[str, ...]:
    """What base64 makes of it within a longer response: three forms, by how many octets stand before it (for
    OAUTHBEARER that depends on the user's and the server's name). Without the characters that it shares
    with its neighbours.
    """
    found = []
    for before in range(3):
        first, last = -(-before * 8 // 6), (before + len(secret)) * 8 // 6
        found.append(base64.b64encode(bytes(before) + secret + bytes(2)).decode()[first:last])
    return tuple(piece for piece in found if len(piece) >= SHARED_MIN)


def masked(text: str, secrets: tuple[str, ...]) -> str:
    """`text` with every run of characters masked that it shares with a secret, be it wrapped into lines."""
    if not may_share(text, secrets):
        return text
    hidden = [False] * len(text)
    solid = [at for at, character in enumerate(text) if not character.isspace()]
    for secret in filter(None, secrets):
        _hide(text, range(len(text)), secret, hidden)
        if len(secret) >= SHARED_MIN:
            _hide("".join(text[at] for at in solid), solid, "".join(secret.split()), hidden)
    shown = []
    for index, character in enumerate(text):
        if not hidden[index]:
            shown.append(character)
        elif index == 0 or not hidden[index - 1]:
            shown.append(MASK)
    return "".join(shown)


def may_share(text: str, secrets: tuple[str, ...]) -> bool:
    """False: it shares nothing with any of them, as nearly every reply; a look that costs little."""
    solid = "".join(text.split())
    for secret in filter(None, secrets):
        if len(secret) < SHARED_MIN:
            if secret in text:
                return True
            continue
        bare = "".join(secret.split())
        # What is shared with a secret in one piece is in one piece without the text's white space, too.
        for said, kept in ((solid, bare),) if bare == secret else ((text, secret), (solid, bare)):
            # A run of so many characters holds one of these pieces whole.
            pieces = (said[at : at + PIECE] for at in range(0, len(said) - PIECE + 1, PIECE))
            if any(piece in kept for piece in pieces):
                return True
    return False


def _hide(text: str, places: Sequence[int], secret: str, hidden: list[bool]) -> None:
    """Marks in `hidden` what `text` shares with the secret; its characters stand at `places`."""
    shared = min(SHARED_MIN, len(secret))
    for start in range(len(text) - shared + 1):
        if shared and text[start : start + shared] in secret:
            for place in places[start : start + shared]:
                hidden[place] = True
