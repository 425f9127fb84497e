"""Dovecot, without any privilege, as a mail server that nobody here wrote: its submission service, or alone
what checks who signs in at another server.

It asks the playing provider about each token (RFC 7662). The submission service hands what it takes to a
relay.

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
READY = b" starting up "
UNPRIVILEGED = "nobody"
"Whom it runs as where the tests run as root: it reads no mail of root's."
MASTER = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = /dev/stderr
protocols = {protocols}
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
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""
SUBMISSION = """
submission_relay_host = 127.0.0.1
submission_relay_port = {relay}
submission_relay_ssl = no
service submission-login {{
  chroot =
  inet_listener submission {{
    port = {port}
  }}
}}
"""
ANYBODY_ASKS = """
service auth {
  unix_listener asked {
    mode = 0666
  }
}
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
    port = free_port()
    service = SUBMISSION.format(relay=relay, port=port)
    async with running(provider, provider_ca, own, mechanisms, "submission", service) as (_, said):
        yield Dovecot(port, said)


@asynccontextmanager
async def checking(
    provider: ProviderServer, provider_ca: Path, own: trustme.CA, mechanisms: str
) -> AsyncIterator[tuple[Path, list[str]]]:
    """The socket at which another server's daemons ask it, whoever they run as, and its log."""
    async with running(provider, provider_ca, own, mechanisms, "", ANYBODY_ASKS) as (folder, said):
        yield folder / "run/asked", said


@asynccontextmanager
async def running(
    provider: ProviderServer,
    provider_ca: Path,
    own: trustme.CA,
    mechanisms: str,
    protocols: str,
    services: str,
) -> AsyncIterator[tuple[Path, list[str]]]:
    """Its folder and its log."""
    program = installed()
    with tempfile.TemporaryDirectory(prefix="franking-dovecot-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        whom = pwd.getpwnam(UNPRIVILEGED) if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        configured(folder, provider, provider_ca, own)
        master = MASTER.format(
            folder=folder, user=whom.pw_name, group=grp.getgrgid(whom.pw_gid).gr_name, uid=whom.pw_uid,
            gid=whom.pw_gid, mechanisms=mechanisms, protocols=protocols,
        )  # fmt: skip
        (folder / "dovecot.conf").write_text(master + services)
        opened(folder, whom)
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
        said: list[str] = []
        try:
            while READY not in (line := await process.stderr.readline()):
                assert line, f"dovecot did not start: {said}"
                said.append(line.decode())
            listening = asyncio.create_task(written_down(process.stderr, said))
            yield folder, said
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


def opened(folder: Path, whom: pwd.struct_passwd) -> None:
    """Its files are its user's; its socket may be another user's to open."""
    folder.chmod(0o711)
    if os.getuid() == 0:
        for path in (folder, *folder.iterdir()):
            os.chown(path, whom.pw_uid, whom.pw_gid)


def configured(folder: Path, provider: ProviderServer, provider_ca: Path, own: trustme.CA) -> None:
    leaf = own.issue_cert("localhost")
    (folder / "key.pem").touch(mode=0o600)
    leaf.private_key_pem.write_to_path(str(folder / "key.pem"))
    leaf.cert_chain_pems[0].write_to_path(str(folder / "server.pem"))
    shutil.copyfile(provider_ca, folder / "ca.pem")
    user = f"//{provider.resource_server}:{provider.resource_secret}@"
    url = provider.introspect_url.replace("//", user, 1)
    scope = provider.quirks.mail_scope
    (folder / "oauth2.conf").touch(mode=0o600)
    (folder / "oauth2.conf").write_text(INTROSPECTION.format(folder=folder, url=url, scope=scope))
    (folder / "home").mkdir()


async def written_down(stream: asyncio.StreamReader, said: list[str]) -> None:
    while line := await stream.readline():
        said.append(line.decode("utf-8", "replace"))
