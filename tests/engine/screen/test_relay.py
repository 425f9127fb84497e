"""A proxy with a password, for a browser that can't be given one (S4)."""

import asyncio
import base64
import logging
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from franking.engine.exclusions import exclusion
from franking.engine.ports import HttpProxy
from franking.engine.screen import relay
from franking.engine.screen.relay import Relay
from franking.engine.secret import Secret
from franking.events.token import SignInSucceeded
from franking.tests.engine.device import credential, refresh_token
from franking.tests.engine.proxies import CUT, PASSWORD, USER, ScriptedProxy, TinyProxy, free_port

from .visits import Awaited, at_the_panel

CONNECT = b"CONNECT login.example.com:443 HTTP/1.1\r\nHost: login.example.com:443\r\n\r\n"
GRANTED = b"HTTP/1.1 200 Connection established\r\n\r\n"


@asynccontextmanager
async def through(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection of the browser to the relay of the proxy at this port."""
    proxy = HttpProxy("127.0.0.1", port, USER, Secret(PASSWORD), (exclusion("intranet"),))
    async with Relay(proxy) as made:
        given = made.address
        assert (given.host, given.user, given.password) == ("127.0.0.1", "", None)
        assert given.exclusions == proxy.exclusions
        reader, writer = await asyncio.open_connection(given.host, given.port)
        try:
            yield reader, writer
        finally:
            writer.close()


@pytest.mark.manual("S4")
async def test_s4_the_sign_in_goes_through_a_real_proxy_with_a_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="franking")
    async with (
        TinyProxy(tmp_path) as proxy,
        at_the_panel(tmp_path, monkeypatch, "signs in") as (here, engine, played),
    ):
        credential(here.store, "browser-proxy", PASSWORD)
        values = {"host": "127.0.0.1", "port": proxy.port, "user": USER}
        values["credential"] = "credential:browser-proxy"
        await engine.apply(engine.settings.changed(browser={"proxy": values}))
        signed_in = Awaited(engine, SignInSucceeded)
        await engine.acquire("page")
        await signed_in.comes()
        await engine.settle()
        assert refresh_token(engine, "administrator") == "Acquired"
        report = await played.reports.get()
        provider = here.provider.base.removeprefix("https://")
    assert PASSWORD not in str(report)
    assert str(proxy.port) not in str(report["arguments"]), "the browser knows the way to it alone"
    assert report["environment"]["https_proxy"].startswith("http://127.0.0.1:")
    assert PASSWORD not in caplog.text
    assert set(proxy.connects) == {provider}
    assert len(proxy.connects) >= 1


@pytest.mark.manual("S4")
async def test_s4_the_proxy_gets_user_and_password_and_the_browser_its_tunnel() -> None:
    async with ScriptedProxy(GRANTED + b"from there") as proxy, through(proxy.port) as (reader, writer):
        writer.write(CONNECT)
        assert await reader.readuntil(b"\r\n\r\n") == GRANTED
        assert await reader.read() == b"from there"
    (head,) = proxy.heads
    signed = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    assert head.splitlines()[:2] == ["CONNECT login.example.com:443 HTTP/1.1", "Host: login.example.com:443"]
    assert f"Proxy-Authorization: Basic {signed}" in head


@pytest.mark.manual("S4")
async def test_s4_nobody_is_asked_for_the_proxys_password(caplog: pytest.LogCaptureFixture) -> None:
    answer = b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="x"\r\n\r\n'
    async with ScriptedProxy(answer) as proxy, through(proxy.port) as (reader, writer):
        writer.write(CONNECT)
        assert (await reader.read()).startswith(b"HTTP/1.1 502 ")
    assert "does not take the user and password" in caplog.text


async def test_a_refusal_of_the_proxy_reaches_the_browser() -> None:
    async with (
        ScriptedProxy(b"HTTP/1.1 403 Filtered\r\n\r\n") as proxy,
        through(proxy.port) as (reader, writer),
    ):
        writer.write(CONNECT)
        assert (await reader.read()).startswith(b"HTTP/1.1 403 Filtered")


@pytest.mark.parametrize(
    "said",
    [
        b"GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n",
        b"CONNECT login.example.com:443\r\nX: y HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\r\n\r\n",
    ],
)
async def test_what_is_no_tunnel_never_reaches_the_proxy(said: bytes) -> None:
    async with ScriptedProxy(GRANTED) as proxy:
        async with through(proxy.port) as (reader, writer):
            writer.write(said)
            assert (await reader.read()).startswith(b"HTTP/1.1 405 ")
        assert proxy.heads == []


async def test_a_head_without_end_is_cut_off() -> None:
    async with ScriptedProxy(GRANTED) as proxy, through(proxy.port) as (reader, writer):
        writer.write(b"CONNECT " + b"x" * relay.HEAD_MAX * 2)
        assert await ended(reader)
        assert proxy.heads == []


async def test_a_proxy_that_is_not_there_is_told_to_the_browser(caplog: pytest.LogCaptureFixture) -> None:
    async with through(free_port()) as (reader, writer):
        writer.write(CONNECT)
        assert (await reader.read()).startswith(b"HTTP/1.1 502 ")
    assert "cannot be reached" in caplog.text


async def test_a_proxy_that_hangs_up_ends_the_connection() -> None:
    async with ScriptedProxy(CUT) as proxy, through(proxy.port) as (reader, writer):
        writer.write(CONNECT)
        assert await ended(reader)


async def test_a_relay_that_closes_ends_its_tunnels() -> None:
    gone = asyncio.Event()

    async def holds(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GRANTED)
        await reader.readuntil(b"from here")
        await ended(reader)
        writer.close()
        gone.set()

    async with await asyncio.start_server(holds, "127.0.0.1", 0) as proxy:
        async with through(proxy.sockets[0].getsockname()[1]) as (reader, writer):
            writer.write(CONNECT + b"from here")
            assert await reader.readuntil(b"\r\n\r\n") == GRANTED
        assert await ended(reader)
        await gone.wait()


@pytest.mark.manual("S4")
async def test_s4_a_process_of_another_user_gets_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4321)
    async with ScriptedProxy(GRANTED) as proxy:
        async with through(proxy.port) as (reader, writer):
            writer.write(CONNECT)
            assert await ended(reader)
        assert proxy.heads == []
    assert "another user" in caplog.text


async def ended(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read() == b""
    except ConnectionResetError:
        return True


async def test_the_owner_of_a_connection_is_known() -> None:
    found: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

    def came(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.set_result(relay.owner(writer))
        writer.close()

    async with await asyncio.start_server(came, "127.0.0.1", 0) as server:
        with socket.create_connection(server.sockets[0].getsockname()):
            assert await found == os.geteuid()
