"""``custody audit verify`` on homes and exports."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from log_examples import KEY, SIZE, new_log

from custody.audit.verify import export_lines
from custody.edge.disk import LogFiles

PINNED = str(KEY.verifier)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    new_log(LogFiles(tmp_path / "log"), SIZE)
    return tmp_path


@pytest.fixture
def export(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    lines = (home / "log" / "entries").read_bytes().splitlines(keepends=True)
    (folder / "entries").write_bytes(b"".join(export_lines(lines)))
    (folder / "checkpoint.txt").write_bytes((home / "log" / "checkpoint").read_bytes())
    (folder / "log-key.txt").write_text(PINNED + "\n")
    return folder


def audit_verify(project: Path, *arguments: str | Path) -> tuple[int, dict[str, Any], str]:
    """Exit code, the JSON of stdout, and stderr."""
    command = [sys.executable, "-c", "from custody.cli import main; main()", "audit", "verify", "--json"]
    done = subprocess.run([*command, *map(str, arguments)], cwd=project, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout), done.stderr


def test_a_home_and_its_export_hold(project: Path, home: Path, export: Path) -> None:
    for place, hidden in ((home, 0), (export, SIZE)):
        code, found, told = audit_verify(project, "--log", place, "--key", PINNED)
        assert (code, found["ok"], found["size"], found["first_bad"]) == (0, True, SIZE, None)
        assert (found["hidden"], found["pinned"], found["origin"]) == (hidden, True, KEY.origin)
        assert found["as_of"].encode() == (home / "log" / "checkpoint").read_bytes()
        assert found["root"] in told
        assert f"As of the checkpoint of size {SIZE}" in told
        assert "WARNING" not in told


def test_the_key_may_lie_in_a_file(project: Path, home: Path, tmp_path: Path) -> None:
    (tmp_path / "pinned").write_text(PINNED + "\n")
    assert audit_verify(project, "--log", home, "--key", tmp_path / "pinned")[0] == 0


def test_the_first_bad_entry_is_named(project: Path, export: Path) -> None:
    lines = (export / "entries").read_bytes().splitlines(keepends=True)
    (export / "entries").write_bytes(b"".join(lines[:5] + lines[6:]))
    code, found, told = audit_verify(project, "--log", export, "--key", PINNED)
    assert (code, found["exit"], found["ok"]) == (7, 7, False)
    assert found["first_bad"] == {"index": 5, "reason": "misplaced"}
    assert found["error"]["code"] == "LOG-ENTRY"
    assert found["size"] == SIZE
    assert "Entry 5" in told


def test_a_homes_own_key_is_taken_with_a_warning(project: Path, home: Path) -> None:
    code, found, told = audit_verify(project, "--log", home)
    assert (code, found["pinned"]) == (0, False)
    assert "WARNING" in told


def test_an_export_without_a_key_is_not_verified(project: Path, export: Path) -> None:
    code, found, _ = audit_verify(project, "--log", export)
    assert (code, found["error"]["code"]) == (2, "LOG-KEY-MISSING")


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["--key", "no-such-file"], 4, "LOG-KEY"),
        (["--key", "a+b+c"], 4, "LOG-KEY"),
        (["--key", PINNED.replace("rehearsal", "real")], 4, "LOG-KEY"),
        (["--key", "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"], 7, "CHECKPOINT-SIGNATURE"),
    ],
)
def test_a_wrong_key_is_refused(project: Path, home: Path, arguments: list[str], code: int, error: str) -> None:
    exit_code, found, _ = audit_verify(project, "--log", home, *arguments)
    assert (exit_code, found["error"]["code"]) == (code, error)


def test_a_place_without_a_log_is_refused(project: Path, tmp_path: Path) -> None:
    code, found, _ = audit_verify(project, "--log", tmp_path, "--key", PINNED)
    assert (code, found["error"]["code"]) == (4, "LOG-PATH")


def test_a_changed_checkpoint_is_refused(project: Path, home: Path) -> None:
    note = home / "log" / "checkpoint"
    note.write_bytes(note.read_bytes().replace(b"\n%d\n" % SIZE, b"\n%d\n" % (SIZE - 1)))
    code, found, _ = audit_verify(project, "--log", home, "--key", PINNED)
    assert (code, found["error"]["code"]) == (7, "CHECKPOINT-SIGNATURE")
