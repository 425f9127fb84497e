"""The adapters for the settings of this moment: provider and submission server are made when first needed,
and made anew when a setting that they depend on changes.

Rule: this file and `engine.py` alone know the adapters; their libraries are imported when the first one is
made, so that a device that never signed in stays small.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import quote

from ..events.base import ADMINISTRATOR
from ..events.request import AsGiven, InternetFax, Notify, Request
from ..events.settings import AdministratorFlow, DeviceSettings, HttpVersion, OAuth, Proxy, Tls
from ..machines.identity import aliases
from ..machines.mailboxes import same_host
from ..machines.message import Limits
from ..machines.pace import Pace
from .alarms import Hook, Way
from .boxes import LINK_PATH, Linked, LinkEnded
from .clock import Clock
from .content_port import Content, FileChanged
from .exclusions import exclusion
from .holder import Held
from .information import detail_of
from .parsed import files_of, request_of
from .per_settings import PerSettings
from .ports import (
    Application,
    Attachment,
    Credentials,
    Envelope,
    HttpProxy,
    Lifetimes,
    Login,
    NoServer,
    Outcome,
    Parked,
    Phase,
    Provider,
    Room,
    Submission,
    issued_by,
    issuer_of,
)
from .records import JobRow
from .settings import CredentialError
from .tls import KeptContext
from .words import Words, words

if TYPE_CHECKING:
    from .oauth.providers import ProviderData
    from .screen.browser import BrowserScreen, Gone

NO_PROVIDERS: Mapping[str, "ProviderData"] = MappingProxyType({})
PROVIDER_DEPENDS = ("oauth.", "tls.", "http.", "smtp.server")
"The margin of access tokens is the server's, too."
SUBMISSION_DEPENDS = ("smtp.", "tls.", "oauth.", "network.")
SUBMISSION_LEAVES_ALONE = ("smtp.per_minute", "smtp.give_up_after")
"They are asked for where they count."

FAX_NOTIFY = (Notify.SUCCESS, Notify.FAILURE, Notify.DELAY)


class Adapters:
    def __init__(
        self,
        settings: Callable[[], DeviceSettings],
        clock: Clock,
        credentials: Credentials,
        parked: Parked,
        sender: Callable[[JobRow, Request], str],
        providers: Mapping[str, "ProviderData"],
    ) -> None:
        self.settings, self.clock, self.credentials = settings, clock, credentials
        self.parked = parked
        self.sender = sender
        "The From with which a job goes now."
        self.providers = providers
        "The embedding program's own, beside those that are built in (S2)."
        self.made_providers: dict[AdministratorFlow, tuple[Application, Provider]] = {}
        "With the credentials that each was made with."
        self.made_submission: Submission | None = None
        self.former_submission: Submission | None = None
        "Whose messages may still be in transfer."
        self.made_browser: BrowserScreen | None = None
        self.data_now = PerSettings(settings, lambda now: self.data(now.oauth.provider))
        self.issuers = PerSettings(settings, self.issuers_of)
        self.documented = PerSettings(settings, self.documented_of)
        self.pace = PerSettings(settings, self.pace_of)
        "What the provider lets one mailbox submit at its own server; at another one, what is set (B11)."
        self.room = PerSettings(settings, self.room_of)
        "What one mailbox may have at the submission server (S33c)."

    def provider(self, identity: str) -> Provider:
        """With the application's credentials as they are now: one that was mended in its file is used from
        the next call on. Raises CredentialError where it cannot be read.
        """
        application = self.application_now(identity)
        made = self.made_providers.get(application.flow)
        if made is None or not same(made[0], application):
            made = application, self.provider_of(self.settings().oauth.provider, application)
            self.made_providers[application.flow] = made
        return made[1]

    def application_now(self, identity: str) -> Application:
        """With its credentials. Raises CredentialError where one cannot be read."""
        return with_credentials(
            self.application(identity), self.settings().oauth, self.data_now(), self.credentials
        )

    def mended(self, identity: str) -> bool:
        """Whether the application's credentials are others than the provider was made with that is in use."""
        made = self.made_providers.get(self.application(identity).flow)
        try:
            now = self.application_now(identity)
        except CredentialError:
            return False
        return made is None or not same(made[0], now)

    def provider_of(self, name: str, application: Application) -> Provider:
        """Raises UnknownProviderError."""
        from .oauth.application import ApplicationProvider
        from .oauth.client import OAuthProvider

        data, context = self.data(name), KeptContext(self.tls)

        def http2() -> bool:
            return self.settings().http.version is HttpVersion.HTTP_2

        def proxy() -> HttpProxy | None:
            return proxy_of(self.settings().proxy, self.credentials)

        if application.flow is AdministratorFlow.SIGN_IN:
            return OAuthProvider(
                data, application, self.clock, context, http2, self.parked, proxy, self.words
            )
        return ApplicationProvider(data, application, self.mailbox, self.clock, context, http2, proxy)

    def mailbox(self) -> str:
        """From which the application sends by itself."""
        return self.settings().administrator.address or ""

    def words(self) -> Words:
        return words(self.settings().device.language)

    def data(self, name: str) -> "ProviderData":
        """As the settings have it used. Raises UnknownProviderError."""
        from .oauth.providers import provider_data

        data = provider_data(name, self.providers)
        if not self.settings().oauth.device_code:
            data = replace(data, device_code=None)
        life, server = data.lifetimes, (self.settings().smtp.server or "").casefold().rstrip(".")
        return replace(data, lifetimes=life._replace(margin=life.margins.get(server, life.margin)))

    def revoker(self, issuer: str) -> Provider | None:
        """Whoever gave a grant takes it back, also when the settings name another provider meanwhile (S26a);
        None: it is not known here any more. Raises CredentialError.
        """
        from .oauth.providers import UnknownProviderError

        for identity in (ADMINISTRATOR, ""):
            if issuer == self.issuer(identity):
                return self.provider(identity)
        name, application = issued_by(issuer)
        try:
            return self.provider_of(name, application)
        except (UnknownProviderError, ValueError):
            return None

    def application(self, identity: str) -> Application:
        """Who this device is at the provider for this identity, without its credentials: people sign in, and
        the administrator is as it is set (B3).
        """
        oauth = self.settings().oauth
        flow = oauth.administrator_flow if identity == ADMINISTRATOR else AdministratorFlow.SIGN_IN
        return Application(oauth.client_id, None, oauth.tenant, oauth.authority, flow)

    def issuer(self, identity: str) -> str:
        """Whose grants this identity uses, as the settings are."""
        return self.issuers()[identity == ADMINISTRATOR]

    def issuers_of(self, settings: DeviceSettings) -> tuple[str, str]:
        """The people's, and the administrator's."""
        name = self.data_now().name
        return issuer_of(name, self.application("")), issuer_of(name, self.application(ADMINISTRATOR))

    def credential_ends(self) -> datetime | None:
        """When the application's secret or certificate ends; None: nothing says it, or none is used."""
        oauth = self.settings().oauth
        if not oauth.enabled:
            return None
        if oauth.administrator_flow is AdministratorFlow.CLIENT_CREDENTIALS and oauth.client_certificate:
            from .oauth.assertions import ProofUnusableError, ends_at

            try:
                return ends_at(self.credentials.read(oauth.client_certificate))
            except (CredentialError, ProofUnusableError):
                return None
        day = oauth.client_credential_ends if oauth.client_credential else None
        return None if day is None else datetime.combine(day, time(), UTC)

    def lifetimes(self) -> Lifetimes:
        """What is known of the provider without asking it anything."""
        return self.data_now().lifetimes

    def limits(self) -> Limits:
        """What is known of the submission server; what it documents counts for the provider's own alone."""
        documented = self.documented()
        said = self.made_submission.octets_max if self.made_submission is not None else None
        return documented._replace(octets_max=said) if said else documented

    def documented_of(self, settings: DeviceSettings) -> Limits:
        known, own = self.lifetimes(), self.at_its_own(settings)
        server = settings.smtp.server or (known.server if own else None) or None
        known_most = (known.recipients_max, known.recipients_a_day)
        most = min((each for each in known_most if each), default=None)
        return Limits(server, known.octets_max if own else None, most if own else None)

    def at_its_own(self, settings: DeviceSettings) -> bool:
        """Mail goes to the provider's server."""
        server = self.lifetimes().server
        return settings.oauth.enabled and same_host(settings.smtp.server or server, server)

    def pace_of(self, settings: DeviceSettings) -> Pace:
        known = self.lifetimes()
        if not self.at_its_own(settings):
            return Pace(settings.smtp.per_minute or 0)
        set_or_known = (settings.smtp.per_minute, known.messages_a_minute)
        minute = min((each for each in set_or_known if each), default=0)
        return Pace(minute, known.messages_a_day or 0, known.recipients_a_day or 0)

    def room_of(self, settings: DeviceSettings) -> Room:
        smtp, known = settings.smtp, self.lifetimes()
        most = known.connections if self.at_its_own(settings) else smtp.connections or 1
        return Room(min(smtp.connections or most, most), smtp.window, known.idle_connection)

    def submission(self) -> Submission:
        """Raises NoServer where none is set."""
        if self.made_submission is None:
            from .smtp.submission import SmtpSubmission

            smtp, server = self.settings().smtp, self.limits().server
            if server is None:
                raise NoServer
            former = self.former_submission
            self.made_submission = SmtpSubmission(
                server,
                smtp.port,
                KeptContext(self.tls),
                self.clock,
                security=smtp.security,
                room=self.room(),
                before=former if isinstance(former, SmtpSubmission) else None,
            )
        return self.made_submission

    def tls(self) -> Tls:
        return self.settings().tls

    def login(self, held: Held | None, address: str) -> Login:
        """Raises CredentialError where the password cannot be read."""
        if held is not None:
            return Login(held.account or address, held.access)
        smtp = self.settings().smtp
        if not smtp.user or not smtp.user_credential:
            return Login("", None)
        return Login(smtp.user, None, self.credentials.read(smtp.user_credential))

    def explain(self, outcome: Outcome, fields: Mapping[str, str]) -> str:
        """Cause, remedy and who must act, as the detail of an information. `fields`: of its sentences."""
        from .smtp.trouble import explain

        meant = explain(outcome)
        return detail_of(f"smtp.{meant.meaning}", meant.cause, meant.remedy, meant.actor, **fields)

    def unreadable(self, error: FileChanged | OSError) -> Outcome:
        """What a file comes to that cannot be read when its message is composed."""
        from .smtp.transaction import file_trouble

        return file_trouble(error, Phase.CONNECT, server_spoke=False)

    def envelope(self, row: JobRow, contents: Sequence[Content], links: Sequence[Linked] = ()) -> Envelope:
        """`contents`: of the job's files; `links`: of Scan to URL. Raises LinkEnded, and ValueError where no
        header field can carry a value; of a message as given FileChanged, OSError.
        """
        from .functions import Header, Link, compose, media_type

        request, settings = request_of(row), self.settings()
        sender, device = self.sender(row, request), settings.device.name
        header = Header(
            from_address=sender,
            message_id=row.message_id,
            date=datetime.fromisoformat(row.submitted_at).astimezone(UTC),
            from_name=device if row.by_device else "",
            device_name=device,
            words=self.words(),
            links=tuple(Link(each.name, self.url(each), each.size, each.expires_at) for each in links),
            mdn=settings.internet_fax.mdn,
            aliases=aliases(settings, ADMINISTRATOR) if row.by_device else (),
        )
        pairs = zip(contents, files_of(row), strict=True)
        files = [Attachment(content, file.name, media_type(file.name)) for content, file in pairs]
        composed = compose(request, header, files)
        if isinstance(request, AsGiven):
            dsn = request.notify, request.envelope_id, request.returns, request.notify_each, request.originals
            return Envelope(sender, request.recipients, composed, *dsn)
        asks = isinstance(request, InternetFax) and settings.internet_fax.dsn
        return Envelope(sender, request.recipients, composed, FAX_NOTIFY if asks else ())

    def url(self, link: Linked) -> str:
        """Where people fetch the document. Raises LinkEnded where no `[box] public_url` is set any more."""
        public = self.settings().box.public_url
        if public is None:
            raise LinkEnded
        name = quote(link.name, safe="")
        return f"{public.rstrip('/')}/{LINK_PATH}/{link.token.reveal()}/{name}"

    def hook(self, way: Way) -> Hook | None:
        """How an alarm is told in this way; None: in no way (B12)."""
        from .hooks import hook

        settings = self.settings()
        return hook(way, settings, self.credentials, partial(proxy_of, settings.proxy, self.credentials))

    async def changed(self, keys: tuple[str, ...]) -> None:
        """What depends on a changed setting is closed, and made anew at its next use."""
        if any(key.startswith(PROVIDER_DEPENDS) for key in keys):
            made, self.made_providers = self.made_providers, {}
            for _, provider in made.values():
                await provider.aclose()
        remade = any(
            key.startswith(SUBMISSION_DEPENDS) and not key.startswith(SUBMISSION_LEAVES_ALONE) for key in keys
        )
        if remade and self.made_submission is not None:
            submission, self.made_submission = self.made_submission, None
            self.former_submission = submission
            await submission.aclose()

    def browser(self, gone: "Gone") -> "BrowserScreen":
        """The device's own, with the settings as they are at each visit (S4, S19a)."""
        if self.made_browser is None:
            from .screen.browser import BrowserScreen

            self.made_browser = BrowserScreen(
                lambda: self.settings().browser,
                lambda: proxy_of(self.settings().browser.proxy, self.credentials),
                self.clock,
                gone,
            )
        return self.made_browser

    async def aclose(self) -> None:
        if self.made_browser is not None:
            await self.made_browser.aclose()
        await self.changed((*PROVIDER_DEPENDS, *SUBMISSION_DEPENDS))


def with_credentials(
    application: Application, oauth: OAuth, data: "ProviderData", credentials: Credentials
) -> Application:
    """Raises CredentialError."""
    alone = application.flow is not AdministratorFlow.SIGN_IN
    proofs = {
        AdministratorFlow.CLIENT_CREDENTIALS: oauth.client_certificate,
        AdministratorFlow.SERVICE_ACCOUNT: oauth.service_account,
    }
    proof, secret = proofs.get(application.flow), oauth.client_credential
    applications = oauth.administrator_flow is AdministratorFlow.CLIENT_CREDENTIALS
    if (alone and proof) or (not alone and applications and data.people_are_public):
        secret = None
    return replace(
        application,
        client_secret=credentials.read(secret) if secret else None,
        proof=credentials.read(proof) if proof else None,
    )


def same(one: Application, other: Application) -> bool:
    def revealed(application: Application) -> tuple[str, ...]:
        return tuple(each.reveal() if each else "" for each in (application.client_secret, application.proof))

    bare = [replace(each, client_secret=None, proof=None) for each in (one, other)]
    return bare[0] == bare[1] and revealed(one) == revealed(other)


def proxy_of(proxy: Proxy, credentials: Credentials) -> HttpProxy | None:
    """One of the two proxies (S4); None: there is none. Raises CredentialError where its password cannot be
    read, and ExclusionUnusable for one that `outside` would have named.
    """
    if proxy.host is None:
        return None
    password = credentials.read(proxy.credential) if proxy.credential else None
    exclusions = tuple(map(exclusion, proxy.exclusions))
    return HttpProxy(proxy.host, proxy.port, proxy.user or "", password, exclusions)
