"""What the log says of mail that a program brought in vain, for whoever looks after the device: the program
may tell nobody.

Rule: an address stands in the log only where everything is logged (`franking run --verbose`).
"""

import logging
import re

from ..words import words

ADDRESSES = re.compile(r"(?:\"(?:[^\"\\]|\\.)*\"|[^\s<>,;()]*)@[^\s<>,;()]*[^\s<>,;().]")
log = logging.getLogger("franking")


def note(what: str, why: str, *, for_good: bool = True) -> None:
    """`what`: such as `a recipient of a program at 127.0.0.1`."""
    log.log(logging.WARNING if for_good else logging.INFO, "%s was not taken: %s", what, in_one_line(why))


def of_error(error: Exception) -> str:
    return in_one_line(words().error(error))


def in_one_line(text: str) -> str:
    told = " ".join(text.split())
    text = "".join(each if each.isprintable() else "?" for each in told)
    return text if log.isEnabledFor(logging.DEBUG) else ADDRESSES.sub("(an address)", text)
