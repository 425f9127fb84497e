"""The blocks and commands that stand in the documents.

Rule: what a reader could copy stands in a fence with its language, or in code of a line. A block with a
`title` is a file by that name; in `text` stands what nobody runs.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
READ = "text"
FENCE = re.compile(r"^```([a-z]*)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"\n\n {4}(?![-*\d ])\S")
"A block without a fence has no language. What belongs to a list is indented, too."
PROMPT = "$ "


@dataclass(frozen=True, slots=True)
class Block:
    document: str
    "Its path in the checkout."
    line: int
    language: str
    title: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


@dataclass(frozen=True, slots=True)
class Command:
    line: str
    printed: tuple[str, ...]
    "What it prints, as the document shows it; empty: that is not shown."


def documents() -> list[Path]:
    """Those whose blocks a reader may copy."""
    return [ROOT / "README.md", *sorted(DOCS.glob("*.md")), *sorted((ROOT / ".github").glob("*.md"))]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks(path: Path) -> list[Block]:
    text = path.read_text(encoding="utf-8")
    return [
        Block(name(path), text[: found.start()].count("\n") + 1, found[1], found[2] or "", found[3])
        for found in FENCE.finditer(text)
    ]


def commands(block: Block) -> Iterator[Command]:
    """Lines behind a prompt, with the lines that continue them; what follows each is what it prints."""
    for part in re.split(rf"^{re.escape(PROMPT)}", block.text, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        count = 1
        while lines[count - 1].endswith("\\") or "\n".join(lines[:count]).count("'") % 2:
            count += 1
        yield Command("\n".join(lines[:count]), tuple(lines[count:]))


def in_line(path: Path) -> set[str]:
    """Code of a line that begins as a command of ours does."""
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    return set(re.findall(r"`((?:franking|make|pip|pytest) [^`]+)`", text))
