"""Writes `docs/manual-coverage.md`: each numbered requirement, the code that names it, the tests that prove
it.

Rule: the tests say it themselves, with the marker `manual`; the code says it by naming the number in its
text, and each number has a test.
Run it with `make coverage-table`.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NUMBERS = ROOT / "docs" / "manual-numbers.md"
TABLE = ROOT / "docs" / "manual-coverage.md"
ROOMS = ("diagrams", "engine", "events", "machines", "testing")

PART = re.compile(r"^- \*\*([SB]\d+[a-z]?)\*\*: ", re.MULTILINE)
ROW = re.compile(r"^\| ([SB]\d+[a-z]?) \| (.+) \|$", re.MULTILINE)
NAMED = re.compile(r"\b([SB])(\d+)([a-z]?)(?:\s*(?:-|\N{EN DASH}|to)\s*\1(\d+)\b)?")
"A number in running text, `S15`, or some of them in a row, `S12-S14`."

HEAD = """# Where each requirement is met

Written by `make coverage-table` from the tests' markers; the numbers are explained in
[manual-numbers.md](manual-numbers.md). Code is what names the number in its text, or else what its tests
import. What a number with tests still lacks stands under "Met in part" there.

| number | in short | code | tests |
| --- | --- | --- | --- |
"""


@dataclass
class Proof:
    """What stands behind one number."""

    code: set[str] = field(default_factory=set)
    "Modules that name it."
    imported: set[str] = field(default_factory=set)
    "Modules that its tests import."
    tests: dict[str, list[str]] = field(default_factory=dict)
    "Test functions by file."


@dataclass(frozen=True)
class Marked:
    """A test function and the numbers in its markers, its class's and its module's."""

    file: str
    test: str
    numbers: frozenset[str]


def titles() -> dict[str, str]:
    """Every number with its line."""
    return dict(ROW.findall(NUMBERS.read_text(encoding="utf-8")))


def in_part() -> list[str]:
    """The numbers of which the documents say that something is missing, in their order."""
    return PART.findall(NUMBERS.read_text(encoding="utf-8"))


def test_files() -> list[Path]:
    return sorted((ROOT / "tests").rglob("test_*.py"))


def marked(path: Path) -> Iterator[Marked]:
    """The tests of one file, also those without a number."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    named = {
        target.id: numbers_in(node.value, {})
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    yield from _marked(tree, path.relative_to(ROOT).as_posix(), named, named.get("pytestmark", frozenset()))


def _marked(
    node: ast.Module | ast.ClassDef, file: str, named: Mapping[str, frozenset[str]], above: frozenset[str]
) -> Iterator[Marked]:
    for part in node.body:
        if not isinstance(part, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        own = above.union(*(numbers_in(mark, named) for mark in part.decorator_list))
        if isinstance(part, ast.ClassDef):
            yield from _marked(part, file, named, own)
        elif part.name.startswith("test"):
            yield Marked(file, part.name, own)


def numbers_in(node: ast.AST, named: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The numbers of each `pytest.mark.manual(...)` in an expression, and of names that stand for one."""
    found = set[str]()
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            found |= named.get(part.id, frozenset())
        elif (
            isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr == "manual"
        ):
            found |= {str(ast.literal_eval(argument)) for argument in part.args}
    return frozenset(found)


def named_in(text: str) -> set[str]:
    """The numbers that a text names, those within a row of numbers too."""
    found = set[str]()
    for letter, first, suffix, last in NAMED.findall(text):
        found.add(f"{letter}{first}{suffix}")
        found |= {f"{letter}{number}" for number in range(int(first), int(last or first) + 1) if last}
    return found


@cache
def imported_by(path: Path) -> frozenset[str]:
    """The modules of ours that a test imports, as files; the test kit is a means and no subject."""
    found = set[str]()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("franking."):
            place = ROOT.joinpath(*node.module.split(".")[1:])
            file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
            if file.is_file() and place.relative_to(ROOT).parts[0] not in {"testing", "tests"}:
                found.add(file.relative_to(ROOT).as_posix())
    return frozenset(found)


@cache
def proofs() -> dict[str, Proof]:
    """Raises KeyError where a marker has a number that nobody knows."""
    found = {number: Proof() for number in titles()}
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for number in named_in(path.read_text(encoding="utf-8")) & found.keys():
                found[number].code.add(path.relative_to(ROOT).as_posix())
    for path in test_files():
        for test in marked(path):
            for number in test.numbers:
                found[number].tests.setdefault(test.file, []).append(test.test)
                found[number].imported |= imported_by(path)
    return found


def table() -> str:
    """The whole file."""
    lines = [HEAD]
    for number, proof in proofs().items():
        code = "<br>".join(f"`{file}`" for file in sorted(proof.code or proof.imported))
        tests = "<br>".join(
            f"`{file}`: " + ", ".join(name.removeprefix("test_") for name in names)
            for file, names in sorted(proof.tests.items())
        )
        lines.append(f"| {number} | {titles()[number]} | {code} | {tests} |\n")
    return "".join(lines)


def main() -> None:
    TABLE.write_text(table(), encoding="utf-8")


if __name__ == "__main__":
    main()
