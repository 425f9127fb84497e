"""Send-job validation of the device (S1, S12-S16)."""

import pytest

from franking.events.device import Availability, DeviceResumed, EngineStarted, NetworkChanged, SettingsChanged
from franking.machines.validation import AVAILABLE, NOT_AVAILABLE, OFF, VALIDATION
from franking.tests.machines.life import Life

BOTH = ("S12-tls", "S14-vlan")


def changed(oauth: bool = True, broken: tuple[str, ...] = ()) -> SettingsChanged:
    return SettingsChanged(oauth=oauth, broken=broken, changed=("tls.minimum",))


@pytest.mark.manual("S1")
def test_s1_off_is_the_first_state_and_no_rule_applies_in_it() -> None:
    device = Life(VALIDATION)
    assert device.state is OFF
    device.hears(changed(oauth=False, broken=BOTH))
    assert (device.state, device.data.broken) == (OFF, ())
    assert device.asked == ["Clear NOT_AVAILABLE"]


@pytest.mark.manual("S12", "S13", "S14")
@pytest.mark.parametrize("code", ["S12-tls", "S13-http", "S14-vlan"])
@pytest.mark.parametrize("begin", [OFF, AVAILABLE, NOT_AVAILABLE])
def test_s12_a_broken_rule_is_not_available_and_information_names_it(code: str, begin: object) -> None:
    before = {OFF: changed(oauth=False), AVAILABLE: changed(), NOT_AVAILABLE: changed(broken=("S2-client",))}
    device = Life(VALIDATION).hears(before[begin])  # type: ignore[index]
    assert device.state is begin
    device.hears(changed(broken=(code,)))
    assert (device.state, device.data.broken) == (NOT_AVAILABLE, (code,))
    assert device.asked == ["Inform NOT_AVAILABLE"]


@pytest.mark.manual("S15")
def test_s15_every_rule_is_kept_and_the_rest_stays_when_one_is_put_right() -> None:
    both = Life(VALIDATION).hears(changed(broken=BOTH))
    assert both.data.broken == BOTH
    device = Life(VALIDATION).hears(changed(broken=BOTH), changed(broken=BOTH[1:]))
    assert (device.state, device.data.broken) == (NOT_AVAILABLE, BOTH[1:])
    assert device.asked == ["Inform NOT_AVAILABLE"], "the warning names what is broken now"


@pytest.mark.manual("S12", "S14")
def test_s12_one_setting_puts_it_right_and_the_warning_clears() -> None:
    device = Life(VALIDATION).hears(changed(broken=BOTH), changed())
    assert (device.state, device.data.broken) == (AVAILABLE, ())
    assert device.asked == ["Clear NOT_AVAILABLE"]


@pytest.mark.manual("S14")
@pytest.mark.parametrize(
    "fact",
    [
        NetworkChanged(oauth=True, broken=("S14-vlan",)),
        EngineStarted(oauth=True, broken=("S14-vlan",)),
        DeviceResumed(oauth=True, broken=("S14-vlan",)),
    ],
    ids=lambda fact: type(fact).__name__,
)
def test_s14_a_network_that_changes_later_makes_it_not_available(fact: Availability) -> None:
    assert Life(VALIDATION).hears(changed(), fact).state is NOT_AVAILABLE
