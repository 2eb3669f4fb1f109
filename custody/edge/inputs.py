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
        if not path.is_file():
            raise InputError("FILE-MISSING", f"There is no file {path.name}.")
        if path.stat().st_size > limit:
            raise InputError("FILE-SIZE", f"The file {path.name} is larger than {limit:,} bytes.")
        return read_bounded(path.resolve(), limit)


@contextmanager
def open_input(path: Path) -> Iterator[BinaryIO]:
    """A file of any length, to be read bit by bit. Raises InputError FILE-MISSING, FILE-UNREADABLE."""
    with reading(path):
        if not path.is_file():
            raise InputError("FILE-MISSING", f"There is no file {path.name}.")
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
