"""Where a playing provider's endpoints are.

Rule: the paths are the real ones; scheme, host and port are those of the listener, whose port is known once
it runs. `{tenant}` stands for the organisation.
"""

from dataclasses import dataclass

from .quirks import Quirks

INTROSPECTION = "/introspect"


@dataclass(slots=True)
class Addresses:
    quirks: Quirks
    tenant: str
    port: int = 0

    @property
    def base(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def issuer(self) -> str:
        return self.of(self.quirks.issuer_path)

    @property
    def authorize(self) -> str:
        return self.of(self.quirks.authorize_path)

    @property
    def token(self) -> str:
        return self.of(self.quirks.token_path)

    @property
    def revoke(self) -> str | None:
        return None if self.quirks.revoke_path is None else self.of(self.quirks.revoke_path)

    @property
    def device(self) -> str:
        """Device authorization endpoint (RFC 8628 section 3.1)."""
        return self.of(self.quirks.device.path)

    @property
    def verification(self) -> str:
        """Where a person enters the code (RFC 8628 section 3.3)."""
        return self.of(self.quirks.device.page_path)

    @property
    def introspect(self) -> str:
        """For submission servers of one's own (RFC 7662); the real two have none that we know of."""
        return self.of(INTROSPECTION)

    @property
    def discovery(self) -> str:
        return self.of(self.quirks.discovery_path)

    @property
    def keys(self) -> str:
        return self.of(self.quirks.keys_path)

    def of(self, path: str, tenant: str = "") -> str:
        return self.base + path.replace("{tenant}", tenant or self.tenant)
