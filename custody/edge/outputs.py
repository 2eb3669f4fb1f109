"""Files that a command writes where a person says."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from custody.edge.disk import write_atomic, writing_atomic
from custody.edge.places import writing


def check_output(path: Path, *, force: bool) -> None:
    """Refuses a place before work is done for it.

    Raises:
        UsageError: DEST-EXISTS.
        InputError: DEST-UNWRITABLE.
    """
    # Frames take their time to load, and not every command that writes a file shows any.
    from custody.edge.frames import check_dest

    check_dest(f"file:{path}", force=force)


def write_output(path: Path, content: bytes) -> None:
    """Puts a file there, whole or not at all, for everybody to read.

    Raises:
        InputError: DEST-UNWRITABLE.
        HomeError: HOME-NO-SPACE.
    """
    with writing(path):
        write_atomic(path, content, mode=0o644)


@contextmanager
def output_stream(path: Path) -> Iterator[BinaryIO]:
    """A file of any length, put there whole or not at all, for everybody to read.

    Raises:
        InputError: DEST-UNWRITABLE.
        HomeError: HOME-NO-SPACE.
    """
    with writing(path), writing_atomic(path, mode=0o644) as file:
        yield file


def scratch(folder: Path) -> Callable[[], BinaryIO]:
    """Gives files without a name in this folder, gone when they are closed."""
    return lambda: cast(BinaryIO, tempfile.TemporaryFile(dir=folder))
