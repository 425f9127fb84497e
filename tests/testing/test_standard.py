"""The provider that does what the RFCs say: discovery, strict rotation, introspection, every flow."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from franking.testing.authority import client_context
from franking.testing.clock import VirtualClock
from franking.testing.kit import playing
from franking.testing.plain_client import PlainClient
from franking.testing.providers import BY_NAME
from franking.testing.quirks import Quirks
from franking.testing.refusals import Cause
from franking.testing.standard import STANDARD
from franking.tests.testing.scene import KIM, PASSWORD, Scene, scene


@pytest.mark.parametrize("quirks", BY_NAME.values(), ids=BY_NAME.keys())
def test_every_cause_has_words_everywhere(quirks: Quirks) -> None:
    assert quirks.words.keys() == set(Cause)


async def introspected(at: Scene, token: str, secret: str) -> httpx2.Response:
    context = client_context(at.client.ca_file)
    async with httpx2.AsyncClient(verify=context, trust_env=False) as http:
        asking = (at.server.resource_server, secret)
        return await http.post(at.server.introspect_url, data={"token": token}, auth=asking)


async def test_everything_is_found_by_discovery(clock: VirtualClock, tmp_path: Path) -> None:
    """RFC 8414 section 2."""
    async with scene(STANDARD, clock, tmp_path) as at:
        told = (await at.client.get(f"{at.server.issuer}/.well-known/openid-configuration")).json()
        assert told["issuer"] == at.server.issuer == at.server.base
        assert told["device_authorization_endpoint"] == at.server.device_url
        assert told["revocation_endpoint"] == at.server.revoke_url
        assert told["authorization_response_iss_parameter_supported"] is True
        assert "private_key_jwt" in told["token_endpoint_auth_methods_supported"]


async def test_a_sign_in_by_browser_names_its_issuer(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(STANDARD, clock, tmp_path) as at:
        await at.person.sign_in(at.client.authorize_url(), KIM, PASSWORD)
        assert at.client.answers[-1]["iss"] == at.server.issuer
        told = (await at.client.redeem()).json()
        assert STANDARD.mail_scope in told["scope"].split()
        assert (await at.client.refresh(told["refresh_token"])).status_code == 200


async def test_a_sign_in_by_device_code_has_all_of_rfc_8628(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(STANDARD, clock, tmp_path) as at:
        told = (await at.client.ask_device_code()).json()
        assert told["verification_uri_complete"].endswith(f"?user_code={told['user_code']}")
        for error in ("authorization_pending", "slow_down"):
            assert (await at.client.poll(told["device_code"])).json()["error"] == error
        page = told["verification_uri_complete"]
        await at.person.enter_code(page, told["user_code"], KIM, PASSWORD)
        clock.move(timedelta(seconds=10))
        assert "refresh_token" in (await at.client.poll(told["device_code"])).json()


async def test_reuse_ends_the_family(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(STANDARD, clock, tmp_path) as at:
        first = at.server.give(KIM).refresh_token
        second = (await at.client.refresh(first)).json()["refresh_token"]
        assert (await at.client.refresh(first)).json()["error"] == "invalid_grant"
        assert (await at.client.refresh(second)).json()["error"] == "invalid_grant"
        assert at.outcomes == ["ok", "refresh_reused", "refresh_reused"]


async def test_a_submission_server_asks_what_a_token_is_good_for(clock: VirtualClock, tmp_path: Path) -> None:
    """RFC 7662 section 2.2."""
    async with scene(STANDARD, clock, tmp_path) as at:
        given = at.server.give(KIM)
        told = (await introspected(at, given.access_token, at.server.resource_secret)).json()
        assert (told["active"], told["username"]) == (True, KIM)
        assert told["exp"] == int(clock.now().timestamp()) + given.expires_in_s
        assert STANDARD.mail_scope in told["scope"].split()
        clock.move(timedelta(seconds=given.expires_in_s))
        gone = await introspected(at, given.access_token, at.server.resource_secret)
        assert gone.json() == {"active": False}
        assert at.server.count("introspect") == 2


async def test_nobody_else_may_ask(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(STANDARD, clock, tmp_path) as at:
        token = at.server.give(KIM).access_token
        assert (await introspected(at, token, "wrong")).status_code == 401
        assert (await at.client.post(at.server.introspect_url, token=token)).status_code == 401


async def test_a_provider_of_one_s_own_plays_under_its_name(clock: VirtualClock, tmp_path: Path) -> None:
    own = replace(STANDARD, name="of-the-house", unused_max=timedelta(days=1))
    async with playing(clock, tmp_path, (own,)) as kit:
        kit.add_account(KIM, PASSWORD)
        server = kit.providers["of-the-house"]
        assert kit.submissions["of-the-house"].provider is server
        token = server.give(KIM).refresh_token
        clock.move(timedelta(days=1))
        async with PlainClient(server, kit.ca_file) as client:
            assert (await client.refresh(token)).json()["error"] == "invalid_grant"
