"""Rows of what the store keeps sealed, and of what leaves it.

Rule: what is sealed anew takes the place of exactly what was read; a row that changed meanwhile stays so.
"""

from typing import NamedTuple


class ResealedGrant(NamedTuple):
    """The same grant under another key, in place of what was sealed before; else nothing happens."""

    identity: str
    sealed: bytes
    before: bytes


class ResealedLink(NamedTuple):
    document: int
    sealed: bytes
    before: bytes


class KeptSecret(NamedTuple):
    """What a setting names as `vault:NAME`."""

    name: str
    sealed: bytes


class SecretGone(NamedTuple):
    name: str


class ResealedSecret(NamedTuple):
    name: str
    sealed: bytes
    before: bytes


class ScanRow(NamedTuple):
    """What a job has in the spool; gone in the commit that ends the job (S33b)."""

    job: int
    octets: int
    "Of its files, before they were sealed."
    sealed: bytes
    "The keys of its files, as `pieces.written` has them; empty: none is sealed."


class BodyRow(NamedTuple):
    """The small files of a job, which lie in the store itself; gone with its `ScanRow`."""

    job: int
    octets: bytes
    "One behind the other, each sealed where it has a key."


class ScanGone(NamedTuple):
    job: int


class ResealedScan(NamedTuple):
    job: int
    sealed: bytes
    before: bytes


class ResealedDocument(NamedTuple):
    document: int
    sealed: bytes
    before: bytes


class Noted(NamedTuple):
    """Something that the store knows of itself."""

    name: str
    value: str


class JobsGone(NamedTuple):
    """Everything that is known of this person's jobs beside their machines."""

    owner: str


class PersonGone(NamedTuple):
    """Login and address; the identity is never given to anybody else."""

    identity: str
