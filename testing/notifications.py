"""What a client asks delivery status notifications for, read as a conforming server does (RFC 3461).

Rule: a parameter that is not valid, or given twice, is refused with 501 (section 5.1); where the extension is
not offered nothing is taken out, and the server refuses what it doesn't know.
"""

import re
from collections.abc import Mapping

XTEXT = r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})"
"Section 4."
OF_MAIL: Mapping[str, re.Pattern[str]] = {
    "RET": re.compile(r"FULL|HDRS", re.IGNORECASE),
    "ENVID": re.compile(rf"(?=.{{1,100}}$){XTEXT}+"),
}
OF_RECIPIENT: Mapping[str, re.Pattern[str]] = {
    "NOTIFY": re.compile(r"NEVER|(SUCCESS|FAILURE|DELAY)(,(SUCCESS|FAILURE|DELAY))*", re.IGNORECASE),
    "ORCPT": re.compile(rf"(?=.{{1,494}}$)[A-Za-z0-9.-]+;{XTEXT}+"),
}


class MalformedParameter(ValueError):
    """Which one."""


class Wants:
    """Of one connection: what the transaction that is going on asked for."""

    def __init__(self, *, offered: bool) -> None:
        self.offered = offered
        self.begin()

    def begin(self) -> None:
        self.mail: tuple[str, ...] = ()
        self.recipients: list[tuple[str, ...]] = []
        "Of those that were accepted."
        self._asked: tuple[str, ...] = ()

    def of_mail(self, argument: str) -> str:
        """What is left of the command's argument. Raises MalformedParameter."""
        left, self.mail = self._taken(argument, OF_MAIL)
        return left

    def of_recipient(self, argument: str) -> str:
        """The same; the recipient may still be refused. Raises MalformedParameter."""
        left, self._asked = self._taken(argument, OF_RECIPIENT)
        return left

    def accept(self) -> None:
        self.recipients.append(self._asked)

    def _taken(self, argument: str, known: Mapping[str, re.Pattern[str]]) -> tuple[str, tuple[str, ...]]:
        left: list[str] = []
        taken: dict[str, str] = {}
        for word in argument.split(" "):
            name, _, value = word.partition("=")
            form = known.get(name.upper()) if self.offered else None
            if form is None:
                left.append(word)
            elif name.upper() in taken or not form.fullmatch(value):
                raise MalformedParameter(name)
            else:
                taken[name.upper()] = word
        return " ".join(left), tuple(taken.values())
