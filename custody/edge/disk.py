"""The disk of a home: durable writes, one process at a time, nobody else's eyes, no symbolic links.

Files are 0600, folders 0700. A write has reached the disk when the call returns; otherwise it is a HomeError.
"""

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from custody.audit.checkpoint import MAX_NOTE
from custody.errors import HomeError

FILE_MODE = 0o600
FOLDER_MODE = 0o700

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def failures(what: str) -> Iterator[None]:
    """What the operating system refuses, as HomeError HOME-NO-SPACE or HOME-WRITE; ``what`` names the thing."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise HomeError("HOME-NO-SPACE", f"There is no space to write the {what}.", "Free space first.") from error
        reason = os.strerror(error.errno) if error.errno else "failed"
        raise HomeError("HOME-WRITE", f"The {what} could not be read or written: {reason}.") from error


def make_folder(path: Path) -> None:
    """A folder that only its owner may enter; an existing one must be that already.

    Raises:
        HomeError: HOME-WRITE, HOME-NO-SPACE, HOME-PERMISSIONS.
    """
    with failures("home"):
        with suppress(FileExistsError):
            path.mkdir(FOLDER_MODE)
            sync_folder(path.parent)
        status = path.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_mode & 0o077 or status.st_uid != os.geteuid():
        raise HomeError("HOME-PERMISSIONS", f"The folder {path.name} is not its owner's alone.", "chmod 700 it.")


def sync_folder(path: Path) -> None:
    """That names made or replaced in a folder survive a power cut."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_atomic(path: Path, content: bytes, mode: int = FILE_MODE) -> None:
    """Puts a file in place at once or not at all: written beside it, synced, renamed, folder synced.

    Raises:
        HomeError: HOME-NO-SPACE, HOME-WRITE.
    """
    beside = path.with_name(f".{path.name}.new")
    with failures(f"file {path.name}"):
        beside.unlink(missing_ok=True)
        try:
            with _opened(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode) as descriptor:
                _write_all(descriptor, content, 0)
                os.fsync(descriptor)
            beside.rename(path)
        except OSError:
            with suppress(OSError):
                beside.unlink()
            raise
        sync_folder(path.parent)


@contextmanager
def writing_atomic(path: Path, mode: int) -> Iterator[BinaryIO]:
    """A file that is written bit by bit and put in place at the end, or not at all where something fails.

    Raises:
        HomeError: HOME-NO-SPACE, HOME-WRITE.
    """
    beside = path.with_name(f".{path.name}.new")
    with failures(f"file {path.name}"):
        beside.unlink(missing_ok=True)
        try:
            with _opened(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode) as descriptor:
                with os.fdopen(descriptor, "wb", closefd=False) as file:
                    yield file
                os.fsync(descriptor)
            beside.rename(path)
        finally:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
        sync_folder(path.parent)


def write_at(path: Path, content: bytes, offset: int) -> None:
    """Puts bytes at ``offset`` of a file, which then ends with them.

    Raises:
        HomeError: HOME-NO-SPACE, HOME-WRITE; LOG-CHANGED when the file is shorter than ``offset``.
    """
    with failures(f"file {path.name}"), _opened(path, os.O_WRONLY) as descriptor:
        if os.fstat(descriptor).st_size < offset:
            raise HomeError("LOG-CHANGED", f"The file {path.name} was cut while it was in use.")
        _write_all(descriptor, content, offset)
        os.ftruncate(descriptor, offset + len(content))
        os.fsync(descriptor)


def read_bounded(path: Path, limit: int) -> bytes:
    """A whole file of at most ``limit`` bytes. Raises HomeError HOME-WRITE, HOME-CORRUPT."""
    with open_read(path) as source:
        content = source.read(limit + 1)
    if len(content) > limit:
        raise HomeError("HOME-CORRUPT", f"The file {path.name} is larger than it can be.")
    return content


def open_read(path: Path) -> BinaryIO:
    """A regular file, not a link to one. Raises HomeError HOME-WRITE, HOME-CORRUPT."""
    with failures(f"file {path.name}"):
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise HomeError("HOME-CORRUPT", f"{path.name} is no ordinary file.")
        return os.fdopen(descriptor, "rb")


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Holds a lock file: one process at a time. Released by the system when the process ends, however it ends.

    Raises:
        HomeError: HOME-BUSY, HOME-WRITE.
    """
    with failures("lock"):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise HomeError("HOME-BUSY", "Another process is using this home.", "Wait until it has ended.") from error
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _opened(path: Path, flags: int, mode: int = FILE_MODE) -> Iterator[int]:
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, content: bytes, offset: int) -> None:
    """Writes past short writes, until all is written or the system says why not."""
    rest = memoryview(content)
    while rest:
        written = os.pwrite(descriptor, rest, offset)
        if written == 0:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        rest, offset = rest[written:], offset + written


class LogFiles:
    """A log in a folder: ``entries``, ``checkpoint`` and ``log-key.txt``. Fulfils `custody.audit.log.LogStore`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._entries = folder / "entries"
        self._checkpoint = folder / "checkpoint"

    def create(self, log_key: str, checkpoint: bytes) -> None:
        """An empty log with its key and first checkpoint. Raises HomeError HOME-EXISTS, HOME-NO-SPACE, HOME-WRITE."""
        make_folder(self._folder)
        with failures("log"):
            if any(self._folder.iterdir()):
                raise HomeError("HOME-EXISTS", "There is a log already.")
        write_atomic(self._folder / "log-key.txt", log_key.encode() + b"\n")
        write_atomic(self._entries, b"")
        write_atomic(self._checkpoint, checkpoint)

    def entries(self) -> BinaryIO:
        """The entries from the beginning. Raises HomeError HOME-WRITE."""
        return open_read(self._entries)

    def checkpoint(self) -> bytes:
        """The newest checkpoint. Raises HomeError HOME-WRITE, HOME-CORRUPT."""
        return read_bounded(self._checkpoint, MAX_NOTE)

    def read(self, offset: int, length: int) -> bytes:
        """Bytes of the entries. Raises HomeError HOME-WRITE."""
        with self.entries() as source, failures("log"):
            source.seek(offset)
            return source.read(length)

    def write(self, line: bytes, offset: int) -> None:
        """Put a line at ``offset``; the entries then end with it. Raises HomeError."""
        write_at(self._entries, line, offset)

    def replace_checkpoint(self, checkpoint: bytes) -> None:
        """Put a checkpoint in the place of the last one. Raises HomeError."""
        write_atomic(self._checkpoint, checkpoint)
