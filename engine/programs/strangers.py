"""Logins that `[programs]` names and that nobody here has: a typing error, most often, by which mail becomes
that of somebody who never sees it.
"""

from collections.abc import Iterator

from ...events.base import ADMINISTRATOR
from ..engine import Engine


def strangers(engine: Engine) -> Iterator[tuple[str, str]]:
    """The setting's name, without any address, and the login. Who has no address here is known once he has
    logged in.
    """
    programs, known = engine.settings.programs, {ADMINISTRATOR, *engine.settings.users, *engine.people.rows}
    named = [("programs.senders", login) for login in programs.senders.values()]
    named += [(f"programs.clients.{name}.user", each.user or "") for name, each in programs.clients.items()]
    for setting, login in dict.fromkeys(named):
        if login and login not in known and engine.people.of_directory(login) is None:
            yield setting, login
