"""`custody signer self-test` on whatever machine the tests run on, with a home and without."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from custody.edge.selftest import GUARANTEES

#: What holds wherever the product works at all.
WORKING = {"libraries", "signatures", "picture-jail", "openpgp-jail", "log"}
COMMAND = [sys.executable, "-c", "from custody.cli import main; main()", "signer", "self-test"]


def run(*arguments: str, project: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], cwd=project, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, project: Path) -> subprocess.CompletedProcess[str]:
    """One run, in a folder for a home that is not there."""
    return run("--json", "--home", str(tmp_path_factory.mktemp("none") / "home"), project=project)


def test_scripts_get_every_guarantee_with_what_was_seen(told: subprocess.CompletedProcess[str]) -> None:
    answer = json.loads(told.stdout)
    assert [one["name"] for one in answer["guarantees"]] == [one.name for one in GUARANTEES]
    assert all(one["observed"] for one in answer["guarantees"])
    held = [one["holds"] for one in answer["guarantees"]]
    assert (answer["passed"], answer["failed"]) == (sum(held), len(held) - sum(held))
    assert answer["expected"] == len(GUARANTEES)


def test_the_exit_code_says_whether_all_hold(told: subprocess.CompletedProcess[str]) -> None:
    answer = json.loads(told.stdout)
    assert told.returncode == (7 if answer["failed"] else 0)
    assert answer["ok"] == (answer["failed"] == 0)
    assert ("error" in answer) == bool(answer["failed"])


def test_what_the_product_needs_to_work_holds_here(told: subprocess.CompletedProcess[str]) -> None:
    held = {one["name"] for one in json.loads(told.stdout)["guarantees"] if one["holds"]}
    assert held >= WORKING


def test_people_read_a_last_line_that_counts(told: subprocess.CompletedProcess[str]) -> None:
    counted = re.search(r"SELFTEST-DONE passed=(\d+) failed=(\d+) of=(\d+)$", told.stderr, re.MULTILINE)
    assert counted
    assert int(counted[1]) + int(counted[2]) == int(counted[3]) == len(GUARANTEES)


def test_nothing_is_left_beside_a_home(tmp_path: Path, project: Path) -> None:
    (tmp_path / "home").mkdir()
    run("--home", str(tmp_path / "home"), project=project)
    assert [one.name for one in tmp_path.iterdir()] == ["home"]
    assert list((tmp_path / "home").iterdir()) == []


def test_every_guarantee_is_on_the_page(project: Path) -> None:
    page = (project / "docs/spec/self-test.md").read_text("utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| ([^|]+) \|", page, re.MULTILINE)
    assert rows == [(one.name, one.text) for one in GUARANTEES]
