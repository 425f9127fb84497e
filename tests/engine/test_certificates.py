"""What is shown to those who call over TLS, and what is said of one that cannot be shown."""

import logging
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from franking.engine.certificates import Certificate, CertificateUnusable
from franking.engine.settings import FileCredentials

from .device import credential

NAME = "shown"
REFERENCE = f"credential:{NAME}"
AUTHORITY = trustme.CA()


def issued() -> tuple[str, str]:
    """Certificate and key."""
    found = AUTHORITY.issue_cert("localhost")
    return found.cert_chain_pems[0].bytes().decode(), found.private_key_pem.bytes().decode()


CHAIN, KEY = issued()
OTHER = issued()[1]
OF_ANOTHER_KIND = (
    AUTHORITY.issue_cert("localhost", key_type=trustme.KeyType.RSA).private_key_pem.bytes().decode()
)
LOCKED = (
    load_pem_private_key(KEY.encode(), None)
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word"))
    .decode()
)


def shown(folder: Path, text: str) -> Certificate:
    credential(folder, NAME, text)
    secrets = FileCredentials(folder / "credentials")
    return Certificate("page", lambda: REFERENCE, secrets, lambda context: None)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no certificate", "in which there is no certificate"),
        (KEY, "in which there is no certificate"),
        (CHAIN, "a certificate without its private key"),
        (CHAIN + LOCKED, "is encrypted, and nobody is there to type its password"),
        (CHAIN + OTHER, "belongs to another certificate"),
        (CHAIN + OF_ANOTHER_KIND, "belongs to another certificate"),
        (CHAIN.replace("MII", "AAA") + KEY, "OpenSSL says"),
    ],
)
def test_what_is_wrong_with_it_is_said_in_words(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(CertificateUnusable) as caught:
        shown(tmp_path, text)
    assert why in str(caught.value)
    assert "`[page]" in str(caught.value)
    assert not any(line in str(caught.value) for line in text.splitlines()[1:])


def test_one_that_cannot_be_read_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(CertificateUnusable, match=r"cannot be read: .*shown"):
        Certificate("page", lambda: REFERENCE, FileCredentials(tmp_path), lambda context: None)


def certificate_of(server: ssl.SSLContext) -> str:
    """What a client is shown in a handshake, in memory."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    AUTHORITY.configure_trust(client)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    calls, answers = client.wrap_bio(back, there), server.wrap_bio(there, back, server_side=True)
    for _ in range(3):
        for each in (calls, answers):
            try:
                each.do_handshake()
            except ssl.SSLWantReadError:
                continue
    found = calls.getpeercert(binary_form=True)
    assert found is not None
    return ssl.DER_cert_to_PEM_cert(found)


def test_a_server_with_one_context_shows_the_renewed_one_at_once_and_never_a_broken_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    context = shown(tmp_path, CHAIN + KEY).following()
    assert certificate_of(context).split() == CHAIN.split()
    renewed, key = issued()
    credential(tmp_path, NAME, renewed + key)
    assert certificate_of(context).split() == renewed.split()
    assert caplog.records == []
    for _ in range(2):
        credential(tmp_path, NAME, "no certificate")
        assert certificate_of(context).split() == renewed.split()
    assert [each.levelno for each in caplog.records] == [logging.ERROR]
    assert "administrator must act" in caplog.text


def test_one_that_has_ended_is_shown_for_whoever_calls_sees_that(tmp_path: Path) -> None:
    over = AUTHORITY.issue_cert("localhost", not_after=datetime(2020, 1, 1, tzinfo=UTC))
    shown(tmp_path, over.private_key_and_cert_chain_pem.bytes().decode())
