"""A disk that is full or broken at each call by which `submit` writes: the job is refused, and no half of it
is left; what comes afterwards is taken.

Rule: the calls are counted first, in a submit that succeeds, so that none is forgotten.
"""

import errno
import io
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from franking.engine.records import StoreFailed
from franking.tests.engine.device import office, states

NEVER = -1
MANY = 40


@dataclass
class Disk:
    """Its call with the number `broken` fails, from 0."""

    broken: int
    code: int
    calls: list[str] = field(default_factory=list)

    def happens(self, name: str) -> None:
        self.calls.append(name)
        if len(self.calls) - 1 == self.broken:
            raise OSError(self.code, os.strerror(self.code))

    def calling(self, name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*given: object, **named: object) -> object:
            self.happens(name)
            return real(*given, **named)

        return call

    def opening(self, real: Callable[..., int]) -> Callable[..., int]:
        def call(path: object, flags: int, *given: object, **named: object) -> int:
            if flags & os.O_CREAT:
                self.happens("create")
            return real(path, flags, *given, **named)

        return call

    def under(self, patch: pytest.MonkeyPatch) -> None:
        disk = self

        class File(io.FileIO):
            def write(self, octets: object, /) -> int:
                disk.happens("write")
                return super().write(octets)  # type: ignore[arg-type] # whatever the spool gives it

        for name in ("fsync", "mkdir", "link"):
            patch.setattr(os, name, self.calling(name, getattr(os, name)))
        patch.setattr(os, "open", self.opening(os.open))
        patch.setattr("franking.engine.spool.io", SimpleNamespace(**{**vars(io), "FileIO": File}))


@pytest.mark.manual("S33", "S33b")
@pytest.mark.parametrize("seal", [True, False], ids=["sealed", "not sealed"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO], ids=["full", "broken"])
async def test_s33_a_disk_that_fails_at_any_write_of_submit_refuses_the_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, seal: bool
) -> None:
    async with office(tmp_path, spool={"seal": seal}) as here, here.engine() as engine:
        await here.scan(engine)  # what is made once, such as the key, is there
        spooled = here.spooled()
        whole = Disk(NEVER, code)
        with monkeypatch.context() as patch:
            whole.under(patch)
            await here.scan(engine)
        assert {"mkdir", "create", "fsync"} <= set(whole.calls)
        assert len(whole.calls) < MANY
        taken = len(states(engine))
        both = here.spooled()
        assert len(both) == 2 * len(spooled)
        for number in range(len(whole.calls)):
            disk = Disk(number, code)
            with monkeypatch.context() as patch:
                disk.under(patch)
                with pytest.raises(StoreFailed, match="the spool cannot be written"):
                    await here.scan(engine)
            assert (here.spooled(), len(states(engine))) == (both, taken), whole.calls[number]
        await here.scan(engine)
        assert len(states(engine)) == taken + 1
