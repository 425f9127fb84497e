"""What goes wrong, as problem details (RFC 9457): a code, and a sentence in the device's language with cause
and remedy (B9).

Rule: an error that a caller can bring about has its row in `statuses.py`; whatever has none is a fault of the
program, whose type and place are logged, and of which nothing is told.
"""

import logging
from typing import Any

from pydantic import ValidationError
from starlette.responses import JSONResponse

from ..applying import SignInsEnd
from ..deeds import where
from ..refusal import Refused
from ..settings import SettingsError
from ..settings import why as wanted
from ..words import Words
from .shapes import MEDIA_TYPE, TYPE, Problem, WrongField, shaped, told
from .statuses import ENGINE, NOT_NOW, STATUSES

AGAIN_S = 30
"When whoever meets a store that fails may come again."
log = logging.getLogger("franking")


def problem(error: Exception, words: Words) -> JSONResponse:
    if isinstance(error, ValidationError):
        return said(422, "wrong-fields", words.say("control.fields"), fields=wrong_fields(error, words))
    names = (f"{kind.__module__.removeprefix(ENGINE)}.{kind.__name__}" for kind in type(error).__mro__)
    row = next((STATUSES[name] for name in names if name in STATUSES), None)
    if row is None:
        log.error("a request met a fault of the program: %s", where(error))
        return said(500, "fault", words.say("control.fault"))
    more: dict[str, Any] = {}
    if isinstance(error, Refused):
        more["rules"] = tuple(told(words.told(rule)) for rule in error.rules)
    if isinstance(error, SettingsError):
        more["fields"] = tuple(
            WrongField(where=each.named(words), wrong=each.told(words)) for each in error.mistakes
        )
    if isinstance(error, SignInsEnd):
        more["ends"] = error.whose
    return said(*row, words.error(error), **more)


def said(status: int, code: str, detail: str, **more: Any) -> JSONResponse:
    body = Problem(type=f"{TYPE}{code}", status=status, detail=detail, **more)
    headers = {"Retry-After": f"{AGAIN_S}"} if status == NOT_NOW else {}
    return JSONResponse(shaped(body), status, headers, MEDIA_TYPE)


def wrong_fields(error: ValidationError, words: Words) -> tuple[WrongField, ...]:
    """Never with the value itself: it may be a secret in the wrong place."""
    return tuple(
        WrongField(
            where=".".join(map(str, each["loc"])),
            wrong=words.say("control.unknown-field")
            if each["type"] == "extra_forbidden"
            else words.said(wanted(each["type"], each["msg"], dict(each.get("ctx", {})))),
        )
        for each in error.errors(include_url=False, include_input=False)
    )
