"""Files that a command writes where a person says."""

from pathlib import Path

from custody.edge.disk import write_atomic
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
