"""A device in an office: engine, provider, submission server, clock and the people, for tests of the whole.

    async with office(tmp_path) as here, here.engine() as engine:
        await here.acquire(engine)

Rule: everything is real but time, which a virtual clock tells to engine and servers alike; a test moves it
with `pass_time` and waits with `settle`, never by the system's clock.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from franking.engine.clock import Clock
from franking.engine.engine import Engine
from franking.engine.journal import entry
from franking.engine.refusal import Refused
from franking.engine.secret import Secret
from franking.engine.settings import Settings
from franking.engine.status import IdentityStatus
from franking.engine.submitting import Receipt
from franking.events.base import Event
from franking.events.request import EmailNotification, ScanToEmail
from franking.machines.rules import Rule
from franking.machines.session import LOGGED_IN, SESSION
from franking.testing.clock import VirtualClock
from franking.testing.grants import Books, Grant
from franking.testing.kit import Kit, playing
from franking.testing.provider import ProviderServer
from franking.testing.screen import PersonAtTheScreen
from franking.testing.submission import SubmissionServer
from franking.testing.travel import pass_time
from franking.tests.living import living

START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
PRINTER, KIM, LEE, BOSS = "printer@example.com", "kim@example.com", "lee@example.com", "boss@example.com"
PASSWORDS = {address: f"pass-{address}" for address in (PRINTER, KIM, LEE, BOSS)}
OFFICE = "office@example.com"
PAGES = b"%PDF-1.7\r\n.a page\r\n..another\n" * 600
"More than lies in the store itself: a file of the spool."


@dataclass(slots=True)
class Office:
    folder: Path
    clock: Clock
    kit: Kit
    screen: PersonAtTheScreen
    settings: Settings

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def provider(self) -> ProviderServer:
        return self.kit.providers[self.settings.oauth.provider.lower()]

    @property
    def server(self) -> SubmissionServer:
        return self.kit.submissions[self.settings.oauth.provider.lower()]

    @property
    def refreshes(self) -> int:
        """Refresh requests that reached the provider."""
        return self.provider.count("token:refresh_token")

    @property
    def visits(self) -> list[str]:
        """The places where a sign-in screen was opened so far."""
        return [place for place, _ in self.screen.opened]

    @asynccontextmanager
    async def engine(self, *, rules: tuple[Rule, ...] = (), **sections: object) -> AsyncIterator[Engine]:
        """Power on with these settings, until the block ends. The store stays."""
        settings = self.settings.changed(**sections)
        async with Engine.open(settings, clock=self.clock, screen=self.screen, rules=rules) as engine:
            await engine.settle()
            yield engine

    async def passes(self, engine: Engine, **duration: float) -> None:
        """For a virtual clock: `passes(engine, hours=2)`."""
        assert isinstance(self.clock, VirtualClock)
        await pass_time(engine, self.clock, **duration)

    async def acquire(self, engine: Engine) -> None:
        await engine.acquire("page")
        await engine.settle()
        assert refresh_token(engine, "administrator") == "Acquired"

    async def sign_in(self, engine: Engine, user: str = "kim", place: str = "panel") -> None:
        """Logs the user in at the place, too."""
        await engine.log_in(place, user)
        await engine.sign_in(place, user)
        await engine.settle()
        assert refresh_token(engine, user) == "Acquired"

    async def scan(
        self, engine: Engine, user: str = "kim", place: str | None = None, to: tuple[str, ...] = (OFFICE,)
    ) -> Receipt:
        path = self.folder / "scan.pdf"
        path.write_bytes(PAGES)
        return await engine.submit(ScanToEmail(user=user, to=to, files=(path,)), place)

    async def notice(self, engine: Engine, event: str = "Toner is low") -> Receipt:
        """What the device sends by itself, as administrator."""
        return await engine.submit(EmailNotification(to=(OFFICE,), event=event))

    async def refusal(self, engine: Engine, user: str = "kim") -> Refused:
        """A scan that is refused at once, of which nothing is spooled."""
        before = self.spooled()
        try:
            await self.scan(engine, user)
        except Refused as refused:
            assert self.spooled() == before
            return refused
        raise AssertionError("the job was accepted")

    def kept(self, engine: Engine, job: int) -> list[bytes]:
        """The files of a job, as they would be sent."""
        row = engine.store.job(job)
        assert row is not None
        found = []
        for content in engine.scans.contents(row):
            with closing(content.open()) as opened:
                found.append(b"".join(opened.pieces()))
        return found

    def spooled(self) -> list[str]:
        """Files in the spool, as `job/number`."""
        folder = self.store / "spool"
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@asynccontextmanager
async def office(
    folder: Path, provider: str = "Microsoft", clock: Clock | None = None, **sections: object
) -> AsyncIterator[Office]:
    """OAuth is ON, a user's mail goes out with his own address, nobody has signed in, and no mail is sent
    about mail: test_reports.py turns that on.
    """
    now = clock or VirtualClock(START)
    async with playing(now, folder / "kit", [provider.lower()]) as kit:
        for address, password in PASSWORDS.items():
            kit.add_account(address, password)
        server, submission = kit.providers[provider.lower()], kit.submissions[provider.lower()]
        oauth: dict[str, object] = {
            "enabled": True,
            "provider": provider,
            "client_id": server.client_id,
            "authority": server.base,
        }
        if server.client_secret:
            credential(folder / "store", "client", server.client_secret)
            oauth["client_credential"] = "credential:client"
        settings = Settings().changed(
            administrator={"address": PRINTER},
            from_address={"setting": "Login User Address"},
            oauth=oauth,
            http={"version": "HTTP/2,HTTP/1.1"},
            smtp={"server": "localhost", "port": submission.port},
            store={"path": folder / "store"},
            tls={"trust": kit.ca_file},
            reports={"by_mail": False},
            users={"kim": KIM, "lee": LEE},
        )
        screen = PersonAtTheScreen(kit.person(), PASSWORDS)
        yield Office(folder, now, kit, screen, settings.changed(**sections))


@asynccontextmanager
async def signed_in(folder: Path) -> AsyncIterator[tuple[Office, Engine]]:
    """kim's mail can go out."""
    async with office(folder) as here, here.engine() as engine:
        await here.sign_in(engine)
        yield here, engine


def credential(store: Path, name: str, value: str) -> None:
    """Where the administrator of a device puts a secret that a setting names."""
    folder = store / "credentials"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / name
    path.write_text(value)
    path.chmod(0o600)


def issued_tokens(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Fills with every access and refresh token that the playing providers issue from now on."""
    issued: list[str] = []
    issue_access, issue_refresh = Books.issue_access, Books.issue_refresh

    def access(books: Books, grant: Grant, scope: frozenset[str]) -> tuple[str, int]:
        token, life_s = issue_access(books, grant, scope)
        issued.append(token)
        return token, life_s

    def refresh(books: Books, grant: Grant) -> str:
        issued.append(issue_refresh(books, grant))
        return issued[-1]

    monkeypatch.setattr(Books, "issue_access", access)
    monkeypatch.setattr(Books, "issue_refresh", refresh)
    return issued


def secrets_in_memory() -> set[str]:
    """What every Secret of this process would reveal."""
    return {found.reveal() for found in living() if isinstance(found, Secret)}


def stands(engine: Engine, place: str) -> bool:
    """Somebody is logged in there."""
    return engine.runtime.instance(SESSION, place).state is LOGGED_IN


def identity(engine: Engine, login: str) -> IdentityStatus:
    return next(found for found in engine.status().identities if found.login == login)


def refresh_token(engine: Engine, login: str) -> str:
    """[Status] in [Refresh Tokens]."""
    return identity(engine, login).refresh_token


def access_token(engine: Engine, login: str) -> str:
    return identity(engine, login).access_token


def states(engine: Engine) -> list[str]:
    """Of every job, in the order in which they were submitted."""
    return [job.state for job in engine.status().jobs]


def warnings(engine: Engine) -> list[tuple[str, str]]:
    """What the [Information] screen shows: code and subject."""
    return [(warning.code.name, warning.subject) for warning in engine.information()]


def history(engine: Engine) -> list[Event]:
    """The journal, as far as the engine has come to it: a commit lies in the store for a moment before."""
    found = [entry(line) for line in engine.store.lines(0, 100_000)]
    reached = [each.event for each in found if each.sequence <= engine.runtime.sequence]
    return [event for event in reached if isinstance(event, Event)]


def said(engine: Engine, kind: type[Event]) -> int:
    """How often a fact stands in the journal."""
    return sum(isinstance(event, kind) for event in history(engine))


def sealed(engine: Engine, login: str) -> bytes:
    """The sealed refresh token as it lies in the store."""
    grant = engine.store.grant(identity(engine, login).identity)
    assert grant is not None
    return grant.sealed


def anywhere(folder: Path, octets: bytes) -> list[str]:
    """Files that hold these octets."""
    assert octets
    return [path.name for path in folder.rglob("*") if path.is_file() and octets in path.read_bytes()]
