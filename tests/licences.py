"""Writes `docs/licences.md`: what a device gets with franking and each of its extras, and by which licence.

A licence is read from what is installed. Where that says it in no SPDX expression it stands in `SAID`; what
lies inside a wheel beside its own code stands in `INSIDE`, for no metadata has it.

Rule: no version stands in the table, so that it is stale only where something came, went or changed its
licence. Run it with `make licences`.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageMetadata, distribution
from pathlib import Path
from types import MappingProxyType

from license_expression import LicenseExpression, get_spdx_licensing
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "docs" / "licences.md"
EXTRAS = ("cli", "http", "fast", "imaging", "diagrams")
"What may be installed on a device, or beside it; `testing`, `docs` and `dev` are for developers alone."
SPDX = get_spdx_licensing()

PURPOSES: Mapping[str, str] = MappingProxyType({
    "aiosmtplib": "the dialogue with the mail server",
    "authlib": "the dialogue with the provider (OAuth 2.0)",
    "cryptography": "sealing, TLS certificates, signatures",
    "httpx2": "HTTP with the provider, and the client of the control socket",
    "jinja2": "the pages",
    "joserfc": "the provider's word about who signed in (JWT)",
    "pillow": "images of faxes",
    "pybase64": "base64 by the processor's vector instructions",
    "pydantic": "facts, settings and requests",
    "pydantic-settings": "settings from file and environment",
    "pygraphviz": "lays drawings out",
    "pypdfium2": "pages of a PDF",
    "python-multipart": "files that a form brings",
    "rich": "what a terminal shows",
    "segno": "QR codes",
    "starlette": "control socket, links and pages",
    "tomlkit": "changes a settings file and keeps its comments",
    "transitions": "the state machines",
    "typer": "the command line",
    "uvicorn": "serves control socket, links and pages",
})  # fmt: skip
"Of what is named in pyproject.toml; the rest is there for what needs it."

SAID: Mapping[str, str] = MappingProxyType({
    "jinja2": "BSD-3-Clause",
    "markdown-it-py": "MIT",
    "mdurl": "MIT",
    "pypdfium2": "BSD-3-Clause AND Apache-2.0",
    "segno": "BSD-3-Clause",
    "shellingham": "ISC",
    "hyperframe": "MIT",
})  # fmt: skip
"Read in the licence that each brings, where its metadata has no SPDX expression."

X11 = {"libxau": "MIT", "libxcb": "MIT"}
INSIDE: Mapping[str, Mapping[str, str]] = MappingProxyType({
    "cryptography": {"openssl": "Apache-2.0"},
    "pillow": X11 | {
        "libavif": "BSD-2-Clause",
        "libbrotli": "MIT",
        "libfreetype": "FTL",
        "libharfbuzz": "MIT-Modern-Variant",
        "libjpeg": "IJG AND BSD-3-Clause",
        "liblcms2": "MIT",
        "liblzma": "0BSD",
        "libopenjp2": "BSD-2-Clause",
        "libpng": "libpng-2.0",
        "libsharpyuv": "BSD-3-Clause",
        "libtiff": "libtiff",
        "libwebp": "BSD-3-Clause",
        "libzstd": "BSD-3-Clause",
    },
    "pygraphviz": X11 | {
        "graphviz": "EPL-2.0",
        "libbz2": "bzip2-1.0.6",
        "libcairo": "LGPL-2.1-only OR MPL-1.1",
        "libdatrie": "LGPL-2.1-or-later",
        "libfontconfig": "MIT",
        "libfreetype": "FTL",
        "libfribidi": "LGPL-2.1-or-later",
        "libgd": "GD",
        "libgraphite2": "LGPL-2.1-or-later OR MPL-2.0",
        "libharfbuzz": "MIT-Modern-Variant",
        "libjbig": "GPL-2.0-or-later",
        "libjpeg": "IJG AND BSD-3-Clause",
        "libltdl": "LGPL-2.1-or-later",
        "libpango": "LGPL-2.0-or-later",
        "libpixman": "MIT",
        "libpng": "Libpng",
        "libthai": "LGPL-2.1-or-later",
        "libtiff": "libtiff",
        "libuuid": "BSD-3-Clause",
        "libwebp": "BSD-3-Clause",
        "libxpm": "MIT",
    },
    "pypdfium2": {"pdfium": "BSD-3-Clause AND Apache-2.0", "libfreetype": "FTL", "agg": "BSD-3-Clause"},
})  # fmt: skip
"Libraries that a wheel brings; one that has a file of its own is named as that begins."
GRAPHVIZ = ("libcdt", "libcgraph", "libgv", "libpathplan", "libxdot")
"The files of Graphviz itself."

BUILD_ONLY = (
    "drawings are made where documents are built: no device needs it, and no code of ours is linked to it"
)
COPYLEFT: Mapping[str, Mapping[str, str]] = MappingProxyType({
    "pygraphviz": dict.fromkeys(
        ("EPL-2.0", "GPL-2.0-or-later", "LGPL-2.0-or-later", "LGPL-2.1-or-later"), BUILD_ONLY
    )
})  # fmt: skip
"Licences that ask for more than notices: with which package they are accepted, and why."
NOTICE = "asks for its notice to be kept"
ALLOWED: Mapping[str, str] = MappingProxyType({
    **dict.fromkeys(
        (
            *("Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0"),
            *("FTL", "GD", "IJG", "ISC", "Libpng", "MIT", "MIT-CMU", "MIT-Modern-Variant", "PSF-2.0"),
            *("Unicode-3.0", "Unicode-DFS-2016", "Zlib", "bzip2-1.0.6", "libpng-2.0", "libtiff"),
        ),
        "asks for its notice to be kept",
    ),
    **dict.fromkeys(("0BSD", "MIT-0", "Unlicense"), "asks for nothing"),
    **dict.fromkeys(("MPL-1.1", "MPL-2.0"), "asks for the source of its own files, where they were changed"),
})  # fmt: skip

HEAD = """# Licences

Written by `make licences` from what is installed. A device gets the engine's libraries and those of the
extras that are installed on it; what tests and documents need (`testing`, `docs`, `dev`) is on no device.
franking itself is Apache-2.0. The bill of materials, with versions, is made by `make sbom` (CycloneDX).
"""
INSIDE_HEAD = """## Inside the wheels

Wheels bring libraries of the system with them. These are those for Linux; their texts lie in the wheel. The
Rust crates inside `cryptography` and `pydantic-core` ask for their notices to be kept, and for no more.
"""
COPYLEFT_HEAD = """## What asks for more than a notice

Whoever ships one of these in an image has to do what its licence asks.
"""


@dataclass(frozen=True, slots=True)
class Package:
    name: str
    licence: str
    "SPDX expression."
    extra: str
    "With which it first comes; empty: with the engine."
    needed_by: frozenset[str]

    @property
    def came_with(self) -> str:
        return f"`{self.extra}`" if self.extra else "the engine"

    @property
    def purpose(self) -> str:
        own = PURPOSES.get(self.name)
        return own or "for " + ", ".join(f"`{name}`" for name in sorted(self.needed_by))


def project() -> dict[str, list[str]]:
    """What pyproject.toml asks for, by extra; not what is installed says, which may be older."""
    found = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {"": found["dependencies"], **{extra: found["optional-dependencies"][extra] for extra in EXTRAS}}


def applying(requirements: Iterable[str], extras: Iterable[str]) -> Iterator[Requirement]:
    """Those that hold for this Python and system."""
    for each in map(Requirement, requirements):
        marker = each.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield each


def closure() -> dict[str, Package]:
    """All that comes with them, by name. Raises PackageNotFoundError for what is not installed."""
    came: dict[str, str] = {}
    needed: dict[str, set[str]] = {}
    for extra, wanted in project().items():
        to_do = [("franking", each) for each in applying(wanted, ())]
        seen = set[tuple[str, str]]()
        while to_do:
            by, requirement = to_do.pop()
            name = canonicalize_name(requirement.name)
            came.setdefault(name, extra)
            needed.setdefault(name, set()).add(by)
            if (name, str(requirement)) not in seen:
                seen.add((name, str(requirement)))
                next_ones = applying(distribution(name).requires or (), requirement.extras)
                to_do += [(name, each) for each in next_ones]
    return {name: Package(name, licence(name), came[name], frozenset(needed[name])) for name in sorted(came)}


def licence(name: str) -> str:
    """As SPDX expression. Raises ValueError where nothing says it."""
    said = SAID.get(name) or declared(distribution(name).metadata)
    if not said:
        raise ValueError(f"{name}: which licence? Read the one that it brings, and name it in SAID")
    return str(SPDX.parse(said, validate=True))


def declared(metadata: PackageMetadata) -> str:
    for field in ("License-Expression", "License"):
        said = next(iter(metadata.get_all(field) or ()), "")
        if said and "\n" not in said and not SPDX.validate(said).errors:
            return said
    return ""


def conditions(package: str, expression: str) -> dict[str, str] | None:
    """Each licence of an expression with the reason why it may be there; of alternatives the first that may.
    None: it may not.
    """
    return accepted(package, SPDX.parse(expression))


def accepted(package: str, part: LicenseExpression) -> dict[str, str] | None:
    inside = getattr(part, "args", ())
    if not inside:
        reason = ALLOWED.get(str(part)) or COPYLEFT.get(package, {}).get(str(part))
        return {str(part): reason} if reason else None
    found = [accepted(package, each) for each in inside]
    if part.operator.strip() == "OR":
        return next((each for each in found if each is not None), None)
    return None if None in found else {key: why for each in found if each for key, why in each.items()}


def table() -> str:
    """The whole file."""
    order = ("", *EXTRAS)
    packages = sorted(closure().values(), key=lambda each: (order.index(each.extra), each.name))
    inside = [(wheel, *each) for wheel, found in INSIDE.items() for each in sorted(found.items())]
    copyleft = [(name, wheel, why) for wheel, found in COPYLEFT.items() for name, why in found.items()]
    return "\n".join([
        HEAD,
        *rows("package", "licence", "comes with", "what it is for"),
        *(line(each.name, each.licence, each.came_with, each.purpose) for each in packages),
        "",
        INSIDE_HEAD,
        *rows("wheel", "library", "licence"),
        *(line(*each) for each in inside),
        "",
        COPYLEFT_HEAD,
        *rows("licence", "with", "why it is there"),
        *(line(*each) for each in copyleft),
        "",
    ])  # fmt: skip


def rows(*heads: str) -> list[str]:
    return [line(*heads), line(*["---"] * len(heads))]


def line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    TABLE.write_text(table(), encoding="utf-8")


if __name__ == "__main__":
    main()
