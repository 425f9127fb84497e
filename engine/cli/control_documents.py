"""docs/control.md, printed from the table of requests.

Rule: nothing is said here of a request that the table does not hold.
"""

from ...diagrams.documents import code, table
from ...machines.roles import Role
from ..control.openapi import roles
from ..control.operations import OPERATIONS
from ..control.requests import Operation

HEADS = ["request", "what it does", *(role.value for role in Role)]
INTRODUCTION = """\
# The control socket

A program in any language uses a running engine (`franking run`, or a program that serves it with
`franking.engine.control.serving.serve`): HTTP with JSON on a Unix socket. [openapi.json](openapi.json)
describes each request with its fields; a running engine gives it at `/openapi.json`.
[examples/send_scan.c](../examples/send_scan.c) is a client in C with libcurl,
[examples/send_scan.mjs](../examples/send_scan.mjs) one in Node without a library.

```console
$ curl --unix-socket /run/franking/franking.sock http://franking/status
$ curl --unix-socket /run/franking/franking.sock --data-binary @scan.pdf 'http://franking/files?name=scan.pdf'
$ curl --unix-socket /run/franking/franking.sock http://franking/jobs \\
    --data '{"request": {"function": "Scan to E-mail", "user": "kim",
                         "to": ["lee@example.com"], "files": ["upload:1"]}}'
```

## Where it lies, and who may use it

In `$RUNTIME_DIRECTORY` where the service manager gives one, else in the folder `control` beside the store.
It is the engine's own user's alone (0600), unless `[control] group` names a group of the system (0660). Who
asks is known by the system's word on the other end of the connection (SO_PEERCRED), and cannot be said
otherwise by a request:

| user of the system | is here |
| --- | --- |
| the engine's own, root, and those of `[control] controllers` | **controller**: speaks for any user |
| those of `[control] administrators` | **administrator**: keeps the device, sees no content of jobs |
| everybody else | **user**: the user of the device with the same login name |

The command line reaches a running engine the same way, and says the same as without one: `franking status`,
`tokens`, `delete`, `send`, `acquire`, `jobs`, `history`, `settings`, `secret`, `forget`, `reset` and `keys`
look for the socket beside the store (where it lies elsewhere, a link to it is there), then for
`/run/franking/franking.sock`, and ask the engine of this store alone; `FRANKING_SOCKET` names another one.

64 connections are served at once, 16 of one user; one more is told to come again (503).

## Requests

`own`: to what is the caller's. What a caller may not see is not said to be there (404). An administrator
who may not open a user's screen sees, cancels and pastes at that of [Acquire] all the same, and marks those
warnings as read that concern the device or wait for him.
"""
MORE = """
## Files

Who speaks for the device may name files by their paths, and hand them over (`handed_over`). Everybody else
sends them first, each by itself, and names them as `upload:NUMBER`: they are kept in memory for ten
minutes, up to 96 MB of all callers together, of one user 24 MB in 16 files, and are on no disk before the
job is.

A message that a program wrote is the body of `POST /messages`, streamed into the spool: a user brings his
own, any other user of the system the device's, or whose `[programs.senders]` say.
[sendmail.md](sendmail.md) tells how `franking-sendmail` asks for that, and what it does while no engine
answers.

## Settings

`PATCH /settings` changes what holds until the engine ends: the file is the caller's to write, as `franking
settings set` does. An administrator changes all but who controls the device, where its store lies, which
programs it runs and which files they fill (`[control]`, `[store]`, `[hooks]`, `[metrics]`, `[browser]
command`): by these he would have the rights of the engine's own user. `[control] group` holds from the next
start, and wants a folder that the group can reach: `$RUNTIME_DIRECTORY`, or `franking run --socket`.

## Answers

What was made is 201, what has nothing to say 204, all else 200. A job is durable when `POST /jobs` is
answered: with the connection lost before, it is not known whether it was taken, and a caller asks `GET
/jobs` before it submits it again. What goes wrong is a problem (RFC 9457): `type` is a code that does not
change, `detail` says cause and remedy in the device's language, `rules` every broken rule with its remedy
and who must act, `fields` every wrong field. 503 comes with `Retry-After`.

`/events` gives the facts as they are written down, a JSON object a line (`application/x-ndjson`), and goes
on: with the `sequence` of the last line as `after` nothing is missed and nothing comes twice. An empty line
comes every half minute.
"""


def control() -> str:
    rows = [
        [code(f"{each.method} {each.path}"), sentence(each), *roles(each).values()] for each in OPERATIONS
    ]
    return "\n".join([INTRODUCTION, table(HEADS, rows), MORE.strip()]) + "\n"


def sentence(operation: Operation) -> str:
    asked = "; ".join(f"`{name}`: {meaning}" for name, meaning in operation.query)
    return operation.does + (f" ({asked})" if asked else "")
