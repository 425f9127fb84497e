"""The tables of `docs/`, printed from what runs: settings, rules, identity, roles and functions.

Rule: a document says nothing that the code does not decide by: a sentence here explains how to read a table,
never what stands in it.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from inspect import get_annotations
from itertools import groupby

from pydantic import BaseModel

from ..events.about import Setting, docstrings, every, meaning_of, section_words, written
from ..events.menu import At
from ..events.request import REQUESTS, Function, JobRequest
from ..events.settings import ChangeFrom
from ..machines.identity import EXAMPLE, Decision, From, Sender, Signer, decisions, example, signer
from ..machines.refresh_token import Status
from ..machines.roles import RIGHTS, SEEN, Role
from ..machines.rules import RULES, Look, Rule, Verdict
from .matrix import line

MARK = "generated from the tables that decide, by `franking diagrams`"
"Stands in the first line of every document that is ours to overwrite or to delete."


def documents() -> dict[str, str]:
    """File name to content."""
    printed = {
        "settings.md": settings(),
        "rules.md": rules(),
        "identity.md": identity(),
        "roles.md": roles(),
        "functions.md": functions(),
    }
    return {name: f"<!-- {MARK} -->\n{text}" for name, text in printed.items()}


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(head)
    return "\n".join([line(heads), line(["---"] * len(heads)), *(line(list(row)) for row in rows)]) + "\n"


def code(text: str) -> str:
    return f"`{text}`" if text else ""


# Settings


def settings() -> str:
    parts = [SETTINGS_INTRODUCTION]
    for section, found in groupby(every().values(), key=lambda each: each.section):
        inside = list(found)
        parts += [f"## `[{section}]`\n", *(f"{words}\n" for words in section_words(section))]
        parts += [table(SETTING_HEADS, map(setting_row, inside)), *places(inside)]
    return "\n".join(parts)


SETTINGS_INTRODUCTION = """\
# The settings

They come from a TOML file (`examples/franking.toml` has all of them), from the environment and from the
program that embeds the engine; the later wins. `[tls] minimum` of the file is `FRANKING_TLS__MINIMUM` in the
environment, with two underscores for each dot, and lists and tables are JSON there. Numbers such as S8 are
explained in [manual-numbers.md](manual-numbers.md).

`franking settings set KEY VALUE` changes the file, and `unset` takes a line out. An entry of a setting that
is a table is named behind it, with or without the quotes that TOML wants:
`franking settings set programs.senders.nas@example.com kim`. Everything behind the table's key is the name;
in `[programs.clients]` one of `user`, `password` and `networks` may follow it.

Below each table stands where its settings are found in the device's menus; what is found nowhere stands in
the settings file alone.

## Secrets

No secret stands here. A setting that needs one takes a reference, of either kind:

| reference | where it lies | how it gets there |
| --- | --- | --- |
| `credential:NAME` | the file `NAME` in the folder that the service manager names \
(`$CREDENTIALS_DIRECTORY`); where it is not there, in `credentials/` of the store, readable by its owner \
alone | `LoadCredential=NAME:PATH` in the unit; or \
`install -o franking -m 600 PATH /var/lib/franking/credentials/NAME` |
| `vault:NAME` | sealed in the store | `franking secret set NAME`, which asks for it or reads it from \
standard input; `franking password` keeps its hashes there by itself |

A certificate for browsers or programs is one text with its private key, both as PEM, the certificate of the
host itself first and no password on the key:

```text
cat fullchain.pem privkey.pem | franking secret set listener
franking settings set programs.certificate vault:listener
```

Kept anew, it is shown from the next connection on, as is a changed file in `credentials/`. What
`LoadCredential=` names is read when the service starts.
"""
SETTING_HEADS = ("key", "in the menus", "default", "takes", "means")


def setting_row(setting: Setting) -> list[str]:
    name = setting.key.removeprefix(f"{setting.section}.")
    numbers = f" ({', '.join(setting.numbers)})" if setting.numbers else ""
    default = code(written(setting.default)) or "*left out*"
    return [f"`{name}`", setting.at.label, default, setting.allowed, f"{setting.help}{numbers}"]


def places(inside: Iterable[Setting]) -> Iterator[str]:
    """The settings of a section by where they are found, each place once."""
    found: dict[At, list[str]] = {}
    for setting in inside:
        if setting.at.label:
            place = At("", setting.at.panel, setting.at.web, setting.at.only_while)
            found.setdefault(place, []).append(setting.at.label)
    for place, labels in found.items():
        shown = f" (shown while `{place.only_while}` is ON)" if place.only_while else ""
        yield f"{', '.join(labels)}{shown}:\n"
        yield f"- Control Panel: {place.panel or 'not there'}"
        yield f"- Web Connection: {place.web or 'not there'}\n"


def link(key: str) -> str:
    return f"[`{key}`](settings.md#{every()[key].section.replace('.', '')})"


# Rules


def rules() -> str:
    parts = [RULES_INTRODUCTION, *meanings("When", Look), *meanings("Then", Verdict)]
    looks = [each.value for each in Look]
    parts += [
        "## All rules\n",
        table(["rule", *looks, "who must act"], map(rule_row, RULES)),
        "Rules that hold with [OAuth 2.0] OFF, too: "
        + ", ".join(rule_link(rule) for rule in RULES if not rule.with_oauth_alone)
        + ".\n",
        "## Each rule\n",
        *map(rule_text, RULES),
    ]
    return "\n".join(parts)


RULES_INTRODUCTION = """\
# The rules

What cannot be set, when OAuth authentication is not available, and which messages are refused. Every rule
that is broken is told at once. A number such as S12 is explained in [manual-numbers.md](manual-numbers.md).
"""


def meanings(head: str, kind: type[StrEnum]) -> list[str]:
    """The members of an enumeration that say more than their name."""
    said = docstrings(kind)
    rows = [[each.value, said[each.name]] for each in kind if each.name in said]
    return [table([head.lower(), "means"], rows)] if rows else []


def rule_link(rule: Rule) -> str:
    return f"[{rule.code}](#{rule.code.lower()})"


def rule_row(rule: Rule) -> list[str]:
    verdicts = [rule.verdict(look) for look in Look]
    return [rule_link(rule), *(each.value if each else "" for each in verdicts), rule.actor.value]


def rule_text(rule: Rule) -> str:
    involved = ", ".join(map(link, rule.settings)) or "none"
    looked = ", ".join(f"{look.value} → {verdict.value}" for look, verdict in rule.looked_at)
    return "\n".join([
        f"### {rule.code}\n",
        f"{rule.sentence}\n",
        f"- Remedy: {rule.act}",
        f"- Who must act: {rule.actor.value}",
        f"- Looked at: {looked}",
        f"- Settings: {involved}\n",
    ])  # fmt: skip


# Identity


def identity() -> str:
    parts = [IDENTITY_INTRODUCTION]
    for setting in ChangeFrom:
        parts += [f"## [{setting.value}]\n", f"{unchosen(setting)}\n", identity_table(setting)]
    return "\n".join(parts)


CASES = len(ChangeFrom) * len(Function) * len(From) * len(Status)
IDENTITY_INTRODUCTION = f"""\
# Who must have signed in

The From address of a message decides whose sign-in it needs. Each table is one value of
[Change From Address Setting]; its rows are the functions by the From that was chosen, and its last columns
are the [Status] of the refresh token of who must have signed in. Functions for which every column is the same
share a row, and so do Froms: all {CASES} cases stand here, each once ({len(ChangeFrom)} settings,
{len(Function)} functions, {len(From)} Froms, {len(Status)} states). An alias or a shared mailbox that is
configured for somebody, or that the provider confirms, counts as his own where people may choose.
"""


def unchosen(setting: ChangeFrom) -> str:
    """Whose address a person's message is from where he chooses none."""
    own = EXAMPLE[From.OWN]
    found = signer(example(setting), Sender(False, own, None, "kim"))
    chosen = next(each for each in From if found is not None and EXAMPLE[each] == found.address)
    return f"Where no From is chosen, a person's message is from {chosen.value} address."


def identity_table(setting: ChangeFrom) -> str:
    heads = ["function", "From", "who must have signed in", *(status.value for status in Status)]
    return table(heads, identity_rows([each for each in decisions() if each.setting is setting]))


def identity_rows(inside: list[Decision]) -> Iterator[list[str]]:
    """Functions that decide alike in one row; in it, the Froms that do."""
    alike: dict[tuple[tuple[From, str], ...], list[Function]] = {}
    outcomes: dict[tuple[Function, From], list[str]] = {}
    for each in inside:
        row = outcomes.setdefault((each.function, each.chosen), [who(each.signer)])
        row.append(each.then.value)
    for function in Function:
        key = tuple((chosen, "|".join(outcomes[function, chosen])) for chosen in From)
        alike.setdefault(key, []).append(function)
    for froms, together in alike.items():
        by_outcome: dict[str, list[From]] = {}
        for chosen, outcome in froms:
            by_outcome.setdefault(outcome, []).append(chosen)
        for chosen_alike in by_outcome.values():
            yield [
                "<br>".join(each.value for each in together),
                "<br>".join(each.value for each in chosen_alike),
                *outcomes[together[0], chosen_alike[0]],
            ]


def who(signer: Signer | None) -> str:
    if signer is None:
        return "nobody could"
    return "the administrator" if signer.as_administrator else "the person"


# Roles


def roles() -> str:
    acts = [[act.value, *(rights.of(role).value for role in Role)] for act, rights in RIGHTS.items()]
    seen = [[each.field, *(RIGHTS[each.by].of(role).value for role in Role)] for each in SEEN]
    names = [role.value for role in Role]
    return "\n".join([
        ROLES_INTRODUCTION,
        *meanings("role", Role),
        "## Who may ask for what\n",
        table(["act", *names], acts),
        "## What is seen of a job\n",
        table(["of a job", *names], seen),
    ])  # fmt: skip


ROLES_INTRODUCTION = """\
# Roles

Everything that is asked of the engine is asked in one of these roles. "own" reaches what is the user's own;
what somebody may not see is not said to be there.
"""


# Functions


def functions() -> str:
    kinds = dict.fromkeys(kind for function in Function for kind in with_fields(REQUESTS[function]))
    return "\n".join([
        FUNCTIONS_INTRODUCTION,
        table(FUNCTION_HEADS, map(function_row, Function)),
        "## The fields of a request\n",
        table(["of", "field", "must be given", "means"], (row for kind in kinds for row in field_rows(kind))),
    ])  # fmt: skip


FUNCTIONS_INTRODUCTION = """\
# The functions

Each is submitted as a typed request. Who must have signed in for it stands in [identity.md](identity.md),
what may be refused in [rules.md](rules.md).
"""
FUNCTION_HEADS = ("function", "request", "sent", "sign-in screen", "means", "fields of")


def function_row(function: Function) -> list[str]:
    request = REQUESTS[function]
    return [
        function.value,
        code(request.__name__),
        "by the device" if request.by_device else "on a person's behalf",
        "where the person stands" if request.opens_screen else "none",
        meaning_of(request),
        ", ".join(code(kind.__name__) for kind in with_fields(request)),
    ]


def with_fields(request: type[JobRequest]) -> list[type[BaseModel]]:
    """The request's own class and those that it is made from, as far as they bring fields."""
    return [kind for kind in reversed(request.__mro__) if issubclass(kind, BaseModel) and fields_of(kind)]


def fields_of(kind: type[BaseModel]) -> list[str]:
    return [name for name in get_annotations(kind) if name in kind.model_fields and name != "function"]


def field_rows(kind: type[BaseModel]) -> Iterator[list[str]]:
    said = docstrings(kind)
    for name in fields_of(kind):
        must = "yes" if kind.model_fields[name].is_required() else ""
        yield [code(kind.__name__), code(name), must, said.get(name, "")]
