"""An address in a request: none that shows another one than it is, or that no server can reach."""

import pytest
from pydantic import ValidationError

from franking.events.request import EmailNotification


@pytest.mark.manual("S15", "S33")
@pytest.mark.parametrize(
    "address",
    [
        "a@b..c",
        "a@.b",
        "a@b.",
        "\u202ekim@example.com",
        "kim\u2066@example.com",
        "kim@example\u200b.com",
        "kim@exam\u00adple.com",
        "\ufeffkim@example.com",
        "kim\u0085@example.com",
        "kim\u009b2J@example.com",
        "kim\u2028@example.com",
    ],
    ids=ascii,
)
def test_s33_an_address_is_what_it_looks_like(address: str) -> None:
    with pytest.raises(ValidationError):
        EmailNotification(to=(address,), event="x")


@pytest.mark.manual("S33")
@pytest.mark.parametrize("address", ["kim@printer", "kim@müller.example", "a..b@docomo.ne.jp", "名@例え.jp"])
def test_s33_unusual_addresses_are_addresses(address: str) -> None:
    assert EmailNotification(to=(address,), event="x").to == (address,)
