"""A small HTTP server inside the engine's event loop, for the links of Scan to URL and the control socket."""
