"""Where the blocks of a document are run: a device with its provider and mail server on loopback, a person
who signs in, and a system that takes what would be installed into it.

Rule: a command is run as it stands in the document. What is put in its place is named in a table here, and is
an address or an id of this machine; what would change the system is looked at instead.
"""

import io
import os
import re
import shlex
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from contextlib import ExitStack, chdir
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import pytest
from packaging.requirements import Requirement

from franking.engine.cli.demo.stage import ADMINISTRATOR as DEMONSTRATED
from franking.engine.cli.demo.stage import PASSWORDS
from franking.engine.control.place import socket_of
from franking.engine.settings import Settings
from franking.testing.person import Person
from franking.tests.documents.blocks import ROOT, Block, Command, commands
from franking.tests.engine.cli.conftest import ADMINISTRATOR, Device
from franking.tests.engine.cli.service import service
from franking.tests.engine.cli.test_leaving import Answers

NUMBER = re.compile(r"\d+(\.\d+)?")
"What is measured differs from run to run."
ANYTHING = "..."
SCAN = b"%PDF-1.7 a scan"
PORT = "0"
"Any that is free."
PATIENCE_S = 60
LASTS = ("franking", "demo", "--interactive")


@dataclass(slots=True)
class Stage:
    device: Device
    answers: Answers
    patch: pytest.MonkeyPatch
    open: ExitStack
    "What goes on beside the commands until the document ends."
    instead: dict[str, str] = field(default_factory=dict)
    "What stands in a document, and what stands for it here."

    @property
    def folder(self) -> Path:
        return self.device.folder

    @property
    def system(self) -> Path:
        """Takes the place of the root folder."""
        return self.folder / "system"

    # Blocks

    def run(self, block: Block) -> None:
        """Raises KeyError for a language that nobody runs."""
        if block.title:
            target = self.folder / block.title
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text, encoding="utf-8")
        else:
            LANGUAGES[block.language](self, block)

    def console(self, block: Block) -> None:
        for command in commands(block):
            printed = self.command(command)
            assert shown(command, printed), f"{block}: {command.line}\n{printed}"

    def makes(self, block: Block) -> None:
        """Targets of the Makefile, a line each; what they do stands behind two spaces."""
        for line in block.text.splitlines():
            self.command(Command(line.partition("  ")[0], ()))

    def python(self, block: Block) -> None:
        self.process(sys.executable, "-c", block.text)

    def settings(self, block: Block) -> None:
        path = self.folder / "block.toml"
        path.write_text(block.text, encoding="utf-8")
        Settings.load(path)

    # Commands

    def command(self, command: Command) -> str:
        """What it printed. Raises KeyError for a program that nobody runs."""
        line = command.line
        for there, here in self.instead.items():
            line = line.replace(there, here)
        program, *arguments = shlex.split(line.replace("\\\n", " "))
        return self.program(program, arguments)

    def program(self, name: str, arguments: list[str]) -> str:
        """The same of one that was taken apart."""
        return PROGRAMS[name](self, arguments)

    def franking(self, arguments: list[str]) -> str:
        if tuple(("franking", *arguments)[: len(LASTS)]) == LASTS:
            return self.demonstration(arguments)
        if arguments[0] == "run":
            return self.serve_for_a_moment(arguments[1:])
        if arguments[0] == "init" and "--steps" not in arguments:
            arguments = [*arguments, "--from", str(self.maker())]
        if arguments[0] in ANSWERS:
            self.answers.say(*ANSWERS[arguments[0]](self))
        if arguments[0] in SECRETS:
            self.patch.setattr(sys, "stdin", io.StringIO(f"{SECRETS[arguments[0]]}\n"))
        with chdir(self.folder):
            ended = self.device.franking(*arguments)
        assert ended.code == 0, f"franking {' '.join(arguments)}: {ended.code}\n{ended.out}\n{ended.err}"
        return ended.out

    def demonstration(self, arguments: list[str]) -> str:
        """Its servers go on until the document ends."""
        process = self.open.enter_context(self.device.start(*arguments))
        assert process.stdout is not None
        next(line for line in process.stdout if "Sign in as" in line)
        return ""

    def serve_for_a_moment(self, arguments: list[str]) -> str:
        """A service goes on until it is told to end; the next command need not know of it."""
        with service(self.device, *(PORT if each.isdecimal() else each for each in arguments)) as running:
            assert running.ended(signal.SIGTERM) == 0
        return ""

    def maker(self) -> Path:
        """What a maker's file says of the provider, so that `init` asks for the rest."""
        path = self.folder / "maker.toml"
        kept = ("oauth", "tls", "smtp", "store")
        lines = []
        for section in kept:
            values = {
                key: value for key, value in self.device.settings[section].items() if key != "client_id"
            }
            lines += [f"[{section}]", *(f"{key} = {literal(value)}" for key, value in values.items())]
        path.write_text("\n".join(['[oauth]\nprovider = "Microsoft"', *lines[1:]]) + "\n", encoding="utf-8")
        return path

    def process(self, *command: object) -> str:
        done = subprocess.run(  # noqa: S603 - of the documents
            [*map(str, command)],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
            env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        )
        assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    # People

    def browse(self, address: str) -> bool:
        """Whoever sits at the browser that `--browser` opens, at the demonstration's provider, too."""
        if address.startswith(self.device.kit.microsoft.base):
            return self.device.browse(address)
        person = Person(self.folder / "try" / "kit" / "ca.pem")
        visit = person.sign_in(address, DEMONSTRATED, PASSWORDS[DEMONSTRATED])
        self.device.visits.append(self.device.servers.begin(visit))
        return True

    def acquire(self) -> None:
        assert self.device.acquire().code == 0

    def serve(self) -> None:
        """An engine runs as a service, and its socket lies where the documents say."""
        self.open.enter_context(service(self.device))
        self.instead["/run/franking/franking.sock"] = str(socket_of(self.device.store, {}))


def shown(command: Command, printed: str) -> bool:
    """What the document shows is what came, but for numbers and what it leaves out."""
    if not command.printed:
        return True
    wanted = re.escape(NUMBER.sub("0", "\n".join(command.printed).strip())).replace(re.escape(ANYTHING), ".*")
    return re.fullmatch(wanted, NUMBER.sub("0", printed.strip()), re.DOTALL) is not None


def literal(value: object) -> str:
    return str(value).lower() if isinstance(value, bool | int) else f'"{value}"'


# Programs


def curl(stage: Stage, arguments: list[str]) -> str:
    return stage.process("curl", "--fail", "--silent", "--show-error", *arguments)


def make(stage: Stage, arguments: list[str]) -> str:
    """What it would do: it does that in other tests, or takes long."""
    stage.process("make", "--dry-run", "--directory", ROOT, *arguments)
    return ""


def pip(stage: Stage, arguments: list[str]) -> str:
    """There is such an extra."""
    action, wanted = arguments
    requirement = Requirement(wanted)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (action, requirement.name) == ("install", project["name"])
    assert requirement.extras <= project["optional-dependencies"].keys()
    return ""


def python(stage: Stage, arguments: list[str]) -> str:
    return stage.process(sys.executable, *arguments)


def mkdocs(stage: Stage, arguments: list[str]) -> str:
    return stage.process(sys.executable, "-m", "mkdocs", *arguments)


def cp(stage: Stage, arguments: list[str]) -> str:
    """Into a system of its own."""
    source, target = arguments
    place = stage.system / target.lstrip("/")
    place = place / Path(source).name if target.endswith("/") else place
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes((ROOT / source).read_bytes())
    return ""


def sysusers(stage: Stage, arguments: list[str]) -> str:
    assert list((stage.system / "usr/lib/sysusers.d").glob("*.conf"))
    return ""


def systemctl(stage: Stage, arguments: list[str]) -> str:
    assert (stage.system / f"etc/systemd/system/{arguments[-1]}.service").is_file()
    return ""


def export(stage: Stage, arguments: list[str]) -> str:
    name, _, value = arguments[0].partition("=")
    if name == "PATH":  # where the program is, the tests know
        assert value.startswith("$PWD/.venv/bin:")
    else:
        stage.patch.setenv(name, value)
    return ""


def unset(stage: Stage, arguments: list[str]) -> str:
    stage.patch.delenv(arguments[0])
    return ""


PROGRAMS: Mapping[str, Callable[[Stage, list[str]], str]] = MappingProxyType({
    "cp": cp,
    "curl": curl,
    "export": export,
    "franking": Stage.franking,
    "make": make,
    "mkdocs": mkdocs,
    "pip": pip,
    "python": python,
    "systemctl": systemctl,
    "systemd-sysusers": sysusers,
    "unset": unset,
})  # fmt: skip

ANSWERS: Mapping[str, Callable[[Stage], tuple[str, ...]]] = MappingProxyType({
    "delete": lambda stage: ("y",),
    "forget": lambda stage: ("y",),
    "init": lambda stage: (ADMINISTRATOR, stage.device.kit.microsoft.client_id),
    "provision": lambda stage: ("y",),
    "reset": lambda stage: ("y", "y"),
})  # fmt: skip
"What a person types who is asked."
SECRETS = MappingProxyType({"password": "correct horse battery", "secret": "correct horse battery"})
"What comes on standard input, for a terminal would not show it."

LANGUAGES: Mapping[str, Callable[[Stage, Block], None]] = MappingProxyType({
    "": Stage.makes,
    "console": Stage.console,
    "python": Stage.python,
    "toml": Stage.settings,
})  # fmt: skip
"What has no title is run by itself."
