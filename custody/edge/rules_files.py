"""The files that decide, in a home: each under the SHA-256 of its bytes, so that none can be changed unseen.

A decision of the officers is kept aside first, then logged, then put in place; the log says what counts.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from custody.edge.disk import failures, make_folder, read_bounded, sync_folder, write_atomic
from custody.errors import HomeError
from custody.governance.state import Held

MAX_FILE = 2 * 1_048_576

_FOLDER = "rules"
_SEALED = "rules.sealed"
_PROPOSED = "rules.sealed.new"


def edited(name: str) -> HomeError:
    """A file that differs from what the log says."""
    return HomeError(
        "HOME-EDITED",
        f"{name} is not what the log says was installed.",
        "Somebody changed this home. Keep it as evidence, and call the security officer.",
    )


class RulesFiles:
    """The files that decide, and the sealed record of which of them are in force."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self, contents: Iterable[bytes], sealed: bytes) -> None:
        """The folder of a new home. Raises HomeError."""
        make_folder(self._folder / _FOLDER)
        for content in contents:
            self._write(content)
        write_atomic(self._folder / _SEALED, sealed)

    def read(self, held: Mapping[str, Held]) -> dict[str, bytes]:
        """The exact bytes of what is held, by kind. Raises HomeError HOME-EDITED."""
        return {kind: self._content(kind, one.digest) for kind, one in held.items()}

    def sealed(self, logged: bytes) -> bytes:
        """The sealed record with this SHA-256, put in place first where a crash has kept it aside.

        Raises:
            HomeError: HOME-EDITED.
        """
        for name in (_SEALED, _PROPOSED):
            content = self._read(name)
            if content is not None and hashlib.sha256(content).digest() == logged:
                if name == _PROPOSED:
                    self.settle()
                return content
        raise edited(_SEALED)

    def keep(self, sealed: bytes, content: bytes | None) -> bytes:
        """Writes aside what a decision brings; returns the SHA-256 of the sealed record. Raises HomeError."""
        if content is not None:
            self._write(content)
        write_atomic(self._folder / _PROPOSED, sealed)
        return hashlib.sha256(sealed).digest()

    def settle(self) -> None:
        """Puts the sealed record that was kept aside in its place, durably."""
        with failures(_SEALED):
            (self._folder / _PROPOSED).replace(self._folder / _SEALED)
            sync_folder(self._folder)

    def _write(self, content: bytes) -> None:
        write_atomic(self._folder / _FOLDER / hashlib.sha256(content).hexdigest(), content)

    def _content(self, kind: str, digest: bytes) -> bytes:
        content = self._read(f"{_FOLDER}/{digest.hex()}")
        if content is None or hashlib.sha256(content).digest() != digest:
            raise edited(f"The {kind} in force")
        return content

    def _read(self, name: str) -> bytes | None:
        path = self._folder / name
        with failures("home"):
            there = path.exists()
        return read_bounded(path, MAX_FILE) if there else None
