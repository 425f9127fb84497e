"""What clients say in MAIL and RCPT: paths and parameters (RFC 5321, 1870, 6152, 6531, 3461, 4954).

Rule: whatever is not understood is refused in words; nothing is guessed.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from ...events.request import Notify, Return
from ...events.values import Original
from ..smtp.fields import plain_of
from .replies import Reply

PATH = re.compile(r"\s*(?:<((?:\"(?:\\.|[^\"\\])*\"|[^<>\"])*)>|([^\s<>]+))(?:\s+(.*))?", re.DOTALL)
ROUTE = re.compile(r"(?:@[^@:,]+,?)+:")
"Source routes have no meaning any more (RFC 5321 appendix C)."
PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^=\s\x00-\x1f\x7f]+))?")
XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*", re.ASCII)
"RFC 3461 section 4."
PATH_MOST, LOCAL_MOST = 254, 64
"Octets of a path without its brackets, and of what stands before the @ (RFC 5321 section 4.5.3.1)."
ENVELOPE_ID_MOST = 100
"RFC 3461 section 4.4."
ORIGINAL: TypeAdapter[str] = TypeAdapter(Original)


class NotUnderstood(Exception):
    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.text)
        self.reply = reply


def syntax(text: str) -> NotUnderstood:
    return NotUnderstood(Reply(501, "5.5.4", text))


def unknown(command: str, name: str) -> NotUnderstood:
    text = f"{command} takes no parameter {name} here: leave it out, or say EHLO first"
    return NotUnderstood(Reply(555, "5.5.4", text))


@dataclass(frozen=True, slots=True)
class Mail:
    sender: str
    "Empty: the null reverse-path."
    octets: int = 0
    "As it was announced (SIZE)."
    utf8: bool = False
    envelope_id: str = ""
    returns: Return = Return.HEADER


@dataclass(frozen=True, slots=True)
class Rcpt:
    recipient: str
    notify: frozenset[Notify] = frozenset()
    original: str = ""
    "What the recipient was called before (ORCPT); empty: that was not said."


def mail_of(argument: str, *, extended: bool) -> Mail:
    """Raises NotUnderstood."""
    sender, parameters = path_of("MAIL FROM", argument)
    found = Mail(sender)
    for name, value in parameters.items():
        taken = OF_MAIL.get(name) if extended else None
        if taken is None:
            raise unknown("MAIL", name)
        found = taken(found, value)
    if not sender.isascii() and not found.utf8:
        raise without_utf8(553)
    return found


def rcpt_of(argument: str, *, extended: bool, utf8: bool) -> Rcpt:
    """`utf8`: said with MAIL. Raises NotUnderstood."""
    recipient, parameters = path_of("RCPT TO", argument)
    if not recipient:
        raise syntax("Say a recipient: RCPT TO:<address>")
    if not recipient.isascii() and not utf8:
        raise without_utf8(553)
    found = Rcpt(recipient)
    for name, value in parameters.items():
        if not extended or name not in ("NOTIFY", "ORCPT"):
            raise unknown("RCPT", name)
        if name == "NOTIFY":
            found = replace(found, notify=notify_of(value))
        else:
            found = replace(found, original=original(value))
    return found


def without_utf8(code: int) -> NotUnderstood:
    text = "The address is not ASCII, and MAIL did not say SMTPUTF8 (RFC 6531). Let the program say it"
    return NotUnderstood(Reply(code, "5.6.7", text))


def path_of(keyword: str, argument: str) -> tuple[str, Mapping[str, str | None]]:
    """The address and the parameters, by their names in capitals. Raises NotUnderstood."""
    command, _, word = keyword.partition(" ")
    begin, colon, rest = argument.partition(":")
    found = PATH.fullmatch(rest) if colon and begin.strip().upper() == word else None
    if found is None:
        raise syntax(f"Say {command} {word}:<address>, with the address in angle brackets")
    address = (found[1] if found[1] is not None else found[2]).strip()
    route = ROUTE.match(address)
    address = address[route.end() :] if route else address
    octets = address.encode("utf-8", "surrogateescape")
    local = octets.rpartition(b"@")[0] or octets
    if len(octets) > PATH_MOST or len(local) > LOCAL_MOST:
        raise NotUnderstood(Reply(501, "5.1.3" if command == "RCPT" else "5.1.7", TOO_LONG))
    return address, parameters_of(found[3] or "")


TOO_LONG = (
    f"The address is too long: it has at most {PATH_MOST} octets, and {LOCAL_MOST} before the @ (RFC 5321 "
    "section 4.5.3.1)"
)


def parameters_of(text: str) -> Mapping[str, str | None]:
    """Raises NotUnderstood."""
    if not text:
        return NONE
    found: dict[str, str | None] = {}
    for each in text.split():
        match = PARAMETER.fullmatch(each)
        if match is None or match[1].upper() in found:
            raise syntax("The parameters behind the address are not NAME=VALUE, or one stands there twice")
        found[match[1].upper()] = match[2]
    return found


NONE: Mapping[str, str | None] = MappingProxyType({})


def size(mail: Mail, value: str | None) -> Mail:
    if value is None or not (value.isascii() and value.isdecimal()) or len(value) > 20:
        raise syntax("SIZE takes the octets of the message as a number")
    return replace(mail, octets=int(value))


def body(mail: Mail, value: str | None) -> Mail:
    if (value or "").upper() not in ("7BIT", "8BITMIME"):
        raise syntax("BODY takes 7BIT or 8BITMIME")
    return mail


def smtputf8(mail: Mail, value: str | None) -> Mail:
    if value is not None:
        raise syntax("SMTPUTF8 takes no value")
    return replace(mail, utf8=True)


def submitter(mail: Mail, value: str | None) -> Mail:
    """It is not told any further: who brings the mail is known here by other means (RFC 4954 section 5)."""
    if value is None or (value != "<>" and XTEXT.fullmatch(value) is None):
        raise syntax("AUTH takes <> or an address as xtext (RFC 4954)")
    return mail


def returned(mail: Mail, value: str | None) -> Mail:
    try:
        return replace(mail, returns=Return((value or "").upper()))
    except ValueError:
        raise syntax("RET takes FULL or HDRS") from None


def envelope_id(mail: Mail, value: str | None) -> Mail:
    if value is None or len(value) > ENVELOPE_ID_MOST or XTEXT.fullmatch(value) is None:
        raise syntax(f"ENVID takes at most {ENVELOPE_ID_MOST} octets of xtext (RFC 3461 section 4)")
    plain = plain_of(value)
    if not plain.isascii() or not plain.isprintable():
        raise syntax("ENVID takes printable ASCII as xtext (RFC 3461 section 4.4)")
    return replace(mail, envelope_id=plain)


OF_MAIL: Mapping[str, Callable[[Mail, str | None], Mail]] = MappingProxyType({
    "SIZE": size,
    "BODY": body,
    "SMTPUTF8": smtputf8,
    "AUTH": submitter,
    "RET": returned,
    "ENVID": envelope_id,
})  # fmt: skip


def notify_of(value: str | None) -> frozenset[Notify]:
    """Raises NotUnderstood."""
    try:
        found = frozenset(Notify(each) for each in (value or "").upper().split(","))
    except ValueError:
        raise syntax("NOTIFY takes NEVER, or some of SUCCESS, FAILURE and DELAY") from None
    if Notify.NEVER in found and len(found) > 1:
        raise syntax("NOTIFY=NEVER stands alone")
    return found


def original(value: str | None) -> str:
    """In ASCII (RFC 6533 section 3). Raises NotUnderstood."""
    said = value or ""
    if said.lower().startswith("utf-8;"):
        said = "".join(each if each.isascii() else f"\\x{{{ord(each):X}}}" for each in said)
    try:
        return ORIGINAL.validate_python(said)
    except ValidationError:
        raise syntax(
            "ORCPT takes a type and an address as xtext, such as rfc822;kim@example.com, and 500 octets at "
            "most (RFC 3461 section 4.2)"
        ) from None


class Asked(NamedTuple):
    """What one job keeps of what was said of its recipients."""

    notify: tuple[Notify, ...]
    each: dict[str, tuple[Notify, ...]]
    "Recipients of whom something else was said."
    originals: dict[str, str]


def asked_for(recipients: "list[Rcpt]") -> Asked:
    of_each: dict[str, list[frozenset[Notify]]] = {}
    for each in recipients:
        of_each.setdefault(each.recipient, []).append(each.notify)
    notify = united([each.notify for each in recipients])
    single = {recipient: united(said) for recipient, said in of_each.items()}
    apart = {recipient: said for recipient, said in single.items() if said != notify}
    originals = {each.recipient: each.original for each in reversed(recipients) if each.original}
    return Asked(notify, apart, originals)


def united(asked: "list[frozenset[Notify]]") -> tuple[Notify, ...]:
    """What any of them asked for; NEVER where all said it."""
    wanted = frozenset[Notify]().union(*asked)
    if not all(Notify.NEVER in each for each in asked):
        wanted -= {Notify.NEVER}
    return tuple(each for each in Notify if each in wanted)
