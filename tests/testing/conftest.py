"""What the tests of the test kit share: a moment to start at and a clock that stands there."""

from datetime import UTC, datetime

import pytest

from franking.testing.clock import VirtualClock


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(2026, 11, 2, 8, 0, tzinfo=UTC))
