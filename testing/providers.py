"""Which providers can be played, by name."""

from collections.abc import Mapping
from types import MappingProxyType

from .quirks import GOOGLE, MICROSOFT, Quirks
from .standard import STANDARD

BY_NAME: Mapping[str, Quirks] = MappingProxyType(
    {quirks.name: quirks for quirks in (MICROSOFT, GOOGLE, STANDARD)}
)
