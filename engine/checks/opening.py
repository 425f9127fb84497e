"""From settings to what the steps look at.

Rule: a store is opened where there is one that nobody uses, and none is made: a check may be the first thing
that anybody does here, under another account than the service's.
"""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from pathlib import Path

from ...events.base import ADMINISTRATOR
from ...machines.identity import Sender, signer
from ...machines.rules import Look, Rule, Verdict, broken
from ..adapters import NO_PROVIDERS, Adapters
from ..at_the_panel import UnknownUser
from ..clock import Clock
from ..engine import Engine, provided, state_folder
from ..oauth.providers import ProviderData
from ..outside import outside
from ..settings import FileCredentials, Settings
from ..store.lock import StoreInUse
from ..words import words
from .ground import Closed, Ground, Told, Who
from .quiet import QuietEngine

STORE = "store.db"


@asynccontextmanager
async def looking(
    settings: Settings,
    clock: Clock,
    user: str | None = None,
    providers: Mapping[str, ProviderData] = NO_PROVIDERS,
    told: Told | None = None,
) -> AsyncIterator[Ground]:
    """For the mail of this user; None: the device's own. `told`: by an engine that runs.

    Raises UnknownUser, SettingsError for a provider's own file, and what opening a store raises.
    """
    folder = settings.store.path or state_folder(os.environ)
    credentials = FileCredentials(folder / "credentials")
    known = {**provided(folder), **providers}
    mistakes, rules = outside(settings, credentials, known), forbidding(settings)
    async with AsyncExitStack() as stack:
        engine: Engine | Closed = Closed.WRONG
        if not mistakes and not rules:
            engine = await opened(stack, settings, clock, folder, known)
        if isinstance(engine, Engine):
            adapters = engine.adapters
        else:
            adapters = Adapters(lambda: settings, clock, credentials, nullcontext, unsent, known)
            stack.push_async_callback(adapters.aclose)
        who = whose_mail(settings, engine, user)
        said = words(settings.device.language)
        ground = Ground(settings, said, clock, adapters, mistakes, rules, who, engine, told)
        stack.push_async_callback(ground.aclose)
        yield ground


async def opened(
    stack: AsyncExitStack, settings: Settings, clock: Clock, folder: Path, known: Mapping[str, ProviderData]
) -> Engine | Closed:
    if not (folder / STORE).exists():
        return Closed.NEW
    try:
        return await stack.enter_async_context(QuietEngine.open(settings, clock=clock, providers=known))
    except StoreInUse:
        return Closed.IN_USE


def forbidding(settings: Settings) -> tuple[Rule, ...]:
    """Rules by which nothing goes, or the settings cannot be."""
    found = [rule for rule in broken(settings, Look.SET) if rule.verdict(Look.SET) is Verdict.CANNOT_BE_SET]
    if settings.oauth.enabled:
        found += [rule for rule in broken(settings, Look.SIGN_IN) if rule not in found]
    return tuple(found)


def whose_mail(settings: Settings, engine: Engine | Closed, user: str | None) -> Who:
    """Raises UnknownUser."""
    administrator = settings.administrator.address or ""
    if user is None or user == ADMINISTRATOR:
        found = signer(settings, Sender(True, None, None))
        signs_in = administrator if settings.oauth.enabled else settings.smtp.user or administrator
        return Who(ADMINISTRATOR, ADMINISTRATOR, signs_in, found.address if found else "")
    own = settings.users.get(user)
    row = engine.people.find(user) if isinstance(engine, Engine) else None
    if own is None and row is None:
        raise UnknownUser(user)
    if isinstance(engine, Engine):
        own = engine.people.address_of(user)
    found = signer(settings, Sender(False, own, None, user))
    if found is None or found.as_administrator:
        return Who(ADMINISTRATOR, ADMINISTRATOR, administrator, found.address if found else "")
    return Who(row.identity if row else user, user, own or "", found.address)


def unsent(*_: object) -> str:
    raise AssertionError("no job is sent without an engine")
