"""The door: who is there, and may he come in?

Rule: a wrong name and a wrong password are told in the same words, after the same time.
"""

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from ...events.base import ADMINISTRATOR
from ...machines.roles import Role, Viewer
from ..control.problems import AGAIN_S
from ..deeds import where
from ..engine import Engine
from ..passwords import LONGEST
from ..records import StoreFailed
from ..runtime import EngineFailed, EngineStopped
from ..secret import Secret
from ..words import Spoken
from .access import AT_ONCE, administrator
from .face import Face
from .forms import Form
from .layout import outside
from .sessions import Session, TooManyPeople

if TYPE_CHECKING:
    from .app import Panel

LOGIN_MOST = 200
log = logging.getLogger("franking")


class KeptOut(NamedTuple):
    status: int
    why: str
    again_s: int = 0


def door(engine: Engine, face: Face, guard: str, **shown: Any) -> dict[str, Any]:
    page = engine.settings.page
    return {
        **outside(engine, face),
        "title": engine.words.say("panel.log-in"),
        "guard": guard,
        "over": False,
        "bye": "",
        "wrong": "",
        "login": "",
        "names": tuple(sorted(page.passwords)) if face is Face.PANEL else (),
        "nobody": page.administrator is None and not page.passwords,
        **shown,
    }


async def entered(panel: "Panel", form: Form, address: str) -> Session | KeptOut:
    say, login = panel.engine.words.say, form.one("login").strip()
    typed = form.one("password")
    if len(login) > LOGIN_MOST or len(typed) > LONGEST:
        return KeptOut(422, say("panel.log-in.wrong"))
    name = login or ADMINISTRATOR
    if wait_s := panel.tries.wait_s(name, address):
        return KeptOut(429, say("panel.log-in.wait", seconds=wait_s), wait_s)
    if panel.tries.looking >= AT_ONCE:
        return KeptOut(503, say("panel.log-in.busy"), AGAIN_S)
    panel.tries.note(name, address)
    viewer = await known(panel, login, Secret(typed))
    if viewer is None:
        return KeptOut(422, say("panel.log-in.wrong"))
    panel.tries.note_right(name, address)
    try:
        return await panel.stands(viewer)
    except TooManyPeople:
        return KeptOut(503, say("panel.log-in.full"))
    except (StoreFailed, EngineStopped, EngineFailed):
        return KeptOut(503, say("panel.log-in.not-now"))
    except Spoken as error:
        return KeptOut(422, panel.engine.words.error(error))


async def known(panel: "Panel", login: str, password: Secret) -> Viewer | None:
    """Who it is; whoever keeps the device is called so here, whatever else he is called."""
    panel.tries.looking += 1
    try:
        viewer = await panel.access.log_in(login, password)
    except Exception as error:  # noqa: BLE001 - the embedding program's: whoever it cannot tell stays outside
        log.error("it cannot be told who logs in: %s", where(error))
        return None
    finally:
        panel.tries.looking -= 1
    if viewer is None or viewer.role is Role.CONTROLLER:
        return None
    return administrator() if viewer.role is Role.ADMINISTRATOR else viewer


async def told(engine: Engine, session: Session) -> None:
    """The engine learns who stands there. Raises LoginReserved, LoginEmpty, AddressUnusable, StoreFailed."""
    if session.viewer.role is Role.ADMINISTRATOR:
        await engine.log_in_administrator(session.place)
    else:
        await engine.log_in(session.place, session.viewer.login)
