"""`franking-sendmail`: what programs call as `sendmail`, for an engine that runs on this machine (B13).

It hands the message over by the control socket, and where no engine answers it leaves it in the drop folder.
The exit code says what became of it (sysexits.h): 0 only where it is kept durably.

Rule: it is started once for each message, so it imports nothing but the standard library's smallest parts.
"""

import os
import sys
from collections.abc import Sequence

from . import handing, places
from .options import HELP, Options, UsageError, parsed
from .outgoing import Outgoing, from_line, has_from, read

USAGE, DATA, NO_USER, UNAVAILABLE, SOFTWARE, TEMPORARY, NO_PERMISSION, CONFIG = 64, 65, 67, 69, 70, 75, 77, 78
CODES = {
    "not-allowed": NO_PERMISSION,
    "not-taken": NO_PERMISSION,
    "no-such-recipient": NO_USER,
    "no-such-writer": DATA,
    "message-unfit": DATA,
    "too-large": DATA,
    "unencodable": DATA,
    "wrong-fields": USAGE,
    "fault": SOFTWARE,
}
"By the code of a problem that stays one; whatever is not here is a matter of the settings."
LATER = frozenset({503, 507})
"Statuses of what may be taken later."
BY_RULE = {"S17-from": DATA, "S33-recipients": USAGE, "S33-many": DATA, "S33-size": DATA}
"By the code of a rule that the message itself breaks."
ADMINISTRATOR_ACTS = "the administrator of this machine must act"


class Ends(Exception):
    """With this exit code, and a sentence for people: what, remedy, who."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code; `arguments` are those of the process where none are given."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    name = os.path.basename(sys.argv[0]) if arguments is None else ""
    try:
        options = parsed(["-bp", *given] if name == "mailq" else given)
        return done(options)
    except UsageError as error:
        code, text = USAGE, str(error)
    except Ends as end:
        code, text = end.code, str(end)
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        code, text = TEMPORARY, f"the message cannot be read: {error.strerror}"
    except Exception as error:  # noqa: BLE001 - the outermost boundary
        code, text = SOFTWARE, f"a fault of the program: {type(error).__name__}"
    sys.stderr.write(f"sendmail: {text}\n")
    return code


def done(options: Options) -> int:
    """Raises Ends, OSError."""
    match options.mode:
        case "help":
            sys.stdout.write(HELP)
        case "queue":
            from .queue import shown

            sys.stdout.write(shown(places.sockets(os.environ)))
        case "run":
            pass  # the engine sends by itself
        case _:
            send(options)
    return 0


def send(options: Options) -> None:
    """Raises Ends, OSError."""
    message = read(0, until_dot=not options.dots)
    added = 0
    if message.begin.startswith(b"From "):  # a mailbox file's line, which is no part of the message
        message.drop_first_line()
        added -= 1
    login, full = me()
    if not has_from(message.begin):
        line = from_line(options.name or full, options.sender or login)
        message.put_before(line)
        added += line.count(b"\n")
    mark = os.urandom(16).hex()
    query = handing.query_of(
        {
            "from": login if options.sender is None else options.sender,
            "to": ",".join(options.recipients),
            "headers": "1" if options.of_header else "",
            "notify": options.notify,
            "envid": options.envelope_id,
            "ret": options.returns,
            "mark": mark,
            "added": str(added or ""),
        }
    )
    why: list[str] = []
    for path in places.sockets(os.environ):
        try:
            said = asked(path, query, message)
        except handing.Cut as error:  # it may have it: no other engine may get it, too
            why = [f"the engine at {path} ended before it answered ({error.strerror or error})"]
            kept(path, mark, query, message, why)
            return told(options, f"kept for the engine at {path}")
        except OSError as error:
            why.append(f"{path}: {error.strerror or error}")
            continue
        if said is None:
            kept(
                path, mark, query, message, [f"the engine at {path} takes it from the drop folder alone now"]
            )
            return told(options, f"kept for the engine at {path}")
        return told(options, said)
    dropped(mark, query, message, why)
    return told(options, "kept until an engine runs")


def me() -> tuple[str, str]:
    """Login name and full name of who runs this."""
    import pwd

    try:
        found = pwd.getpwuid(os.getuid())
    except KeyError:
        return f"#{os.getuid()}", ""
    full = found.pw_gecos.partition(",")[0].replace("&", found.pw_name.capitalize())
    return found.pw_name, "".join(each for each in full if each.isprintable()).strip()


def told(options: Options, text: str) -> None:
    if options.verbose:
        sys.stderr.write(f"sendmail: {text}\n")


def asked(path: str, query: str, message: Outgoing) -> str | None:
    """What the engine said; None: not now. Raises Ends, Cut, OSError."""
    target = f"/messages?{query}"
    if len(target) > handing.HEAD_MOST:
        return None
    answer = handing.ask(path, "POST", target, message)
    if answer.status == 201:
        return "the engine has it"
    if answer.status in LATER:
        return None
    raise refused(answer)


def refused(answer: handing.Answer) -> Ends:
    import json

    try:
        problem = json.loads(answer.body)
        code, text = str(problem["type"]).rpartition(":")[2], str(problem["detail"])
        rules = [str(rule["code"]) for rule in problem.get("rules", ())]
        fields = "".join(f"\n  {each['where']}: {each['wrong']}" for each in problem.get("fields", ()))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Ends(
            UNAVAILABLE, f"the engine answered {answer.status} and takes no messages; {ADMINISTRATOR_ACTS}"
        )
    if rules:
        return Ends(next((BY_RULE[rule] for rule in rules if rule in BY_RULE), CONFIG), text)
    return Ends(CODES.get(code, CONFIG), text + fields)


def kept(path: str, mark: str, query: str, message: Outgoing, why: list[str]) -> None:
    """In the folder of the engine with this socket. Raises Ends."""
    folder = places.drop_of(path, os.environ)
    try:
        handing.drop(folder, mark, query, message)
    except OSError as error:
        raise nowhere([*why, f"{folder}: {error.strerror or error}"]) from None


def dropped(mark: str, query: str, message: Outgoing, why: list[str]) -> None:
    """In the first folder that takes it. Raises Ends."""
    denied = False
    for folder in dict.fromkeys(places.drop_of(path, os.environ) for path in places.sockets(os.environ)):
        try:
            return handing.drop(folder, mark, query, message)
        except PermissionError as error:
            denied = True
            why.append(f"{folder}: {error.strerror}")
        except OSError as error:
            why.append(f"{folder}: {error.strerror or error}")
    raise not_a_member(why) if denied else nowhere(why)


def nowhere(why: list[str]) -> Ends:
    """Why each of the places did not take it."""
    return Ends(
        TEMPORARY,
        f"the message is not kept anywhere: {'; '.join(why)}. Start the engine (systemctl start franking), "
        f"or set {places.NAMED} and {places.DROP_NAMED}; {ADMINISTRATOR_ACTS}",
    )


def not_a_member(why: list[str]) -> Ends:
    return Ends(
        NO_PERMISSION,
        f"{me()[0]} may not send by this machine's engine: {'; '.join(why)}. Make this user a member of the "
        f"group that `[control] group` names; {ADMINISTRATOR_ACTS}",
    )


if __name__ == "__main__":
    sys.exit(main())
