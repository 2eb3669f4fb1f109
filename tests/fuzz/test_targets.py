"""Every fuzzing target on its corpus: honest inputs are read, and what was once found is met as it should be."""

from pathlib import Path

import pytest
from fuzz import run
from fuzz.registry import TARGETS, Target, same

from custody.codec import canonical_json
from custody.errors import CustodyError, InputError

run.load()
NAMES = sorted(TARGETS)


def kept(name: str) -> list[Path]:
    return sorted((run.CORPUS / name).iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_honest_inputs_are_read_and_written_back(name: str) -> None:
    assert TARGETS[name].examples()
    for example in TARGETS[name].examples():
        TARGETS[name].read(example)


@pytest.mark.parametrize("name", NAMES)
def test_the_corpus_gives_values_or_refusals(name: str) -> None:
    assert kept(name)
    for path in kept(name):
        TARGETS[name].accepts(path.read_bytes())


@pytest.mark.parametrize("name", NAMES)
def test_every_target_refuses_something(name: str) -> None:
    with pytest.raises(CustodyError):
        TARGETS[name].read(b"\xff\x00")


def test_every_folder_of_the_corpus_has_its_target() -> None:
    assert {path.name for path in run.CORPUS.iterdir()} == TARGETS.keys()


def test_a_reader_that_raises_something_else_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canonical_json, "_check_nesting", lambda _text: None)
    with pytest.raises(RecursionError):
        TARGETS["json"].accepts(b"[" * 100_000)


def test_a_reader_that_takes_two_encodings_of_a_value_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canonical_json, "loads", canonical_json.loads_relaxed)
    with pytest.raises(AssertionError, match="other bytes"):
        TARGETS["json"].accepts(b"[ ]")


def test_what_is_no_refusal_passes_through() -> None:
    def read(encoded: bytes) -> None:
        if encoded:
            raise InputError("TEST", "refused")
        same(1, 2)

    target = Target("test", "binary", lambda: (), read)
    assert not target.accepts(b"a")
    with pytest.raises(AssertionError):
        target.accepts(b"")
