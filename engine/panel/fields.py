"""Settings as fields of a form: what is set, what may be chosen, what is wrong with it; and back.

Everything is read from the settings themselves (`events/about.py`): labels, choices, places in the menus.

Rule: a form changes the settings that it shows and no other; a secret is never shown, and typed anew it goes
into the vault.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from ...events.about import Setting, every, value_of
from ...events.information import Actor
from ...events.settings import MENU, DeviceSettings
from ...machines.rules import Look, Rule, Verdict, broken
from ..kept_secrets import VAULT
from ..settings import Mistake
from ..words import capital
from .forms import Form
from .here import Here

ON = "on"
SHOWN_ON = "shown:"
"Begins the names of hidden fields that say which switches were shown, for one that is OFF sends nothing."
SECRETS = ("credential",)
"Ends the key of a setting that names a secret."


class Kind(StrEnum):
    SWITCH = "switch"
    CHOICE = "choice"
    NUMBER = "number"
    TEXT = "text"
    LIST = "list"
    SECRET = "secret"  # noqa: S105 - a kind of field


@dataclass(frozen=True, slots=True)
class Wrong:
    """What stands beside a setting."""

    verdict: str
    "`cannot-be-set`, `not-available` or `warn`."
    word: str
    sentence: str
    remedy: str
    who: str


@dataclass(frozen=True, slots=True)
class Field:
    key: str
    id: str
    label: str
    kind: Kind
    value: str
    choices: tuple[str, ...]
    takes: str
    unit: str
    wrong: tuple[Wrong, ...]
    optional: bool


def kind_of(setting: Setting) -> Kind:
    if setting.key.endswith(SECRETS):
        return Kind.SECRET
    if isinstance(setting.default, bool):
        return Kind.SWITCH
    if setting.choices:
        return Kind.CHOICE
    if isinstance(setting.default, int | timedelta):
        return Kind.NUMBER
    return Kind.LIST if isinstance(setting.default, tuple) else Kind.TEXT


def value_shown(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return ON if value else ""
        case timedelta():
            return str(int(value.total_seconds()))
        case tuple():
            return ", ".join(map(str, value))
        case StrEnum():
            return value.value
        case _:
            return str(value)


def field_of(
    here: Here,
    setting: Setting,
    now: DeviceSettings,
    wrong: Mapping[str, tuple[Wrong, ...]],
    form: Form | None,
) -> Field:
    """`form`: what the person typed, where it was not taken."""
    kind = kind_of(setting)
    value = value_shown(value_of(now, setting.key))
    if form is not None and kind is not Kind.SECRET:
        value = form.one(setting.key)
    return Field(
        setting.key,
        setting.key.replace(".", "-").replace("_", "-"),
        setting.at.label.strip("[]"),
        kind,
        value,
        setting.choices,
        here.words.said(setting.takes),
        here.say("panel.seconds") if isinstance(setting.default, timedelta) else "",
        wrong.get(setting.key, ()),
        setting.default is None,
    )


def fields(
    here: Here,
    settings: Iterable[Setting],
    wrong: Mapping[str, tuple[Wrong, ...]],
    form: Form | None = None,
) -> tuple[Field, ...]:
    now = here.engine.settings
    return tuple(field_of(here, each, now, wrong, form) for each in settings)


# What is wrong

REFUSES = "cannot-be-set"
VERDICTS = {
    Verdict.CANNOT_BE_SET: (REFUSES, "panel.verdict.cannot-be-set"),
    Verdict.NOT_AVAILABLE: ("not-available", "panel.verdict.not-available"),
    Verdict.WARN: ("warn", "panel.verdict.warn"),
}


def standing(here: Here) -> dict[str, tuple[Wrong, ...]]:
    """Of the settings as they are: why OAuth is not available although it is ON, and what only warns."""
    now, rules = here.engine.settings, here.engine.rules
    found = broken(now, Look.SIGN_IN, rules=rules) if now.oauth.enabled else ()
    warns = broken(now, Look.SET, rules=rules)
    both = [(each, Look.SIGN_IN) for each in found] + [(each, Look.SET) for each in warns]
    return beside(here, [(rule, rule.verdict(look)) for rule, look in both])


def elsewhere(wrong: Mapping[str, tuple[Wrong, ...]], shown: Iterable[Setting]) -> list[Wrong]:
    """What a change was refused for and stands beside no setting of this screen."""
    keys = {each.key for each in shown}
    beside = {told for key, tells in wrong.items() if key in keys for told in tells}
    refuses = (told for tells in wrong.values() for told in tells if told.verdict == REFUSES)
    return [told for told in dict.fromkeys(refuses) if told not in beside]


def refused(here: Here, rules: Iterable[Rule]) -> dict[str, tuple[Wrong, ...]]:
    """What a change was refused for."""
    return beside(here, [(rule, Verdict.CANNOT_BE_SET) for rule in rules])


def beside(here: Here, found: Iterable[tuple[Rule, Verdict | None]]) -> dict[str, tuple[Wrong, ...]]:
    wrong: dict[str, tuple[Wrong, ...]] = {}
    for rule, verdict in found:
        if verdict not in VERDICTS:
            continue
        sentence, remedy = here.words.rule(rule)
        name, code = VERDICTS[verdict]
        told = Wrong(name, here.say(code), sentence, remedy, here.words.actor(rule.actor))
        for key in rule.settings:
            if told not in wrong.get(key, ()):
                wrong[key] = (*wrong.get(key, ()), told)
    return wrong


def mistaken(here: Here, mistakes: Iterable[Mistake]) -> dict[str, tuple[Wrong, ...]]:
    """By key; what stands in a list or a table is told beside it."""
    wrong: dict[str, tuple[Wrong, ...]] = {}
    for each in mistakes:
        key = next(
            (known for known in every() if each.key == known or each.key.startswith(f"{known}.")), each.key
        )
        sentence = here.words.said(each.why)
        if key not in MENU:
            sentence = f"{here.words.place(key)}: {sentence}"
        name, code = VERDICTS[Verdict.CANNOT_BE_SET]
        who = here.words.actor(Actor.ADMIN)
        told = Wrong(name, here.say(code), f"{capital(sentence)}.", "", who)
        wrong[key] = (*wrong.get(key, ()), told)
    return wrong


# And back


def read(form: Form, settings: Iterable[Setting]) -> dict[str, object]:
    """The values of a form by their keys, as a settings file would have them; secrets are left out."""
    found: dict[str, object] = {}
    for each in settings:
        kind = kind_of(each)
        if each.key not in form.fields and f"{SHOWN_ON}{each.key}" not in form.fields:
            continue
        text = form.one(each.key).strip()
        if kind is Kind.SWITCH:
            found[each.key] = text == ON
        elif kind is Kind.LIST:
            found[each.key] = [part.strip() for part in text.split(",") if part.strip()]
        elif kind is not Kind.SECRET:
            found[each.key] = text or (None if each.default is None else text)
    return found


def secret(settings: Iterable[Setting]) -> list[Setting]:
    """Those that name a secret."""
    return [each for each in settings if kind_of(each) is Kind.SECRET]


def secrets(form: Form, settings: Iterable[Setting]) -> dict[str, str]:
    """What was typed anew, by key."""
    typed = {each.key: form.one(each.key) for each in secret(settings)}
    return {key: value for key, value in typed.items() if value}


def vault_name(key: str) -> str:
    """Under which a secret of this setting is kept."""
    return key.replace("_", "-")


def reference(key: str) -> str:
    return f"{VAULT}:{vault_name(key)}"


def sections(values: Mapping[str, object]) -> dict[str, Any]:
    """By section, as `Settings.changed` takes them."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        *above, name = key.split(".")
        at = found
        for section in above:
            at = at.setdefault(section, {})
        at[name] = value
    return found
