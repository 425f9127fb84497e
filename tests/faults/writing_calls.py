"""The functions of the engine that change what lies on the disk, found in its source.

Rule: a call counts by its name, whatever it is called on: what is no call of the disk is named in the table
that the result is held against.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import franking.engine

ROOT = Path(str(franking.engine.__file__)).parent
CHANGES = frozenset(
    {"fsync", "posix_fallocate", "ftruncate", "link", "rename", "unlink", "rmdir", "rmtree", "mkdir", "touch"}
    | {"write_bytes", "write_text", "executescript"}
)
SQL = ("commit", "pragma wal_checkpoint")


def changes(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    first = call.args[0] if call.args else None
    match name:
        case "replace":  # of a path: text has two
            return len(call.args) == 1 and not call.keywords
        case "open":
            return "O_CREAT" in ast.dump(call) or (
                isinstance(first, ast.Constant) and "x" in str(first.value)
            )
        case "execute":
            return isinstance(first, ast.Constant) and str(first.value).startswith(SQL)
        case _:
            return name in CHANGES


def within(node: ast.AST, name: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            below = f"{name}.<locals>" if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else name
            yield from within(child, f"{below}.{child.name}".lstrip("."))
        elif isinstance(child, ast.ClassDef):
            yield from within(child, f"{name}.{child.name}".lstrip("."))
        else:
            if isinstance(child, ast.Call) and changes(child):
                yield name
            yield from within(child, name)


def found() -> set[str]:
    """As `store/sqlite.py:SqliteStore.write`. The command line is no part of a device that runs."""
    return {
        f"{path.relative_to(ROOT)}:{name}"
        for path in ROOT.rglob("*.py")
        if path.relative_to(ROOT).parts[0] != "cli"
        for name in within(ast.parse(path.read_text()), "")
    }
