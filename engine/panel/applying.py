"""[OK] below settings: one change, taken whole or not at all (S15, S23a, S26a).

Rule: the engine takes it first; then it is written where the next start finds it. What could not be written
is said, for it would be lost with the power.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ...events.about import Setting
from ..applying import Applied, SignInsEnd
from ..deeds import where
from ..refusal import Refused
from ..secret import Secret
from ..settings import SettingsError
from .fields import mistaken, read, reference, refused, secret, secrets, sections, vault_name
from .forms import Form
from .here import Answer, Here, Shows
from .sessions import Message, Tone

log = logging.getLogger("franking")
Wrongs = Mapping[str, Any]
Again = Callable[[Wrongs], Shows]
"""The same screen, with what was wrong beside the settings."""
ENDS = "ends"
"Field of a form that was confirmed: whose sign-ins may end by it."
KEPT = "kept:"
"Begins the names of its fields that say which secrets were typed, and lie in the vault by now."


async def applied(
    here: Here, form: Form, settings: Iterable[Setting], again: Again, to: Callable[[Applied], str]
) -> Answer:
    """`to`: where the person goes when it was taken. Raises NotAllowed, StoreFailed, SealFailed."""
    settings = tuple(settings)
    values = read(form, settings)
    typed = secrets(form, settings)
    kept = [each.key for each in secret(settings) if f"{KEPT}{each.key}" in form.fields]
    values |= {key: reference(key) for key in (*typed, *kept)}
    try:
        wanted = here.engine.settings.changed(**sections(values))
        for key, text in typed.items():
            await here.view.keep_secret(vault_name(key), Secret(text))
        found = await here.view.apply(wanted, form.all(ENDS))
    except Refused as error:
        return again({**mistaken(here, error.mistakes), **refused(here, error.rules)})
    except SettingsError as error:
        return again(mistaken(here, error.mistakes))
    except SignInsEnd as error:
        return confirms(here, form, typed, error)
    says(here, found, await lost(here, found.changed), anew=bool(typed))
    return to(found)


async def lost(here: Here, keys: Sequence[str]) -> str:
    """Why the change could not be written down; empty: it was, or there is nothing to write."""
    if here.keep is None or not keys:
        return ""
    try:
        await asyncio.to_thread(here.keep, here.engine.settings, keys)
    except (OSError, ValueError) as error:
        log.error("changed settings are not kept: %s", where(error))
        return (error.strerror if isinstance(error, OSError) else "") or type(error).__name__
    return ""


def confirms(here: Here, form: Form, typed: Iterable[str], error: SignInsEnd) -> Shows:
    """Whose sign-ins end: the form once more, with their names in it and without the secrets (S26a)."""
    left_out = {ENDS, *typed}
    fields = [
        (name, value) for name, values in form.fields.items() if name not in left_out for value in values
    ]
    fields += [(f"{KEPT}{key}", "1") for key in typed]
    context = {
        "title": here.say("panel.ends.title"),
        "asks": here.say("panel.ends.asks", whose=", ".join(error.whose)),
        "fields": [*fields, *((ENDS, each) for each in error.whose)],
        "yes": here.say("panel.ok"),
        "back": "/oauth",
        "grave": True,
    }
    return Shows("confirm", context, 200)


def says(here: Here, found: Applied, lost: str, *, anew: bool) -> None:
    """`anew`: a secret was typed, which no setting shows."""
    more = tuple(f"{rule.sentence} {rule.act}" for rule in found.warns)
    if lost:
        here.says(Message(here.say("panel.not-kept"), Tone.WARN, (lost, *more)))
    elif here.keep is None and found.changed:
        here.says(Message(here.say("panel.until-end"), Tone.WARN, more))
    elif more:
        here.says(Message(here.say("panel.taken"), Tone.WARN, more))
    elif found.changed or anew:
        here.says(Message(here.say("panel.taken")))
