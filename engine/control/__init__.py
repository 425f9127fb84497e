"""The control socket: programs in any language use a running engine (B8).

    from franking.engine.control.screen import ShownAtPlaces
    from franking.engine.control.serving import serve

    screen = ShownAtPlaces()
    async with Engine.open(settings, screen=screen) as engine, serve(engine, path, screen):
        ...

HTTP with JSON on a Unix socket; docs/control.md and docs/openapi.json describe each request. Needs the extra
`http`.

Rule: whoever asks is known by what the system says of the other end of the connection (SO_PEERCRED), and may
do what `machines/roles.py` says; `engine/view.py` checks it.
"""
