"""The loopback listener, spoken to in raw octets: what ends the waiting, and all that does not."""

import asyncio
import errno
import re
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from urllib.parse import quote

import pytest

from franking.engine.oauth import redirect
from franking.engine.oauth.providers import GOOGLE, MICROSOFT, Redirect
from franking.engine.oauth.redirect import (
    CANCELLED,
    END,
    POLICY,
    SIGNED_IN,
    NoListenerError,
    Page,
    RedirectListener,
    Returned,
    refused,
)
from franking.engine.secret import Secret

STATE = "the-right-state"
GOOD = f"/?code=the-code&state={STATE}"


def listener(where: Redirect = MICROSOFT.redirect) -> RedirectListener:
    return RedirectListener(where, Secret(STATE))


@asynccontextmanager
async def connected(
    port: int, address: str = "127.0.0.1"
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(address, port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def said(at: RedirectListener, octets: bytes, address: str = "127.0.0.1") -> bytes:
    """What comes back until the listener closes the connection."""
    async with connected(at.port, address) as (reader, writer):
        writer.write(octets)
        return await reader.read()


def get(at: RedirectListener, target: str = GOOD, **fields: str) -> bytes:
    lines = [f"GET {target} HTTP/1.1", f"Host: {fields.pop('Host', at.host)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


async def visited(at: RedirectListener, octets: bytes, address: str = "127.0.0.1") -> bytes:
    """What a browser shows at last: it follows the redirect, in a connection of its own."""
    answer = await said(at, octets, address)
    assert answer.startswith(b"HTTP/1.1 303 See Other\r\n")
    assert STATE.encode() not in answer
    found = re.search(rb"\r\nLocation: (/[a-z-]+)\r\n", answer)
    assert found is not None
    return await said(at, get(at, found[1].decode()), address)


async def came_back(at: RedirectListener, octets: bytes, page: Page = SIGNED_IN) -> tuple[Returned, bytes]:
    browser = asyncio.create_task(visited(at, octets))
    returned = await at.returned
    at.show(page)
    return returned, await browser


@pytest.mark.manual("S19a")
async def test_s19a_the_right_state_ends_the_waiting() -> None:
    async with listener() as at:
        returned, answer = await came_back(at, get(at, GOOD + "&iss=https%3A%2F%2Fa.example"))
        assert returned.code.reveal() == "the-code"
        assert (returned.error, returned.issuer) == ("", "https://a.example")
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        for field in (b"Cache-Control: no-store", b"Referrer-Policy: no-referrer", b"Connection: close"):
            assert field in head
        assert f"Content-Security-Policy: {POLICY}".encode() in head
        assert b"Signed in." in body
        assert b"You can close this page." in body
        assert STATE.encode() not in answer
        assert b"the-code" not in answer


@pytest.mark.manual("S19a")
async def test_s19a_code_and_state_do_not_stay_in_the_address_bar() -> None:
    """The browser is sent on at once, while the code is being redeemed."""
    async with listener() as at:
        head, _, body = (await said(at, get(at))).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 303 See Other\r\n")
        assert head.endswith(f"\r\nLocation: {END}".encode())
        assert not any(secret in head + body for secret in (b"the-code", STATE.encode()))
        assert (await at.returned).code.reveal() == "the-code"
        at.show(SIGNED_IN)
        assert b"Signed in." in await said(at, get(at, END))


@pytest.mark.manual("S19a")
async def test_s19a_the_browser_is_told_what_came_of_it() -> None:
    async with listener() as at:
        _, answer = await came_back(at, get(at, f"/?error=access_denied&state={STATE}"), CANCELLED)
        assert b"The sign-in was cancelled." in answer
    async with listener() as at:
        _, answer = await came_back(at, get(at), refused("<b>", 'a & "b"'))
        assert b"&lt;b&gt;" in answer
        assert b"a &amp; &quot;b&quot;" in answer


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/", 400),
        (f"/?state={STATE}", 400),
        ("/?code=the-code", 400),
        ("/?code=the-code&state=wrong", 400),
        (f"/?code=the-code&state={STATE}x", 400),
        ("/?code=the-code&state=" + quote("ßtate"), 400),
        (f"/?code=&state={STATE}", 400),
        (f"/?code=a&error=access_denied&state={STATE}", 400),
        (f"/?code=a&code=b&state={STATE}", 400),
        (f"/?code=a&state={STATE}&state={STATE}", 400),
        (f"/?code=a&state={STATE}&" + "&".join(f"x{number}=1" for number in range(40)), 400),
        (f"/?code=a&state={STATE}&junk", 400),
        (f"/other?code=a&state={STATE}", 404),
        ("/favicon.ico", 404),
        (END, 404),
        (f"//evil.example/?code=a&state={STATE}", 404),
        ("/#fragment", 400),
    ],
)
@pytest.mark.manual("S19a")
async def test_s19a_another_answer_changes_nothing(target: str, status: int) -> None:
    async with listener() as at:
        answer = await said(at, get(at, target))
        assert int(answer.split()[1]) == status
        assert not at.returned.done()
        returned, _ = await came_back(at, get(at))
        assert returned.code.reveal() == "the-code"


@pytest.mark.parametrize(
    "octets",
    [
        b"GET /?code=a&state=the-right-state HTTP/1.1\r\n\r\n",
        b"GET /?code=a&state=the-right-state HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET /?code=a&state=the-right-state HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /?code=a&state=the-right-state HTTP/1.1\r\nHost: HOST\r\nHost: HOST\r\n\r\n",
        b"GET /?code=a&state=the-right-state HTTP/1.1\r\nHost: HOST\r\nContent-Length: 5\r\n\r\nabcde",
        b"GET /?code=a&state=the-right-state HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n0",
        b"GET /?code=a&state=the-right-state HTTP/1.1\r\nHost: HOST\r\n folded: x\r\n\r\n",
        b"GET /?code=a&state=the-right-state HTTP/1.1\r\nHost : HOST\r\n\r\n",
        b"GET /?code=a&state=the-right-state HTTP/1.1\r\nHost: HOST\r\nno colon\r\n\r\n",
        b"GET /?code=a&state=the-right-state HTTP/2.0\r\nHost: HOST\r\n\r\n",
        b"GET  /?code=a&state=the-right-state HTTP/1.1\r\nHost: HOST\r\n\r\n",
        b"GET http://HOST/?code=a&state=the-right-state HTTP/1.1\r\nHost: HOST\r\n\r\n",
        b"GET /?code=a&state=the-right-state\x00 HTTP/1.1\r\nHost: HOST\r\n\r\n",
        b"GET /?code=\xff&state=the-right-state HTTP/1.1\r\nHost: HOST\r\n\r\n",
        b"get /?code=a&state=the-right-state HTTP/1.1\r\nHost: HOST\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n",
    ],
)
async def test_what_is_no_request_of_a_browser(octets: bytes) -> None:
    async with listener() as at:
        answer = await said(at, octets.replace(b"HOST", at.host.encode()))
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert not at.returned.done()


@pytest.mark.parametrize("method", ["POST", "HEAD", "OPTIONS", "PUT"])
async def test_only_get(method: str) -> None:
    async with listener() as at:
        answer = await said(at, get(at).replace(b"GET", method.encode(), 1))
        assert answer.startswith(b"HTTP/1.1 405 ")
        assert b"\r\nAllow: GET\r\n" in answer
        assert not at.returned.done()


@pytest.mark.manual("S19a")
async def test_s19a_one_answer_is_taken() -> None:
    async with listener() as at:
        first = asyncio.create_task(visited(at, get(at)))
        returned = await at.returned
        second = await said(at, get(at, f"/?code=another&state={STATE}"))
        assert second.startswith(b"HTTP/1.1 400 ")
        at.show(SIGNED_IN)
        at.show(CANCELLED)
        assert b"Signed in." in await first
        assert returned.code.reveal() == "the-code"


async def test_connections_that_say_nothing_do_not_hinder() -> None:
    """A browser opens some beforehand; they end with the listener."""
    async with AsyncExitStack() as stack:
        async with listener() as at:
            idle = [await stack.enter_async_context(connected(at.port)) for _ in range(5)]
            returned, _ = await came_back(at, get(at))
            assert returned.code.reveal() == "the-code"
        for reader, _ in idle:
            assert await reader.read() == b""


async def test_a_connection_that_is_slow_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redirect, "HEAD_S", 0.05)
    async with listener() as at, connected(at.port) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\n")
        assert await reader.read() == b""


async def test_too_many_connections_are_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redirect, "CONNECTIONS_MAX", 2)
    async with listener() as at, connected(at.port) as (one, first), connected(at.port) as (_, second):
        first.write(b"G")
        second.write(b"G")
        async with connected(at.port) as (third, _):
            assert await third.read() == b""
        assert not at.returned.done()
        first.write(get(at)[1:])
        await at.returned
        assert b"\r\nLocation: " in await one.read()
        at.show(SIGNED_IN)
        assert b"Signed in." in await said(at, get(at, END))


async def test_a_browser_that_goes_away_has_come_back_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redirect, "CLOSING_S", 0.05)
    async with listener() as at:
        async with connected(at.port) as (_, writer):
            writer.write(get(at))
            returned = await at.returned
        at.show(SIGNED_IN)
        assert returned.code.reveal() == "the-code"


@pytest.mark.manual("S19a")
async def test_s19a_it_closes_with_a_word_to_the_browser() -> None:
    async with listener() as at:
        browser = asyncio.create_task(visited(at, get(at)))
        await at.returned
        port = at.port
    assert b"The sign-in has ended." in await browser
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


@pytest.mark.manual("S19a")
async def test_s19a_loopback_only() -> None:
    async with listener() as microsoft, listener(GOOGLE.redirect) as google:
        assert microsoft.uri == f"http://localhost:{microsoft.port}/"
        assert google.uri == f"http://127.0.0.1:{google.port}/"
        for at in (microsoft, google):
            with socket.socket() as outside:
                # Only a socket bound to every address would be in the way of this one.
                outside.bind(("127.0.0.2", at.port))


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as own:
            own.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not _has_ipv6(), reason="this machine has no ::1")
async def test_localhost_may_be_either_address() -> None:
    async with listener() as at:
        browser = asyncio.create_task(visited(at, get(at), "::1"))
        await at.returned
        at.show(SIGNED_IN)
        assert b"Signed in." in await browser


async def test_without_ipv6_one_address_does() -> None:
    """192.0.2.1 (RFC 5737) is no address of this machine, as ::1 is none where IPv6 is off."""
    async with listener(Redirect("localhost", ("127.0.0.1", "192.0.2.1"))) as at:
        returned, _ = await came_back(at, get(at))
        assert returned.code.reveal() == "the-code"


async def test_a_port_that_is_taken_on_the_other_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program there would get what is meant for us: another port is tried."""
    bound = redirect.bound
    taken: list[socket.socket] = []
    ports: list[int] = []

    def watched(address: str, port: int) -> socket.socket:
        if address == "127.0.0.2":
            ports.append(port)
            if not taken:
                taken.append(bound(address, port))
        return bound(address, port)

    monkeypatch.setattr(redirect, "bound", watched)
    async with listener(Redirect("localhost", ("127.0.0.1", "127.0.0.2"))) as at:
        assert len(ports) == 2
        assert at.port == ports[1] != ports[0]
    taken[0].close()


async def test_closing_waits_for_no_connection_that_has_just_come() -> None:
    """Whatever the listener has come to with it: in the queue of the system, accepted, not begun, begun."""
    for turns in range(8):
        idle = socket.socket()
        idle.setblocking(False)
        try:
            async with asyncio.timeout(redirect.HEAD_S / 2):
                async with listener() as at:
                    await asyncio.get_running_loop().sock_connect(idle, ("127.0.0.1", at.port))
                    for _ in range(turns):
                        await asyncio.sleep(0)
        finally:
            idle.close()


async def test_it_goes_on_when_there_are_descriptors_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redirect, "ACCEPT_AGAIN_S", 0.05)
    refusals: list[int] = []

    class Scarce(socket.socket):
        def accept(self) -> tuple[socket.socket, object]:
            if not refusals:
                refusals.append(errno.EMFILE)
                raise OSError(errno.EMFILE, "Too many open files")
            return super().accept()

    def scarce(address: str, port: int) -> socket.socket:
        return Scarce(fileno=bound(address, port).detach())

    bound = redirect.bound
    monkeypatch.setattr(redirect, "bound", scarce)
    async with listener(GOOGLE.redirect) as at:
        returned, _ = await came_back(at, get(at))
        assert returned.code.reveal() == "the-code"
    assert refusals == [errno.EMFILE]


async def test_no_address_at_all() -> None:
    with pytest.raises(NoListenerError):
        async with listener(Redirect("localhost", ("192.0.2.1",))):
            raise AssertionError("bound")
