"""What the tests of the submission side share: clock, authority, messages, a scene of server and device."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from franking.engine.contents import OnDisk
from franking.engine.smtp.compose import File, Message, Part
from franking.engine.smtp.submission import SmtpSubmission
from franking.events.settings import Security
from franking.testing.authority import Authority, client_context
from franking.testing.clock import VirtualClock
from franking.testing.scripted_submission import Script, ScriptedServer
from franking.tests.engine.smtp.device import MOMENT, Device, message_of

Playing = Callable[[Script], AbstractAsyncContextManager[tuple[ScriptedServer, Device]]]


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(MOMENT)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def small() -> Message:
    return message_of(Part.text("Hello\n.\n.. dots\nend"))


@pytest.fixture
def large(tmp_path: Path) -> Message:
    """More than what sockets and transport hold together."""
    path = tmp_path / "large.pdf"
    with path.open("wb") as file:
        file.truncate(16 * 1024 * 1024)
    return message_of(
        Part.attachment(File(OnDisk(path, path.stat().st_size)), "large.pdf", "application/pdf")
    )


@pytest.fixture
def playing(authority: Authority, clock: VirtualClock) -> Playing:
    """A scripted server, and a device that sends to it and leaves before it ends."""

    @asynccontextmanager
    async def play(script: Script) -> AsyncIterator[tuple[ScriptedServer, Device]]:
        async with ScriptedServer(authority.server_context(), script) as server:
            submission = SmtpSubmission(
                "localhost",
                server.port,
                lambda: client_context(authority.ca_file),
                clock,
                timeout_s=script.patience_s,
                security=Security.IMPLICIT if script.implicit else None,
                room=script.room,
            )
            try:
                yield server, Device(submission)
            finally:
                await submission.aclose()

    return play
