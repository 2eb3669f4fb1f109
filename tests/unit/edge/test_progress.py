"""How far a long work is, told once a percent, and not at all where it is done in a moment."""

import pytest

from custody.edge import progress
from custody.edge.progress import Percent, draw


def told(*steps: tuple[str, int, int]) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    percent = Percent(lambda what, done: found.append((what, done)))
    for what, done, count in steps:
        percent(what, done, count)
    return found


def test_each_percent_is_told_once_and_a_new_work_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_QUIET", 0.0)
    copied = [("Copying", done, 300) for done in range(301)]
    assert told(*copied, *copied) == [("Copying", one) for one in range(101)] * 2
    assert told(("Copying", 100, 100), ("Verifying", 100, 100)) == [("Copying", 100), ("Verifying", 100)]
    assert told(("Nothing", 0, 0)) == [("Nothing", 0)]


def test_what_is_done_in_a_moment_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_QUIET", 1e9)
    assert told(*(("Copying", done, 10) for done in range(11))) == []


def test_the_bar_fills_and_ends_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    draw("Copying", 50)
    draw("Copying", 100)
    half, whole = capsys.readouterr().err.split("\r")[1:]
    assert (half.count("#"), whole.count("#")) == (15, 30)
    assert (half.endswith(" 50 %"), whole.endswith("100 %\n")) == (True, True)
