"""CI only: brings files and camera frames from a disk to where the signer reads, and its answers to a serial port.

The disk holds a tar archive. A file ``*.grey`` is a raw frame of a camera: width and height, four bytes each, then a
byte for each pixel; it becomes a picture.
"""

import os
import struct
import sys
import tarfile
from pathlib import Path

from PIL import Image

DISK = Path("/dev/disk/by-id/virtio-custody-in")
IN, OUT = Path("/var/lib/custody/in"), Path("/var/lib/custody/out")
LOG = Path("/var/lib/custody/home/log")
SIGNER = 900


def bring() -> None:
    """From the disk, in the place of what was brought before."""
    with DISK.open("rb") as disk, tarfile.open(fileobj=disk, mode="r|") as archive:
        for member in archive:
            source = archive.extractfile(member)
            if source is not None:
                place(IN / member.name, source.read())
    owned(OUT)
    print("HANDS-IN done")


def place(path: Path, content: bytes) -> None:
    """A file of the signer's."""
    owned(IN)
    owned(path.parent)
    if path.suffix == ".grey":
        path = path.with_suffix(".png")
        size = struct.unpack("<II", content[:8])
        Image.frombytes("L", size, content[8:]).save(path)
    else:
        path.write_bytes(content)
    os.chown(path, SIGNER, SIGNER)


def owned(folder: Path) -> None:
    """A folder of the signer's."""
    folder.mkdir(mode=0o700, exist_ok=True)
    os.chown(folder, SIGNER, SIGNER)


def take() -> None:
    """All that the signer wrote, and the public lines of its log, to the port."""
    port = next(Path("/dev").glob("vport*p1"))
    with port.open("wb", buffering=0) as line, tarfile.open(fileobj=line, mode="w|") as archive:
        for folder in (OUT, LOG):
            if folder.is_dir():
                archive.add(folder, folder.name)


if __name__ == "__main__":
    bring() if sys.argv[1] == "in" else take()
