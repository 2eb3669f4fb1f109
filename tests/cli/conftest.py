"""What the tests of commands share."""

from pathlib import Path

import pytest
from desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A signer and a coordinator that do not know each other yet."""
    return Desk(tmp_path)


@pytest.fixture
def paired(desk: Desk) -> Desk:
    """A signer and a coordinator that know each other."""
    assert desk.pair().exit == 0
    return desk
