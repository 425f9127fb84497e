"""How long an embedding program waits for its imports, beside the least that any such program imports.

Rule: each import happens in an interpreter of its own, and only the import itself is timed.
"""

import subprocess
import sys

from .measure import Figures, compared

ROUNDS = 15

TIMED = """
from time import perf_counter
began = perf_counter()
{program}
print((perf_counter() - began) * 1000)
"""
OURS = """
from franking import Engine, ScanToEmail, Settings
Settings()
"""
FLOOR = """
import asyncio, sqlite3, pydantic, transitions
pydantic.BaseModel
"""
"""`import pydantic` by itself loads next to nothing, for pydantic loads what a name needs when it is first
used: the class that every model is made from is loaded here, and no model is made."""


def milliseconds(program: str) -> float:
    """What the import takes in a fresh interpreter without the caller's environment."""
    command = [sys.executable, "-I", "-c", TIMED.format(program=program)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True, env={}).stdout)


def imports() -> Figures:
    for program in (OURS, FLOOR):
        milliseconds(program)  # compiles what was never imported, and fills the page cache
    floor = compared(ROUNDS, "ms", lambda: milliseconds(OURS), lambda: milliseconds(FLOOR))
    return {"import_vs_floor": floor}
