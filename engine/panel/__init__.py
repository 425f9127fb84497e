"""The screens that people see: the device's touch panel, and the same screens for a browser at a desk.

    from franking.engine.control.screen import ShownAtPlaces
    from franking.engine.panel.serving import serve

    screen = ShownAtPlaces()
    async with Engine.open(settings, screen=screen) as engine:
        async with serve(engine, screen, Face.PANEL, "127.0.0.1", 8801):
            ...

Server-rendered pages that work without scripts; with them they update by themselves. `screens.py` is the
table of what there is to see, `acts.py` that of what can be done. Needs the extra `http`.

Rule: every screen and every act goes through the view of who is logged in (`engine/view.py`), and no token,
code or password stands in a page.
"""
