"""The self-test tells a signer's machine from any other: each guarantee holds on a good one and falls when spoiled."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from custody.edge import interfaces
from custody.edge.selftest import GUARANTEES, kernel, network, system
from custody.edge.selftest.guarantee import Finding, Guarantee, Machine, NotHeld
from custody.errors import HomeError

NOW = 1_764_000_000
STATUS = (
    "Uid:\t900\t900\t900\t900\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n"
    "CapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n"
)
FILES = {
    "proc/modules": "usbhid 65536 0 - Live 0x0\ndm_verity 40960 1 - Live 0x0\n",
    "proc/sys/kernel/osrelease": "6.1\n",
    "proc/sys/kernel/modules_disabled": "1\n",
    "proc/sys/kernel/kexec_load_disabled": "1\n",
    "proc/sys/kernel/yama/ptrace_scope": "3\n",
    "proc/sys/kernel/random/entropy_avail": "256\n",
    "proc/sys/kernel/core_pattern": "|/bin/false\n",
    "proc/sys/fs/suid_dumpable": "0\n",
    "proc/swaps": "Filename Type Size Used Priority\n",
    "proc/self/mountinfo": "24 1 254:0 / / ro,nodev - squashfs root ro\n25 24 0:5 / /dev rw - tmpfs dev rw\n",
    "proc/self/status": STATUS,
    "proc/self/attr/current": "signer (enforce)\n",
    "lib/modules/6.1/modules.dep": (
        "kernel/drivers/hid/usbhid/usbhid.ko:\nkernel/drivers/md/dm-verity.ko:\n"
        "kernel/drivers/net/ethernet/intel/e1000/e1000.ko:\nkernel/drivers/usb/storage/usb-storage.ko:\n"
    ),
    "sys/class/net/lo/flags": "0x9\n",
    "sys/class/rtc/rtc0/since_epoch": f"{NOW - 1}\n",
    "sys/dev/block/254:0/dm/uuid": "CRYPT-VERITY-custody-root\n",
    "sys/kernel/security/lockdown": "none integrity [confidentiality]\n",
    "sys/kernel/security/lsm": "lockdown,capability,landlock,yama,apparmor\n",
    "usr/bin/gpg": "",
}


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


@pytest.fixture
def good(tmp_path: Path) -> Machine:
    """A made-up machine on which every guarantee that is read from files holds."""
    for path, text in FILES.items():
        write(tmp_path / "machine", path, text)
    (tmp_path / "scratch").mkdir()
    return Machine(tmp_path / "scratch", tmp_path / "machine", NOW)


READ = [one for one in (*network.GUARANTEES, *kernel.GUARANTEES, *system.GUARANTEES) if one.name != "sockets"]


@pytest.mark.parametrize("guarantee", READ, ids=lambda one: one.name)
def test_each_guarantee_holds_on_a_good_machine(good: Machine, guarantee: Guarantee) -> None:
    found = guarantee.examine(good)
    assert found.holds, found.observed


def setuid(root: Path) -> None:
    (root / "usr/bin/gpg").chmod(0o4755)


def shell(root: Path) -> None:
    (root / "usr/bin/sh").symlink_to("busybox")


def rtc_gone(root: Path) -> None:
    shutil.rmtree(root / "sys/class/rtc")


def no_sys(root: Path) -> None:
    shutil.rmtree(root / "sys")


def put(path: str, text: str) -> Callable[[Path], None]:
    return lambda root: write(root, path, text)


SPOILED = [
    ("interfaces", put("sys/class/net/eth0/flags", "0x1003\n"), "eth0 up"),
    ("interfaces", no_sys, "cannot be established"),
    ("interfaces", put("sys/class/net/eth0/flags", "what\n"), "cannot be established"),
    ("drivers", put("proc/modules", "e1000 155648 0 - Live 0x0\n"), "loaded: e1000"),
    ("drivers", put("proc/modules", "usb_storage 77824 0 - Live 0x0\n"), "loaded: usb_storage"),
    ("drivers", put("proc/modules", "rootkit 16384 0 - Live 0x0\n"), "of unknown origin: rootkit"),
    ("drivers", put("proc/sys/kernel/osrelease", "6.2\n"), "cannot be established"),
    ("lockdown", put("sys/kernel/security/lockdown", "none [integrity] confidentiality\n"), "[integrity]"),
    ("module-loading", put("proc/sys/kernel/modules_disabled", "0\n"), "modules_disabled = 0"),
    ("kexec", put("proc/sys/kernel/kexec_load_disabled", "0\n"), "kexec_load_disabled = 0"),
    ("tracing", put("proc/sys/kernel/yama/ptrace_scope", "1\n"), "ptrace_scope = 1"),
    ("security-modules", put("sys/kernel/security/lsm", "lockdown,capability,landlock,yama\n"), "not active: apparmor"),
    ("entropy", put("proc/sys/kernel/random/entropy_avail", "20\n"), "20 bits"),
    ("swap", put("proc/swaps", "Filename Type\n/dev/sda2 partition 1 0 -2\n"), "on /dev/sda2"),
    ("core-dumps", put("proc/sys/kernel/core_pattern", "core\n"), "core_pattern = core"),
    ("core-dumps", put("proc/sys/fs/suid_dumpable", "2\n"), "suid_dumpable = 2"),
    ("root", put("proc/self/mountinfo", "24 1 254:0 / / rw,nodev - ext4 /dev/sda1 rw\n"), "can be written"),
    ("root", put("proc/self/mountinfo", "24 1 8:1 / / ro,nodev - ext4 /dev/sda1 ro\n"), "not checked"),
    ("root", put("sys/dev/block/254:0/dm/uuid", "CRYPT-LUKS2-x\n"), "not checked"),
    ("confinement", put("proc/self/attr/current", "unconfined\n"), "unconfined"),
    ("confinement", put("proc/self/attr/current", "signer (complain)\n"), "complain"),
    ("seccomp", put("proc/self/status", STATUS.replace("Seccomp:\t2", "Seccomp:\t0")), "every system call"),
    ("privileges", put("proc/self/status", STATUS.replace("Uid:\t900", "Uid:\t0")), "user 0"),
    ("privileges", put("proc/self/status", STATUS.replace("NoNewPrivs:\t1", "NoNewPrivs:\t0")), "no_new_privs 0"),
    ("privileges", put("proc/self/status", STATUS.replace("CapBnd:\t0", "CapBnd:\t1")), "CapBnd"),
    ("setuid", setuid, "/usr/bin/gpg"),
    ("tools", shell, "there: sh"),
    ("clock", put("sys/class/rtc/rtc0/since_epoch", f"{NOW - 3600}\n"), "3,600 seconds"),
    ("clock", rtc_gone, "cannot be established"),
]


@pytest.mark.parametrize(("name", "spoil", "observed"), SPOILED, ids=lambda one: one if isinstance(one, str) else "")
def test_a_spoiled_machine_is_found_out(good: Machine, name: str, spoil: Callable[[Path], None], observed: str) -> None:
    spoil(good.root)
    found = next(one for one in GUARANTEES if one.name == name).examine(good)
    assert not found.holds
    assert observed in found.observed


STICKS = "usb_storage 77824 1 uas, Live 0x0\nuas 28672 0 - Live 0x0\n"
DRIVERS = next(one for one in network.GUARANTEES if one.name == "drivers")


@pytest.mark.parametrize(
    "origin", [FILES["lib/modules/6.1/modules.dep"], "kernel/md/dm-verity.ko:\nkernel/hid/usbhid.ko:\n"]
)
def test_drivers_of_sticks_are_expected_in_the_profile_that_reads_sticks_and_nowhere_else(
    good: Machine, origin: str
) -> None:
    write(good.root, "proc/modules", FILES["proc/modules"] + STICKS)
    write(good.root, "lib/modules/6.1/modules.dep", origin)
    media = DRIVERS.examine(replace(good, media=True))
    assert (media.holds, media.observed) == (True, "none among 2 modules but those of USB sticks")
    assert not DRIVERS.examine(good).holds


@pytest.mark.parametrize("name", ["e1000", "usb_storage_too", "btusb"])
def test_no_other_driver_is_expected_with_sticks(good: Machine, name: str) -> None:
    write(good.root, "proc/modules", f"{STICKS}{name} 155648 0 - Live 0x0\n")
    assert not DRIVERS.examine(replace(good, media=True)).holds


def test_every_guarantee_that_is_read_from_files_is_spoiled_at_least_once() -> None:
    assert {one.name for one in READ} == {name for name, _, _ in SPOILED}


def test_names_are_told_once() -> None:
    names = [one.name for one in GUARANTEES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "error",
    [NotHeld("seen"), HomeError("A-CODE", "An example."), OSError(5, "x"), ImportError(), ValueError(), RuntimeError()],
)
def test_a_guarantee_that_cannot_be_tried_does_not_hold(good: Machine, error: Exception) -> None:
    def trial(_: Machine) -> str:
        raise error

    assert not Guarantee("a", "an example", trial).examine(good).holds


def test_what_was_seen_is_told(good: Machine) -> None:
    assert Guarantee("a", "b", lambda _: "c").examine(good) == Finding("a", "b", True, "c")


def test_the_kernel_without_modules_and_kexec_keeps_both_promises(good: Machine) -> None:
    (good.root / "proc/modules").unlink()
    (good.root / "proc/sys/kernel/kexec_load_disabled").unlink()
    for name in ("drivers", "module-loading", "kexec"):
        assert next(one for one in GUARANTEES if one.name == name).examine(good).holds


def test_no_warning_without_a_network(good: Machine) -> None:
    assert interfaces.warning(good.root) == ""


def test_an_interface_that_is_down_is_told_and_no_warning(good: Machine) -> None:
    write(good.root, "sys/class/net/eth0/flags", "0x1002\n")
    assert interfaces.warning(good.root) == ""
    found = network.GUARANTEES[0].examine(good)
    assert found.holds
    assert found.observed == "down: eth0"


def test_names_that_a_screen_would_not_show_as_they_are_are_told_without_their_signs(good: Machine) -> None:
    write(good.root, "sys/class/net/e\x1b[2Jth/flags", "0x1003\n")
    write(good.root, "sys/class/net/wlan0.1/flags", "0x1003\n")
    assert interfaces.seen(good.root) == ("e??2Jth", "wlan0.1")
    no_sys(good.root)
    assert interfaces.seen(good.root) is None


def test_a_warning_when_an_interface_is_up_or_cannot_be_told(good: Machine) -> None:
    write(good.root, "sys/class/net/wlan0/flags", "0x1003\n")
    assert interfaces.warning(good.root).startswith("NETWORK: wlan0 up.")
    no_sys(good.root)
    assert "cannot be told" in interfaces.warning(good.root)
