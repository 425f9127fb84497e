"""The adapters for the settings of this moment: provider and submission server are made when first needed,
and made anew when a setting that they depend on changes.

Rule: this file and `engine.py` alone know the adapters; their libraries are imported when the first one is
made, so that a device that never signed in stays small.
"""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter

from ..events.request import Request
from ..events.settings import DeviceSettings, HttpVersion, Tls
from .clock import Clock
from .holder import Held
from .information import detail_of
from .ports import (
    Application,
    Attachment,
    Credentials,
    Envelope,
    Lifetimes,
    Login,
    Outcome,
    Parked,
    Provider,
    Submission,
    issuer_of,
)
from .records import JobRow
from .secret import Secret
from .settings import CredentialError, Mistake
from .spool import FILES, Spool
from .tls import KeptContext
from .words import words

REQUEST: TypeAdapter[Request] = TypeAdapter(Request, config={"defer_build": True})
PROVIDER_DEPENDS = ("oauth.", "tls.", "http.")
SUBMISSION_DEPENDS = ("smtp.", "tls.", "oauth.")


class Adapters:
    def __init__(
        self,
        settings: Callable[[], DeviceSettings],
        clock: Clock,
        credentials: Credentials,
        spool: Spool,
        parked: Parked,
    ) -> None:
        self.settings, self.clock, self.credentials, self.spool = settings, clock, credentials, spool
        self.parked = parked
        self.made_provider: Provider | None = None
        self.made_submission: Submission | None = None

    def provider(self) -> Provider:
        """Raises CredentialError where the client's secret cannot be read."""
        if self.made_provider is None:
            from .oauth.client import OAuthProvider
            from .oauth.providers import provider_data

            oauth = self.settings().oauth
            secret = self.credentials.read(oauth.client_credential) if oauth.client_credential else None
            self.made_provider = OAuthProvider(
                provider_data(oauth.provider),
                self.application(secret),
                self.clock,
                KeptContext(self.tls),
                lambda: self.settings().http.version is HttpVersion.HTTP_2,
                self.parked,
            )
        return self.made_provider

    def application(self, secret: Secret | None = None) -> Application:
        oauth = self.settings().oauth
        return Application(oauth.client_id, secret, oauth.tenant, oauth.authority)

    def issuer(self) -> str:
        """Whose grants are used, as the settings are."""
        from .oauth.providers import provider_data

        return issuer_of(provider_data(self.settings().oauth.provider).name, self.application())

    def lifetimes(self) -> Lifetimes:
        """What is known of the provider without asking it anything."""
        from .oauth.providers import provider_data

        return provider_data(self.settings().oauth.provider).lifetimes

    def submission(self) -> Submission:
        if self.made_submission is None:
            from .smtp.submission import SmtpSubmission

            smtp = self.settings().smtp
            server = smtp.server or self.lifetimes().server
            self.made_submission = SmtpSubmission(server, smtp.port, KeptContext(self.tls), self.clock)
        return self.made_submission

    def tls(self) -> Tls:
        return self.settings().tls

    def login(self, held: Held | None, address: str) -> Login:
        """Raises CredentialError where the password cannot be read."""
        if held is not None:
            return Login(address, held.access)
        smtp = self.settings().smtp
        password = self.credentials.read(smtp.user_credential) if smtp.user_credential else None
        return Login(smtp.user or "", None, password)

    def explain(self, outcome: Outcome) -> str:
        """Cause, remedy and who must act, as the detail of an information."""
        from .smtp.trouble import explain

        meant = explain(outcome)
        return detail_of(meant.cause, meant.remedy, meant.actor)

    def envelope(self, row: JobRow) -> Envelope:
        """Raises OSError where the scan is missing."""
        from .functions import Header, compose, media_type

        request = REQUEST.validate_json(row.request)
        header = Header(
            from_address=row.sender,
            message_id=row.message_id,
            date=datetime.fromisoformat(row.submitted_at).astimezone(UTC),
            words=words(self.settings().device.language),
        )
        files = [
            Attachment(self.spool.path(row.job, number), file.name, media_type(file.name))
            for number, file in enumerate(FILES.validate_json(row.files))
        ]
        return Envelope(row.sender, request.recipients, compose(request, header, files))

    async def changed(self, keys: tuple[str, ...]) -> None:
        """What depends on a changed setting is closed, and made anew at its next use."""
        if any(key.startswith(PROVIDER_DEPENDS) for key in keys) and self.made_provider is not None:
            provider, self.made_provider = self.made_provider, None
            await provider.aclose()
        if any(key.startswith(SUBMISSION_DEPENDS) for key in keys) and self.made_submission is not None:
            submission, self.made_submission = self.made_submission, None
            await submission.aclose()

    async def aclose(self) -> None:
        await self.changed((*PROVIDER_DEPENDS, *SUBMISSION_DEPENDS))


def outside(settings: DeviceSettings, credentials: Credentials) -> tuple[Mistake, ...]:
    """What the settings name and is not there: provider, authorities, secrets."""
    from .oauth.providers import UnknownProviderError, provider_data

    found = []
    try:
        provider_data(settings.oauth.provider).at(settings.oauth.authority, settings.oauth.tenant)
    except UnknownProviderError as error:
        found.append(Mistake("oauth.provider", "str", f"one of {', '.join(error.known)} is wanted"))
    except ValueError as error:
        found.append(Mistake("oauth.authority", "str", f"{error}"))
    if settings.tls.trust is not None:
        found += untrusted(settings.tls.trust)
    references = {"oauth.client_credential": settings.oauth.client_credential}
    references["smtp.user_credential"] = settings.smtp.user_credential
    for key, reference in references.items():
        if reference is not None:
            found += unreadable(credentials, key, reference)
    return tuple(found)


def untrusted(trust: Path) -> list[Mistake]:
    """Reads the file as a TLS context would: what is wrong is known before the first connection."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=trust)
    except ssl.SSLError:
        return [Mistake("tls.trust", "file", "the file holds no certificate in PEM form")]
    except OSError as error:
        return [Mistake("tls.trust", "path", f"the file cannot be read: {error.strerror}")]
    return []


def unreadable(credentials: Credentials, key: str, reference: str) -> list[Mistake]:
    try:
        credentials.read(reference)
    except (CredentialError, UnicodeDecodeError) as error:
        why = str(error) if isinstance(error, CredentialError) else "its file is not UTF-8"
        return [Mistake(key, "reference", why)]
    except OSError as error:
        return [Mistake(key, "reference", f"its file cannot be read: {error.strerror}")]
    return []
