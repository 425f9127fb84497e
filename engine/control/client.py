"""A running engine, as a program in Python uses it by its control socket: the values that callers of the
engine itself get.

Rule: it needs no library, and tells what the engine refused in the engine's own words.
"""

import http.client
import json
import socket
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import TypeAdapter

from .shapes import Problem

PATIENCE_S = 60.0
"How long an answer may take; a factory reset asks the provider first."
BLOCK = 65_536


class ControlRefused(Exception):
    """The running engine refused it, in its own words."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


class ControlUnreachable(Exception):
    """Nobody answers at the socket, or what answers is no engine."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: the running engine cannot be asked ({why}). Look whether its service runs")
        self.path = path


class Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("franking", timeout=PATIENCE_S)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


class Remote:
    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, kind: Any, path: str, **places: object) -> Any:
        """A value of this kind. Raises ControlRefused, ControlUnreachable."""
        return adapter(kind).validate_python(self.ask("GET", path, None, places))

    def post(self, kind: Any, path: str, body: object = None, **places: object) -> Any:
        """A value of this kind. Raises ControlRefused, ControlUnreachable."""
        return adapter(kind).validate_python(self.ask("POST", path, body, places))

    def delete(self, kind: Any, path: str, **places: object) -> Any:
        """A value of this kind. Raises ControlRefused, ControlUnreachable."""
        return adapter(kind).validate_python(self.ask("DELETE", path, None, places))

    def ask(self, method: str, path: str, body: object, places: Mapping[str, object]) -> Any:
        filled = path.format(**{name: quote(str(value), safe="") for name, value in places.items()})
        octets = None if body is None else json.dumps(body).encode()
        return self.answered(method, filled, octets)

    def upload(self, file: Path) -> str:
        """As a job names it. Raises ControlRefused, ControlUnreachable, OSError."""
        with file.open("rb") as opened:
            octets = iter(lambda: opened.read(BLOCK), b"")
            told = self.answered("POST", f"/files?name={quote(file.name, safe='')}", octets)
        return f"upload:{told['upload']}"

    def answered(self, method: str, path: str, body: Any) -> Any:
        connection = Connection(self.path)
        try:
            connection.request(method, path, body, encode_chunked=not isinstance(body, bytes | None))
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise ControlUnreachable(self.path, str(error) or type(error).__name__) from error
        finally:
            connection.close()
        try:
            found = json.loads(text) if text else None
            if answer.status >= 400:
                raise ControlRefused(Problem.model_validate(found))
        except ValueError:
            raise ControlUnreachable(self.path, f"answer {answer.status} is none of its") from None
        return found
