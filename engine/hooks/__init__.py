"""How an alarm leaves: to a command, or posted to a URL (B12). Each fulfils `alarms.Hook`.

Rule: what posting needs of libraries is loaded when the first alarm is posted, so that an idle device stays
small.
"""

from collections.abc import Callable

from ...events.settings import DeviceSettings
from ..alarms import Hook, Way
from ..ports import Credentials, HttpProxy
from ..secret import Secret
from ..tls import client_context


def hook(
    way: Way, settings: DeviceSettings, credentials: Credentials, proxy: Callable[[], HttpProxy | None]
) -> Hook | None:
    """None: these settings want no alarm in this way. `proxy`: may raise CredentialError."""
    wanted = settings.hooks.on_information

    async def run(alarm: bytes) -> str:
        from .command import run

        return await run(wanted.command, alarm)

    def bearer() -> Secret | None:
        return credentials.read(wanted.credential) if wanted.credential else None

    async def post(alarm: bytes) -> str:
        from .url import post

        return await post(wanted.url or "", alarm, bearer, lambda: client_context(settings.tls), proxy)

    told = {Way.COMMAND: run if wanted.command else None, Way.URL: post if wanted.url else None}
    return told[way]
