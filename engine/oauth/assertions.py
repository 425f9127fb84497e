"""Assertions: what an application signs in place of a secret or of a person (RFC 7523).

Rules: each is made for one request and lives a few minutes. A key is read when it is needed, held by nothing
afterwards, and no error quotes it.
"""

import hashlib
import re
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from typing import Annotated

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from ..secret import Secret

LIFE = timedelta(minutes=5)
SERVICE_LIFE = timedelta(hours=1)
"Google wants no other."
PRIVATE_KEY = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?-----END \1-----", re.DOTALL)
EARLY = timedelta(minutes=1)
"How far the provider's clock may be behind ours."


class ProofUnusableError(Exception):
    """The file holds no certificate with its RSA key, or no service account's key."""


class KeyNotRsaError(ProofUnusableError):
    """The key is of another kind, such as one of an elliptic curve, which no provider here takes."""


class ServiceAccount(BaseModel):
    """As Google gives it; where tokens are asked for is a setting, not what stands in this file."""

    model_config = ConfigDict(extra="ignore", strict=True, hide_input_in_errors=True, defer_build=True)
    client_email: Annotated[str, Field(pattern=r"^[^\s@]+@[^\s@]+$")]
    private_key: SecretStr
    private_key_id: str = ""


def service_account(proof: Secret) -> ServiceAccount:
    """Raises ProofUnusableError."""
    try:
        account = ServiceAccount.model_validate_json(proof.reveal())
    except (ValidationError, RecursionError):
        raise ProofUnusableError from None
    _key(account.private_key.get_secret_value())
    return account


def thumbprint(proof: Secret) -> str:
    """`x5t#S256` of the certificate (RFC 7515 section 4.1.8). Raises ProofUnusableError, also where it is not
    the key's.
    """
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    pem = proof.reveal()
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        raise ProofUnusableError from None
    ours = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if _key(pem).public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != ours:
        raise ProofUnusableError
    digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def ends_at(proof: Secret) -> datetime:
    """When the certificate ends. Raises ProofUnusableError."""
    try:
        return x509.load_pem_x509_certificate(proof.reveal().encode()).not_valid_after_utc
    except ValueError:
        raise ProofUnusableError from None


def of_client(
    proof: Secret, client_id: str, audience: str, algorithm: str, jti: str, now: datetime
) -> Secret:
    """For client authentication (RFC 7523 section 2.2), by a certificate's key. Raises ProofUnusableError."""
    header = {"alg": algorithm, "typ": "JWT", "x5t#S256": thumbprint(proof)}
    claims: dict[str, object] = {
        "aud": audience,
        "iss": client_id,
        "sub": client_id,
        "jti": jti,
        "iat": int((now - EARLY).timestamp()),
        "nbf": int((now - EARLY).timestamp()),
        "exp": int((now + LIFE).timestamp()),
    }
    return Secret(jwt.encode(header, claims, _key(proof.reveal()), algorithms=[algorithm]))


def of_service(
    proof: Secret, mailbox: str, scope: str, audience: str, algorithm: str, jti: str, now: datetime
) -> Secret:
    """For a grant in the name of `mailbox` (RFC 7523 section 2.1). Raises ProofUnusableError."""
    account = service_account(proof)
    header = {"alg": algorithm, "typ": "JWT"}
    if account.private_key_id:
        header["kid"] = account.private_key_id
    claims: dict[str, object] = {
        "iss": account.client_email,
        "sub": mailbox,
        "scope": scope,
        "aud": audience,
        "jti": jti,
        "iat": int(now.timestamp()),
        "exp": int((now + SERVICE_LIFE).timestamp()),
    }
    key = _key(account.private_key.get_secret_value())
    return Secret(jwt.encode(header, claims, key, algorithms=[algorithm]))


def _key(pem: str) -> RSAKey:
    """The private key among what a PEM file holds (RFC 7468). Raises ProofUnusableError."""
    found = PRIVATE_KEY.search(pem)
    if found is None:
        raise ProofUnusableError
    try:
        read = load_pem_private_key(found[0].encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ProofUnusableError from None
    if not isinstance(read, RSAPrivateKey):
        raise KeyNotRsaError
    try:
        key = RSAKey.import_key(found[0])
    except (JoseError, ValueError, TypeError):
        raise ProofUnusableError from None
    if not key.is_private:
        raise ProofUnusableError
    return key
