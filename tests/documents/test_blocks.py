"""Every block of the documents does what it says, and every command is one that there is.

The blocks of a document are run from its first to its last, on one stage. What a document takes for granted
is set up in `BEFORE`; what it comes to is looked at in `AFTER`.

Rule: a language that nobody runs is a failure, unless it is `text`.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from franking.engine.control.place import socket_of
from franking.tests.documents.blocks import FENCE, INDENTED, READ, Block, blocks, documents, name
from franking.tests.documents.stage import LANGUAGES, SCAN, Stage, curl
from franking.tests.engine.cli.conftest import ADMINISTRATOR, KIM, LEE

OF_ITS_OWN: Mapping[tuple[str, str], str] = MappingProxyType({
    ("docs/testing.md", "python"): "test_testing.py",
    ("docs/alarms.md", "json"): "test_alarm_shown.py",
    ("docs/diagrams.md", "js"): "test_diagrams_of_programs.py",
    ("docs/diagrams.md", "rst"): "test_diagrams_of_programs.py",
    ("docs/recipes.md", "console"): "test_recipes.py",
    ("docs/recipes.md", "ini"): "test_recipes.py",
    ("docs/recipes.md", "js"): "test_recipes.py",
    ("docs/recipes.md", "python"): "test_recipes.py",
    ("docs/recipes.md", "toml"): "test_recipes.py",
    ("docs/recipes.md", "yaml"): "test_recipes.py",
})  # fmt: skip
"What wants another stage than a device: the test beside this one that runs it."


def mine(block: Block) -> bool:
    return block.language != READ and (block.document, block.language) not in OF_ITS_OWN


# What stands before a document begins


def nothing_yet(stage: Stage) -> None:
    stage.device.config.unlink()
    stage.patch.setenv("XDG_STATE_HOME", str(stage.folder / "state"))


def a_new_device(stage: Stage) -> None:
    """Of the settings only those that a device on loopback cannot do without."""
    settings = stage.device.settings
    settings["oauth"] = {key: settings["oauth"][key] for key in ("tenant", "authority")}
    settings["smtp"] = {"port": settings["smtp"]["port"]}
    settings["users"] = {}
    del settings["administrator"]
    stage.device.write()
    stage.instead |= {
        "0f0f0f0f-1111-2222-3333-444444444444": stage.device.kit.microsoft.client_id,
        "smtp.office365.com": "localhost",
    }


def acquired(stage: Stage) -> None:
    stage.acquire()


def a_service(stage: Stage) -> None:
    stage.acquire()
    stage.serve()


def a_job_was_sent(stage: Stage) -> None:
    stage.acquire()
    assert stage.device.send().code == 0


BEFORE: Mapping[str, Callable[[Stage], None]] = MappingProxyType({
    "README.md": acquired,
    "docs/administrator.md": a_new_device,
    "docs/check.md": acquired,
    "docs/control.md": a_service,
    "docs/embedding.md": acquired,
    "docs/screens.md": acquired,
    "docs/start.md": nothing_yet,
    "docs/troubleshooting.md": a_job_was_sent,
})  # fmt: skip


# What it comes to


def a_scan_arrived(stage: Stage) -> None:
    assert stage.device.arrived(LEE)[-1] == [("scan.pdf", SCAN)]


def it_arrived_soon(stage: Stage) -> None:
    """The engine that took it is another process: it is asked when it is done."""
    asked = "http://franking/jobs/1?wait=60"
    told = json.loads(curl(stage, ["--unix-socket", str(socket_of(stage.device.store, {})), asked]))
    assert told["status"]["state"] == "sent"
    a_scan_arrived(stage)


def drawings(stage: Stage) -> None:
    wanted = ["door.md", "door.mmd", "door.puml", "door.svg", "door.xstate.json"]
    assert sorted(path.name for path in (stage.folder / "drawings").iterdir()) == wanted
    assert "door-locked" in (stage.folder / "site" / "drawings" / "door.svg").read_text(encoding="utf-8")


def as_the_guide_says(stage: Stage) -> None:
    """The settings that are left, with the administrator signed in and kim's token deleted."""
    told = json.loads(stage.franking(["tokens", "--json"]))
    assert [each["refresh_token"] for each in told] == ["Acquired", "Required"]
    text = stage.device.config.read_text(encoding="utf-8")
    assert f'address = "{ADMINISTRATOR}"' in text
    assert f'kim = "{KIM}"' in text


AFTER: Mapping[str, Callable[[Stage], None]] = MappingProxyType({
    "README.md": a_scan_arrived,
    "docs/administrator.md": as_the_guide_says,
    "docs/control.md": it_arrived_soon,
    "docs/diagrams.md": drawings,
    "docs/embedding.md": a_scan_arrived,
    "docs/start.md": a_scan_arrived,
})  # fmt: skip


def with_blocks() -> list[Path]:
    return [path for path in documents() if any(map(mine, blocks(path)))]


@pytest.mark.manual("B8", "S23a")
@pytest.mark.parametrize("path", with_blocks(), ids=name)
def test_every_block_does_what_the_document_says(path: Path, stage: Stage) -> None:
    if before := BEFORE.get(name(path)):
        before(stage)
    for block in filter(mine, blocks(path)):
        stage.run(block)
    if after := AFTER.get(name(path)):
        after(stage)


def test_no_block_is_run_by_nobody() -> None:
    everything = [block for path in documents() for block in blocks(path)]
    assert len(everything) > 40
    left = [block for block in everything if mine(block) and not block.title]
    assert [str(block) for block in left if block.language not in LANGUAGES] == []
    here = Path(__file__).parent
    assert [file for file in OF_ITS_OWN.values() if not (here / file).is_file()] == []
    of_its_own = {(block.document, block.language) for block in everything} & OF_ITS_OWN.keys()
    assert of_its_own == OF_ITS_OWN.keys()
    assert {*BEFORE, *AFTER} <= {block.document for block in everything}


def test_every_block_has_its_fence() -> None:
    for path in documents():
        text = path.read_text(encoding="utf-8")
        assert text.count("```") == 2 * len(FENCE.findall(text)), path
        assert INDENTED.search(FENCE.sub("", text)) is None, path
