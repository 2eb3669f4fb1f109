"""Files that a person names on the command line."""

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from custody.edge.disk import open_read, read_bounded
from custody.edge.places import reading
from custody.errors import InputError


def read_input(path: Path, limit: int) -> bytes:
    """The whole file, of at most ``limit`` bytes.

    Raises:
        InputError: FILE-MISSING, FILE-SIZE, FILE-UNREADABLE.
    """
    with reading(path):
        _check_file(path)
        if path.stat().st_size > limit:
            raise InputError(
                "FILE-SIZE", f"The file {path.name} is larger than {limit:,} bytes.", "Is it the file that was meant?"
            )
        return read_bounded(path.resolve(), limit)


def _check_file(path: Path) -> None:
    """That a regular file is there. Raises InputError FILE-MISSING."""
    if path.is_file():
        return
    if path.exists():
        hint = "Folders, pipes and devices are not read: write what it gives to a file, and name that."
        raise InputError("FILE-MISSING", f"{path.name} is no ordinary file.", hint)
    raise InputError("FILE-MISSING", f"There is no file {path.name}.", "Is the path right, from this folder on?")


@contextmanager
def open_input(path: Path) -> Iterator[BinaryIO]:
    """A file of any length, to be read bit by bit. Raises InputError FILE-MISSING, FILE-UNREADABLE."""
    with reading(path):
        _check_file(path)
        file = open_read(path.resolve())
    with file:
        yield file


@contextmanager
def mapped_input(path: Path) -> Iterator[bytes | mmap.mmap]:
    """A file of any length, mapped into memory; no bytes where it is empty.

    Raises:
        InputError: FILE-MISSING, FILE-UNREADABLE.
    """
    with open_input(path) as file:
        if not path.stat().st_size:
            yield b""
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as octets:
            yield octets


def held_input(path: Path) -> mmap.mmap:
    """A file of any length but none, mapped for as long as somebody holds it.

    Raises:
        InputError: FILE-MISSING, FILE-UNREADABLE.
    """
    with open_input(path) as file, reading(path):
        try:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError as error:
            raise OSError from error
