"""[HTTP Version Setting] at a provider that speaks both versions, or one (S9)."""

from pathlib import Path

import pytest

from franking.engine.oauth.client import OAuthProvider
from franking.engine.oauth.providers import BUILT_IN
from franking.engine.ports import Application, Tokens
from franking.engine.secret import Secret
from franking.testing.authority import Authority, client_context
from franking.testing.clock import VirtualClock
from franking.testing.https import ALPN
from franking.testing.provider import ProviderServer
from franking.testing.quirks import MICROSOFT

KIM = "kim@example.com"


@pytest.mark.manual("S9")
@pytest.mark.parametrize(
    ("speaks", "http2", "version"),
    [(ALPN, True, "2"), (ALPN, False, "1.1"), (("http/1.1",), True, "1.1"), ((), True, "1.1")],
    ids=["both", "both, not wanted", "HTTP/1.1 alone", "no word of it"],
)
async def test_s9_http_2_is_offered_and_1_1_accepted(
    clock: VirtualClock, tmp_path: Path, speaks: tuple[str, ...], http2: bool, version: str
) -> None:
    authority = Authority(tmp_path)
    async with ProviderServer(MICROSOFT, clock, authority, alpn=speaks) as server:
        server.accounts.add(KIM, "correct horse")
        client = OAuthProvider(
            BUILT_IN["Microsoft"],
            Application(server.client_id, None, server.tenant, server.base),
            clock,
            lambda: client_context(authority.ca_file),
            lambda: http2,
        )
        assert isinstance(await client.refresh(Secret(server.give(KIM).refresh_token)), Tokens)
        assert [seen.http_version for seen in server.requests] == [version]
