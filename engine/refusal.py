"""What is refused: a change or a job that rules forbid, every broken rule at once, with remedy and who must
act (S15); and what a viewer has no right to (S33a).
"""

from collections import Counter

from ..events.request import REPORTS, Function, Request
from ..machines.roles import Act, Viewer
from ..machines.rules import Look, Rule, Verdict
from .settings import Mistake
from .words import Spoken, Words


class Refused(Exception):
    """In the language of the device, its text and its rules alike."""

    def __init__(
        self, code: str, rules: tuple[Rule, ...], words: Words, mistakes: tuple[Mistake, ...] = ()
    ) -> None:
        self.what, self.rules, self.words = words.say(code), tuple(map(words.told, rules)), words
        self.mistakes = mistakes
        "What the settings name and is not there, beside the rules that they break."
        lines = [
            f"  {rule.sentence} {rule.remedy} ({words.actor(rule.actor)}; {rule.code})" for rule in self.rules
        ]
        lines += [f"  {mistake.named(words)}: {mistake.told(words)}" for mistake in mistakes]
        super().__init__("\n".join([f"{self.what}:", *lines]))

    @property
    def for_now(self) -> bool:
        """What a person is refused now would go when the settings are put right."""
        return bool(self.rules) and all(
            rule.verdict(Look.SUBMIT) is Verdict.NOT_AVAILABLE for rule in self.rules
        )

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(rule.code for rule in self.rules)


class WrittenByDevice(Spoken, ValueError):
    """A report about mail tells what the device knows: nobody else says that in its name (S21)."""

    def __init__(self) -> None:
        super().__init__("error.report", function=Function.PROGRAM.value)


def check_submitted(request: Request) -> None:
    """Raises WrittenByDevice."""
    if request.function in REPORTS:
        raise WrittenByDevice


class RuleCodeTaken(Spoken, ValueError):
    """A rule of the embedding program has the code of another one: who reads it could not tell them apart."""

    def __init__(self, codes: tuple[str, ...]) -> None:
        super().__init__("error.rule-codes", codes=", ".join(codes))
        self.codes = codes


def check_codes(rules: tuple[Rule, ...]) -> None:
    """Raises RuleCodeTaken."""
    counted = Counter(rule.code for rule in rules)
    if twice := tuple(code for code, number in counted.items() if number > 1):
        raise RuleCodeTaken(twice)


class NotAllowed(Spoken, PermissionError):
    """The viewer's role has no right to this."""

    def __init__(self, viewer: Viewer, act: Act) -> None:
        self.viewer, self.act = viewer, act
        super().__init__("error.not-allowed", role=viewer.role.value, act=act.value)

    def told(self, words: Words) -> str:
        role, act = self.viewer.role, self.act
        return words.say(
            "error.not-allowed",
            role=words.table(f"role.{role.name.lower()}", role.value),
            act=words.table(f"act.{act.name.lower()}", act.value),
        )
