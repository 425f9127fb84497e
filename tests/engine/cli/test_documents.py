"""The documents of the engine's own tables say everything that the tables decide, and are of today."""

from pathlib import Path

import pytest

from franking.diagrams import DOCS
from franking.engine.cli.diagrams import outdated, tables
from franking.engine.cli.documents import DOES, MAIL, MARK, documents, lasting
from franking.engine.oauth.answers import FIXED, GENERAL, SIGNS_IN, Row
from franking.engine.oauth.faults import FAULTS
from franking.engine.oauth.providers import BUILT_IN
from franking.engine.ports import AnswerClass, Verdict
from franking.engine.smtp.trouble import ROWS
from franking.events.information import Info
from franking.tests.engine.oauth.catalogue import CATALOGUE
from franking.tests.engine.smtp.catalogue import CATALOGUE as REPLIES

ERRORS = documents()["errors.md"]
LINES = ERRORS.splitlines()
ALL_ROWS = {row for data in BUILT_IN.values() for row in data.answers} | {*GENERAL, *FIXED}


def test_b6_the_committed_documents_are_of_today() -> None:
    assert outdated(tables(DOCS)) == [], "franking diagrams"


def test_b6_one_that_was_edited_by_hand_is_out_of_date(tmp_path: Path) -> None:
    printed = tables(tmp_path)
    assert sorted(outdated(printed)) == sorted(printed)
    for path, text in printed.items():
        assert path.suffix == ".json" or MARK in text.partition("\n")[0]
        path.write_text(text, encoding="utf-8")
    assert outdated(printed) == []
    edited = tmp_path / "errors.md"
    edited.write_text(edited.read_text(encoding="utf-8").replace("90 days", "91 days"), encoding="utf-8")
    assert outdated(printed) == [edited]


@pytest.mark.manual("B9")
def test_b9_every_answer_stands_there_with_its_meaning_and_who_must_act() -> None:
    for row in ALL_ROWS:
        (line,) = [
            each for each in LINES if row.cause in each and all(f"`{code}`" in each for code in row.codes)
        ]
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        assert cells[2:4] == [row.cause, row.actor.value]
        assert cells[5].startswith(DOES[row.kind].name)


@pytest.mark.manual("B9")
def test_b9_every_code_that_is_known_is_found() -> None:
    numbers = {f"`AADSTS{known.number}`" for known in CATALOGUE if known.code.startswith("AADSTS")}
    errors = {f"`{known.error}" for known in CATALOGUE if known.error and known.error != "something_new"}
    beside = {"`invalid_resource", "`rate_limit_exceeded"}
    assert {code for code in numbers if code not in ERRORS} == set()
    assert {code for code in errors - beside if code not in ERRORS} == set()


@pytest.mark.manual("B9")
def test_b9_what_the_device_itself_finds_and_every_reply_stand_there() -> None:
    for kind, (_, actor, cause, _) in FAULTS.items():
        assert any(f"| `{kind.value}` | {cause} | {actor.value} |" in line for line in LINES)
    for row in ROWS:
        said = row.cause.replace("{account}", "the account").replace("{sender}", "the From address")
        assert any(said in line and row.actor.value in line and row.enhanced in line for line in LINES)
    for known in REPLIES:
        enhanced = known.text.split()[0]
        listed = any(row.enhanced == enhanced for row in ROWS)
        assert not listed or enhanced in ERRORS


def test_every_class_verdict_and_code_of_the_information_screen_is_explained() -> None:
    assert set(DOES) == set(AnswerClass)
    assert set(MAIL) == set(Verdict)
    for each in (*DOES.values(), *MAIL.values()):
        assert f"| {each.name} | {each.act} |" in ERRORS
    for code in Info:
        assert any(line.startswith(f"| {code.value} | ") and len(line) > 12 for line in LINES)


def test_a_row_for_sign_ins_alone_does_not_say_that_it_ends_one() -> None:
    rows: list[Row] = [row for row in ALL_ROWS if row.calls and row.calls <= SIGNS_IN]
    assert rows
    assert all(row.remedy for row in rows if row.kind is AnswerClass.PERSON)


@pytest.mark.manual("S2")
def test_s2_every_provider_stands_there_with_its_server_and_what_is_not_confirmed() -> None:
    text = documents()["providers.md"]
    for data in BUILT_IN.values():
        part = text.partition(f"## {data.name}\n")[2].partition("\n## ")[0]
        assert f"`{data.lifetimes.server}`" in part
        assert f"| {lasting(data.lifetimes.idle)} |" in part
        assert (data.unconfirmed in part) if data.unconfirmed else ("Not confirmed" not in part)
