"""The device authorization grant (RFC 8628) as the playing providers speak it."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from franking.testing.clock import VirtualClock
from franking.testing.person import SignInRefused
from franking.testing.quirks import GOOGLE, MICROSOFT, Flow
from franking.testing.refusals import Cause
from franking.tests.testing.scene import KIM, PASSWORD, Scene, scene

SLOWING = replace(MICROSOFT, device=replace(MICROSOFT.device, slows_down=True, tells_complete=True))
"As RFC 8628 has it, in Microsoft's words."
INTERVAL = MICROSOFT.device.interval


async def asked(at: Scene) -> dict[str, str]:
    answer = await at.client.ask_device_code()
    assert answer.status_code == 200
    told: dict[str, str] = answer.json()
    return told


async def error(at: Scene, device_code: str) -> str:
    answer = await at.client.poll(device_code)
    assert answer.status_code == 400
    return str(answer.json()["error"])


async def test_microsoft_tells_where_to_enter_what(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        told = await asked(at)
        assert told.keys() == {
            "device_code",
            "user_code",
            "verification_uri",
            "expires_in",
            "interval",
        }
        assert f"{told['expires_in']} {told['interval']}" == "900 5"
        assert told["verification_uri"] == at.server.verification_url
        assert len(told["user_code"]) == 9


async def test_tokens_come_once_the_person_accepted(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        told = await asked(at)
        assert await error(at, told["device_code"]) == "authorization_pending"
        page = await at.person.enter_code(told["verification_uri"], told["user_code"], KIM, PASSWORD)
        assert "You have signed in" in page
        answer = await at.client.poll(told["device_code"])
        assert answer.status_code == 200
        tokens = answer.json()
        access = await at.server.introspect(tokens["access_token"])
        assert access is not None
        assert (access.account, MICROSOFT.mail_scope in access.scope) == (KIM, True)
        assert (await at.client.refresh(tokens["refresh_token"])).status_code == 200
        keys = KeySet.import_key_set((await at.client.get(at.server.keys_url)).json())
        claims = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"]).claims
        assert (claims["preferred_username"], "nonce" in claims) == (KIM, False)
        assert at.outcomes[:6] == ["ok", "device_pending", "page", "page", "ok", "ok"]


async def test_a_device_code_is_good_for_one_answer(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        told = await asked(at)
        await at.person.enter_code(told["verification_uri"], told["user_code"], KIM, PASSWORD)
        assert (await at.client.poll(told["device_code"])).status_code == 200
        assert await error(at, told["device_code"]) == "invalid_grant"


async def test_a_code_is_typed_in_small_letters_and_with_blanks(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        told = await asked(at)
        typed = " ".join(told["user_code"].lower())
        await at.person.enter_code(told["verification_uri"], typed, KIM, PASSWORD)
        assert (await at.client.poll(told["device_code"])).status_code == 200


async def test_microsoft_has_its_own_word_for_a_decline(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        told = await asked(at)
        await at.person.decline_code(told["verification_uri"], told["user_code"])
        assert await error(at, told["device_code"]) == "authorization_declined"


async def test_a_code_ends_to_the_second(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        told = await asked(at)
        clock.move(MICROSOFT.device.life - timedelta(seconds=1))
        assert await error(at, told["device_code"]) == "authorization_pending"
        clock.move(timedelta(seconds=1))
        assert await error(at, told["device_code"]) == "expired_token"
        with pytest.raises(SignInRefused, match="didn't work"):
            await at.person.enter_code(told["verification_uri"], told["user_code"], KIM, PASSWORD)


async def test_an_unknown_device_code_is_refused(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        assert await error(at, "made-up") == "bad_verification_code"


@pytest.mark.parametrize("typed", ["", "WRONGCODE"])
async def test_an_unknown_user_code_is_asked_for_again(
    typed: str, clock: VirtualClock, tmp_path: Path
) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        told = await asked(at)
        with pytest.raises(SignInRefused, match="didn't work"):
            await at.person.enter_code(told["verification_uri"], typed, KIM, PASSWORD)


async def test_a_decided_code_is_no_code_any_more(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        told = await asked(at)
        await at.person.enter_code(told["verification_uri"], told["user_code"], KIM, PASSWORD)
        with pytest.raises(SignInRefused, match="didn't work"):
            await at.person.decline_code(told["verification_uri"], told["user_code"])
        assert (await at.client.poll(told["device_code"])).status_code == 200


async def test_a_wrong_password_decides_nothing(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        told = await asked(at)
        with pytest.raises(SignInRefused, match="incorrect"):
            await at.person.enter_code(told["verification_uri"], told["user_code"], KIM, "guess")
        assert at.outcomes[-1] == "wrong_password"
        assert await error(at, told["device_code"]) == "authorization_pending"


async def test_microsoft_never_says_slow_down(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        told = await asked(at)
        said = [await error(at, told["device_code"]) for _ in range(5)]
        assert said == ["authorization_pending"] * 5


async def test_polling_too_fast_makes_the_interval_longer(clock: VirtualClock, tmp_path: Path) -> None:
    """RFC 8628 section 3.5: by five seconds, for this and all requests after it."""
    async with scene(SLOWING, clock, tmp_path) as at:
        told = await asked(at)
        code = told["device_code"]
        assert await error(at, code) == "authorization_pending"
        clock.move(INTERVAL - timedelta(seconds=1))
        assert await error(at, code) == "slow_down"
        clock.move(INTERVAL)
        assert await error(at, code) == "slow_down"
        clock.move(3 * INTERVAL)
        assert await error(at, code) == "authorization_pending"


async def test_an_address_can_carry_the_code(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(SLOWING, clock, tmp_path) as at:
        told = await asked(at)
        fields = await at.person.look(told["verification_uri_complete"])
        assert fields["user_code"] == told["user_code"]


@pytest.mark.parametrize("policy", [Cause.CONDITIONAL_ACCESS, Cause.SECURITY_DEFAULTS])
async def test_a_policy_can_refuse_device_code(policy: Cause, clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        at.server.policy.refuses_device_code = policy
        told = await asked(at)
        with pytest.raises(SignInRefused, match="blocked"):
            await at.person.enter_code(told["verification_uri"], told["user_code"], KIM, PASSWORD)
        answer = await at.client.poll(told["device_code"])
        number = MICROSOFT.words[policy].number
        assert (answer.json()["error"], answer.json()["error_codes"]) == ("invalid_grant", [number])


async def test_a_later_policy_ends_a_grant_got_by_device_code(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        told = await asked(at)
        await at.person.enter_code(told["verification_uri"], told["user_code"], KIM, PASSWORD)
        by_code = (await at.client.poll(told["device_code"])).json()["refresh_token"]
        by_browser = at.server.give(KIM).refresh_token
        at.server.policy.refuses_device_code = Cause.CONDITIONAL_ACCESS
        answer = await at.client.refresh(by_code)
        assert (answer.json()["error"], answer.json()["error_codes"]) == ("invalid_grant", [530036])
        assert (await at.client.refresh(by_browser)).status_code == 200
        at.server.policy.refuses_device_code = None
        assert (await at.client.refresh(by_code)).json()["error_codes"] == [530036]


async def test_no_refresh_token_without_its_scope(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        told = (await at.client.ask_device_code(scope=f"{MICROSOFT.mail_scope} openid")).json()
        await at.person.enter_code(told["verification_uri"], told["user_code"], KIM, PASSWORD)
        assert "refresh_token" not in (await at.client.poll(told["device_code"])).json()


async def test_google_refuses_mail_before_any_page(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(GOOGLE, clock, tmp_path) as at:
        answer = await at.client.ask_device_code()
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
        assert at.outcomes == ["device_scope"]


async def test_google_has_its_own_form(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(GOOGLE, clock, tmp_path) as at:
        told = (await at.client.ask_device_code(scope="openid email")).json()
        assert "verification_url" in told
        assert "verification_uri" not in told
        pending = await at.client.poll(told["device_code"])
        assert (pending.status_code, pending.json()["error"]) == (428, "authorization_pending")
        fast = await at.client.poll(told["device_code"])
        assert (fast.status_code, fast.json()["error"]) == (403, "slow_down")
        await at.person.decline_code(told["verification_url"], told["user_code"])
        declined = await at.client.poll(told["device_code"])
        assert (declined.status_code, declined.json()["error"]) == (403, "access_denied")


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"scope": None}, "device_scope"),
        ({"scope": "https://graph.microsoft.com/Mail.Send"}, "device_scope"),
        ({"client_id": "somebody-else"}, "unknown_client"),
        ({"client_id": None}, "unknown_client"),
        ({"client_secret": "surplus"}, "secret_from_public"),
    ],
)
async def test_a_wrong_request_for_a_code_is_refused(
    changed: dict[str, str | None], cause: str, clock: VirtualClock, tmp_path: Path
) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        answer = await at.client.ask_device_code(**changed)
        words = MICROSOFT.words[Cause(cause)]
        assert (answer.status_code, answer.json()["error"]) == (words.status, words.error)
        assert at.outcomes == [cause]


async def test_a_grant_knows_how_it_was_got(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        given = at.server.give(KIM, flow=Flow.DEVICE)
        at.server.policy.refuses_device_code = Cause.SECURITY_DEFAULTS
        assert (await at.client.refresh(given.refresh_token)).json()["error_codes"] == [530036]
