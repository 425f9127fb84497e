"""`franking run`: the device's engine as a service, with its control socket, until it is told to end.

It ends politely with SIGTERM or SIGINT: a message whose final dot has gone waits for its answer. SIGHUP takes
the settings file anew; what cannot be taken is said in the log, and the device goes on as it is.

Rule: the log goes to standard error, with the level in front where the service manager reads it.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..applying import SignInsEnd
from ..control.place import drop_of, linked, socket_of
from ..engine import Engine
from ..records import StoreFailed
from ..refusal import Refused
from ..sd_notify import told
from ..settings import Settings, SettingsError
from .exits import Exit
from .opening import (
    Config,
    NoConfigurationError,
    WrongSettingsError,
    checked,
    configured,
    folder_of,
    loaded,
    opened,
)
from .settings import keep as kept
from .terminal import NotInstalledError

if TYPE_CHECKING:
    from ..control.screen import ShownAtPlaces

log = logging.getLogger("franking")
LOOPBACK = "127.0.0.1"
LEVELS = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}
"As syslog counts them (sd-daemon(3))."
NOT_TAKEN = (SettingsError, WrongSettingsError, NoConfigurationError, Refused, SignInsEnd, StoreFailed)
ENDS = (signal.SIGTERM, signal.SIGINT)


class ForJournal(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        level = LEVELS.get(record.levelno, LEVELS[logging.INFO])
        return "\n".join(f"<{level}>{line}" for line in super().format(record).splitlines())


def run(
    socket: Annotated[
        Path | None,
        typer.Option(
            show_default=False,
            help="Where the control socket lies; else in $RUNTIME_DIRECTORY, or beside the store.",
        ),
    ] = None,
    links: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT", show_default=False, help="Serve the links of Scan to URL there, too."
        ),
    ] = None,
    panel: Annotated[
        str | None,
        typer.Option(
            metavar="[HOST:]PORT", show_default=False, help="Serve the screens of the device's display there."
        ),
    ] = None,
    page: Annotated[
        str | None,
        typer.Option(
            metavar="[HOST:]PORT", show_default=False, help="Serve the same screens for browsers there."
        ),
    ] = None,
    listen: Annotated[
        str | None,
        typer.Option(
            metavar="[HOST:]PORT",
            show_default=False,
            help="Take mail of programs by SMTP there, with STARTTLS where `programs.certificate` is set.",
        ),
    ] = None,
    listen_tls: Annotated[
        str | None,
        typer.Option(
            metavar="[HOST:]PORT",
            show_default=False,
            help="The same with TLS from the first octet (RFC 8314).",
        ),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log every fact.")] = False,
    config: Config = None,
) -> None:
    """Runs the device's engine until it is told to end; other programs use it by its control socket."""
    settings = configured(config)
    logged(verbose=verbose)
    at = {
        name: address_of(given, name)
        for name, given in (
            ("links", links),
            ("panel", panel),
            ("page", page),
            ("listen", listen),
            ("listen-tls", listen_tls),
        )
        if given
    }
    asyncio.run(served(settings, socket, at, config))
    raise typer.Exit(Exit.OK)


def logged(*, verbose: bool) -> None:
    handler = logging.StreamHandler(sys.stderr)
    under_systemd = "JOURNAL_STREAM" in os.environ
    plain = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    handler.setFormatter(ForJournal("%(message)s") if under_systemd else plain)
    log.addHandler(handler)
    log.setLevel(logging.DEBUG if verbose else logging.INFO)


def address_of(given: str, name: str) -> tuple[str, int]:
    """Without a host it is this machine alone. Raises BadParameter."""
    host, _, port = given.rpartition(":")
    if not port.isdecimal() or int(port) > 65_535:
        raise typer.BadParameter(f"--{name} takes HOST:PORT, such as 127.0.0.1:8080, or PORT alone")
    return host.strip("[]") or LOOPBACK, int(port)


async def served(
    settings: Settings, socket: Path | None, at: Mapping[str, tuple[str, int]], config: Path | None
) -> None:
    """Raises what `opened` raises, NotInstalledError, NoSuchGroup, PathTooLong, NoSocket, OSError."""
    try:
        from ..control.screen import ShownAtPlaces
        from ..control.serving import serve
    except ModuleNotFoundError as error:
        raise NotInstalledError("the service", "cli,http") from error
    screen = ShownAtPlaces()
    end, again = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in ENDS:
        loop.add_signal_handler(each, end.set)
    loop.add_signal_handler(signal.SIGHUP, again.set)
    path = socket or socket_of(folder_of(settings), os.environ)
    async with opened(settings, screen) as engine:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(serve(engine, path, screen, end.set, drop_of(path, os.environ)))
            stack.enter_context(linked(folder_of(settings), path))
            if "links" in at:
                from ..links import serve as serve_links

                await stack.enter_async_context(serve_links(engine, *at["links"]))
            await stack.enter_async_context(screens(engine, screen, at, config))
            await stack.enter_async_context(listening(engine, at))
            await stack.enter_async_context(neighbours(engine))
            log.info("the engine runs; its control socket is %s", path)
            warn_of_strangers(engine)
            await until(engine, end, again, config)
        log.info("the engine ends")


@asynccontextmanager
async def screens(
    engine: Engine, screen: "ShownAtPlaces", at: Mapping[str, tuple[str, int]], config: Path | None
) -> AsyncIterator[None]:
    """Those that people see in a browser. Raises NeedsTls, CertificateUnusable, CannotListen."""
    async with AsyncExitStack() as stack:
        for name in at.keys() & {"panel", "page"}:
            from ..panel.face import Face
            from ..panel.serving import serve

            face = Face(name)
            keep = partial(kept, loaded(config)[0])
            address = await stack.enter_async_context(serve(engine, screen, face, *at[name], keep=keep))
            log.info("the screens of the %s are at %s", face, address)
        yield


@asynccontextmanager
async def listening(engine: Engine, at: Mapping[str, tuple[str, int]]) -> AsyncIterator[None]:
    """For programs that send by SMTP. Raises NotInstalledError, NeedsTls, CertificateUnusable,
    CannotListen.
    """
    async with AsyncExitStack() as stack:
        if at.keys() & {"listen", "listen-tls"}:
            try:
                from ..programs.limits import Limits
                from ..programs.listener import serve
            except ModuleNotFoundError as error:
                raise NotInstalledError("the SMTP listener", "listen") from error
            limits = Limits(engine.clock, lambda: engine.settings.programs)
            for name in ("listen", "listen-tls"):
                if name in at:
                    tls = name == "listen-tls"
                    address = await stack.enter_async_context(
                        serve(engine, *at[name], implicit_tls=tls, limits=limits)
                    )
                    log.info("programs may send to %s%s", address, " with TLS" if tls else "")
        yield


@asynccontextmanager
async def neighbours(engine: Engine) -> AsyncIterator[None]:
    """What stands beside a service while it runs."""
    async with told(engine.runtime, os.environ):
        yield


async def until(engine: Engine, end: asyncio.Event, again: asyncio.Event, config: Path | None) -> None:
    """Returns when the service is to end."""
    ending = asyncio.ensure_future(end.wait())
    while not ending.done():
        wanted = asyncio.ensure_future(again.wait())
        await asyncio.wait({ending, wanted}, return_when=asyncio.FIRST_COMPLETED)
        if wanted.done():
            again.clear()
            await taken_anew(engine, config)
        wanted.cancel()


async def taken_anew(engine: Engine, config: Path | None) -> None:
    """The settings file was changed. Where sign-ins would end by it nobody is here to be asked: it is not."""
    try:
        path, settings = loaded(config)
        applied = await engine.apply(checked(path, settings))
    except (
        SettingsError,
        WrongSettingsError,
        NoConfigurationError,
        Refused,
        SignInsEnd,
        StoreFailed,
    ) as error:
        log.error("the settings are not taken, the device goes on as it was set: %s", error)
    else:
        log.info("taken from the settings file: %s", ", ".join(applied.changed) or "nothing has changed")
        warn_of_strangers(engine)


def warn_of_strangers(engine: Engine) -> None:
    from ..programs.strangers import strangers

    for setting, login in strangers(engine):
        log.warning(
            "%s names %r, and nobody with that login name is known here: correct it, or enter the person in "
            "[users]; the device's administrator must act",
            setting,
            login,
        )
