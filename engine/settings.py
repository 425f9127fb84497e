"""The device's settings from a TOML file, the environment and the program, checked as a whole.

A later source wins over an earlier one: the file, then `FRANKING_SECTION__KEY` in the environment, then what
the program gives. Every mistake is reported at once, with its key, its place in the device's menus, the kind
of value that stands there, and what may stand there instead (EX_CONFIG). What stands there is never repeated:
it may be a secret in the wrong place.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self

from pydantic import BaseModel, ValidationError

from ..events.about import WANTED, Setting, every, written
from ..events.menu import found_at
from ..events.settings import MENU, DeviceSettings
from .secret import Secret
from .words import words

Tree = dict[str, object]
Location = Sequence[str | int]


class Mistake(NamedTuple):
    key: str
    "In the file's words: `tls.minimum`."
    given: str
    "The kind of value that was given; empty where there is none."
    why: str
    variable: str = ""
    "The environment's variable that brought it; empty: it stands in the source that the error names."

    @property
    def named(self) -> str:
        return f"{self.key} ({self.variable} in the environment)" if self.variable else self.key

    @property
    def words(self) -> str:
        """Where the device's menus have it, what is wrong, what was given, and the default."""
        setting = nearest(self.key)
        place = f"{found_at(self.key, MENU[setting.key])}: " if setting and setting.key in MENU else ""
        default = written(setting.default) if setting and setting.key == self.key else ""
        default = "" if default in NOTHING else default
        beside = [f"given: {self.given}"] * bool(self.given) + [f"default: `{default}`"] * bool(default)
        return f"{place}{self.why}" + (f" ({'; '.join(beside)})" if beside else "")


class SettingsError(ValueError):
    """Wrong or unknown settings: all of them."""

    def __init__(self, source: str, mistakes: tuple[Mistake, ...]) -> None:
        lines = [f"  {mistake.named}: {mistake.words}" for mistake in mistakes]
        super().__init__("\n".join([f"{source}: {count(len(mistakes))} to put right:", *lines]))
        self.source, self.mistakes = source, mistakes


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
            found = error.errors(include_url=False, include_context=True)
            mistakes = tuple(
                Mistake(
                    ".".join(map(str, e["loc"])),
                    given(e["input"]),
                    wanted(e["loc"], e["type"], e["msg"], dict(e.get("ctx", {}))),
                )
                for e in found
            )
        raise SettingsError(source, mistakes)

    def changed(self, **sections: object) -> Self:
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
        why = f"not TOML: {error}"
    except UnicodeDecodeError:
        why = "cannot be read: it is not UTF-8"
    except OSError as error:
        why = f"cannot be read: {error.strerror}"
    raise SettingsError(str(path), (Mistake("(file)", "", why),))


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


def count(number: int) -> str:
    return "one setting" if number == 1 else f"{number} settings"


def nearest(key: str) -> Setting | None:
    """The setting of this key, or the one whose list or table it stands in."""
    steps = key.split(".")
    above = (".".join(steps[:depth]) for depth in range(len(steps), 0, -1))
    return next((every()[name] for name in above if name in every()), None)


def wanted(location: Location, kind: str, message: str, context: Mapping[str, object]) -> str:
    key = ".".join(map(str, location))
    if kind == "extra_forbidden":
        return f"there is no such setting; {instead_of(key)}"
    if key in every() and kind not in OF_LENGTH:
        return f"it takes {every()[key].allowed}{EXAMPLES.get(kind, '')}"
    return why(kind, message, context)


def instead_of(key: str) -> str:
    from difflib import get_close_matches

    known = {each.section for each in every().values()} | every().keys()
    close = get_close_matches(key.lower(), sorted(known), n=1, cutoff=0.8)
    return f"`{close[0]}` is the nearest" if close else "look it up in the documents, or take the line out"


def given(value: object) -> str:
    return next((name for kind, name in GIVEN if isinstance(value, kind)), type(value).__name__)


GIVEN = (
    (bool, "true or false"),
    (int | float, "a number"),
    (str, "text"),
    (list | tuple, "a list"),
    (Mapping, "a table"),
    (type(None), "nothing"),
)
"Kinds of values, in words; a truth value is a number, too, so it comes first."
KINDS = {
    "extra_forbidden": "there is no such setting; look it up in the documents, or take the line out",
    "missing": "it must be set",
    "bool_parsing": "ON is written `true`, OFF `false`",
    "bool_type": "ON is written `true`, OFF `false`",
    "int_parsing": "a whole number is wanted",
    "int_type": "a whole number is wanted",
    "model_type": "a section is wanted, such as `[oauth]`",
    "model_attributes_type": "a section is wanted, such as `[oauth]`",
    "string_type": "text in quotes is wanted",
    "path_type": "a path in quotes is wanted",
    "tuple_type": 'a list is wanted, such as `["first", "second"]`',
    "dict_type": "a table is wanted, such as `[users]`",
}
NOTHING = frozenset({"", '""', "[]", "{}"})
"Defaults that are not worth saying."
EXAMPLES = {"tuple_type": ', such as `["first", "second"]`', "dict_type": "; in the environment as JSON"}
OF_LENGTH = frozenset({"string_too_long", "string_too_short", "too_long", "too_short"})
"What is wrong is the length, which the words of a setting don't speak of."


def why(kind: str, message: str, context: Mapping[str, object]) -> str:
    if kind == "enum":
        return f"one of {context.get('expected')} is wanted"
    if kind == "string_pattern_mismatch":
        words = WANTED.get(str(context.get("pattern")))
        return f"{words} is wanted" if words else "it has characters that cannot stand there"
    return KINDS.get(kind) or message[:1].lower() + message[1:]
