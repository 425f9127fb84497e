"""A throw-away certificate authority, so that tests verify certificates and names as in the field.

Rule: nobody turns verification off. Clients trust `ca_file`; servers get a certificate for localhost,
127.0.0.1 and ::1. The private keys live in memory, and in a file only while OpenSSL reads them.
"""

import ssl
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import trustme

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Authority:
    """One authority and the one server certificate that it issued."""

    def __init__(
        self, folder: Path, names: Sequence[str] = LOOPBACK, ends_at: datetime | None = None
    ) -> None:
        """Writes the authority's certificate to `folder/ca.pem`; raises OSError where that fails. `ends_at`:
        of the server's certificate; None: it lasts.
        """
        self._ca = trustme.CA()
        self._leaf = self._ca.issue_cert(*names, not_after=ends_at)
        folder.mkdir(parents=True, exist_ok=True)
        self.ca_file = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(str(self.ca_file))

    def server_context(
        self,
        alpn: Sequence[str] = (),
        minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2,
        maximum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    ) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = minimum
        context.maximum_version = maximum
        if alpn:
            context.set_alpn_protocols(list(alpn))
        self._leaf.configure_cert(context)
        return context


def client_context(ca_file: Path, alpn: Sequence[str] = ()) -> ssl.SSLContext:
    """A verifying client context that trusts nothing but the authority in `ca_file`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=ca_file)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context
