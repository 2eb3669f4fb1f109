"""The published vectors of frames, and the message that most of them are made of."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from custody.qr.chooser import Xoshiro256


@pytest.fixture(scope="session")
def vectors(project: Path) -> Callable[[str], Any]:
    """A file of vectors by its name."""
    return lambda name: json.loads((project / "tests/vectors" / f"{name}.json").read_text("utf-8"))


@pytest.fixture(scope="session")
def make_message() -> Callable[[int], bytes]:
    """The reference's test message of some length: the generator seeded with its author's name."""

    def make(length: int) -> bytes:
        generator = Xoshiro256(b"Wolf")
        return bytes(generator.below(256) for _ in range(length))

    return make
