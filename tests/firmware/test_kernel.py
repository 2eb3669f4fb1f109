"""The kernel: its command line, its settings, its modules."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from recipes import load, rows, settings

REQUIRED = {
    *("lockdown=confidentiality", "module.sig_enforce=1", "init_on_alloc=1", "init_on_free=1", "slab_nomerge"),
    *("apparmor=1", "debugfs=off", "oops=panic", "ipv6.disable=1", "nohibernate", "vsyscall=none"),
    *("intel_iommu=on", "iommu.strict=1", "efi=disable_early_pci_dma", "random.trust_cpu=off"),
    *("random.trust_bootloader=off", "mitigations=auto,nosmt", "systemd.getty_auto=0", "signer.root=@ROOT_HASH@"),
}
# "roothash" wakes a generator of systemd; the others give somebody a shell, a console or an unchecked root.
FORBIDDEN = ("console=", "signer.ci", "init=", "rd.", "single", "rescue", "emergency", "debug ", "roothash=", "root=/")
SYSCTL = {
    "fs.suid_dumpable": "0",
    "kernel.core_pattern": "|/bin/false",
    "kernel.dmesg_restrict": "1",
    "kernel.kptr_restrict": "2",
    "kernel.modprobe": "/nonexistent",
    "kernel.perf_event_paranoid": "3",
    "kernel.sysrq": "0",
    "kernel.unprivileged_bpf_disabled": "1",
    "kernel.unprivileged_userns_clone": "0",
    "kernel.yama.ptrace_scope": "3",
    "vm.unprivileged_userfaultfd": "0",
    "dev.tty.ldisc_autoload": "0",
    **{f"fs.protected_{name}": value for name, value in (("symlinks", "1"), ("hardlinks", "1"), ("fifos", "2"))},
}


def test_the_command_line_says_all_that_is_required_and_nothing_that_opens(recipe: Path) -> None:
    line = (recipe / "kernel/cmdline").read_text()
    assert set(line.split()) >= REQUIRED
    assert [word for word in FORBIDDEN if f" {word}" in f" {line}"] == []


def test_ci_adds_a_console_and_takes_nothing_away(recipe: Path) -> None:
    added = (recipe / "profiles/ci/cmdline").read_text().split()
    assert added == ["console=ttyS0", "systemd.show_status=no", "vivid.node_types=0x1", "vivid.n_devs=1"]


def test_the_settings_of_the_kernel(recipe: Path) -> None:
    assert settings(recipe / "overlay/etc/sysctl.d/90-signer.conf").items() >= SYSCTL.items()


def test_the_locks_are_the_two_that_only_a_restart_opens(recipe: Path) -> None:
    assert settings(recipe / "overlay/etc/custody/lock.conf") == {
        "kernel.kexec_load_disabled": "1",
        "kernel.modules_disabled": "1",
    }


def test_what_can_be_written_runs_no_program(recipe: Path) -> None:
    mounts = [line.split() for line in rows(recipe / "overlay/etc/fstab")]
    assert [mount[1] for mount in mounts] == ["/tmp", "/var"]
    assert all({"nosuid", "nodev", "noexec"} <= set(mount[3].split(",")) for mount in mounts)
    assert not [mount for mount in mounts if mount[2] == "swap"]


@pytest.fixture(scope="session")
def prune(recipe: Path) -> ModuleType:
    return load(recipe / "modules/prune.py")


def test_no_forbidden_driver_is_allowed(recipe: Path) -> None:
    words = ("net", "bluetooth", "firewire", "thunderbolt", "storage", "wifi", "80211", "snd", "fuse", "vfat", "nbd")
    allowed = rows(recipe / "modules/allow.list") + rows(recipe / "profiles/ci/modules.list")
    assert allowed
    assert [name for name in allowed if any(word in name for word in words)] == []


DEP = """\
kernel/drivers/usb/core/usbcore.ko:
kernel/drivers/hid/hid.ko:
kernel/drivers/hid/usbhid/usbhid.ko: kernel/drivers/hid/hid.ko kernel/drivers/usb/core/usbcore.ko
kernel/drivers/net/usb/usbnet.ko: kernel/drivers/usb/core/usbcore.ko
kernel/drivers/usb/storage/usb-storage.ko: kernel/drivers/usb/core/usbcore.ko
kernel/fs/ext4/ext4.ko:
kernel/crypto/crc32c_generic.ko:
"""
SOFT = "# made up\nsoftdep ext4 pre: crc32c-generic post: absent\n"


def tree(folder: Path) -> Path:
    """A tree of modules like the one that depmod leaves."""
    for line in DEP.splitlines():
        (folder / line.partition(":")[0]).parent.mkdir(parents=True, exist_ok=True)
        (folder / line.partition(":")[0]).write_text("")
    (folder / "modules.dep").write_text(DEP)
    (folder / "modules.softdep").write_text(SOFT)
    return folder


def pruned(recipe: Path, folder: Path, allowed: str, sticks: str = "") -> subprocess.CompletedProcess[str]:
    (folder / "allow.list").write_text(allowed)
    (folder / "sticks.list").write_text(sticks)
    command = [sys.executable, recipe / "modules/prune.py", tree(folder / "tree"), folder / "allow.list"]
    options = ["--initrd", folder / "initrd", "--names", folder / "names"]
    options += ["--sticks", folder / "sticks.list", folder / "media"] if sticks else []
    return subprocess.run([*command, *options], capture_output=True, text=True, timeout=60, check=False)


def files(folder: Path) -> set[str]:
    return {path.stem for path in folder.rglob("*.ko")}


def test_what_is_allowed_stays_with_what_it_needs(recipe: Path, tmp_path: Path) -> None:
    run = pruned(recipe, tmp_path, "# made up\nusbhid\n+ext4\n")
    assert run.returncode == 0, run.stderr
    assert files(tmp_path / "tree") == {"usbhid", "hid", "usbcore", "ext4", "crc32c_generic"}
    assert files(tmp_path / "initrd") == {"ext4", "crc32c_generic"}
    assert len((tmp_path / "names").read_text().splitlines()) == 5


def test_drivers_of_sticks_are_in_a_folder_of_their_own_and_nowhere_else(recipe: Path, tmp_path: Path) -> None:
    run = pruned(recipe, tmp_path, "usbhid\n+ext4\n", "usb_storage\n")
    assert run.returncode == 0, run.stderr
    assert files(tmp_path / "media") == {"usb-storage", "usbcore", "ext4", "crc32c_generic"}
    assert "usb-storage" not in files(tmp_path / "tree") | files(tmp_path / "initrd")
    assert "storage" not in (tmp_path / "names").read_text()


def test_no_other_forbidden_driver_comes_with_those_of_sticks(recipe: Path, tmp_path: Path) -> None:
    run = pruned(recipe, tmp_path, "usbhid\n+ext4\n", "usb_storage\nusbnet\n")
    assert run.returncode != 0
    assert "no signer may have these: kernel/drivers/net/usb/usbnet.ko\n" in run.stderr


def test_the_profile_for_sticks_adds_two_drivers_and_two_words(recipe: Path) -> None:
    assert rows(recipe / "media/modules.list") == ["usb_storage", "uas"]
    assert (recipe / "media/cmdline").read_text().split() == ["signer.media=1", "systemd.unit=signer-media.target"]


@pytest.mark.parametrize("name", ["usbnet", "usb_storage"])
def test_a_forbidden_driver_fails_the_build_even_if_it_is_listed(recipe: Path, tmp_path: Path, name: str) -> None:
    run = pruned(recipe, tmp_path, f"usbhid\n{name}\n")
    assert run.returncode != 0
    assert "no signer may have these" in run.stderr
    assert files(tmp_path / "tree") >= {"usbhid", "usbnet"}


def test_only_the_list_of_ci_excuses_a_driver(recipe: Path, tmp_path: Path) -> None:
    """Its camera that is none brings the core of remote controls."""
    lists = {path: path.read_text() for path in recipe.rglob("*.list")}
    excused = {path: rows(path)[-1] for path, text in lists.items() if "\n!" in text}
    assert excused == {recipe / "profiles/ci/modules.list": "!rc_core"}
    assert pruned(recipe, tmp_path, "usbhid\nusbnet\n!usbnet\n").returncode == 0
    assert pruned(recipe, tmp_path, "usbhid\nusbnet\n!usbhid\n").returncode != 0


def test_a_module_that_the_kernel_does_not_have_fails_the_build(recipe: Path, tmp_path: Path) -> None:
    assert "no module of this kernel" in pruned(recipe, tmp_path, "usbhit\n").stderr


@pytest.mark.parametrize(
    "path",
    [
        *("kernel/net/9p/9pnet.ko", "kernel/drivers/net/ethernet/intel/e1000/e1000.ko", "kernel/fs/fat/vfat.ko"),
        *("kernel/drivers/bluetooth/btusb.ko", "kernel/drivers/firewire/firewire-ohci.ko", "kernel/fs/fuse/fuse.ko"),
        *("kernel/drivers/usb/storage/uas.ko", "kernel/drivers/usb/serial/usbserial.ko", "kernel/sound/core/snd.ko"),
        *("kernel/drivers/usb/gadget/udc/dummy_hcd.ko", "kernel/drivers/block/nbd.ko", "kernel/drivers/nfc/nfc.ko"),
        *("kernel/drivers/thunderbolt/thunderbolt.ko", "kernel/drivers/usb/class/cdc-acm.ko"),
    ],
)
def test_ways_out_are_forbidden(prune: ModuleType, path: str) -> None:
    assert prune.FORBIDDEN.match(path)


def test_what_the_device_lives_on_is_not_forbidden(prune: ModuleType) -> None:
    for path in ("kernel/drivers/usb/core/usbcore.ko", "kernel/fs/ext4/ext4.ko", "kernel/drivers/md/dm-verity.ko"):
        assert not prune.FORBIDDEN.match(path)
