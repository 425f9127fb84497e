"""An alarm to a program of this machine, on its standard input.

Rules: never a shell. The program starts in the root folder with an empty environment, so that no proxy,
account or secret of this process comes with it; what it prints goes nowhere. One that takes longer than
`LIMIT_S` is killed with its process group, and so it is when the engine stops.
"""

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress

LIMIT_S = 30.0


async def run(command: Sequence[str], alarm: bytes) -> str:
    """Empty: it ended with status 0."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            cwd="/",
            env={},
            start_new_session=True,
        )
    except OSError as error:
        return f"it cannot be started: {error.strerror or type(error).__name__}"
    try:
        async with asyncio.timeout(LIMIT_S):
            await process.communicate(alarm)
    except TimeoutError:
        return f"it took more than {LIMIT_S:g} s"
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if process.returncode:
        status = process.returncode
        return f"it ended with status {status}" if status > 0 else f"it was ended by signal {-status}"
    return ""
