"""A provider that is not built in, as data from a file: `[provider]` of what `franking provision` takes (S2,
B14).

It lies beside the store as `provider.toml`. Everything that is wrong with it is told at once, as of settings.

Rule: it is data alone, and cannot take the place of a provider that is built in: whoever names it in the
settings knows who will be asked.
"""

import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from ....events.information import Actor
from ....events.said import said
from ....events.values import Host, HttpsUrl, Line
from ...ports import AnswerClass, Lifetimes
from ...settings import Mistake, SettingsError, mistakes_of
from ..answers import Row
from . import BUILT_IN
from .model import AccountClaims, ProviderData, Redirect

FILE = "provider.toml"
SECTION = "provider"
LOOPBACK = {"localhost": ("127.0.0.1", "::1"), "127.0.0.1": ("127.0.0.1",)}
Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
Names = tuple[Line, ...]


class Values(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Answer(Values):
    """What an answer of the token endpoint means; the first row that fits decides."""

    errors: Annotated[Names, Field(min_length=1)]
    "Values of `error` (RFC 6749 section 5.2)."
    suberrors: Names = ()
    words: Names = ()
    "One of them stands in `error_description`."
    meaning: AnswerClass
    actor: Actor
    cause: Line
    remedy: Line = ""


class Profile(Values):
    """Endpoints, scopes, lifetimes and meanings of one provider."""

    name: Annotated[Line, Field(min_length=1)]
    "As `oauth.provider` names it."
    authorize: HttpsUrl
    token: HttpsUrl
    keys: HttpsUrl
    "JSON Web Key Set (RFC 7517)."
    issuer: HttpsUrl
    revoke: HttpsUrl | None = None
    device_code: HttpsUrl | None = None
    scopes: Annotated[Names, Field(min_length=1)]
    scopes_needed: Annotated[Names, Field(min_length=1)]
    "Without these in the answer, no mail goes."
    scopes_on_refresh: Names = ()
    redirect: Literal["localhost", "127.0.0.1"] = "127.0.0.1"
    "The host of the redirect, as registered."
    rotates: bool
    "A refresh brings a new refresh token."
    account_claims: Names = ()
    "Claims that the provider alone sets; none: the verified `email`."
    alias_claims: Names = ()
    authorize_extra: dict[Line, Line] = Field(default_factory=dict)
    idle_days: Annotated[int, Field(ge=1, le=3650)]
    "A sign-in lapses when it is unused for so long."
    margin_s: Annotated[int, Field(ge=0, le=1800)] = 300
    "Seconds before its end from which an access token is not used."
    server: Host
    "The provider's submission server."
    connections: Annotated[int, Field(ge=1, le=100)] = 1
    octets_max: Count | None = None
    recipients_max: Count | None = None
    messages_a_minute: Count | None = None
    recipients_a_day: Count | None = None
    certified_by: Names = ()
    "Organisations whose certificates its hosts show: another one looks like a proxy that opens TLS."
    answers: tuple[Answer, ...] = ()

    @field_validator("name")
    @classmethod
    def is_its_own(cls, name: str) -> str:
        if name.casefold() in {known.casefold() for known in BUILT_IN}:
            raise ValueError(f"{name} is built in; give it a name of its own")
        return name

    def data(self) -> ProviderData:
        return ProviderData(
            name=self.name,
            authorize=self.authorize,
            token=self.token,
            keys=self.keys,
            issuer=self.issuer,
            revoke=self.revoke,
            device_code=self.device_code,
            scopes=self.scopes,
            scopes_needed=frozenset(self.scopes_needed),
            scopes_on_refresh=self.scopes_on_refresh,
            redirect=Redirect(self.redirect, LOOPBACK[self.redirect]),
            rotates=self.rotates,
            claims=AccountClaims(self.account_claims, ("email_verified",), self.alias_claims),
            lifetimes=Lifetimes(
                idle=timedelta(days=self.idle_days),
                margin=timedelta(seconds=self.margin_s),
                server=self.server,
                connections=self.connections,
                octets_max=self.octets_max,
                recipients_max=self.recipients_max,
                messages_a_minute=self.messages_a_minute,
                recipients_a_day=self.recipients_a_day,
            ),
            authorize_extra=MappingProxyType(self.authorize_extra),
            answers=tuple(map(row, self.answers)),
            certified_by=frozenset(self.certified_by),
        )


def row(answer: Answer) -> Row:
    """Its sentences are the file's, in whatever language it is written."""
    return Row(
        "own",
        answer.meaning,
        answer.actor,
        answer.cause,
        answer.remedy,
        errors=frozenset(answer.errors),
        suberrors=frozenset(answer.suberrors),
        words=tuple(each.casefold() for each in answer.words),
        source=FILE,
    )


def profile(source: str, tree: object) -> Profile:
    """Raises SettingsError, naming every mistake at once."""
    try:
        return Profile.model_validate(tree)
    except ValidationError as error:
        mistakes = mistakes_of(error, (SECTION,))
    raise SettingsError(source, mistakes)


def beside(folder: Path) -> Mapping[str, ProviderData]:
    """The provider whose data lie beside this store, by its name; none: empty. Raises SettingsError."""
    path = folder / FILE
    try:
        tree = tomllib.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError):  # whoever makes the folder says what is wrong with it
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        why = said("settings.no-toml", why=str(error))
        if isinstance(error, OSError):
            why = said("settings.unreadable", why=error.strerror)
        raise SettingsError(str(path), (Mistake("(file)", None, why),)) from None
    data = profile(str(path), tree.get(SECTION, {})).data()
    return {data.name: data}
