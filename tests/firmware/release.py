"""The released image as its owner starts it: on a disk of its own, signed with his keys, under Secure Boot."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from machine import SECONDS
from screen import Screen

from custody.edge.selftest import GUARANTEES

RECIPE = Path(__file__).resolve().parents[2] / "firmware-config"
SCENES = 4
DISK_WORD = "a word for the disk"
REFUSED = "(Access Denied|Security Violation)"
_BOOT = "@@1M"
_LOADER = "::/EFI/BOOT/BOOTX64.EFI"


class Owner:
    """The owner's keys, and a release that he puts on disks.

    Args:
        release: what the build made. inputs: what it was built from. folder: where all else lies.
    """

    def __init__(self, release: Path, inputs: Path, folder: Path) -> None:
        self.folder, self._release, self._keys = folder, release, folder / "keys"
        run(RECIPE / "enroll", self._keys, inputs)

    def disk(self, name: str, *, signed: bool = True) -> Path:
        """A device's disk with the release on it."""
        disk = self.folder / name
        disk.write_bytes(b"")
        with disk.open("r+b") as file:
            file.truncate(448 << 20)
        run(RECIPE / "write-disk", self._release, disk, *([self._keys] if signed else []))
        return disk

    def enroll(self) -> bool:
        """Whether the stick puts the keys into the firmware and restarts."""
        screen = Screen(self.folder, self._keys / "enroll.img")
        return screen.wait_for_firmware("Enrolling secure boot keys") and screen.off()


def run(*command: object) -> None:
    """A program that must end well."""
    subprocess.run([str(word) for word in command], stdout=subprocess.DEVNULL, check=True)


def flip(disk: Path, folder: Path) -> None:
    """Changes one bit of the signed boot image on a disk, in its initrd."""
    image = folder / "flipped.efi"
    image.unlink(missing_ok=True)
    run("mcopy", "-i", f"{disk}{_BOOT}", _LOADER, image)
    content = bytearray(image.read_bytes())
    content[len(content) * 9 // 10] ^= 1
    image.write_bytes(bytes(content))
    run("mcopy", "-o", "-i", f"{disk}{_BOOT}", image, _LOADER)


def refused(owner: Owner, disk: Path) -> list[str]:
    """What was not as it must be when the firmware was given this disk."""
    screen = Screen(owner.folder, disk)
    found = screen.wait_for_firmware(f"failed to start Boot.*{REFUSED}", 120)
    shown = screen.text()
    screen.kill()
    wrong = [] if found else [f"the firmware refuses it: {screen.firmware_said[-500:]!r}"]
    return wrong + (["nothing of the signer is on the screen"] if "signer" in shown else [])


def started(owner: Owner, disk: Path) -> list[str]:
    """What was not as it must be at the screen of the released image, from first start to off."""
    screen = Screen(owner.folder, disk)
    screen.wait_for("type prepare")
    screen.type("prepare")
    screen.wait_for("Enter passphrase")
    screen.type(DISK_WORD)
    screen.wait_for("Verify passphrase")
    screen.type(DISK_WORD)
    screen.wait_for("(?s)Enter passphrase.*Enter passphrase")
    screen.type(DISK_WORD)
    shown = screen.wait_for("Type a command", 2 * SECONDS)
    shutil.copy(screen.picture(), owner.folder / "device-start.png")
    number = len(GUARANTEES)
    wrong = [] if f"passed={number} failed=0 of={number}" in shown else [f"every guarantee holds, but: {shown}"]
    screen.type("off")
    return wrong + ([] if screen.off() else ["it turns itself off"])


def scenes(owner: Owner) -> Iterator[tuple[str, list[str]]]:
    """Each scene: its name, and what was not as it must be."""
    yield "the stick of the owner enrols his keys", [] if owner.enroll() else ["it enrols and restarts"]
    yield "the firmware refuses the unsigned release", refused(owner, owner.disk("unsigned.img", signed=False))
    changed = owner.disk("changed.img")
    flip(changed, owner.folder)
    yield "the firmware refuses a signed release of which one bit is another", refused(owner, changed)
    yield "the signed release starts, at a screen and a keyboard", started(owner, owner.disk("disk.img"))
