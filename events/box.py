"""Facts about one document in a user box (S20, S22).

Its name, its size and its link stand in the document's rows in the store, never here.
"""

from pydantic import AwareDatetime

from .base import OfDocument, OfIdentity


class DocumentKept(OfDocument, OfIdentity):
    """A document lies in this person's box, durably, until somebody deletes it or its link ends."""


class LinkAnnounced(OfDocument):
    """The mail that brings its link is on its way to the server, and says until when it works."""

    expires_at: AwareDatetime
    "When its link ends and it is erased."


class LinkWithdrawn(OfDocument):
    """The server did not take that mail: nobody has the link, and the next try says anew until when it
    works.
    """


class DocumentFetched(OfDocument):
    """Somebody who has its link fetched all of it."""


class DocumentExpired(OfDocument):
    """Its time is up."""


class DocumentDeleted(OfDocument):
    """The person, or whoever may, took it out of the box."""
