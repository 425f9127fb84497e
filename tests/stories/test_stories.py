"""The stories are what the machines do. `make stories` tells them anew; a change is read as a difference."""

import os
import re
from pathlib import Path

import pytest

from franking.tests.stories.teller import Untellable, told

FOLDER = Path(__file__).parent
REWRITE = os.environ.get("FRANKING_STORIES") == "rewrite"


def stories() -> list[object]:
    """Each story proves the numbers that stand in its headings."""
    found: list[object] = []
    for path in sorted(FOLDER.glob("*.txt")):
        headings = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
        numbers = dict.fromkeys(re.findall(r"\b[SB]\d+[a-c]?\b", " ".join(headings)))
        found.append(pytest.param(path, id=path.stem, marks=pytest.mark.manual(*numbers)))
    return found


@pytest.mark.parametrize("path", stories())
def test_story(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    now = told(text)
    if REWRITE:
        path.write_text(now, encoding="utf-8")
    else:
        assert text == now


def test_a_story_is_told_by_the_machines_and_not_by_the_file() -> None:
    line = "> 08:00 SignInWanted place=panel identity=user:1"
    wrong = f"{line}\n      sign-in of panel: closed → closed\n"
    assert "sign-in of panel: closed → open; identity user:1" in told(wrong)
    assert told(told(line)) == told(line)


@pytest.mark.manual("S15", "S7")
def test_s15_a_refused_change_of_settings_changes_nothing() -> None:
    refused = "> 08:01 sets from_address.setting='Bulk setting' from_address.bulk=sales@example.com"
    before = "> 08:00 sets oauth.enabled=yes oauth.client_id=0f7e administrator.address=printer@example.com"
    again = "> 08:02 sets from_address.setting='Fix Administrator Address'"
    told_now = told(f"{before}\n{refused}\n{again}\n")
    assert "cannot be set:\n      S7-bulk: With [Bulk setting]" in told_now
    assert "from_address" not in told_now.partition(again)[2], "it is still so"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("> 08:00 SignInHoped place=panel", "no fact is called SignInHoped"),
        ("> 08:00 SignInNext plaice=panel", "SignInNext has no plaice"),
        ("> day 2 08:00\n> day 1 08:00", "already"),
        ("> 08:00 sets oauth.enable=yes", "no setting is called oauth.enable"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(line: str, why: str) -> None:
    with pytest.raises(Untellable, match=why):
        told(line)
