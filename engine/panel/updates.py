"""Server-sent events of one open page (HTML Living Standard, section 9.2).

    event: screen        what stands between the page's edges now
    event: over          nobody is logged in here any more

Rule: it ends when the browser goes, when its session is over, or with the engine; nothing waits for it.
"""

import asyncio
import json

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from .live import Live
from .sessions import Session

EVENTS = "text/event-stream"
HEADERS = [(b"content-type", EVENTS.encode()), (b"cache-control", b"no-store")]
OVER = "event: over\ndata:\n\n"
"Also for whoever asks too late: after a refusal a browser does not ask again, and would show old news."
AGAIN_MS = 2000
"When a browser that lost the connection comes again."


class Updates(Response):
    def __init__(self, live: Live, session: Session, address: str) -> None:
        self.live, self.session, self.address = live, session, address
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        page = self.live.open(self.session, self.address)
        gone = asyncio.ensure_future(left(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            await send(part(f"retry: {AGAIN_MS}\n\n"))
            while not gone.done():
                coming = asyncio.ensure_future(page.next())
                await asyncio.wait({coming, gone}, return_when=asyncio.FIRST_COMPLETED)
                if not coming.done():
                    coming.cancel()
                    break
                update = coming.result()
                if update is None:
                    await send(part(": still here\n\n"))
                elif update.over:
                    await send(part(OVER))
                    break
                else:
                    await send(part(f"event: screen\ndata: {json.dumps(update.html)}\n\n"))
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()
            self.live.close(page)


async def left(receive: Receive) -> None:
    """Returns when the browser is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def part(text: str) -> dict[str, object]:
    return {"type": "http.response.body", "body": text.encode(), "more_body": True}
