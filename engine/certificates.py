"""What the engine shows to those who call it over TLS: the certificate that a section of the settings names,
as it is now, for one is renewed every few weeks.

Rule: one that was good before serves on where its successor is none.
"""

import logging
import ssl
from collections.abc import Callable
from hashlib import sha256

from .ports import Credentials
from .records import StoreFailed
from .secret import Secret
from .settings import CredentialError
from .tls import load_certificate
from .words import Spoken

OF_ANOTHER = frozenset({"KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED"})
"OpenSSL's words for a key of another certificate, also of one of another kind."
log = logging.getLogger("franking")


class NeedsTls(Spoken, ValueError):
    """The address is not of this machine alone, or TLS was asked for, and no certificate is set."""

    def __init__(self, code: str, host: str) -> None:
        """`code`: what the section's sentence is called."""
        super().__init__(code, host=host)
        self.host = host


class CertificateUnusable(Spoken, ValueError):
    """It is none, or its private key is not in it."""

    def __init__(self, section: str, code: str, why: str = "") -> None:
        """`code`: what of it; `why`: in somebody else's words."""
        super().__init__(code, section=section, why=why)


class Certificate:
    def __init__(
        self,
        section: str,
        reference: Callable[[], str | None],
        secrets: Credentials,
        prepared: Callable[[ssl.SSLContext], None],
    ) -> None:
        """`prepared`: a new context, before it is used. Raises CertificateUnusable."""
        self.section, self.reference, self.secrets, self.prepared = section, reference, secrets, prepared
        self.digest, self.told = b"", ""
        self.made = self.current(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))

    @property
    def context(self) -> ssl.SSLContext:
        """For the next connection."""
        try:
            self.made, self.told = self.current(self.made), ""
        except (CertificateUnusable, StoreFailed) as error:
            if self.told != str(error):
                self.told = str(error)
                log.error(
                    "%s; the one before it is shown until then, the device's administrator must act", error
                )
        self.prepared(self.made)
        return self.made

    def following(self) -> ssl.SSLContext:
        """For a server that takes one context for good: each connection has that of its moment."""
        context = self.made

        def taken_anew(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
            connection.context = self.context

        context.sni_callback = taken_anew
        return context

    def current(self, made: ssl.SSLContext) -> ssl.SSLContext:
        """Raises CertificateUnusable, StoreFailed."""
        reference = self.reference()
        try:
            secret = self.secrets.read(reference) if reference is not None else None
        except (CredentialError, OSError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise CertificateUnusable(self.section, "certificate.unreadable", why) from None
        if secret is None or (digest := sha256(secret.reveal().encode()).digest()) == self.digest:
            return made
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            load_certificate(context, secret)
        except (ssl.SSLError, OSError) as error:
            raise CertificateUnusable(self.section, *what_is_wrong(secret, error)) from None
        self.prepared(context)
        self.digest = digest
        return context


def what_is_wrong(certificate: Secret, error: OSError) -> tuple[str, str]:
    """Never a word of the file itself."""
    text = certificate.reveal()
    if "-----BEGIN CERTIFICATE-----" not in text:
        return "certificate.none", ""
    if "PRIVATE KEY-----" not in text:
        return "certificate.without-key", ""
    if "ENCRYPTED" in text:
        return "certificate.encrypted", ""
    reason = getattr(error, "reason", None) or type(error).__name__
    if reason in OF_ANOTHER:
        return "certificate.of-another", ""
    return "certificate.damaged", reason
