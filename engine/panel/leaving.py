"""[Log out]: the person is gone, and with [Auto Delete] his sign-in is (S28).

Rule: he is told what was deleted.
"""

from .forms import Form
from .here import Answer, Here


async def left(here: Here, form: Form) -> Answer:
    """Raises StoreFailed."""
    deletes = here.engine.settings.oauth.auto_delete and not here.administers
    held = deletes and bool(here.view.tokens_held(here.viewer.login))
    await here.view.log_out(here.place)
    return "/log-in?bye=deleted" if held else "/log-in?bye=1"
