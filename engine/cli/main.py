"""`franking` on the command line: starts the command, and turns whatever goes wrong into one message and an
exit code.

Rule: nobody ever sees a traceback, and what a command needs is imported when it runs.
"""

import sys
from collections.abc import Sequence

from .exits import Exit, Judged

LIBRARIES = frozenset({"typer", "rich"})
WITHOUT_LIBRARIES = "the command line needs two more libraries: pip install 'franking[cli]'"
LIBRARY_CODES = {1: Exit.IO, 2: Exit.USAGE}
"How typer ends where the reader of the output has gone, and on a wrong command line."


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code; `arguments` are those of the process where none are given."""
    try:
        from .app import command
        from .ending import told
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in LIBRARIES:
            raise
        sys.stderr.write(f"franking: {WITHOUT_LIBRARIES}\n")
        return Exit.UNAVAILABLE
    try:
        command()(args=list(sys.argv[1:] if arguments is None else arguments), prog_name="franking")
    except Judged as judged:
        return int(str(judged.code))
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else Exit.OK
        return LIBRARY_CODES.get(code, code)
    except Exception as error:  # noqa: BLE001 - the outermost boundary: what is unknown is told as a fault
        return told(error)
    return Exit.OK


if __name__ == "__main__":
    sys.exit(main())
