"""Where the control socket lies."""

from collections.abc import Mapping
from pathlib import Path

NAME = "franking.sock"
SERVICE = Path("/run/franking") / NAME
"Where the service of the system has it: its service manager gives it the folder."


def socket_of(folder: Path, environment: Mapping[str, str]) -> Path:
    """Of the store in this folder: where the service manager gives a place for it, else beside the store."""
    runtime = environment.get("RUNTIME_DIRECTORY", "").split(":")[0]
    return Path(runtime) / NAME if runtime else folder / "control" / NAME
