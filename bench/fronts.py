"""In front of a provider's server, for programs that cannot sign in: our listener beside email-oauth2-proxy
(`emailproxy` of PyPI), with a connection for each message, and with one for all.

The client signs in with a password on either side; behind both stands the same sink, by TLS and XOAUTH2.

Rule: a message counts when the sink has taken it; the program has its answer before, for ours is on the disk
then. The other one keeps nothing.
"""

import asyncio
import base64
import os
import smtplib
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from importlib.util import find_spec
from operator import attrgetter
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, NamedTuple

from ..tests.engine.proxies import free_port
from .accepts import listener
from .measure import Figures, beside, turns
from .relays import LOOKS_S, listens
from .sides import RECIPIENT, SENDER, TOKEN
from .stage import FAST, Missing, Stage, sink, stage
from .submits import OCTETS

ROUNDS = 5
EACH, OVER_ONE = 20, 500
WORD = "of the program"
CLIENT = "program"
ITERATIONS = 1_200_000
"Of the other's key, as it sets them itself."
CONFIGURATION = """\
[SMTP-{port}]
local_address = 127.0.0.1
server_address = localhost
server_port = {sink}
server_starttls = True

[{account}]
token_url = https://localhost/token
oauth2_scope = https://outlook.office.com/SMTP.Send offline_access
redirect_uri = http://localhost
client_id = bench
client_secret = bench
token_salt = {salt}
token_iterations = {iterations}
access_token = {token}
access_token_expiry = 4102444800
last_activity = 0
"""
MESSAGE = f"From: {SENDER}\r\nTo: {RECIPIENT}\r\nSubject: bench\r\n\r\n".encode() + (b"x" * 76 + b"\r\n") * (
    OCTETS // 78
)


def through(port: int, user: str, connections: int, messages: int) -> None:
    """In a thread. So many messages over each connection, one after the other."""
    for _ in range(connections):
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.ehlo()
            client.user, client.password = user, WORD
            client.auth("PLAIN", client.auth_plain)
            for _ in range(messages):
                client.sendmail(SENDER, [RECIPIENT], MESSAGE)


def sealed(token: str, salt: bytes) -> str:
    """As the other keeps its token."""
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

    key = PBKDF2HMAC(SHA256(), 32, salt, ITERATIONS).derive(WORD.encode())
    return Fernet(base64.urlsafe_b64encode(key)).encrypt(token.encode()).decode()


@asynccontextmanager
async def emailproxy(at: Stage, to: int) -> AsyncIterator[int]:
    """Its port. Raises Missing."""
    if find_spec("emailproxy") is None:
        raise Missing("emailproxy is not here: pip install emailproxy")
    port, salt = free_port(), os.urandom(16)
    with TemporaryDirectory(prefix="emailproxy-", dir=at.folder) as name:
        file = Path(name) / "emailproxy.config"
        said = {
            "port": port,
            "sink": to,
            "account": SENDER,
            "salt": base64.b64encode(salt).decode(),
            "iterations": ITERATIONS,
            "token": sealed(TOKEN, salt),
        }
        file.write_text(CONFIGURATION.format(**said))
        command = ("-m", "emailproxy", "--no-gui", "--config-file", file, "--log-file", Path(name) / "log")
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, env={**os.environ, "SSL_CERT_FILE": str(at.trust)}, cwd=name
        )
        try:
            while not await listens(port):  # noqa: ASYNC110 - it has no other way to say so
                await asyncio.sleep(LOOKS_S)
            yield port
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


class Rates(NamedTuple):
    """Messages a second."""

    taken: float
    "By the sink."
    answered: float


async def by_the_other(port: int, connections: int, messages: int) -> Rates:
    began = perf_counter()
    await asyncio.to_thread(through, port, SENDER, connections, messages)
    rate = connections * messages / (perf_counter() - began)
    return Rates(rate, rate)


async def by_us(at: Stage, to: int, connections: int, messages: int) -> Rates:
    with TemporaryDirectory(prefix="run-", dir=at.folder) as name:
        store = Path(name) / "store"
        await asyncio.to_thread(copytree, at.store, store)
        settings: Mapping[str, Any] = {
            **at.signed_in,
            "store": {"path": str(store)},
            "smtp": {"server": "localhost", "port": to},
            "programs": {"clients": {CLIENT: {"user": "administrator", "password": "vault:program"}}},
        }
        async with listener(at.folder, settings, {"program": WORD}) as front:
            await asyncio.to_thread(through, front.port, CLIENT, 1, 3)
            await front.when_sent(3)
            count, began = connections * messages, perf_counter()
            await asyncio.to_thread(through, front.port, CLIENT, connections, messages)
            answered_s = perf_counter() - began
            await front.when_sent(3 + count)
            return Rates(count / (perf_counter() - began), count / answered_s)


def fronts() -> Figures:
    try:
        return asyncio.run(beside_emailproxy())
    except Missing as why:
        print(f"no figures beside email-oauth2-proxy: {why}")
        return {}


async def beside_emailproxy() -> Figures:
    """Raises Missing."""
    async with stage() as at, sink(FAST, at.folder) as to, emailproxy(at, to) as port:
        await asyncio.to_thread(through, port, SENDER, 1, 3)
        sides = {
            f"{name} {connections}": side
            for connections, messages in ((EACH, 1), (1, OVER_ONE))
            for name, side in (
                ("ours", partial(by_us, at, to, connections, messages)),
                ("other", partial(by_the_other, port, connections, messages)),
            )
        }
        found = await turns(ROUNDS, sides)
    figures: Figures = {}
    for name, connections in (("front_connect_each", EACH), ("front_one_connection", 1)):
        ours, other = found[f"ours {connections}"], found[f"other {connections}"]
        for more, rate in (("", attrgetter("taken")), ("_answered", attrgetter("answered"))):
            figures[f"{name}{more}_vs_emailproxy"] = beside(
                "messages/s", [*map(rate, ours)], [*map(rate, other)]
            )
    return figures
