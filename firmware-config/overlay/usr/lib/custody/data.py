"""Opens the encrypted partition on which a home is kept, or prepares a new one, at the console.

Threat: a disk that is taken out and read, or swapped for another. The partition is LUKS2; its passphrase is typed here
at each start, and nothing of it is stored. Nobody formats by accident: a partition is prepared only when its first
megabyte is blank and somebody types a word. Without a partition the device works and keeps nothing.
"""

import subprocess
import sys
from pathlib import Path

OPENED = Path("/dev/mapper/custody-data")
ENCRYPTED = Path("/dev/disk/by-label/custody-data")
BLANK = Path("/dev/disk/by-partlabel/custody-data")
SIGNER = 900
TRIES = 3

_CRYPTSETUP = "/usr/sbin/cryptsetup"
_FORMAT = (_CRYPTSETUP, "luksFormat", "--type", "luks2", "--label", "custody-data", "--cipher", "aes-xts-plain64")
_STRENGTH = ("--key-size", "512", "--pbkdf", "argon2id", "--use-random", "--verify-passphrase", "--batch-mode")


def run(*command: str | Path) -> bool:
    """Whether a program of the image ended well."""
    return subprocess.run([str(word) for word in command], check=False).returncode == 0


def is_blank(device: Path) -> bool:
    """Whether the first megabyte holds nothing at all."""
    with device.open("rb") as disk:
        return not any(disk.read(1 << 20))


def prepare(device: Path) -> bool:
    """Encrypt a blank partition and make its filesystem, if somebody wants it."""
    if not is_blank(device):
        print("The data partition holds something that is no data of a signer. It is left as it is.")
        return False
    if input("The data partition is blank. To prepare it for a new signer, type prepare: ") != "prepare":
        return False
    print("Choose its passphrase; both officers write it down, apart from their own.")
    if not run(*_FORMAT, *_STRENGTH, device) or not unlock(device):
        return False
    root = f"root_owner={SIGNER}:{SIGNER}"
    return run("/usr/sbin/mke2fs", "-q", "-t", "ext4", "-m", "0", "-E", root, OPENED)


def unlock(device: Path) -> bool:
    """Ask for the passphrase, a few times."""
    return run(_CRYPTSETUP, "open", "--type", "luks2", "--tries", str(TRIES), device, OPENED.name)


def main() -> int:
    """0 when a home can be kept, or when there is no partition for one."""
    if ENCRYPTED.exists():
        ready = unlock(ENCRYPTED)
    elif BLANK.exists():
        ready = prepare(BLANK)
    else:
        print("NOTHING IS KEPT: there is no data partition. What is made now is gone when the device is turned off.")
        return 0
    if ready:
        print("The data partition is open.")
        return 0
    print("The data partition is not open.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
