"""Programs that all send at once by the socket when the access token has expired."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from franking.engine.control.screen import ShownAtPlaces
from franking.engine.control.serving import serve
from franking.tests.engine.cli.service import SUBMITTER
from franking.tests.engine.device import PAGES, access_token, office

PROGRAMS, JOBS = 4, 3


async def submitted(socket: Path, scan: Path) -> list[int]:
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SUBMITTER, str(socket), str(scan), str(JOBS), stdout=subprocess.PIPE
    )
    said, _ = await program.communicate()
    return [int(line) for line in said.split()]


@pytest.mark.manual("B3", "B8", "S25")
async def test_b8_four_programs_at_once_with_an_expired_token_make_one_refresh(tmp_path: Path) -> None:
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(PAGES)
    async with office(tmp_path) as here, here.engine() as engine:
        await here.sign_in(engine)
        await here.scan(engine)
        await engine.settle()
        assert access_token(engine, "kim") == "fresh"
        await here.passes(engine, hours=2)
        before, expired = here.refreshes, access_token(engine, "kim")
        async with serve(engine, tmp_path / "s", ShownAtPlaces()) as socket:
            found = await asyncio.gather(*(submitted(socket, scan) for _ in range(PROGRAMS)))
        await engine.settle()
        assert expired != "fresh"
        assert sorted(job for jobs in found for job in jobs) == list(range(2, 2 + PROGRAMS * JOBS))
        assert here.refreshes == before + 1
        assert len(here.kit.mailbox.messages) == 1 + PROGRAMS * JOBS
