"""What every test stands on: no real home, reproducible hypothesis runs, the shared vectors, and --slow."""

import os
import shutil
import signal
import tempfile
from pathlib import Path

import hypothesis
import pytest

from custody.bitcoin.review import prove

PROJECT = Path(__file__).resolve().parent.parent
IN_CI = os.environ.get("CI") == "true"
# Where the product looks for a home, and where a terminal's size would be taken from instead of the terminal.
_FOREIGN = ("CUSTODY_HOME", "COLUMNS", "LINES")
_HOMES = ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME")
_SCRATCH = pytest.StashKey[Path]()

hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
# A mutant needs one example that fails, not the smallest.
hypothesis.settings.register_profile(
    "mutation", deadline=None, derandomize=True, phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate]
)
hypothesis.settings.load_profile("ci" if IN_CI else "local")


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--slow``: also run what is marked slow."""
    parser.addoption("--slow", action="store_true", help="also run the tests marked slow")


def pytest_configure(config: pytest.Config) -> None:
    """Point every default folder of the product to an empty place, for this process and its children."""
    scratch = config.stash[_SCRATCH] = Path(tempfile.mkdtemp(prefix="custody-test-"))
    for name in _FOREIGN:
        os.environ.pop(name, None)
    os.environ.update({name: str(scratch / name.lower()) for name in _HOMES})
    # Whoever starts tests in the background ignores Ctrl-C, and children would ignore it too.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind."""
    shutil.rmtree(config.stash[_SCRATCH], ignore_errors=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the slow tests unless asked for, and say how many were left out."""
    if config.getoption("--slow"):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


@pytest.fixture(scope="session")
def project() -> Path:
    """The folder that holds pyproject.toml."""
    return PROJECT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared vectors beside the project: absent in a plain clone, never absent in CI."""
    folder = PROJECT.parent / "shared"
    if folder.is_dir():
        return folder
    if IN_CI:
        pytest.fail("the shared vectors must lie beside the project in CI")
    pytest.skip("the shared vectors do not lie beside this clone")


@pytest.fixture(autouse=True)
def nothing_proved() -> None:
    """Each test proves its transactions itself."""
    prove.cache_clear()
