"""What tests of killed devices share."""

from collections.abc import Iterator
from subprocess import Popen

import pytest

from .lives import forks


@pytest.fixture(scope="session")
def forking() -> Iterator[Popen[bytes]]:
    with forks() as process:
        yield process
