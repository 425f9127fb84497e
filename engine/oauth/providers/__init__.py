"""What differs between authorization servers, as data: a module a provider, no code that asks which one it
is.

Rule: a difference in behaviour is a field of ProviderData. An embedding program's own providers are handed
over, never registered in a global.
"""

from collections.abc import Mapping
from types import MappingProxyType

from .google import GOOGLE
from .microsoft import MICROSOFT
from .microsoft_clouds import CHINA, DOD, GCC_HIGH, PERSONAL
from .model import AccountClaims, ProviderData, Redirect, WithoutPerson

BUILT_IN: Mapping[str, ProviderData] = MappingProxyType(
    {data.name: data for data in (MICROSOFT, GOOGLE, PERSONAL, GCC_HIGH, DOD, CHINA)}
)

__all__ = [
    "BUILT_IN",
    "CHINA",
    "DOD",
    "GCC_HIGH",
    "GOOGLE",
    "MICROSOFT",
    "PERSONAL",
    "AccountClaims",
    "ProviderData",
    "Redirect",
    "UnknownProviderError",
    "WithoutPerson",
    "provider_data",
]


class UnknownProviderError(LookupError):
    """[OAuth 2.0 Provider] names none that is known. `name` as asked for, `known` the names that there
    are."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"unknown provider {name!r}; known: {', '.join(known)}")
        self.name = name
        self.known = known


def provider_data(name: str, custom: Mapping[str, ProviderData] = MappingProxyType({})) -> ProviderData:
    """The data of [OAuth 2.0 Provider] `name` (S2); `custom` goes before what is built in.

    Raises UnknownProviderError.
    """
    data = custom.get(name) or BUILT_IN.get(name)
    if data is None:
        raise UnknownProviderError(name, tuple(sorted({*custom, *BUILT_IN})))
    return data
