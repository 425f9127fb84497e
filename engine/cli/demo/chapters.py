"""The chapters of the demonstration, in order. Each does what its title says, on real servers, and checks
it.
"""

import asyncio
from pathlib import Path
from typing import NamedTuple

from ....events.base import ADMINISTRATOR as DEVICE
from ....events.request import ScanToEmail
from ....machines.refresh_token import REFRESH_TOKEN
from ...engine import Engine
from ...settings import Settings
from .stage import ADMINISTRATOR, KIM, LEE, OFFICE, Stage, Untrue

AT_ONCE = 12
"The file beside the store that seals refresh tokens."


def refresh_status(engine: Engine, login: str) -> str:
    return next(found.refresh_token for found in engine.status().identities if found.login == login)


async def oauth_settings(stage: Stage, engine: Engine) -> None:
    stage.chapter("[OK] in [OAuth Settings] leads to the administrator's sign-in")
    applied = await engine.apply(engine.settings.changed(oauth={"enabled": True}))
    stage.tell("[OAuth 2.0]: ON, [OAuth 2.0 Provider]: Microsoft, [OK]")
    stage.check(applied.offers_sign_in, "a message offers the OAuth authentication screen")
    await engine.acquire("page")
    await engine.settle()
    stage.check(
        stage.screen.opened[-1][0] == "page", "the administrator signed in on the provider's own page"
    )
    stage.check(
        refresh_status(engine, DEVICE) == "Acquired", "[Refresh Tokens (Administrator)] [Status]: Acquired"
    )


async def first_scan(stage: Stage, engine: Engine, scan: Path) -> None:
    stage.chapter("kim scans, is not signed in, signs in, and the waiting job goes on by itself")
    await engine.log_in("panel", "kim", KIM)
    receipt = await stage.scan(engine, "kim", scan)
    stage.check(receipt.waits_for == "waits for a sign-in", "the job is in the spool and waits for a sign-in")
    await engine.settle()
    stage.check("Signed in" in stage.screen.pages[-1], "kim signed in at the panel; the page says so")
    stage.sent(engine, receipt, "the job went out, without being sent again")


async def two_hours(stage: Stage, engine: Engine, scan: Path) -> None:
    stage.chapter("Two hours later: the access token is gone, and nobody notices")
    refreshes, screens = stage.kit.microsoft.count("token:refresh_token"), len(stage.screen.opened)
    await stage.passes(engine, hours=2)
    await engine.log_in("panel", "kim")
    receipt = await stage.scan(engine, "kim", scan)
    await engine.settle()
    stage.sent(engine, receipt, "the scan went out on a silently refreshed access token")
    stage.check(
        stage.kit.microsoft.count("token:refresh_token") == refreshes + 1, "one refresh reached the provider"
    )
    stage.check(len(stage.screen.opened) == screens, "no screen was opened")


async def power_cycle(stage: Stage, settings: Settings, scan: Path) -> None:
    stage.chapter(f"Power off and on, then {AT_ONCE} jobs at once")
    async with stage.engine(settings) as engine:
        stage.check(len(engine.holder) == 0, "after power on there is no access token")
        refreshes = stage.kit.microsoft.count("token:refresh_token")
        await engine.log_in("panel", "kim")
        stage.tell(f"kim sends {scan.name} {AT_ONCE} times at once")
        receipts = await asyncio.gather(*(stage.submit(engine, "kim", scan) for _ in range(AT_ONCE)))
        await engine.settle()
        states = [engine.job(receipt.job).state for receipt in receipts]
        stage.check(states == ["sent"] * AT_ONCE, f"all {AT_ONCE} jobs were sent")
        asked = stage.kit.microsoft.count("token:refresh_token") - refreshes
        stage.check(asked == 1, "exactly one refresh request reached the provider")


async def rules(stage: Stage, engine: Engine, scan: Path) -> None:
    stage.chapter("What the manual rules out is refused with rule, remedy and who must act")
    request = ScanToEmail(user="kim", to=(OFFICE,), files=(scan,))
    await engine.log_in("panel", "kim")
    stage.tell("[SSL/TLS Version Setting]: TLSv1.3 for both [Minimum] and [Maximum], with Microsoft")
    await engine.apply(engine.settings.changed(tls={"minimum": "TLSv1.3"}))
    await stage.refuses(engine, request, "S12-tls")
    notice = await stage.notice(engine, "Toner is low")
    await engine.settle()
    stage.check(engine.job(notice.job).state == "waiting", "what the device sends by itself waits")
    await engine.apply(engine.settings.changed(tls={"minimum": "TLSv1.2"}))
    receipt = await stage.scan(engine, "kim", scan)
    await engine.settle()
    stage.sent(engine, notice, "[Minimum] is TLSv1.2 again: the device's notice went by itself")
    stage.sent(engine, receipt, "and kim's scan went, too")
    stage.tell("the device is connected to Network 2, VLAN enabled")
    await engine.apply(engine.settings.changed(network={"connection": "Network 2", "vlan": True}))
    await stage.refuses(engine, request, "S14-vlan")
    await engine.apply(engine.settings.changed(network={"vlan": False}))
    receipt = await stage.scan(engine, "kim", scan)
    await engine.settle()
    stage.sent(engine, receipt, "VLAN is off: the scan went")


async def google(stage: Stage, settings: Settings, scan: Path) -> None:
    stage.chapter("Google needs HTTP/2: a second device, with a store of its own")
    async with stage.engine(settings) as engine:
        await engine.log_in("panel", "kim", KIM)
        await stage.refuses(engine, ScanToEmail(user="kim", to=(OFFICE,), files=(scan,)), "S13-http")
        stage.tell("[HTTP Version Setting]: [HTTP/2,HTTP/1.1]")
        await engine.apply(engine.settings.changed(http={"version": "HTTP/2,HTTP/1.1"}))
        receipt = await stage.scan(engine, "kim", scan)
        await engine.settle()
        stage.sent(engine, receipt, "kim signed in at Google, and the scan went")
        seen = [request for request in stage.kit.google.requests if request.kind.startswith("token:")]
        stage.check({request.http_version for request in seen} == {"2"}, "the token came over HTTP/2")


async def auto_delete(stage: Stage, engine: Engine, scan: Path) -> None:
    stage.chapter("[Auto Delete] ON: tokens go when their people go")
    await engine.apply(engine.settings.changed(oauth={"auto_delete": True}))
    await engine.log_in("panel", "kim")
    kept = kept_of(stage, engine, "kim")
    stage.tell("kim logs out")
    await engine.log_out("panel")
    await engine.settle()
    forgotten(stage, engine, "kim", kept)
    await engine.log_in("panel", "lee", LEE)
    receipt = await stage.scan(engine, "lee", scan)
    await engine.settle()
    stage.sent(engine, receipt, "lee signed in, and the scan went")
    kept = kept_of(stage, engine, "lee")
    stage.tell("lee walks away without logging out")
    await stage.passes(engine, seconds=60)
    forgotten(stage, engine, "lee", kept)
    stage.check(refresh_status(engine, DEVICE) == "Acquired", "the administrator's token is untouched")


class Kept(NamedTuple):
    """What a device keeps of one person."""

    identity: str
    sealed: bytes
    "The refresh token as it is stored."
    clear: tuple[bytes, ...]
    "The refresh token and the access token as the provider knows them."


def kept_of(stage: Stage, engine: Engine, login: str) -> Kept:
    """Raises Untrue where nothing is kept, for then it would prove nothing that it is gone later."""
    row = engine.people.find(login)
    identity = row.identity if row else ""
    grant, held = engine.store.grant(identity), engine.holder.take(identity)
    if grant is None or held is None:
        raise Untrue(f"{login} has a refresh token and an access token")
    opened = engine.vault.open(grant)
    kept = Kept(identity, grant.sealed, (opened.reveal().encode(), held.access.reveal().encode()))
    stage.check(in_files(engine.folder, kept.sealed), f"{login}'s refresh token is in the store, sealed")
    stage.check(not in_files(engine.folder, *kept.clear), f"no file has a token of {login} in clear")
    return kept


def in_files(folder: Path, *wanted: bytes) -> bool:
    contents = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return any(octets in content for octets in wanted for content in contents)


def forgotten(stage: Stage, engine: Engine, login: str, kept: Kept) -> None:
    state = engine.runtime.instance(REFRESH_TOKEN, kept.identity).state.value
    stage.check(state == "Required", f"{login}'s token: {state}")
    held = engine.holder.take(kept.identity)
    stage.check(held is None, f"{login}'s access token is gone from memory")
    gone = engine.store.grant(kept.identity) is None and not in_files(engine.folder, kept.sealed, *kept.clear)
    stage.check(gone, f"{login}'s refresh token is gone from the bytes of the store, sealed or not")


async def revoked(stage: Stage, engine: Engine) -> None:
    stage.chapter("The administrator's grant is revoked: the right person learns it, and nothing is lost")
    stage.tell("at the provider, somebody revokes the administrator's grant")
    stage.kit.microsoft.revoke_grants(ADMINISTRATOR)
    receipt = await stage.notice(engine, "Paper tray 2 is empty")
    await engine.settle()
    waits = engine.job(receipt.job)
    stage.check(waits.state == "waiting", f"the device's job waits: {waits.reason}")
    stage.check(
        refresh_status(engine, DEVICE) == "Expired", "[Refresh Tokens (Administrator)] [Status]: Expired"
    )
    warnings = [warning for warning in engine.information() if warning.subject == DEVICE]
    stage.check(len(warnings) == 1 and "[Acquire]" in warnings[0].remedy, "the [Information] screen warns:")
    stage.warned(warnings[0])
    stage.tell("the administrator taps [Acquire] and signs in again")
    await engine.acquire("page")
    await engine.settle()
    stage.check(not engine.information(), "the warning cleared itself")
    stage.sent(engine, receipt, "the waiting job went by itself")


def settings_of(stage: Stage, provider: str, folder: Path, **others: object) -> Settings:
    """A device at one of the playing providers."""
    server, submission = stage.kit.providers[provider.lower()], stage.kit.submissions[provider.lower()]
    return Settings().changed(
        administrator={"address": ADMINISTRATOR},
        from_address={"setting": "Login User Address"},
        oauth={"provider": provider, "client_id": server.client_id, "authority": server.base, **others},
        smtp={"server": "localhost", "port": submission.port},
        store={"path": folder},
        tls={"trust": stage.kit.ca_file},
    )
