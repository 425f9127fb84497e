"""Secrets that settings name as `vault:NAME`: sealed in the store, put there by the embedding program or by
`franking secret set`, erased with it, and sealed anew when its key is exchanged.

Rule: one that is missing stops no start, for only an open engine can be given it; what needs it says so.
"""

import re

from .ports import Credentials
from .records import SealFailed
from .secret import Secret
from .settings import CredentialError, no_secret
from .store_port import Store
from .vault_port import Keeping
from .words import Spoken

VAULT = "vault"
NAME = re.compile(r"[A-Za-z0-9_.-]+")


class SecretUnnamed(Spoken, ValueError):
    """No setting could name it so."""

    def __init__(self, name: str) -> None:
        super().__init__("error.secret-name", name=repr(name))
        self.name = name


class UnknownSecret(Spoken, LookupError):
    def __init__(self, name: str) -> None:
        super().__init__("error.secret", name=name)
        self.name = name


class KeptSecrets:
    """Implements `ports.Credentials`; what is not kept here is asked for elsewhere."""

    def __init__(self, elsewhere: Credentials, store: Store, vault: Keeping) -> None:
        self.elsewhere, self.store, self.vault = elsewhere, store, vault

    def read(self, reference: str) -> Secret:
        """Raises CredentialError, and what `elsewhere` raises."""
        kind, _, name = reference.partition(":")
        if kind != VAULT:
            return self.elsewhere.read(reference)
        found = next((kept for kept in self.store.secrets() if kept.name == name), None)
        if found is None:
            raise no_secret(reference, "credential.not-kept", name=name)
        try:
            return self.vault.open_secret(found)
        except SealFailed as failure:
            raise CredentialError(reference, str(failure), failure.meaning, **failure.values) from None

    def names(self) -> tuple[str, ...]:
        return tuple(kept.name for kept in self.store.secrets())
