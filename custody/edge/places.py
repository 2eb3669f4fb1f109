"""Places that a person names on the command line: what the operating system refuses there, by a name."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from custody.edge.disk import failures
from custody.errors import HomeError, InputError


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Around everything that reads there. Raises InputError FILE-UNREADABLE."""
    try:
        yield
    except (HomeError, OSError) as error:
        raise InputError("FILE-UNREADABLE", f"{path.name} cannot be read.", "Are its permissions right?") from error


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Around everything that writes there.

    Raises:
        InputError: DEST-UNWRITABLE.
        HomeError: HOME-NO-SPACE.
    """
    try:
        with failures(f"file {path.name}"):
            yield
    except HomeError as error:
        if error.code != "HOME-WRITE":
            raise
        raise InputError("DEST-UNWRITABLE", f"{path.name} cannot be written.", error.message) from error
