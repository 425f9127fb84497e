"""What the log says of mail that a program brought in vain, for whoever looks after the device: the program
may tell nobody.

Rule: an address stands in the log only where everything is logged (`franking run --verbose`).
"""

import logging
import re

from ..refusal import Refused
from ..words import Spoken, words

ADDRESSES = re.compile(r"[^\s<>,;()]*@[^\s<>,;()]*[^\s<>,;().]")
log = logging.getLogger("franking")


def note(who: str, error: Exception, *, for_good: bool = True) -> None:
    """`who`: such as `a program at 127.0.0.1`. A fault of ours is said where it is met."""
    if isinstance(error, Spoken | Refused):
        level = logging.WARNING if for_good else logging.INFO
        log.log(level, "mail was not taken of %s: %s", who, of_error(error))


def of_error(error: Exception) -> str:
    """In one line, and in English wherever it can be."""
    told = " ".join(words().error(error).split())
    text = "".join(each if each.isprintable() else "?" for each in told)
    return text if log.isEnabledFor(logging.DEBUG) else ADDRESSES.sub("(an address)", text)
