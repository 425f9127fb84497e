"""From nothing to a device of which every step of the check is green: what a person types on the way."""

import re

import pytest

from .conftest import ADMINISTRATOR, Device
from .test_leaving import Answers, answers

__all__ = ["answers"]

QUESTIONS_MOST = 5
MAKER = """
[oauth]
provider = "Microsoft"
tenant = "{tenant}"
authority = "{authority}"
[smtp]
server = "localhost"
port = {port}
[tls]
trust = "{trust}"
[store]
path = "{store}"
"""


@pytest.mark.manual("B4", "B14")
def test_b4_from_the_first_question_to_a_green_check(device: Device, answers: Answers) -> None:
    device.config.unlink()
    maker = device.folder / "maker.toml"
    oauth, smtp = device.settings["oauth"], device.settings["smtp"]
    maker.write_text(
        MAKER.format(**oauth, port=smtp["port"], trust=device.settings["tls"]["trust"], store=device.store)
    )
    answers.say(ADMINISTRATOR, str(oauth["client_id"]))
    made = device.franking("init", "--from", maker, "--config", device.config)
    assert made.code == 0, made.err
    asked = re.search(r"(\d+) questions", made.out)
    assert asked is not None
    assert int(asked[1]) <= QUESTIONS_MOST
    assert device.acquire().code == 0
    checked = device.franking("check")
    assert checked.code == 0, checked.out + checked.err
