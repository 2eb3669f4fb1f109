"""Sets what objcopy leaves to chance in the header of a boot image: its time, and its checksum, which nobody reads.

Threat: two builds that differ, so that nobody can tell a changed one. Usage: settle_pe.py FILE SECONDS
"""

import struct
import sys
from pathlib import Path


def settle(image: bytes, seconds: int) -> bytes:
    """The image with this time and no checksum (PE/COFF 3.3.1, 3.4.2)."""
    start = struct.unpack_from("<I", image, 0x3C)[0]
    if image[start : start + 4] != b"PE\0\0":
        raise ValueError("no PE image")
    settled = bytearray(image)
    struct.pack_into("<I", settled, start + 8, seconds)
    struct.pack_into("<I", settled, start + 24 + 64, 0)
    return bytes(settled)


if __name__ == "__main__":
    file = Path(sys.argv[1])
    file.write_bytes(settle(file.read_bytes(), int(sys.argv[2])))
