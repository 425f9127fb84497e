"""The demonstration claims nothing that it has not looked at, and says what it needs."""

import ast
import sys
from pathlib import Path

from franking.engine.cli import app, demo
from franking.engine.cli.demo.chapters import in_files

SOURCES = [ast.parse(path.read_text()) for path in Path(demo.__file__).parent.glob("*.py")]


def test_every_claim_is_checked() -> None:
    checks = [
        node
        for source in SOURCES
        for node in ast.walk(source)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "check"
    ]
    assert len(checks) > 20
    assert not [ast.unparse(call) for call in checks if isinstance(call.args[0], ast.Constant)]


def test_what_it_needs_is_asked_for_before_it_begins() -> None:
    imported = {
        name.partition(".")[0]
        for source in SOURCES
        for node in ast.walk(source)
        for name in names_in(node)
        if name.partition(".")[0] not in sys.stdlib_module_names
    }
    assert "fpdf" in imported
    assert imported <= {*app.DEMO_NEEDS, "rich"}


def names_in(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [each.name for each in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) and node.level == 0 else []


def test_a_token_in_any_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "7.row").write_bytes(b"before the-token after")
    assert in_files(tmp_path, b"another", b"the-token")
    assert not in_files(tmp_path, b"another", b"the-tokens")
