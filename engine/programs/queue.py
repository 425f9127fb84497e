"""What waits, as `mailq` shows it to the user who asks: his own jobs, or all of them to who may see all.

Rule: of a job no more is said than the socket says to who asks.
"""

import json
from collections.abc import Sequence

from . import handing

EMPTY = "Mail queue is empty\n"


def shown(sockets: Sequence[str]) -> str:
    """Raises Ends."""
    from .sendmail import UNAVAILABLE, Ends, refused

    for path in sockets:
        try:
            answer = handing.ask(path, "GET", "/queue", None)
        except OSError:
            continue
        if answer.status != 200:
            raise refused(answer)
        jobs = json.loads(answer.body)
        return "".join(map(line, jobs)) or EMPTY
    raise Ends(UNAVAILABLE, f"no engine answers at {' or '.join(sockets)}; what waits is not known")


def line(job: dict[str, object]) -> str:
    return f"{job['job']}\t{job['size']}\t{job['submitted_at']}\t{job['state']}\t{job['reason']}\n"
