"""[Status] of [Refresh Tokens]: Required, Acquired, Expired (S23-S29)."""

from datetime import timedelta

import pytest

from franking.events.base import ADMINISTRATOR, Event
from franking.events.token import (
    AccessTokenReady,
    GrantCopied,
    GrantLocked,
    GrantMissing,
    GrantRefused,
    GrantRotated,
    GrantUnlocked,
    RefreshBlocked,
    RefreshDelayed,
    RenewalDue,
    SignInSucceeded,
    TokenDeleted,
)
from franking.machines.definition import Definition
from franking.machines.refresh_token import (
    ACQUIRED,
    EXPIRED,
    REFRESH_TOKEN,
    REQUIRED,
    RETRY_KEY,
    RETRY_RENEWAL,
    Grant,
)
from franking.machines.sign_in import SIGN_IN
from franking.tests.machines.life import NOW, Life, at

DAYS_60, MINUTES_55 = timedelta(days=60), timedelta(minutes=55)


def signed_in(right: bool = True) -> SignInSucceeded:
    return SignInSucceeded(
        identity=ADMINISTRATOR, place="panel", right=right,
        renew_at=NOW + DAYS_60, stale_at=NOW + MINUTES_55, at=NOW,
    )  # fmt: skip


def rotated(of: int) -> GrantRotated:
    return GrantRotated(identity=ADMINISTRATOR, of=of, renew_at=NOW + 2 * DAYS_60)


def refused(of: int) -> GrantRefused:
    return GrantRefused(identity=ADMINISTRATOR, of=of, code="AADSTS50173")


DELETED = TokenDeleted(identity=ADMINISTRATOR)
LOCKED = GrantLocked(identity=ADMINISTRATOR, of=1, at=NOW)
UNLOCKED = GrantUnlocked(identity=ADMINISTRATOR, of=1, at=NOW)
BEFORE = {REQUIRED: (), ACQUIRED: (signed_in(),), EXPIRED: (signed_in(), refused(1))}


@pytest.fixture(params=BEFORE, ids=str)
def grant(request: pytest.FixtureRequest) -> Life[Grant]:
    life = Life(REFRESH_TOKEN).hears(*BEFORE[request.param])
    assert life.state is request.param
    return life


def acquired() -> Life[Grant]:
    return Life(REFRESH_TOKEN).hears(signed_in())


@pytest.mark.manual("S23")
def test_s23_required_acquired_expired_are_the_states_and_required_the_first() -> None:
    assert [at.value for at in REFRESH_TOKEN.blocks] == ["Required", "Acquired", "Expired"]
    assert REFRESH_TOKEN.first is REQUIRED


@pytest.mark.manual("S23", "S26")
def test_s23_a_sign_in_acquires_in_each_of_the_three_states(grant: Life[Grant]) -> None:
    version = grant.data.version
    grant.hears(signed_in())
    assert grant.state is ACQUIRED
    assert grant.data == Grant(version + 1, NOW + DAYS_60)
    assert "KeepGrant" in grant.asked


@pytest.mark.manual("S23")
def test_s23_a_cancelled_sign_in_changes_nothing() -> None:
    ends = {"SignInCancelled", "SignInFailed", "SignInTimedOut"}
    assert ends <= {event.__name__ for event in SIGN_IN.hears}
    assert not ends & {event.__name__ for event in REFRESH_TOKEN.hears}, "no word of it gets here"


@pytest.mark.manual("S24")
def test_s24_the_providers_word_expires_it_and_raises_the_warning() -> None:
    life = acquired().hears(refused(1))
    assert life.state is EXPIRED
    assert life.told == ["GrantEnded"]
    assert life.asked == ["EraseGrant", "Inform SIGN_IN_AGAIN"]


@pytest.mark.manual("S24")
def test_s24_the_warning_clears_by_itself_when_the_token_is_acquired() -> None:
    life = acquired().hears(refused(1), signed_in())
    assert life.state is ACQUIRED
    assert "Clear SIGN_IN_AGAIN" in life.asked


@pytest.mark.manual("S24")
def test_s24_a_grant_that_the_vault_has_lost_expires_and_raises_the_warning() -> None:
    life = acquired().hears(GrantMissing(identity=ADMINISTRATOR, attempt=1, of=1))
    assert (life.state, life.told) == (EXPIRED, ["GrantEnded"])
    assert life.asked == ["EraseGrant", "Inform SIGN_IN_AGAIN"]


def test_s24_a_late_word_of_a_missing_grant_cannot_expire_the_new_one(grant: Life[Grant]) -> None:
    grant.hears(signed_in())
    former = grant.data.version - 1
    assert grant.changes_nothing(GrantMissing(identity=ADMINISTRATOR, attempt=1, of=former))


@pytest.mark.manual("S19")
def test_s19_another_account_is_revoked_told_and_never_kept(grant: Life[Grant]) -> None:
    before = grant.state, grant.data
    grant.hears(signed_in(right=False))
    assert (grant.state, grant.data) == before
    assert grant.asked == ["Inform OTHER_ACCOUNT", "RevokeBrought"]


@pytest.mark.manual("S26")
def test_s26_a_rotated_token_is_stored_under_a_new_version() -> None:
    life = acquired().hears(rotated(1))
    assert life.data == Grant(2, NOW + 2 * DAYS_60)
    assert life.asked == ["KeepGrant"]
    assert not life.did.entered


@pytest.mark.manual("S26")
def test_s26_a_rotation_of_a_former_grant_is_revoked_and_not_kept(grant: Life[Grant]) -> None:
    before = grant.state, grant.data
    grant.hears(rotated(of=grant.data.version + 7))
    assert (grant.state, grant.data) == before
    assert grant.asked == ["RevokeBrought"]


@pytest.mark.manual("S29")
def test_s29_a_late_refusal_of_a_former_grant_cannot_expire_the_new_one() -> None:
    for newer in (signed_in(), rotated(1)):
        life = acquired().hears(newer)
        assert life.changes_nothing(refused(1))
        assert life.state is ACQUIRED


@pytest.mark.manual("S29")
def test_s29_no_row_knows_an_outage() -> None:
    assert not {RefreshDelayed, RefreshBlocked} & REFRESH_TOKEN.hears


@pytest.mark.manual("S27")
def test_s27_delete_erases_and_revokes() -> None:
    life = acquired().hears(DELETED)
    assert (life.state, life.data) == (REQUIRED, Grant(2))
    assert life.asked[:2] == ["RevokeGrant", "EraseGrant"], (
        "what is to be revoked is taken before it is erased"
    )
    assert life.asked[2:] == ["Clear OTHER_ACCOUNT"]


@pytest.mark.manual("S27")
def test_s27_delete_in_expired_clears_the_warning_and_ends_what_is_locked() -> None:
    life = acquired().hears(refused(1), DELETED)
    assert life.state is REQUIRED
    assert life.asked == ["RevokeGrant", "EraseGrant", "Clear SIGN_IN_AGAIN", "Clear OTHER_ACCOUNT"]


@pytest.mark.manual("S27")
def test_s27_delete_in_required_clears_the_warning_of_another_account_and_nothing_else() -> None:
    life = Life(REFRESH_TOKEN).hears(signed_in(right=False), DELETED)
    assert (life.state, life.data, life.asked) == (REQUIRED, Grant(), ["Clear OTHER_ACCOUNT"])


@pytest.mark.manual("B1")
def test_b1_an_idle_grant_is_used_before_it_lapses_and_tried_again_a_day_later() -> None:
    life = acquired().hears(at(RenewalDue(identity=ADMINISTRATOR), seconds=DAYS_60.total_seconds()))
    assert life.told == ["TokenWanted"]
    assert life.data.renew_at == NOW + DAYS_60 + RETRY_RENEWAL
    assert life.state is ACQUIRED


@pytest.mark.manual("B1")
def test_b1_each_use_puts_the_renewal_off() -> None:
    used = AccessTokenReady(
        identity=ADMINISTRATOR, attempt=9, of=1, renew_at=NOW + 2 * DAYS_60, stale_at=NOW + MINUTES_55
    )
    assert acquired().hears(used).data.renew_at == NOW + 2 * DAYS_60
    assert acquired().changes_nothing(used.model_copy(update={"of": 0}))


@pytest.mark.manual("B1")
def test_b1_only_what_is_stored_has_something_to_renew() -> None:
    lasting = [at for at, block in REFRESH_TOKEN.blocks.items() if block.limits]
    assert lasting == [ACQUIRED, EXPIRED]
    for fact in (refused(1), DELETED):
        assert acquired().hears(fact).data.renew_at is None


@pytest.mark.manual("S26", "S29")
def test_s26_a_lost_key_locks_the_grant_until_it_is_back() -> None:
    life = acquired().hears(LOCKED)
    assert (life.state, life.asked, life.told) == (EXPIRED, ["Inform SIGN_IN_AGAIN"], ["GrantEnded"])
    assert (life.data.version, life.data.renew_at) == (1, NOW + RETRY_KEY)
    tries = life.hears(at(RenewalDue(identity=ADMINISTRATOR), seconds=3600))
    assert (tries.state, tries.told, tries.data.renew_at) == (EXPIRED, ["TokenWanted"], NOW + 2 * RETRY_KEY)
    back = tries.hears(UNLOCKED)
    assert (back.state, back.asked, back.data.version) == (ACQUIRED, ["Clear SIGN_IN_AGAIN"], 1)


@pytest.mark.manual("S26", "S29")
def test_s26_a_key_that_is_back_too_late_changes_nothing() -> None:
    assert acquired().hears(LOCKED, signed_in()).changes_nothing(UNLOCKED)
    assert acquired().hears(refused(1)).changes_nothing(UNLOCKED)


@pytest.mark.manual("S26")
@pytest.mark.parametrize("before", [(), (LOCKED,)])
def test_s26_a_grant_of_another_device_is_erased_and_not_revoked(before: tuple[Event, ...]) -> None:
    life = acquired().hears(*before, GrantCopied(identity=ADMINISTRATOR, of=1))
    assert (life.state, life.asked) == (EXPIRED, ["EraseGrant", "Inform SIGN_IN_AGAIN"])
    assert life.data == Grant(2)


@pytest.mark.manual("S27", "S29")
def test_s27_a_version_is_never_used_twice(grant: Life[Grant]) -> None:
    facts: list[Event] = [signed_in(), DELETED, signed_in()]
    versions = [grant.hears(fact).data.version for fact in facts]
    assert len(set(versions)) == len(versions)


def test_the_definition_is_one_of_the_library() -> None:
    assert isinstance(REFRESH_TOKEN, Definition)
    assert REFRESH_TOKEN.get_triggers("ACQUIRED")
