"""Job requests: what a caller submits. Each function has its typed model; `Request` is any of them.

A request is a value: files are paths, an address is text, nothing is opened or looked up here.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal, Self, get_args

from pydantic import AwareDatetime, Field, StringConstraints

from .information import Actor
from .values import Address, Line, Original, ScanPath, Subject, Values


class Function(StrEnum):
    """In the manual's words; the first six are sent on a person's behalf (S20), the others by the device
    (S21).
    """

    SCAN_TO_EMAIL = "Scan to E-mail"
    SCAN_TO_ME = "Scan to Me"
    SCAN_TO_URL = "Scan to URL"
    INTERNET_FAX = "Internet Fax TX"
    USER_BOX = "E-mail sending from a User Box"
    APPLICATION = "E-mail sending from the OpenAPI/IWS application"
    PROGRAM = "E-mail sending from a program"
    EMAIL_NOTIFICATION = "E-mail Notification"
    TOTAL_COUNTER = "Total Counter Notification"
    FORWARD_TX = "Forward TX"
    TSI_ROUTING = "TSI Routing"
    STATUS_NOTIFICATION = "Status Notification Setting"
    TX_RESULT_REPORT = "TX Result Report Print"
    DEVICE_PROGRAM = "E-mail sending from a program of the device"
    REPORT = "Report about mail"
    DEVICE_REPORT = "Report about mail of the device"


class Notify(StrEnum):
    """When whoever sent a message is told what became of it (RFC 3461 section 4.1)."""

    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    DELAY = "DELAY"
    NEVER = "NEVER"
    "It stands alone."


class Return(StrEnum):
    """How much of a message a notification brings back (RFC 3461 section 4.3)."""

    HEADER = "HDRS"
    FULL = "FULL"


class JobRequest(Values):
    """What every function's request has. No recipient at all is a rule's business: it is refused in words."""

    by_device: ClassVar[bool] = False
    "The device sends it by itself, as administrator (S21)."
    opens_screen: ClassVar[bool] = True
    "A person stands at the panel, and the sign-in screen can open there (S18)."
    hears: ClassVar[bool] = True
    "Whoever submits it is there, and is told at once that it is refused."
    writer: ClassVar[Actor] = Actor.PERSON
    "Who must act where the request itself is wrong."

    to: tuple[Address, ...] = ()
    "Recipients."
    cc: tuple[Address, ...] = ()
    "Recipients of a copy."
    bcc: tuple[Address, ...] = ()
    "Recipients whom the others don't see."
    subject: Subject = ""
    "Empty: the function's own."
    text: str = ""
    "What the message says; empty: the function's own words."

    @property
    def recipients(self) -> tuple[str, ...]:
        """Every envelope recipient once, in order."""
        return tuple(dict.fromkeys((*self.to, *self.cc, *self.bcc)))

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that go into the spool."""
        return ()

    def placed(self, paths: Sequence[Path]) -> Self:
        """The same with its files elsewhere, in their order."""
        return self.model_copy(update={"files": tuple(paths)})


class FromPerson(JobRequest):
    """Sent on a person's behalf (S20)."""

    user: Line
    "Login name of the person."
    from_address: Address | None = None
    "The From chosen by the person, where [Allow User Changes] lets them."


class ByDevice(JobRequest):
    """Sent by the device itself, as administrator (S21)."""

    by_device: ClassVar[bool] = True
    opens_screen: ClassVar[bool] = False
    hears: ClassVar[bool] = False


class WithFiles(JobRequest):
    files: Annotated[tuple[ScanPath, ...], Field(min_length=1)]
    "What is sent, in this order; each is copied into the spool before `submit` returns (S33)."

    @property
    def paths(self) -> tuple[Path, ...]:
        return self.files


class Given(StrEnum):
    """What becomes of the caller's files when `submit` has returned."""

    LENT = "lent"
    "They stay the caller's; the device has its own."
    HANDED_OVER = "handed over"
    "They are the device's: what lies under the caller's names is gone then."


class Separation(StrEnum):
    """How scanned pages become files."""

    AS_SCANNED = "as scanned"
    PAGE_PER_FILE = "page per file"


class Scan(FromPerson, WithFiles):
    """What the glass or the feeder gave: PDF, TIFF or JPEG, one file or several."""

    separation: Separation = Separation.AS_SCANNED
    "As scanned, or each page a file of its own."


class ScanToEmail(Scan):
    """To the addresses that the person names."""

    function: Literal[Function.SCAN_TO_EMAIL] = Function.SCAN_TO_EMAIL


class ScanToMe(Scan):
    """To the person's own address; others may be added in `cc` and `bcc`."""

    function: Literal[Function.SCAN_TO_ME] = Function.SCAN_TO_ME


class ScanToUrl(Scan):
    """The files stay in the person's user box; the mail brings links to them (S22)."""

    function: Literal[Function.SCAN_TO_URL] = Function.SCAN_TO_URL
    keep: Annotated[timedelta, Field(gt=timedelta(), le=timedelta(days=365))] | None = None
    "How long the links work from when their mail goes; left out: as `[box] keep` says."


class InternetFax(FromPerson, WithFiles):
    """Page images, which go as TIFF-FX profile S in a simple-mode message (RFC 3949, RFC 3965)."""

    function: Literal[Function.INTERNET_FAX] = Function.INTERNET_FAX


class FromUserBox(FromPerson):
    """Documents that lie in the person's user box."""

    function: Literal[Function.USER_BOX] = Function.USER_BOX
    documents: Annotated[tuple[int, ...], Field(min_length=1)]
    "Their numbers there."


class FromApplication(FromPerson):
    """What an application on the device's programming interface sends; nobody stands at the panel for it."""

    opens_screen: ClassVar[bool] = False

    function: Literal[Function.APPLICATION] = Function.APPLICATION
    application: Line
    "Its name."
    files: tuple[ScanPath, ...] = ()
    "What is attached; there may be none."

    @property
    def paths(self) -> tuple[Path, ...]:
        return self.files


class AsGiven(JobRequest):
    """A message that a program wrote (RFC 5322): it goes octet for octet but for Bcc, which is taken out, a
    Date or a Message-ID that is missing, the ends of its lines, and a From that the mailbox cannot send as.
    """

    opens_screen: ClassVar[bool] = False
    writer: ClassVar[Actor] = Actor.PROGRAM

    message: ScanPath = Path("message.eml")
    "The file in which it lies; `to` says where it goes, whatever its header says."
    notify: tuple[Notify, ...] = ()
    "When the program asked to be told (DSN); empty: as servers do by themselves."
    envelope_id: Annotated[Line, StringConstraints(max_length=100)] = ""
    "What the program calls it in a notification (ENVID)."
    returns: Return = Return.HEADER
    "How much of it a notification brings back (RET)."
    notify_each: dict[Address, tuple[Notify, ...]] = Field(default_factory=dict)
    "Recipients for whom something else was asked than `notify` says."
    originals: dict[Address, Original] = Field(default_factory=dict)
    "What recipients were called before they became these (ORCPT), as it was said."

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.message,)

    def placed(self, paths: Sequence[Path]) -> Self:
        return self.model_copy(update={"message": paths[0]})


class FromProgram(FromPerson, AsGiven):
    """What a program that cannot sign in sends for a person."""

    function: Literal[Function.PROGRAM] = Function.PROGRAM


class Report(FromPerson, AsGiven):
    """What became of a mail: the device writes it, to the person whose mail that was (RFC 3464)."""

    function: Literal[Function.REPORT] = Function.REPORT
    about: Annotated[int, Field(ge=1)]
    "Number of the job that it tells of."


class EmailNotification(ByDevice):
    """What the device has to tell."""

    function: Literal[Function.EMAIL_NOTIFICATION] = Function.EMAIL_NOTIFICATION
    event: Line
    "What happened, in a few words: `Paper tray 2 is empty`."
    happened_at: AwareDatetime | None = None
    "With its time zone; left out: it is not said."


class Counter(Values):
    name: Line
    "Such as `Total (black)`."
    count: Annotated[int, Field(ge=0)]


class TotalCounter(ByDevice):
    """What the device has counted, as text and as a table (CSV)."""

    function: Literal[Function.TOTAL_COUNTER] = Function.TOTAL_COUNTER
    counters: Annotated[tuple[Counter, ...], Field(min_length=1)]
    "Each with its name and its count, in this order."
    serial_number: Line = ""
    "The device's; empty: it is not said."
    read_at: AwareDatetime | None = None
    "When the counters were read; left out: when the message was made."


class Received(ByDevice, WithFiles):
    """A fax that came in."""

    sender_number: Line = ""
    "What the sender's machine calls itself (TSI)."
    received_at: AwareDatetime | None = None
    "When the fax came in; left out: it is not said."


class ForwardTx(Received):
    """A received fax goes on to these addresses."""

    function: Literal[Function.FORWARD_TX] = Function.FORWARD_TX


class TsiRouting(Received):
    """A received fax goes where `[tsi_routing]` sends its sender's number; `to` is found there."""

    function: Literal[Function.TSI_ROUTING] = Function.TSI_ROUTING


class Condition(Values):
    part: Line
    "Such as `Paper tray 2`."
    state: Line
    "Such as `empty`."
    since: AwareDatetime | None = None


class StatusNotification(ByDevice):
    """How the device is, part by part."""

    function: Literal[Function.STATUS_NOTIFICATION] = Function.STATUS_NOTIFICATION
    conditions: Annotated[tuple[Condition, ...], Field(min_length=1)]
    "Each with the part of the device, its state, and since when."


class Medium(StrEnum):
    """What a transmission went over."""

    FAX = "fax"
    EMAIL = "e-mail"
    FILE = "file"


class Transmission(Values):
    """One line of a TX Result Report."""

    number: Annotated[int, Field(ge=1)]
    destination: Line
    medium: Medium
    started_at: AwareDatetime
    pages: Annotated[int, Field(ge=0)]
    succeeded: bool
    result: Line = ""
    "In the device's or the server's words."


class TxResultReport(ByDevice):
    """What became of transmissions. A mail that failed is never reported by mail (S21)."""

    function: Literal[Function.TX_RESULT_REPORT] = Function.TX_RESULT_REPORT
    transmissions: Annotated[tuple[Transmission, ...], Field(min_length=1)]
    "Each a line of the report."


class ByProgram(ByDevice, AsGiven):
    """What a program that cannot sign in sends for the device itself, from the administrator's address."""

    hears: ClassVar[bool] = True

    function: Literal[Function.DEVICE_PROGRAM] = Function.DEVICE_PROGRAM


class DeviceReport(ByDevice, AsGiven):
    """The same of what a program sent for the device itself: to the administrator."""

    function: Literal[Function.DEVICE_REPORT] = Function.DEVICE_REPORT
    about: Annotated[int, Field(ge=1)]
    "Number of the job that it tells of."


AnyAsGiven = FromProgram | ByProgram | Report | DeviceReport
Request = Annotated[
    ScanToEmail
    | ScanToMe
    | ScanToUrl
    | InternetFax
    | FromUserBox
    | FromApplication
    | FromProgram
    | EmailNotification
    | TotalCounter
    | ForwardTx
    | TsiRouting
    | StatusNotification
    | TxResultReport
    | ByProgram
    | Report
    | DeviceReport,
    Field(discriminator="function"),
]

REQUESTS: Mapping[Function, type[JobRequest]] = MappingProxyType(
    {kind.model_fields["function"].default: kind for kind in get_args(get_args(Request)[0])}
)
"Each function's request."
AS_GIVEN = frozenset(function for function, kind in REQUESTS.items() if issubclass(kind, AsGiven))
"Their messages are a program's, or reports; those of the others are written when they go (S22)."
REPORTS = frozenset({Function.REPORT, Function.DEVICE_REPORT})
"What becomes of them nobody is told by mail (S21)."
COMPOSED = tuple(function for function in Function if function not in AS_GIVEN)
"The manual's twelve (S20, S21)."
