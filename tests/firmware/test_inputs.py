"""What goes into the image: locked packages and wheels, listed programs, no address of anybody."""

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from recipes import rows

#: No package that speaks to a network, lets somebody in, or keeps time by a network.
NEVER = re.compile(
    r"openssh|curl|wget|network-manager|ifupdown|iproute|isc-dhcp|ntp|chrony|timesync|bluez|wpa|sudo|netcat"
)
NO_TOOLS = re.compile(
    r"(ba|da|z|k)?sh$|busybox|perl|dpkg|apt|ssh|curl|wget|/ip$|/nc$|login|agetty|/su$|sudo|gcc|gdb|strace"
)
TEXT = (".py", ".sh", ".list", ".lock", ".conf", ".service", ".target", ".rules", ".md", ".without", "")


def packages(recipe: Path) -> dict[str, tuple[str, str]]:
    """Name to version and SHA-256."""
    lines = [line.split(" ") for line in (recipe / "image/packages.lock").read_text("ascii").splitlines()]
    assert all(len(line) == 3 and re.fullmatch("[0-9a-f]{64}", line[2]) for line in lines)
    assert [line[0] for line in lines] == sorted({line[0] for line in lines})
    return {name: (version, digest) for name, version, digest in lines}


def test_every_package_asked_for_is_locked(recipe: Path) -> None:
    assert {*rows(recipe / "image/packages.list"), *rows(recipe / "image/boot.list")} <= packages(recipe).keys()


def test_no_package_speaks_to_a_network(recipe: Path) -> None:
    assert [name for name in packages(recipe) if NEVER.search(name)] == []


def wheels(recipe: Path) -> dict[str, str]:
    return dict(line.split(" ") for line in (recipe / "image/wheels.lock").read_text("ascii").splitlines())


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_wheels_are_those_that_users_get_without_clients_of_networks(recipe: Path, project: Path) -> None:
    lock = (project / "requirements/runtime.lock").read_text("ascii")
    wanted = {normal(name) for name in re.findall(r"(?m)^([A-Za-z0-9._-]+)==(?!.*win32)", lock)}
    left_out = {normal(name) for name in rows(recipe / "image/wheels.without")}
    assert {normal(file.split("-")[0]) for file in wheels(recipe)} == wanted - left_out
    assert left_out <= wanted


def test_each_wheel_has_a_hash_that_the_products_own_lock_knows(recipe: Path, project: Path) -> None:
    lock = (project / "requirements/runtime.lock").read_text("ascii")
    assert [file for file, digest in wheels(recipe).items() if f"sha256:{digest}" not in lock] == []


def test_no_program_helps_whoever_gets_in(recipe: Path) -> None:
    kept = rows(recipe / "image/programs.list")
    assert len(kept) == len(set(kept))
    assert [path for path in kept if NO_TOOLS.search(path)] == []


def text_files(recipe: Path) -> list[Path]:
    found = [path for path in recipe.rglob("*") if path.is_file() and not path.is_symlink()]
    return [path for path in found if path.suffix in TEXT and "__pycache__" not in path.parts]


def test_no_address_stands_in_the_recipe(recipe: Path, project: Path) -> None:
    files = [*text_files(recipe), project / "script/test-firmware"]
    hosts = re.compile(r"[a-z]+://|\b[a-z0-9-]+\.(com|org|net|io|dev)\b|\b\d{1,3}(\.\d{1,3}){3}\b", re.IGNORECASE)
    found = [(path.name, match[0]) for path in files for match in hosts.finditer(path.read_text("utf-8"))]
    assert found == []


def test_every_file_says_which_threat_it_answers(recipe: Path) -> None:
    # Lists of one value, generated files, and what only a file of this form may hold.
    bare = {"cmdline", "group", "hostname", "machine-id", "nsswitch.conf", "os-release", "passwd", "shadow"}
    generated = {"packages.lock", "wheels.lock", "custody.py", "README.md"}
    silent = [
        path.relative_to(recipe)
        for path in text_files(recipe)
        if path.name not in bare | generated and "profiles" not in path.parts
        and not re.search(r"[Tt]hreat|refuse", path.read_text("utf-8")[:900])
    ]  # fmt: skip
    assert silent == []


@pytest.fixture
def made_up(recipe: Path, tmp_path: Path) -> Path:
    """A recipe whose locks name one package and one wheel, which lie in ``inputs``."""
    if not shutil.which("dpkg-deb"):
        pytest.skip("dpkg-deb is not on this machine")
    copy = tmp_path / "project/firmware-config"
    (copy / "image").mkdir(parents=True)
    shutil.copy(recipe / "inputs.sh", copy / "inputs.sh")
    control = tmp_path / "package/DEBIAN/control"
    control.parent.mkdir(parents=True)
    control.write_text("Package: made-up\nVersion: 1:2.0-1\nArchitecture: all\nMaintainer: nobody\nDescription: x\n")
    for folder in ("debs", "wheels"):
        (tmp_path / "inputs" / folder).mkdir(parents=True)
    deb, wheel = tmp_path / "inputs/debs/made-up.deb", tmp_path / "inputs/wheels/made_up-1-py3-none-any.whl"
    subprocess.run(
        ["dpkg-deb", "--build", "--root-owner-group", tmp_path / "package", deb], check=True, capture_output=True
    )
    wheel.write_bytes(b"wheel")
    digest = hashlib.sha256(deb.read_bytes()).hexdigest()
    (copy / "image/packages.lock").write_text(f"made-up 1:2.0-1 {digest}\n")
    (copy / "image/wheels.lock").write_text(f"{wheel.name} {hashlib.sha256(b'wheel').hexdigest()}\n")
    return copy


def compared(made_up: Path) -> subprocess.CompletedProcess[str]:
    command = ["sh", made_up / "inputs.sh", "--check", made_up.parent.parent / "inputs"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_inputs_that_are_as_locked_are_taken(made_up: Path) -> None:
    run = compared(made_up)
    assert run.returncode == 0, run.stderr
    assert run.stdout == "inputs: 1 packages, 1 wheels, all as locked\n"


@pytest.mark.parametrize("name", ["debs/made-up.deb", "wheels/made_up-1-py3-none-any.whl"])
def test_an_input_that_differs_by_a_byte_is_refused(made_up: Path, name: str) -> None:
    file = made_up.parent.parent / "inputs" / name
    file.write_bytes(file.read_bytes() + b"\n")
    run = compared(made_up)
    assert run.returncode == 1
    assert "nothing is built from them" in run.stderr


@pytest.mark.parametrize("lock", ["packages.lock", "wheels.lock"])
def test_an_input_that_nobody_locked_is_refused(made_up: Path, lock: str) -> None:
    (made_up / "image" / lock).write_text("")
    assert compared(made_up).returncode == 1
