"""The AppArmor profile, the CI profile, the console, and the header of the boot image."""

import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from recipes import load, rows

PROFILES = ("signer", "signer-media", "signer-data")


def profile_rules(recipe: Path) -> list[str]:
    return rows(recipe / "overlay/etc/apparmor.d/signer.rules")


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_has_a_name_and_is_attached_to_no_path(recipe: Path, name: str) -> None:
    assert f"profile {name} {{" in rows(recipe / "overlay/etc/apparmor.d" / name)


def test_the_profile_for_sticks_adds_the_stick_and_nothing_else(recipe: Path) -> None:
    signer, media = (rows(recipe / "overlay/etc/apparmor.d" / name) for name in PROFILES[:2])
    assert set(media) - set(signer) == {"profile signer-media {", "/dev/ r,", "/dev/sd[a-z] rw,"}
    assert set(signer) - set(media) == {"profile signer {", "/dev/video0 rw,"}


def test_the_profile_starts_only_programs_of_the_image_and_keeps_them_confined(recipe: Path) -> None:
    kept = {f"/{path}" for path in rows(recipe / "image/programs.list")}
    runs = [rule.rstrip(",").split() for rule in profile_rules(recipe) if re.search(r" [a-zA-Z]*x[a-zA-Z]*,$", rule)]
    assert {path for path, _ in runs} == {"/usr/bin/python3.11", "/usr/bin/gpg", "/usr/sbin/ldconfig"} & kept
    assert {rights for _, rights in runs} == {"mrix"}


def test_the_profile_knows_no_network_but_local_pipes(recipe: Path) -> None:
    assert [rule for rule in profile_rules(recipe) if rule.startswith("network")] == ["network unix stream,"]
    assert not [rule for rule in profile_rules(recipe) if rule.startswith(("capability", "mount", "ptrace", "change"))]


def test_the_profile_writes_where_the_sandbox_does(recipe: Path) -> None:
    written = [rule.split()[-2] for rule in profile_rules(recipe) if re.search(r" [rk]*w[rwkl]*,$", rule)]
    assert written
    assert all(path.startswith(("/tmp/", "/var/tmp/", "/var/lib/custody/", "/dev/")) for path in written)


def parsed(profile: Path, shared: Path) -> subprocess.CompletedProcess[str]:
    parser = shutil.which("apparmor_parser", path="/usr/sbin:/sbin:/usr/bin")
    if not parser or not Path("/etc/apparmor.d/abi/3.0").exists():
        pytest.skip("apparmor_parser is not on this machine")
    command = [parser, "-Q", "-K", "-T", "--base", "/etc/apparmor.d", "-I", shared, profile]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_is_well_formed(recipe: Path, name: str) -> None:
    folder = recipe / "overlay/etc/apparmor.d"
    run = parsed(folder / name, folder)
    assert run.returncode == 0, run.stderr


def test_a_profile_that_is_not_well_formed_is_found(recipe: Path, tmp_path: Path) -> None:
    folder = recipe / "overlay/etc/apparmor.d"
    (tmp_path / "signer").write_text((folder / "signer").read_text().replace("include", "/ rq,\n  include"))
    assert parsed(tmp_path / "signer", folder).returncode != 0


def test_ci_adds_these_files_and_no_others(recipe: Path) -> None:
    overlay = recipe / "profiles/ci/overlay"
    added = {str(path.relative_to(overlay)) for path in overlay.rglob("*") if path.is_symlink() or path.is_file()}
    system = "etc/systemd/system"
    assert added == {
        f"{system}/signer-data.service.d/90-serial.conf",
        f"{system}/signer-hands.service",
        f"{system}/signer-hold.service",
        f"{system}/signer-media.service.d/90-serial.conf",
        f"{system}/signer-proof.service",
        f"{system}/signer-proof.service.d/10-sandbox.conf",
        f"{system}/signer-proof.service.d/20-camera.conf",
        f"{system}/signer.service.d/90-serial.conf",
        f"{system}/signer.target.wants/signer-hands.service",
        f"{system}/signer.target.wants/signer-hold.service",
        f"{system}/signer.target.wants/signer-proof.service",
        "usr/lib/custody/hands.py",
        "usr/lib/custody/hold.py",
        "usr/lib/custody/proof.py",
    }
    assert not [path for path in added if (recipe / "overlay" / path).exists()]
    assert rows(recipe / "profiles/ci/modules.list") == ["virtio_console", "vivid", "!rc_core"]


def test_nothing_of_ci_is_named_in_the_release(recipe: Path) -> None:
    released = [path for path in (recipe / "overlay").rglob("*") if path.is_file()]
    assert [
        path.name
        for path in released
        if re.search("proof|hands|custody-in|custody-hold|freeze", path.read_text("utf-8"))
    ] == []


@pytest.fixture
def console(recipe: Path, tmp_path: Path) -> ModuleType:
    """The console, with a program in the product's place that writes down what it was given."""
    module = load(recipe / "overlay/usr/lib/custody/console.py")
    note = f"import sys; open({str(tmp_path / 'given')!r}, 'a').write(repr(sys.argv[1:]) + chr(10))"
    assert module.COMMAND[1:] == ["-I", "/usr/lib/custody/custody.py", "signer"]
    module.COMMAND = [sys.executable, "-c", note, "signer"]
    return module


@pytest.mark.parametrize(
    ("line", "given"),
    [
        ("status", ["signer", "status"]),
        ("review 'a b.request' --json", ["signer", "review", "a b.request", "--json"]),
        ("help", ["signer", "--help"]),
        ("status; sh -c id", ["signer", "status;", "sh", "-c", "id"]),
        ("status $(id) `id` | cat > /tmp/x", ["signer", "status", "$(id)", "`id`", "|", "cat", ">", "/tmp/x"]),
        ("sh", ["signer", "sh"]),
    ],
)
def test_a_line_at_the_console_is_words_for_the_signer(
    console: ModuleType, tmp_path: Path, line: str, given: list[str]
) -> None:
    assert console.run(line)
    assert (tmp_path / "given").read_text() == f"{given!r}\n"


MEDIA = ("take-in", "export", "status", "self-test")


@pytest.mark.parametrize("line", ["sign x", "unfreeze", "init", "help", "--home /x take-in", "take-inn"])
def test_where_sticks_are_read_no_other_command_is_taken(
    console: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    assert console.run(line, MEDIA)
    assert not (tmp_path / "given").exists()
    assert capsys.readouterr().out == "Here are only: take-in, export, status, self-test, and off.\n"


def test_where_sticks_are_read_their_commands_are_taken(console: ModuleType, tmp_path: Path) -> None:
    assert console.run("take-in /dev/stick", MEDIA)
    assert (tmp_path / "given").read_text() == "['signer', 'take-in', '/dev/stick']\n"
    assert not console.run("off", MEDIA)


@pytest.mark.parametrize("line", ["", "   ", "review 'open"])
def test_a_line_without_words_starts_nothing(console: ModuleType, tmp_path: Path, line: str) -> None:
    assert console.run(line)
    assert not (tmp_path / "given").exists()


def test_off_ends_the_console(console: ModuleType, tmp_path: Path) -> None:
    assert not console.run("off")
    assert not (tmp_path / "given").exists()


def test_the_boot_image_gets_the_time_of_the_build_and_no_checksum(recipe: Path) -> None:
    settle = load(recipe / "image/settle_pe.py").settle
    image = bytearray(256)
    struct.pack_into("<I", image, 0x3C, 0x80)
    image[0x80:0x84] = b"PE\0\0"
    struct.pack_into("<I", image, 0x88, 7)
    struct.pack_into("<I", image, 0x80 + 24 + 64, 9)
    settled = settle(bytes(image), 1_764_000_000)
    assert struct.unpack_from("<I", settled, 0x88)[0] == 1_764_000_000
    assert struct.unpack_from("<I", settled, 0x80 + 88)[0] == 0
    with pytest.raises(ValueError, match="no PE image"):
        settle(bytes(256), 0)
