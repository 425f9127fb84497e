"""The blocks of docs/recipes.md at work: an engine with its listener, in clear and with TLS, set up by the
blocks of the page, and a folder in the place of the root of the system.

Rule: what a program is given stands on the page. In the place of ports, of the other machine's name and of
the root folder stands what `Recipes.here` names.
"""

import asyncio
import re
import ssl
import subprocess
import tomllib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import trustme

from franking.engine.clock import SystemClock
from franking.engine.engine import Engine
from franking.engine.passwords import hashed
from franking.engine.programs.listener import serve
from franking.engine.secret import Secret
from franking.engine.settings import Settings
from franking.testing.authority import client_context
from franking.testing.kit import Kit
from franking.testing.mailbox import Delivered
from franking.testing.screen import PersonAtTheScreen
from franking.tests.documents.blocks import DOCS, Block, Command, blocks, commands
from franking.tests.documents.go_mail import Network
from franking.tests.engine.cli.conftest import ADMINISTRATOR, KIM, PASSWORD, Servers
from franking.tests.engine.device import credential

PAGE = DOCS / "recipes.md"
SETTINGS = "/etc/franking/franking.toml"
CLEAR, ELSEWHERE = ("127.0.0.1", 2525), "franking.example.com"
IMPLICIT_TLS, STARTTLS = (ELSEWHERE, 465), (ELSEWHERE, 587)
SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
CLIENT = re.compile(r"franking password --client (\S+)")
PATIENCE_S = 60
LOGINS: Mapping[str, str] = MappingProxyType({"administrator": ADMINISTRATOR, "kim": KIM})


def sections() -> Mapping[str, list[Block]]:
    """The blocks of the page, by their headings."""
    text = PAGE.read_text(encoding="utf-8")
    headings = [(text[: each.start()].count("\n") + 1, each[1]) for each in SECTION.finditer(text)]
    found: dict[str, list[Block]] = {heading: [] for _, heading in headings}
    for block in blocks(PAGE):
        found[next(name for line, name in reversed(headings) if line < block.line)].append(block)
    return found


def united(one: Mapping[str, object], other: Mapping[str, object]) -> dict[str, object]:
    """Tables of one TOML file that stand in two blocks."""
    both = {**one, **other}
    for key in one.keys() & other.keys():
        first, second = one[key], other[key]
        assert isinstance(first, dict), f"{key} stands on the page twice"
        assert isinstance(second, dict), f"{key} stands on the page twice"
        both[key] = united(first, second)
    return both


def programs() -> dict[str, object]:
    """`[programs]`, as a reader has it who takes over every recipe."""
    whole: dict[str, object] = {}
    for block in blocks(PAGE):
        if block.title == SETTINGS:
            whole = united(whole, tomllib.loads(block.text))
    assert list(whole) == ["programs"]
    found = whole["programs"]
    assert isinstance(found, dict)
    return found


def clients() -> Mapping[str, str]:
    """Those who get a password on the page, with the place of its hash."""
    named = programs()["clients"]
    assert isinstance(named, dict)
    commanded = [name for block in blocks(PAGE) for name in CLIENT.findall(block.text)]
    assert sorted(commanded) == sorted(named)
    return {name: client["password"] for name, client in named.items()}


def password_of(client: str) -> str:
    return f"the password of {client}"


@dataclass(slots=True)
class Recipes:
    kit: Kit
    servers: Servers
    engine: Engine
    root: Path
    "In the place of the root folder."
    clear: int
    encrypted: int
    "Ports, in clear with STARTTLS, and with TLS from the first octet."
    trust: ssl.SSLContext

    @property
    def network(self) -> Network:
        return Network({CLEAR: self.clear, STARTTLS: self.clear, IMPLICIT_TLS: self.encrypted}, self.trust)

    def here(self, text: str) -> str:
        """What stands on the page, with what stands for it here."""
        there = {
            f"{ELSEWHERE}:{IMPLICIT_TLS[1]}": f"127.0.0.1:{self.encrypted}",
            str(CLEAR[1]): str(self.clear),
        }
        for each, instead in there.items():
            text = text.replace(each, instead)
        return self.rooted(text)

    def rooted(self, text: str) -> str:
        return re.sub(r"(?<![\w.])/etc/", f"{self.root}/etc/", text)

    def file(self, block: Block, home: str = "/root") -> Path:
        """Where the page says that it lies, as it stands there."""
        assert block.title
        path = self.root / block.title.replace("~", home).lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.here(block.text), encoding="utf-8")
        path.chmod(0o600)
        return path

    def secret(self, client: str) -> None:
        """The file in which a program of the page reads its password."""
        path = self.root / "etc" / client / "franking-password"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{password_of(client)}\n")

    def run(
        self, command: Command, typed: str = "", folder: Path | None = None, **environment: str
    ) -> "subprocess.CompletedProcess[str]":
        """By the shell, as a reader does; `typed`: what is said on standard input."""
        return self.shell(self.here(command.line), typed, folder, **environment)

    def shell(
        self, line: str, typed: str = "", folder: Path | None = None, **environment: str
    ) -> "subprocess.CompletedProcess[str]":
        place = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(self.root / "root"), "LC_ALL": "C.UTF-8"}
        (self.root / "root").mkdir(parents=True, exist_ok=True)
        return subprocess.run(  # noqa: S603 - of the page
            ["/bin/sh", "-c", line],
            cwd=folder or self.root,
            env={**place, **environment},
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )

    def arrives(self) -> "Arrives":
        return Arrives(self)


class Arrives:
    """The one message that arrives in a block, once the block has ended."""

    one: Delivered

    def __init__(self, recipes: Recipes) -> None:
        self.recipes, self.before = recipes, len(recipes.kit.mailbox.messages)

    def __enter__(self) -> "Arrives":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            mailbox = self.recipes.kit.mailbox
            self.recipes.servers.run(mailbox.wait_for(self.before + 1))
            (self.one,) = mailbox.messages[self.before :]

    def came_from(self, address: str, *recipients: str) -> None:
        """From that mailbox, with its From, to whom the page names, or to these."""
        assert (self.one.envelope.account, self.one.mail_from) == (address, address)
        assert self.one.rcpt_tos == (recipients or ("office@example.com",))
        (writer,) = self.one.message()["From"].addresses
        assert writer.addr_spec == address

    def text(self) -> str:
        body = self.one.message().get_body(("html", "plain"))
        assert body is not None
        content = body.get_content()
        assert isinstance(content, str)
        return content


def command_of(block: Block) -> Command:
    (command,) = commands(block)
    return command


@asynccontextmanager
async def at_work(folder: Path, servers: Servers) -> AsyncIterator[Recipes]:
    """kim and the administrator have signed in, and each client has its password."""
    kit, authority = servers.kit, trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "programs-ca.pem"))
    shown = authority.issue_cert(ELSEWHERE).private_key_and_cert_chain_pem
    credential(folder / "store", "programs", shown.bytes().decode())
    settings = Settings().changed(
        administrator={"address": ADMINISTRATOR},
        from_address={"setting": "Login User Address"},
        oauth={
            "enabled": True,
            "client_id": kit.microsoft.client_id,
            "tenant": kit.microsoft.tenant,
            "authority": kit.microsoft.base,
        },
        programs=programs(),
        smtp={"server": "localhost", "port": kit.submissions["microsoft"].port},
        store={"path": folder / "store"},
        tls={"trust": kit.ca_file},
        users={"kim": KIM},
    )
    screen = PersonAtTheScreen(kit.person(), dict.fromkeys(LOGINS.values(), PASSWORD))
    async with Engine.open(settings, clock=SystemClock(), screen=screen) as engine:
        for client, place in clients().items():
            await engine.keep_secret(place.removeprefix("vault:"), hashed(Secret(password_of(client))))
        await engine.log_in("panel", "kim")
        await asyncio.gather(engine.acquire("page"), engine.sign_in("panel", "kim"))
        await engine.settle()
        async with serve(engine) as clear, serve(engine, implicit_tls=True) as encrypted:
            trust = client_context(folder / "programs-ca.pem")
            yield Recipes(kit, servers, engine, folder / "system", clear.port, encrypted.port, trust)
