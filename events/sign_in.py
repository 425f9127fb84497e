"""Facts about the sign-in screen of one place. What it brings when it succeeds is
`events.token.SignInSucceeded`.
"""

from .base import OfIdentity, OfPlace


class SignInWanted(OfPlace, OfIdentity):
    """A person stands here whose identity needs a token; never said by itself after a cancel (S18)."""


class SignInNext(OfPlace):
    """The screen is free: the request that waited longest has its turn."""


class SignInCancelled(OfPlace):
    """The person closed the screen or declined at the provider; or his turn came when he had signed in
    elsewhere.
    """


class SignInFailed(OfPlace):
    """The provider, or a check of its answer, refused the sign-in."""

    identity: str
    "Who was signing in: somebody else may stand here when it is told (S33a)."
    code: str
    "The provider's error, or ours (`state`, `id_token`, `scope`)."


class FlowRefused(OfPlace):
    """One way of signing in was refused, and the next that fits is shown at the same place."""

    identity: str
    "Who is signing in."
    code: str
    "The provider's error, or ours."


class SignInTimedOut(OfPlace):
    """The screen was open for as long as it may be (S19a)."""
