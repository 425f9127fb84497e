"""Pages from their templates, and what they are drawn with.

Rule: every word on a page is escaped, every name in a template is known, and nothing is fetched from
elsewhere.
"""

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

HERE = Path(__file__).parent
STATIC = HERE / "static"
SERVED: Mapping[str, str] = MappingProxyType({
    "panel.css": "text/css",
    "panel.js": "text/javascript",
    "icon.svg": "image/svg+xml",
})  # fmt: skip
"Files with their media types."
LOGO_OCTETS_MOST = 512 << 10
LOGO_KINDS: Mapping[str, str] = MappingProxyType({
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
})  # fmt: skip


@cache
def environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def rendered(template: str, context: Mapping[str, Any]) -> str:
    return environment().get_template(f"{template}.html").render(context)


@cache
def static(name: str) -> bytes:
    return (STATIC / name).read_bytes()


@cache
def version() -> str:
    """Of all that is served: a browser that has it need not ask again."""
    digest = sha256()
    for name in SERVED:
        digest.update(static(name))
    return digest.hexdigest()[:12]
