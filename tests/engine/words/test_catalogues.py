"""The catalogues are whole: every sentence in each language, none that nobody says, none that is stale."""

import re
from pathlib import Path

import pytest

from franking.engine.words import FOLDER, PLACEHOLDER, words
from franking.events.said import ENGLISH as SAID
from franking.events.settings import Language
from franking.tests.catalogues import compiled, sentences, sources

from . import used

ENGLISH = sentences(FOLDER / "en.po")
GERMAN = sentences(FOLDER / "de.po")
LABEL = re.compile(r"\[[^]]+\]")


def english() -> dict[str, str]:
    return ENGLISH | used.tables()


def sentences_of(code: str) -> list[str]:
    """The sentence of this code, or the two of a meaning."""
    known = ENGLISH | dict(SAID)
    return [known[each] for each in (code, f"{code}.cause", f"{code}.remedy") if each in known]


def test_every_language_has_its_catalogue() -> None:
    assert {source.stem for source in sources()} == {language.value for language in Language}


@pytest.mark.parametrize("source", sources(), ids=lambda source: str(source.name))
def test_what_the_device_reads_is_compiled_from_what_is_written(source: Path) -> None:
    assert source.with_suffix(".mo").read_bytes() == compiled(source), "make words"


@pytest.mark.manual("S15", "B9")
def test_s15_every_sentence_is_translated() -> None:
    assert sorted(english().keys() - GERMAN.keys()) == []


def test_no_sentence_is_translated_that_nobody_says() -> None:
    assert sorted(GERMAN.keys() - english().keys()) == []


def test_no_english_stands_in_a_table_and_in_the_catalogue() -> None:
    assert sorted(ENGLISH.keys() & used.tables().keys()) == []


def test_no_code_stands_in_the_catalogue_that_nobody_uses() -> None:
    assert sorted(ENGLISH.keys() - used.constants()) == []


def test_every_code_that_is_asked_for_is_known() -> None:
    dotted = [(where, code) for where, code, _ in used.said() if "." in code and " " not in code]
    assert dotted, "the search itself finds nothing any more"
    assert [(where, code) for where, code in dotted if not sentences_of(code)] == []


def test_every_sentence_gets_the_fields_that_it_has() -> None:
    wrong = []
    for where, code, call in used.said():
        given = {keyword.arg for keyword in call.keywords}
        names = {name for sentence in sentences_of(code) for name in PLACEHOLDER.findall(sentence)}
        wanted = {name for name in names if "." not in name}
        if sentences_of(code) and None not in given and given != wanted:
            wrong.append(f"{where} {code}: {given ^ wanted}")
    assert wrong == []


@pytest.mark.manual("S15")
def test_the_placeholders_of_both_languages_are_the_same() -> None:
    assert [
        code
        for code, sentence in english().items()
        if sorted(PLACEHOLDER.findall(sentence)) != sorted(PLACEHOLDER.findall(GERMAN.get(code, "")))
    ] == []


@pytest.mark.manual("S15", "S0")
def test_s0_the_labels_of_the_menus_are_those_of_the_manual_in_each_language() -> None:
    assert [
        code
        for code, sentence in english().items()
        if set(LABEL.findall(sentence)) != set(LABEL.findall(GERMAN.get(code, "")))
    ] == []


def test_a_sentence_ends_in_each_language_as_it_does_in_english() -> None:
    assert [
        code
        for code, sentence in english().items()
        if sentence.endswith(".") != GERMAN.get(code, "").endswith(".")
    ] == []


@pytest.mark.parametrize("language", Language)
def test_a_code_that_no_catalogue_has_is_a_fault_of_the_program(language: Language) -> None:
    with pytest.raises(KeyError, match=r"nobody\.says-this"):
        words(language).say("nobody.says-this")
