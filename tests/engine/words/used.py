"""Which codes the program uses, and the English of those whose tables hold it themselves.

Rule: it is read from the tables and the sources that run, never listed a second time.
"""

import ast
import importlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from franking.engine.oauth import answers, faults
from franking.engine.oauth.providers import BUILT_IN
from franking.engine.own_reasons import LEFT_ALONE, UNREADABLE
from franking.engine.panel.tones import STORY
from franking.engine.screen import trouble as screen
from franking.engine.settings import Given
from franking.engine.smtp import trouble as smtp
from franking.engine.words import CANNOT_BE_READ
from franking.events.information import Actor
from franking.events.job import Ending
from franking.events.menu import ENGLISH
from franking.events.said import ENGLISH as SAID
from franking.machines.job import Stage
from franking.machines.roles import Act, Role
from franking.machines.rules import RULES

ROOT = Path(__file__).resolve().parents[3]
ROOMS = ("engine", "events", "machines")
IN_TEMPLATE = re.compile(r"""say\(\s*["']([^"']+)["']""")
REASONS = {"JobDeferred", "JobFailed", "waits"}
"Facts whose `code` becomes the reason of a job, and what makes one."
SAYING = {"say", "template", "Spoken", "said"}


@cache
def sources() -> dict[str, ast.Module]:
    """By module, such as `engine.acts`."""
    found = {}
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """Module, name of what is called, and the call."""
    for module, tree in sources().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called = node.func
                if isinstance(called, ast.Name | ast.Attribute):
                    yield module, called.id if isinstance(called, ast.Name) else called.attr, node


def said() -> Iterator[tuple[str, str, ast.Call]]:
    """Where, the code, and the call, of every sentence that is asked for by its literal code."""
    for module, name, call in calls():
        spoken = name == "__init__" or name in SAYING
        match call.args:
            case [ast.Constant(value=str(code)), *_] if spoken:
                yield f"{module}:{call.lineno}", code, call


def constants() -> set[str]:
    """Every text in the sources; a meaning stands for its cause and its remedy, a page for its two
    sentences.
    """
    found = {
        node.value
        for tree in sources().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    found |= set(on_screens())
    found |= {f"page.{name}.{part}" for name in found for part in ("title", "text")}
    return found | {f"{code}.{part}" for code in found for part in ("cause", "remedy")}


def on_screens() -> list[str]:
    """The codes in the templates of the screens."""
    return [
        code
        for path in sorted((ROOT / "engine" / "panel" / "templates").glob("*.html"))
        for code in IN_TEMPLATE.findall(path.read_text(encoding="utf-8"))
    ]


def either(value: ast.expr) -> list[ast.expr]:
    """Both values of `a if b else c`."""
    return [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]


def reasons() -> set[str]:
    """What stands with a job as the reason that the engine itself gives."""
    found = {ending.value for ending in Ending} | {LEFT_ALONE, UNREADABLE}
    for module, name, call in calls():
        for keyword in call.keywords:
            wanted = keyword.arg == "code" and name in REASONS
            wanted = wanted or (keyword.arg == "refused" and name == "JobSubmitted")
            says_why = module == "machines.job" or name == "JobHeld"
            wanted = wanted or (keyword.arg == "reason" and says_why)
            for value in either(keyword.value) if wanted else ():
                match value:
                    case ast.Constant(value=str(reason)) if reason:
                        found.add(reason)
                    case ast.Name(id=constant) if constant.isupper():
                        found.add(getattr(importlib.import_module(f"franking.{module}"), constant))
    return {reason for reason in found if not reason.endswith(CANNOT_BE_READ)}


def rows() -> list[answers.Row]:
    alone = [value for value in vars(answers).values() if isinstance(value, answers.Row)]
    return [*alone, *answers.GENERAL, *(row for data in BUILT_IN.values() for row in data.answers)]


@cache
def tables() -> dict[str, str]:
    """Code to English, of the sentences whose tables hold it. Raises AssertionError where one code has
    two.
    """
    listed = [(f"menu.{name}", english) for name, english in ENGLISH._asdict().items()]
    listed += [(f"actor.{actor.name.lower()}", actor.value) for actor in Actor]
    listed += [(f"state.{stage.name.lower()}", stage.name.lower()) for stage in Stage]
    listed += [(f"role.{role.name.lower()}", role.value) for role in Role]
    listed += [(f"act.{act.name.lower()}", act.value) for act in Act]
    listed += [(f"story.{fact}", english) for fact, english in STORY.items()]
    listed += SAID.items()
    listed += [(f"given.{given.name.lower()}", given.value) for given in Given]
    listed += [(f"reason.{reason.replace(' ', '-')}", reason) for reason in sorted(reasons())]
    for rule in RULES:
        listed += [(f"rule.{rule.code}.sentence", rule.sentence), (f"rule.{rule.code}.remedy", rule.remedy)]
    meant = [(row.meaning, row.cause, row.remedy) for row in rows()]
    meant += [(f"smtp.{row.meaning}", row.cause, row.remedy) for row in smtp.ROWS]
    for kind in faults.Fault:
        fault = faults.fault(kind)
        meant.append((fault.meaning, fault.cause, fault.remedy))
    for broken in screen.Fault:
        shown = screen.trouble(broken)
        meant.append((shown.meaning, shown.cause, shown.remedy))
    for meaning, cause, remedy in meant:
        listed += [(f"{meaning}.cause", cause), (f"{meaning}.remedy", remedy)]
    found: dict[str, str] = {}
    for code, english in listed:
        if english:
            assert found.setdefault(code, english) == english, f"{code} has two sentences"
    return found
