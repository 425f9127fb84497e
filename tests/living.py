"""What stands in the memory of this process, for tests that look for secrets there.

A run has a million objects before its first test: modules, tests, what those are given. The collector of
garbage would go through all of them each time that a test asks for it, so they are put aside once.

Rule: what is put aside is still looked at, where it is the project's own.
"""

import asyncio
import gc

OURS = ("franking.engine", "franking.events", "franking.machines")
ASIDE: list[object] = []


def is_ours(kind: type) -> bool:
    # Other tests leave classes behind whose module is no text.
    return str(kind.__module__).startswith(OURS) or issubclass(kind, asyncio.Future)


def of_ours(objects: list[object]) -> list[object]:
    ours = set(filter(is_ours, set(map(type, objects))))
    return [thing for thing in objects if type(thing) in ours]


def put_aside() -> None:
    """All that stands now."""
    gc.collect()
    ASIDE[:] = of_ours(gc.get_objects())
    gc.freeze()


def living() -> list[object]:
    """Every object of ours that somebody could reach now."""
    gc.collect()
    return [*of_ours(gc.get_objects()), *ASIDE]
