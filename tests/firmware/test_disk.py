"""`firmware-config/write-disk`: a release on a disk that was blank, and on no other; `enroll`: why it makes no keys."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

MIB = 1 << 20
BOOT, ROOT = 1 * MIB, 65 * MIB


@pytest.fixture
def release(tmp_path: Path) -> Path:
    for program in ("sfdisk", "mformat", "mcopy"):
        if not shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin"):
            pytest.skip(f"{program} is not on this machine")
    folder = tmp_path / "release"
    folder.mkdir()
    for name in ("signer.efi", "media.efi", "root.img"):
        (folder / name).write_bytes(f"made-up {name}".encode().ljust(8192, b"\1"))
    return folder


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    path = tmp_path / "disk.img"
    with path.open("wb") as file:
        file.truncate(400 * MIB)
    return path


def written(project: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = ["sh", project / "firmware-config/write-disk", *arguments]
    path = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120, check=False, env=path)


def on_boot_partition(disk: Path, name: str) -> bytes:
    return subprocess.run(["mtype", "-i", f"{disk}@@1M", f"::{name}"], capture_output=True, check=True).stdout


def test_a_blank_disk_gets_both_boot_images_the_root_and_a_blank_partition(
    project: Path, release: Path, disk: Path
) -> None:
    run = written(project, release, disk)
    assert run.returncode == 0, run.stderr
    assert on_boot_partition(disk, "/EFI/BOOT/BOOTX64.EFI") == (release / "signer.efi").read_bytes()
    assert on_boot_partition(disk, "/EFI/custody/media.efi") == (release / "media.efi").read_bytes()
    with disk.open("rb") as file:
        file.seek(ROOT)
        assert file.read(8192) == (release / "root.img").read_bytes()
        file.seek(321 * MIB)
        assert not any(file.read(MIB))
    told = subprocess.run(["/sbin/sfdisk", "--dump", disk], capture_output=True, text=True, check=True).stdout
    names = [line.rpartition('name="')[2].rstrip('"') for line in told.splitlines() if "name=" in line]
    assert names == ["custody-boot", "custody-root", "custody-data"]


@pytest.mark.parametrize("place", [0, 511, MIB - 1])
def test_a_disk_that_holds_a_single_bit_is_left_as_it_is(project: Path, release: Path, disk: Path, place: int) -> None:
    with disk.open("r+b") as file:
        file.seek(place)
        file.write(b"\1")
    before = disk.stat().st_mtime_ns
    run = written(project, release, disk)
    assert (run.returncode, disk.stat().st_mtime_ns) == (1, before)
    assert "is not blank" in run.stderr


@pytest.mark.parametrize("name", ["signer.efi", "media.efi", "root.img"])
def test_half_a_release_is_not_written(project: Path, release: Path, disk: Path, name: str) -> None:
    (release / name).unlink()
    run = written(project, release, disk)
    assert (run.returncode, run.stderr) == (2, f"write-disk: there is no {release}/{name}\n")
    assert disk.stat().st_blocks == 0


def test_a_key_that_is_not_there_leaves_the_disk_blank(project: Path, release: Path, disk: Path) -> None:
    run = written(project, release, disk, disk.parent / "no-keys")
    assert run.returncode in (1, 2)
    assert disk.stat().st_blocks == 0


def test_what_is_no_disk_is_not_written_to(project: Path, release: Path) -> None:
    assert written(project, release, release).returncode == 2
    assert written(project, release, release / "absent").returncode == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "usage: firmware-config/enroll KEYS INPUTS\n"),
        (("keys",), "usage: firmware-config/enroll KEYS INPUTS\n"),
        (("keys", "inputs"), "there is no systemd-boot-efi in inputs; firmware-config/inputs.sh inputs brings it\n"),
    ],
)
def test_keys_are_not_made_where_they_could_not_be_enrolled(
    project: Path, tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    if arguments[1:] and not all(map(shutil.which, ("cert-to-efi-sig-list", "mformat", "openssl"))):
        pytest.skip("efitools, mtools or openssl is not on this machine")
    (tmp_path / "inputs/debs").mkdir(parents=True)
    command = ["sh", project / "firmware-config/enroll", *arguments]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, run.stderr.removeprefix("enroll: ")) == (2, told)
    assert not (tmp_path / "keys").exists()
