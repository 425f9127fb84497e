"""`franking-sendmail` as programs start it: in a process of its own, for an engine at a socket."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

PROGRAM = (
    sys.executable,
    "-c",
    "import sys; from franking.engine.programs.sendmail import main; sys.exit(main())",
)


class Done(NamedTuple):
    code: int
    out: str
    err: str


def surroundings(socket: Path, drop: Path) -> dict[str, str]:
    return {**os.environ, "FRANKING_SOCKET": str(socket), "FRANKING_DROP": str(drop)}


async def sendmail(
    environment: Mapping[str, str], *options: str, octets: bytes = b"", user: int | None = None
) -> Done:
    """`user`: its number; None: this process's."""
    process = await asyncio.create_subprocess_exec(
        *PROGRAM,
        *options,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(environment),
        user=user,
    )
    out, err = await process.communicate(octets)
    assert process.returncode is not None
    return Done(process.returncode, out.decode(), err.decode())
