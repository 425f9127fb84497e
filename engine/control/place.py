"""Where the socket lies, for who serves it and for who looks for it.

Rule: beside a store there is always a way to the engine that has it: its socket, or a link to that.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from ..programs import places
from ..programs.places import NAME, NAMED

SERVICE = Path(places.SERVICE)
"Where the service of the system has it: its service manager gives it the folder."


def beside(folder: Path) -> Path:
    return folder / "control" / NAME


def socket_of(folder: Path, environment: Mapping[str, str]) -> Path:
    """Of the store in this folder: where the service manager gives a place for it, else beside the store."""
    runtime = environment.get("RUNTIME_DIRECTORY", "").split(":")[0]
    return Path(runtime) / NAME if runtime else beside(folder)


def drop_of(socket: Path, environment: Mapping[str, str]) -> Path:
    """Where programs leave their mail for the engine with this socket while it is away."""
    return Path(places.drop_of(str(socket), environment))


def looked_for(folder: Path, environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Where the engine of this store may answer, in this order."""
    named = environment.get(NAMED)
    return (Path(named),) if named else (beside(folder), SERVICE)


@contextmanager
def linked(folder: Path, path: Path) -> Iterator[None]:
    """The way from the store to its socket elsewhere, as long as the block lasts. Raises OSError."""
    link = beside(folder)
    if path == link:
        yield
        return
    link.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(path.absolute())
    try:
        yield
    finally:
        with suppress(FileNotFoundError):
            link.unlink()
