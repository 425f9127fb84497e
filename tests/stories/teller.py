"""Tells a story: plays its facts through all machines and writes below each what became of it.

A story is a text. A line `> 08:00 UserLoggedIn place=panel ...` is a fact; `> 08:05 sets oauth.enabled=yes`
is a person's [OK] of these settings, checked and told as the engine does it; `> day 3 09:00` lets time pass.
Headings and prose stand as they are. What is indented is the answer, written by this program alone.

Rule: limits say their facts when their moment has come, as in the running engine; nothing else moves by
itself.
"""

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import UTC, datetime, time, timedelta
from enum import Enum
from types import NoneType
from typing import get_args

from franking.engine.limits import said_by
from franking.engine.play import MACHINE, Due, Instance, Machine, Move, Played, limits, play
from franking.engine.replay import Replayed
from franking.engine.settings import Settings, flat, merged
from franking.events.base import ADMINISTRATOR, Event
from franking.events.menu import FILE, found_at
from franking.events.registry import REGISTRY
from franking.events.settings import MENU
from franking.events.token import TokenDeleted
from franking.machines.change import facts, looked_at
from franking.machines.refresh_token import REFRESH_TOKEN, REQUIRED
from franking.machines.rules import RULES, Rule, unavailable
from franking.machines.session import LOGGED_IN, SESSION

FIRST_DAY = datetime(2026, 11, 2, tzinfo=UTC)
ANSWER = "    "
OF_ISSUER = frozenset({"oauth.provider", "oauth.tenant", "oauth.client_id", "oauth.authority"})
UNITS = {"s": 1, "min": 60, "h": 3_600, "d": 86_400}


class Untellable(ValueError):
    """A line of a story that cannot be read."""

    def __init__(self, line: str, why: str) -> None:
        super().__init__(f"{line!r}: {why}")
        self.line, self.why = line, why


def told(story: str) -> str:
    """The story with the machines' answers as they are now. Raises Untellable."""
    teller = Teller()
    lines: list[str] = []
    for line in story.splitlines():
        if line.startswith("> "):
            meanwhile, answer = teller.tell(line.removeprefix("> "))
            lines += [*meanwhile, line, *answer]
        elif not line.startswith(ANSWER):
            lines.append(line)
    return "\n".join(lines) + "\n"


class Teller:
    def __init__(self) -> None:
        self.world = Replayed()
        self.now = FIRST_DAY
        self.written = 0
        self.settings = Settings()

    def tell(self, line: str) -> tuple[list[str], list[str]]:
        """What limits said before it, and what became of it. Raises Untellable."""
        words = shlex.split(line)
        day = self.now
        if words[0] == "day":
            day, words = FIRST_DAY + timedelta(days=int(words[1]) - 1), words[2:]
        moment = datetime.combine(day.date(), time.fromisoformat(words[0]), UTC)
        if moment < self.now:
            raise Untellable(line, f"it is {spoken(self.now)} already")
        passed = list(self.pass_time(moment))
        if len(words) == 1:
            return [], passed or [f"{ANSWER}nothing happens"]
        if words[1] == "sets":
            return passed, list(self.sets(line, words[2:]))
        return passed, list(self.play(read(line, words[1], words[2:], moment)))

    def sets(self, line: str, words: Iterable[str]) -> Iterator[str]:
        """[OK]: refused with every broken rule, or what differs, what warns, and what the machines make of
        it.
        """
        after = self.settings.changed(**sections(line, words))
        looked = looked_at(self.settings, after)
        if looked.refuses:
            yield f"{ANSWER}cannot be set:"
            yield from ruled(looked.refuses)
            return
        changed = after.differences(self.settings)
        for key in changed:
            place = found_at(key, MENU.get(key, FILE))
            yield f"{ANSWER}{place}: {value(self.settings, key)} → {value(after, key)}"
        self.settings = after
        if looked.warns:
            yield f"{ANSWER}warns:"
            yield from ruled(looked.warns)
        broken_now = set(unavailable(after))
        if broken_now:
            yield f"{ANSWER}OAuth is not available:"
            yield from ruled(rule for rule in RULES if rule.code in broken_now)
        places = [
            key
            for (title, key), one in self.world.instances.items()
            if title == SESSION.title and one.state is LOGGED_IN
        ]
        ended = [TokenDeleted(identity=who, left_jobs=after.oauth.left_jobs) for who in self.ends(changed)]
        for fact in [*facts(after, changed, places), *ended] if changed else ():
            yield f"{ANSWER}says {named(fact)}"
            yield from self.play(fact.model_copy(update={"at": self.now}))
        if after.oauth.enabled and not self.holds(ADMINISTRATOR):
            yield f"{ANSWER}offers the OAuth authentication screen to the administrator"

    def holds(self, identity: str) -> bool:
        found = self.world.instances.get((REFRESH_TOKEN.title, identity))
        return found is not None and found.state is not REQUIRED

    def ends(self, changed: Iterable[str]) -> list[str]:
        """Whose grant a change of whom it belongs to ends; the engine asks first, saying whose (S26a)."""
        held = [
            key for title, key in self.world.instances if title == REFRESH_TOKEN.title and self.holds(key)
        ]
        if OF_ISSUER & set(changed):
            return sorted(held)
        return [ADMINISTRATOR] if "administrator.address" in changed and ADMINISTRATOR in held else []

    def pass_time(self, until: datetime) -> Iterator[str]:
        while due := self.next_due(until):
            title, key = due.name
            machine = MACHINE[title]
            instance = self.world.instances[due.name]
            self.now = max(self.now, due.moment)
            fact = said_by(machine, key, due.number, instance.state).model_copy(update={"at": self.now})
            yield f"{ANSWER}⏱ {spoken(self.now)} {named(fact)}"
            yield from self.play(fact, due)
        self.now = until

    def next_due(self, until: datetime) -> Due | None:
        found = [
            Due(name, number, moment)
            for name, instance in sorted(self.world.instances.items())
            for number, moment in limits(MACHINE[name[0]], instance)
            if moment <= until
        ]
        return min(found, key=lambda due: due.moment, default=None)

    def play(self, fact: Event, due: Due | None = None) -> Iterator[str]:
        played = play(self.world, fact, self.written + 1, due)
        self.written += len(played.lines)
        for number, line in enumerate(played.lines):
            if number:
                yield f"{ANSWER}tells {named(line)}"
            yield from answers(played, line)
        if not played.moves and not played.asked and len(played.lines) == 1:
            yield f"{ANSWER}nothing changes"


def sections(line: str, words: Iterable[str]) -> dict[str, object]:
    """`tls.minimum=TLSv1.3` and its like, as a tree. Raises Untellable."""
    tree: dict[str, object] = {}
    for word in words:
        key, _, text = word.partition("=")
        if key not in flat(Settings()):
            raise Untellable(line, f"no setting is called {key}")
        named: object = {"yes": True, "no": False, "none": None}.get(text, text)
        for part in reversed(key.split(".")):
            named = {part: named}
        assert isinstance(named, dict)
        tree = merged(tree, named)
    return tree


def ruled(rules: Iterable[Rule]) -> Iterator[str]:
    for rule in rules:
        yield f"{ANSWER}  {rule.code}: {rule.sentence}"
        yield f"{ANSWER}    {rule.act} [{rule.actor.value}]"


def value(settings: Settings, key: str) -> str:
    found = flat(settings)[key]
    return {True: "ON", False: "OFF"}[found] if isinstance(found, bool) else spoken(found)


def answers(played: Played, fact: Event) -> Iterator[str]:
    """What one fact did: instance by instance, its move, then what was asked for."""
    names = {(move.machine.title, move.key): move for move in played.moves if move.fact is fact}
    asked = [asked for asked in played.asked if asked.fact is fact]
    for title, key in dict.fromkeys([*names, *((one.machine.title, one.key) for one in asked)]):
        who = f"{title} of {key}" if key else title
        move = names.get((title, key))
        yield f"{ANSWER}  {who}: {moved(move) if move else 'stays as it is'}"
        asks = ", ".join(
            type(one.effect).__name__ for one in asked if (one.machine.title, one.key) == (title, key)
        )
        if asks:
            yield f"{ANSWER}    asks {asks}"
        if move:
            yield from (f"{ANSWER}    {line}" for line in [*meanwhile(move), *armed(move)])


def moved(move: Move) -> str:
    before, after = move.before, move.after
    way = f"{state(before)} → {state(after)}" if after.state is not before.state else f"stays {state(after)}"
    changed = [
        f"{field.name} {spoken(getattr(after.data, field.name))}"
        for field in fields(after.data)
        if getattr(after.data, field.name) != getattr(before.data, field.name)
    ]
    return "; ".join([way, *changed])


def meanwhile(move: Move) -> Iterator[str]:
    blocks = move.machine.blocks
    before, after = blocks[move.before.state].during, blocks[move.after.state].during
    yield from (f"stops {type(deed).__name__}" for deed in before if deed not in after)
    yield from (f"begins {type(deed).__name__}" for deed in after if deed not in before)


def armed(move: Move) -> Iterator[str]:
    """Limits that stand now and did not stand so before."""
    before = () if move.after.entered != move.before.entered else standing(move.machine, move.before)
    for line in standing(move.machine, move.after):
        if line not in before:
            yield line


def standing(machine: Machine, instance: Instance) -> list[str]:
    block = machine.blocks[instance.state]
    return [
        f"⏱ {block.limits[number].then.__name__} at {spoken(moment)}"
        for number, moment in limits(machine, instance)
    ]


def state(instance: Instance) -> str:
    return instance.state.value.replace("_", " ")


def named(fact: Event) -> str:
    values = [
        (name, getattr(fact, name)) for name in type(fact).model_fields if name not in ("at", "because")
    ]
    return " ".join([type(fact).__name__, *(f"{name}={spoken(value)}" for name, value in values)])


def spoken(value: object) -> str:
    """A value as a person says it."""
    match value:
        case None | "" | ():
            return "none"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"day {(value - FIRST_DAY).days + 1} {value:%H:%M:%S}"
        case timedelta():
            return f"{value.total_seconds():g} s"
        case Enum():
            return (
                value.name
                if isinstance(value.value, str) and value.value.startswith("I")
                else str(value.value)
            )
        case tuple():
            return ",".join(map(spoken, value))
        case _:
            return str(value)


def read(line: str, name: str, words: Iterable[str], at: datetime) -> Event:
    """The fact that a line names. Raises Untellable."""
    kind = REGISTRY.get(name)
    if kind is None:
        raise Untellable(line, f"no fact is called {name}")
    values: dict[str, object] = {"at": at}
    for word in words:
        field, _, text = word.partition("=")
        if field not in kind.model_fields:
            raise Untellable(line, f"{name} has no {field}")
        values[field] = value_of(kind.model_fields[field].annotation, text, at)
    return kind.model_validate(values)


def value_of(annotation: object, text: str, at: datetime) -> object:
    """`+55min` is a moment after the fact, `60s` a time, `yes` a truth; pydantic reads the rest."""
    kinds = [kind for kind in (annotation, *get_args(annotation)) if kind is not NoneType]
    if text.startswith("+"):
        return at + duration(text[1:])
    if timedelta in kinds:
        return duration(text)
    if bool in kinds:
        return {"yes": True, "no": False}[text]
    if annotation == tuple[str, ...]:
        return tuple(text.split(",")) if text else ()
    return text


def duration(text: str) -> timedelta:
    number = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    return timedelta(seconds=float(number) * UNITS[text[len(number) :]])
