"""Dialogues with submission servers, as the files in `dialogues/` have them.

A file begins with what it tells of: `is` a sentence, `login` (token, long token, password), `from`, `to`
the recipients, and what it comes to: `verdict`, `code`, `meaning` as in `engine/smtp/trouble.py`, `refused`
recipients. Then `S:` is a line of the server and `C:` one of the device, from EHLO within TLS on; `*` stands
for any text, `<response>` for what the mechanism answers, `(the message)` for its lines, `(cut)` for the end
of the connection. Dovecot's are recorded; the others are put together from what the providers document.

Rule: every line of the device is compared, none is left out.
"""

import base64
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from franking.engine.ports import Login
from franking.testing.scripted_submission import CUT, Script
from franking.tests.engine.smtp.device import KIM, with_password, with_token

FOLDER = Path(__file__).parent / "dialogues"
LONG = "marked-" + "long" * 400
LOGINS = {"token": with_token(), "long token": with_token(token=LONG), "password": with_password("pass word")}
MESSAGE = "(the message)"
RESPONSES = {
    "XOAUTH2": "user={user}\x01auth=Bearer {token}\x01\x01",
    "OAUTHBEARER": "n,a={user},\x01host=localhost\x01port={port}\x01auth=Bearer {token}\x01\x01",
}


@dataclass(slots=True)
class Dialogue:
    name: str
    told: dict[str, str] = field(default_factory=dict)
    turns: list[tuple[str, str]] = field(default_factory=list)
    "What the device says, and the server's reply to it."

    @property
    def login(self) -> Login:
        return LOGINS[self.told.get("login", "token")]

    @property
    def sender(self) -> str:
        return self.told.get("from", KIM)

    @property
    def recipients(self) -> tuple[str, ...]:
        return tuple(self.told.get("to", "lee@example.com").split(", "))

    def script(self) -> Script:
        """Each verb's replies in their order; a line that goes on with AUTH has no verb of its own."""
        replies: dict[str, list[str]] = {}
        verb = ""
        for said, reply in self.turns:
            word = said.partition(" ")[0]
            verb = "BODY" if said == MESSAGE else word if verb != "AUTH" or word in VERBS else "AUTH"
            replies.setdefault(verb, []).append(reply)
        extensions = replies.pop("EHLO")[0].split("\n")[1:]
        return Script(tuple(line[4:] for line in extensions), replies=replies)

    def answers(self, port: int) -> list[str]:
        """The patterns of the device's lines, in their order."""
        mechanism, found = "", []
        for said, _ in self.turns:
            if said.startswith("AUTH "):
                mechanism = said.split(" ")[1]
            token = self.login.token.reveal() if self.login.token else ""
            response = RESPONSES.get(mechanism, "").format(user=KIM, token=token, port=port)
            if said != MESSAGE:
                found.append(said.replace("<response>", base64.b64encode(response.encode()).decode()))
        return found


VERBS = frozenset({"MAIL", "RCPT", "DATA", "QUIT", "AUTH", MESSAGE})


def read(path: Path) -> Dialogue:
    """Raises ValueError for a line that is none of a dialogue."""
    found = Dialogue(path.stem)
    for line in path.read_text(encoding="utf-8").splitlines():
        kind, _, text = line.partition(":")
        text = text.removeprefix(" ")
        if kind == "C":
            found.turns.append((text, ""))
        elif kind == "S":
            said, reply = found.turns[-1]
            found.turns[-1] = said, f"{reply}\n{text}" if reply else CUT if text == "(cut)" else text
        elif text and not found.turns:
            found.told[kind] = text
        elif line:
            raise ValueError(f"{path.name}: {line!r}")
    return found


def fits(said: list[str], patterns: list[str]) -> bool:
    return len(said) == len(patterns) and all(map(fnmatchcase, said, patterns))
