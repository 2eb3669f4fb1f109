"""Raw blocks: a stick or a file with one message from block 0 on, each octet of it read once (docs/spec/blocks.md)."""

import errno
import hashlib
import io
import os
import stat
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from custody.edge.outputs import check_output, output_stream
from custody.edge.places import reading, writing
from custody.errors import InputError, UsageError
from custody.screening.large import Watch
from custody.wire.blocks import SECTOR, Header, Kind, short

_BLOCK = 1 << 20
_PREFIX = "blocks:"


@dataclass(frozen=True, slots=True)
class Stick:
    """An opened stick or file whose header was read.

    Attributes:
        header: what it says of its message.
    """

    header: Header
    _path: Path
    _source: BinaryIO

    def copy(self, out: BinaryIO, watch: Watch) -> None:
        """Writes the message to ``out`` as it is read; only then is it known whether it is what the header says.

        Raises:
            InputError: BLOCKS-SHORT, BLOCKS-DIGEST, BLOCKS-PADDING, FILE-UNREADABLE.
        """
        sha256, left = hashlib.sha256(), self.header.length
        while left:
            block = self._read(min(left, _BLOCK))
            if not block:
                raise short()
            sha256.update(block)
            out.write(block)
            left -= len(block)
            watch("Copying", self.header.length - left, self.header.length)
        if sha256.digest() != self.header.digest:
            raise InputError("BLOCKS-DIGEST", "The message on the stick is not what its header says.", "Write it anew.")
        if self._read(self.header.padding) != bytes(self.header.padding):
            raise InputError("BLOCKS-PADDING", "The message on the stick is not padded with zeros to its sector's end.")

    def _read(self, count: int) -> bytes:
        with reading(self._path):
            return self._source.read(count)


def named(place: str) -> Path | None:
    """The path of ``blocks:PATH``; None for any other SOURCE or DEST."""
    return Path(place.removeprefix(_PREFIX)) if place.startswith(_PREFIX) and place != _PREFIX else None


@contextmanager
def opened(path: Path, expected: AbstractSet[Kind]) -> Iterator[Stick]:
    """A stick or a file, to read its one message.

    Raises:
        InputError: BLOCKS-PLACE, FILE-MISSING, FILE-UNREADABLE, or what `Header.parse` says.
    """
    with reading(path):
        descriptor = _open(path, os.O_RDONLY)
    with os.fdopen(descriptor, "rb") as source:
        with reading(path):
            sector = source.read(SECTOR)
        yield Stick(Header.parse(sector, expected), path, source)


def read_blocks(path: Path, kind: Kind, watch: Watch) -> bytes:
    """The message of a stick or file, for kinds that fit into memory. Raises InputError."""
    out = io.BytesIO()
    with opened(path, {kind}) as stick:
        stick.copy(out, watch)
    return out.getvalue()


def check_blocks(path: Path, *, force: bool) -> None:
    """Refuses a place before work is done for it.

    Raises:
        UsageError: DEST-EXISTS, BLOCKS-OCCUPIED.
        InputError: DEST-UNWRITABLE, BLOCKS-PLACE, BLOCKS-BUSY.
    """
    if not _is_device(path):
        check_output(path, force=force)
        return
    with _device(path) as descriptor:
        if not force:
            _check_free(path, descriptor)


def write_blocks(path: Path, header: Header, message: BinaryIO, watch: Watch, *, force: bool) -> None:
    """Puts a message on a stick, or into a file as it would stand there.

    Raises:
        UsageError: DEST-EXISTS, BLOCKS-OCCUPIED.
        InputError: DEST-UNWRITABLE, BLOCKS-PLACE, BLOCKS-BUSY, BLOCKS-SHORT, BLOCKS-WRITE.
        HomeError: HOME-NO-SPACE.
    """
    check_blocks(path, force=force)
    if not _is_device(path):
        with output_stream(path) as out:
            _write(out, header, message, watch)
        return
    with _device(path) as descriptor, writing(path):
        if os.lseek(descriptor, 0, os.SEEK_END) < SECTOR + header.length + header.padding:
            raise short()
        os.lseek(descriptor, 0, os.SEEK_SET)
        with os.fdopen(descriptor, "wb", closefd=False) as out:
            _write(out, header, message, watch)
        os.fsync(descriptor)
        # What is read back comes from the stick, not from what the system remembers of it.
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    _check_written(path, header, watch)


def _write(out: BinaryIO, header: Header, message: BinaryIO, watch: Watch) -> None:
    out.write(header.serialize())
    left = header.length
    while left:
        block = message.read(min(left, _BLOCK))
        if not block:
            raise InputError("FILE-UNREADABLE", "The file became shorter while it was read.")
        out.write(block)
        left -= len(block)
        watch("Writing", header.length - left, header.length)
    out.write(bytes(header.padding))


def _check_written(path: Path, header: Header, watch: Watch) -> None:
    try:
        with opened(path, {header.kind}) as stick:
            if stick.header != header:
                raise InputError("BLOCKS-HEADER", "The header read back is another.")
            with Path(os.devnull).open("wb") as nowhere:
                stick.copy(nowhere, watch)
    except InputError as error:
        hint = "Take another stick: this one does not keep what is written to it."
        raise InputError("BLOCKS-WRITE", f"What was written does not read back: {error.message}", hint) from error


def _check_free(path: Path, descriptor: int) -> None:
    """That nothing stands at the beginning but zeros, or an earlier message."""
    with reading(path):
        first = os.pread(descriptor, _BLOCK, 0)
    if any(first) and not _is_message(first[:SECTOR]):
        message = f"{path.name} holds something: perhaps a filesystem, with somebody's files."
        raise UsageError("BLOCKS-OCCUPIED", message, "Is it the right stick? --force overwrites what is on it.")


def _is_message(sector: bytes) -> bool:
    try:
        Header.parse(sector, {"bundle", "list", "log"})
    except InputError:
        return False
    return True


def _is_device(path: Path) -> bool:
    """Whether a device of blocks is there. Raises InputError BLOCKS-PLACE for what is no file either."""
    with writing(path):
        if not path.exists():
            return False
        mode = path.stat().st_mode
    if not (stat.S_ISBLK(mode) or stat.S_ISREG(mode)):
        raise _no_place(path)
    return stat.S_ISBLK(mode)


@contextmanager
def _device(path: Path) -> Iterator[int]:
    """A device for this process alone: the kernel gives none that is mounted, or a part of which is."""
    with writing(path):
        try:
            descriptor = _open(path, os.O_RDWR | os.O_EXCL)
        except OSError as error:
            if error.errno == errno.EBUSY:
                message = f"{path.name} is in use: it is mounted, or a part of it is."
                raise InputError("BLOCKS-BUSY", message, "Unmount it first.") from error
            raise
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _open(path: Path, flags: int) -> int:
    """A block device or an ordinary file, and nothing else."""
    if not path.exists():
        raise InputError("FILE-MISSING", f"There is no file or device {path.name}.", "Is the stick plugged in?")
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(descriptor).st_mode
    if not (stat.S_ISBLK(mode) or stat.S_ISREG(mode)):
        os.close(descriptor)
        raise _no_place(path)
    return descriptor


def _no_place(path: Path) -> InputError:
    return InputError("BLOCKS-PLACE", f"{path.name} is neither a device of blocks nor an ordinary file.")
