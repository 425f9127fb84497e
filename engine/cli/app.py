"""The commands of `franking`, put together. Each has its file; what it needs is imported when it runs."""

import importlib.util
import tempfile
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer
from typer.main import get_command

from . import (
    acquire,
    check,
    diagrams,
    forget,
    history,
    init,
    jobs,
    keys,
    manual,
    password,
    provision,
    replay,
    reset,
    run,
    secret,
    send,
    settings,
    status,
    tokens,
)
from .exits import IN_SHORT, Exit
from .terminal import NotInstalledError, terminal

EPILOG = f"Ends with {' · '.join(f'{code.value} {IN_SHORT[code]}' for code in Exit)}."
DEMO_NEEDS = ("aiosmtpd", "fpdf", "hypercorn", "PIL", "starlette", "trustme")


def command() -> Callable[..., object]:
    """What is called with `args` and `prog_name`; it ends with SystemExit or one of our errors."""
    app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="rich")
    app.callback(epilog=EPILOG)(franking)
    app.command("init")(init.init)
    app.command("run")(run.run)
    app.command("send")(send.send)
    app.command("acquire")(acquire.acquire)
    app.command("status")(status.status)
    app.command("check")(check.check)
    app.command("tokens")(tokens.tokens)
    app.command("delete")(tokens.delete)
    spooled = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")
    spooled.callback()(jobs.jobs)
    spooled.command("list")(jobs.listed)
    for each in (jobs.show, jobs.hold, jobs.release, jobs.cancel, jobs.retry):
        spooled.command(each.__name__)(each)
    app.add_typer(spooled, name="jobs")
    app.command("history")(history.history)
    app.command("replay")(replay.replay)
    app.command("forget")(forget.forget)
    app.command("reset")(reset.reset)
    app.command("provision")(provision.provision)
    chosen = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")
    chosen.callback()(settings.settings)
    chosen.command("list")(settings.listed)
    chosen.command("show")(settings.show)
    chosen.command("set")(settings.change)
    chosen.command("unset")(settings.unset)
    app.add_typer(chosen, name="settings")
    sealing = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")
    sealing.callback()(keys.keys)
    sealing.command("rotate")(keys.rotate)
    app.add_typer(sealing, name="keys")
    kept = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")
    kept.callback()(secret.secret)
    kept.command("set")(secret.keep)
    kept.command("remove")(secret.remove)
    kept.command("list")(secret.names)
    app.add_typer(kept, name="secret")
    app.command("password")(password.password)
    app.command("diagrams")(diagrams.diagrams)
    app.command("man")(manual.man)
    app.command("demo")(demo)
    return get_command(app)


def shown_version(wanted: bool) -> None:
    if wanted:
        try:
            number = version("franking")
        except PackageNotFoundError:
            number = "(not installed)"
        terminal().out.print(f"franking {number}")
        raise typer.Exit


def franking(
    version: Annotated[
        bool, typer.Option("--version", callback=shown_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """E-mail from a device with OAuth 2.0.

    A command asks the engine that runs. Where none does it runs one for as long as it lasts: mail that
    waits and can go then goes.
    """


def demo(
    folder: Annotated[
        Path | None,
        typer.Option(
            "--folder",
            show_default=False,
            help="Keep everything here; else a folder that is removed at the end.",
        ),
    ] = None,
    interactive: Annotated[
        bool, typer.Option("--interactive", help="Leave the servers up, for you to sign in and send.")
    ] = False,
) -> None:
    """Shows a device that signs in, scans and sends, for real, on loopback; 70 if a claim is not so."""
    if any(importlib.util.find_spec(name) is None for name in DEMO_NEEDS):
        raise NotInstalledError("the demo", "cli,testing")
    if interactive:
        from .demo.interactive import run
    else:
        from .demo import run
    out = terminal().out
    if folder is not None:
        raise typer.Exit(Exit.SOFTWARE if run(folder, out) else Exit.OK)
    with tempfile.TemporaryDirectory(prefix="franking-demo-") as made:
        raise typer.Exit(Exit.SOFTWARE if run(Path(made), out) else Exit.OK)
