"""script/setup says what is missing, and what to do, where it cannot help itself."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

NEEDED = ("cat", "cut", "dirname", "find", "grep", "sed", "sh", "sha256sum", "stat", "tail")


@pytest.fixture
def poor_machine(project: Path, tmp_path: Path) -> Path:
    """A copy of the script with a folder of commands to stand before it: no library, no apt-get, no sudo, not root."""
    (tmp_path / "script").mkdir()
    shutil.copy(project / "script/setup", tmp_path / "script/setup")
    for name in NEEDED:
        command(tmp_path, name, f'exec {shutil.which(name)} "$@"')
    command(tmp_path, "id", "echo 1000")
    command(tmp_path, "ldconfig", "exit 0")
    command(tmp_path, "python3", f'exec {sys.executable} "$@"')
    return tmp_path


def command(machine: Path, name: str, script: str) -> None:
    (machine / "bin").mkdir(exist_ok=True)
    (machine / "bin" / name).write_text(f"#!/bin/sh\n{script}\n")
    (machine / "bin" / name).chmod(0o755)


def set_up(machine: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHON"} | {"PATH": str(machine / "bin")}
    run = ["sh", str(machine / "script/setup"), *arguments]
    return subprocess.run(run, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_without_root_or_sudo_it_names_the_packages_to_ask_for(poor_machine: Path) -> None:
    command(poor_machine, "apt-get", "exit 0")
    run = set_up(poor_machine)
    assert run.returncode == 1
    assert "neither root nor sudo" in run.stderr
    assert "libzbar0 libseccomp2" in run.stderr
    assert not (poor_machine / ".venv").exists()


def test_on_another_system_it_names_what_to_install_by_hand(poor_machine: Path) -> None:
    run = set_up(poor_machine)
    assert run.returncode == 1
    assert "no apt-get" in run.stderr
    assert "libzbar0 libseccomp2" in run.stderr


def test_a_python_that_is_too_old_is_named(poor_machine: Path) -> None:
    command(poor_machine, "python3", '[ "$1" != --version ] || echo Python 3.9.2; exit 1')
    run = set_up(poor_machine)
    assert run.returncode == 1
    assert "Python 3.11, 3.12 or 3.13 is needed" in run.stderr
    assert "Python 3.9.2" in run.stderr


def test_with_sudo_it_asks_for_just_what_is_missing(poor_machine: Path) -> None:
    command(poor_machine, "apt-get", "exit 0")
    command(poor_machine, "mktemp", f"echo {poor_machine}/log")
    command(poor_machine, "ldconfig", "echo libseccomp.so.2")
    command(poor_machine, "sudo", f'echo "$@" >>{poor_machine}/asked; [ "$2" = update ]')
    assert set_up(poor_machine).returncode == 1
    update, install = (poor_machine / "asked").read_text().splitlines()
    assert update == "apt-get update"
    assert install.endswith("apt-get install -y --no-install-recommends libzbar0")


def test_tests_and_demonstration_need_an_agent_that_the_program_does_not(poor_machine: Path) -> None:
    command(poor_machine, "apt-get", "exit 0")
    (poor_machine / "tests").mkdir()
    for scope, needed in (("runtime", False), ("demo", True), ("test", True)):
        run = set_up(poor_machine, scope)
        assert run.returncode == 1
        assert ("gpg-agent" in run.stderr) is needed


def test_an_unknown_scope_is_a_usage_error(poor_machine: Path) -> None:
    assert set_up(poor_machine, "everything").returncode == 2
