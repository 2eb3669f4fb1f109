"""The lock files: every dependency at the pinned version, every package with hashes, no address anywhere."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCKS = ("runtime", "prove", "test", "fuzz", "build")


def read_lock(text: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Name to (version, hashes). Raises ValueError for any line that is not a pinned package or its hash."""
    packages: dict[str, tuple[str, frozenset[str]]] = {}
    for entry in text.replace("\\\n", " ").splitlines():
        head, *hashes = re.split(r"\s+--hash=", entry.strip())
        pinned = re.fullmatch(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.!+_-]+)(?:\s*;[^@:/]*)?", head)
        if not pinned or not hashes or not all(re.fullmatch("sha256:[0-9a-f]{64}", digest) for digest in hashes):
            raise ValueError(f"not a pinned package with its hashes: {entry[:80]}")
        packages[canonicalize_name(pinned[1])] = (pinned[2], frozenset(hashes))
    return packages


def locked(project: Path, name: str) -> dict[str, tuple[str, frozenset[str]]]:
    return read_lock((project / "requirements" / f"{name}.lock").read_text("ascii"))


def declared(project: Path, name: str) -> list[Requirement]:
    pyproject = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))
    extras = pyproject["project"]["optional-dependencies"]
    dependencies = {
        "runtime": pyproject["project"]["dependencies"],
        "test": pyproject["project"]["dependencies"] + extras["test"] + extras["lint"] + extras["prove"],
        "prove": pyproject["project"]["dependencies"] + extras["prove"],
        "fuzz": pyproject["project"]["dependencies"] + extras["fuzz"],
        "build": pyproject["build-system"]["requires"],
    }
    return [Requirement(line) for line in dependencies[name]]


@pytest.mark.parametrize("name", LOCKS)
def test_every_dependency_is_locked_at_the_version_declared(project: Path, name: str) -> None:
    versions = {package: version for package, (version, _) in locked(project, name).items()}
    for requirement in declared(project, name):
        assert str(requirement.specifier) == f"=={versions[canonicalize_name(requirement.name)]}"


@pytest.mark.parametrize("name", ["prove", "test", "fuzz"])
def test_tests_run_with_the_very_packages_that_users_get(project: Path, name: str) -> None:
    assert locked(project, "runtime").items() <= locked(project, name).items()


def test_every_extra_is_locked_somewhere(project: Path) -> None:
    pyproject = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))
    assert set(pyproject["project"]["optional-dependencies"]) == {"test", "lint", "fuzz", "prove"}


def test_nothing_is_locked_that_only_tests_need(project: Path) -> None:
    oracles = {"atheris", "bdkpython", "eth-abi", "eth-account", "hypothesis", "py-bitcoinkernel", "pymerkle", "pytest"}
    assert not (oracles | {"z3-solver"}) & locked(project, "runtime").keys()


@pytest.mark.parametrize(
    "line",
    [
        "click==8.5.1",
        "click>=8.5.1 --hash=sha256:" + 64 * "0",
        "click==8.5.1 --hash=md5:" + 32 * "0",
        "click @ https://example.org/click.whl --hash=sha256:" + 64 * "0",
        "--index-url https://example.org/simple",
        "--find-links /srv/wheels",
        "# https://example.org",
    ],
)
def test_a_lock_with_anything_else_is_found_out(line: str) -> None:
    with pytest.raises(ValueError, match="not a pinned package"):
        read_lock(line)


def test_the_lock_of_the_peers_holds_hashes_and_no_address(project: Path) -> None:
    text = (project / "tests/conformance/package-lock.json").read_text("utf-8")
    packages = {name: entry for name, entry in json.loads(text)["packages"].items() if name}
    assert packages
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
    assert not any("resolved" in entry for entry in packages.values())
    assert "://" not in text
