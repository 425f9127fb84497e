"""How long a grant lives at the playing providers, and everything that ends it or stands in its way."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from franking.testing.clock import VirtualClock
from franking.testing.person import SignInRefused
from franking.testing.policy import (
    OLD_DIES,
    OLD_LIVES_A_MINUTE,
    REUSE_ENDS_ALL,
    SINGLE_PAGE,
    TESTING,
)
from franking.testing.providers import BY_NAME
from franking.testing.quirks import GOOGLE, MICROSOFT, Quirks
from franking.tests.testing.scene import KIM, PASSWORD, Scene, scene

BOTH = pytest.mark.parametrize("quirks", BY_NAME.values(), ids=BY_NAME.keys())
SECOND = timedelta(seconds=1)


async def refreshed(at: Scene, token: str) -> str:
    """The refresh token to use from now on."""
    answer = await at.client.refresh(token)
    assert answer.status_code == 200, answer.text
    return str(answer.json().get("refresh_token", token))


async def refusal(at: Scene, token: str) -> tuple[str, int]:
    """`error` and Microsoft's number."""
    answer = await at.client.refresh(token)
    assert answer.status_code >= 400
    return answer.json()["error"], answer.json().get("error_codes", [0])[0]


async def test_a_replaced_token_can_die_at_once(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        at.server.policy.rotation = OLD_DIES
        first = at.server.give(KIM).refresh_token
        second = await refreshed(at, first)
        assert await refusal(at, first) == ("invalid_grant", 70000)
        await refreshed(at, second)


async def test_a_replaced_token_can_live_for_a_minute(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        at.server.policy.rotation = OLD_LIVES_A_MINUTE
        first = at.server.give(KIM).refresh_token
        second = await refreshed(at, first)
        clock.move(timedelta(seconds=59))
        await refreshed(at, first)
        clock.move(SECOND)
        assert await refusal(at, first) == ("invalid_grant", 70000)
        await refreshed(at, second)


async def test_reuse_can_end_the_whole_grant(clock: VirtualClock, tmp_path: Path) -> None:
    """RFC 9700 section 4.14.2."""
    async with scene(MICROSOFT, clock, tmp_path) as at:
        at.server.policy.rotation = REUSE_ENDS_ALL
        first = at.server.give(KIM).refresh_token
        second = await refreshed(at, first)
        third = await refreshed(at, second)
        assert await refusal(at, first) == ("invalid_grant", 50173)
        assert await refusal(at, third) == ("invalid_grant", 50173)
        other = at.server.give(KIM).refresh_token
        await refreshed(at, other)


async def test_a_refused_refresh_replaces_nothing(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        at.server.policy.rotation = REUSE_ENDS_ALL
        token = at.server.give(KIM).refresh_token
        at.server.policy.block(KIM)
        await refusal(at, token)
        at.server.policy.unblock(KIM)
        await refreshed(at, token)


async def test_google_in_testing_ends_after_seven_days(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(GOOGLE, clock, tmp_path) as at:
        at.server.policy.fixed_life = TESTING
        await at.person.sign_in(at.client.authorize_url(), KIM, PASSWORD)
        told = (await at.client.redeem()).json()
        assert told["refresh_token_expires_in"] == 7 * 86_400
        at.server.policy.fixed_life = None
        for day in range(6, 0, -1):
            clock.move(timedelta(days=1))
            again = (await at.client.refresh(told["refresh_token"])).json()
            assert again["refresh_token_expires_in"] == day * 86_400
        clock.move(timedelta(days=1) - SECOND)
        await refreshed(at, told["refresh_token"])
        clock.move(SECOND)
        assert await refusal(at, told["refresh_token"]) == ("invalid_grant", 0)


async def test_a_single_page_registration_lives_a_day(clock: VirtualClock, tmp_path: Path) -> None:
    """And rotation doesn't make it longer."""
    async with scene(MICROSOFT, clock, tmp_path) as at:
        at.server.policy.fixed_life = SINGLE_PAGE
        token = at.server.give(KIM).refresh_token
        clock.move(timedelta(hours=23))
        token = await refreshed(at, token)
        clock.move(timedelta(hours=1))
        assert await refusal(at, token) == ("invalid_grant", 700084)


@BOTH
async def test_other_grants_have_no_fixed_end(quirks: Quirks, clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(quirks, clock, tmp_path) as at:
        answer = await at.client.refresh(at.server.give(KIM).refresh_token)
        assert "refresh_token_expires_in" not in answer.json()


async def test_sign_in_frequency_comes_again_and_again(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        at.server.policy.sign_in_frequency = timedelta(days=30)
        for _ in range(2):
            token = at.server.give(KIM).refresh_token
            clock.move(timedelta(days=30) - SECOND)
            await refreshed(at, token)
            clock.move(SECOND)
            assert await refusal(at, token) == ("invalid_grant", 70043)


async def test_the_limit_of_idleness_is_the_policy_s(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        at.server.policy.unused_max = timedelta(days=10)
        token = at.server.give(KIM).refresh_token
        clock.move(timedelta(days=10))
        assert await refusal(at, token) == ("invalid_grant", 700082)


async def test_a_refused_refresh_is_no_use(clock: VirtualClock, tmp_path: Path) -> None:
    """An idle grant that Conditional Access blocks ends all the same."""
    async with scene(MICROSOFT, clock, tmp_path) as at:
        token = at.server.give(KIM).refresh_token
        at.server.policy.block(KIM)
        clock.move(MICROSOFT.unused_max - SECOND)
        assert await refusal(at, token) == ("invalid_grant", 53003)
        at.server.policy.unblock(KIM)
        clock.move(SECOND)
        assert await refusal(at, token) == ("invalid_grant", 700082)


async def test_conditional_access_takes_no_grant_away(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        token = at.server.give(KIM).refresh_token
        at.server.policy.block("KIM@example.com")
        assert await refusal(at, token) == ("invalid_grant", 53003)
        assert (await at.client.refresh(token)).json()["suberror"] == "message_only"
        with pytest.raises(SignInRefused, match="Conditional Access"):
            await at.person.sign_in(at.client.authorize_url(), KIM, PASSWORD)
        assert at.client.answers == []
        at.server.policy.unblock("Kim@Example.com")
        await refreshed(at, token)


@pytest.mark.parametrize(("quirks", "number"), [(MICROSOFT, 50057), (GOOGLE, 0)])
async def test_a_disabled_account_gets_nothing_until_it_is_enabled(
    quirks: Quirks, number: int, clock: VirtualClock, tmp_path: Path
) -> None:
    async with scene(quirks, clock, tmp_path) as at:
        token = at.server.give(KIM).refresh_token
        at.server.accounts.disable(KIM)
        assert await refusal(at, token) == ("invalid_grant", number)
        with pytest.raises(SignInRefused):
            await at.person.sign_in(at.client.authorize_url(), KIM, PASSWORD)
        at.server.accounts.enable(KIM)
        await refreshed(at, token)


async def test_a_person_can_withdraw_consent(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        token = at.server.give(KIM).refresh_token
        assert at.server.withdraw_consent(KIM) == 1
        assert await refusal(at, token) == ("invalid_grant", 65001)
        await at.person.sign_in(at.client.authorize_url(), KIM, PASSWORD)
        await refreshed(at, (await at.client.redeem()).json()["refresh_token"])


async def test_a_client_secret_ends(clock: VirtualClock, tmp_path: Path) -> None:
    """AADSTS7000222; a new one beside it makes the grant usable again."""
    async with scene(replace(MICROSOFT, secret_required=True), clock, tmp_path) as at:
        token = at.server.give(KIM).refresh_token
        await refreshed(at, token)
        at.server.registration.end_secrets(clock.now() + timedelta(days=1))
        await refreshed(at, token)
        clock.move(timedelta(days=1))
        assert await refusal(at, token) == ("invalid_client", 7000222)
        at.server.registration.add_secret("the next one")
        answer = await at.client.refresh(token, client_secret="the next one")
        assert answer.status_code == 200
        assert await refusal(at, "any") == ("invalid_client", 7000222)
