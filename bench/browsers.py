"""Open pages: people who log in and then only look, each with a session of his own, in a process of its own.

    python -m franking.bench.browsers ADDRESS NUMBER

Prints `open` when every page has had its first update, and when standard input ends how many came since.

Rule: what arrives is counted and thrown away; nothing here is faster or slower than a browser's own reading.
"""

import asyncio
import re
import sys
from typing import Any
from urllib.parse import urlencode, urlsplit

GUARD = re.compile(r'name="guard" value="([0-9a-f]+)"')
COOKIE = re.compile(r"set-cookie: ([^;]+);", re.IGNORECASE)
PEOPLE, SCREENS = ("kim", "administrator"), ("/", "/jobs")


class Page:
    def __init__(self, address: str, number: int) -> None:
        self.host = urlsplit(address).netloc
        self.login, self.screen = PEOPLE[number % 2], SCREENS[number // 2 % 2]
        self.cookie, self.updates = "", 0
        self.first = asyncio.Event()

    async def asks(self, method: str, path: str, body: str = "") -> tuple[asyncio.StreamReader, str]:
        """What follows, and the head of the answer."""
        reader, self.writer = await asyncio.open_connection(*self.host.split(":"), limit=1 << 24)
        form = f"content-type: application/x-www-form-urlencoded\r\ncontent-length: {len(body)}\r\n"
        lines = f"{method} {path} HTTP/1.1\r\nhost: {self.host}\r\ncookie: {self.cookie}\r\n"
        self.writer.write(f"{lines}{form if body else ''}\r\n{body}".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if found := COOKIE.search(head):
            self.cookie = found[1]
        return reader, head

    async def opens(self) -> None:
        """Logs in and looks, without end."""
        reader, head = await self.asks("GET", "/log-in")
        length = re.search(r"content-length: (\d+)", head)
        assert length is not None
        guard = GUARD.search((await reader.readexactly(int(length[1]))).decode())
        assert guard is not None
        form = urlencode({"guard": guard[1], "login": self.login, "password": self.login})
        _, head = await self.asks("POST", "/log-in", form)
        assert " 303 " in head.splitlines()[0], head
        reader, head = await self.asks("GET", f"/live?at={self.screen}")
        assert " 200 " in head.splitlines()[0], head
        async for line in reader:
            if line.startswith(b"event: screen"):
                self.updates += 1
                self.first.set()


async def main(address: str, number: int) -> None:
    pages = [Page(address, each) for each in range(number)]
    looking: list[asyncio.Future[Any]] = [asyncio.ensure_future(page.opens()) for page in pages]
    first: asyncio.Future[Any] = asyncio.gather(*(page.first.wait() for page in pages))
    await asyncio.wait({first, *looking}, return_when=asyncio.FIRST_COMPLETED)
    if not first.done():
        raise RuntimeError("a page was not opened")
    before = sum(page.updates for page in pages)
    print("open", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    print(sum(page.updates for page in pages) - before, flush=True)
    for each in looking:
        each.cancel()
    await asyncio.gather(*looking, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
