"""The alarm that docs/alarms.md shows is what a receiver gets (B12)."""

import json
import re
from pathlib import Path

import pytest

from franking.tests.documents.blocks import DOCS, blocks
from franking.tests.engine.device import KIM, office
from franking.tests.engine.hooked import posted

NUMBER = re.compile(r"\d+(\.\d+)?")
LEFT_OUT = "..."


@pytest.mark.manual("B12")
async def test_b12_the_alarm_that_is_shown_is_told(tmp_path: Path) -> None:
    (block,) = [each for each in blocks(DOCS / "alarms.md") if each.language == "json"]
    shown = json.loads(block.text)
    async with (
        posted() as url,
        office(tmp_path, device={"name": shown["device"]}) as here,
        here.engine(hooks={"on_information": {"url": url.url}}) as engine,
    ):
        await here.sign_in(engine)
        here.provider.revoke_grants(KIM)
        await here.passes(engine, hours=2)
        await here.scan(engine)
        await engine.settle()
        told = await url.next()
    assert list(told) == list(shown)
    for member, value in shown.items():
        if value != LEFT_OUT:
            assert like(told[member]) == like(value)


def like(value: object) -> str:
    return NUMBER.sub("0", str(value))
