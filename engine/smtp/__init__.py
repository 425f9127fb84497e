"""The submission server's side of the engine: messages, connections, dialogue, and what replies mean."""
