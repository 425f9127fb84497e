"""The documents that are printed from the engine's own tables: what providers and mail servers answer, and
the providers themselves.

Rule: nothing is said here that the tables do not hold, but how to read them and what a class of answers leads
to; the figures are those of the code that acts.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import NamedTuple

from ...diagrams.documents import code, table
from ...events.about import docstrings
from ...events.information import Info
from ...events.menu import spoken
from ...events.settings import MENU
from ...machines.mailbox import TRIED_AFTER
from ..acts import SOMEBODYS_ACT
from ..back_off import BACK_OFF, SELDOM
from ..control.openapi import described
from ..oauth.answers import FIXED, GENERAL, Call, Row
from ..oauth.application import REFUSES
from ..oauth.faults import FAULTS
from ..oauth.providers import BUILT_IN, ProviderData
from ..ports import AnswerClass, Phase, Verdict
from ..refused_credential import LOOK
from ..smtp import trouble
from ..smtp.sources import SOURCES
from .control_documents import control

MARK = "printed from the tables of answers, by `franking diagrams`"
"Stands in the first line of each."


class Does(NamedTuple):
    name: str
    act: str


def documents() -> dict[str, str]:
    """File name to content."""
    printed = {"errors.md": errors(), "providers.md": providers(), "control.md": control()}
    marked = {name: f"<!-- {MARK} -->\n{text}" for name, text in printed.items()}
    return {**marked, "openapi.json": json.dumps(described(), indent=2, ensure_ascii=False) + "\n"}


def lasting(time: timedelta) -> str:
    """`1 hour`, `10 minutes`."""
    for unit, each in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        count, rest = divmod(time.total_seconds(), each)
        if count and not rest:
            return f"{count:.0f} {unit}{'s' * (count != 1)}"
    return str(time)


# What the device does

BACKS_OFF = (
    f"Keeps the sign-in and asks again: after about {lasting(BACK_OFF[0].wait)}, then less and less often, "
    f"every {lasting(BACK_OFF[-1].wait)} on the first day and every {lasting(SELDOM)} from then on, never "
    "before the time that the answer names. It asks at once where network or proxy are changed, where the "
    "device wakes and where a person tries a job again. Mail waits, and nobody is troubled."
)
TOLD = (
    f"Keeps the sign-in and asks again after {lasting(SOMEBODYS_ACT)}. [Information] says what to do and who "
    "must; nobody is asked to sign in, for that would be in vain. Mail waits."
)
DOES: Mapping[AnswerClass, Does] = MappingProxyType({
    AnswerClass.WAIT: Does("wait", BACKS_OFF),
    AnswerClass.PROTOCOL: Does("no answer", BACKS_OFF),
    AnswerClass.PERSON: Does(
        "sign in",
        "At a refresh the provider has ended the sign-in: it is erased, [Status] is Expired, and "
        "[Information] says who must sign in again; mail waits for that. At a sign-in nothing changes, and "
        "[Information] says why it did not succeed; a person's own no is not told. The remedy is what goes "
        "beyond signing in.",
    ),
    AnswerClass.ADMIN: Does("administrator", TOLD),
    AnswerClass.APP: Does(
        "application",
        f"{TOLD} Where it is asked with the application's own credential, and the error is "
        f"{' or '.join(f'`{each}`' for each in sorted(REFUSES))}, as with `credential`.",
    ),
    AnswerClass.CREDENTIAL: Does(
        "credential",
        "Keeps everything; [Status] is Expired, and [Information] says what is wrong with the application's "
        f"own credential and who must act. It is used again after {lasting(SOMEBODYS_ACT)}, within "
        f"{lasting(LOOK)} when its file or setting was changed, when a job is tried again and at a start; "
        "once it is taken, [Status] is Acquired by itself and mail goes.",
    ),
    AnswerClass.OURS: Does(
        "this device",
        "Keeps the sign-in. Where somebody can mend it, as with `administrator`; where time does, as with "
        "`wait`.",
    ),
})  # fmt: skip
MAIL: Mapping[Verdict, Does] = MappingProxyType({
    Verdict.SENT: Does("sent", "The job is done."),
    Verdict.LATER: Does("later", "The job waits and goes by itself, tried less and less often."),
    Verdict.TOKEN_REFUSED: Does(
        "token", "A new access token is fetched once; if that is refused, too, [Information] says who acts."
    ),
    Verdict.CLOSES: Does(
        "closes the mailbox",
        "The account's jobs wait and nothing is repeated, for servers close a mailbox that repeats. "
        f"[Information] says who must act. One job tries it again after {lasting(TRIED_AFTER[0])}, then less "
        f"and less often, at least every {lasting(TRIED_AFTER[-1])}; after a sign-in, and when a person asks "
        "for it.",
    ),
    Verdict.PAUSES: Does(
        "pauses the mailbox",
        "The account's jobs wait as long as the server wants, and no try is counted; then one job finds out.",
    ),
    Verdict.ENDED: Does("ended", "The job ends; [Information] says why."),
    Verdict.SENDER_REFUSED: Does(
        "sender", "The job ends, and this From address is refused for a day or until the next sign-in."
    ),
    Verdict.UNKNOWN: Does("unknown", "The job goes again, with the same Message-ID."),
})  # fmt: skip


def errors() -> str:
    parts = [ERRORS_INTRODUCTION, "## What the device does\n", table(["class", "the device"], DOES.values())]
    for data in BUILT_IN.values():
        if data.answers and data.name == named(data.answers):
            parts += [f"## {data.name}\n", answers(data.answers)]
    parts += ["## Every provider\n", answers((*GENERAL, *FIXED))]
    parts += ["## What the device itself finds\n", FAULTS_INTRODUCTION, table(FAULT_HEADS, fault_rows())]
    parts += ["## Mail servers\n", table(["verdict", "the device"], MAIL.values())]
    parts += [table(REPLY_HEADS, reply_rows(trouble.REPLIES)), "Its own:\n"]
    parts += [table(REPLY_HEADS, reply_rows(trouble.OURS))]
    parts += ["## The [Information] screen\n", table(["code", "shown when"], information_rows())]
    return "\n".join(parts)


ERRORS_INTRODUCTION = """\
# What providers and mail servers answer

Every answer that this device knows: what it means, who must act, and what the device does. `error` and
`suberror` decide; a number of Microsoft's refines them. A number that is not listed means what its error
means; an error that is not listed keeps the sign-in, and is shown with its code and, where the provider gives
one, the correlation id that its support asks for. The first line that fits counts.
"""
FAULTS_INTRODUCTION = """\
Where no answer could be read. None of these ends a sign-in.
"""
ANSWER_HEADS = ("code", "answers", "means", "who must act", "remedy", "class", "source")
FAULT_HEADS = ("code", "means", "who must act", "remedy", "class")
REPLY_HEADS = ("reply", "at", "means", "who must act", "remedy", "verdict", "source")


def named(rows: tuple[Row, ...]) -> str:
    """The first provider with these answers: its clouds answer alike."""
    return next(data.name for data in BUILT_IN.values() if data.answers is rows)


def answers(rows: Iterable[Row]) -> str:
    return table(ANSWER_HEADS, map(answer_row, rows))


def answer_row(row: Row) -> list[str]:
    asked = [each.value for each in Call if each in row.calls] or ["everything"]
    pause = f", for {lasting(row.pause)}" if row.pause else ""
    return [
        ", ".join(map(code, row.codes)),
        "<br>".join(asked),
        row.cause,
        row.actor.value,
        in_menus(row.remedy) or "Sign in again.",
        DOES[row.kind].name + pause,
        linked(row.source),
    ]


def fault_rows() -> Iterator[list[str]]:
    for kind, (cls, actor, cause, remedy) in FAULTS.items():
        yield [code(kind.value), cause, actor.value, in_menus(remedy), DOES[cls].name]


def reply_rows(rows: Iterable[trouble.Row]) -> Iterator[list[str]]:
    for row in rows:
        ending = "xx"[: 3 - len(row.code)] if row.code.isdigit() else ""
        reply = " ".join(filter(None, (f"{row.code}{ending}", row.enhanced)))
        text = f", saying {code(row.text)}" if row.text else ""
        waits = row.hold and row.verdict in (Verdict.LATER, Verdict.PAUSES)
        wait = f", not before {lasting(row.hold)}" if row.hold and waits else ""
        yield [
            code(reply) + text,
            row.phase.value if isinstance(row.phase, Phase) else "any time",
            account(row.cause),
            row.actor.value,
            account(in_menus(row.remedy)),
            MAIL[row.verdict].name + wait,
            linked(SOURCES.get(row.meaning, "")),
        ]


def information_rows() -> Iterator[list[str]]:
    said = docstrings(Info)
    for each in Info:
        yield [each.value, said.get(each.name, "")]


def in_menus(text: str) -> str:
    return spoken(text, MENU)


def account(text: str) -> str:
    return text.replace("{account}", "the account").replace("{sender}", "the From address")


def linked(source: str) -> str:
    """Addresses as links of their own."""
    return ", ".join(f"<{each}>" if each.startswith("https://") else each for each in source.split(", "))


# The providers


def providers() -> str:
    return "\n".join([PROVIDERS_INTRODUCTION, *map(provider, BUILT_IN.values())])


PROVIDERS_INTRODUCTION = """\
# The providers

What [OAuth 2.0 Provider] offers, as the device knows it. A national cloud and Microsoft's personal accounts
are providers of their own: an application is registered in each anew. `{tenant}` is the setting of that name.
An embedding program may bring further ones.
"""


def provider(data: ProviderData) -> str:
    limits = data.lifetimes
    alone = data.without_person
    rows = [
        ("authorization", code(data.authorize)),
        ("token", code(data.token)),
        ("device code", code(data.device_code or "") or "not for mail"),
        ("revocation", code(data.revoke or "") or "not offered"),
        ("scopes", "<br>".join(map(code, data.scopes))),
        ("without a person", f"{alone.flow.value}: {code(alone.scope)}" if alone else "not offered"),
        ("mail server", code(limits.server)),
        ("a sign-in lapses unused after", lasting(limits.idle)),
        ("an access token is not used for the last", lasting(limits.margin)),
        *((f"the same at {code(host)}", lasting(margin)) for host, margin in limits.margins.items()),
        ("connections at once", str(limits.connections)),
        ("octets in a message", number(limits.octets_max)),
        ("recipients of a message", number(limits.recipients_max)),
        ("messages a minute", number(limits.messages_a_minute)),
        ("recipients a day", number(limits.recipients_a_day)),
    ]
    unconfirmed = f"Not confirmed by a public source: {data.unconfirmed}.\n" if data.unconfirmed else ""
    return "\n".join([f"## {data.name}\n", *filter(None, [unconfirmed]), table(["what", ""], rows)])


def number(value: int | None) -> str:
    return "not known" if value is None else f"{value:,}"
