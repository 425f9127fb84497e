"""axe-core of npm, which finds what keeps people from using a page (WCAG 2.2).

Rule: it is handed to the page past its content security policy, as a browser's own tools are; the policy
stays as it is.
"""

import pytest

from .npm import MODULES

VERSION = "4.14.1"
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
"What is looked for."


def source() -> str:
    """Skips the test where it is not here."""
    script = MODULES / "axe-core/axe.min.js"
    if not script.is_file():
        pytest.skip(f"no axe-core here: npm install --prefix .venv/interop axe-core@{VERSION}")
    return script.read_text(encoding="utf-8")
