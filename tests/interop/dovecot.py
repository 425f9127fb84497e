"""Dovecot's submission service, without any privilege, as a mail server that nobody here wrote.

It asks the playing provider about each token (RFC 7662) and hands what it takes to a relay.

Rule: loopback only; the process is ended by its own number. What it said is in `said`.
"""

import asyncio
import grp
import os
import pwd
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from franking.testing.provider import ProviderServer
from franking.tests.engine.proxies import free_port

SERVICE = Path("/usr/lib/dovecot/submission-login")
READY = b"starting up for submission"
UNPRIVILEGED = "nobody"
"Whom it runs as where the tests run as root: it reads no mail of root's."
MASTER = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = /dev/stderr
protocols = submission
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
ssl = required
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/key.pem
mail_location = maildir:{folder}/mail
hostname = localhost
auth_mechanisms = {mechanisms}
auth_failure_delay = 0 secs
disable_plaintext_auth = yes
submission_relay_host = 127.0.0.1
submission_relay_port = {relay}
submission_relay_ssl = no
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home
}}
service submission-login {{
  chroot =
  inet_listener submission {{
    port = {port}
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""
INTROSPECTION = """
introspection_mode = post
introspection_url = {url}
force_introspection = yes
username_attribute = username
active_attribute = active
active_value = true
scope = {scope}
tls_ca_cert_file = {folder}/ca.pem
"""


@dataclass(slots=True)
class Dovecot:
    port: int
    said: list[str]
    "Its log."


@asynccontextmanager
async def dovecot(
    provider: ProviderServer, provider_ca: Path, own: trustme.CA, relay: int, mechanisms: str
) -> AsyncIterator[Dovecot]:
    """Runs until the block ends, with a certificate of `own`. `mechanisms`: what it offers."""
    program = installed()
    with tempfile.TemporaryDirectory(prefix="franking-dovecot-", ignore_cleanup_errors=True) as name:
        folder, port = Path(name), free_port()
        whom = pwd.getpwnam(UNPRIVILEGED) if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        configured(folder, provider, provider_ca, own)
        master = MASTER.format(
            folder=folder, user=whom.pw_name, group=grp.getgrgid(whom.pw_gid).gr_name, uid=whom.pw_uid,
            gid=whom.pw_gid, relay=relay, port=port, mechanisms=mechanisms,
        )  # fmt: skip
        (folder / "dovecot.conf").write_text(master)
        if os.getuid() == 0:
            given_to(folder, whom.pw_uid, whom.pw_gid)
        process = await asyncio.create_subprocess_exec(
            program,
            "-F",
            "-c",
            str(folder / "dovecot.conf"),
            stderr=asyncio.subprocess.PIPE,
            user=whom.pw_uid if os.getuid() == 0 else None,
            group=whom.pw_gid if os.getuid() == 0 else None,
            extra_groups=() if os.getuid() == 0 else None,
        )
        assert process.stderr is not None
        found = Dovecot(port, [])
        try:
            while READY not in (line := await process.stderr.readline()):
                assert line, f"dovecot did not start: {found.said}"
                found.said.append(line.decode())
            listening = asyncio.create_task(written_down(process.stderr, found.said))
            yield found
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
            await process.wait()
        await listening


def installed() -> str:
    """Skips the test where it is not."""
    program = shutil.which("dovecot", path="/usr/bin:/usr/sbin:/usr/local/sbin")
    if program is None or not SERVICE.exists():
        pytest.skip("dovecot is not installed: apt-get install dovecot-core dovecot-submissiond")
    return program


def given_to(folder: Path, uid: int, gid: int) -> None:
    for path in (folder, *folder.iterdir()):
        os.chown(path, uid, gid)


def configured(folder: Path, provider: ProviderServer, provider_ca: Path, own: trustme.CA) -> None:
    leaf = own.issue_cert("localhost")
    leaf.private_key_pem.write_to_path(str(folder / "key.pem"))
    leaf.cert_chain_pems[0].write_to_path(str(folder / "server.pem"))
    shutil.copyfile(provider_ca, folder / "ca.pem")
    user = f"//{provider.resource_server}:{provider.resource_secret}@"
    url = provider.introspect_url.replace("//", user, 1)
    scope = provider.quirks.mail_scope
    (folder / "oauth2.conf").write_text(INTROSPECTION.format(folder=folder, url=url, scope=scope))
    (folder / "home").mkdir()


async def written_down(stream: asyncio.StreamReader, said: list[str]) -> None:
    while line := await stream.readline():
        said.append(line.decode("utf-8", "replace"))
