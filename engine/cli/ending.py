"""One clear message for each error that ends a command.

Rule: broken rules are told in the language of the device; the program's own errors, which may come before any
settings are read, in English.
"""

from ...machines.rules import Rule
from ..deeds import where
from ..refusal import Refused
from ..settings import Mistake, SettingsError, count
from ..words import Words, words
from .exits import Exit, exit_of
from .opening import WrongSettingsError
from .terminal import FAILED, Terminal, detail, refusal, say, terminal

ENGLISH = words()
"Of what frames the sentences."


def told(error: Exception) -> Exit:
    """Prints it on standard error; the exit code."""
    on = terminal()
    code = exit_of(error)
    if isinstance(error, SettingsError):
        wrong_settings(on, error.source, error.mistakes, (), words())
        return Exit.CONFIG
    if isinstance(error, WrongSettingsError):
        wrong_settings(on, error.source, error.mistakes, error.rules, error.words)
        return Exit.CONFIG
    if isinstance(error, Refused):
        refusal(on.err, sentence(error.what), error.rules, error.words)
        return Exit.CONFIG
    if code is None:
        rows = [("Where", where(error)), ("Do", "Report it with this line and what was done before.")]
        say(on.err, FAILED, "A fault of the program.", rows)
        return Exit.SOFTWARE
    say(on.err, FAILED, sentence(text(error)))
    return code


def text(error: Exception) -> str:
    """Of an error of the system: the file and what happened, without its number."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'The output'}: {error.strerror}"
    return str(error)


def wrong_settings(
    on: Terminal, source: str, mistakes: tuple[Mistake, ...], rules: tuple[Rule, ...], words: Words
) -> None:
    """Every mistake at once; the values are not shown, for one may be a secret in the wrong place."""
    headline = f"{source}: {count(len(mistakes) + len(rules), ENGLISH)} to put right, nothing was started."
    if rules:
        refusal(on.err, headline, rules, words)
    else:
        say(on.err, FAILED, headline)
    detail(on.err, [(each.named(words), each.told(words)) for each in mistakes])


def sentence(text: str) -> str:
    """As a person reads it: from a capital letter to a full stop. A path keeps its first letter."""
    first = text.split(" ", 1)[0]
    begun = text if "/" in first or first.endswith(":") else text[:1].upper() + text[1:]
    return begun if begun.endswith((".", ":", "!", "?")) else f"{begun}."
