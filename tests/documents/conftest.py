"""The stage on which documents are run, for each test a new one."""

import sys
import webbrowser
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from franking.tests.documents.stage import SCAN, Stage
from franking.tests.engine.cli.conftest import Device, device, servers
from franking.tests.engine.cli.test_leaving import Answers, answers

__all__ = ["answers", "device", "servers"]


@pytest.fixture
def stage(device: Device, answers: Answers, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    (device.folder / "scan.pdf").write_bytes(SCAN)
    with ExitStack() as goes_on:
        made = Stage(device, answers, monkeypatch, goes_on)
        monkeypatch.setattr(webbrowser, "open", made.browse)
        monkeypatch.setattr(sys, "path", [*sys.path])
        yield made
    for name in [name for name, module in sys.modules.items() if lies_in(device.folder, module)]:
        del sys.modules[name]


def lies_in(folder: Path, module: object) -> bool:
    """A module that a document has a reader write."""
    return (getattr(module, "__file__", None) or "").startswith(f"{folder}/")
