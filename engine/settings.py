"""The device's settings from a TOML file, the environment and the program, checked as a whole.

A later source wins over an earlier one: the file, then `FRANKING_SECTION__KEY` in the environment, then what
the program gives. Every mistake is reported at once, with its key, its place in the device's menus, the kind
of value that stands there, and what may stand there instead (EX_CONFIG). What stands there is never repeated:
it may be a secret in the wrong place.
"""

import os
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, Self

from pydantic import BaseModel, ValidationError

from ..events.about import WANTED, Setting, every, written
from ..events.said import Said, said
from ..events.settings import MENU, DeviceSettings
from .secret import Secret
from .words import Spoken, Words, words

Tree = dict[str, object]
Location = Sequence[str | int]


class Given(StrEnum):
    """The kind of value that stands there; English, as the catalogues have it under `given.`."""

    NOTHING = "nothing"
    TRUTH = "true or false"
    NUMBER = "a number"
    TEXT = "text"
    LIST = "a list"
    TABLE = "a table"
    REFERENCE = "a reference"
    FILE = "a file"
    OTHER = "something else"


class Mistake(NamedTuple):
    key: str
    "In the file's words: `tls.minimum`."
    given: Given | None
    "The kind of value that was given; None where there is none."
    why: Said
    variable: str = ""
    "The environment's variable that brought it; empty: it stands in the source that the error names."

    def named(self, words: Words) -> str:
        if not self.variable:
            return self.key
        return words.say("settings.in-environment", key=self.key, variable=self.variable)

    def told(self, words: Words) -> str:
        """Where the device's menus have it, what is wrong, what was given, and the default."""
        setting = nearest(self.key)
        place = f"{words.place(setting.key)}: " if setting and setting.key in MENU else ""
        default = written(setting.default) if setting and setting.key == self.key else ""
        beside = []
        if self.given is not None:
            kind = words.table(f"given.{self.given.name.lower()}", self.given.value)
            beside.append(words.say("settings.given", kind=kind))
        if default not in NOTHING:
            beside.append(words.say("settings.default", default=default))
        return f"{place}{words.said(self.why)}" + (f" ({'; '.join(beside)})" if beside else "")


class SettingsError(Spoken, ValueError):
    """Wrong or unknown settings: all of them."""

    def __init__(self, source: str, mistakes: tuple[Mistake, ...]) -> None:
        self.source, self.mistakes = source, mistakes
        super().__init__("settings.wrong", source=source, wrong=len(mistakes))

    def told(self, words: Words) -> str:
        lines = [f"  {mistake.named(words)}: {mistake.told(words)}" for mistake in self.mistakes]
        wrong = count(len(self.mistakes), words)
        return "\n".join([words.say("settings.wrong", source=self.source, wrong=wrong), *lines])


class CredentialError(ValueError):
    """A reference to a secret that cannot be read."""

    def __init__(self, reference: str, why: str, meaning: str = "credential", **fields: str) -> None:
        super().__init__(f"{reference}: {why}")
        self.reference, self.why = reference, why
        self.meaning = meaning
        "Its code in the catalogues; without one of its own, `why` is the remedy in each language."
        self.fields = fields or {"why": f"{why[:1].upper()}{why[1:]}."}


def no_secret(reference: str, meaning: str, **fields: str) -> CredentialError:
    remedy = words().say(f"{meaning}.remedy", **fields)
    return CredentialError(reference, f"{remedy[:1].lower()}{remedy[1:-1]}", meaning, **fields)


def mistakes_of(error: ValidationError, above: tuple[str, ...] = ()) -> tuple[Mistake, ...]:
    """Every mistake that the check of a tree found, never with the value itself. `above`: where the tree
    stands in its file.
    """
    return tuple(
        Mistake(
            ".".join(map(str, (*above, *each["loc"]))),
            given(each["input"]),
            wanted((*above, *each["loc"]), each["type"], each["msg"], dict(each.get("ctx", {}))),
        )
        for each in error.errors(include_url=False, include_context=True)
    )


class Settings(DeviceSettings):
    """The settings of one device; `Settings()` is the manual's defaults."""

    @classmethod
    def load(cls, path: str | Path, environment: Mapping[str, str] | None = None, **program: object) -> Self:
        """Raises SettingsError, also where the file cannot be read."""
        from .sources import from_environment, stands, variable

        variables = os.environ if environment is None else environment
        try:
            return cls.checked(
                str(path), merged(read(Path(path)), from_environment(variables), dict(program))
            )
        except SettingsError as error:
            mistakes = tuple(
                mistake
                if stands(program, mistake.key.split("."))
                else mistake._replace(variable=variable(variables, mistake.key.split(".")) or "")
                for mistake in error.mistakes
            )
        raise SettingsError(str(path), mistakes)

    @classmethod
    def checked(cls, source: str, tree: Tree) -> Self:
        """Raises SettingsError, naming every mistake at once."""
        try:
            return cls.model_validate(tree)
        except ValidationError as error:
            mistakes = mistakes_of(error)
        raise SettingsError(source, mistakes)

    def changed(self, /, **sections: object) -> Self:
        """A copy with other values, such as `changed(tls={"minimum": "TLSv1.2"})`. Settings that are not
        named stay; a table of a setting's own, such as `users`, is replaced as a whole. Raises SettingsError.
        """
        return type(self).checked("settings", laid_over(self, sections))

    def differences(self, other: DeviceSettings) -> tuple[str, ...]:
        """Keys whose values differ, such as `tls.minimum`. A table such as `users` has its own key alone: the
        keys are journalled, and names don't belong there.
        """
        mine, theirs = flat(self), flat(other)
        return tuple(sorted(key for key, value in mine.items() if value != theirs[key]))


class FileCredentials:
    """`credential:NAME` from the folder that the service manager provides, else from a 0600 file beside the
    store.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        provided = (os.environ if environment is None else environment).get("CREDENTIALS_DIRECTORY")
        self.folders = [*([Path(provided)] if provided else []), folder]

    def read(self, reference: str) -> Secret:
        """Raises CredentialError."""
        kind, _, name = reference.partition(":")
        if kind != "credential":
            raise no_secret(reference, "credential.kind", kind=kind)
        for folder in self.folders:
            path = folder / name
            if path.is_file():
                if folder == self.folders[-1] and path.stat().st_mode & 0o077:
                    raise no_secret(reference, "credential.mode", path=str(path))
                try:
                    return Secret(path.read_text().strip())
                except OSError as error:
                    why = error.strerror or type(error).__name__
                    raise no_secret(reference, "credential.unreadable", path=str(path), why=why) from None
                except UnicodeDecodeError:
                    raise no_secret(reference, "credential.utf-8", path=str(path)) from None
        places = " or ".join(map(str, self.folders))
        raise no_secret(reference, "credential.missing", name=name, places=places)


def read(path: Path) -> Tree:
    import tomllib

    from .sources import from_file

    try:
        return from_file(path)
    except tomllib.TOMLDecodeError as error:
        why = said("settings.no-toml", why=str(error))
    except UnicodeDecodeError:
        why = said("settings.no-utf-8")
    except OSError as error:
        why = said("settings.unreadable", why=error.strerror)
    raise SettingsError(str(path), (Mistake("(file)", None, why),))


def merged(*trees: Tree) -> Tree:
    whole: Tree = {}
    for tree in trees:
        for key, value in tree.items():
            below = whole.get(key)
            whole[key] = (
                merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
            )
    return whole


def laid_over(values: BaseModel, change: Mapping[str, object]) -> Tree:
    tree = values.model_dump()
    for name, value in change.items():
        below = getattr(values, name, None)
        if isinstance(below, BaseModel) and isinstance(value, Mapping):
            tree[name] = laid_over(below, value)
        else:
            tree[name] = value
    return tree


def flat(values: BaseModel, above: str = "") -> dict[str, object]:
    """Every setting by its key."""
    found: dict[str, object] = {}
    for name, value in values:
        if isinstance(value, BaseModel):
            found |= flat(value, f"{above}{name}.")
        else:
            found[f"{above}{name}"] = value
    return found


def count(number: int, words: Words) -> str:
    return words.say("settings.one") if number == 1 else words.say("settings.several", number=number)


def nearest(key: str) -> Setting | None:
    """The setting of this key, or the one whose list or table it stands in."""
    steps = key.split(".")
    above = (".".join(steps[:depth]) for depth in range(len(steps), 0, -1))
    return next((every()[name] for name in above if name in every()), None)


def wanted(location: Location, kind: str, message: str, context: Mapping[str, object]) -> Said:
    key = ".".join(map(str, location))
    if kind == "extra_forbidden":
        return instead_of(key)
    if key in every() and kind not in OF_LENGTH:
        return said(TAKES.get(kind, "settings.takes"), allowed=every()[key].takes, key=key)
    above = nearest(key)
    if kind in OF_SECTIONS and above is not None:  # an entry that is a table
        return said("settings.takes", allowed=above.takes.fields["value"])
    return why(kind, message, context)


def instead_of(key: str) -> Said:
    from difflib import get_close_matches

    known = {each.section for each in every().values()} | every().keys()
    close = get_close_matches(key.lower(), sorted(known), n=1, cutoff=0.8)
    return said("settings.unknown-near", close=close[0]) if close else said("settings.unknown")


def given(value: object) -> Given:
    return next((name for kind, name in GIVEN if isinstance(value, kind)), Given.OTHER)


GIVEN = (
    (bool, Given.TRUTH),
    (int | float, Given.NUMBER),
    (str, Given.TEXT),
    (list | tuple, Given.LIST),
    (Mapping, Given.TABLE),
    (type(None), Given.NOTHING),
)
"A truth value is a number, too, so it comes first."
KINDS = {
    "extra_forbidden": "settings.unknown",
    "missing": "settings.missing",
    "bool_parsing": "settings.no-switch",
    "bool_type": "settings.no-switch",
    "int_parsing": "settings.no-number",
    "int_type": "settings.no-number",
    "model_type": "settings.no-section",
    "model_attributes_type": "settings.no-section",
    "string_type": "settings.no-text",
    "path_type": "settings.no-path",
    "tuple_type": "settings.no-list",
    "dict_type": "settings.no-table",
    "string_too_long": "settings.too-long",
    "string_too_short": "settings.too-short",
}
"What is wrong by pydantic's kind of error, as a code."
NOTHING = frozenset({"", '""', "[]", "{}"})
"Defaults that are not worth saying."
TAKES = {"tuple_type": "settings.takes-list", "dict_type": "settings.takes-table"}
OF_SECTIONS = frozenset({"model_type", "model_attributes_type"})
OF_LENGTH = frozenset({"string_too_long", "string_too_short", "too_long", "too_short"})
"What is wrong is the length, which the words of a setting don't speak of."


def why(kind: str, message: str, context: Mapping[str, object]) -> Said:
    if kind == "enum":
        return said("settings.no-choice", expected=context.get("expected"))
    if kind == "string_pattern_mismatch":
        takes = WANTED.get(str(context.get("pattern")))
        return said("settings.wanted", wanted=said(takes)) if takes else said("settings.characters")
    if kind in ("string_too_long", "string_too_short"):
        return said(KINDS[kind], limit=context.get("max_length") or context.get("min_length"))
    if kind in KINDS:
        return said(KINDS[kind])
    return said("settings.as-found", found=message[:1].lower() + message[1:])
