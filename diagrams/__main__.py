"""`python -m franking.diagrams [--check]`: writes `drawn/` and `docs/`, or says which files are stale (exit
code 1).
"""

import argparse
import sys
from pathlib import Path

from . import stale, write


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m franking.diagrams", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if a file is stale")
    parser.add_argument("folder", nargs="?", type=Path)
    given = parser.parse_args(arguments)
    if given.check:
        wrong = stale(given.folder)
        for path in wrong:
            print(f"{path} is stale: run `franking diagrams`", file=sys.stderr)
        return 1 if wrong else 0
    for path in write(given.folder):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
