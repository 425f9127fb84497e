"""How an alarm leaves: a command, or a post to a URL (B12). Each fulfils `alarms.Hook`."""
