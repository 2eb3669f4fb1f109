"""Reads the files of a release: sums, hashes in words, sections of a boot image, the root's tree of hashes.

Threat: a changed image that nobody notices. Imported by verify.py; needs no program but Python.
"""

import hashlib
import re
import struct
from pathlib import Path

from custody.vault.mnemonic import from_entropy

BLOCK = 4096
_DIGEST = 32


class ReleaseError(Exception):
    """A file of the release is not what it must be; the text says which one and why."""


def digest(file: Path) -> bytes:
    """SHA-256 of a file."""
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").digest()


def read_sums(text: str) -> dict[str, bytes]:
    """SHA256SUMS: name to digest."""
    rows = [re.fullmatch(r"([0-9a-f]{64})  ([\w.-]+)", line) for line in text.splitlines()]
    if not rows or not all(rows):
        raise ReleaseError("SHA256SUMS cannot be read")
    return {row[2]: bytes.fromhex(row[1]) for row in rows if row}


def read_hashes(text: str) -> dict[str, bytes]:
    """HASHES: name to digest, where digits and words say the same."""
    found = {}
    for told in text.strip().split("\n\n"):
        name, digits, *words = (line.strip() for line in f"{told}\n\n".splitlines())
        if not re.fullmatch(r"([0-9a-f]{4} ?){16}", digits):
            raise ReleaseError(f"HASHES does not name {name} in 64 digits")
        found[name] = bytes.fromhex(digits)
        if " ".join(filter(None, words)) != from_entropy(found[name]):
            raise ReleaseError(f"HASHES has other words than digits for {name}")
    return found


def sections(image: bytes) -> dict[str, bytes]:
    """The sections of a boot image (PE/COFF 4)."""
    try:
        start = struct.unpack_from("<I", image, 0x3C)[0]
        if image[start : start + 4] != b"PE\0\0":
            raise ReleaseError("is no boot image")
        number, optional = struct.unpack_from("<H", image, start + 6)[0], struct.unpack_from("<H", image, start + 20)[0]
        rows = [struct.unpack_from("<8sIIII", image, start + 24 + optional + 40 * row) for row in range(number)]
    except struct.error as error:
        raise ReleaseError("is no boot image") from error
    return {name.rstrip(b"\0").decode("ascii", "replace"): image[at : at + size] for name, size, _, _, at in rows}


def unsigned(image: bytes) -> bytes:
    """A boot image without its signature, its checksum, and the zeros between (PE/COFF 3.4.3, 5.7)."""
    sections(image)
    start = struct.unpack_from("<I", image, 0x3C)[0]
    checksum, table = start + 24 + 64, start + 24 + 144
    at = struct.unpack_from("<I", image, table)[0]
    plain = bytearray(image[:at] if at else image)
    plain[checksum : checksum + 4] = bytes(4)
    plain[table : table + 8] = bytes(8)
    return bytes(plain).rstrip(b"\0")


def named_root(image: bytes) -> bytes:
    """The root hash on the command line inside a boot image."""
    line = sections(image).get(".cmdline", b"").rstrip(b"\0").decode("ascii", "replace")
    found = re.findall(r"(?:^|\s)signer\.root=([0-9a-f]{64})(?=\s|$)", line)
    if len(found) != 1:
        raise ReleaseError("does not name one root hash on its command line")
    return bytes.fromhex(found[0])


def root_hash(root: bytes) -> bytes:
    """The hash of a root, computed anew from all its blocks (dm-verity, hash type 1).

    The length is that of the squashfs, and the salt stands in the superblock behind it.
    """
    if root[:4] != b"hsqs" or len(root) < BLOCK:
        raise ReleaseError("root.img holds no squashfs")
    blocks = -(-struct.unpack_from("<Q", root, 40)[0] // BLOCK)
    head = root[blocks * BLOCK : (blocks + 1) * BLOCK]
    if head[:8] != b"verity\0\0" or len(head) < BLOCK:
        raise ReleaseError("root.img has no tree of hashes where its squashfs ends")
    covered, size = struct.unpack_from("<QH", head, 72)
    if covered != blocks or size > 256:
        raise ReleaseError("root.img has a tree of hashes that does not cover its squashfs")
    salt = head[88 : 88 + size]
    level = _hashed(salt, root[: blocks * BLOCK])
    while len(level) > _DIGEST:
        level = _hashed(salt, level.ljust(-(-len(level) // BLOCK) * BLOCK, b"\0"))
    return level


def _hashed(salt: bytes, data: bytes) -> bytes:
    return b"".join(hashlib.sha256(salt + data[start : start + BLOCK]).digest() for start in range(0, len(data), BLOCK))
