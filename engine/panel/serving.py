"""The screens served as long as a block lasts: bound to this machine alone, unless TLS guards the way.

Rule: no password and no cookie goes over a network in clear: another address than loopback needs a
certificate.
"""

import os
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address

from ..control.place import socket_of
from ..control.screen import ShownAtPlaces
from ..control.uploads import Uploads
from ..engine import Engine
from ..settings import CredentialError
from ..tls import load_certificate
from ..web.serving import CONNECTIONS_MAX, served
from ..words import Spoken
from .access import Access
from .app import Panel
from .face import Face
from .here import Keep


class NeedsTls(Spoken, ValueError):
    """The address is not of this machine alone, and no certificate is set."""

    def __init__(self, host: str) -> None:
        super().__init__("panel.needs-tls", host=host)
        self.host = host


class CertificateUnusable(Spoken, ValueError):
    """`[page] certificate` is none, or its private key is not in it."""

    def __init__(self, why: str) -> None:
        super().__init__("panel.certificate", why=why)


PAGES_MAX = 4 * CONNECTIONS_MAX
"Connections at once: each open page keeps one."


@asynccontextmanager
async def serve(
    engine: Engine,
    screen: ShownAtPlaces,
    face: Face,
    host: str = "127.0.0.1",
    port: int = 0,
    access: Access | None = None,
    keep: Keep | None = None,
) -> AsyncIterator[str]:
    """Serves one face as long as the block lasts, which stands inside the engine's; gives its address for a
    browser. `screen`: the same that the engine was given. `access`: who may log in; left out, those whose
    passwords the settings name. `keep`: writes changed settings where the next start finds them. Raises
    NeedsTls, CertificateUnusable, OSError where the address cannot be had.
    """
    tls = context(engine)
    if tls is None and not is_loopback(host):
        raise NeedsTls(host)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family)
    uploads = Uploads(socket_of(engine.folder, os.environ).with_name(f"uploads-{face.value}"))
    uploads.close()  # of an engine that was killed
    panel = Panel(engine, screen, face, uploads, access, keep)
    number = listener.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    try:
        async with served(panel.app(), listener, tls, most=PAGES_MAX):
            yield f"{'https' if tls else 'http'}://{shown}:{number}/"
    finally:
        panel.close()
        uploads.close()


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def context(engine: Engine) -> ssl.SSLContext | None:
    """None: no certificate is set. Raises CertificateUnusable."""
    reference = engine.settings.page.certificate
    if reference is None:
        return None
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        load_certificate(made, engine.kept_secrets.read(reference))
    except CredentialError as error:
        raise CertificateUnusable(str(error)) from None
    except (ssl.SSLError, OSError) as error:
        raise CertificateUnusable(type(error).__name__) from None
    return made
