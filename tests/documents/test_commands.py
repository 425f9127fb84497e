"""Every command that stands in a line of the documents is one that there is; those of the README are run."""

import re
import shlex
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import typer

from franking.engine.cli.app import command
from franking.tests.documents.blocks import ROOT, documents, in_line, name
from franking.tests.documents.stage import Stage

README = ROOT / "README.md"
STAND_FOR: Mapping[str, str] = MappingProxyType({
    "ADDRESS": "kim@example.com",
    "FILE": "settings.toml",
    "FOLDER": "folder",
    "JOB": "1",
    "KEY": "smtp.window",
    "NAME": "scanner",
    "USER": "kim",
    "VALUE": "8",
    "[HOST:]PORT": "0",
})  # fmt: skip
"What a document leaves to the reader, in capitals."
IN_TABLE = re.compile(r"^\| `franking ([^`]+)` \|", re.MULTILINE)
ALSO: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "acquire": ("--browser",),  # nobody is there to open the printed address
    "diagrams": ("folder",),  # else they are written into the checkout
})  # fmt: skip
RUN_ELSEWHERE: Mapping[str, str] = MappingProxyType({
    "demo": "tests/engine/cli/test_whole_demo.py",
    "diagrams": "tests/documents/test_blocks.py",
})  # fmt: skip


def filled(line: str) -> list[str]:
    """Its words behind the program's name, with what the reader is to put in."""
    return [STAND_FOR.get(word, word) for word in shlex.split(line)[1:]]


def parsed(words: list[str]) -> None:
    """Raises UsageError for a command or an option that there is not."""
    group: Any = command()
    context = group.make_context("franking", list(words))
    while hasattr(group, "resolve_command") and (left := [*context._protected_args, *context.args]):
        word, group, left = group.resolve_command(context, left)
        if not left and hasattr(group, "resolve_command"):
            return  # the name of a group
        takes = {each for option in group.params if takes_value(option) for each in option.opts}
        left += ["1"] if left and left[-1] in takes else []
        context = group.make_context(word, left, parent=context)


def takes_value(option: Any) -> bool:
    return not getattr(option, "is_flag", False) and option.param_type_name == "option"


@pytest.mark.parametrize("path", documents(), ids=name)
def test_every_command_in_a_line_is_one_that_there_is(path: Path, stage: Stage) -> None:
    for line in in_line(path):
        program, *words = shlex.split(line)
        if program == "franking":
            with suppress(typer.Exit):  # such as `--version`, which ends there
                parsed(filled(line))
        elif program in ("make", "pip"):
            stage.program(program, words)


def test_what_is_no_command_would_be_noticed() -> None:
    for line in ("franking scan", "franking check --all", "franking jobs stop 1", "franking history one"):
        with pytest.raises(Exception, match=r"(?i)no such|valid"):
            parsed(filled(line))


@pytest.mark.manual("B4", "B5", "B14")
def test_every_command_of_the_readme_does_what_it_is_there_for(stage: Stage) -> None:
    stage.device.config.rename(stage.folder / STAND_FOR["FILE"])
    told = IN_TABLE.findall(README.read_text(encoding="utf-8"))
    assert len(told) > 15
    for line in told:
        words = filled(f"franking {line}")
        if words[0] not in RUN_ELSEWHERE:
            stage.franking([*words, *ALSO.get(words[0], ())])
            after(stage, words[0])
    assert not list(stage.device.store.glob("store.db*"))  # the last of them was the reset
    for file in RUN_ELSEWHERE.values():
        assert (ROOT / file).is_file()


def after(stage: Stage, word: str) -> None:
    """A set-up knows no user: the next commands send for one."""
    if word == "init":
        stage.franking(["settings", "set", "users.kim", "kim@example.com"])
