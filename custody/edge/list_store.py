"""The large lists of a home, in ``lists/``: each under its SHA-256, which says what it is and nothing of whether it
counts. What is in force or waits is named by a bundle; what was taken in from a stick lies beside it.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from custody.edge.disk import failures, open_read
from custody.edge.progress import bar
from custody.edge.rules_files import edited
from custody.edge.sealed_memory import SealedCopy, as_it_lies, sealed_copy
from custody.screening.large import Watch
from custody.screening.layout import Octets

FOLDER = "lists"


@dataclass(slots=True)
class ListStore:
    """The lists of a home; each that is asked for is held in sealed memory until the store is closed.

    Fulfils `custody.screening.large.Lists`.

    Attributes:
        judging: whether anybody judges by them; where nobody does, they are neither hashed nor copied.
    """

    home: Path
    judging: bool = True
    watch: Watch = field(default_factory=bar)
    _copies: dict[bytes, SealedCopy] = field(default_factory=dict)

    def get(self, digest: bytes) -> Octets | None:
        """The list with this SHA-256, nothing where it is not there.

        Raises:
            HomeError: HOME-EDITED where another lies in its place, LIST-MEMORY, HOME-WRITE.
        """
        if digest not in self._copies:
            path = self.path(digest)
            with failures("home"):
                if not path.exists():
                    return None
            self._copies[digest] = self._read(path, digest)
        return self._copies[digest].octets

    def _read(self, path: Path, digest: bytes) -> SealedCopy:
        with open_read(path) as source:
            size = os.fstat(source.fileno()).st_size
            if not self.judging:
                return as_it_lies(source, size, digest)
            copy = sealed_copy(source, size, self.watch)
        if copy.digest != digest:
            copy.close()
            raise edited("A list of this home")
        return copy

    @property
    def descriptors(self) -> tuple[int, ...]:
        """Of the lists that were asked for, for the process that holds the key."""
        return tuple(copy.descriptor for copy in self._copies.values())

    def path(self, digest: bytes) -> Path:
        """Where the list with this SHA-256 lies."""
        return self.home / FOLDER / digest.hex()

    def keep_only(self, digests: Iterable[bytes]) -> None:
        """Removes every other list. Raises HomeError HOME-WRITE."""
        kept = {self.path(digest).name for digest in digests}
        with failures("home"):
            for path in (self.home / FOLDER).glob("*"):
                if path.name not in kept:
                    path.unlink()

    def close(self) -> None:
        """Gives the memory back."""
        for copy in self._copies.values():
            copy.close()
        self._copies.clear()
