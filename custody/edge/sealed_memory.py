"""Memory that nobody can write any more, to be handed to a child: what was hashed there stays what it was.

A file of the home can be changed by whoever runs as the same user, at any time; a sealed memfd (memfd_create(2),
fcntl(2) F_SEAL_WRITE) by nobody, not even by the process that made it.
"""

import fcntl
import hashlib
import mmap
import os
from dataclasses import dataclass
from typing import BinaryIO

from custody.errors import HomeError
from custody.screening.large import MAX_LARGE_LIST, Watch

_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class SealedCopy:
    """A copy in sealed memory.

    Attributes:
        descriptor: open for as long as the copy is needed. octets: the same, mapped. digest: SHA-256 of the copy.
    """

    descriptor: int
    octets: mmap.mmap
    digest: bytes

    def close(self) -> None:
        """Gives the memory back, once nobody else holds it."""
        self.octets.close()
        os.close(self.descriptor)


def sealed_copy(source: BinaryIO, size: int, watch: Watch) -> SealedCopy:
    """The next ``size`` octets of a file, hashed as they are copied.

    Raises:
        HomeError: LIST-MEMORY, HOME-CORRUPT where the file is shorter, or longer than any list.
    """
    if not 0 < size <= MAX_LARGE_LIST:
        raise HomeError("HOME-CORRUPT", "A list of this home is larger than any list, or empty.")
    try:
        descriptor = os.memfd_create("list", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            digest = _copy(source, size, descriptor, watch)
            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
            return SealedCopy(descriptor, mapped(descriptor), digest)
        except BaseException:
            os.close(descriptor)
            raise
    except (OSError, MemoryError) as error:
        message = f"This machine has no memory free for a list of {size:,} bytes."
        raise HomeError("LIST-MEMORY", message, "Close other programs; nothing was changed.") from error


def as_it_lies(source: BinaryIO, size: int, digest: bytes) -> SealedCopy:
    """No copy: the file itself, mapped, which somebody may change at any time. Nobody may judge by it.

    Raises:
        HomeError: HOME-CORRUPT for an empty file.
    """
    if not size:
        raise HomeError("HOME-CORRUPT", "A list of this home is empty.")
    return SealedCopy(os.dup(source.fileno()), mmap.mmap(source.fileno(), size, access=mmap.ACCESS_READ), digest)


def _copy(source: BinaryIO, size: int, descriptor: int, watch: Watch) -> bytes:
    sha256, left = hashlib.sha256(), size
    while left:
        block = source.read(min(left, _BLOCK))
        if not block:
            raise HomeError("HOME-CORRUPT", "A list of this home is shorter than it was.")
        sha256.update(block)
        left -= len(block)
        rest = memoryview(block)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        watch("Reading the list", size - left, size)
    return sha256.digest()


def mapped(descriptor: int) -> mmap.mmap:
    """Sealed memory, mapped to be read.

    Raises:
        HomeError: KEY-PROCESS for a descriptor of anything that somebody could still write.
    """
    try:
        seals = fcntl.fcntl(descriptor, fcntl.F_GET_SEALS)
        size = os.fstat(descriptor).st_size
    except OSError:
        seals = size = 0
    if seals & _SEALS != _SEALS or not 0 < size <= MAX_LARGE_LIST:
        raise HomeError("KEY-PROCESS", "A list was handed over in memory that can still be changed.")
    return mmap.mmap(descriptor, size, access=mmap.ACCESS_READ)
