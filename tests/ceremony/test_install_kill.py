"""Killed at any write of a decision, a home holds the old state or the new one, whole, and goes on."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import ceremonies
import councils
import examples
import pytest
from ceremonies import NOW
from councils import DAY, HOUR, HOUSE, Council, approved, decide, sign

from custody import council
from custody.audit.checkpoint import LogVerifier
from custody.audit.verify import verify
from custody.edge import home
from custody.edge.home import SignerHome
from custody.errors import HomeError
from custody.governance.actions import Action, Freeze, Install, Veto
from custody.governance.clocks import Reading
from custody.governance.state import State

BUNDLES = councils.bundles()
LOOSER = HOUSE.signed("policy", councils.POLICY.replace(b'"200000"', b'"900000"'), after=BUNDLES["policy"])
TIGHTER = HOUSE.signed("policy", councils.POLICY.replace(b'"200000"', b'"150000"'), after=BUNDLES["policy"])

#: Every call by which something reaches the disk.
DURABLE = ("fsync", "rename", "replace", "pwrite", "ftruncate")


def killed_at(place: int, work: Callable[[], object]) -> bool:
    """Does the work in a process of its own, which is killed before its ``place``-th write; whether it was."""
    child = os.fork()
    if child == 0:
        calls = count(1)
        for name in DURABLE:
            setattr(os, name, _deadly(getattr(os, name), calls, place))
        work()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def _deadly(real: Callable[..., Any], calls: Iterator[int], place: int) -> Callable[..., Any]:
    def call(*given: Any, **named: Any) -> Any:
        if next(calls) == place:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*given, **named)

    return call


def state_of(folder: Path, at: int = NOW) -> State:
    with home.opened(folder, at) as opened:
        return opened.state


def log_holds(folder: Path) -> bool:
    verifier = LogVerifier.parse((folder / "log/log-key.txt").read_text().strip())
    found = verify((folder / "log/entries").read_bytes(), (folder / "log/checkpoint").read_bytes(), verifier)
    return found.first_bad is None


def at_every_write(tmp_path: Path, before: Path, action: Action, council: Council) -> Iterator[tuple[Path, bool]]:
    """A copy of the home for each write of the decision, killed there; the last one is not killed."""
    for place in count(1):
        folder = tmp_path / f"killed-{place}"
        shutil.copytree(before, folder)
        killed = killed_at(place, lambda folder=folder: decide(folder, action, officers=council))  # type: ignore[misc]
        yield folder, killed
        if not killed:
            assert place > 10
            return


@pytest.mark.parametrize(
    ("action", "council"),
    [(Install(TIGHTER), Council()), (Install(LOOSER), Council()), (Freeze(), Council("Endo"))],
    ids=["in force at once", "waits", "freeze"],
)
def test_killed_at_any_write_the_home_holds_the_old_state_or_the_new_one(
    tmp_path: Path, action: Action, council: Council
) -> None:
    before = councils.copy_home(tmp_path / "before")
    decide(after := councils.copy_home(tmp_path / "after"), action, officers=council)
    old, new = state_of(before), state_of(after)
    assert old != new
    found = []
    for folder, _ in at_every_write(tmp_path, before, action, council):
        state = state_of(folder)
        assert state in (old, new)
        assert ("frozen" in ceremonies.kinds(folder) or "installed" in ceremonies.kinds(folder)) == (state == new)
        assert log_holds(folder)
        found.append(state)
    assert found == sorted(found, key=lambda state: state == new), "what was decided came undone"
    assert {one.serialize() for one in found} == {old.serialize(), new.serialize()}


def test_killed_at_any_write_the_key_process_agrees_with_the_home(tmp_path: Path) -> None:
    before = councils.copy_home(tmp_path / "before")
    asked = approved(councils.request())
    for folder, _ in at_every_write(tmp_path, before, Install(TIGHTER), Council()):
        assert sign(folder, asked).status == "signed"


def test_killed_at_any_write_the_decision_can_be_taken_again(tmp_path: Path) -> None:
    before = councils.copy_home(tmp_path / "before")
    decide(before, Install(LOOSER))
    for folder, _ in at_every_write(tmp_path, before, Veto("policy"), Council("Endo")):
        if "policy" in state_of(folder).waiting:
            decide(folder, Veto("policy"), officers=Council("Endo"))
        assert state_of(folder, NOW + 2 * DAY) == state_of(folder)


def test_killed_when_a_delay_ends_it_ends_all_the_same(tmp_path: Path) -> None:
    before = councils.copy_home(tmp_path / "before")
    decide(before, Install(LOOSER))
    for place in count(1):
        folder = tmp_path / f"due-{place}"
        shutil.copytree(before, folder)
        killed = killed_at(place, lambda folder=folder: state_of(folder, NOW + DAY))  # type: ignore[misc]
        assert state_of(folder, NOW + DAY + HOUR).held["policy"].sequence == 2
        assert ceremonies.kinds(folder, NOW + DAY + HOUR).count("in-force") == 1
        if not killed:
            assert place > 3
            return


def test_a_home_whose_sealed_record_is_another_decisions_is_refused(tmp_path: Path) -> None:
    folder = councils.copy_home(tmp_path / "home")
    old = (folder / "rules.sealed").read_bytes()
    decide(folder, Install(TIGHTER))
    (folder / "rules.sealed").write_bytes(old)
    with pytest.raises(HomeError, match="HOME-EDITED"), home.opened(folder, NOW):
        pass


def test_a_floor_that_moves_late_is_known_to_the_home_before_it_asks_what_is_due(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A policy waits; the device is off for three days; the power fails once more before the clock is written."""

    def boot(name: str, at: int) -> None:
        monkeypatch.setattr(home, "home_reading", lambda *_, **__: Reading(at, name, 600))

    folder = councils.copy_home(tmp_path / "home")
    header = {"not_before": NOW - HOUR, "not_after": NOW + 90 * DAY}
    looser = HOUSE.signed("policy", LOOSER.bundle.body, after=BUNDLES["policy"], **header)
    boot("first", NOW)
    decide(folder, Install(looser))
    later = {"not_before": NOW + 3 * DAY - HOUR, "not_after": NOW + 90 * DAY}
    longer = HOUSE.signed("list", examples.FLAGGED_LIST + b"# seen again\n", after=BUNDLES["list"], **later)
    boot("second", NOW + 3 * DAY)
    with monkeypatch.context() as crash, pytest.raises(KeyboardInterrupt):
        crash.setattr(SignerHome, "settle", _power_fails)
        decide(folder, Install(longer))
    with home.opened(folder) as opened:
        assert opened.state == opened.state.matured(opened.times)
        assert opened.state.held["policy"].digest == looser.bundle.digest
        council.decide(Freeze(), opened, Council("Endo"), councils.key_in_process(opened))


def _power_fails(*_: object) -> None:
    raise KeyboardInterrupt
