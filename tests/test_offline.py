"""Nothing on the signer can reach a network: what could is not even loaded."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

CLIENTS = {"asyncio", "ftplib", "http", "requests", "smtplib", "socket", "ssl", "urllib.request", "urllib3"}
HEAVY = {"bip_utils", "PIL", "pyzbar", "qrcode", "zxingcpp"}
CRYPTOGRAPHY = {"coincurve", "nacl", "wallycore"}
REPORT = "import atexit, sys; atexit.register(lambda: print('loaded:', *sys.modules))\n"
COMMANDS = sorted(path.stem for path in (Path(__file__).parent.parent / "custody/cli").glob("[!_]*"))
# Processes of their own, and what they load though they cannot use it: python-gnupg imports `socket` to ask the name of
# the machine, and the jail around it forbids every socket (tests/unit/edge/test_jail.py).
CHILDREN = {"decoder_child": (), "key_child": (), "gpg_child; import gnupg": ("socket",)}


def loaded_after(project: Path, statements: str, *arguments: str) -> set[str]:
    """The modules that a fresh interpreter holds at its end."""
    command = [sys.executable, "-c", REPORT + statements, *arguments]
    run = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stderr
    return set(run.stdout.rpartition("loaded: ")[2].split())


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_loads_nothing_that_could_reach_a_network(project: Path, command: str) -> None:
    loaded = loaded_after(project, f"import custody.cli.{command}")
    assert f"custody.cli.{command}" in loaded
    assert not loaded & CLIENTS


def test_these_are_all_commands(project: Path) -> None:
    command = [sys.executable, "-c", "from custody.cli import main; main(['--help'])"]
    listed = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True)
    assert {"signer", "coordinator", "audit"} <= set(COMMANDS)
    named = re.findall(r"^  ([a-z][a-z-]*)  ", listed.stdout, re.MULTILINE)
    assert {name.replace("-", "_") for name in named} == set(COMMANDS)


@pytest.mark.parametrize("child", CHILDREN)
def test_a_process_of_its_own_loads_nothing_that_could_reach_a_network(project: Path, child: str) -> None:
    loaded = loaded_after(project, f"import custody.edge.{child}")
    assert f"custody.edge.{child.partition(';')[0]}" in loaded
    assert loaded & CLIENTS == set(CHILDREN[child])


def test_help_loads_hardly_anything(project: Path) -> None:
    loaded = loaded_after(project, "from custody.cli import main; main()", "--help")
    assert "custody.cli" in loaded
    assert not loaded & (CLIENTS | HEAVY | CRYPTOGRAPHY)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_loads_no_network_and_nothing_heavy(project: Path, command: str) -> None:
    loaded = loaded_after(project, "from custody.cli import main; main()", command.replace("_", "-"), "--help")
    assert f"custody.cli.{command}" in loaded
    assert not loaded & (CLIENTS | HEAVY)


def test_a_whole_withdrawal_loads_nothing_that_could_reach_a_network(project: Path, tmp_path: Path) -> None:
    loaded = loaded_after(project, "from custody.cli import main; main()", "demo", "--out", str(tmp_path / "demo"))
    assert {"custody.ceremony", "wallycore"} <= loaded
    assert not loaded & CLIENTS


@pytest.mark.parametrize("client", sorted(CLIENTS - {"requests", "urllib3"}))
def test_a_loaded_client_would_be_seen(project: Path, client: str) -> None:
    assert client in loaded_after(project, f"import {client}")
