"""The links of Scan to URL over HTTP: whoever has a link fetches its document, until it ends (S22).

    async with Engine.open(settings) as engine, serve(engine, "127.0.0.1", 8080):
        ...

Needs the extra `http`. Behind `[box] public_url` stands this, or a web server that passes `/d/...` on to it
and speaks TLS; without either nobody can fetch anything.
"""

from .app import links_app
from .serving import serve

__all__ = ["links_app", "serve"]
