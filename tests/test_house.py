"""The style of the house, as tests.

Rule: each test collects every offence and names file and line, so that one run says all that there is to
mend.
"""

import ast
import re
import tomllib
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

from franking.events.registry import REGISTRY
from franking.tests import manual_coverage

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("diagrams", "engine", "events", "machines", "testing")
TEXTS = {".cfg", ".md", ".py", ".toml", ".txt", ".typed", ".yml", ""}
"Suffixes of the files that people write; none is `Makefile`, `LICENSE` and the like."

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
LINE_CHARACTERS_MAX = 110

PRAGMA = re.compile(r"\s+# (noqa|type: ignore).*")
"Says why a rule doesn't hold in this line; it doesn't count."

LONGER_FUNCTIONS: dict[str, str] = {}
"`file:function` with the reason why it is longer."

SECRET_NAMES = re.compile(r"(^|_)(password|secret|token|key)s?$")
VAGUE = re.compile(r"(manager|helper|utils?)$", re.IGNORECASE)
CLOCK = "engine/clock.py"
WALL = {"now", "today", "utcnow"}
OF_TIME = {"gmtime", "localtime", "sleep", "time", "time_ns"}
"A duration that people wait for (`time.monotonic`) may be measured."
FORBIDDEN = (
    "TO" + "DO",
    "FIX" + "ME",
    "XX" + "X",
    "/wo" + "rk/",
    "/ro" + "ot/",
    "py" + "pi.org",
    "pythonhos" + "ted",
)
"Left-overs and words of one machine, put together so that this file doesn't contain them."


def of_the_project(path: Path) -> bool:
    """Not of the tools: virtual environment, caches, what a build left."""
    parts = path.relative_to(ROOT).parts
    tools = any(part.startswith(".") and part not in {".ci", ".github"} for part in parts[:-1])
    return not tools and "__pycache__" not in parts and parts[0] not in {"build", "dist", "franking.egg-info"}


@cache
def sources() -> dict[str, ast.Module]:
    """Every Python file of the project, parsed, by its path."""
    paths = (path for path in sorted(ROOT.rglob("*.py")) if of_the_project(path))
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def shipped() -> dict[str, ast.Module]:
    return {file: tree for file, tree in sources().items() if file.partition("/")[0] in ROOMS}


@cache
def nodes() -> tuple[tuple[str, ast.AST], ...]:
    return tuple((file, node) for file, tree in sources().items() for node in ast.walk(tree))


def place(file: str, node: ast.AST) -> str:
    return f"{file}:{getattr(node, 'lineno', 0)}"


def test_every_package_folder_is_listed() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    folders = {Path(file).parent for file in shipped()}
    wanted = {"franking"} | {".".join(("franking", *folder.parts)) for folder in folders}
    assert sorted(config["tool"]["setuptools"]["packages"]) == sorted(wanted)
    assert [str(folder) for folder in folders if not (ROOT / folder / "__init__.py").is_file()] == []


def test_the_root_holds_no_module() -> None:
    assert [path.name for path in ROOT.glob("*.py")] == ["__init__.py"]


def test_files_are_short() -> None:
    lengths = {file: len((ROOT / file).read_text(encoding="utf-8").splitlines()) for file in sources()}
    assert {file: lines for file, lines in lengths.items() if lines > FILE_LINES_MAX} == {}


def test_functions_fit_on_a_screen() -> None:
    found = {
        f"{file}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
        for file, node in nodes()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    longer = {name for name, lines in found.items() if lines > FUNCTION_LINES_MAX}
    assert longer == LONGER_FUNCTIONS.keys()


def test_lines_are_short() -> None:
    assert [
        f"{file}:{number}"
        for file in sources()
        for number, line in enumerate((ROOT / file).read_text(encoding="utf-8").splitlines(), 1)
        if len(PRAGMA.sub("", line)) > LINE_CHARACTERS_MAX
    ] == []


def test_every_module_says_what_it_is_for() -> None:
    assert [file for file, tree in sources().items() if not ast.get_docstring(tree)] == []


def test_no_room_is_imported_at_top_level() -> None:
    """It would load a second copy of every class, so that no row of a machine matched."""

    def names(node: ast.AST) -> list[str]:
        if isinstance(node, ast.Import):
            return [alias.name for alias in node.names]
        return [node.module or ""] if isinstance(node, ast.ImportFrom) and node.level == 0 else []

    assert [
        f"{place(file, node)} {name}"
        for file, node in nodes()
        for name in names(node)
        if name.partition(".")[0] in ROOMS
    ] == []


def test_time_comes_from_the_clock() -> None:
    """`engine/clock.py` alone asks the system: a virtual clock and freezegun then move all of it."""

    def asks(node: ast.AST) -> bool:
        match node:
            case ast.ImportFrom(module="time"):
                return True
            case ast.Attribute(attr=attr, value=ast.Name(id="time")):
                return attr in OF_TIME
            case ast.Attribute(attr=attr, value=ast.Name(id="datetime" | "date")):
                return attr in WALL
            case _:
                return False

    found = [place(file, node) for file, tree in shipped().items() for node in ast.walk(tree) if asks(node)]
    assert [at for at in found if not at.startswith(f"{CLOCK}:")] == []
    assert found, "the search itself finds nothing any more"


def test_no_test_sleeps() -> None:
    """A turn of the loop, `asyncio.sleep(0)`, is none."""

    def sleeps(node: ast.AST) -> bool:
        match node:
            case ast.Call(func=ast.Attribute(attr="sleep"), args=[ast.Constant(value=0)]):
                return False
            case ast.Call(func=ast.Attribute(attr="sleep", value=ast.Name(id="asyncio" | "time"))):
                return True
            case _:
                return False

    assert [place(file, node) for file, node in nodes() if file.startswith("tests/") and sleeps(node)] == []


def test_no_failure_is_swallowed() -> None:
    def swallows(node: ast.AST) -> bool:
        match node:
            case ast.ExceptHandler(type=None | ast.Name(id="Exception" | "BaseException"), body=body):
                return all(isinstance(part, ast.Pass | ast.Continue) for part in body)
            case ast.Call(func=ast.Attribute(attr="suppress") | ast.Name(id="suppress"), args=args):
                return any(
                    isinstance(of, ast.Name) and of.id in {"Exception", "BaseException"} for of in args
                )
            case _:
                return False

    assert [place(file, node) for file, node in nodes() if swallows(node)] == []


@pytest.mark.manual("S25")
def test_no_fact_carries_a_secret() -> None:
    """A secret travels beside its fact: facts are journalled."""
    assert {
        f"{name}.{field}"
        for name, fact in REGISTRY.items()
        for field, info in fact.model_fields.items()
        if SECRET_NAMES.search(field) or "Secret" in str(info.annotation)
    } == set()


def test_names_say_what_a_thing_is() -> None:
    named = (
        (place(file, node), node.name)
        for file, node in nodes()
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    )
    modules = ((file, Path(file).stem) for file in sources())
    assert [where for where, name in chain(named, modules) if VAGUE.search(name)] == []


def test_nothing_is_left_over() -> None:
    paths = (path for path in ROOT.rglob("*") if path.suffix in TEXTS and of_the_project(path))
    assert [
        f"{path.relative_to(ROOT)}:{number} {word}"
        for path in sorted(paths)
        if path.is_file() and path.name != ".git"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for word in FORBIDDEN
        if word in line
    ] == []


def test_each_marker_has_a_known_number() -> None:
    known = manual_coverage.titles().keys()
    assert [
        f"{test.file}:{test.test} {number}"
        for path in manual_coverage.test_files()
        for test in manual_coverage.marked(path)
        for number in sorted(test.numbers - known)
    ] == []


def test_each_number_has_a_test() -> None:
    proven = {number for number, proof in manual_coverage.proofs().items() if proof.tests}
    assert manual_coverage.titles().keys() == proven


def test_what_is_met_in_part_is_known() -> None:
    known, named = list(manual_coverage.titles()), manual_coverage.in_part()
    assert named == sorted(set(named), key=known.index)


def test_the_coverage_table_is_fresh() -> None:
    stands = manual_coverage.TABLE.read_text(encoding="utf-8").splitlines()
    wanted = manual_coverage.table().splitlines()
    stale = {line.split("|")[1].strip() if "|" in line else line for line in set(stands) ^ set(wanted)}
    assert sorted(stale) == [], "make coverage-table"
    assert len(stands) == len(wanted), "make coverage-table"


def test_make_clean_takes_all_that_is_not_kept() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\nclean:\n")[2].partition("\n\n")[0]
    taken = recipe.replace("$(VENV)", ".venv").split()
    assert [name for name in ignored if name.rstrip("/") not in taken] == []
