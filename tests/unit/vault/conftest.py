"""Two scenes of the main job, as the process that holds the key meets it: one officer, and a house with a roster."""

from collections.abc import Iterator
from typing import Any

import captured
import ceremonies
import councils
import pytest
from captured import Scene

from custody.bitcoin import signing


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One officer, no roster."""
    folder = ceremonies.copy_home(tmp_path_factory.mktemp("order") / "home")
    passphrases = {ceremonies.OFFICER: ceremonies.PASSPHRASE}
    with captured.played(folder, ceremonies.request(), ceremonies.Officer(), passphrases, ceremonies.NOW) as played:
        yield played


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Two of three officers, who consent to what a maker made and two approvers approved."""
    folder = councils.copy_home(tmp_path_factory.mktemp("house") / "home")
    asked, names = councils.approved(councils.request()), ("Sato", "Abe")
    with captured.played(folder, asked, councils.Council(*names), councils.PASSPHRASES, ceremonies.NOW) as played:
        yield played


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every use of the seed for a signature."""
    uses: list[Any] = []
    honest = signing.sign
    monkeypatch.setattr(signing, "sign", lambda *given: (uses.append(given), honest(*given))[1])
    return uses
