"""Files that wait for their job, in memory."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from franking.engine.control.uploads import Uploads
from franking.machines.roles import Role, Viewer


async def octets() -> AsyncIterator[bytes]:
    yield b"%PDF"


@pytest.mark.manual("B8")
async def test_b8_a_file_that_could_not_be_taken_takes_nobodys_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(name: str, flags: int) -> int:
        raise OSError("too many open files")

    uploads, kim = Uploads(tmp_path / "uploads"), Viewer(Role.USER, "kim")
    with monkeypatch.context() as crowded:
        crowded.setattr(os, "memfd_create", full)
        with pytest.raises(OSError, match="too many"):
            await uploads.take(kim, "scan.pdf", octets())
    assert uploads.held == {}
    taken = await uploads.take(kim, "scan.pdf", octets())
    assert uploads.held == {kim: (1, 4)}
    uploads.forget(taken.upload)
    assert uploads.held == {}
    uploads.close()
