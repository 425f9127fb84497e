"""Each dialogue of `dialogues/` is held with a server that says the same: what the device says, and what it
makes of the answer.
"""

import pytest

from franking.engine.smtp.compose import Message
from franking.engine.smtp.trouble import ROWS, explain
from franking.tests.engine.smtp.conftest import Playing
from franking.tests.engine.smtp.dialogue import FOLDER, Dialogue, fits, read

DIALOGUES = [read(path) for path in sorted(FOLDER.glob("*.txt"))]
SERVERS = ("dovecot", "exim", "google", "microsoft")


@pytest.mark.manual("S30", "S31", "S32", "B11")
@pytest.mark.parametrize("dialogue", DIALOGUES, ids=lambda each: each.name)
async def test_the_device_says_its_part_and_knows_what_the_answer_means(
    dialogue: Dialogue, playing: Playing, small: Message
) -> None:
    async with playing(dialogue.script()) as (server, device):
        outcome = await device.send(
            small, login=dialogue.login, to=dialogue.recipients, sender=dialogue.sender
        )
    said = server.only.lines[server.only.lines_before_tls :]
    wanted = dialogue.answers(server.port)
    assert fits(said, wanted), (said, wanted)
    told = dialogue.told
    found = {"verdict": outcome.verdict.value, "code": outcome.code, "meaning": explain(outcome).meaning}
    assert found == {name: told[name] for name in found}
    refused = [each.address for each in outcome.recipients if not each.accepted]
    assert ", ".join(refused) == told.get("refused", "")


@pytest.mark.parametrize("server", SERVERS)
def test_every_server_takes_one_message_and_refuses_one_token(server: str) -> None:
    verdicts = {each.told["verdict"] for each in DIALOGUES if each.name.startswith(server)}
    assert {"sent", "token refused"} <= verdicts


def test_a_dialogue_names_a_meaning_that_there_is() -> None:
    assert {each.told["meaning"] for each in DIALOGUES} <= {row.meaning for row in ROWS}
    assert len(DIALOGUES) == len(list(FOLDER.iterdir()))
