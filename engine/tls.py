"""The TLS contexts of the connections to the provider and to the submission server (S8, S30), and what those
are made from that browsers and programs come over.

Rule: certificate and host name are always verified; `trust` adds a company's authorities to the system's,
nothing takes any away. No environment variable has a say: neither authorities (SSL_CERT_FILE, SSL_CERT_DIR)
nor a log of the keys (SSLKEYLOGFILE) come from one.
"""

import os
import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ..events.settings import Tls, TlsVersion
from .secret import Secret

VERSIONS = {TlsVersion.TLS_1_2: ssl.TLSVersion.TLSv1_2, TlsVersion.TLS_1_3: ssl.TLSVersion.TLSv1_3}


def client_context(tls: Tls) -> ssl.SSLContext:
    """A new context for one kind of connection.

    Not by `ssl.create_default_context`, which follows the environment and from Python 3.13 on refuses
    companies' authorities that lack a field of RFC 5280; here every Python takes the same ones.

    Raises OSError or ssl.SSLError where `tls.trust` cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for file, folder in ((system_file(), None), (None, system_folder())):
        # Without the system's authorities a connection fails as what it is: not verified.
        with suppress(OSError, ssl.SSLError):
            if file or folder:
                context.load_verify_locations(file, folder)
    if tls.trust is not None:
        context.load_verify_locations(cafile=tls.trust)
    context.minimum_version = VERSIONS[tls.minimum]
    context.maximum_version = VERSIONS[tls.maximum]
    return context


def load_certificate(context: ssl.SSLContext, certificate: Secret) -> None:
    """For a server: the certificate with its private key, both as PEM, from now on. Raises OSError or
    ssl.SSLError where they are none.
    """
    file = os.memfd_create("certificate", os.MFD_CLOEXEC)  # OpenSSL reads files alone, and this is on no disk
    try:
        os.write(file, certificate.reveal().encode())
        context.load_cert_chain(f"/proc/self/fd/{file}", password=bytes)  # else OpenSSL asks at the terminal
    finally:
        os.close(file)


def system_file() -> str:
    """Where OpenSSL was built to look for the authorities in one file."""
    return ssl.get_default_verify_paths().openssl_cafile


def system_folder() -> str:
    """The same, a file each; OpenSSL reads one when a server's certificate asks for it."""
    return ssl.get_default_verify_paths().openssl_capath


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
        files = (tls.trust, system_file(), system_folder())
        read_from = (tls, *(changed_at(file) for file in files))
        if self.made is None or self.made[0] != read_from:
            self.made = (read_from, client_context(tls))
        return self.made[1]


def changed_at(file: Path | str | None) -> int:
    """In nanoseconds; 0 for no file, so that one that comes or goes is a change."""
    try:
        return 0 if file is None else Path(file).stat().st_mtime_ns
    except OSError:
        return 0
