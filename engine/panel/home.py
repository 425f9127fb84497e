"""What people see first: what can be sent, what becomes of what was sent, what is to be noticed.

Rule: it shows what is of today; everything else is one tap away.
"""

from typing import Any

from ...events.request import Function
from .here import Here
from .information import noticed
from .jobs import listed, newest
from .oauth import of_administrator

TILES = (
    (Function.SCAN_TO_EMAIL, "scan-to-email", "mail"),
    (Function.SCAN_TO_ME, "scan-to-me", "person"),
    (Function.SCAN_TO_URL, "scan-to-url", "link"),
    (Function.INTERNET_FAX, "internet-fax", "fax"),
)
"What a person sends from here: function, last part of its address, picture."
JOBS_SHOWN = 5
NOTICES_SHOWN = 1


def offered(here: Here) -> tuple[tuple[str, str, str], ...]:
    """Path, title and picture of the functions that are ON."""
    settings = here.engine.settings
    off = set(settings.functions.off)
    if settings.box.public_url is None:
        off.add(Function.SCAN_TO_URL)
    return tuple((f"/send/{path}", each.value, picture) for each, path, picture in TILES if each not in off)


def shown(here: Here) -> dict[str, Any]:
    jobs = newest(here, None, JOBS_SHOWN)
    return {
        "title": here.say("panel.home"),
        "jobs": [listed(here, job) for job in jobs],
        "notices_shown": noticed(here)[:NOTICES_SHOWN],
        "tiles": () if here.administers else offered(here),
        "status": of_administrator(here) if here.administers else None,
    }
