"""What an engine is made of, put together. The parts know each other by what they are given here."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..events.base import Event
from ..events.device import Availability
from ..events.information import Info
from ..events.request import Request
from ..events.sign_in import SignInCancelled
from ..events.token import TokenDeleted
from ..machines.identity import same
from ..machines.message import Message
from ..machines.pace import Pace
from ..machines.rules import RULES, Look, Rule, Rules, Verdict, broken, too_large, unavailable
from ..machines.sign_in import SIGN_IN
from .activity import Activity
from .acts import Acts, World
from .acts import words as in_detail
from .adapters import Adapters
from .alarms import Alarms
from .boxes import Boxes
from .bus import Publication
from .clock import Clock
from .copied_jobs import CopiedJobs
from .credential_ends import CredentialLook
from .deeds import Deeds
from .dispatcher import Dispatcher
from .full_disk import FullDisk
from .holder import TokenHolder
from .journal import Journal
from .kept_secrets import KeptSecrets
from .known_time import KnownTime
from .left_alone import LeftAlone
from .limits import Limits
from .lost_grants import LostGrants
from .mailboxes import Mailboxes
from .metrics import Metrics
from .people import People
from .ports import Credentials, Directory, LeavesToBrowser, Screen, Trouble
from .records import JobRow, SealedGrant
from .refused_credential import RefusedCredential
from .reporting import Desk, Reporting
from .resealing import Resealing
from .retention import Retention
from .runtime import Runtime
from .saying import Saying
from .scans import Scans
from .scratch import Made, Scratch
from .screen.by_place import ByPlace
from .senders import Senders
from .sending import Sending, Way
from .server_back import ServerBack
from .settings import Settings
from .shown import LEEWAY, NOT_SET, SignInRequest
from .signals import Signals
from .signing_in import SigningIn, not_signed_in
from .spool_folders import Spool
from .status import Reader
from .store_port import Store
from .tokens import TokenKeeper
from .touches import Touches
from .waiting_jobs import WaitingJobs
from .words import Spoken, Words

if TYPE_CHECKING:
    from .oauth.providers import ProviderData
    from .screen.browser import BrowserScreen
    from .store.keys import Key


def prepared(request: Request, paths: Sequence[Path], scratch: Scratch) -> Sequence[Path | Made]:
    from .functions.prepare import prepare

    return prepare(request, paths, scratch)


class NoScreen(Spoken):
    """A sign-in was asked for, and this engine has nothing to show it on."""

    def __init__(self) -> None:
        super().__init__("error.no-screen")


class Parts:
    """Every part of an engine; `Engine` adds what people and programs do with them."""

    dispatches: type[Dispatcher] = Dispatcher

    def deeds_of(self) -> Deeds:
        """What performs each deed, with the adapters that it needs."""
        world = World(
            self.adapters.provider,
            lambda: broken(self.settings, Look.SIGN_IN, rules=self.rules),
            self.belongs,
            self.senders.void,
            self.senders.voided,
            self.adapters.revoker,
            self.senders.takes,
            self.shown,
            self.sign_in_request,
            lambda trouble: self.words.table(f"{trouble.meaning}.cause", trouble.cause, **trouble.fields),
        )
        acts = Acts(self.runtime, world, self.vault, self.mailboxes)
        way = Way(
            self.row_under_way,
            self.adapters.submission,
            lambda row, held: self.adapters.login(held, self.people.address(row.identity)),
            lambda: self.settings.oauth.enabled,
            self.voided,
            self.adapters.explain,
            lambda row: self.boxes.links_of(row, self.settings.box.keep),
            lambda row, links: self.adapters.envelope(row, self.scans.contents(row), links),
            self.adapters.unreadable,
            lambda: self.settings.smtp.give_up_after,
            self.signals.transferred,
        )
        self.reporting = self.reporting_of()
        self.sending = Sending(self.runtime, way, self.mailboxes, self.holder, self.spool)
        ServerBack(self.runtime, self.saying)
        self.signing_in = SigningIn(acts)
        waiting = WaitingJobs(self.runtime, lambda: self.settings.oauth)
        return Deeds(
            self.runtime,
            {
                **acts.performers(),
                **self.sending.performers(),
                **self.signing_in.performers(),
                **waiting.performers(),
                **self.boxes.performers(),
                **self.reporting.performers(),
            },
        )

    def reporting_of(self) -> Reporting:
        desk = Desk(
            lambda: self.settings,
            self.number,
            lambda message: bool(self.refuses(message, self.rules)),
            self.adapters.envelope,
            lambda: self.adapters.limits().server or "",
            lambda: self.reader,
        )
        return Reporting(self.runtime, self.people, self.senders, self.mailboxes, self.scans, desk)

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        store: Store,
        clock: Clock,
        key: "Key",
        screen: Screen | None,
        credentials: Credentials,
        directory: Directory | None,
        rules: tuple[Rule, ...],
        providers: Mapping[str, "ProviderData"],
        device: Callable[[], str],
    ) -> None:
        from .store.vault import Vault

        self.settings, self.folder, self.store, self.clock = settings, folder, store, clock
        self.given_screen, self.rules = screen, Rules((*RULES, *rules))
        self.rules_of_size = Rules((*(each for each in RULES if each.broken is too_large), *rules))
        "What is left to be looked at when a message is composed: the embedding program's may ask its size."
        self.activity, self.holder, self.signals = Activity(), TokenHolder(clock), Signals()
        self.vault = Vault(key)
        self.spool = Spool(folder / "spool")
        self.runtime = Runtime(store, clock, self.vault.seal, self.activity)
        self.scans = Scans(self.spool, store, self.vault, lambda: self.settings.spool, prepared)
        self.boxes = Boxes(folder / "boxes", self.runtime, self.vault, self.scans)
        self.resealing = Resealing(self.runtime, self.vault)
        self.saying = Saying(self.runtime)
        self.copied_jobs = CopiedJobs(self.runtime, self.saying)
        self.lost_grants = LostGrants(self.runtime, self.vault, device, self.copied_jobs.hold)
        self.kept_secrets = KeptSecrets(credentials, store, self.vault)
        self.people = People(store, lambda: self.settings, directory)
        self.mailboxes = Mailboxes(self.runtime, lambda: self.settings, self.people, self.pace)
        self.senders = Senders(store, lambda: self.settings, self.people, self.mailboxes)
        self.adapters = Adapters(
            lambda: self.settings,
            clock,
            self.kept_secrets,
            self.activity.parked,
            self.senders.from_of,
            providers,
        )
        self.tokens = TokenKeeper(self.runtime, self.holder, self.close_connections)
        self.deeds = self.deeds_of()
        self.known_time = KnownTime(self.runtime, self.saying, lambda: self.settings)
        self.credential_look = CredentialLook(self.runtime, self.saying, self.adapters.credential_ends)
        self.touches, self.full_disk = Touches(self.runtime), FullDisk(self.runtime)
        self.retention = Retention(self.runtime, lambda: self.settings.store, self.known_time.doubted)
        self.limits = Limits(self.runtime, self.touches.unsaid)
        tell = LeftAlone(self.runtime, self.saying).tell
        self.dispatcher = self.dispatches(self.runtime, self.mailboxes, self.places, self.broken_now, tell)
        self.journal = Journal(store, self.activity, self.runtime)
        left_alone = self.dispatcher.unreadable
        self.reader = Reader(self.runtime, self.people, self.rules, self.mailboxes, left_alone)
        self.alarms = Alarms(self.runtime, self.reader, self.adapters.hook)
        self.numbers = Metrics(self.runtime, self.reader, self.people, lambda: self.settings)
        self.refused_credential = RefusedCredential(
            self.runtime, self.reader, self.saying, self.adapters.mended
        )
        self.next_job = max(store.last_job(), self.spool.last()) + 1
        self.tasks: list[asyncio.Future[None]] = []
        self.handlers: list[asyncio.Future[None]] = []
        self.under_way: set[asyncio.Future[Any]] = set()
        "What goes on to its end although its caller was cancelled."
        self.leaving = asyncio.Lock()
        "One person is forgotten after the other."
        self.coming: Settings | None = None
        "Settings of a change that is being written down."
        self.applying = asyncio.Lock()
        "Of settings: a change that fails takes back its own, not somebody else's."

    @property
    def words(self) -> Words:
        """Every sentence for people, in the language that the device is set to now."""
        return self.reader.words

    @property
    def screen(self) -> Screen | None:
        """The embedding program's, else the device's browser while [Web Browser Function] is ON (S4)."""
        given, browser = self.given_screen, self.browser
        if browser is None:
            return given
        return browser if given is None else ByPlace(given, browser)

    @property
    def browser(self) -> "BrowserScreen | None":
        """The device's own, while it is ON and the program's screen leaves it a place."""
        leaves = self.given_screen is None or isinstance(self.given_screen, LeavesToBrowser)
        return self.adapters.browser(self.browser_gone) if leaves and self.settings.browser.enabled else None

    async def sweep_browser(self) -> None:
        """What a crash left of a sign-in is gone before anybody comes to the panel (S19a)."""
        if self.browser is not None:
            await self.browser.sweep()

    async def browser_gone(self, place: str, why: Trouble | None) -> None:
        """The person closed the browser, or it ended for another reason."""
        if why is None:
            await self.say(SignInCancelled(place=place))
        else:
            identity = self.runtime.instance(SIGN_IN, place).data.identity
            await self.runtime.publish(*not_signed_in(place, identity, why.code, in_detail(why)))

    def shown(self) -> Screen:
        """Raises NoScreen."""
        if self.screen is None:
            raise NoScreen
        return self.screen

    def sign_in_request(self, place: str, identity: str, closes_at: datetime) -> SignInRequest:
        """What the sign-in of this identity asks for, as the settings are now."""
        return SignInRequest(
            place,
            self.people.address(identity),
            closes_at,
            self.settings.oauth.flow,
            self.settings.device.name,
            another=(Info.OTHER_ACCOUNT, identity) in self.runtime.raised,
            behind=NOT_SET if self.known_time.doubted() else LEEWAY,
        )

    def number(self) -> int:
        """Of the next job."""
        job, self.next_job = self.next_job, self.next_job + 1
        return job

    def refuses(self, message: Message, rules: Rules) -> tuple[Rule, ...]:
        """What waits when the device sends it by itself is refused to a person, who can do something about
        it.
        """
        found = broken(self.settings, Look.SUBMIT, message, rules, self.adapters.limits())
        waits = Verdict.NOT_AVAILABLE if message.sender.by_device else None
        return tuple(rule for rule in found if rule.verdict(Look.SUBMIT) not in (waits, Verdict.WARN))

    def row_under_way(self, job: int) -> JobRow | None:
        """None: it is gone."""
        return self.dispatcher.row(job)

    def pace(self) -> Pace:
        return self.adapters.pace()

    def places(self) -> int:
        """Jobs that may be under way through one mailbox."""
        room = self.adapters.room()
        return room.connections * room.window

    def broken_now(self, row: JobRow) -> tuple[str, ...]:
        """Codes of the rules that refuse this job as the settings are now."""
        message = self.senders.accepted(row)
        found = broken(self.settings, Look.SEND, message, self.rules, self.adapters.limits())
        return tuple(rule.code for rule in found if rule.verdict(Look.SEND) is Verdict.REFUSE)

    def estranged(self) -> list[str]:
        """Whose grant is of no use as the settings are: it was given by somebody else, or for another address
        than the identity's, or by an account that may not have that address any more, or the user was removed
        (S26a).
        """
        return [grant.identity for grant in self.store.grants() if self.is_void(grant)]

    def belongs(self, identity: str, issuer: str, address: str) -> bool:
        """Whether a sign-in for this address at this issuer is what the settings name, and what those name
        that are being written down.
        """
        held = self.settings
        try:
            for named in (held, self.coming or held):
                self.settings = named
                if self.adapters.issuer(identity) != issuer:
                    return False
                if not same(address, self.people.address(identity)):
                    return False
            return True
        finally:
            self.settings = held

    def is_void(self, grant: SealedGrant) -> bool:
        return self.senders.void(grant, self.adapters.issuer(grant.identity))

    def voided(self, identity: str) -> tuple[Publication, ...]:
        """The end of this identity's grant where it is void; empty: it holds, or there is none."""
        grant = self.mailboxes.grants.of(identity)
        return (self.senders.voided(grant),) if grant is not None and self.is_void(grant) else ()

    async def close_connections(self, account: str) -> None:
        for submission in (self.adapters.made_submission, self.adapters.former_submission):
            if submission is not None:
                await submission.close(account)

    def token_deleted(self, identity: str) -> TokenDeleted:
        """With what is chosen for the jobs that this user leaves (S28)."""
        return TokenDeleted(identity=identity, left_jobs=self.settings.oauth.left_jobs)

    def availability(self, kind: type[Availability], **fields: object) -> Event:
        """A fact of the device with what the rules find now."""
        found = unavailable(self.settings, self.rules)
        return kind.model_validate({"oauth": self.settings.oauth.enabled, "broken": found, **fields})

    async def say(self, fact: Event) -> int:
        return await self.runtime.publish(Publication(fact))
