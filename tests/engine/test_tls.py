"""The TLS contexts of connections: what the settings say, always verified, read again when it changed."""

import hashlib
import os
import ssl
from pathlib import Path

import pytest
from cryptography.x509 import Name, NameAttribute, load_pem_x509_certificate

from franking.engine import tls
from franking.engine.tls import KeptContext, client_context
from franking.events.settings import Tls, TlsVersion
from franking.testing.authority import Authority

V12, V13 = TlsVersion.TLS_1_2, TlsVersion.TLS_1_3


@pytest.mark.manual("S8")
@pytest.mark.parametrize(("minimum", "maximum"), [(V12, V12), (V12, V13), (V13, V13)])
def test_s8_the_versions_are_those_of_the_settings(minimum: TlsVersion, maximum: TlsVersion) -> None:
    context = client_context(Tls(minimum=minimum, maximum=maximum))
    assert context.minimum_version.name.replace("_", ".") == minimum.value
    assert context.maximum_version.name.replace("_", ".") == maximum.value


@pytest.mark.manual("S30")
def test_s30_certificate_and_name_are_verified_and_trust_adds(tmp_path: Path) -> None:
    plain = client_context(Tls())
    more = client_context(Tls(trust=Authority(tmp_path).ca_file))
    for context in (plain, more):
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert len(more.get_ca_certs()) == len(plain.get_ca_certs()) + 1


@pytest.mark.manual("S8", "S30")
def test_s8_it_is_made_again_when_a_setting_or_the_file_changed_and_only_then(tmp_path: Path) -> None:
    trust = Authority(tmp_path).ca_file
    settings = Tls(trust=trust)
    kept = KeptContext(lambda: settings)
    first = kept()
    assert kept() is first
    settings = Tls(trust=trust, minimum=V13)
    second = kept()
    assert second is not first
    assert second.minimum_version is ssl.TLSVersion.TLSv1_3
    os.utime(trust, ns=(1, 1))
    assert kept() is not second


@pytest.mark.manual("S30")
def test_s30_the_environment_has_no_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither are authorities of its own trusted, nor are the keys of connections written anywhere."""
    monkeypatch.setattr(tls, "system_file", lambda: "")
    monkeypatch.setattr(tls, "system_folder", lambda: "")
    monkeypatch.setenv("SSL_CERT_FILE", str(Authority(tmp_path).ca_file))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    context = client_context(Tls())
    assert context.get_ca_certs() == []
    assert not context.keylog_filename
    assert not (tmp_path / "keys").exists()


@pytest.mark.manual("S30")
def test_s30_the_authorities_of_the_system_are_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one file, or in a folder with a file each under the hash of its name."""
    in_file, in_folder = Authority(tmp_path / "file"), Authority(tmp_path / "folder")
    name = f"{hash_of(in_folder.ca_file)}.0"
    in_folder.ca_file.rename(in_folder.ca_file.with_name(name))
    stranger = Authority(tmp_path / "stranger")
    monkeypatch.setattr(tls, "system_file", lambda: str(in_file.ca_file))
    monkeypatch.setattr(tls, "system_folder", lambda: str(tmp_path / "folder"))
    context = client_context(Tls())
    assert [verified(context, authority) for authority in (in_file, in_folder, stranger)] == [
        True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_system_without_authorities_leaves_those_of_the_settings(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = tmp_path / "system.pem"
    if content is not None:
        system.write_text(content)
    monkeypatch.setattr(tls, "system_file", lambda: str(system))
    monkeypatch.setattr(tls, "system_folder", lambda: str(tmp_path / "missing"))
    assert len(client_context(Tls(trust=Authority(tmp_path / "own").ca_file)).get_ca_certs()) == 1


def test_an_authority_that_lacks_a_field_is_taken_by_every_python() -> None:
    """From 3.13 on Python's default refuses an authority without a key identifier."""
    assert not client_context(Tls()).verify_flags & ssl.VERIFY_X509_STRICT


def verified(context: ssl.SSLContext, authority: Authority) -> bool:
    """A handshake in memory with a server of this authority."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(to_client, to_server, server_hostname="localhost")
    server = authority.server_context().wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError:
                return False
    return client.getpeercert() is not None


def hash_of(file: Path) -> str:
    """What OpenSSL names a file of its folder by (`openssl rehash`): of the name in small letters."""
    subject = load_pem_x509_certificate(file.read_bytes()).subject
    octets = Name(NameAttribute(each.oid, str(each.value).lower()) for each in subject).public_bytes()
    head = 2 + (octets[1] & 0x7F if octets[1] & 0x80 else 0)
    digest = hashlib.sha1(octets[head:]).digest()  # noqa: S324 - a file's name
    return digest[3::-1].hex()
