"""An auditor's folder of a log: ``entries``, ``checkpoint.txt``, ``log-key.txt``; `custody audit verify` reads it."""

from collections.abc import Sequence
from pathlib import Path

from custody.audit.checkpoint import MAX_NOTE, decode_note
from custody.audit.collect import Collection
from custody.edge.disk import open_read, read_bounded, write_at, write_atomic
from custody.edge.places import reading, writing
from custody.errors import UsageError

_FILES = {"entries", "checkpoint.txt", "log-key.txt"}


class CollectedLog:
    """The folder; one that holds anything else, a signer's home for one, is left alone."""

    def __init__(self, folder: Path) -> None:
        """Raises UsageError DEST-EXISTS, InputError FILE-UNREADABLE."""
        self._folder = folder
        with reading(folder):
            held = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
            taken = folder.exists() and not folder.is_dir()
        if taken or (held and (not {"entries", "checkpoint.txt"} <= held or held - _FILES)):
            message = f"{folder.name} holds something else than a log that was collected."
            raise UsageError("DEST-EXISTS", message, "Name a new folder.")
        self._new = not held

    def read(self, collection: Collection) -> None:
        """What was collected before, proved anew. Raises EvidenceError, as `Collection.read`."""
        if self._new:
            return
        checkpoint = decode_note(read_bounded(self._folder / "checkpoint.txt", MAX_NOTE))
        with open_read(self._folder / "entries") as entries:
            collection.read(entries, checkpoint)

    def append(self, collection: Collection, added: Sequence[bytes], log_key: str) -> None:
        """Adds lines, and then the checkpoint that holds them: what a crash leaves between is written over.

        Raises:
            InputError: DEST-UNWRITABLE.
            HomeError: HOME-NO-SPACE.
        """
        new = b"".join(added)
        with writing(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            if self._new:
                write_atomic(self._folder / "log-key.txt", log_key.encode() + b"\n", mode=0o644)
                write_atomic(self._folder / "entries", new, mode=0o644)
            else:
                write_at(self._folder / "entries", new, collection.length - len(new))
            write_atomic(self._folder / "checkpoint.txt", collection.checkpoint.encode(), mode=0o644)
