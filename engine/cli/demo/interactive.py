"""The demonstration's servers left up, for a person who signs in with a browser of their own and sends.

Rule: everything lies in the folder that was named, and is gone with it; the servers listen on loopback alone.
"""

import asyncio
import contextlib
import signal
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ....testing.kit import Kit, playing
from ...clock import SystemClock
from .scan import scan
from .stage import ADMINISTRATOR, KIM, PASSWORDS

CONFIGURATION = """\
# A device at the servers of `franking demo --interactive`.
[oauth]
enabled = true
client_id = "{client}"
tenant = "{tenant}"
authority = "{authority}"

[administrator]
address = "{administrator}"

[smtp]
server = "localhost"
port = {port}

[http]
version = "HTTP/2,HTTP/1.1"

[tls]
trust = "{trust}"

[store]
path = "{store}"

[users]
kim = "{kim}"
"""


def run(folder: Path, console: Console) -> int:
    """Until somebody ends it; 0."""
    return asyncio.run(play(folder.absolute(), console))


async def play(folder: Path, console: Console) -> int:
    ended = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, ended.set)
    async with playing(SystemClock(), folder / "kit", ["microsoft"]) as kit:
        for address, password in PASSWORDS.items():
            kit.add_account(address, password)
        configuration = folder / "franking.toml"
        configuration.write_text(configured(kit, folder))
        paper = scan(folder / "Contract.pdf", "Contract")
        introduce(configuration, paper, console)
        arriving = asyncio.ensure_future(told(kit, console))
        await ended.wait()
        arriving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await arriving
    return 0


def configured(kit: Kit, folder: Path) -> str:
    return CONFIGURATION.format(
        client=kit.microsoft.client_id,
        tenant=kit.microsoft.tenant,
        authority=kit.microsoft.base,
        administrator=ADMINISTRATOR,
        port=kit.submissions["microsoft"].port,
        trust=kit.ca_file,
        store=folder / "device",
        kim=KIM,
    )


def introduce(configuration: Path, paper: Path, console: Console) -> None:
    console.print("franking, to try out", style="bold")
    console.print(
        "A provider and its mail server run on this machine until Ctrl-C. In another terminal:\n", style="dim"
    )
    for command in (
        f"export FRANKING_CONFIG={configuration}",
        "franking acquire --browser",
        f"franking send --user kim --to friend@example.com {paper}",
        "franking status",
        "franking run",
    ):
        console.print(Text(f"  {command}", style="cyan"), soft_wrap=True)
    console.print(
        f"\nSign in as {ADMINISTRATOR} with the password {PASSWORDS[ADMINISTRATOR]}. The browser warns of "
        "the certificate, whose authority this demonstration alone knows: go on, it is this machine.\n",
        style="dim",
    )


async def told(kit: Kit, console: Console) -> None:
    """Each message as it arrives. Without end."""
    count = 0
    while True:
        await kit.mailbox.wait_for(count + 1)
        for each in kit.mailbox.messages[count:]:
            to = ", ".join(each.rcpt_tos)
            console.print(
                f"✓ arrived: {each.mail_from} → {to}, {each.octets} octets, {each.path}", style="green"
            )
        count = len(kit.mailbox.messages)
