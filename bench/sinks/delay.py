"""What the distance to a provider does: a relay that holds each direction back.

    python delay.py PORT MILLISECONDS      to this port of loopback, so late one way

Rule: order and octets stay as they are, and nothing is held back for being much.
"""

import asyncio
import sys

CHUNK = 1 << 18


async def carry(source: asyncio.StreamReader, to: asyncio.StreamWriter, late_s: float) -> None:
    loop = asyncio.get_running_loop()
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def arrive() -> None:
        while True:
            due, octets = await under_way.get()
            await asyncio.sleep(max(0, due - loop.time()))
            if not octets:
                to.close()
                return
            to.write(octets)

    arriving = asyncio.create_task(arrive())
    octets = b" "
    while octets:
        try:
            octets = await source.read(CHUNK)
        except OSError:
            octets = b""
        under_way.put_nowait((loop.time() + late_s, octets))
    await arriving


async def main(port: int, late_s: float) -> None:
    async def between(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(carry(reader, back, late_s), carry(there, writer, late_s))

    server = await asyncio.start_server(between, "127.0.0.1", 0)
    print(f"port {server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]) / 1000))
