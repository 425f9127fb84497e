"""What every adapter of a port must keep, as checks that an embedding team runs against its own.

A class of checks is subclassed in a test module and told how to make the adapter:

    class TestOurStore(StoreChecks):
        def make(self):
            return our_store()

`make` returns an async context manager that gives a new, empty adapter. Each check is a test that stands by
itself; pytest collects them like any other.
"""

from .blobs import BlobChecks, Blobs, SealedBlobChecks
from .clock import ClockChecks, Timed
from .store import StoreChecks
from .vault import Sealing, VaultChecks

__all__ = [
    "BlobChecks",
    "Blobs",
    "ClockChecks",
    "SealedBlobChecks",
    "Sealing",
    "StoreChecks",
    "Timed",
    "VaultChecks",
]
