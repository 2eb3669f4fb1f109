"""Peers from npm, installed when they are not there."""

import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

FOLDER = Path(__file__).parent
NodePeer = Callable[[str], AbstractContextManager[Callable[..., Any]]]


def absent(what: str, *, excused: bool = False) -> NoReturn:
    """Skips what cannot run here; in CI only where it is excused."""
    if os.environ.get("CI") == "true" and not excused:
        pytest.fail(f"{what} must be there in CI")
    pytest.skip(f"{what} is not there")


@pytest.fixture(scope="session")
def packages() -> Path:
    """The folder of npm packages, as package-lock.json names them."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        absent("npm with node")
    with (FOLDER / "package-lock.json").open("rb") as lock:
        # Test processes beside each other install once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        # script/setup leaves the same mark.
        wanted = f"{hashlib.sha256(lock.read()).hexdigest()}  -\n"
        installed = FOLDER / "node_modules" / ".installed"
        if not installed.is_file() or installed.read_text() != wanted:
            install = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            subprocess.run(install, cwd=FOLDER, check=True)
            installed.write_text(wanted)
    return FOLDER / "node_modules"


@pytest.fixture(scope="session")
def node_peer(packages: Path) -> NodePeer:
    """Starts a script of this folder, which answers one line of JSON with another."""

    @contextmanager
    def start(script: str) -> Iterator[Callable[..., Any]]:
        command = ["node", script]
        with subprocess.Popen(
            command, cwd=packages.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as child:
            stdin, stdout = child.stdin, child.stdout
            assert stdin is not None
            assert stdout is not None

            def ask(order: str, **given: Any) -> Any:
                stdin.write(json.dumps({"order": order, **given}) + "\n")
                stdin.flush()
                return json.loads(stdout.readline())

            yield ask
            stdin.close()

    return start


@pytest.fixture(scope="session")
def anvil_binary(packages: Path) -> Path:
    """The node of a private Ethereum network; npm has it for Linux on x64."""
    binary = packages / "@foundry-rs" / "anvil-linux-amd64" / "bin" / "anvil"
    if not binary.is_file():
        absent("anvil", excused=(platform.system(), platform.machine()) != ("Linux", "x86_64"))
    return binary
