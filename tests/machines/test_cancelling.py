"""Who cancels a job: its owner, or somebody of whom its owner is to be told (S33a, B9)."""

import pytest

from franking.events.job import Ending
from franking.machines.roles import Role, Viewer, cancelled_by

KIM = Viewer(Role.USER, "kim")
ADMINISTRATOR, CONTROLLER = Viewer(Role.ADMINISTRATOR), Viewer(Role.CONTROLLER)


@pytest.mark.manual("B9", "S33a")
@pytest.mark.parametrize(
    ("viewer", "owner", "by", "why"),
    [
        (KIM, "kim", "", Ending.CANCELLED),
        (KIM, "kim", "administrator", Ending.CANCELLED),
        (ADMINISTRATOR, "kim", "kim", Ending.REVOKED),
        (ADMINISTRATOR, "administrator", "", Ending.CANCELLED),
        (CONTROLLER, "kim", "", Ending.CANCELLED),
        (CONTROLLER, "kim", "kim", Ending.CANCELLED),
        (CONTROLLER, "kim", "administrator", Ending.REVOKED),
    ],
)
def test_b9_the_controller_alone_says_in_whose_name_it_cancels(
    viewer: Viewer, owner: str, by: str, why: Ending
) -> None:
    assert cancelled_by(viewer, owner, by) is why
