"""What comes with franking is known, may be shipped, and stands in the papers that go with a device."""

import json
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

from franking.tests import bill, licences


@pytest.fixture(scope="module")
def packages() -> dict[str, licences.Package]:
    return licences.closure()


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return bill.bill()


def test_the_table_is_of_today() -> None:
    """`make licences` writes it."""
    assert licences.TABLE.read_text(encoding="utf-8") == licences.table()


def test_every_licence_is_one_that_was_decided_on(packages: dict[str, licences.Package]) -> None:
    wanted = [(each.name, each.licence) for each in packages.values()]
    wanted += [(wheel, by) for wheel, inside in licences.INSIDE.items() for by in inside.values()]
    assert [each for each in wanted if licences.conditions(*each) is None] == []


def test_what_asks_for_more_than_a_notice_is_with_nothing_that_a_device_needs(
    packages: dict[str, licences.Package],
) -> None:
    assert {packages[name].extra for name in licences.COPYLEFT} == {"diagrams"}
    for name in ("GPL-3.0-only", "AGPL-3.0-only", "LGPL-3.0-only", "MIT AND GPL-2.0-or-later"):
        assert licences.conditions("pydantic", name) is None
    assert licences.conditions("pydantic", "GPL-2.0-only OR MIT") == {"MIT": licences.ALLOWED["MIT"]}


def test_the_rust_inside_the_wheels_asks_for_notices_alone(packages: dict[str, licences.Package]) -> None:
    crates = [
        (name, crate["name"], said["expression"])
        for name in packages
        for file in distribution(name).files or ()
        if file.name.endswith(".cyclonedx.json")
        for crate in json.loads(file.read_text())["components"]
        for said in crate.get("licenses", ())
        if "expression" in said
    ]
    assert {name for name, _, _ in crates} >= {"cryptography", "pydantic-core"}
    assert [each for each in crates if licences.conditions("", each[2]) is None] == []


def libraries(wheel: str) -> Iterator[str]:
    """The files of the system's libraries that a wheel brings."""
    for file in distribution(wheel).files or ():
        if file.parts[0].endswith(".libs"):
            yield file.name.lower()


@pytest.mark.parametrize("wheel", ["pillow", "pygraphviz"])
def test_every_library_inside_a_wheel_is_named(wheel: str) -> None:
    found = list(libraries(wheel))
    if not found:
        pytest.skip(f"{wheel} was built here and brings no library of the system")
    known = (*licences.INSIDE[wheel], *(licences.GRAPHVIZ if wheel == "pygraphviz" else ()))
    assert [name for name in found if not name.startswith(known)] == []


def test_purposes_are_told_of_what_pyproject_names_and_of_nothing_else(
    packages: dict[str, licences.Package],
) -> None:
    assert {name for name, each in packages.items() if "franking" in each.needed_by} == {*licences.PURPOSES}
    assert {*licences.SAID, *licences.INSIDE} <= packages.keys()


def test_the_bill_of_materials_is_valid(made: dict[str, Any]) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator  # takes seconds

    validator = JsonStrictValidator(SchemaVersion.from_version(bill.VERSION))
    assert validator.validate_str(json.dumps(made)) is None


def test_the_bill_has_each_package_with_its_licence_and_no_other(
    made: dict[str, Any], packages: dict[str, licences.Package]
) -> None:
    told = {each["purl"].partition("@")[0]: each for each in made["components"]}
    assert {key.rpartition("/")[2] for key in told} == packages.keys()
    for each in made["components"]:
        package = packages[each["purl"].rpartition("/")[2].partition("@")[0]]
        assert each["licenses"] == [{"expression": package.licence}]
        assert each["version"] == distribution(package.name).version
    (graphviz,) = [each for each in made["components"] if each["name"] == "pygraphviz"]
    assert {"libjbig", "graphviz"} <= {each["name"] for each in graphviz["components"]}


def test_the_bill_tells_nothing_of_this_machine(made: dict[str, Any]) -> None:
    text = json.dumps(made)
    assert str(licences.ROOT) not in text
    assert str(Path.home()) not in text
    assert "file:" not in text
