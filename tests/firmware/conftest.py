"""Where the recipe lies, and how its files are read."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def recipe(project: Path) -> Path:
    """The folder firmware-config."""
    return project / "firmware-config"
