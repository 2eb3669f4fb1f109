"""The data partition: nothing is formatted by accident, and a device without one says so."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from recipes import load, rows, unit


@pytest.fixture
def data(recipe: Path, tmp_path: Path) -> ModuleType:
    """The program, on a machine where no device is there."""
    module = load(recipe / "overlay/usr/lib/custody/data.py")
    module.ENCRYPTED, module.BLANK = tmp_path / "encrypted", tmp_path / "blank"
    return module


def test_only_a_partition_without_a_single_bit_is_blank(data: ModuleType, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(2 << 20))
    assert data.is_blank(disk)
    disk.write_bytes(bytes((1 << 20) - 1) + b"\1" + bytes(1 << 20))
    assert not data.is_blank(disk)


def test_a_partition_that_holds_something_is_left_as_it_is(
    data: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    data.BLANK.write_bytes(b"an old filesystem".ljust(1 << 20, b"\0"))
    before = data.BLANK.read_bytes()
    assert data.main() == 1
    assert "It is left as it is" in capsys.readouterr().out
    assert data.BLANK.read_bytes() == before


@pytest.mark.parametrize("typed", ["", "yes", "Prepare", "prepare it"])
def test_a_blank_partition_stays_blank_unless_the_word_is_typed(recipe: Path, tmp_path: Path, typed: str) -> None:
    blank = tmp_path / "blank"
    blank.write_bytes(bytes(1 << 20))
    program = "import sys; sys.path.insert(0, sys.argv[1]); import data; print(data.prepare(data.Path(sys.argv[2])))"
    command = [sys.executable, "-B", "-c", program, recipe / "overlay/usr/lib/custody", blank]
    run = subprocess.run(command, input=f"{typed}\n", capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout.endswith("False\n")
    assert not any(blank.read_bytes())


def test_a_device_without_a_partition_says_that_nothing_is_kept(
    data: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert data.main() == 0
    assert "NOTHING IS KEPT" in capsys.readouterr().out


def test_the_disk_is_opened_before_the_gate_and_by_a_program_without_a_network(recipe: Path) -> None:
    found = unit(recipe / "overlay/etc/systemd/system/signer-data.service")
    mount = unit(recipe / "overlay/etc/systemd/system/signer-mount.service")
    assert "signer-mount.service" in found["Unit.Before"][0].split()
    assert mount["Unit.Requires"] == ["signer-data.service"]
    assert "signer-gate.service" in mount["Unit.Before"][0].split()
    assert found["Unit.Requires"] == ["signer-apparmor.service signer-lock.service"]
    assert found["Service.RestrictAddressFamilies"] == ["AF_UNIX"]
    assert found["Service.LimitCORE"] == ["0"]
    assert "CAP_NET_ADMIN" not in found["Service.CapabilityBoundingSet"][0]
    assert found["Service.AppArmorProfile"] == ["signer-data"]


def test_what_is_on_the_partition_runs_no_program_and_is_its_owners_alone(recipe: Path) -> None:
    mount, own = unit(recipe / "overlay/etc/systemd/system/signer-mount.service")["Service.ExecStart"]
    words = mount.split()
    assert set(words[words.index("-o") + 1].split(",")) >= {"nosuid", "nodev", "noexec"}
    assert words[-2:] == ["/dev/mapper/custody-data", "/var/lib/custody"]
    assert own.endswith("--prefix=/var/lib/custody")
    assert "d /var/lib/custody 0700 signer signer -" in rows(recipe / "overlay/etc/tmpfiles.d/signer.conf")
