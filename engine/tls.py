"""The TLS contexts of the connections to the provider and to the submission server (S8, S30).

Rule: certificate and host name are always verified; `trust` adds a company's authorities to the system's,
nothing takes any away.
"""

import ssl
from collections.abc import Callable
from pathlib import Path

from ..events.settings import Tls, TlsVersion

VERSIONS = {TlsVersion.TLS_1_2: ssl.TLSVersion.TLSv1_2, TlsVersion.TLS_1_3: ssl.TLSVersion.TLSv1_3}


def client_context(tls: Tls, alpn: tuple[str, ...] = ()) -> ssl.SSLContext:
    """A new context for one kind of connection.

    Raises OSError or ssl.SSLError where `tls.trust` cannot be read.
    """
    context = ssl.create_default_context()
    if tls.trust is not None:
        context.load_verify_locations(cafile=tls.trust)
    context.minimum_version = VERSIONS[tls.minimum]
    context.maximum_version = VERSIONS[tls.maximum]
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


class KeptContext:
    """The context of one kind of connection: reading the authorities takes tens of milliseconds, so it is
    done again only when the settings or one of the files changed. HTTP and SMTP keep one each, for ALPN
    differs.
    """

    def __init__(self, tls: Callable[[], Tls]) -> None:
        self.tls = tls
        self.made: tuple[object, ssl.SSLContext] | None = None

    def __call__(self) -> ssl.SSLContext:
        """Raises OSError or ssl.SSLError where `tls.trust` cannot be read."""
        tls = self.tls()
        read_from = (tls, changed_at(tls.trust), changed_at(ssl.get_default_verify_paths().cafile))
        if self.made is None or self.made[0] != read_from:
            self.made = (read_from, client_context(tls))
        return self.made[1]


def changed_at(file: Path | str | None) -> int:
    """In nanoseconds; 0 for no file, so that one that comes or goes is a change."""
    try:
        return 0 if file is None else Path(file).stat().st_mtime_ns
    except OSError:
        return 0
