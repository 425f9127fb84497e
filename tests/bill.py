"""Writes `build/franking.cdx.json`: the bill of materials, in CycloneDX, of what a device may get.

cyclonedx-py lists what is installed here; of that stays what comes with the engine and its extras, with the
licences of `licences.py`, and with the libraries inside the wheels.

Rule: it tells nothing of the machine that it was made on, and the same installation gives the same file. Run
it with `make sbom`.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from packaging.utils import canonicalize_name

from franking.tests.licences import INSIDE, ROOT, Package, closure

TARGET = ROOT / "build" / "franking.cdx.json"
VERSION = "1.6"
TOOL = ("-m", "cyclonedx_py", "environment", "--pyproject", str(ROOT / "pyproject.toml"), "--no-validate")
OPTIONS = ("--mc-type", "library", "--output-reproducible", "--spec-version", VERSION, "--output-file", "-")
OURS = "root-component"
Bill = dict[str, Any]


def bill() -> Bill:
    """Raises CalledProcessError with what the tool said."""
    done = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, *TOOL, *OPTIONS], capture_output=True, text=True, check=True
    )
    return restricted(json.loads(done.stdout), closure())


def restricted(found: Bill, packages: Mapping[str, Package]) -> Bill:
    names = {each["bom-ref"]: canonicalize_name(each["name"]) for each in found["components"]}
    kept = {ref for ref, name in names.items() if name in packages}
    components = [component(each, packages) for each in found["components"] if each["bom-ref"] in kept]
    tree = {each["ref"]: set(each.get("dependsOn", ())) & kept for each in found["dependencies"]}
    wanted = {ref for ref in kept if "franking" in packages[names[ref]].needed_by}
    tree = {ref: needs for ref, needs in tree.items() if ref in kept} | {OURS: wanted}
    return {
        **found,
        "components": components,
        "dependencies": [{"ref": ref, "dependsOn": sorted(needs)} for ref, needs in sorted(tree.items())],
    }


def component(found: Bill, packages: Mapping[str, Package]) -> Bill:
    package = packages[canonicalize_name(found["name"])]
    said = {key: found[key] for key in ("type", "bom-ref", "name", "version", "description", "purl")}
    libraries = [
        {"type": "library", "name": name, "licenses": [expressed(licence)]}
        for name, licence in INSIDE.get(package.name, {}).items()
    ]
    inside = {"components": libraries} if libraries else {}
    return {**said, "licenses": [expressed(package.licence)], **inside}


def expressed(licence: str) -> dict[str, str]:
    return {"expression": licence}


def main() -> None:
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(json.dumps(bill(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
