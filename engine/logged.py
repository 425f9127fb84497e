"""Facts in the log: those that [Information] shows, and, where everything is logged, all of them.

Rule: an information's code is the message's id; whom it concerns stands as an identity, never as an address.
"""

import logging

from ..events.information import InformationRaised
from .watchers import Unit, Watchers

log = logging.getLogger("franking")


def logged(watchers: Watchers) -> None:
    """From now on. Whether everything is to be logged is asked once: most programs never do."""
    watchers.add(information, InformationRaised)
    if log.isEnabledFor(logging.DEBUG):
        watchers.add(facts)


def information(unit: Unit) -> None:
    for fact in unit.played.lines:
        if isinstance(fact, InformationRaised):
            log.warning("%s %s: %s", fact.code, fact.code.name, fact.subject or "the device")


def facts(unit: Unit) -> None:
    """No secret, address or file name stands in a fact."""
    for number, fact in enumerate(unit.played.lines, unit.sequence):
        log.debug("%d %s %s", number, type(fact).__name__, fact.model_dump_json(exclude={"at"}))
