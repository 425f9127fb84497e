"""What ends on a known day and cannot be renewed is told 30, 14, 7 and 1 days before (B1)."""

from datetime import UTC, datetime, timedelta

import pytest

from franking.events.device import CredentialChecked, CredentialWarningDue
from franking.events.token import AccessTokenReady, GrantWarningDue, SignInSucceeded, TokenDeleted
from franking.machines.credential import CREDENTIAL, ENDED, ENDING, GOOD
from franking.machines.lifetime import LIFETIME, NEAR, OPEN, Lifetime

from .life import Life

NOW = datetime(2026, 11, 2, tzinfo=UTC)
DAY = timedelta(days=1)
WHO = "administrator"


def signed_in(days: float | None) -> SignInSucceeded:
    ends_at = None if days is None else NOW + days * DAY
    renew_at = NOW + (days or 90) * DAY * 2 / 3
    return SignInSucceeded(
        at=NOW, place="panel", identity=WHO, right=True, renew_at=renew_at, stale_at=NOW, ends_at=ends_at
    )


def used(after: float, ends: float | None) -> AccessTokenReady:
    """Days since the sign-in, of the use and of the end that the provider then names."""
    at = NOW + after * DAY
    ends_at = None if ends is None else NOW + ends * DAY
    return AccessTokenReady(
        at=at, identity=WHO, attempt=1, of=1, renew_at=at + 60 * DAY, stale_at=at, ends_at=ends_at
    )


def due(after: float) -> GrantWarningDue:
    return GrantWarningDue(at=NOW + after * DAY, identity=WHO)


def of_grant() -> Life[Lifetime]:
    return Life(LIFETIME)


@pytest.mark.manual("B1")
def test_b1_a_sign_in_whose_end_nobody_names_is_open() -> None:
    life = of_grant().hears(signed_in(None), used(1, None))
    assert (life.state, life.data) == (OPEN, Lifetime())


@pytest.mark.manual("B1")
def test_b1_nothing_is_said_before_it_was_used_which_may_put_the_end_off() -> None:
    life = of_grant().hears(signed_in(7))
    assert life.data.warn_at == NOW + 6 * DAY, "after the renewal, which comes after two thirds"


@pytest.mark.manual("B1")
def test_b1_an_end_that_using_it_does_not_put_off_is_told_at_once() -> None:
    life = of_grant().hears(signed_in(7), used(1, 7))
    assert life.data.warn_at == NOW + DAY
    life.hears(due(1))
    assert (life.state, life.data.warn_at) == (NEAR, NOW + 6 * DAY)


@pytest.mark.manual("B1")
def test_b1_each_warning_is_said_once() -> None:
    life = of_grant().hears(signed_in(40), used(1, 40))
    moments = list[float]()
    while (moment := life.data.warn_at) is not None:
        moments.append((moment - NOW) / DAY)
        assert life.hears(due(moments[-1])).told == ["GrantEndAnnounced"]
        life.hears(used(moments[-1] + 0.5, 40))
    assert moments == [10, 26, 33, 39, 40]


@pytest.mark.manual("B1")
def test_b1_an_end_that_is_put_off_is_no_end() -> None:
    life = of_grant().hears(signed_in(7), used(5, 7), due(5), used(5.5, 14))
    assert life.state is OPEN
    assert "Clear SIGN_IN_ENDS" in life.asked


@pytest.mark.manual("B1")
def test_b1_the_warning_goes_with_the_sign_in() -> None:
    life = of_grant().hears(signed_in(7), used(1, 7), due(1), TokenDeleted(at=NOW, identity=WHO))
    assert (life.state, life.data) == (OPEN, Lifetime())
    assert "Clear SIGN_IN_ENDS" in life.asked


# The application's credential


def seen(after: float, ends: float | None) -> CredentialChecked:
    return CredentialChecked(at=NOW + after * DAY, ends_at=None if ends is None else NOW + ends * DAY)


def near(after: float) -> CredentialWarningDue:
    return CredentialWarningDue(at=NOW + after * DAY)


@pytest.mark.manual("B1")
@pytest.mark.parametrize(("ends", "first"), [(100, 70), (30, 0), (20, 0), (3, 0), (-1, 0)])
def test_b1_the_first_warning_comes_30_days_before_or_at_once(ends: float, first: float) -> None:
    life = Life(CREDENTIAL).hears(seen(0, ends))
    assert (life.state, life.data.warn_at) == (GOOD, NOW + first * DAY)


@pytest.mark.manual("B1")
def test_b1_a_client_secret_is_told_30_14_7_and_1_days_before_and_at_its_end() -> None:
    life, moments = Life(CREDENTIAL).hears(seen(0, 100)), list[float]()
    while (moment := life.data.warn_at) is not None:
        moments.append((moment - NOW) / DAY)
        life.hears(near(moments[-1]))
        assert life.state is (ENDED if moments[-1] == 100 else ENDING)
        assert life.told == ["CredentialEndAnnounced"]
    assert moments == [70, 86, 93, 99, 100]


@pytest.mark.manual("B1")
@pytest.mark.parametrize("ends", [400, None])
def test_b1_a_new_one_takes_the_warning_away(ends: float | None) -> None:
    life = Life(CREDENTIAL).hears(seen(0, 20), near(0), seen(5, ends))
    assert life.state is GOOD
    assert life.asked[-1] == "Clear CREDENTIAL_ENDS"


@pytest.mark.manual("B1")
def test_b1_the_same_day_is_nothing_new() -> None:
    life = Life(CREDENTIAL).hears(seen(0, 20), near(0))
    assert life.hears(seen(1, 20)).state is ENDING
