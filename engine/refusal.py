"""A change or a job that rules forbid: every broken rule at once, with remedy and who must act (S15)."""

from ..machines.rules import Rule


class Refused(Exception):
    def __init__(self, what: str, rules: tuple[Rule, ...]) -> None:
        lines = [f"  {rule.sentence} {rule.act} ({rule.actor.value}; {rule.code})" for rule in rules]
        super().__init__("\n".join([f"{what}:", *lines]))
        self.what, self.rules = what, rules

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(rule.code for rule in self.rules)
