"""Where settings come from: the TOML file and the environment, each read by pydantic-settings as a tree.

Rule: nothing that somebody wrote is passed over in silence. What the library would drop or stop at (a section
that does not exist, text that is not the JSON of a list) stays in the tree as it was written, so that the
check of the whole names it together with every other mistake. Imported when settings are loaded: an embedding
program that builds its own never pays for it.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from ..events.settings import DeviceSettings

PREFIX = "FRANKING_"
DELIMITER = "__"
Tree = dict[str, object]


class Keys(DeviceSettings, BaseSettings):
    """The settings' names and kinds, for the sources alone; the values are checked as `Settings`."""

    model_config = SettingsConfigDict(
        case_sensitive=True,  # else `[OAuth]` beside `[oauth]` in one file would be dropped unsaid
        env_prefix=PREFIX,
        env_nested_delimiter=DELIMITER,
    )


class Environment(EnvSettingsSource):
    """`FRANKING_TLS__MINIMUM=TLSv1.2`: two underscores for the dot, in whichever case; lists and tables as
    JSON.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        super().__init__(Keys, case_sensitive=False)
        self.env_vars = {name.lower(): text for name, text in variables.items()}

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: object) -> object:
        try:
            found: object = super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value  # not JSON: the check of the whole says what is wanted
        return found

    def __call__(self) -> Tree:
        tree: Tree = super().__call__()
        for name, text in self.env_vars.items():
            path = name.removeprefix(PREFIX.lower()).split(DELIMITER)
            if name.startswith(PREFIX.lower()) and len(path) > 1 and not stands(tree, path):
                tree[".".join(path)] = text
        return tree


def from_file(path: Path) -> Tree:
    """Raises OSError, UnicodeDecodeError, tomllib.TOMLDecodeError."""
    path.open().close()  # a file that is not there is no error to the library
    return TomlConfigSettingsSource(Keys, path)()


def from_environment(variables: Mapping[str, str]) -> Tree:
    return Environment(variables)()


def variable(variables: Mapping[str, str], path: Sequence[str | int]) -> str | None:
    """The variable that brings this key, or a table or list around it."""
    names = {name.upper(): name for name in variables}
    steps = ".".join(map(str, path)).upper().split(".")
    above = (PREFIX + DELIMITER.join(steps[:depth]) for depth in range(len(steps), 0, -1))
    return next((names[name] for name in above if name in names), None)


def stands(tree: object, path: Sequence[str | int]) -> bool:
    """Whether there is something at this path, or above it something that is no table."""
    for step in path:
        if not isinstance(tree, Mapping):
            return False
        if step not in tree:
            return False
        tree = tree[step]
    return True
