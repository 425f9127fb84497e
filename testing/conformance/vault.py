"""What a vault must keep (`engine/vault_port.py`): what is sealed opens for its own purpose alone (S26)."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import pytest

from ...engine.records import SealedGrant, SealFailed, Whose
from ...engine.secret import Secret
from ...engine.vault_port import Keeping, LinkSeal, Unsealing
from ...engine.vault_rows import KeptSecret

TOKEN = "refresh-token-of-kim"
WHOSE = Whose("issuer", "kim@example.com", "kim@example.com", "[]")

OTHERS: tuple[Callable[[SealedGrant], SealedGrant], ...] = (
    lambda sealed: sealed._replace(identity="user:2"),
    lambda sealed: sealed._replace(issuer="another"),
    lambda sealed: sealed._replace(address="lee@example.com"),
    lambda sealed: sealed._replace(account="lee@example.com"),
    lambda sealed: sealed._replace(aliases='["lee@example.com"]'),
    lambda sealed: sealed._replace(version=2),
)


class Sealing(Unsealing, LinkSeal, Keeping, Protocol):
    """The whole vault."""

    def seal(self, identity: str, version: int, whose: Whose, token: Secret) -> SealedGrant: ...


class VaultChecks:
    def make(self) -> AbstractAsyncContextManager[Sealing]:
        """A vault with a key."""
        raise NotImplementedError

    async def test_a_sealed_grant_opens(self) -> None:
        async with self.make() as vault:
            vault.ready()
            sealed = vault.seal("user:1", 3, WHOSE, Secret(TOKEN))
            assert (sealed.identity, sealed.version, sealed.whose) == ("user:1", 3, WHOSE)
            assert vault.open(sealed).reveal() == TOKEN

    async def test_the_token_is_not_in_what_is_sealed(self) -> None:
        async with self.make() as vault:
            sealed = vault.seal("user:1", 1, WHOSE, Secret(TOKEN))
            assert TOKEN.encode() not in sealed.sealed
            assert TOKEN not in repr(sealed)

    async def test_the_same_token_is_never_sealed_the_same(self) -> None:
        async with self.make() as vault:
            found = {vault.seal("user:1", 1, WHOSE, Secret(TOKEN)).sealed for _ in range(8)}
            assert len(found) == 8

    @pytest.mark.parametrize("of_another", OTHERS, ids=("identity", *WHOSE._fields, "version"))
    async def test_a_grant_opens_for_nobody_else(
        self, of_another: Callable[[SealedGrant], SealedGrant]
    ) -> None:
        async with self.make() as vault:
            sealed = vault.seal("user:1", 1, WHOSE, Secret(TOKEN))
            with pytest.raises(SealFailed):
                vault.open(of_another(sealed))

    async def test_a_changed_octet_is_noticed(self) -> None:
        async with self.make() as vault:
            sealed = vault.seal("user:1", 1, WHOSE, Secret(TOKEN))
            for at in (0, len(sealed.sealed) // 2, -1):
                changed = bytearray(sealed.sealed)
                changed[at] ^= 1
                with pytest.raises(SealFailed):
                    vault.open(sealed._replace(sealed=bytes(changed)))

    async def test_what_is_cut_off_is_noticed(self) -> None:
        async with self.make() as vault:
            sealed = vault.seal("user:1", 1, WHOSE, Secret(TOKEN))
            for short in (b"", sealed.sealed[:5], sealed.sealed[:-1]):
                with pytest.raises(SealFailed):
                    vault.open(sealed._replace(sealed=short))

    async def test_a_link_opens_for_its_document_alone(self) -> None:
        async with self.make() as vault:
            sealed = vault.seal_link(7, Secret(TOKEN))
            assert vault.open_link(7, sealed).reveal() == TOKEN
            with pytest.raises(SealFailed):
                vault.open_link(8, sealed)

    async def test_a_secret_opens_for_its_name_alone(self) -> None:
        async with self.make() as vault:
            sealed = vault.seal_secret("client", Secret(TOKEN))
            assert vault.open_secret(KeptSecret("client", sealed)).reveal() == TOKEN
            with pytest.raises(SealFailed):
                vault.open_secret(KeptSecret("other", sealed))

    async def test_what_is_sealed_for_one_purpose_opens_for_no_other(self) -> None:
        async with self.make() as vault:
            link = vault.seal_link(7, Secret(TOKEN))
            with pytest.raises(SealFailed):
                vault.open_secret(KeptSecret("7", link))
            with pytest.raises(SealFailed):
                vault.open_secret(KeptSecret("link 7", link))
