"""What follows from the settings alone, and is asked for with every message: found once for each settings.

Rule: settings are frozen values, so the same ones always give the same.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

from ..events.settings import DeviceSettings

T = TypeVar("T")


class PerSettings(Generic[T]):
    def __init__(self, settings: Callable[[], DeviceSettings], find: Callable[[DeviceSettings], T]) -> None:
        """`settings`: those of this moment."""
        self.settings, self.find = settings, find
        self.last: tuple[DeviceSettings, T] | None = None

    def __call__(self) -> T:
        """Raises what `find` raises, each time."""
        now, last = self.settings(), self.last
        if last is None or last[0] is not now:
            last = self.last = now, self.find(now)
        return last[1]
