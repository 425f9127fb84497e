"""Seals refresh tokens, the links of user boxes, the keys of scans and documents, and the secrets that
settings name: AES-GCM, bound to what each of them is and to whom it belongs (S26, S33b).

Rule: nothing here writes; what is sealed enters the store in the commit of the fact that brought it. What was
sealed with a former key is sealed anew only in place of itself: a row that changed meanwhile stays as it is.
"""

import json
import os
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from ..records import SealedGrant, SealFailed, SealLost, Whose
from ..secret import Secret
from ..store_port import Store
from ..vault_rows import (
    KeptSecret,
    ResealedDocument,
    ResealedGrant,
    ResealedLink,
    ResealedScan,
    ResealedSecret,
)
from .keys import Key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_OCTETS = 12
PAGE = 512
KEYS = 2
"The present one, and a former one while something is sealed with it."
Resealed = ResealedGrant | ResealedLink | ResealedSecret | ResealedScan | ResealedDocument


class SealBroken(SealLost):
    """What is sealed cannot be opened: another key, or a damaged store."""

    def __init__(self, what: str, source: str) -> None:
        super().__init__("seal.broken", identity=what, source=source)
        self.what = what


class Vault:
    def __init__(self, key: Key) -> None:
        self.key = key

    def ready(self) -> None:
        """Asked before somebody signs in: what he brings could be sealed. Raises SealFailed."""
        self.key.for_sealing()

    def seal(self, identity: str, version: int, whose: Whose, token: Secret) -> SealedGrant:
        """Raises SealFailed."""
        sealed = self.closed(bound(identity, version, whose), token)
        return SealedGrant(identity, version, *whose, sealed)

    def open(self, grant: SealedGrant) -> Secret:
        """Raises SealFailed."""
        to = bound(grant.identity, grant.version, grant.whose)
        return self.opened(to, grant.sealed, grant.identity)

    def seal_link(self, document: int, token: Secret) -> bytes:
        """The link by which a document of a user box is fetched. Raises SealFailed."""
        return self.closed(b"link %d" % document, token)

    def open_link(self, document: int, sealed: bytes) -> Secret:
        """Raises SealFailed."""
        return self.opened(b"link %d" % document, sealed, f"link {document}")

    def seal_secret(self, name: str, secret: Secret) -> bytes:
        """What a setting names as `vault:NAME`. Raises SealFailed."""
        return self.closed(f"secret {name}".encode(), secret)

    def open_secret(self, kept: KeptSecret) -> Secret:
        """Raises SealFailed."""
        return self.opened(f"secret {kept.name}".encode(), kept.sealed, f"vault:{kept.name}")

    def seal_scan(self, job: int, keys: Secret) -> bytes:
        """The keys of a job's files. Raises SealFailed."""
        return self.closed(b"scan %d" % job, keys)

    def open_scan(self, job: int, sealed: bytes) -> Secret:
        """Raises SealFailed."""
        return self.opened(b"scan %d" % job, sealed, f"scan {job}")

    def seal_document(self, document: int, keys: Secret) -> bytes:
        """The key of a document in a user box. Raises SealFailed."""
        return self.closed(b"document %d" % document, keys)

    def open_document(self, document: int, sealed: bytes) -> Secret:
        """Raises SealFailed."""
        return self.opened(b"document %d" % document, sealed, f"document {document}")

    # Two keys

    def stale(self, store: Store) -> Iterator[Resealed]:
        """What is sealed with a former key, sealed with the present one. What neither opens stays as it is.
        Raises SealFailed where the present key cannot be read.
        """
        for grant in store.grants():
            to = bound(grant.identity, grant.version, grant.whose)
            if again := self.again(to, grant.sealed):
                yield ResealedGrant(grant.identity, again, grant.sealed)
        for link in store.links():
            if again := self.again(b"link %d" % link.document, link.sealed):
                yield ResealedLink(link.document, again, link.sealed)
        for kept in store.secrets():
            if again := self.again(f"secret {kept.name}".encode(), kept.sealed):
                yield ResealedSecret(kept.name, again, kept.sealed)
        for document in store.documents():
            if document.sealed and (again := self.again(b"document %d" % document.document, document.sealed)):
                yield ResealedDocument(document.document, again, document.sealed)
        yield from self.stale_scans(store)

    def stale_scans(self, store: Store) -> Iterator[Resealed]:
        """A page at a time, for there may be very many."""
        last = 0
        while page := store.scans(last, PAGE):
            for scan in page:
                if again := self.again(b"scan %d" % scan.job, scan.sealed):
                    yield ResealedScan(scan.job, again, scan.sealed)
            last = page[-1].job

    def again(self, to: bytes, sealed: bytes) -> bytes | None:
        present = self.key()
        if unsealed(present, to, sealed) is not None:
            return None
        found = self.with_former(to, sealed)
        return None if found is None else self.closed(to, found)

    # How

    def closed(self, to: bytes, secret: Secret) -> bytes:
        nonce = os.urandom(NONCE_OCTETS)
        return nonce + cipher(self.key.for_sealing()).encrypt(nonce, secret.reveal().encode(), to)

    def opened(self, to: bytes, sealed: bytes, what: str) -> Secret:
        try:
            found = unsealed(self.key(), to, sealed)
        except SealFailed:
            if (former := self.with_former(to, sealed)) is not None:
                return former
            raise
        found = self.with_former(to, sealed) if found is None else found
        if found is None:
            raise SealBroken(what, self.key.source)
        return found

    def with_former(self, to: bytes, sealed: bytes) -> Secret | None:
        tried = (unsealed(key, to, sealed) for key in self.key.former())
        return next((found for found in tried if found is not None), None)


@lru_cache(KEYS)
def cipher(key: bytes) -> "AESGCM":
    """The key is read at each use all the same: what is not asked anew is what it makes."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def unsealed(key: bytes, to: bytes, sealed: bytes) -> Secret | None:
    from cryptography.exceptions import InvalidTag

    try:
        return Secret(cipher(key).decrypt(sealed[:NONCE_OCTETS], sealed[NONCE_OCTETS:], to).decode())
    except (InvalidTag, ValueError):
        return None


def bound(identity: str, version: int, whose: Whose) -> bytes:
    return json.dumps([identity, version, *whose]).encode()
