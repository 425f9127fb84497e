"""The screens served as long as a block lasts: bound to this machine alone, unless TLS guards the way.

Rule: no password and no cookie goes over a network in clear: another address than loopback needs a
certificate.
"""

import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ..certificates import Certificate, NeedsTls
from ..control.place import socket_of
from ..control.screen import ShownAtPlaces
from ..control.uploads import Uploads
from ..engine import Engine
from ..listening import bound, is_loopback
from ..web.serving import CONNECTIONS_MAX, served
from .access import Access
from .app import Panel
from .face import Face
from .here import Keep

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
    NeedsTls, CertificateUnusable, CannotListen.
    """
    tls = None
    if engine.settings.page.certificate is not None:
        tls = Certificate("page", lambda: engine.settings.page.certificate, engine.kept_secrets, prepared)
    elif not is_loopback(host):
        raise NeedsTls("page.needs-tls", f"{host}:{port}")
    listener = bound(host, port)
    uploads = Uploads(socket_of(engine.folder, os.environ).with_name(f"uploads-{face.value}"))
    uploads.close()  # of an engine that was killed
    panel = Panel(engine, screen, face, uploads, access, keep)
    number = listener.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    try:
        async with served(panel.app(), listener, tls.following() if tls else None, most=PAGES_MAX):
            yield f"{'https' if tls else 'http'}://{shown}:{number}/"
    finally:
        panel.close()
        uploads.close()


def prepared(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
