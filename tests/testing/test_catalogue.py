"""Error answers by the codes of a catalogue, as the providers really send them."""

import json
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from franking.testing.authority import Authority
from franking.testing.catalogue import ELSEWHERE, ERRORS, SUBERRORS, answer_of
from franking.testing.clock import VirtualClock
from franking.testing.quirks import GOOGLE, MICROSOFT
from franking.testing.scripted import Course, Scripted
from franking.testing.wording import MICROSOFT_WORDS
from franking.tests.testing.scene import scene

NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


def body(answer: Scripted) -> dict[str, object]:
    assert isinstance(answer.body, bytes)
    told: dict[str, object] = json.loads(answer.body)
    return told


@pytest.mark.parametrize(
    ("code", "status", "error", "suberror"),
    [
        ("AADSTS700082", 400, "invalid_grant", "bad_token"),
        ("AADSTS50076", 400, "invalid_grant", "basic_action"),
        ("AADSTS53003", 400, "invalid_grant", "message_only"),
        ("AADSTS65001", 400, "invalid_grant", "consent_required"),
        ("AADSTS7000222", 401, "invalid_client", None),
        ("AADSTS700016", 400, "unauthorized_client", None),
        ("AADSTS90033", 400, "temporarily_unavailable", None),
        ("AADSTS50196", 400, "invalid_grant", None),
        ("AADSTS424242", 400, "invalid_grant", None),
    ],
)
def test_a_number_of_microsoft_comes_in_its_form(
    code: str, status: int, error: str, suberror: str | None
) -> None:
    answer = answer_of("microsoft", code, NOW)
    told = body(answer)
    assert answer.status == status
    assert (told["error"], told.get("suberror")) == (error, suberror)
    assert told["error_codes"] == [int(code.removeprefix("AADSTS"))]
    assert str(told["error_description"]).startswith(f"{code}: ")
    assert f"Correlation ID: {told['correlation_id']} " in str(told["error_description"])
    assert told["timestamp"] == "2026-11-02 08:00:00Z"
    assert str(told["error_uri"]).endswith(f"?code={code.removeprefix('AADSTS')}")


@pytest.mark.parametrize(("code", "number"), [("authorization_pending", 70016), ("expired_token", 70020)])
def test_an_error_of_microsoft_has_its_number(code: str, number: int) -> None:
    told = body(answer_of("microsoft", code, NOW, where="device"))
    assert (told["error"], told["error_codes"]) == (code, [number])


@pytest.mark.parametrize(
    ("code", "status", "told"),
    [
        (
            "invalid_grant",
            400,
            {"error": "invalid_grant", "error_description": "Token has been expired or revoked."},
        ),
        (
            "invalid_grant/invalid_rapt",
            400,
            {
                "error": "invalid_grant",
                "error_description": "reauth related error (invalid_rapt)",
                "error_subtype": "invalid_rapt",
            },
        ),
        ("invalid_grant: Bad Request", 400, {"error": "invalid_grant", "error_description": "Bad Request"}),
        (
            "deleted_client",
            401,
            {"error": "deleted_client", "error_description": "The OAuth client was deleted."},
        ),
        ("org_internal", 400, {"error": "org_internal"}),
        ("access_denied", 400, {"error": "access_denied"}),
    ],
)
def test_google_says_little(code: str, status: int, told: dict[str, object]) -> None:
    answer = answer_of("google", code, NOW)
    assert (answer.status, body(answer)) == (status, told)


@pytest.mark.parametrize(
    ("code", "status"), [("authorization_pending", 428), ("slow_down", 403), ("access_denied", 403)]
)
def test_google_has_its_own_statuses_for_a_device_code(code: str, status: int) -> None:
    assert answer_of("google", code, NOW, where="device").status == status


def test_what_was_never_seen_is_plain() -> None:
    assert body(answer_of("any", "unknown-error", NOW)) == {"error": "something_new"}
    assert body(answer_of("any", "invalid_grant-unknown", NOW)) == {"error": "invalid_grant"}


def test_error_and_suberror_can_be_others() -> None:
    told = body(answer_of("microsoft", "AADSTS9002313", NOW, error="invalid_grant", suberror="bad_token"))
    assert (told["error"], told["suberror"], told["error_codes"]) == (
        "invalid_grant",
        "bad_token",
        [9002313],
    )


@pytest.mark.parametrize("code", ELSEWHERE)
def test_what_others_answer_has_no_error(code: str) -> None:
    answer = answer_of("any", code, NOW)
    assert isinstance(answer.body, bytes)
    assert b'"error"' not in answer.body
    assert (answer.course is Course.CUT) == (code == "network")


def test_a_narrowed_scope_is_a_good_answer() -> None:
    answer = answer_of("google", "scope-narrowed", NOW, access_token="of-this-test")
    assert answer.status == 200
    assert body(answer)["access_token"] == "of-this-test"
    assert GOOGLE.mail_scope not in str(body(answer)["scope"])


@pytest.mark.parametrize(("provider", "code"), [("elsewhere", "network"), ("any", "tls-certificate")])
def test_what_cannot_be_answered_is_refused(provider: str, code: str) -> None:
    with pytest.raises(ValueError, match=r"elsewhere|certificate"):
        answer_of(provider, code, NOW)


def test_catalogue_and_server_agree_on_a_number() -> None:
    """A cause that the server finds by itself comes with the error and suberror of the catalogue."""
    for words in MICROSOFT_WORDS.values():
        seen = {error for error, numbers in ERRORS.items() if words.number in numbers}
        beside = {suberror for suberror, numbers in SUBERRORS.items() if words.number in numbers}
        if seen:
            assert words.error in seen | {"slow_down"}, words
        if words.suberror:
            assert words.suberror in beside, words


async def test_a_code_is_played_over_the_wire(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        at.server.script(answer_of("microsoft", "AADSTS50057", clock.now()))
        answer = await at.client.refresh("any")
        assert (answer.status_code, answer.json()["error_codes"]) == (400, [50057])


async def test_another_certificate_ends_before_any_answer(clock: VirtualClock, tmp_path: Path) -> None:
    async with scene(MICROSOFT, clock, tmp_path) as at:
        async with at.server.distrusted(Authority(tmp_path / "proxy")):
            with pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await at.client.get(at.server.keys_url)
        assert (await at.client.get(at.server.keys_url)).status_code == 200
