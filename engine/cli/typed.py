"""Lines that a person types or pastes while the program goes on.

Rule: whoever started the program keeps the terminal as it was: it is read when there is something to read,
and never switched to another mode.
"""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

AT_ONCE = 65_536


@contextmanager
def typed(source: int, heard: Callable[[str], None]) -> Iterator[None]:
    """Calls `heard` with each line that comes from this file descriptor, until the block ends. In a running
    loop.
    """
    loop, begun = asyncio.get_running_loop(), bytearray()

    def said(octets: bytes) -> None:
        begun.extend(octets)
        *whole, rest = bytes(begun).split(b"\n")
        begun[:] = rest
        for line in whole if octets else [*whole, rest]:
            if line.strip():
                heard(line.decode(errors="replace").strip())

    def readable() -> None:
        octets = os.read(source, AT_ONCE)
        said(octets)
        if not octets:
            loop.remove_reader(source)

    try:
        loop.add_reader(source, readable)
    except PermissionError:  # a file, which never makes anybody wait
        while octets := os.read(source, AT_ONCE):
            said(octets)
        said(b"")
        yield
        return
    try:
        yield
    finally:
        loop.remove_reader(source)
