"""Plays a browser in a process of its own: reads the start page and behaves as it is told.

    playing_browser.py BEHAVIOUR PORT AUTHORITY START PROFILE [PROXY]

What it was given it reports to PORT as one line of JSON. The person in front of it has the password that
`device.PASSWORDS` gives to the account which the page asks for.
"""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit


class Refresh(HTMLParser):
    """Where a page goes on to by itself."""

    address = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "meta" and named.get("http-equiv") == "refresh":
            self.address = (named["content"] or "").partition("url=")[2]


def report(port: int, **said: object) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(json.dumps(said).encode() + b"\n")


def given(start: Path, profile: Path, address: str) -> dict[str, object]:
    folder = start.parent
    return {
        "pid": os.getpid(),
        "arguments": Path("/proc/self/cmdline").read_text().split("\0"),
        "environment": dict(os.environ),
        "home": str(folder),
        "profile": str(profile),
        "modes": [start.stat().st_mode & 0o777, folder.stat().st_mode & 0o777],
        "address": address,
    }


async def sign_in(authority: Path, address: str, proxy: str) -> str:
    """Through the proxy, where there is one; the device's own listener is reached directly."""
    import httpx2

    from franking.testing.person import Person

    class Proxied(Person):
        def _browser(self) -> httpx2.AsyncClient:
            way = httpx2.AsyncHTTPTransport(http2=True, verify=self._tls, proxy=f"http://{proxy}")
            return httpx2.AsyncClient(trust_env=False, mounts={"https://": way})

    person = Proxied(authority) if proxy else Person(authority)
    account = parse_qs(urlsplit(address).query)["login_hint"][0]
    return await person.sign_in(address, account, f"pass-{account}")


def main(behaviour: str, port: int, authority: Path, start: str, profile: Path, proxy: str) -> int:
    page = Path(unquote(urlsplit(start).path))
    reader = Refresh()
    reader.feed(page.read_text())
    profile.mkdir(exist_ok=True)
    (profile / "Cookies").write_text("of the account")
    if behaviour == "ignores":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if behaviour == "leaves a child":
        child = [sys.executable, "-c", "import signal; signal.pause()"]
        started = subprocess.Popen(child, start_new_session=True)  # noqa: S603
        report(port, child=started.pid)
    report(port, **given(page, profile, reader.address))
    if behaviour == "signs in":
        asyncio.run(sign_in(authority, reader.address, proxy))
    elif behaviour == "fails":
        return 3
    elif behaviour != "is closed":
        signal.pause()
    return 0


if __name__ == "__main__":
    how, number, ca_file, first, folder, *way = sys.argv[1:]
    sys.exit(main(how, int(number), Path(ca_file), first, Path(folder), "".join(way)))
