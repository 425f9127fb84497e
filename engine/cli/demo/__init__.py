"""`franking demo`: a device signs in, scans, sends, loses its access token, gets a new one and forgets a user
at logout, all for real on loopback.
"""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from ....testing.clock import VirtualClock
from ....testing.kit import playing
from ....testing.screen import PersonAtTheScreen
from . import chapters, functions
from .feeder import paper as paper_to_send
from .stage import PASSWORDS, Stage, Untrue

SOME_MORNING = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def run(folder: Path, console: Console) -> int:
    """0 only if every claim was checked and every attachment arrived as it was; 1 otherwise."""
    return asyncio.run(play(folder, console))


async def play(folder: Path, console: Console) -> int:
    began = time.monotonic()
    clock = VirtualClock(SOME_MORNING)
    async with playing(clock, folder / "kit") as kit:
        for address, password in PASSWORDS.items():
            kit.add_account(address, password)
        stage = Stage(console, clock, kit, folder, PersonAtTheScreen(kit.person(), PASSWORDS))
        introduce(stage)
        try:
            delivered = await story(stage)
        except Untrue as untrue:
            stage.tell(f"✗ not so: {untrue}", "bold red")
            console.print("demo: failed", style="bold red")
            return 1
    console.print()
    console.print(f"{stage.checks} claims checked in {time.monotonic() - began:.1f} s", style="dim")
    console.print(f"demo: ok, {delivered} messages delivered, attachments identical", style="bold green")
    return 0


def introduce(stage: Stage) -> None:
    stage.console.print("franking, a demonstration", style="bold")
    stage.console.print(
        "A device, two providers and their mail servers, all on this machine. The people are played;\n"
        "everything else is real: TLS, OAuth 2.0, SMTP, the store. Time is the demonstration's own.",
        style="dim",
    )


async def story(stage: Stage) -> int:
    paper = await paper_to_send(stage)
    settings = chapters.settings_of(stage, "Microsoft", stage.folder / "device")
    async with stage.engine(settings) as engine:
        await chapters.oauth_settings(stage, engine)
        await chapters.first_scan(stage, engine, paper)
        await chapters.two_hours(stage, engine, paper)
        settings = engine.settings
    await chapters.power_cycle(stage, settings, paper)
    async with stage.engine(settings) as engine:
        await chapters.rules(stage, engine, paper)
        others = chapters.settings_of(
            stage, "Google", stage.folder / "second", enabled=True, client_credential="credential:client"
        )
        secret = stage.folder / "second" / "credentials" / "client"
        secret.parent.mkdir(parents=True, mode=0o700)
        secret.write_text(stage.kit.google.client_secret)
        secret.chmod(0o600)
        await chapters.google(stage, others, paper)
        await chapters.auto_delete(stage, engine, paper)
        await chapters.revoked(stage, engine)
        await functions.functions(stage, engine, paper)
    stage.chapter("What arrived")
    return stage.arrived()
