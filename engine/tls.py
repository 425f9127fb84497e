"""The TLS contexts of the connections to the provider and to the submission server (S8, S30).

Rule: certificate and host name are always verified; `trust` adds a company's authorities to the system's,
nothing takes any away.
"""

import ssl

from ..events.settings import Tls, TlsVersion

VERSIONS = {TlsVersion.TLS_1_2: ssl.TLSVersion.TLSv1_2, TlsVersion.TLS_1_3: ssl.TLSVersion.TLSv1_3}


def client_context(tls: Tls, alpn: tuple[str, ...] = ()) -> ssl.SSLContext:
    """A context for one kind of connection; HTTP and SMTP get one each, for ALPN differs.

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
