"""Settings of fax: what an Internet fax asks for, and where received faxes go."""

from pydantic import Field

from .values import Address, Line, Values


class InternetFaxSettings(Values):
    """What an Internet fax asks the receiving side for (S22)."""

    dsn: bool = True
    "A delivery status notification (RFC 3461), where the mail server can."
    mdn: bool = True
    "A message disposition notification (RFC 8098)."


class TsiRoutingSettings(Values):
    """Where received faxes go, by the number that the sender's machine gives (TSI)."""

    routes: dict[Line, tuple[Address, ...]] = Field(default_factory=dict)
    "Sender's number to addresses; spaces and punctuation in a number don't count."
    otherwise: tuple[Address, ...] = ()
    "Where faxes of other numbers go; empty: such a fax is refused."
