"""Servers that are packages of npm, each in a process of its own.

Rule: a process is ended by its own number. Where Node or the package is missing, the tests say so and are
skipped; `.ci/run` installs the versions that the modules of the servers name.
"""

import asyncio
import shutil
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

MODULES = Path(__file__).resolve().parents[2] / ".venv/interop/node_modules"
NODE_MIN = 20
STARTS_S = 30.0


async def node(package: str, version: str) -> str:
    """For a package of npm. Skips the test where there is no Node that is new enough, or no such package."""
    if (found := shutil.which("node")) is None:
        pytest.skip(f"there is no Node here; {package} wants {NODE_MIN}")
    process = await asyncio.create_subprocess_exec(found, "--version", stdout=PIPE)
    said, _ = await process.communicate()
    if int(said.decode().strip().removeprefix("v").partition(".")[0]) < NODE_MIN:
        pytest.skip(f"Node {said.decode().strip()} is too old; {package} wants {NODE_MIN}")
    if not (MODULES / package).is_dir():
        pytest.skip(f"no {package} here: npm install --prefix .venv/interop {package}@{version}")
    return found


def certified(folder: Path) -> None:
    """Puts the server's key and certificate, and its authority's, where the program reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    server = authority.issue_cert("localhost", "127.0.0.1")
    (folder / "key.pem").touch(mode=0o600)
    server.private_key_pem.write_to_path(str(folder / "key.pem"))
    (folder / "server.pem").write_bytes(b"".join(pem.bytes() for pem in server.cert_chain_pems))


@asynccontextmanager
async def started(
    package: str, version: str, script: Path, says: str, *arguments: Path | str
) -> AsyncIterator[tuple[str, asyncio.StreamReader]]:
    """Runs a script on the package's modules: what stands behind `says` in its first line, which is where it
    listens, and what it says afterwards.
    """
    program = await node(package, version)
    process = await asyncio.create_subprocess_exec(
        program, script, MODULES, *arguments, stdout=PIPE, stderr=PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.timeout(STARTS_S):
            line = (await process.stdout.readline()).decode()
        if not line.startswith(f"{says} "):
            process.kill()
            pytest.fail(f"{package} did not start: {(await process.stderr.read()).decode()}")
        yield line.split()[1], process.stdout
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
