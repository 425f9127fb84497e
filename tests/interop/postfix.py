"""Postfix as Debian has it, in a folder of its own: a mail server that nobody here wrote.

Rule: loopback only, nothing of the system's own Postfix is used or changed but its programs; its master is
ended by its own number. Its master starts as root alone and does nothing as root but open ports and files.
"""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

DAEMONS = Path("/usr/lib/postfix/sbin")
OWNER, DROPS = "postfix", "postdrop"
QUEUES = (
    "active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved",
    "trace",
)  # fmt: skip
STARTED = b"daemon started"
ENDS_S = 10.0
PACKAGE = "postfix is not installed: apt-get install postfix"
MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = /dev/stdout
mail_owner = postfix
setgid_group = postdrop
command_directory = /usr/sbin
daemon_directory = {daemons}
meta_directory = /etc/postfix
shlib_directory = /usr/lib/postfix
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.example.net
mydestination =
local_recipient_maps =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
smtp_dns_support_level = disabled
message_size_limit = 60000000
notify_classes =
biff = no
"""
SERVICES = """
pickup    unix  n - n 60    1 pickup
cleanup   unix  n - n -     0 cleanup
qmgr      unix  n - n 300   1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n -     - trivial-rewrite
bounce    unix  - - n -     0 bounce
defer     unix  - - n -     0 bounce
trace     unix  - - n -     0 bounce
proxymap  unix  - - n -     - proxymap
smtp      unix  - - n -     - smtp
error     unix  - - n -     - error
retry     unix  - - n -     - error
discard   unix  - - n -     - discard
anvil     unix  - - n -     1 anvil
scache    unix  - - n -     1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


class CannotRun(Exception):
    """Here there is no Postfix, or it cannot be started; the text says what to do."""


@dataclass(slots=True)
class Postfix:
    folder: Path
    said: list[str] = field(default_factory=list)
    "Its log."

    @property
    def queue(self) -> Path:
        return self.folder / "queue"


def check_postfix() -> None:
    """Raises CannotRun."""
    if shutil.which("postfix", path="/usr/sbin") is None or not (DAEMONS / "master").exists():
        raise CannotRun(PACKAGE)
    if os.geteuid() != 0:
        raise CannotRun("Postfix's master runs as root alone: run the tests as root to include these")


def make_folders(folder: Path) -> None:
    """As its own start would, which looks at every file of the system's Postfix as well, for seconds."""
    folder.chmod(0o711)  # its daemons run as a user of their own
    queue, data = folder / "queue", folder / "data"
    for path in (queue, data, *(queue / name for name in (*QUEUES, "pid", "maildrop", "public"))):
        path.mkdir(mode=0o755)
    for path in (data, *(queue / name for name in (*QUEUES, "maildrop", "public"))):
        path.chmod(0o700)
        shutil.chown(path, OWNER)
    for name, mode in (("maildrop", 0o730), ("public", 0o710)):
        shutil.chown(queue / name, OWNER, DROPS)
        (queue / name).chmod(mode)
    (queue / "quick-start").touch()


@asynccontextmanager
async def postfix(folder: Path, listener: str, settings: Mapping[str, str]) -> AsyncIterator[Postfix]:
    """Runs until the block ends. `listener`: its line of master.cf; `settings`: more of main.cf.

    Raises CannotRun.
    """
    check_postfix()
    make_folders(folder)
    main = MAIN.format(folder=folder, daemons=DAEMONS)
    (folder / "main.cf").write_text(main + "".join(f"{name} = {value}\n" for name, value in settings.items()))
    (folder / "master.cf").write_text(f"{SERVICES}{listener}\n")
    process = await asyncio.create_subprocess_exec(
        "/usr/sbin/postfix", "-c", folder, "start-fg",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    found, listening = Postfix(folder), None
    try:
        while STARTED not in (line := await process.stdout.readline()):
            found.said.append(line.decode("utf-8", "replace"))
            if not line:
                raise CannotRun(f"Postfix did not start: {found.said}")
        listening = asyncio.create_task(written_down(process.stdout, found.said))
        yield found
    finally:
        await ended(process, found.queue)
        if listening is not None:
            await listening


async def written_down(stream: asyncio.StreamReader, said: list[str]) -> None:
    while line := await stream.readline():
        said.append(line.decode("utf-8", "replace"))


async def ended(process: asyncio.subprocess.Process, queue: Path) -> None:
    """The master has a session of its own, and ends its daemons with itself; its starter waits for it."""
    with suppress(FileNotFoundError, ValueError, ProcessLookupError):
        os.kill(int((queue / "pid/master.pid").read_text()), signal.SIGTERM)
    try:
        async with asyncio.timeout(ENDS_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
