"""The TLS contexts of connections: what the settings say, always verified, read again when it changed."""

import os
import ssl
from pathlib import Path

import pytest

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
