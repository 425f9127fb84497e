"""[OAuth Settings]: ON and OFF, the provider, the administrator's token and the users', [Auto Delete]; and
its [OK] (S23, S23a, S27).

Rule: [OK] is one change. What is deleted is deleted after a confirmation that says how much it is.
"""

from typing import Any

from ...events.about import Setting, every
from ...events.base import ADMINISTRATOR
from ...events.settings import OAUTH
from ...machines.refresh_token import REFRESH_TOKEN
from ..applying import Applied
from ..status import IdentityStatus
from .applying import Wrongs, applied
from .drawings import brief
from .fields import elsewhere, fields, standing
from .forms import Form
from .here import Answer, Here, NothingThere, Shows
from .machines import state_of
from .sessions import Message
from .tones import TOKENS


def settings() -> tuple[Setting, ...]:
    return tuple(each for each in every().values() if OAUTH in each.at.panel)


def shown(here: Here) -> dict[str, Any]:
    return context(here, standing(here))


def context(here: Here, wrong: Wrongs, form: Form | None = None) -> dict[str, Any]:
    found = fields(here, settings(), wrong, form)
    status = of_administrator(here)
    return {
        "title": here.say("panel.oauth"),
        "fields": {each.key: each for each in found},
        "elsewhere": elsewhere(wrong, settings()),
        "refused": form is not None,
        "status": status,
        "users": here.view.tokens_held(),
        "machine": brief(REFRESH_TOKEN, state_of(here, REFRESH_TOKEN, ADMINISTRATOR)),
    }


def of_administrator(here: Here) -> dict[str, Any]:
    """Raises NothingThere."""
    found = here.view.sign_in_of(ADMINISTRATOR)
    if found is None:
        raise NothingThere
    return in_words(here, found)


def in_words(here: Here, found: IdentityStatus) -> dict[str, Any]:
    """How a sign-in stands."""
    instance = here.engine.reader.found(REFRESH_TOKEN, found.identity)
    since = instance.entered if instance else None
    left = here.dates.days_left(found.ends_at) if found.ends_at else None
    return {
        "login": found.login,
        "address": found.address,
        "state": found.refresh_token,
        "tone": TOKENS.get(found.refresh_token, "idle"),
        "since": here.dates.day(since) if since else "",
        "renews": here.dates.day(found.renew_at) if found.renew_at else "",
        "ends": here.dates.day(found.ends_at) if found.ends_at else "",
        "left": left,
        "waits": found.waits,
    }


async def changed(here: Here, form: Form) -> Answer:
    """[OK] (S23a). Raises NotAllowed, StoreFailed."""

    def again(wrong: Wrongs) -> Shows:
        return Shows("oauth", context(here, {**standing(here), **wrong}, form))

    def to(found: Applied) -> str:
        return "/oauth/offer" if found.offers_sign_in else "/oauth"

    return await applied(here, form, settings(), again, to)


def offer_shown(here: Here) -> dict[str, Any]:
    """The message that offers the authentication screen; cancelled, the settings stay set (S23a)."""
    here.session.message = None
    return {
        "title": here.say("panel.offer.title"),
        "asks": here.say("panel.offer.asks", address=of_administrator(here)["address"]),
        "fields": [],
        "yes": here.say("panel.ok"),
        "back": "/oauth",
        "grave": False,
        "action": "/acquire",
    }


# Deleting


def list_shown(here: Here) -> dict[str, Any]:
    """[Refresh Tokens (User)]: whose there are; a user sees his own."""
    found = [each for each in here.view.sign_ins() if each.login != ADMINISTRATOR]
    return {
        "title": here.say("panel.tokens" if here.administers else "panel.sign-in"),
        "rows": [in_words(here, each) for each in found],
        "held": here.view.tokens_held() if here.administers else 0,
        "enabled": here.engine.settings.oauth.enabled,
    }


def delete_shown(here: Here) -> dict[str, Any]:
    """The confirmation of [Delete], with the number of tokens that it deletes; the administrator's is asked
    twice (S27). Raises UnknownUser, NotAllowed.
    """
    user = here.query.get("user", "")
    held = here.view.tokens_held(user or None)
    again = "again" in here.query
    if not held:
        asks = here.say("panel.delete.none")
    elif user == ADMINISTRATOR:
        asks = here.say("panel.delete.administrator-again" if again else "panel.delete.administrator")
    elif user:
        asks = here.say("panel.delete.one", login=user)
    else:
        asks = here.say("panel.delete.all-one") if held == 1 else here.say("panel.delete.all", number=held)
    twice = user == ADMINISTRATOR and not again
    return {
        "title": here.say("panel.delete.title"),
        "asks": asks,
        "fields": [("user", user), *([("first", "1")] if twice else [])],
        "yes": here.say("panel.delete") if held else "",
        "back": "/oauth" if user == ADMINISTRATOR else "/tokens",
        "grave": True,
        "action": "/oauth/delete",
    }


async def deleted(here: Here, form: Form) -> Answer:
    """Raises UnknownUser, NotAllowed, StoreFailed."""
    user = form.one("user")
    if user == ADMINISTRATOR and form.one("first"):
        return f"/oauth/delete?user={ADMINISTRATOR}&again=1"
    if user:
        await here.view.delete_token(user)
        here.says(Message(here.say("panel.delete.done-one")))
    else:
        number = await here.view.delete_tokens()
        here.says(Message(here.say("panel.delete.done", number=number)))
    return "/oauth" if user == ADMINISTRATOR else "/tokens"
