"""Every block of docs/testing.md is a test of a project that embeds franking, and passes as it stands."""

import re
from pathlib import Path

import pytest

from franking.testing.conformance import StoreChecks

pytest_plugins = ["pytester"]

GUIDE = Path(__file__).resolve().parents[2] / "docs/testing.md"
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.mark.manual("B7")
def test_b7_each_block_of_the_guide_runs(pytester: pytest.Pytester) -> None:
    blocks = BLOCK.findall(GUIDE.read_text(encoding="utf-8"))
    checks = sum(name.startswith("test_") for name in dir(StoreChecks))
    tests = sum(block.count("async def test_") + block.count("(StoreChecks)") * checks for block in blocks)
    assert len(blocks) > 5
    pytester.makepyfile(**{f"test_block_{number}": block for number, block in enumerate(blocks)})
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
