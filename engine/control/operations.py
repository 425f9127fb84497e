"""The table of requests: which there are, whose right each is, what it brings and gives.

Rule: what is served is what stands here, and what stands here is printed into docs/.
"""

from ...machines.roles import Act
from ..boxes import Document
from ..history import Story
from ..information import Warning
from ..leaving import Forgotten, Reset
from ..metrics import MEDIA_TYPE
from ..settings import Settings
from ..signals import Transferred
from ..status import IdentityStatus, JobStatus, SeenJob
from ..submitting import Receipt
from . import requests as r
from . import streams as s
from . import values as v
from .requests import PAGE, Operation
from .screen import Shown
from .uploads import Uploaded

JOBS, WARNINGS = tuple[JobStatus, ...], tuple[Warning, ...]
IDENTITIES, DOCUMENTS = tuple[IdentityStatus, ...], tuple[Document, ...]
NAME = (("name", "the file's name, as the mail shall show it"),)
WAIT = (("wait", "seconds, 60 at most: answered when it is over or waits for what is not there"),)
SAID = (
    ("from", "the sender of the envelope (MAIL FROM); empty or left out: the null one"),
    ("to", "recipients, with commas between; a name without a domain is looked up"),
    ("headers", "1: To, Cc and Bcc name recipients, too"),
    ("notify", "when to tell the sender (DSN), such as `failure,delay` or `never`"),
    ("envid", "what it is called then (ENVID)"),
    ("ret", "how much of it comes back then (RET): `hdrs`, as where it is left out, or `full`"),
    ("mark", "unforeseeable, and the same where it is brought again: it goes once"),
    ("added", "lines that stand there before those of the program, which a refusal does not count"),
)
BY = (("by", "in whose name the controller does it: `administrator`, or a login name; left out: the owner"),)
AFTER = (("after", "lines after this one; left out: what comes from now on"),)

OPERATIONS: tuple[Operation, ...] = (
    Operation("GET", "/me", None, "who the caller is to the device", r.who, gives=v.Here),
    # Jobs
    Operation("POST", "/files", Act.SUBMIT, "brings a file for a job, ten minutes before it at most",
              r.upload, gives=Uploaded, query=NAME, octets=True),
    Operation("POST", "/jobs", Act.SUBMIT, "submits a job; it is durable when this is answered", r.submit,
              v.Submitted, Receipt),
    Operation("POST", "/messages", Act.BRING, "brings a message as a program wrote it (RFC 5322); its job is "
              "durable when this is answered", r.bring, gives=Receipt, query=SAID, octets=True),
    Operation("GET", "/jobs", Act.SEE_JOBS, "a page of the newest jobs, the oldest of them first", r.jobs,
              gives=JOBS, query=PAGE),
    Operation("GET", "/jobs/{job}", Act.SEE_JOBS, "one job", r.job, gives=SeenJob,
              query=WAIT),
    Operation("GET", "/jobs/{job}/history", Act.SEE_JOBS, "its story, with the server's words for its owner",
              r.history, gives=Story),
    Operation("POST", "/jobs/{job}/hold", Act.CHANGE_JOBS, "[Hold]", r.hold, gives=SeenJob),
    Operation("POST", "/jobs/{job}/release", Act.CHANGE_JOBS, "[Release]", r.release, gives=SeenJob),
    Operation("POST", "/jobs/{job}/cancel", Act.CHANGE_JOBS, "ends it", r.cancel, gives=SeenJob, query=BY),
    Operation("POST", "/jobs/{job}/retry", Act.CHANGE_JOBS, "tries it now", r.retry, gives=SeenJob),
    Operation("GET", "/queue", Act.SEE_JOBS, "what is not over, user by user, in the order in which it goes",
              r.queues, gives=JOBS),
    Operation("GET", "/users/{user}/queue", Act.SEE_JOBS, "what is not over, in the order in which it goes",
              r.queue, gives=JOBS),
    Operation("POST", "/users/{user}/mailbox/try", Act.CHANGE_JOBS, "tries a mailbox that is closed now",
              r.try_mailbox),
    # Sign-in
    Operation("POST", "/places/{place}/log-in", Act.LOG_IN, "a user logs in at a place", r.log_in, v.LogIn),
    Operation("POST", "/places/{place}/touch", Act.LOG_IN, "somebody is there: no auto reset yet", r.touch),
    Operation("POST", "/places/{place}/log-out", Act.LOG_IN, "the user there logs out", r.log_out),
    Operation("POST", "/places/{place}/sign-in", Act.SIGN_IN, "opens a user's sign-in screen there",
              r.sign_in, v.Person),
    Operation("POST", "/places/{place}/acquire", Act.ACQUIRE, "[Acquire]: the administrator's screen",
              r.acquire),
    Operation("GET", "/places/{place}/screen", Act.SIGN_IN, "what is to be shown there now: address or code",
              r.shown, gives=Shown),
    Operation("GET", "/places/{place}/sign-in", None, "each screen that is shown there, and how its "
              "sign-in ends, as far as the caller may see it; an empty line comes first",
              s.sign_ins, lines=True, gives=s.AtScreen),
    Operation("POST", "/places/{place}/paste", Act.SIGN_IN, "the address at which another machine's browser "
              "ended", r.paste, v.Pasted),
    Operation("POST", "/places/{place}/cancel", Act.SIGN_IN, "closes the screen", r.cancel_sign_in),
    Operation("GET", "/places/{place}/jobs", Act.SEE_JOBS, "what waits for the sign-in of who stands there",
              r.waits_at, gives=JOBS),
    Operation("DELETE", "/places/{place}/jobs", Act.CHANGE_JOBS, "ends what waits for it", r.discard,
              gives=v.Discarded),
    Operation("GET", "/tokens", Act.SEE_STATUS, "[Refresh Tokens]: Required, Acquired, Expired", r.tokens,
              gives=IDENTITIES),
    Operation("GET", "/tokens/held", Act.DELETE_TOKENS, "how many [Delete] would delete", r.tokens_held,
              gives=v.Held, everybodys=True),
    Operation("GET", "/tokens/{user}/held", Act.DELETE_TOKENS, "the same of one user, or `administrator`",
              r.token_held, gives=v.Held),
    Operation("DELETE", "/tokens", Act.DELETE_TOKENS, "[Delete]: every user's", r.delete_tokens,
              gives=v.Deleted, everybodys=True),
    Operation("DELETE", "/tokens/{user}", Act.DELETE_TOKENS, "one user's, or `administrator`",
              r.delete_token),
    # The device
    Operation("GET", "/status", None, "all of it that the caller may see", r.status, gives=v.StatusTold),
    Operation("GET", "/information", None, "what the [Information] screen shows", r.information,
              gives=WARNINGS),
    Operation("POST", "/information/read", Act.ACKNOWLEDGE, "a person has read it", r.acknowledge, v.Read),
    Operation("GET", "/settings", Act.SEE_SETTINGS, "all settings", r.settings, gives=Settings),
    Operation("PATCH", "/settings", Act.CHANGE_SETTINGS, "[OK]: changes them, all or none, until the "
              "engine ends: the file of the settings is the caller's", r.change,
              v.Changes, v.AppliedTold),
    Operation("GET", "/secrets", Act.SEE_SETTINGS, "the names of those that settings name as `vault:NAME`",
              r.secrets, gives=tuple[str, ...]),
    Operation("POST", "/secrets/{name}", Act.CHANGE_SETTINGS, "keeps one, sealed", r.keep_secret,
              v.SecretGiven),
    Operation("DELETE", "/secrets/{name}", Act.CHANGE_SETTINGS, "erases one", r.erase_secret),
    Operation("GET", "/metrics", Act.SEE_HISTORY, "numbers for Prometheus", r.metrics, gives=str,
              text=MEDIA_TYPE),
    Operation("GET", "/events", Act.SEE_HISTORY, "the journal and whatever comes", s.events,
              query=AFTER, lines=True, gives=s.Line),
    Operation("GET", "/progress", Act.SEE_JOBS, "how far messages have come, the latest of each", s.progress,
              lines=True, gives=Transferred),
    # User boxes
    Operation("POST", "/users/{user}/documents", Act.USE_BOXES, "keeps files in a user's box", r.keep,
              v.Kept, DOCUMENTS),
    Operation("GET", "/users/{user}/documents", Act.USE_BOXES, "what lies in it", r.documents,
              gives=DOCUMENTS),
    Operation("DELETE", "/users/{user}/documents", Act.USE_BOXES, "deletes all of it", r.delete_documents,
              gives=v.Deleted),
    Operation("DELETE", "/users/{user}/documents/{document}", Act.USE_BOXES, "deletes one",
              r.delete_document),
    # Leaving
    Operation("DELETE", "/users/{user}", Act.FORGET, "erases everything of a person", r.forget,
              gives=Forgotten),
    Operation("POST", "/reset", Act.RESET, "factory reset: the engine ends, and its store is erased",
              r.reset, gives=Reset),
    Operation("POST", "/key", Act.EXCHANGE_KEY, "another key seals from now on", r.exchange_key,
              gives=v.Exchanged),
)  # fmt: skip

BY_RUN = {operation.run: operation for operation in OPERATIONS}
"For who asks in Python: what is run names the request."
