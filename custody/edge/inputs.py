"""Files that a person names on the command line."""

from pathlib import Path

from custody.edge.disk import read_bounded
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
