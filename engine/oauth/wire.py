"""What came over the wire, made strict: the bytes of an answer become a TokenAnswer or a Refusal.

Rules: the status speaks first; only 200 can bring a token. Nothing is kept of an answer that is not
understood, and no error of the parser leaves this module, for it could quote the answer.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Annotated

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from .answers import Refusal
from .faults import Fault

SIZE_MAX = 65_536
"Octets of a body; Microsoft's largest answers are under 10 kB."
EXPIRES_IN_MIN_S, EXPIRES_IN_MAX_S = 60, 86_400
"Where `expires_in` is clamped to."
EXPIRES_IN_ABSURD_S = 366 * 86_400
"Beyond this it is no life of an access token but rubbish."
REFRESH_LIFE_ABSURD_S = 100 * EXPIRES_IN_ABSURD_S
"Beyond this `refresh_token_expires_in` says nothing."
VSCHAR = re.compile(r"[\x21-\x7e]{1,16384}")
"RFC 6749 appendix A.12 without the space, which RFC 6750 does not allow either."
ERROR = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]{0,63}")
UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
AADSTS = re.compile(r"AADSTS([0-9]{4,10})\b")
USER_CODE_MAX = 64
USER_CODE = re.compile(r"[\x21-\x7e]+( [\x21-\x7e]+)*")
SHOWN = re.compile(r"https://[\x21-\x7e]{1,512}")
"An address that people type, or scan."
INTERVAL_MAX_S = 300
DIGITS = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class Wire:
    """One HTTP answer, read to its end. The body may hold tokens."""

    status: int
    body: bytes = field(repr=False)
    retry_after: str = ""
    date: str = ""
    http_version: str = ""
    "`HTTP/2` or `HTTP/1.1`."
    tls: str = ""
    "As OpenSSL names the version."
    certified_by: str = ""
    "The organisation that issued the server's certificate."


def _seconds(value: object) -> object:
    """Some servers write the number as a string of digits."""
    return int(value) if isinstance(value, str) and DIGITS.fullmatch(value) else value


def _life(value: object) -> object:
    """Not of any RFC: what is no number of seconds counts as absent, and costs no token."""
    value = _seconds(value)
    return value if type(value) is int and 0 < value <= REFRESH_LIFE_ABSURD_S else None


def _text(value: object) -> object:
    """A member that is no string counts as absent: what it says about the refusal decides without it."""
    return value if isinstance(value, str) else ""


def _numbers(value: object) -> object:
    listed = value if isinstance(value, list) else []
    return tuple(number for number in listed if type(number) is int and 0 < number < 10**10)


class _Answer(BaseModel):
    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        defer_build=True,
        cache_strings="keys",
    )


class TokenAnswer(_Answer):
    """RFC 6749 section 5.1; `refresh_token` that is null or empty is none (section 6: keep the old one)."""

    access_token: SecretStr
    token_type: str
    expires_in: Annotated[int, BeforeValidator(_seconds), Field(ge=1, le=EXPIRES_IN_ABSURD_S)]
    refresh_token: SecretStr | None = None
    refresh_token_expires_in: Annotated[int | None, BeforeValidator(_life)] = None
    scope: str | None = None
    id_token: SecretStr | None = None

    @property
    def life(self) -> timedelta:
        return timedelta(seconds=min(max(self.expires_in, EXPIRES_IN_MIN_S), EXPIRES_IN_MAX_S))

    def ends_at(self, now: datetime) -> datetime | None:
        """When the refresh token ends, where the provider says it."""
        seconds = self.refresh_token_expires_in
        return None if seconds is None else now + timedelta(seconds=seconds)

    def scopes(self) -> frozenset[str] | None:
        """What was granted, folded in case; None: what was asked for (RFC 6749 section 5.1)."""
        return None if self.scope is None else frozenset(self.scope.casefold().split())


class DeviceAnswer(_Answer):
    """RFC 8628 section 3.2; Google calls the address `verification_url`."""

    device_code: SecretStr
    user_code: Annotated[SecretStr, Field(min_length=1, max_length=USER_CODE_MAX)]
    verification_uri: Annotated[
        str, Field(validation_alias=AliasChoices("verification_uri", "verification_url"))
    ]
    verification_uri_complete: str | None = None
    expires_in: Annotated[int, BeforeValidator(_seconds), Field(ge=1, le=EXPIRES_IN_ABSURD_S)]
    interval: Annotated[int, BeforeValidator(_seconds), Field(ge=0, le=INTERVAL_MAX_S)] = 5


class ErrorAnswer(_Answer):
    """RFC 6749 section 5.2, with what Microsoft and Google add."""

    error: Annotated[str, BeforeValidator(_text)] = ""
    error_code: Annotated[str, BeforeValidator(_text)] = ""
    "Google says so, and no `error`, where a limit of its device endpoint is reached."
    suberror: Annotated[str, BeforeValidator(_text)] = ""
    error_subtype: Annotated[str, BeforeValidator(_text)] = ""
    error_description: Annotated[str, BeforeValidator(_text)] = ""
    error_codes: Annotated[tuple[int, ...], BeforeValidator(_numbers)] = ()
    correlation_id: Annotated[str, BeforeValidator(_text)] = ""


def token_answer(wire: Wire, now: datetime) -> TokenAnswer | Refusal:
    """`now`: for a Retry-After that is a date. Never raises."""
    if wire.status == 200:
        return _token(wire.body) or Refusal(200, fault=Fault.NOT_A_TOKEN)
    return _refusal(wire, now)


def device_answer(wire: Wire, now: datetime) -> DeviceAnswer | Refusal:
    """`now`: for a Retry-After that is a date. Never raises."""
    if wire.status != 200:
        return _refusal(wire, now)
    try:
        answer = DeviceAnswer.model_validate_json(wire.body)
    except (ValidationError, RecursionError):
        return Refusal(200, fault=Fault.NOT_A_TOKEN)
    shown = (answer.verification_uri, answer.verification_uri_complete or answer.verification_uri)
    whole = (
        VSCHAR.fullmatch(answer.device_code.get_secret_value())
        and USER_CODE.fullmatch(answer.user_code.get_secret_value())
        and all(SHOWN.fullmatch(address) for address in shown)
    )
    return answer if whole else Refusal(200, fault=Fault.NOT_A_TOKEN)


def said(
    status: int,
    error: str,
    suberror: str = "",
    words: str = "",
    numbers: tuple[int, ...] = (),
    correlation: str = "",
    retry_after: timedelta | None = None,
) -> Refusal:
    """A Refusal of words that came from outside: what has not the form of a code is dropped."""
    named = AADSTS.search(words)
    if not numbers and named:
        numbers = (int(named[1]),)
    return Refusal(
        status,
        error if ERROR.fullmatch(error) else "",
        suberror if ERROR.fullmatch(suberror) else "",
        numbers,
        words,
        retry_after,
        correlation if UUID.fullmatch(correlation) else "",
    )


def _token(body: bytes) -> TokenAnswer | None:
    try:
        answer = TokenAnswer.model_validate_json(body)
    except (ValidationError, RecursionError):
        return None
    secrets = (answer.access_token, answer.refresh_token, answer.id_token)
    whole = all(not text or VSCHAR.fullmatch(text) for text in (s.get_secret_value() for s in secrets if s))
    if not whole or not answer.access_token.get_secret_value() or answer.token_type.casefold() != "bearer":
        return None
    return answer


def _refusal(wire: Wire, now: datetime) -> Refusal:
    retry_after = _retry_after(wire, now)
    try:
        answer = ErrorAnswer.model_validate_json(wire.body)
    except (ValidationError, RecursionError):
        return Refusal(wire.status, retry_after=retry_after)
    return said(
        wire.status,
        answer.error or answer.error_code,
        answer.suberror or answer.error_subtype,
        answer.error_description,
        answer.error_codes,
        answer.correlation_id,
        retry_after,
    )


def _retry_after(wire: Wire, now: datetime) -> timedelta | None:
    """RFC 9110 section 10.2.3. A date counts from the answer's own Date, for this device's clock may be
    wrong."""
    text = wire.retry_after.strip()
    if DIGITS.fullmatch(text):
        return timedelta(seconds=min(int(text), EXPIRES_IN_ABSURD_S))
    until = date(text)
    return None if until is None else max(until - (date(wire.date) or now), timedelta())


def date(text: str) -> datetime | None:
    """A Date or Retry-After field (RFC 9110 section 5.6.7); None: it is no date."""
    if not text:
        return None
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
