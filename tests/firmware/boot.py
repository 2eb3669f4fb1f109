"""Boots the image of CI under QEMU, without KVM, and reads its serial console. Run by script/test-firmware.

    boot.py FOLDER

FOLDER holds what firmware-config/build.sh made, in `release`, `again` (the same once more) and `ci`. A boot passes when
it says what it must, with the numbers expected: one that only lacks failures does not.
"""

import re
import runpy
import shutil
import struct
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(PROJECT), str(PROJECT / "tests")]

import release  # noqa: E402  what lies beside, and the product of this checkout
import signing  # noqa: E402
import sticks  # noqa: E402
from machine import Machine, NeverSaidError  # noqa: E402

from custody.edge.selftest import GUARANTEES  # noqa: E402

CI = PROJECT / "firmware-config/profiles/ci"
#: What somebody may plug in: two network cards, one of them on USB, a stick, and a disk.
PLUGGED = (
    *("-netdev", "user,id=a", "-device", "virtio-net-pci,netdev=a"),
    *("-netdev", "user,id=b", "-device", "e1000,netdev=b"),
    *("-device", "qemu-xhci", "-netdev", "user,id=c", "-device", "usb-net,netdev=c"),
    *("-drive", "if=none,id=stick,format=raw,file={extra}", "-device", "usb-storage,drive=stick"),
    *("-drive", "if=virtio,format=raw,file={extra2}"),
)
#: What the build makes of the list of modules, of which CI has one more, and of the length of the root.
GENERATED = re.compile(
    r"((media-)?initrd:)?usr/lib/modules/|etc/modules-load\.d/signer\.conf$|(media-)?initrd:root\.conf$"
)
#: A line, and a camera that is none, with what it needs.
CI_MODULES = r"/(virtio_console|vivid|v4l2-tpg|v4l2-dv-timings|videobuf2-dma-contig|cec|rc-core)\.ko$"
STICKS = {"uas.ko", "usb-storage.ko"}


class Image:
    """A built image, its root in a copy that a test may change."""

    def __init__(self, built: Path, scratch: Path) -> None:
        self.built, self.scratch = built, scratch
        self.root = scratch / "root.img"
        shutil.copy(built / "root.img", self.root)
        self.line = (built / "cmdline").read_text().strip()

    def boot(self, *devices: str) -> str:
        """All that the machine said until it turned off, or until time was up."""
        return Machine(self.built, self.line, self.root, *devices).end()

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
    sysfs = dict(re.findall(r"PROOF-SYSFS (\w+) (\d+)\.", said))
    if {*sysfs} != {"inside", "outside"} or len({*sysfs.values()}) != 1:
        lacking.append("the sandbox sees the network interfaces of the machine")
    lacking += ["nobody was refused"] if "SIGNER-REFUSED" in said else []
    return [*lacking, f"it said last: {said[-500:]!r}"] if lacking else []


def stopped(said: str, reason: str) -> list[str]:
    """What a boot that must fail did not say, or said too much."""
    lacking = [] if re.search(reason, said) else [f"it stops with: {reason}, but said last: {said[-500:]!r}"]
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
    said = image.boot(*(option.format(**names) for option in PLUGGED))
    disks = re.search(r"PROOF-DISKS (.*)\.", said)
    seen = disks[1].split() if disks else []
    return held(said) + ([] if {"vda", "vdb"} == {name for name in seen if "dm" not in name} else [f"no stick: {seen}"])


def differences(folder: Path) -> list[str]:
    """Files that the image of CI has and the released one lacks, or the other way, beyond those of profiles/ci."""
    lists = {name: set((folder / name / "files").read_text().splitlines()) for name in ("release", "ci")}
    overlay = CI / "overlay"
    named = {str(path.relative_to(overlay)) for path in overlay.rglob("*") if path.is_file() or path.is_symlink()}
    differing = {line.split(" ", 2)[2] for line in lists["ci"] ^ lists["release"]}
    wrong = sorted({path for path in differing if not GENERATED.match(path)} ^ named)
    lines = {name: (folder / name / "cmdline").read_text().split()[1:] for name in ("release", "ci")}
    if lines["ci"] != lines["release"] + (CI / "cmdline").read_text().split():
        wrong.append("the command line")
    modules = {name: set((folder / name / "modules").read_text().splitlines()) for name in ("release", "ci")}
    if not all(re.search(CI_MODULES, path) for path in modules["ci"] ^ modules["release"]):
        wrong.append("the modules")
    return [f"the same but for: {one}" for one in wrong]


def astray(folder: Path) -> list[str]:
    """Drivers of USB sticks anywhere but in the initrd of the boot image for sticks, or none there."""
    wrong = []
    for name in ("release", "ci"):
        paths = [line.split(" ", 2)[2] for line in (folder / name / "files").read_text().splitlines()]
        found = {path for path in paths if "/drivers/usb/storage/" in path}
        wrong += [f"{name} has no {path}" for path in found if not path.startswith("media-initrd:")]
        wrong += [] if {path.rpartition("/")[2] for path in found} == STICKS else [f"{name} reads sticks: {found}"]
        line, media = ((folder / name / one).read_text().split() for one in ("cmdline", "media-cmdline"))
        added = (PROJECT / "firmware-config/media/cmdline").read_text().split()
        wrong += [] if media == line + added and "signer.media=1" not in line else [f"{name} asks for sticks: {media}"]
    return wrong


def unequal(folder: Path) -> list[str]:
    """What two builds of the released image made differently."""
    first, second = (set((folder / name / "SHA256SUMS").read_text().splitlines()) for name in ("release", "again"))
    return [f"the same in both builds: {line.split()[1]}" for line in sorted(first - second)]


BOOTS: Sequence[tuple[str, Callable[[Image], list[str]]]] = (
    ("nothing plugged in", lambda image: held(image.boot())),
    ("three network cards, a USB stick and a second disk", plugged),
    ("one bit of the root flipped", flipped),
    ("another root hash", wrong_hash),
    ("no root hash", no_hash),
    ("no root on the disk", no_root),
)


def scenes(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Each scene in turn: its name, and what was not as it must be."""
    yield "two builds are the same bits", unequal(folder)
    yield "release and ci differ by profiles/ci", differences(folder)
    yield "drivers of sticks are in the boot image for sticks alone", astray(folder)
    for name, boot in BOOTS:
        yield name, boot(Image(folder / "ci", emptied(folder / "boot")))
    image = Image(folder / "ci", emptied(folder / "boot"))
    device = signing.Device(image.built, image.root, image.line, emptied(folder / "signing"))
    office, key = yield from signing.rehearse(device)
    yield from sticks.rehearse(device, office, key)
    yield from release.scenes(release.Owner(folder / "release", folder / "inputs", emptied(folder / "owner")))


def emptied(folder: Path) -> Path:
    """A new folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def main() -> int:
    """Every scene, each with its seconds; 1 when one was not as it must be, or did not come."""
    folder = Path(sys.argv[1]).resolve()
    total, failed, played = len(BOOTS) + 3 + signing.SCENES + sticks.SCENES + release.SCENES, 0, 0
    began = time.monotonic()
    try:
        for name, lacking in scenes(folder):
            played += 1
            failed += bool(lacking)
            verdict = "FAILED" if lacking else "as it must"
            print(f"[{played}/{total}] {time.monotonic() - began:4.0f} s  {name}: {verdict}", flush=True)
            for what in lacking:
                print(f"         not so: {what}", flush=True)
            began = time.monotonic()
    except NeverSaidError as error:
        print(f"         never said: {error}", flush=True)
    size = (folder / "release/root.img").stat().st_size / (1 << 20)
    print(f"FIRMWARE-DONE passed={played - failed} failed={failed} of={total}; root {size:.0f} MiB")
    return int(failed > 0 or played != total)


if __name__ == "__main__":
    sys.exit(main())
