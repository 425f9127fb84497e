"""`franking-sendmail` as programs start it: in a process of its own, for an engine at a socket."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

LOADED = "import json, pwd, sys; from franking.engine.programs.sendmail import main"
PROGRAM = (sys.executable, "-c", f"{LOADED}; sys.exit(main())")
BECOMES = "import os; os.setgroups([]); os.setgid({0}); os.setuid({0})"
"Once everything is loaded, for another user may not be able to read what lies here."


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
    python = PROGRAM
    if user is not None:
        python = (sys.executable, "-c", f"{LOADED}; {BECOMES.format(user)}; sys.exit(main())")
    process = await asyncio.create_subprocess_exec(
        *python,
        *options,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(environment),
    )
    out, err = await process.communicate(octets)
    assert process.returncode is not None
    return Done(process.returncode, out.decode(), err.decode())
