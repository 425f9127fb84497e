"""The command line of `franking-sendmail`, as sendmail(1) has it for programs that send.

Rule: what changes nothing here is taken without a word, for programs give it out of habit; what would have to
be done and cannot is said.
"""

from collections.abc import Sequence
from typing import NamedTuple

FLAGS = "GUimntvs"
VALUED = "ABCDFLNOQRVXdfhopr"
"Options with a value, attached or as the next word."
NOTIFY = frozenset({"success", "failure", "delay"})
MODES = {"m": "", "p": "queue"}
CANNOT = {
    "s": "it speaks no SMTP on its standard input: let the program use `franking run --listen`",
    "d": "it is no server: `franking run --listen` is one",
    "D": "it is no server: `franking run --listen` is one",
    "i": "there is no alias database: names are in [programs.recipients] of the settings",
    "v": "it cannot try addresses: send a message",
    "t": "it has no test mode",
}
HELP = """\
usage: sendmail [options] [recipient ...]   (franking-sendmail)

Hands the message on its standard input to the engine of this machine, or keeps it until one runs.

  -t              recipients stand in To, Cc and Bcc, too
  -i, -oi         a line with a dot alone does not end the message
  -f ADDRESS, -r  whom it is from (MAIL FROM); also the From, where the message has none
  -F NAME         full name for a From that is missing
  -N WHEN         notices: success,failure,delay or never
  -R full|hdrs    how much of the message comes back with them
  -V ENVID        what the message is called in them
  -v              says what became of it
  -bp             shows what waits (mailq)
  -q              nothing: the engine sends by itself
  -bm, -B TYPE, -o..., -O..., -G, -U, -m, -n   are taken, and change nothing

It ends with 0 where the message is kept durably, 64 wrong options, 65 refused, 67 unknown recipient,
69 no such service, 70 a fault, 75 kept nowhere: try again, 77 not this user's right, 78 wrong settings.
FRANKING_SOCKET and FRANKING_DROP name another engine's socket and drop folder.
"""


class UsageError(Exception):
    """The command line is wrong."""


class Options(NamedTuple):
    mode: str = ""
    "Empty: sends; else `help`, `queue` or `run`."
    of_header: bool = False
    dots: bool = False
    "A lone one does not end the message."
    sender: str | None = None
    "None: who runs it."
    name: str = ""
    notify: str = ""
    envelope_id: str = ""
    returns: str = ""
    verbose: bool = False
    recipients: tuple[str, ...] = ()


def parsed(arguments: Sequence[str]) -> Options:
    """Raises UsageError."""
    found, named, left = Options(), list[str](), list(arguments)
    while left:
        word = left.pop(0)
        if word in ("-h", "--help", "-help"):
            return Options(mode="help")
        if word == "--":
            named += left
            break
        if len(word) < 2 or not word.startswith("-"):
            named.append(word)
            continue
        found = taken(found, word[1:], left)
    recipients = tuple(each for word in named for each in addresses(word))
    if not found.mode and not recipients and not found.of_header:
        raise UsageError("nobody is named as recipient: give addresses, or -t for those of the message")
    return found._replace(recipients=recipients)


def taken(found: Options, word: str, left: list[str]) -> Options:
    """`word`: options without their dash; `left`: the words behind. Raises UsageError."""
    while word:
        letter, word = word[0], word[1:]
        if letter == "b":
            return in_mode(found, word or (left.pop(0) if left else ""))
        if letter == "q":
            return found._replace(mode=found.mode or "run")
        if letter in FLAGS:
            found = flagged(found, letter)
            continue
        if letter not in VALUED:
            raise UsageError(f"there is no option -{letter}; `sendmail --help` shows those that there are")
        value = word
        if not word:
            if not left:
                raise UsageError(f"-{letter} needs a value behind it")
            value = left.pop(0)
        return valued(found, letter, value)
    return found


def flagged(found: Options, letter: str) -> Options:
    match letter:
        case "i":
            return found._replace(dots=True)
        case "t":
            return found._replace(of_header=True)
        case "v":
            return found._replace(verbose=True)
        case _:
            return found


def in_mode(found: Options, mode: str) -> Options:
    """Raises UsageError."""
    if mode in MODES:
        return found._replace(mode=MODES[mode])
    raise UsageError(f"-b{mode}: {CANNOT.get(mode, 'there is no such mode')}")


def valued(found: Options, letter: str, value: str) -> Options:
    """Raises UsageError."""
    match letter:
        case "f" | "r":
            return found._replace(sender=bare(in_one_line(f"-{letter}", value)))
        case "F":
            return found._replace(name="".join(each for each in value if each.isprintable()).strip())
        case "N":
            return found._replace(notify=notices(value))
        case "V":
            return found._replace(envelope_id=in_one_line("-V", value))
        case "o" if value == "i":
            return found._replace(dots=True)
        case "O" if value.lower() == "ignoredots":
            return found._replace(dots=True)
        case "R":
            return found._replace(returns=returned(value))
        case _:
            return found


def notices(value: str) -> str:
    """Raises UsageError."""
    wanted = [each.strip() for each in value.lower().split(",") if each.strip()]
    if not wanted or (wanted != ["never"] and not NOTIFY.issuperset(wanted)):
        raise UsageError(
            f"-N takes success, failure and delay with commas between, or never, and not {value}"
        )
    return ",".join(wanted)


def returned(value: str) -> str:
    """Raises UsageError."""
    if value.lower() not in ("full", "hdrs"):
        raise UsageError(f"-R takes full or hdrs, and not {value}")
    return value.lower()


def in_one_line(option: str, value: str) -> str:
    """No line end brings a header field or a command of its own. Raises UsageError."""
    if not value.isprintable():
        raise UsageError(f"{option} {value!r} is not printable: give one line of printable characters")
    return value


def addresses(word: str) -> list[str]:
    """Raises UsageError."""
    in_one_line("recipient", word)
    return [bare(each) for each in word.split(",") if each.strip()]


def bare(address: str) -> str:
    """Without a name, and without angle brackets."""
    inner = address.rpartition("<")[2].partition(">")[0] if "<" in address else address
    return inner.strip()
