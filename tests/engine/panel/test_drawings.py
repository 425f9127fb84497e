"""Whatever state a machine is in, its card is the one that is lit (B6)."""

import pytest

from franking.engine.panel.drawings import brief, whole
from franking.engine.play import Machine
from franking.machines import MACHINES


@pytest.mark.manual("B6")
@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: str(machine.title))
def test_b6_every_state_can_be_lit_in_both_forms(machine: Machine) -> None:
    for drawing in (brief, whole):
        assert 'class="lit ' not in drawing(machine, None)
        for state in machine.blocks:
            assert drawing(machine, state).count('class="lit ') == 1, state
