"""How `franking-sendmail` hands a message over: to the engine by its socket, or to the drop folder.

Rule: what is said to be kept is durable.
"""

import os
import socket
from collections.abc import Mapping
from typing import NamedTuple

from .outgoing import Outgoing, write_all

HEAD_MOST = 10_000
"Octets of a request's line that the engine takes; a longer envelope goes through the drop folder."
ANSWER_MOST = 1 << 20
PATIENCE_S = 60.0
SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~@,:+")
MAGIC = "franking-drop 1"
MODE = 0o640
"Of a dropped file: its group is the folder's, and of that group nobody but the engine's user knows its name."


class Answer(NamedTuple):
    status: int
    body: bytes


class Cut(OSError):
    """The engine ended, or was silent, before it answered: it is not known whether it has the message."""


def query_of(fields: Mapping[str, str]) -> str:
    return "&".join(f"{name}={quoted(value)}" for name, value in fields.items() if value)


def quoted(value: str) -> str:
    """The plus stands for itself in no query."""
    octets = os.fsencode(value)
    return "".join(chr(each) if each in SAFE and each != 0x2B else f"%{each:02X}" for each in octets)


def ask(path: str, method: str, target: str, message: Outgoing | None) -> Answer:
    """Raises Cut where the message may have come, and any other OSError where it has not."""
    size = message.size if message else 0
    head = (
        f"{method} {target} HTTP/1.1\r\nHost: franking\r\nConnection: close\r\n"
        f"Content-Type: application/octet-stream\r\nContent-Length: {size}\r\n\r\n"
    )
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as there:
        there.settimeout(PATIENCE_S)
        there.connect(path)
        try:
            send(there, head.encode("ascii"), message)
            return read(there)
        except OSError as error:
            raise Cut(*error.args) from error


def send(there: socket.socket, head: bytes, message: Outgoing | None) -> None:
    """Who is refused in the middle is told why. Raises OSError."""
    try:
        there.sendall(head)
        for block in message.blocks() if message else ():
            there.sendall(block)
    except (BrokenPipeError, ConnectionResetError):
        return


def read(there: socket.socket) -> Answer:
    """Raises OSError."""
    octets = bytearray()
    try:
        while len(octets) < ANSWER_MOST and (block := there.recv(1 << 16)):
            octets += block
    except ConnectionResetError:  # behind a refusal that came before all was read; what came of it counts
        pass
    head, end, body = bytes(octets).partition(b"\r\n\r\n")
    line = head.split(b"\r\n")[0].split(b" ")
    if not end or len(line) < 2 or not line[1].isdigit():
        raise ConnectionResetError("no answer came")
    return Answer(int(line[1]), body)


def drop(folder: str, mark: str, query: str, message: Outgoing) -> None:
    """Returns when it lies there durably. Raises OSError.

    The folder cannot be opened by who may only put something into it, and so not be synchronised; but the
    file system writes a new name down with the file that has it, where that is synchronised after it got it.
    """
    name, hidden = os.path.join(folder, mark), os.path.join(folder, f".{mark}")
    group = os.stat(folder).st_gid
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    file, placed = os.open(hidden, flags, 0o600), False
    try:
        begin = f"{MAGIC} {message.size:020d}\n{query}\n".encode("ascii")
        write_all(file, begin)
        for block in message.blocks():
            write_all(file, block)
        os.fchown(file, -1, group)
        os.fchmod(file, MODE)
        os.fsync(file)
        os.rename(hidden, name)
        placed = True
        os.fsync(file)
        sync(folder)
    except BaseException:
        if not unlinked(name if placed else hidden) and placed:
            return  # it is taken up, or will be: whoever tried again would send it twice
        raise
    finally:
        os.close(file)


def unlinked(path: str) -> bool:
    try:
        os.unlink(path)
    except OSError:
        return False
    return True


def sync(folder: str) -> None:
    """Where we may."""
    try:
        file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:
        return
    try:
        os.fsync(file)
    finally:
        os.close(file)
