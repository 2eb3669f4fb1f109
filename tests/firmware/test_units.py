"""The units: what runs on the device, in which order, and in which sandbox."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from recipes import Unit, rows, unit, with_drop_ins

# What the sandbox must say, each for a reason in its file.
REQUIRED = {
    "User": "signer",
    "AppArmorProfile": "signer",
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "AmbientCapabilities": "",
    "PrivateNetwork": "yes",
    "RestrictAddressFamilies": "AF_UNIX",
    "IPAddressDeny": "any",
    "PrivateDevices": "yes",
    "DevicePolicy": "closed",
    "PrivateTmp": "yes",
    "PrivateUsers": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "ProtectClock": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectProc": "invisible",
    "ReadWritePaths": "/var/lib/custody",
    "RestrictNamespaces": "yes",
    "RestrictSUIDSGID": "yes",
    "LockPersonality": "yes",
    "MemoryDenyWriteExecute": "yes",
    "SystemCallArchitectures": "native",
    "LimitCORE": "0",
    "MemorySwapMax": "0",
    "UMask": "0077",
}
#: Of 100: what systemd calls safe begins at 20. Who opens the data partition is root, for the device mapper.
EXPOSURE = {"signer": 10, "signer-media": 10, "signer-data": 20}


@pytest.fixture(scope="session")
def units(recipe: Path) -> Path:
    return recipe / "overlay/etc/systemd/system"


def lacking(sandbox: Unit) -> set[str]:
    """Directives that a unit lacks, or has otherwise."""
    return {name for name, value in REQUIRED.items() if sandbox.get(f"Service.{name}") != [value]}


def test_the_sandbox_of_the_signer_says_all_that_is_required_and_gives_him_the_camera(units: Path) -> None:
    signer = with_drop_ins(units / "signer.service")
    assert lacking(signer) == {"PrivateDevices"}
    assert signer["Service.PrivateDevices"][-1] == "no"
    assert signer["Service.DevicePolicy"] == ["closed"]
    assert signer["Service.DeviceAllow"] == ["/dev/tty1 rw", "/dev/video0 rw"]


def test_a_camera_is_the_signers_alone(recipe: Path) -> None:
    (rule,) = rows(recipe / "overlay/etc/udev/rules.d/55-camera.rules")
    assert 'SUBSYSTEM=="video4linux", KERNEL=="video0", GROUP="signer", MODE="0660"' in rule


@pytest.mark.parametrize("name", REQUIRED)
def test_a_directive_that_is_lost_is_found(units: Path, tmp_path: Path, name: str) -> None:
    text = (units / "signer.service.d/10-sandbox.conf").read_text()
    (tmp_path / "sandbox.conf").write_text(re.sub(rf"(?m)^{name}=.*\n", "", text))
    assert lacking(unit(units / "signer.service", tmp_path / "sandbox.conf")) == {name}


def test_the_gate_sees_interfaces_and_modules_and_is_as_confined_otherwise(units: Path) -> None:
    gate = with_drop_ins(units / "signer-gate.service")
    seen = {"PrivateNetwork", "ProtectKernelModules"}
    assert {name: gate[f"Service.{name}"] for name in seen} == {name: ["yes", "no"] for name in seen}
    assert lacking(gate) == seen


def test_sticks_are_read_in_the_signers_sandbox_with_the_stick_beside_it(units: Path) -> None:
    media = with_drop_ins(units / "signer-media.service")
    assert lacking(media) == {"AppArmorProfile", "PrivateDevices"}
    assert media["Service.PrivateDevices"][-1] == "no"
    assert media["Service.AppArmorProfile"] == ["signer", "", "signer-media"]
    assert media["Service.DeviceAllow"] == ["/dev/tty1 rw", "block-sd rw"]


def test_where_sticks_are_read_no_command_is_taken_that_signs_or_opens_a_seal(recipe: Path, units: Path) -> None:
    media, signer = (with_drop_ins(units / f"{name}.service") for name in ("signer-media", "signer"))
    assert media["Service.ExecStart"][0].split()[2:] == [
        "/usr/lib/custody/console.py", *("take-in", "export", "status", "self-test")
    ]  # fmt: skip
    assert media["Unit.ConditionKernelCommandLine"] == ["signer.media=1"]
    assert signer["Unit.ConditionKernelCommandLine"] == ["!signer.media=1"]
    assert "signer.service" in unit(units / "signer-media.target")["Unit.Conflicts"][0].split()
    assert "signer-media" not in (units / "signer.target").read_text()
    assert not [path for path in (recipe / "media").iterdir() if path.name not in ("cmdline", "modules.list")]


def test_the_start_for_sticks_has_a_gate_of_its_own_that_is_as_the_signers(units: Path) -> None:
    gate, own = (with_drop_ins(units / f"{name}.service") for name in ("signer-gate", "signer-media-gate"))
    changed = {"Unit.Description", "Unit.Before", "Unit.ConditionKernelCommandLine", "Service.ExecStart"}
    assert {name for name in gate if gate[name] != own.get(name)} == changed
    assert own["Service.ExecStart"] == [f"{gate['Service.ExecStart'][0]} --media"]
    assert with_drop_ins(units / "signer-media.service")["Unit.Requires"] == ["signer-media-gate.service"]


def test_no_program_of_the_system_looks_into_a_stick(recipe: Path) -> None:
    whole, stick = rows(recipe / "overlay/etc/udev/rules.d/55-stick.rules")
    assert 'SUBSYSTEMS=="usb", ENV{UDEV_DISABLE_PERSISTENT_STORAGE_RULES_FLAG}="1"' in whole
    assert 'ENV{DEVTYPE}=="disk", SUBSYSTEMS=="usb", GROUP="signer", MODE="0660", SYMLINK+="stick"' in stick


def test_the_proof_of_ci_runs_in_the_signers_own_sandbox(recipe: Path, units: Path) -> None:
    links = sorted((recipe / "profiles/ci/overlay/etc/systemd/system/signer-proof.service.d").iterdir())
    meant = [(units / "signer-proof.service.d" / link.readlink()).resolve() for link in links]
    assert set(meant) == set((units / "signer.service.d").iterdir())


def test_io_uring_is_refused_beside_what_needs_privileges(units: Path) -> None:
    allowed, denied, again = with_drop_ins(units / "signer.service")["Service.SystemCallFilter"]
    assert allowed.split()[0] == "@system-service"
    assert set(denied.removeprefix("~").split()) == {"@privileged", "@obsolete", "@aio"}
    assert again == "capset"


def test_the_signer_starts_only_behind_the_gate_and_the_locks(units: Path) -> None:
    signer, gate = (with_drop_ins(units / f"{name}.service") for name in ("signer", "signer-gate"))
    assert signer["Unit.Requires"] == signer["Unit.After"] == ["signer-gate.service"]
    before = {"signer-apparmor.service", "signer-mount.service", "signer-lock.service"}
    assert set(gate["Unit.Requires"][0].split()) == before
    assert set(gate["Unit.Requires"][0].split()) <= set(gate["Unit.After"][0].split())
    assert gate["Unit.OnFailure"] == ["signer-refuse.target"]
    assert gate["Service.ExecStart"][0].endswith("signer self-test")


def test_the_locks_close_after_the_drivers_are_there(units: Path) -> None:
    lock = unit(units / "signer-lock.service")
    assert {"systemd-udev-settle.service", "systemd-modules-load.service"} <= set(lock["Unit.After"][0].split())
    assert all(not command.startswith("-") for command in lock["Service.ExecStart"])


def test_an_interface_that_appears_stops_the_signer(recipe: Path, units: Path) -> None:
    (rule,) = rows(recipe / "overlay/etc/udev/rules.d/90-signer.rules")
    assert 'KERNEL!="lo"' in rule
    assert "NAME" not in rule
    assert 'ENV{SYSTEMD_WANTS}+="signer-refuse.target"' in rule
    assert unit(units / "signer-refuse.target")["Unit.Conflicts"] == ["signer.service signer-media.service"]
    assert unit(units / "signer.service")["Unit.Conflicts"] == ["signer-refuse.target"]


def test_the_machine_starts_the_signer_and_nothing_else(recipe: Path, units: Path) -> None:
    assert (units / "default.target").readlink() == Path("signer.target")
    started = {path.name for path in units.iterdir() if path.suffix in (".service", ".target")}
    assert started == {"default.target", "signer.target", "signer-media.target", "signer-refuse.target"} | {
        f"signer{name}.service"
        for name in ("", "-apparmor", "-data", "-gate", "-lock", "-media", "-media-gate", "-mount", "-refuse")
    }
    kept = rows(recipe / "image/units.list")
    words = (
        "getty",
        "login",
        "emergency",
        "rescue",
        "debug",
        "network",
        "resolve",
        "timesync",
        "sleep",
        "kexec",
        "user",
    )
    assert not [name for name in kept if any(word in name for word in words)]


def test_each_program_that_a_unit_starts_is_in_the_image(recipe: Path) -> None:
    kept = {f"/{path}" for path in rows(recipe / "image/programs.list")}
    for file in [*recipe.glob("overlay/**/*.service"), *recipe.glob("profiles/**/*.service")]:
        for command in unit(file).get("Service.ExecStart", []):
            assert command.split()[0] in kept, f"{file.name}: {command}"


def needs(program: str) -> None:
    if not shutil.which(program):
        pytest.skip(f"{program} is not on this machine")


def exposure(root: Path, name: str) -> subprocess.CompletedProcess[str]:
    threshold = f"--threshold={EXPOSURE[name]}"
    command = ["systemd-analyze", "security", "--offline=yes", f"--root={root}", threshold, f"{name}.service"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("name", EXPOSURE)
def test_systemd_calls_the_sandbox_safe(recipe: Path, name: str) -> None:
    needs("systemd-analyze")
    run = exposure(recipe / "overlay", name)
    assert run.returncode == 0, run.stdout[-400:] + run.stderr


def test_systemd_finds_a_sandbox_that_lost_its_network_rules(recipe: Path, tmp_path: Path) -> None:
    needs("systemd-analyze")
    shutil.copytree(recipe / "overlay", tmp_path / "overlay", symlinks=True)
    conf = tmp_path / "overlay/etc/systemd/system/signer.service.d/10-sandbox.conf"
    conf.write_text(
        re.sub(r"(?m)^(PrivateNetwork|RestrictAddressFamilies|CapabilityBoundingSet)=.*\n", "", conf.read_text())
    )
    assert exposure(tmp_path / "overlay", "signer").returncode != 0


def test_systemd_understands_every_word_of_the_units(recipe: Path, tmp_path: Path) -> None:
    needs("systemd-analyze")
    root = tmp_path / "root"
    shutil.copytree(recipe / "overlay", root, symlinks=True)
    shutil.copytree(recipe / "profiles/ci/overlay", root, symlinks=True, dirs_exist_ok=True)
    for path in rows(recipe / "image/programs.list"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("#!/bin/true\n")
        (root / path).chmod(0o755)
    for name in rows(recipe / "image/units.list"):
        # Stand-ins: what is judged here are our own units.
        service = "[Service]\nType=oneshot\nExecStart=/usr/bin/udevadm\n" if name.endswith(".service") else ""
        (root / "usr/lib/systemd/system").mkdir(parents=True, exist_ok=True)
        (root / "usr/lib/systemd/system" / name).write_text(f"[Unit]\nDefaultDependencies=no\n{service}")
    ours = [path.name for path in (root / "etc/systemd/system").glob("signer*.*") if path.is_file()]
    command = ["systemd-analyze", "verify", f"--root={root}", "--man=no", *ours]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    told = [line for line in run.stderr.splitlines() if "signer" in line]
    assert told == [], run.stderr
