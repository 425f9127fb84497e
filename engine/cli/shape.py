"""The shape of a job where a command prints JSON: one for all of them.

Rule: moments are ISO 8601 in UTC, what does not apply is null; words are in the device's language.
"""

from ..information import Advice
from ..status import JobStatus, RecipientStatus


def of_job(job: JobStatus) -> dict[str, object]:
    """`job` (its number), `state` (waiting, held, sending, delivering, sent, ended), `owner`, `function`,
    `size` (octets of its files), `submitted_at`, `attempts` (tries that the server answered), `unknown`
    (tries with no known end), `retry_at`, `reason` (why it waits or has ended) and `code` (the same: the
    server's, or the engine's own).
    """
    return {
        "job": job.job,
        "state": job.state,
        "owner": job.owner,
        "function": job.function,
        "size": job.size,
        "submitted_at": job.submitted_at,
        "attempts": job.attempts,
        "unknown": job.unknown,
        "retry_at": job.retry_at.isoformat() if job.retry_at else None,
        "reason": job.reason or None,
        "code": job.code or None,
    }


def of_recipient(each: RecipientStatus) -> dict[str, object]:
    """`address`, `accepted` (null while it is not settled), `reply` (the server's words), `unknown` (tries
    with no known end that it may have been taken in).
    """
    return {
        "address": each.address,
        "accepted": each.accepted,
        "reply": each.outcome or None,
        "unknown": each.unknown,
    }


def of_advice(advice: Advice | None) -> dict[str, str | None]:
    """`why`, `do`, and `who`: one of the values of `Actor`."""
    return {
        "why": (advice.cause or None) if advice else None,
        "do": (advice.remedy or None) if advice else None,
        "who": advice.actor.value if advice else None,
    }
