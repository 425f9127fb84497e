"""The device's settings from a TOML file, the environment and the program, checked as a whole.

A later source wins over an earlier one: the file, then `FRANKING_SECTION__KEY` in the environment, then what
the program gives. Every mistake is reported at once, with its key, what stands there, and the remedy
(EX_CONFIG).
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Self

from pydantic import ValidationError

from ..events.request import Address, Line
from ..events.settings import DeviceSettings, Host, HttpsUrl, Reference
from .secret import Secret

PREFIX = "FRANKING_"
Tree = dict[str, object]


class Mistake(NamedTuple):
    key: str
    "In the file's words: `tls.minimum`."
    given: str
    "The kind of value that was given; never the value, for it may be a secret in the wrong place."
    why: str


class SettingsError(ValueError):
    """Wrong or unknown settings: all of them."""

    def __init__(self, source: str, mistakes: tuple[Mistake, ...]) -> None:
        lines = [f"  {mistake.key}: {mistake.why} (given: {mistake.given})" for mistake in mistakes]
        super().__init__("\n".join([f"{source}: {count(len(mistakes))} to put right:", *lines]))
        self.source, self.mistakes = source, mistakes


class CredentialError(ValueError):
    """A reference to a secret that cannot be read."""

    def __init__(self, reference: str, why: str) -> None:
        super().__init__(f"{reference}: {why}")
        self.reference, self.why = reference, why


class Settings(DeviceSettings):
    """The settings of one device; `Settings()` is the manual's defaults."""

    @classmethod
    def load(cls, path: str | Path, environment: Mapping[str, str] | None = None, **program: object) -> Self:
        """Raises SettingsError, also where the file cannot be read."""
        return cls.checked(str(path), merged(read(Path(path)), environ(environment), dict(program)))

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
                    type(e["input"]).__name__,
                    why(e["type"], e["msg"], dict(e.get("ctx", {}))),
                )
                for e in found
            )
        raise SettingsError(source, mistakes)

    def changed(self, **sections: object) -> Self:
        """A copy with other values, such as `changed(tls={"minimum": "TLSv1.2"})`. Raises SettingsError."""
        return type(self).checked("settings", merged(self.model_dump(), dict(sections)))

    def differences(self, other: DeviceSettings) -> tuple[str, ...]:
        """Keys whose values differ, such as `tls.minimum`."""
        mine, theirs = flat(self.model_dump()), flat(other.model_dump())
        return tuple(sorted(key for key in mine.keys() | theirs.keys() if mine.get(key) != theirs.get(key)))


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
            raise CredentialError(
                reference, "this program cannot keep secrets in the vault yet; use `credential:NAME`"
            )
        for folder in self.folders:
            path = folder / name
            if path.is_file():
                if folder == self.folders[-1] and path.stat().st_mode & 0o077:
                    raise CredentialError(reference, f"others may read {path}; set its mode to 0600")
                try:
                    return Secret(path.read_text().strip())
                except OSError as error:
                    why = f"{path} cannot be read ({error.strerror}); let this program read it"
                    raise CredentialError(reference, why) from None
                except UnicodeDecodeError:
                    raise CredentialError(reference, f"{path} is not UTF-8; write it anew") from None
        places = " or ".join(map(str, self.folders))
        raise CredentialError(
            reference, f"there is no file {name} in {places}; put the secret there, mode 0600"
        )


def read(path: Path) -> Tree:
    import tomllib

    try:
        return tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(str(path), (Mistake("(file)", "text", f"not TOML: {error}"),)) from None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(str(path), (Mistake("(file)", "file", f"cannot be read: {why}"),)) from None


def environ(environment: Mapping[str, str] | None) -> Tree:
    """`FRANKING_TLS__MINIMUM=TLSv1.2`: two underscores for the dot."""
    tree: Tree = {}
    for name, value in (os.environ if environment is None else environment).items():
        if name.startswith(PREFIX) and "__" in name:
            section, _, key = name.removeprefix(PREFIX).lower().partition("__")
            branch = tree.setdefault(section, {})
            if isinstance(branch, dict):
                branch[key] = value
    return tree


def merged(*trees: Tree) -> Tree:
    whole: Tree = {}
    for tree in trees:
        for key, value in tree.items():
            below = whole.get(key)
            whole[key] = (
                merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
            )
    return whole


def flat(tree: Mapping[str, object], above: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            found |= flat(value, f"{above}{key}.")
        else:
            found[f"{above}{key}"] = value
    return found


def count(number: int) -> str:
    return "one setting" if number == 1 else f"{number} settings"


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
}


def why(kind: str, message: str, context: Mapping[str, object]) -> str:
    if kind == "enum":
        return f"one of {context.get('expected')} is wanted"
    if kind == "string_pattern_mismatch":
        return PATTERNS.get(str(context.get("pattern")), "it has characters that cannot stand there")
    return KINDS.get(kind) or message[:1].lower() + message[1:]


def pattern_of(annotation: object) -> str:
    (constraints,) = annotation.__metadata__  # type: ignore[attr-defined]
    return str(constraints.pattern)


PATTERNS = {
    pattern_of(
        Reference
    ): "a reference to a secret is wanted, `credential:NAME`; the secret itself stands in a file",
    pattern_of(Host): "a host name is wanted, without `://` and port",
    pattern_of(HttpsUrl): "an address that begins with `https://` is wanted",
    pattern_of(Address): "an e-mail address is wanted, such as `scanner@example.com`",
    pattern_of(Line): "text of one line is wanted",
}
