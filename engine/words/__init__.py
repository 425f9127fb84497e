"""Every sentence that people read, in the language of the device: the codes are the ids (S15, S22, B9).

`en.po` and `de.po` beside this file are the sources, `make words` compiles them to the `.mo` that a device
reads with the standard library's gettext. A table that holds its English itself (rules, answers, replies,
actors) keeps it: `table` takes it where the language has no translation.

Another language is one more value of `Language` and one more `.po`; the tests say what it lacks.

Rule: a sentence is a code with fields, filled in once. What a field holds is never looked through for
placeholders, for it may come from elsewhere.
"""

import re
from functools import cache
from gettext import GNUTranslations
from pathlib import Path

from ...events.information import Actor
from ...events.menu import ENGLISH as MENU_IN_ENGLISH
from ...events.menu import FILE, Forms, found_at
from ...events.said import ENGLISH as SAID_IN_ENGLISH
from ...events.said import Said
from ...events.settings import MENU, Language
from ...machines.rules import Rule

FOLDER = Path(__file__).parent
PLACEHOLDER = re.compile(r"\{([a-z0-9_]+(?:\.[a-z0-9_]+)*)\}")
"A field of the sentence, or a setting where there is a dot: `{tls.minimum}` is where it is found."
CANNOT_BE_READ = " cannot be read"
"Ends the reason of a job that waits for the secret which a setting names."


class Spoken(Exception):
    """An error that a person may read: its text is English, and `Words.error` says it in another language."""

    def __init__(self, code: str, /, **fields: object) -> None:
        self.code, self.fields = code, fields
        super().__init__(self.told(words()))

    def told(self, words: "Words") -> str:
        return words.say(self.code, **self.fields)


class Words:
    """The sentences of one language. Get it from `words`."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._catalogue = catalogue(language)
        if language is not Language.ENGLISH:
            self._catalogue.add_fallback(catalogue(Language.ENGLISH))
        self._forms = Forms(
            *(self._found(f"menu.{name}") or english for name, english in MENU_IN_ENGLISH._asdict().items())
        )

    def say(self, code: str, /, **fields: object) -> str:
        """The sentence of this code with its `{fields}`; where this language lacks it, in English. Raises
        KeyError for a code that no catalogue has.
        """
        return self._filled(self.template(code), fields)

    def said(self, sentence: Said) -> str:
        """A sentence that was made before its language was known."""
        english = SAID_IN_ENGLISH.get(sentence.code)
        if english is None:
            return self.say(sentence.code, **sentence.fields)
        return self.table(sentence.code, english, **sentence.fields)

    def table(self, code: str, english: str, /, **fields: object) -> str:
        """The same for a sentence whose table holds the English: that stands where there is no other."""
        return self._filled(self._found(code) or english, fields)

    def template(self, code: str) -> str:
        """The sentence with its placeholders. Raises KeyError."""
        found = self._found(code)
        if found is None:
            raise KeyError(code)
        return found

    def error(self, error: Exception) -> str:
        """What a person reads of it; of an error that is for programmers, its own English."""
        return error.told(self) if isinstance(error, Spoken) else str(error)

    def rule(self, rule: Rule) -> tuple[str, str]:
        """Sentence and remedy, with the settings' menu paths. A rule of the embedding program has its own
        words, in each language.
        """
        return (
            self.table(f"rule.{rule.code}.sentence", rule.sentence),
            self.table(f"rule.{rule.code}.remedy", rule.remedy),
        )

    def told(self, rule: Rule) -> Rule:
        """The rule as it is shown: its words are those of `rule`."""
        sentence, remedy = self.rule(rule)
        return rule._replace(sentence=sentence, remedy=remedy)

    def place(self, key: str) -> str:
        """Where a setting is found."""
        return found_at(key, MENU.get(key, FILE), self._forms)

    def actor(self, actor: Actor) -> str:
        """Who must act."""
        return self.table(f"actor.{actor.name.lower()}", actor.value)

    def reason(self, code: str) -> str:
        """Why a job waits or has ended, from the code that stands with it; a server's code stays as it is."""
        if code.endswith(CANNOT_BE_READ):
            return self.say("reason.cannot-be-read", what=code.removesuffix(CANNOT_BE_READ))
        return self.table(f"reason.{code.replace(' ', '-')}", code)

    def state(self, state: str) -> str:
        """The state of a job, in lower case, such as `waiting`."""
        return self.table(f"state.{state}", state)

    def _found(self, code: str) -> str | None:
        found = self._catalogue.gettext(code)
        return None if found == code else found

    def _filled(self, text: str, fields: dict[str, object]) -> str:
        """What is neither a field nor a setting stays: an embedding program's words may have braces."""

        def value(match: re.Match[str]) -> str:
            key = match[1]
            if key in fields:
                field = fields[key]
                if isinstance(field, Said):
                    return self.said(field)
                return self.error(field) if isinstance(field, Exception) else str(field)
            return self.place(key) if "." in key else match[0]

        return PLACEHOLDER.sub(value, text)


def capital(text: str) -> str:
    """As a sentence or a heading begins."""
    return text[:1].upper() + text[1:]


def catalogue(language: Language) -> GNUTranslations:
    with (FOLDER / f"{language.value}.mo").open("rb") as file:
        return GNUTranslations(file)


@cache
def words(language: Language = Language.ENGLISH) -> Words:
    """Of [device] `language`; read once."""
    return Words(language)
