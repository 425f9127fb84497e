"""Who brings the mail (B13): by password, by network, or a program on this machine; and nobody else does."""

import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from franking.engine import passwords
from franking.engine.certificates import CertificateUnusable, NeedsTls
from franking.engine.engine import Engine
from franking.engine.programs import known
from franking.engine.programs.known import address_of, guest_at, place_of
from franking.engine.programs.listener import Address, serve
from franking.engine.secret import Secret
from franking.engine.settings import FileCredentials
from franking.events.programs import Programs
from franking.tests.engine.device import KIM, Office, credential, office

from .guest import CERTIFICATE, MESSAGE, Client, certified, client, listening, taken

WORD = "a right word"
OF_KIM = MESSAGE.replace(b"root", KIM.encode())
CLIENTS = {"grafana": {"user": "kim", "password": "credential:grafana"}}


def plain(name: str, word: str, authorised: str = "") -> str:
    return base64.b64encode(f"{authorised}\0{name}\0{word}".encode()).decode()


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "COST", 2)


@asynccontextmanager
async def signing(
    folder: Path, host: str = "127.0.0.1", **programs: Any
) -> AsyncIterator[tuple[Office, Engine, Address]]:
    credential(folder / "store", "grafana", passwords.hashed(Secret(WORD)).reveal())
    given: dict[str, Any] = {"clients": CLIENTS, **programs}
    async with listening(folder, host, **given) as found:
        yield found


async def signed_in(one: Client) -> str:
    await one.says("EHLO client.example")
    return await one.says(f"AUTH PLAIN {plain('grafana', WORD)}")


@pytest.mark.manual("B13")
@pytest.mark.parametrize("how", ["PLAIN at once", "PLAIN", "LOGIN", "LOGIN at once", "plain for itself"])
async def test_b13_a_program_signs_in_and_brings_its_persons_mail(tmp_path: Path, how: str) -> None:
    name, word = (base64.b64encode(each.encode()).decode() for each in ("grafana", WORD))
    said = {
        "PLAIN at once": [f"AUTH PLAIN {plain('grafana', WORD)}"],
        "PLAIN": ["AUTH PLAIN", plain("grafana", WORD)],
        "LOGIN": ["AUTH LOGIN", name, word],
        "LOGIN at once": [f"AUTH LOGIN {name}", word],
        "plain for itself": [f"auth plain {plain('grafana', WORD, 'grafana')}"],
    }[how]
    async with signing(tmp_path) as (_, engine, address), client(address) as one:
        assert "AUTH PLAIN LOGIN" in await one.says("EHLO client.example")
        for each in said[:-1]:
            assert (await one.says(each)).startswith("334 ")
        assert await one.says(said[-1]) == "235 2.7.0 Signed in"
        assert (await one.says("AUTH PLAIN")).startswith("503 5.5.1 You have signed in")
        assert (await one.sends(OF_KIM)).startswith("250 ")
        assert taken(engine) == 1


@pytest.mark.manual("B13")
async def test_b13_what_is_no_sign_in_is_answered_as_such(tmp_path: Path) -> None:
    async with signing(tmp_path) as (_, _, address), client(address) as one:
        assert (await one.says(f"AUTH PLAIN {plain('grafana', WORD)}")).startswith("503 5.5.1 Say EHLO")
        await one.says("EHLO client.example")
        for said, wanted in (
            (["AUTH CRAM-MD5"], "504 5.5.4 Sign in by one of PLAIN, LOGIN"),
            (["AUTH"], "504 5.5.4 "),
            (["AUTH PLAIN", "*"], "501 5.7.0 "),
            (["AUTH PLAIN", "not base64"], "501 5.5.2 "),
            ([f"AUTH PLAIN {base64.b64encode(b'no NUL').decode()}"], "501 5.5.2 "),
            ([f"AUTH PLAIN {plain('grafana', WORD, 'another')}"], "501 5.5.2 "),
            ([f"AUTH PLAIN {plain('grafana', 'wrong')}"], "535 5.7.8 "),
            ([f"AUTH PLAIN {plain('nobody', WORD)}"], "535 5.7.8 "),
            (["MAIL FROM:<root>", f"AUTH PLAIN {plain('grafana', WORD)}"], "503 5.5.1 Sign in before MAIL"),
        ):
            for each in said[:-1]:
                await one.says(each)
            assert (await one.says(said[-1])).startswith(wanted), said
        await one.says("RSET")
        assert (await signed_in(one)).startswith("235 ")


@pytest.mark.manual("B13")
async def test_b13_a_password_that_was_right_is_known_again_until_it_is_another(tmp_path: Path) -> None:
    looked_at: list[None] = []

    def counted(password: Secret, kept: Secret | None) -> bool:
        looked_at.append(None)
        return passwords.matches(password, kept)

    with patch.object(known, "matches", counted):
        async with signing(tmp_path) as (_, _, address):
            for _ in range(3):
                async with client(address) as one:
                    assert (await signed_in(one)).startswith("235 ")
            assert len(looked_at) == 1
            async with client(address) as one:
                await one.says("EHLO x")
                assert (await one.says(f"AUTH PLAIN {plain('grafana', 'wrong')}")).startswith("535 ")
            assert len(looked_at) == 2
            credential(tmp_path / "store", "grafana", passwords.hashed(Secret("another word")).reveal())
            async with client(address) as one:
                assert (await signed_in(one)).startswith("535 ")
            assert len(looked_at) == 3


@pytest.mark.manual("B13")
async def test_b13_guesses_end_the_connection_and_then_the_tries(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with signing(tmp_path) as (here, engine, address):
        guesses = 0
        while guesses < 10:
            async with client(address) as one:
                await one.says("EHLO x")
                for at in range(3):
                    reply = await one.says(f"AUTH PLAIN {plain('grafana', f'guess {guesses}')}")
                    guesses += 1
                    assert reply[:3] == ("421" if at == 2 else "535"), reply
                    if guesses == 10:
                        break
                else:
                    assert await one.closed()
        for comes_from in ("127.0.0.1", "127.0.0.2"):
            async with client(address, comes_from=comes_from) as one:
                assert (await signed_in(one)).startswith("454 4.7.0 Too many sign-ins failed")
        await here.passes(engine, minutes=10)
        async with client(address) as one:
            assert (await signed_in(one)).startswith("235 ")
        assert "127.0.0.1 could not sign in: the password is not that of the client 'grafana'" in caplog.text
        assert "guess 1" not in caplog.text


@pytest.mark.manual("B13")
@pytest.mark.parametrize(
    ("peer", "place"),
    [
        ("127.0.0.2", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.3", "loopback"),
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_b13_one_subscriber_is_one_place(peer: str, place: str) -> None:
    assert place_of(address_of((peer, 2525))) == place


NETWORKS = Programs.model_validate(
    {
        "clients": {
            "wide": {"user": "kim", "networks": ["192.0.2.0/24", "2001:db8::/32"]},
            "first": {"user": "lee", "networks": ["192.0.2.16/28"]},
            "second": {"user": "kim", "networks": ["192.0.2.16/28"]},
            "with a password": {"password": "vault:x", "networks": ["192.0.2.17/32"]},
        }
    }
)


@pytest.mark.manual("B13")
@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("192.0.2.1", "wide"),
        ("192.0.2.17", "first"),
        ("2001:db8::1", "wide"),
        ("127.0.0.1", ""),
        ("::1", ""),
        ("198.51.100.1", None),
        ("2001:db9::1", None),
    ],
)
def test_b13_the_narrowest_network_says_who_it_is(address: str, name: str | None) -> None:
    found = guest_at(NETWORKS, ip_address(address))
    assert (found.name if found is not None else None) == name


def test_an_address_that_came_over_ipv6_is_the_address() -> None:
    assert str(known.address_of(("::ffff:192.0.2.1", 25, 0, 0))) == "192.0.2.1"
    assert str(known.address_of(("fe80::1%lo", 25, 0, 0))) == "fe80::1"


@pytest.mark.manual("B13")
@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a mistyped password", "it gave a name that is no client's in [programs.clients]"),
        ("bare", "the client 'bare' has no password: set one by `franking password --client bare`"),
        ("far", "the client 'far' may not sign in from there: its `networks` name others"),
        ("near", "the password is not that of the client 'near', or what is kept of it cannot be read"),
    ],
)
def test_b13_the_log_says_why_nobody_could_sign_in(name: str, why: str) -> None:
    clients = {
        "bare": {"user": "kim"},
        "far": {"password": "credential:far", "networks": ["192.0.2.0/24"]},
        "near": {"password": "credential:near", "networks": ["127.0.0.0/8"]},
    }
    programs = Programs.model_validate({"clients": clients})
    found = known.Passwords(lambda: programs, FileCredentials(Path("none")))
    assert found.why_not(name, ip_address("127.0.0.1")) == why


@pytest.mark.manual("B13")
async def test_b13_a_client_with_networks_signs_in_from_there_alone(tmp_path: Path) -> None:
    for network, wanted in (("192.0.2.0/24", "535 "), ("127.0.0.0/8", "235 ")):
        clients = {"grafana": {**CLIENTS["grafana"], "networks": [network]}}
        async with signing(tmp_path / wanted.strip(), clients=clients) as at, client(at[2]) as one:
            assert (await signed_in(one)).startswith(wanted)


@pytest.mark.manual("B13")
async def test_b13_no_open_relay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From another machine nothing is taken before it is known who brings it, whatever it says."""
    monkeypatch.setattr("franking.engine.programs.connection.ERRORS_MOST", 100)
    with patch("franking.engine.programs.connection.address_of", lambda peer: ip_address("198.51.100.9")):
        credential(tmp_path / "store", "grafana", passwords.hashed(Secret(WORD)).reveal())
        programs: dict[str, Any] = {"certificate": CERTIFICATE, "clients": CLIENTS}
        async with listening(tmp_path, "0.0.0.0", **programs) as (here, engine, address):  # noqa: S104
            async with client(address._replace(host="127.0.0.1")) as one:
                for hello in ("HELO x", "EHLO x"):
                    await one.says(hello)
                    for each in ("root", "printer@example.com", KIM, "", "postmaster"):
                        assert (await one.says(f"MAIL FROM:<{each}>")).startswith("530 5.7.0 Must issue")
                assert (await one.says(f"AUTH PLAIN {plain('grafana', WORD)}")).startswith("530 5.7.0 Must")
                assert "AUTH" not in await one.says("EHLO x")
                await one.starttls(tmp_path / "authority.pem")
                assert (await one.says("MAIL FROM:<root>")).startswith("503 5.5.1 Say EHLO first")
                assert "AUTH PLAIN LOGIN" in await one.says("EHLO x")
                for each in ("root", "printer@example.com", KIM, "", "postmaster"):
                    refused = await one.says(f"MAIL FROM:<{each}>")
                    assert refused.startswith("530 5.7.0 Authentication required: let the program sign in")
                    assert (await one.says("RCPT TO:<victim@example.net>")).startswith("503 ")
                    assert (await one.says("DATA")).startswith("503 ")
                assert (await one.says(f"AUTH PLAIN {plain('grafana', 'wrong')}")).startswith("535 ")
                assert (await one.says("MAIL FROM:<root>")).startswith("530 5.7.0 ")
            assert (taken(engine), here.spooled()) == (0, [])
            async with client(address._replace(host="127.0.0.1")) as one:
                await one.starttls(tmp_path / "authority.pem")
                assert (await signed_in(one)).startswith("235 ")
                reply = await one.sends(MESSAGE.replace(b"root", b"lee@example.com"))
                assert reply.startswith(("550-5.7.1", "550 5.7.1")), "it is there for kim"
                assert (await one.sends(OF_KIM)).startswith("250 ")
            assert taken(engine) == 1


@pytest.mark.manual("B13")
@pytest.mark.parametrize("caller", ["198.51.100.9", "127.0.0.1"])
async def test_b13_a_network_alone_is_not_enough_at_an_address_of_a_network(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, caller: str
) -> None:
    clients = {**CLIENTS, "nas": {"user": "kim", "networks": [f"{caller}/32"]}}
    with patch("franking.engine.programs.connection.address_of", lambda peer: ip_address(caller)):
        async with signing(tmp_path, "0.0.0.0", certificate=CERTIFICATE, clients=clients) as at:  # noqa: S104
            _, engine, address = at
            assert "the client 'nas' has no password" in caplog.text
            assert "grafana" not in caplog.text
            async with client(address._replace(host="127.0.0.1")) as one:
                await one.says("EHLO x")
                assert (await one.says("MAIL FROM:<root>")).startswith("530 5.7.0 Must issue a STARTTLS")
                await one.starttls(tmp_path / "authority.pem")
                await one.says("EHLO x")
                for sender in ("root", KIM):
                    refused = await one.says(f"MAIL FROM:<{sender}>")
                    assert refused.startswith("530 5.7.0 Authentication required: the client nas is known by")
                    assert "franking password --client NAME" in refused
                assert (await signed_in(one)).startswith("235 ")
                assert (await one.sends(OF_KIM)).startswith("250 ")
            assert taken(engine) == 1


@pytest.mark.manual("B13")
async def test_b13_at_an_address_of_a_network_this_machines_programs_sign_in_too(tmp_path: Path) -> None:
    async with (
        signing(tmp_path, "0.0.0.0", certificate=CERTIFICATE) as (_, _, address),  # noqa: S104
        client(address._replace(host="127.0.0.1")) as one,
    ):
        await one.starttls(tmp_path / "authority.pem")
        await one.says("EHLO x")
        assert (await one.says("MAIL FROM:<root>")).startswith("530 5.7.0 Authentication required: let")


@pytest.mark.manual("B13")
async def test_b13_on_loopback_a_network_is_enough(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clients = {"here": {"user": "kim", "networks": ["127.0.0.0/8"]}}
    async with listening(tmp_path, clients=clients) as (_, engine, address), client(address) as one:
        assert (await one.sends(OF_KIM)).startswith("250 ")
        assert taken(engine) == 1
    assert "no password" not in caplog.text


@pytest.mark.manual("B13")
async def test_b13_what_stands_behind_starttls_is_thrown_away_with_the_connection(tmp_path: Path) -> None:
    async with listening(tmp_path, certificate=CERTIFICATE) as (_, engine, address):
        for behind in ("MAIL FROM:<root>\r\n", "x", "EHLO y\r\nMAIL FROM:<root>\r\n"):
            async with client(address) as one:
                assert "STARTTLS" in await one.says("EHLO client.example")
                one.send(f"STARTTLS\r\n{behind}".encode())
                assert (await one.reply()).startswith("421 4.7.0 Nothing may stand behind STARTTLS")
                assert await one.closed()
        async with client(address) as one:
            await one.says("EHLO client.example", "MAIL FROM:<root>")
            assert (await one.says("STARTTLS now")).startswith("501 5.5.4 ")
            await one.starttls(tmp_path / "authority.pem")
            assert (await one.says("RCPT TO:<root>")).startswith("503 "), "nothing from before counts"
            assert "STARTTLS" not in await one.says("EHLO client.example")
            assert (await one.says("STARTTLS")).startswith("503 5.5.1 TLS is on already")
            assert (await one.sends()).startswith("250 ")
        assert taken(engine) == 1


@pytest.mark.manual("B13", "S8")
async def test_b13_tls_from_the_first_octet_and_no_older_than_is_set(tmp_path: Path) -> None:
    async with listening(tmp_path, implicit_tls=True, certificate=CERTIFICATE) as (_, engine, address):
        context = ssl.create_default_context(cafile=tmp_path / "authority.pem")
        async with client(address, context) as one:
            assert (await one.sends()).startswith("250 ")
        await engine.apply(engine.settings.changed(tls={"minimum": "TLSv1.3"}))
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises((ssl.SSLError, ConnectionError)):
            async with client(address, context) as one:
                pass
        context.maximum_version = ssl.TLSVersion.TLSv1_3
        async with client(address, context) as one:
            assert (await one.sends()).startswith("250 ")


@pytest.mark.manual("B13")
async def test_b13_a_network_is_served_with_a_certificate_alone(tmp_path: Path) -> None:
    async with office(tmp_path) as here, here.engine() as engine:
        for host, implicit in (("0.0.0.0", False), ("127.0.0.1", True)):  # noqa: S104
            with pytest.raises(NeedsTls) as caught:
                async with serve(engine, host, implicit_tls=implicit):
                    pass
            assert host in str(caught.value)
        credential(here.store, "listener", "no certificate")
        await engine.apply(engine.settings.changed(programs={"certificate": CERTIFICATE}))
        with pytest.raises(CertificateUnusable):
            async with serve(engine):
                pass
        certified(tmp_path)
        async with serve(engine, "0.0.0.0"):  # noqa: S104
            pass


@pytest.mark.manual("B13")
async def test_b13_a_certificate_that_is_set_while_it_runs_is_shown_from_the_next_connection_on(
    tmp_path: Path,
) -> None:
    async with listening(tmp_path) as (_, engine, address):
        async with client(address) as one:
            assert "STARTTLS" not in await one.says("EHLO x")
        await engine.apply(engine.settings.changed(programs={"certificate": CERTIFICATE}))
        async with client(address) as one:
            assert "STARTTLS" in await one.says("EHLO x")
            await one.starttls(tmp_path / "authority.pem")
            assert (await one.sends()).startswith("250 ")


@pytest.mark.manual("B13")
async def test_b13_a_certificate_that_was_renewed_is_shown_and_a_broken_one_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(tmp_path, certificate=CERTIFICATE) as (here, _, address):
        certified(tmp_path)
        async with client(address) as one:
            await one.says("EHLO x")
            await one.starttls(tmp_path / "authority.pem")
        credential(here.store, "listener", "no certificate")
        async with client(address) as one:
            await one.says("EHLO x")
            await one.starttls(tmp_path / "authority.pem")
        assert "`[programs] certificate` names something in which there is no certificate" in caplog.text
