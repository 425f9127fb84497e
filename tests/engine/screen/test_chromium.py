"""The shipped command with a real Chromium, without a display: the whole sign-in, and nothing left of it.

A program named `chromium` stands first on PATH; it adds what a machine without display needs to the arguments
that it was given, and two pipes for the person who is played (the browser's own DevTools protocol). Chromium
is too large for a build to install (some 350 MB): the test runs where there is one.
"""

import asyncio
import hashlib
import json
import os
import shutil
import stat
import tempfile
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from franking.events.token import SignInSucceeded
from franking.testing.authority import Authority
from franking.tests.engine.device import PASSWORDS, PRINTER, office, refresh_token

from .visits import Awaited

CHROMIUM = shutil.which("chromium")
PROGRAM = """#!/bin/sh
exec {program} --headless=new --remote-debugging-pipe --disable-gpu --disable-dev-shm-usage {root} \\
    --ignore-certificate-errors-spki-list={pin} "$@" 3<{orders} 4>{answers}
"""
SIGN_IN = """(() => {
    const enter = () => {
        const password = document.querySelector("[name=password]");
        if (password && !password.value) {
            password.value = %s;
            document.querySelector("[value=accept]").click();
        }
    };
    if (document.readyState === "complete") enter();
    else addEventListener("load", enter);
})()"""
"To the page that is there and to each that comes: none comes unseen while the browser is being asked."
Message = dict[str, Any]


def pin(authority: Authority) -> str:
    """Of the server's key: the one certificate that this browser accepts beside those of the system."""
    certificate = x509.load_pem_x509_certificate(authority._leaf.cert_chain_pems[0].bytes())
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b64encode(hashlib.sha256(key).digest()).decode()


class Person:
    """Somebody in front of the browser, by way of its DevTools protocol."""

    def __init__(self, folder: Path) -> None:
        self.orders, self.answers = folder / "orders", folder / "answers"
        os.mkfifo(self.orders, 0o600)
        os.mkfifo(self.answers, 0o600)
        self.number = 0
        self.seen: list[str] = []
        "Every page that was loaded, without its query."

    @asynccontextmanager
    async def there(self) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        # Both ends at once: opening a pipe waits for nobody.
        out = os.fdopen(os.open(self.orders, os.O_RDWR | os.O_NONBLOCK), "wb", buffering=0)
        read = os.fdopen(os.open(self.answers, os.O_RDWR | os.O_NONBLOCK), "rb", buffering=0)
        answers = asyncio.StreamReader(limit=1 << 24)
        reading, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(answers), read)
        with out:
            self.out = out
            self.order("Target.setAutoAttach", autoAttach=True, waitForDebuggerOnStart=False, flatten=True)
            acting = asyncio.create_task(self.act(answers))
            try:
                yield
            finally:
                acting.cancel()
                await asyncio.gather(acting, return_exceptions=True)
                reading.close()
                await asyncio.sleep(0)

    def order(self, method: str, session: str = "", **parameters: object) -> None:
        self.number += 1
        message: Message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        self.out.write(json.dumps(message).encode() + b"\0")

    async def act(self, answers: asyncio.StreamReader) -> None:
        while True:
            message = json.loads((await answers.readuntil(b"\0"))[:-1])
            match message:
                case {"method": "Target.attachedToTarget", "params": {"sessionId": session}}:
                    self.order("Page.enable", session)
                    self.fill_in(session)
                case {"method": "Page.frameNavigated", "params": {"frame": {"url": url}}}:
                    self.seen.append(url.partition("?")[0])
                case _:
                    pass  # an answer to an order, or news that nobody needs

    def fill_in(self, session: str) -> None:
        script = SIGN_IN % json.dumps(PASSWORDS[PRINTER])
        self.order("Page.addScriptToEvaluateOnNewDocument", session, source=script)
        self.order("Runtime.evaluate", session, expression=script)


def left(profiles: Path) -> list[str]:
    return [path.name for path in profiles.iterdir()]


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.manual("S18", "S19a", "S4")
async def test_s19a_a_real_browser_signs_in_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory() as short:
        await signs_in(tmp_path, monkeypatch, Path(short))


async def signs_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profiles: Path) -> None:
    async with office(tmp_path) as here:
        here.screen = None  # type: ignore[assignment]
        # The way to a socket below it may have 107 characters (unix(7)), and pytest's is long.
        monkeypatch.setenv("RUNTIME_DIRECTORY", str(profiles))
        person = Person(tmp_path)
        program = tmp_path / "chromium"
        program.write_text(
            PROGRAM.format(
                program=CHROMIUM,
                root="--no-sandbox" if os.geteuid() == 0 else "",
                pin=pin(here.kit.authority),
                orders=person.orders,
                answers=person.answers,
            )
        )
        program.chmod(stat.S_IRWXU)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        async with here.engine(browser={"enabled": True}) as engine, person.there():
            signed_in = Awaited(engine, SignInSucceeded)
            await engine.acquire("panel")
            await signed_in.comes()
            await engine.settle()
            assert refresh_token(engine, "administrator") == "Acquired"
            assert left(profiles) == []
            assert any(url.startswith(here.provider.base) for url in person.seen), person.seen
