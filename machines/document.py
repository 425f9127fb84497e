"""One document in a person's user box: kept until its time is up or somebody deletes it (S20, S22).

A document is in the box, durably, before this machine hears of it. One that Scan to URL put there gets a
moment at which its link ends when the mail goes that names it, for nobody can fetch it before; then it
is erased, whether anybody fetched it or not. With it go its name and its link: what is left is that it was
there, and how often it was fetched.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from ..events.base import OfDocument
from ..events.box import (
    DocumentDeleted,
    DocumentExpired,
    DocumentFetched,
    DocumentKept,
    LinkAnnounced,
    LinkWithdrawn,
)
from .definition import Definition, ignore, lasts, on, state
from .effects import EraseDocument, ForgetDocument

Lying = StrEnum("Lying", ["NEW", "KEPT", "GONE"])
NEW, KEPT, GONE = Lying


@dataclass(frozen=True, slots=True)
class Stay:
    expires_at: datetime | None = None
    downloads: int = 0
    "How often somebody fetched the whole of it."


def announced(stay: Stay, event: LinkAnnounced) -> bool:
    return stay.expires_at is not None


def announce(stay: Stay, event: LinkAnnounced) -> Stay:
    return replace(stay, expires_at=event.expires_at)


def withdraw(stay: Stay, event: LinkWithdrawn) -> Stay:
    return replace(stay, expires_at=None)


def count(stay: Stay, event: DocumentFetched) -> Stay:
    return replace(stay, downloads=stay.downloads + 1)


DOCUMENT = Definition(
    "document", Stay,
    state(NEW, "Nothing is known of it.",
        on(DocumentKept, to=KEPT),
        ignore(LinkAnnounced, LinkWithdrawn, DocumentFetched, DocumentExpired, DocumentDeleted,
               why="there is no such document")),
    state(KEPT, "It lies in the person's box; whoever has its link can fetch it.",
        lasts(until="expires_at", then=DocumentExpired),
        ignore(DocumentKept, why="it is known already"),
        ignore(LinkAnnounced, when=announced, why="somebody may have a mail that says until when"),
        on(LinkAnnounced, unless=announced, data=announce),
        on(LinkWithdrawn, data=withdraw),
        on(DocumentFetched, data=count),
        on(DocumentExpired, DocumentDeleted, to=GONE, ask=[ForgetDocument(), EraseDocument()])),
    state(GONE, "It was erased.",
        ignore(DocumentKept, why="numbers are never given twice"),
        ignore(LinkAnnounced, LinkWithdrawn, why="it was deleted while its mail was under way"),
        ignore(DocumentFetched, why="it was erased while somebody fetched it"),
        ignore(DocumentExpired, DocumentDeleted, why="it is gone already"), final=True),
    per=OfDocument,
)  # fmt: skip
