"""The form by which a person sends: a function, addresses, files.

Files that were brought wait in memory for their job (`engine/control/uploads.py`): where the job is refused,
they are still there when the form is sent again.

Rule: what a person typed is his: it is checked by the request's own model, and told back beside its field.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from ...events.request import REQUESTS, FromPerson, Function
from ...events.settings import ChangeFrom
from ..control.problems import wrong_fields
from ..control.uploads import UnknownUpload
from ..refusal import Refused
from .forms import Form
from .here import Answer, Here, NothingThere, Shows
from .home import TILES, offered
from .sessions import Message
from .sizes import size

SEPARATES = re.compile(r"[\s,;]+")
ADDRESSES = ("to", "cc", "bcc")
ACCEPTS: Mapping[Function, str] = {Function.INTERNET_FAX: ".tif,.tiff,.pdf,.jpg,.jpeg"}
"What the dialogue for files offers first."


class Brought(NamedTuple):
    """A file that waits for its job."""

    upload: int
    name: str
    size: str


def function_of(here: Here) -> Function:
    """Raises NothingThere."""
    wanted = here.path["function"]
    if f"/send/{wanted}" not in {path for path, _, _ in offered(here)}:
        raise NothingThere
    return next(each for each, path, _ in TILES if path == wanted)


def shown(here: Here) -> dict[str, Any]:
    """Raises NothingThere."""
    return context(here, function_of(here), Form({}), {})


def context(here: Here, function: Function, form: Form, wrong: Mapping[str, str]) -> dict[str, Any]:
    path = here.path["function"]
    settings = here.engine.settings
    return {
        "title": function.value,
        "action": f"/send/{path}",
        "names_to": function is not Function.SCAN_TO_ME,
        "chooses_from": settings.from_address.setting is ChangeFrom.USER_CHANGES,
        "typed": {name: form.one(name) for name in (*ADDRESSES, "subject", "text", "from_address")},
        "brought": brought(here, form),
        "accepts": ACCEPTS.get(function, ""),
        "wrong": wrong,
        "rules": (),
    }


def brought(here: Here, form: Form) -> tuple[Brought, ...]:
    numbers = [int(each) for each in form.all("upload") if each.isdecimal() and len(each) < 19]
    numbers += [each.upload for each in form.files]
    found = [here.uploads.kept[each] for each in numbers if each in here.uploads.kept]
    mine = [each.told for each in found if each.of == here.viewer]
    return tuple(Brought(each.upload, each.name, size(each.octets)) for each in mine)


def values(here: Here, function: Function, form: Form, files: tuple[Brought, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "function": function,
        "user": here.viewer.login,
        "subject": form.one("subject").strip(),
        "text": form.one("text"),
        "files": [f"upload:{each.upload}" for each in files],
    }
    for name in ADDRESSES:
        found[name] = [each for each in SEPARATES.split(form.one(name)) if each]
    if function is Function.SCAN_TO_ME:
        found["to"] = []
    if chosen := form.one("from_address").strip():
        found["from_address"] = chosen
    return found


async def sent(here: Here, form: Form) -> Answer:
    """Raises NothingThere, ScanUnreadable, NoRoom, StoreFailed."""
    function = function_of(here)
    files = brought(here, form)
    kind = REQUESTS[function]
    try:
        request = kind.model_validate(values(here, function, form, files))
        assert isinstance(request, FromPerson)  # noqa: S101 - every tile is a person's
        paths, uploads = here.uploads.paths(here.viewer, request.paths)
        request = request.placed(paths)
        receipt = await here.view.submit(request, here.place)  # type: ignore[arg-type]
    except ValidationError as error:
        return Shows("send", context(here, function, form, beside(here, error)))
    except Refused as error:
        return Shows("send", {**context(here, function, form, {}), "rules": here.refusals(error.rules)})
    except UnknownUpload as error:
        wrong = {"files": here.words.error(error)}
        return Shows("send", context(here, function, form, wrong))
    for number in uploads:
        here.uploads.forget(number)
    here.says(Message(here.say("panel.send.done", job=receipt.job)))
    return "/"


def beside(here: Here, error: ValidationError) -> dict[str, str]:
    """Field to what is wrong with it; of several, the first."""
    found: dict[str, str] = {}
    for each in wrong_fields(error, here.words):
        name = each.where.partition(".")[0]
        if name == "files" and "upload" not in each.wrong:
            found.setdefault(name, here.say("panel.send.no-file"))
        else:
            found.setdefault(name, each.wrong)
    return found
