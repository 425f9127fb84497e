"""Eight messages at once, an access token that is over, and a provider that ends the sign-in where a refresh
token is used twice: how many requests that makes, and whether the sign-in lives. Beside it `emailproxy`, the
most used program for the same, which comes into an environment of its own from the package index.

Rule: both sides meet the same playing provider and mail server, each by its own ways and settings. What the
provider saw is counted; a log-in that brought no success within its time has failed.
"""

import asyncio
import base64
import os
import secrets
import smtplib
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from ..engine.clock import SystemClock
from ..engine.engine import Engine
from ..engine.settings import Settings
from ..events.request import EmailNotification
from ..machines.refresh_token import ACQUIRED
from ..testing.kit import Kit, playing
from ..testing.policy import REUSE_ENDS_ALL
from ..testing.screen import PersonAtTheScreen
from ..testing.seen import Given
from .measure import Figure, Figures

AT_ONCE = 8
ADDRESS, PASSWORD = "printer@example.com", "of the printer"
ITERATIONS = 1_200_000
"As emailproxy derives its key from the password of its client."
LOGIN_S = 30.0
PEER = "emailproxy"


class Seen(NamedTuple):
    requests: int
    failed: int
    lost: int
    "Sign-ins that the provider ended."


def refreshes() -> Figures:
    """Raises CalledProcessError where emailproxy cannot be had from the package index."""
    with tempfile.TemporaryDirectory(prefix="franking-bench-") as folder:
        python = installed(Path(folder) / "peer")
        ours = asyncio.run(by_franking(Path(folder) / "ours"))
        theirs = asyncio.run(by_emailproxy(Path(folder) / "theirs", python))
    return {
        "refreshes_for_8_at_once_vs_emailproxy": beside("requests", ours.requests, theirs.requests),
        "failed_of_8_at_once_vs_emailproxy": beside("messages", ours.failed, theirs.failed),
        "sign_ins_lost_vs_emailproxy": beside("sign-ins", ours.lost, theirs.lost),
    }


def beside(unit: str, ours: int, theirs: int) -> Figure:
    return Figure(ours, unit, theirs, ours / theirs if theirs else 1.0)


@asynccontextmanager
async def provider(folder: Path) -> AsyncIterator[Kit]:
    async with playing(SystemClock(), folder / "kit", ("microsoft",)) as kit:
        kit.add_account(ADDRESS, PASSWORD)
        kit.microsoft.policy.rotation = REUSE_ENDS_ALL
        yield kit


async def saw(kit: Kit, failed: int, given: Given) -> Seen:
    """`given`: of the sign-in that was used."""
    alive = await kit.microsoft.introspect(given.access_token) is not None
    return Seen(kit.microsoft.count("token:refresh_token"), failed, int(not alive))


async def by_franking(folder: Path) -> Seen:
    async with provider(folder) as kit:
        settings = Settings().changed(
            administrator={"address": ADDRESS},
            oauth={
                "enabled": True,
                "authority": kit.microsoft.base,
                "client_id": kit.microsoft.client_id,
            },
            smtp={"server": "localhost", "port": kit.submissions["microsoft"].port},
            store={"path": folder / "store"},
            tls={"trust": kit.ca_file},
        )
        screen = PersonAtTheScreen(kit.person(), {ADDRESS: PASSWORD})
        async with Engine.open(settings, screen=screen) as engine:
            await engine.acquire("panel")
            await engine.settle()
        async with Engine.open(settings) as engine:  # after a restart there is no access token
            notices = (EmailNotification(to=(ADDRESS,), event=f"Tray {n}") for n in range(AT_ONCE))
            await asyncio.gather(*map(engine.submit, notices))
            await engine.settle()
            failed = sum(job.state != "sent" for job in engine.status().jobs)
            acquired = engine.status().identities[0].refresh_token == ACQUIRED.value
        return Seen(kit.microsoft.count("token:refresh_token"), failed, int(not acquired))


def installed(folder: Path) -> Path:
    """The interpreter of an environment that has emailproxy."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    install: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, PEER], check=True, stderr=subprocess.DEVNULL)
    return python


async def by_emailproxy(folder: Path, python: Path) -> Seen:
    async with provider(folder) as kit:
        given = kit.microsoft.give(ADDRESS)
        port = free_port()
        config = folder / "emailproxy.config"
        config.write_text(configuration(kit, given, port))
        process = await asyncio.create_subprocess_exec(
            python, "-m", PEER, "--no-gui", "--config-file", config, "--log-file", folder / "log",
            env={**os.environ, "SSL_CERT_FILE": str(kit.ca_file)},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            await listening(port)
            logins = await asyncio.gather(*(asyncio.to_thread(logged_in, port) for _ in range(AT_ONCE)))
            return await saw(kit, logins.count(False), given)
        finally:
            process.kill()
            await process.wait()


def configuration(kit: Kit, given: Given, port: int) -> str:
    """As it stands after a sign-in, an hour and a half later."""
    salt = secrets.token_bytes(16)
    key = PBKDF2HMAC(SHA256(), 32, salt, ITERATIONS).derive(PASSWORD.encode())
    sealed = Fernet(base64.urlsafe_b64encode(key))
    access, refresh = (
        sealed.encrypt(token.encode()).decode() for token in (given.access_token, given.refresh_token)
    )
    return f"""
[SMTP-{port}]
local_address = 127.0.0.1
server_address = localhost
server_port = {kit.submissions["microsoft"].port}
server_starttls = True
[{ADDRESS}]
permission_url = {kit.microsoft.authorize_url}
token_url = {kit.microsoft.token_url}
oauth2_scope = {kit.microsoft.quirks.mail_scope} offline_access
redirect_uri = http://localhost
client_id = {kit.microsoft.client_id}
token_salt = {base64.b64encode(salt).decode()}
token_iterations = {ITERATIONS}
access_token = {access}
access_token_expiry = 0
refresh_token = {refresh}
""".replace("%", "%%")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


async def listening(port: int) -> None:
    async with asyncio.timeout(LOGIN_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionError:
                await asyncio.sleep(0.1)  # the peer has no other way to say that it listens
            else:
                writer.close()
                return


def logged_in(port: int) -> bool:
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=LOGIN_S) as client:
            client.login(ADDRESS, PASSWORD)
            return True
    except (smtplib.SMTPException, OSError):
        return False
