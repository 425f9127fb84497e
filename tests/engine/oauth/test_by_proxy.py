"""Token traffic through the first proxy, and what it means when that fails (S4)."""

import base64
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from franking.engine.exclusions import exclusion
from franking.engine.oauth import session
from franking.engine.oauth.client import OAuthProvider
from franking.engine.ports import AnswerClass, HttpProxy, Tokens, Trouble
from franking.engine.secret import Secret
from franking.engine.settings import CredentialError
from franking.events.information import Actor
from franking.tests.engine.proxies import CUT, ECHO, PASSWORD, USER, ScriptedProxy, TinyProxy, free_port

if TYPE_CHECKING:
    from franking.tests.engine.oauth.conftest import Stage

    Staged = Callable[[str], AbstractAsyncContextManager[Stage]]

KIM = "kim@example.com"
MEANINGS = (
    # the proxy's answer, code, class, who must act, the setting that the remedy names
    (b"HTTP/1.1 407 Authentication Required", "proxy-407", AnswerClass.ADMIN, Actor.ADMIN, "credential"),
    (b"HTTP/1.0 407", "proxy-407", AnswerClass.ADMIN, Actor.ADMIN, "user"),
    (b"HTTP/1.1 403 Filtered", "proxy-403", AnswerClass.ADMIN, Actor.ADMIN, "exclusions"),
    (b"HTTP/1.1 429 Too Many Requests", "proxy-5xx", AnswerClass.WAIT, Actor.NOBODY, ""),
    (b"HTTP/1.1 500 Unable to connect", "proxy-5xx", AnswerClass.WAIT, Actor.NOBODY, ""),
    (b"HTTP/1.1 502 Bad Gateway", "proxy-5xx", AnswerClass.WAIT, Actor.NOBODY, ""),
    (b"HTTP/1.1 503 Service Unavailable", "proxy-5xx", AnswerClass.WAIT, Actor.NOBODY, ""),
    (b"HTTP/1.1 504 Gateway Timeout", "proxy-5xx", AnswerClass.WAIT, Actor.NOBODY, ""),
    (b"HTTP/1.1 302 Found\r\nLocation: http://portal", "no proxy", AnswerClass.ADMIN, Actor.ADMIN, "host"),
    (b"HTTP/1.1 400 Bad Request", "no proxy", AnswerClass.ADMIN, Actor.ADMIN, "port"),
    (b"HTTP/1.1 401 Unauthorized", "proxy-407", AnswerClass.ADMIN, Actor.ADMIN, "user"),
    (b"HTTP/1.1 404 Not Found", "no proxy", AnswerClass.ADMIN, Actor.ADMIN, "host"),
    (b"HTTP/1.1 405 Method Not Allowed", "no proxy", AnswerClass.ADMIN, Actor.ADMIN, "host"),
    (b"220 mx.example.com ESMTP", "no proxy", AnswerClass.ADMIN, Actor.ADMIN, "host"),
    (b"\x16\x03\x01\x02\x00\x01\x00", "no proxy", AnswerClass.ADMIN, Actor.ADMIN, "host"),
    (b"HTTP/1.1 " + b"2" * 70_000, "no proxy", AnswerClass.ADMIN, Actor.ADMIN, "host"),
    (b"HTTP/1.1 200 OK\r\n\r\nHello, this is no TLS", "tls", AnswerClass.WAIT, Actor.ADMIN, ""),
)  # fmt: skip


def by(
    stage: "Stage",
    port: int,
    *exclusions: str,
    password: str = PASSWORD,
    host: str = "127.0.0.1",
    user: str = USER,
    http2: bool = True,
) -> OAuthProvider:
    """A client with this proxy; every exclusion is read as the settings' are."""
    entries = tuple(map(exclusion, exclusions))
    proxy = HttpProxy(host, port, user, Secret(password) if user else None, entries)
    return OAuthProvider(
        stage.data,
        stage.application(),
        stage.clock,
        stage.context,
        lambda: http2,
        proxy=lambda: proxy,
    )


def grant(stage: "Stage") -> Secret:
    return Secret(stage.server.give(KIM).refresh_token)


def authority(stage: "Stage") -> str:
    return stage.server.base.removeprefix("https://")


@pytest.mark.manual("S4", "S9")
@pytest.mark.parametrize(("http2", "version"), [(True, "2"), (False, "1.1")])
async def test_s4_a_refresh_goes_through_the_proxy(
    staged: "Staged", tmp_path: Path, http2: bool, version: str
) -> None:
    async with staged("Microsoft") as stage, TinyProxy(tmp_path) as proxy:
        assert isinstance(await by(stage, proxy.port, http2=http2).refresh(grant(stage)), Tokens)
        assert [seen.http_version for seen in stage.server.requests] == [version]
    assert proxy.connects == [authority(stage)]


@pytest.mark.manual("S4")
async def test_s4_keys_and_code_of_a_sign_in_go_through_it_in_one_tunnel(
    staged: "Staged", tmp_path: Path
) -> None:
    async with staged("Google") as stage, TinyProxy(tmp_path) as proxy:
        outcome = await by(stage, proxy.port).sign_in(stage.request(), stage.accepting())
        assert isinstance(outcome, Tokens)
    assert proxy.connects == [authority(stage)]


@pytest.mark.manual("S4")
async def test_s4_a_revocation_goes_through_it(staged: "Staged", tmp_path: Path) -> None:
    async with staged("Google") as stage, TinyProxy(tmp_path) as proxy:
        assert await by(stage, proxy.port).revoke(grant(stage))
    assert proxy.connects == [authority(stage)]


@pytest.mark.manual("S4")
@pytest.mark.parametrize("excluded", ["LOCALHOST", "*", "localhost:{port}"])
async def test_s4_what_is_excluded_is_reached_directly(
    staged: "Staged", tmp_path: Path, excluded: str
) -> None:
    async with staged("Microsoft") as stage, TinyProxy(tmp_path) as proxy:
        entry = excluded.format(port=authority(stage).partition(":")[2])
        client = by(stage, proxy.port, ".example.com", entry)
        assert isinstance(await client.refresh(grant(stage)), Tokens)
    assert proxy.connects == []


@pytest.mark.manual("S4")
async def test_s4_what_is_not_excluded_goes_through_it(staged: "Staged", tmp_path: Path) -> None:
    async with staged("Microsoft") as stage, TinyProxy(tmp_path) as proxy:
        client = by(stage, proxy.port, ".localhost.example.com", "localhost:443", "127.0.0.0/8")
        assert isinstance(await client.refresh(grant(stage)), Tokens)
    assert proxy.connects == [authority(stage)]


@pytest.mark.manual("S4", "B9")
@pytest.mark.parametrize("wrong", [{"password": "another"}, {"user": "somebody"}, {"user": ""}])
async def test_s4_a_wrong_sign_in_at_the_proxy_names_its_settings(
    staged: "Staged", tmp_path: Path, wrong: dict[str, str]
) -> None:
    async with staged("Microsoft") as stage, TinyProxy(tmp_path) as proxy:
        trouble = await by(stage, proxy.port, **wrong).refresh(grant(stage))  # type: ignore[arg-type]
        assert isinstance(trouble, Trouble)
        assert (trouble.kind, trouble.code) == (AnswerClass.ADMIN, "proxy-407")
        assert trouble.actor is Actor.ADMIN
        assert "{proxy.user}" in trouble.remedy
        assert "{proxy.credential}" in trouble.remedy
        assert stage.server.requests == []


@pytest.mark.manual("S4", "S29", "B9")
@pytest.mark.parametrize(("answer", "code", "kind", "actor", "setting"), MEANINGS)
async def test_s4_each_failure_of_a_proxy_keeps_the_grant_and_says_who_must_act(
    staged: "Staged", answer: bytes, code: str, kind: AnswerClass, actor: Actor, setting: str
) -> None:
    async with staged("Microsoft") as stage, ScriptedProxy(answer + b"\r\n\r\n") as proxy:
        trouble = await by(stage, proxy.port).refresh(grant(stage))
        assert isinstance(trouble, Trouble)
        assert (trouble.kind, trouble.code, trouble.actor) == (kind, code, actor)
        assert f"{{proxy.{setting}}}" in trouble.remedy or not setting
        assert len(proxy.heads) == 1
        assert stage.server.requests == []


@pytest.mark.manual("S4", "S29")
@pytest.mark.parametrize("where", ["cut", "nobody", "unknown", "silent"])
async def test_s4_a_proxy_that_is_away_means_wait(
    staged: "Staged", where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if where == "silent":
        monkeypatch.setattr(session, "CALL_S", 0.3)
    async with staged("Microsoft") as stage, ScriptedProxy(None if where == "silent" else CUT) as proxy:
        port = free_port() if where == "nobody" else proxy.port
        host = "proxy.invalid" if where == "unknown" else "127.0.0.1"
        trouble = await by(stage, port, host=host).refresh(grant(stage))
        assert isinstance(trouble, Trouble)
        assert trouble.kind is AnswerClass.WAIT or where == "cut"
        assert trouble.code == ("no proxy" if where == "cut" else "proxy")
        assert "{proxy.host}" in trouble.remedy
        assert len(proxy.heads) == (where in ("cut", "silent"))


@pytest.mark.manual("S4", "S26")
async def test_s26_a_lost_answer_is_fetched_again_through_the_proxy(staged: "Staged", tmp_path: Path) -> None:
    """What fails once the tunnel stands is the provider's: it may have rotated the grant."""
    async with staged("Microsoft") as stage, TinyProxy(tmp_path) as proxy:
        stage.server.lose_next_answer()
        assert isinstance(await by(stage, proxy.port).refresh(grant(stage)), Tokens)
        assert stage.server.count("token:refresh_token") == 2
    assert proxy.connects == [authority(stage)] * 2


@pytest.mark.manual("S4")
async def test_s4_the_password_is_asked_for_at_every_call(staged: "Staged") -> None:
    async with staged("Microsoft") as stage, ScriptedProxy(b"HTTP/1.1 407 No\r\n\r\n") as proxy:
        passwords = iter([Secret("former"), Secret(PASSWORD)])
        client = OAuthProvider(
            stage.data,
            stage.application(),
            stage.clock,
            stage.context,
            lambda: True,
            proxy=lambda: HttpProxy("127.0.0.1", proxy.port, USER, next(passwords), ()),
        )
        for _ in range(2):
            assert isinstance(await client.refresh(grant(stage)), Trouble)
    for head, password in zip(proxy.heads, ("former", PASSWORD), strict=True):
        assert f"Basic {base64.b64encode(f'{USER}:{password}'.encode()).decode()}" in head


@pytest.mark.manual("S4")
async def test_s4_a_password_that_cannot_be_read_is_the_administrators(staged: "Staged") -> None:
    def missing() -> HttpProxy:
        raise CredentialError("credential:proxy", "there is no such file")

    async with staged("Google") as stage:
        client = OAuthProvider(
            stage.data, stage.application(), stage.clock, stage.context, lambda: True, proxy=missing
        )
        trouble = await client.refresh(grant(stage))
        assert isinstance(trouble, Trouble)
        assert (trouble.kind, trouble.code) == (AnswerClass.ADMIN, "proxy password")
        assert "{proxy.credential}" in trouble.remedy
        assert not await client.revoke(grant(stage))
        assert stage.server.requests == []


@pytest.mark.manual("S4")
@pytest.mark.parametrize("answer", [b"HTTP/1.1 407 No\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", ECHO])
async def test_s4_the_password_is_in_no_log_and_no_trouble(
    staged: "Staged", answer: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpcore2", "httpx2", "asyncio"):
        caplog.set_level(logging.DEBUG, name)
    async with staged("Microsoft") as stage, ScriptedProxy(answer) as proxy:
        client = by(stage, proxy.port)
        trouble = await client.refresh(grant(stage))
        encoded = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        assert encoded in proxy.heads[0]
        told = f"{trouble!r} {client._proxy()!r} {caplog.text}"
    assert "CONNECT" in caplog.text
    assert PASSWORD not in told
    assert encoded not in told
