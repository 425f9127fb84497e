"""A sentence whose language is chosen later: what a setting takes, what is wrong with it.

Rule: a code with fields, like every sentence for people (`engine/words`). The English of what settings take
stands here, for screens and documents that have no catalogue; every other one's in `en.po`.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

FIELD = re.compile(r"\{([a-z]+)\}")


class Said(NamedTuple):
    """Get it from `said`."""

    code: str
    fields: Mapping[str, object]
    "A field may be such a sentence itself."


def said(code: str, /, **fields: object) -> Said:
    return Said(code, fields)


ENGLISH: Mapping[str, str] = MappingProxyType({
    "takes.text": "text",
    "takes.line": "text of one line",
    "takes.path": "a path",
    "takes.day": "a day, such as 2027-03-31",
    "takes.switch": "`true` (ON) or `false` (OFF)",
    "takes.list": "a list, each {each}",
    "takes.table": "a table: {name} = {value}",
    "takes.one": "one of {choices}",
    "takes.one-or": "one of {choices}, or {others}",
    "takes.provider": "one that the embedding program brings",
    "takes.number": "a whole number, {least} to {most}",
    "takes.time": "{least} to {most}, as a number of seconds",
    "takes.reference": "a reference to a secret, `credential:NAME` or `vault:NAME`",
    "takes.host": "a host name, without `://` and port",
    "takes.colour": "a colour such as `#0b5fa5`",
    "takes.https": "an address that begins with `https://`, without `?` and `#`",
    "takes.hook": "an address that begins with `https://`, or with `http://` for this machine itself",
    "takes.writer": "an e-mail address, `@domain`, or a name without a domain",
    "takes.client": "a table: `user` = a login name, `password` = a reference, `networks` = a list",
    "takes.network": "an address of the network, or a network such as `192.0.2.0/24`",
    "takes.address": "an e-mail address",
    "takes.address-such": "an e-mail address, such as `scanner@example.com`",
    "time.second": "{number} seconds",
    "time.minute": "{number} minutes",
    "time.hour": "{number} hours",
    "time.day": "{number} days",
    "time.one-second": "1 second",
    "time.one-minute": "1 minute",
    "time.one-hour": "1 hour",
    "time.one-day": "1 day",
})  # fmt: skip


def filled(sentence: Said, template: Callable[[str], str] = ENGLISH.__getitem__) -> str:
    """`template`: sentence of a code in one language; raises KeyError for a code that it does not know."""

    def field(match: re.Match[str]) -> str:
        value = sentence.fields[match[1]]
        return filled(value, template) if isinstance(value, Said) else str(value)

    return FIELD.sub(field, template(sentence.code))
