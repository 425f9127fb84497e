"""The printed tables say everything that the code decides by, and the committed ones are of today."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from franking.diagrams import DOCS, stale, write
from franking.diagrams.documents import documents, who
from franking.events.about import every, written
from franking.events.request import REQUESTS, Function
from franking.events.settings import ChangeFrom
from franking.machines.identity import From, decisions
from franking.machines.refresh_token import Status
from franking.machines.roles import RIGHTS, SEEN, Role
from franking.machines.rules import RULES, Look

LINK = re.compile(r"\]\(([^)#]*)(?:#([^)]*))?\)")
STATUSES = tuple(Status)


@cache
def printed() -> dict[str, str]:
    """They are the same for every test."""
    return documents()


def sections(text: str) -> dict[str, str]:
    """What stands below each heading."""
    heads = re.split(r"^#+ (.*)\n", text, flags=re.MULTILINE)
    return dict(zip(heads[1::2], heads[2::2], strict=True))


def rows(text: str) -> Iterator[list[str]]:
    """The cells of every table's lines, without heads."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    for before, line in zip(["", *lines], lines, strict=False):
        after_rule = set(before) <= set("|- ") or not before.startswith("| ---")
        if after_rule and not line.startswith("| ---"):
            yield [cell.strip() for cell in line.removeprefix("| ").removesuffix(" |").split(" | ")]


@pytest.mark.manual("S17", "S20", "S21")
def test_s17_the_identity_document_has_every_combination_once_with_what_is_decided() -> None:
    said = []
    for heading, text in sections(printed()["identity.md"]).items():
        if heading.startswith("["):
            setting = ChangeFrom(heading.strip("[]"))
            head, *found = rows(text)
            assert head[3:] == [status.value for status in Status]
            for functions, froms, signer, *then in found:
                said += [
                    (setting, Function(function), From(chosen), status, signer, outcome)
                    for function in functions.split("<br>")
                    for chosen in froms.split("<br>")
                    for status, outcome in zip(STATUSES, then, strict=True)
                ]
    decided = [
        (each.setting, each.function, each.chosen, each.status, who(each.signer), each.then.value)
        for each in decisions()
    ]
    assert len(decided) == 4 * 16 * 3 * 3
    assert sorted(said) == sorted(decided)


@pytest.mark.manual("S17")
@pytest.mark.parametrize(
    ("setting", "whose"),
    [
        (ChangeFrom.LOGIN_USER, From.OWN),
        (ChangeFrom.USER_CHANGES, From.OWN),
        (ChangeFrom.ADMINISTRATOR, From.ADMINISTRATORS),
        (ChangeFrom.BULK, From.ADMINISTRATORS),
    ],
)
def test_s17_it_says_whose_address_is_used_where_none_is_chosen(setting: ChangeFrom, whose: From) -> None:
    text = sections(printed()["identity.md"])[f"[{setting.value}]"]
    assert f"a person's message is from {whose.value} address." in text


@pytest.mark.manual("S15", "S16")
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_s16_the_rules_document_says_all_of_a_rule(rule: object) -> None:
    (found,) = [each for each in RULES if each is rule]
    text = sections(printed()["rules.md"])[found.code]
    assert found.sentence in text
    assert f"Remedy: {found.act}\n" in text
    assert f"Who must act: {found.actor.value}\n" in text
    for look, verdict in found.looked_at:
        assert f"{look.value} → {verdict.value}" in text
    assert set(re.findall(r"`([a-z0-9_.]+)`\]", text)) == set(found.settings) <= every().keys()


OAUTHS_OWN = {
    *("B3-code", "S2-client", "S3-administrator", "S3-domain", "S5-server"),
    *("S7-bulk", "S12-tls", "S13-http", "S14-vlan"),
}


@pytest.mark.manual("S1", "S16")
def test_s16_the_table_of_rules_has_each_verdict_in_its_column() -> None:
    overview = sections(printed()["rules.md"])["All rules"]
    head, *found = rows(overview)
    assert head == ["rule", *(look.value for look in Look), "who must act"]
    assert found == [
        [
            f"[{rule.code}](#{rule.code.lower()})",
            *(verdict.value if verdict else "" for verdict in map(rule.verdict, Look)),
            rule.actor.value,
        ]
        for rule in RULES
    ]
    *_, off = overview.split("OFF, too: ")
    held = {rule.code for rule in RULES if not rule.with_oauth_alone}
    assert set(re.findall(r"\[([^\]]*)\]\(", off)) == held
    assert held ^ {rule.code for rule in RULES} == OAUTHS_OWN


@pytest.mark.manual("S0")
@pytest.mark.parametrize("key", every())
def test_s0_the_settings_document_says_all_of_a_setting(key: str) -> None:
    setting = every()[key]
    text = sections(printed()["settings.md"])[f"`[{setting.section}]`"]
    name = key.removeprefix(f"{setting.section}.")
    (row,) = [row for row in rows(text) if row[0] == f"`{name}`"]
    assert row[1] == setting.at.label
    assert row[2] == (f"`{written(setting.default)}`" if written(setting.default) else "*left out*")
    assert row[3] == setting.allowed
    assert row[4].startswith(setting.help)
    assert all(number in row[4] for number in setting.numbers)
    for place, path in (("Control Panel", setting.at.panel), ("Web Connection", setting.at.web)):
        if setting.at.label:
            after = text.split(f"{setting.at.label}", 2)[2]
            assert f"- {place}: {path or 'not there'}\n" in after


@pytest.mark.manual("S4")
def test_s4_the_document_says_while_what_the_browsers_proxy_is_shown() -> None:
    text = sections(printed()["settings.md"])["`[browser.proxy]`"]
    assert "(shown while `browser.enabled` is ON)" in text


@pytest.mark.manual("S33a")
def test_s33a_the_roles_document_has_every_act_and_what_is_seen_of_a_job() -> None:
    found = sections(printed()["roles.md"])
    _, *acts = rows(found["Who may ask for what"])
    assert acts == [[act.value, *(rights.of(role).value for role in Role)] for act, rights in RIGHTS.items()]
    _, *seen = rows(found["What is seen of a job"])
    assert seen == [[each.field, *(RIGHTS[each.by].of(role).value for role in Role)] for each in SEEN]
    assert all(f"| {role.value} | " in found["Roles"] for role in Role)


@pytest.mark.manual("S20", "S21")
def test_s20_s21_the_functions_document_has_all_with_every_field() -> None:
    found = sections(printed()["functions.md"])
    _, *functions = rows(found["The functions"])
    assert [row[0] for row in functions] == [function.value for function in Function]
    _, *fields = rows(found["The fields of a request"])
    for function, row in zip(Function, functions, strict=True):
        request = REQUESTS[function]
        assert row[1] == f"`{request.__name__}`"
        assert row[4], f"{request.__name__} has no docstring"
        own = [field[1].strip("`") for kind in row[5].split(", ") for field in fields if field[0] == kind]
        assert sorted(own) == sorted(set(request.model_fields) - {"function"})
    assert [row for row in fields if not row[3]] == []


@pytest.mark.manual("B6")
def test_b6_a_link_in_the_documents_leads_somewhere() -> None:
    anchors = {
        name: {re.sub(r"[^a-z0-9_ -]", "", head.lower()).replace(" ", "-") for head in sections(text)}
        for name, text in printed().items()
    }
    for name, text in printed().items():
        for target, anchor in LINK.findall(text):
            assert (DOCS / (target or name)).is_file()
            assert not anchor or anchor in anchors[target or name], f"{name}: {target}#{anchor}"


@pytest.mark.manual("B6")
def test_b6_a_table_that_was_edited_by_hand_is_stale(tmp_path: Path) -> None:
    write(tmp_path)
    edited, gone = tmp_path / "rules.md", tmp_path / "roles.md"
    edited.write_text(edited.read_text().replace("cannot be set", "may be set", 1))
    gone.unlink()
    assert stale(tmp_path) == [gone, edited]


def test_every_document_is_named_in_the_index() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    written = {path.name for path in DOCS.iterdir() if path.suffix in {".json", ".md", ".txt"}}
    assert [name for name in sorted(written) if name != "README.md" and f"({name})" not in index] == []
