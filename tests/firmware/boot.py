"""Boots the image of CI under QEMU, without KVM, and reads its serial console. Run by script/test-firmware.

    boot.py FOLDER

FOLDER holds what firmware-config/build.sh made, in `release` and `ci`. A boot passes when it says what it must, with
the numbers expected: one that only lacks failures does not.
"""

import re
import runpy
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from custody.edge.selftest import GUARANTEES  # noqa: E402  the product of this checkout

CI = PROJECT / "firmware-config/profiles/ci"
SECONDS = 900
GUEST = ("-accel", "tcg", "-cpu", "max", "-machine", "q35", "-m", "1024", "-smp", "2", "-no-reboot")
BARE = ("-nodefaults", "-display", "none", "-serial", "stdio", "-nic", "none")
#: What somebody may plug in: two network cards, one of them on USB, a stick, and a disk.
PLUGGED = (
    *(
        "-netdev",
        "user,id=a",
        "-device",
        "virtio-net-pci,netdev=a",
        "-netdev",
        "user,id=b",
        "-device",
        "e1000,netdev=b",
    ),
    *("-device", "qemu-xhci", "-netdev", "user,id=c", "-device", "usb-net,netdev=c"),
    *("-drive", "if=none,id=stick,format=raw,file={extra}", "-device", "usb-storage,drive=stick"),
    *("-drive", "if=virtio,format=raw,file={extra2}"),
)


class Image:
    """A built image, its root in a copy that a test may change."""

    def __init__(self, built: Path, scratch: Path) -> None:
        self.built, self.scratch = built, scratch
        self.root = scratch / "root.img"
        shutil.copy(built / "root.img", self.root)
        self.line = (built / "cmdline").read_text().strip()

    def boot(self, *devices: str) -> str:
        """All that the machine said until it turned off, or until time was up."""
        disk = ("-drive", f"file={self.root},format=raw,if=virtio,readonly=on")
        kernel = ("-kernel", f"{self.built}/vmlinuz", "-initrd", f"{self.built}/initrd.img", "-append", self.line)
        command = ["qemu-system-x86_64", *GUEST, *BARE, *kernel, *disk, *devices]
        try:
            run = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired as late:
            return (late.stdout or b"").decode("utf-8", "replace") + "\nTIME IS UP"
        return (run.stdout + run.stderr).decode("utf-8", "replace")

    def flip(self, offset: int) -> None:
        """Change one bit of the root."""
        with self.root.open("r+b") as file:
            file.seek(offset)
            byte = file.read(1)[0]
            file.seek(offset)
            file.write(bytes([byte ^ 1]))

    def inode_table(self) -> int:
        """Where the squashfs keeps its inodes: read at every mount (squashfs 4.0, superblock)."""
        return int(struct.unpack_from("<Q", self.root.read_bytes()[:96], 64)[0])


def proofs() -> int:
    """How many attempts to break out there are."""
    return len(runpy.run_path(str(CI / "overlay/usr/lib/custody/proof.py"))["attempts"]())


def held(said: str) -> list[str]:
    """What a good boot failed to say."""
    number, tries = len(GUARANTEES), proofs()
    wanted = {
        "every guarantee holds": f"SELFTEST-DONE passed={number} failed=0 of={number}",
        "only lo exists": "interfaces: no network interface is up but loopback: lo only",
        "nothing is open inside the sandbox": f"PROOF-DONE refused={tries} open=0 of={tries}",
        "the machine turned itself off": "Power down",
    }
    lacking = [what for what, text in wanted.items() if text not in said]
    lacking += [f"{name} holds" for name in (one.name for one in GUARANTEES) if f"holds     {name}:" not in said]
    return lacking + (["nobody was refused"] if "SIGNER-REFUSED" in said else [])


def stopped(said: str, reason: str) -> list[str]:
    """What a boot that must fail did not say, or said too much."""
    lacking = [] if re.search(reason, said) else [f"it stops with: {reason}"]
    return lacking + (["no self-test ran"] if "SELFTEST" in said or "Offline signer" in said else [])


def flipped(image: Image) -> list[str]:
    """One bit of the root is another."""
    image.flip(image.inode_table() + 40)
    return stopped(image.boot(), "dm-verity device corrupted")


def wrong_hash(image: Image) -> list[str]:
    """The command line names another root."""
    image.line = re.sub(r"signer.root=(.)", lambda found: f"signer.root={'0' if found[1] != '0' else '1'}", image.line)
    return stopped(image.boot(), "dm-verity device corrupted|INITRD-REFUSED")


def no_hash(image: Image) -> list[str]:
    """The command line names no root."""
    image.line = re.sub(r"signer.root=\S+ ", "", image.line)
    return stopped(image.boot(), "INITRD-REFUSED: the command line names no root hash")


def no_root(image: Image) -> list[str]:
    """The disk holds something else."""
    image.root.write_bytes(bytes(1 << 20))
    return stopped(image.boot(), "INITRD-REFUSED: no disk holds a root")


def plugged(image: Image) -> list[str]:
    """Network cards, a stick and a disk are there."""
    for name in ("extra", "extra2"):
        (image.scratch / name).write_bytes(bytes(8 << 20))
    names = {name: str(image.scratch / name) for name in ("extra", "extra2")}
    return held(image.boot(*(option.format(**names) for option in PLUGGED)))


def differences(folder: Path) -> list[str]:
    """Files that the image of CI has and the released one lacks, or the other way, beyond those of profiles/ci."""
    lists = {name: set((folder / name / "files").read_text().splitlines()) for name in ("release", "ci")}
    overlay = CI / "overlay"
    named = {str(path.relative_to(overlay)) for path in overlay.rglob("*") if path.is_file() and not path.is_symlink()}
    added = {line.partition(" ")[2] for line in lists["ci"] - lists["release"]}
    wrong = sorted(lists["release"] - lists["ci"]) + sorted(added ^ named)
    lines = {name: (folder / name / "cmdline").read_text().split()[1:] for name in ("release", "ci")}
    if lines["ci"] != lines["release"] + (CI / "cmdline").read_text().split():
        wrong.append("the command line")
    if (folder / "ci/modules").read_text() != (folder / "release/modules").read_text():
        wrong.append("the modules")
    return [f"the same but for: {one}" for one in wrong]


BOOTS: Sequence[tuple[str, Callable[[Image], list[str]]]] = (
    ("nothing plugged in", lambda image: held(image.boot())),
    ("three network cards, a USB stick and a second disk", plugged),
    ("one bit of the root flipped", flipped),
    ("another root hash", wrong_hash),
    ("no root hash", no_hash),
    ("no root on the disk", no_root),
)


def main() -> int:
    """Every boot, each with its seconds; 1 when one did not do what it must."""
    folder = Path(sys.argv[1]).resolve()
    failed = 0
    for place, (name, boot) in enumerate((("release and ci differ by profiles/ci", None), *BOOTS), start=1):
        began = time.monotonic()
        scratch = folder / "boot"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        image = Image(folder / "ci", scratch)
        lacking = boot(image) if boot else differences(folder)
        failed += bool(lacking)
        verdict = "FAILED" if lacking else "as it must"
        print(f"[{place}/{len(BOOTS) + 1}] {time.monotonic() - began:4.0f} s  {name}: {verdict}")
        for what in lacking:
            print(f"         not so: {what}")
        sys.stdout.flush()
    size = (folder / "release/root.img").stat().st_size / (1 << 20)
    print(f"FIRMWARE-DONE passed={len(BOOTS) + 1 - failed} failed={failed}; root {size:.0f} MiB")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
