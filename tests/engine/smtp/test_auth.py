"""Signing in: which mechanism, in how many lines, and nothing of a secret in what is told."""

import base64
import contextlib
import json
import re
from string import ascii_letters, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from franking.engine.ports import Login, Outcome, Phase, Verdict
from franking.engine.smtp.auth import MASK, discreet, masked
from franking.engine.smtp.compose import Message
from franking.engine.smtp.trouble import HOUR, explain
from franking.events.information import Actor
from franking.testing.scripted_submission import Connection, Script
from franking.tests.engine.smtp.conftest import Playing
from franking.tests.engine.smtp.device import TOKEN, with_password, with_token

LONG = "marked-" + "long" * 400
FAILED = base64.b64encode(
    json.dumps({"status": "401", "schemes": "bearer", "scope": "mail"}).encode()
).decode()


def offering(mechanisms: str, **replies: list[str]) -> Script:
    return Script(("PIPELINING", f"AUTH {mechanisms}"), replies=replies)


def said(connection: Connection) -> list[str]:
    """The lines of the sign-in, base64 decoded where it is some."""
    start = next(number for number, line in enumerate(connection.lines) if line.startswith("AUTH"))
    told = []
    for line in connection.lines[start:]:
        if line.startswith(("MAIL", "QUIT")):
            break
        *command, response = line.split(" ")
        with contextlib.suppress(ValueError):
            response = base64.b64decode(response, validate=True).decode()
        told.append(" ".join((*command, response)))
    return told


XOAUTH2 = "user=kim@example.com\x01auth=Bearer {}\x01\x01"


@pytest.mark.manual("S30")
async def test_s30_xoauth2_in_one_line(playing: Playing, small: Message) -> None:
    async with playing(offering("PLAIN XOAUTH2 OAUTHBEARER")) as (server, device):
        assert (await device.send(small)).verdict is Verdict.SENT
    assert said(server.only) == ["AUTH XOAUTH2 " + XOAUTH2.format(TOKEN)]


async def test_xoauth2_in_two_lines_where_one_would_be_too_long(playing: Playing, small: Message) -> None:
    async with playing(offering("XOAUTH2", AUTH=["334 "])) as (server, device):
        assert (await device.send(small, login=with_token(token=LONG))).verdict is Verdict.SENT
    assert "AUTH XOAUTH2" in server.only.lines
    assert said(server.only)[1:] == [XOAUTH2.format(LONG)]


async def test_the_border_between_one_line_and_two_is_512_octets(playing: Playing, small: Message) -> None:
    for octets in range(290, 330):
        async with playing(offering("XOAUTH2", AUTH=[])) as (server, device):
            await device.send(small, login=with_token(token="t" * octets))
        line = next(line for line in server.only.lines if line.startswith("AUTH"))
        whole = len("AUTH XOAUTH2 ") + len(base64.b64encode(XOAUTH2.format("t" * octets).encode())) + 2
        assert (line == "AUTH XOAUTH2") == (whole > 512)
        assert len(line) + 2 <= 512


async def test_a_server_that_wants_it_in_the_line_gets_it_there(playing: Playing, small: Message) -> None:
    async with playing(offering("XOAUTH2", AUTH=["501 5.5.4 Initial response wanted"])) as (server, device):
        assert (await device.send(small, login=with_token(token=LONG))).verdict is Verdict.SENT
    assert said(server.only) == ["AUTH XOAUTH2", "AUTH XOAUTH2 " + XOAUTH2.format(LONG)]


@pytest.mark.manual("S30")
async def test_s30_oauthbearer_where_only_that_is_offered(playing: Playing, small: Message) -> None:
    async with playing(offering("OAUTHBEARER")) as (server, device):
        assert (await device.send(small, login=with_token("k=i,m@example.com"))).verdict is Verdict.SENT
    fields = ("n,a=k=3Di=2Cm@example.com,", "host=localhost", f"port={server.port}", f"auth=Bearer {TOKEN}")
    assert said(server.only) == ["AUTH OAUTHBEARER " + "\x01".join((*fields, "", ""))]


@pytest.mark.manual("S30", "S32")
@pytest.mark.parametrize(("mechanism", "farewell"), [("XOAUTH2", ""), ("OAUTHBEARER", "AQ==")])
@pytest.mark.parametrize(
    ("final", "verdict"),
    [("535 5.7.8 Not accepted", Verdict.TOKEN_REFUSED), ("454 4.7.0 Temporary", Verdict.LATER)],
)
async def test_s30_a_failed_challenge_is_answered_and_the_final_reply_decides(
    playing: Playing, small: Message, mechanism: str, farewell: str, final: str, verdict: Verdict
) -> None:
    async with playing(offering(mechanism, AUTH=[f"334 {FAILED}", final])) as (server, device):
        outcome = await device.send(small)
    assert (outcome.verdict, outcome.phase, outcome.code) == (
        verdict,
        Phase.AUTH,
        " ".join(final.split()[:2]),
    )
    assert server.only.lines[-1] == farewell
    assert "status 401, scope mail" in outcome.reply


@pytest.mark.parametrize(
    "challenge",
    [
        "",
        "%%%",
        "bm90IGpzb24=",
        base64.b64encode(b"[" * 3000).decode()[:2000],
        base64.b64encode(b"[1]").decode(),
    ],
)
async def test_a_challenge_that_is_rubbish_changes_nothing(
    playing: Playing, small: Message, challenge: str
) -> None:
    script = offering("XOAUTH2", AUTH=[f"334 {challenge}", "535 5.7.3 Authentication unsuccessful"])
    async with playing(script) as (_, device):
        outcome = await device.send(small)
    assert (outcome.verdict, outcome.reply) == (Verdict.TOKEN_REFUSED, "Authentication unsuccessful")


@pytest.mark.manual("S32")
async def test_s32_a_token_refused_at_once(playing: Playing, small: Message) -> None:
    async with playing(offering("XOAUTH2", AUTH=["535 5.7.3 Authentication unsuccessful"])) as (_, device):
        outcome = await device.send(small)
    assert (outcome.verdict, outcome.code, outcome.answered) == (Verdict.TOKEN_REFUSED, "535 5.7.3", True)
    assert device.marks == []


@pytest.mark.manual("S1")
async def test_s1_plain_with_a_password(playing: Playing, small: Message) -> None:
    async with playing(offering("LOGIN PLAIN")) as (server, device):
        assert (await device.send(small, login=with_password("pass word"))).verdict is Verdict.SENT
    assert said(server.only) == ["AUTH PLAIN \0kim@example.com\0pass word"]


@pytest.mark.manual("S1")
async def test_s1_login_with_a_password(playing: Playing, small: Message) -> None:
    async with playing(offering("LOGIN", AUTH=["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"])) as (server, device):
        assert (await device.send(small, login=with_password("pass word"))).verdict is Verdict.SENT
    assert said(server.only) == ["AUTH LOGIN", "kim@example.com", "pass word"]


@pytest.mark.manual("S1")
async def test_s1_without_a_sign_in(playing: Playing, small: Message) -> None:
    async with playing(offering("PLAIN")) as (server, device):
        assert (await device.send(small, login=Login("", None))).verdict is Verdict.SENT
    assert not any(line.startswith("AUTH") for line in server.only.lines)


async def test_a_refused_password_is_no_refused_token(playing: Playing, small: Message) -> None:
    async with playing(offering("PLAIN", AUTH=["535 5.7.8 Wrong"])) as (_, device):
        outcome = await device.send(small, login=with_password("pass word"))
    assert (outcome.verdict, outcome.code, outcome.retry_after) == (Verdict.CLOSES, "password", HOUR)
    assert outcome.reply == "535 5.7.8 Wrong"
    assert explain(outcome).actor is Actor.ADMIN


async def test_passwords_turned_off_by_the_organisation(playing: Playing, small: Message) -> None:
    reply = "535 5.7.139 Authentication unsuccessful, basic authentication is disabled."
    async with playing(offering("PLAIN", AUTH=[reply])) as (_, device):
        outcome = await device.send(small, login=with_password("pass word"))
    assert "[OAuth 2.0]" in explain(outcome).remedy


@pytest.mark.parametrize("login", [with_token(), with_password("x")], ids=["token", "password"])
async def test_no_mechanism_in_common(playing: Playing, small: Message, login: Login) -> None:
    async with playing(offering("CRAM-MD5 GSSAPI")) as (server, device):
        outcome = await device.send(small, login=login)
    assert (outcome.verdict, outcome.code, outcome.reply) == (
        Verdict.LATER, "mechanism", "offered: CRAM-MD5 GSSAPI",
    )  # fmt: skip
    assert not any(line.startswith("AUTH") for line in server.only.lines)


async def test_a_user_name_cannot_bring_fields_of_its_own(playing: Playing, small: Message) -> None:
    async with playing(offering("XOAUTH2")) as (server, device):
        outcome = await device.send(small, login=with_token("kim\x01auth=Bearer other"))
    assert (outcome.verdict, outcome.code) == (Verdict.ENDED, "address")
    assert not any(line.startswith("AUTH") for line in server.only.lines)


@pytest.mark.manual("S25")
@pytest.mark.parametrize("repeated", ["{token}", "{encoded}", "{encoded:.40}", "AUTH XOAUTH2 {encoded}x"])
async def test_s25_what_a_server_repeats_of_a_token_is_masked(
    playing: Playing, small: Message, repeated: str
) -> None:
    encoded = base64.b64encode(XOAUTH2.format(TOKEN).encode()).decode()
    echo = f"500 5.5.1 Unknown: {repeated.format(token=TOKEN, encoded=encoded)}"
    for verb in ("AUTH", "MAIL", "RCPT", "BODY"):
        async with playing(Script(replies={verb: [echo]})) as (_, device):
            outcome = await device.send(small)
        assert MASK in outcome.reply
        told = repr(outcome)
        assert not any(piece in told for piece in (TOKEN[7:27], encoded[:20], encoded[-40:-20]))


@pytest.mark.manual("S25")
async def test_s25_a_server_that_repeats_the_response_of_oauthbearer_gives_nothing_away(
    playing: Playing, small: Message
) -> None:
    for letters in range(1, 4):
        user = f"{'k' * letters}@example.com"
        async with playing(offering("OAUTHBEARER")) as (server, device):
            await device.send(small, login=with_token(user))
        response = next(line for line in server.only.lines if line.startswith("AUTH")).split()[-1]
        async with playing(offering("OAUTHBEARER", AUTH=[f"500 5.5.1 Unknown: {response}"])) as (_, device):
            outcome = await device.send(small, login=with_token(user))
        assert MASK in outcome.reply
        assert decodable(outcome.reply, TOKEN) == 0


def decodable(told: str, secret: str) -> int:
    """How many pieces of twelve octets of the secret the words still hold, in base64 at any offset."""
    packed = "".join(told.split())
    runs = re.findall(r"[A-Za-z0-9+/]{16,}", packed)
    octets = b" ".join(
        base64.b64decode(run[start : start + (len(run) - start) // 4 * 4])
        for run in runs
        for start in range(4)
    )
    return sum(secret[at : at + 12].encode() in octets for at in range(len(secret) - 11))


@given(
    user=st.text("abcdefgh.", min_size=1, max_size=40),
    host=st.text("mnop-.", min_size=1, max_size=40),
    token=st.text(ascii_letters + digits + "-._~+/", min_size=24, max_size=200),
    width=st.integers(4, 80),
)
def test_a_repeated_response_gives_no_token_away(user: str, host: str, token: str, width: int) -> None:
    fields = (f"n,a={user},", f"host={host}", "port=587", f"auth=Bearer {token}", "", "")
    for response in ("\x01".join(fields), XOAUTH2.format(token).replace("kim@example.com", user)):
        encoded = base64.b64encode(response.encode()).decode()
        lines = "\n".join(encoded[at : at + width] for at in range(0, len(encoded), width))
        for repeated in (encoded, lines):
            reply = f"Unknown: {repeated}"
            assert decodable(reply, token)
            outcome = Outcome(Verdict.ENDED, Phase.AUTH, "500", reply, answered=True)
            assert decodable(discreet(outcome, with_token(user, token)).reply, token) == 0


@given(st.text("abc", min_size=12, max_size=40), st.text("abcd ", max_size=80))
def test_no_piece_of_twelve_characters_is_left(secret: str, text: str) -> None:
    told = masked(text + secret + text, (secret,))
    assert not any(secret[at : at + 12] in told for at in range(len(secret) - 11))


def test_what_is_not_secret_is_left_alone() -> None:
    assert masked("Not accepted for kim@example.com", (TOKEN,)) == "Not accepted for kim@example.com"
    assert masked("the password hunter2 is wrong", ("hunter2",)) == f"the password {MASK} is wrong"
