"""Every block of docs/testing.md is a test of a project that embeds franking, and passes as it stands."""

import pytest

from franking.testing.conformance import StoreChecks
from franking.tests.documents.blocks import DOCS, blocks

pytest_plugins = ["pytester"]

GUIDE = DOCS / "testing.md"


@pytest.mark.manual("B7")
def test_b7_each_block_of_the_guide_runs(pytester: pytest.Pytester) -> None:
    shown = [block.text for block in blocks(GUIDE) if block.language == "python"]
    checks = sum(name.startswith("test_") for name in dir(StoreChecks))
    tests = sum(text.count("async def test_") + text.count("(StoreChecks)") * checks for text in shown)
    assert len(shown) > 5
    pytester.makepyfile(**{f"test_block_{number}": text for number, text in enumerate(shown)})
    pytester.runpytest_subprocess("-q", "-W", "error").assert_outcomes(passed=tests)


def test_the_guide_names_every_act_of_device_and_clock() -> None:
    from franking.testing.device import Device
    from franking.testing.journey import DeviceClock

    text = GUIDE.read_text(encoding="utf-8")
    own = [name for kind in (Device, DeviceClock) for name in vars(kind) if not name.startswith("_")]
    unsaid = {
        "attached",
        "clock",
        "folder",
        "heard",
        "is_on",
        "journal",
        "kit",
        "marked",
        "options",
        "settings",
        "store",
    }
    assert [name for name in own if name not in unsaid and name not in text] == []
