"""The append-only log of a signer: durable on return, proved when opened, signed anew with each entry.

The store that keeps the bytes and the sealer of the private parts are given; time is an argument.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import BinaryIO, Protocol, overload

from custody.audit.checkpoint import Checkpoint, LogKey, LogVerifier, decode_note
from custody.audit.entry import MAX_PRIVATE, Entry, PrivatePart, check_schema
from custody.audit.line import HIDDEN, MAX_LINE, BadEntry, Line, Reader, octets, sealed_digest
from custody.audit.merkle import Tree, leaf_hash
from custody.codec.canonical_json import Json
from custody.errors import EvidenceError, HomeError


class LogStore(Protocol):
    """Where the log's bytes lie. Every write is durable when it returns; a failure is a HomeError."""

    def create(self, log_key: str, checkpoint: bytes) -> None:
        """Begin an empty log."""

    def entries(self) -> BinaryIO:
        """The entries from the beginning; the caller closes it."""

    def checkpoint(self) -> bytes:
        """The newest signed checkpoint."""

    def read(self, offset: int, length: int) -> bytes:
        """Bytes of the entries."""

    def write(self, line: bytes, offset: int) -> None:
        """Put a line at ``offset``; the entries then end with it."""

    def replace_checkpoint(self, checkpoint: bytes) -> None:
        """Put a checkpoint in the place of the last one, at once or not at all."""


class Sealer(Protocol):
    """The device's secrets for private parts."""

    def seal(self, index: int, private: bytes) -> bytes:
        """Encrypted and authenticated for entry ``index``."""

    def open(self, index: int, sealed: bytes) -> bytes:
        """What was sealed for entry ``index``. Raises HomeError LOG-PRIVATE."""

    def salt(self, head: bytes) -> bytes:
        """The salt of the entry with this head: HMAC-SHA-256(salt key, head)."""


class Log:
    """A signer's log. Make one by `Log.create` or `Log.open`; one process at a time may hold it."""

    def __init__(self, store: LogStore, key: LogKey, sealer: Sealer) -> None:
        self._store, self._key, self._sealer = store, key, sealer
        self._tree = Tree()
        self._offsets = [0]
        self._latest: dict[tuple[str, bytes | None], int] = {}
        self._of_kind: dict[str, list[int]] = {}
        self._last: Line | None = None
        self._usable = True

    @classmethod
    def create(cls, store: LogStore, key: LogKey, sealer: Sealer) -> "Log":
        """An empty log, its checkpoint signed. Raises HomeError."""
        log = cls(store, key, sealer)
        store.create(str(key.verifier), log.checkpoint.encode())
        return log

    @classmethod
    def open(cls, store: LogStore, key: LogKey, sealer: Sealer, now: int) -> "Log":
        """The log in the store, every entry proved; a torn last write is cut, and the cut logged.

        Raises:
            HomeError: LOG-ENTRY, LOG-CHECKPOINT, LOG-FORK, LOG-TAIL, or the store's.
        """
        log = cls(store, key, sealer)
        try:
            stated = key.verifier.open(decode_note(store.checkpoint()))
        except EvidenceError as error:
            raise _broken("LOG-CHECKPOINT", "The log's checkpoint does not hold.") from error
        with store.entries() as source:
            log._load(source, stated)
            torn = source.read(MAX_LINE + 1)
        if torn:
            log._cut(torn, now)
        elif log.size > stated.size:
            log._acknowledge()
        return log

    def _load(self, source: BinaryIO, stated: Checkpoint) -> None:
        reader = Reader(self.verifier)
        try:
            for entry, line in reader.read(source, stated.size):
                self._add(entry, line)
        except BadEntry as bad:
            raise _broken(bad.code, bad.message) from bad
        if self._tree.root() != stated.root:
            raise _broken("LOG-FORK", "The log's checkpoint and its entries are not of one log.")
        self._accept_unacknowledged(source, reader)

    def _accept_unacknowledged(self, source: BinaryIO, reader: Reader) -> None:
        """The one whole entry that a crash may leave beyond the checkpoint; it is the log's, for it is signed."""
        text = source.readline(MAX_LINE + 1)
        line = Line.parse(text)
        if line is None:
            source.seek(self._offsets[-1])
            return
        try:
            entry, _ = reader.accept(text)
            reader.prove()
        except BadEntry as bad:
            raise _broken("LOG-TAIL", "What follows the log's checkpoint was not written by this log.") from bad
        self._add(entry, line)

    def _acknowledge(self) -> None:
        """Finishes the append that a crash or a failed sync broke off: written again, then signed for."""
        if self._last:
            self._store.write(self._last.serialize(), self._offsets[-2])
        self._store.replace_checkpoint(self.checkpoint.encode())

    def _cut(self, torn: bytes, now: int) -> None:
        """Writes over a torn last write the entry that says so."""
        # A torn write is one line at most, and no line that can be read.
        if b"\n" in torn[:-1] or len(torn) > MAX_LINE or Line.parse(torn):
            raise _broken("LOG-TAIL", "What follows the log's checkpoint is more than one torn entry.")
        self.append("torn", private={"bytes": len(torn), "digest": hashlib.sha256(torn).hexdigest()}, time=now)

    def append(
        self,
        kind: str,
        *,
        private: Mapping[str, Json],
        time: int,
        request: bytes | None = None,
        outcome: str | None = None,
        answer: bytes | None = None,
    ) -> Entry:
        """Adds an entry; on return it is on the disk and the checkpoint that holds it is signed.

        After a failure the log must be opened anew, for the disk may be ahead of it or behind.

        Args:
            kind: what happened; ``private`` must hold exactly the fields of that kind.
            time: Unix seconds.
            request, answer: digests, 32 bytes.

        Raises:
            HomeError: ENTRY-SCHEMA, LOG-UNUSABLE, or the store's.
        """
        check_schema(kind, request, answer, private)
        if not self._usable:
            raise _broken("LOG-UNUSABLE", "The log could not be written before.")
        entry, line = self._prepare(
            Entry(self.size, kind, request, outcome, answer, time, b"", b"", self._last.mark if self._last else None),
            private,
        )
        self._usable = False
        self._store.write(line.serialize(), self._offsets[-1])
        self._add(entry, line)
        self._store.replace_checkpoint(self.checkpoint.encode())
        self._usable = True
        return entry

    def _prepare(self, entry: Entry, private: Mapping[str, Json]) -> tuple[Entry, Line]:
        part = PrivatePart(private, self._sealer.salt(entry.head))
        text = part.serialize()
        sealed = base64.b64encode(self._sealer.seal(entry.index, text))
        entry = replace(entry, private=part.digest, sealed=sealed_digest(sealed))
        # Read back before it is written: a log that could not be opened again would be the end of the home.
        leaf = entry.leaf
        if len(text) > MAX_PRIVATE or not _reads_as(leaf, entry):
            raise HomeError("ENTRY-SCHEMA", f"An entry of kind {entry.kind!r} would not be readable.")
        grown = self._tree.compact_range()
        grown.append(leaf_hash(leaf))
        signature = self._key.signature(Checkpoint(self._key.origin, grown.size, grown.root))
        return entry, Line(leaf, base64.b64encode(signature), sealed)

    def _add(self, entry: Entry, line: Line) -> None:
        self._tree.append(leaf_hash(line.leaf))
        self._offsets.append(self._offsets[-1] + line.length)
        self._last = line
        self._latest[entry.kind, None] = self._latest[entry.kind, entry.request] = entry.index
        self._of_kind.setdefault(entry.kind, []).append(entry.index)

    @property
    def verifier(self) -> LogVerifier:
        """The log's public key."""
        return self._key.verifier

    @property
    def size(self) -> int:
        """How many entries."""
        return self._tree.size

    @property
    def checkpoint(self) -> str:
        """The newest checkpoint, a signed note."""
        stated = Checkpoint(self._key.origin, self.size, self._tree.root())
        signature = base64.b64decode(self._last.signature) if self._last else self._key.signature(stated)
        return self.verifier.note(stated, signature)

    def checkpoint_at(self, size: int) -> str:
        """The checkpoint that the log signed when it had so many entries. Raises EvidenceError PROOF-RANGE."""
        stated = Checkpoint(self._key.origin, size, self._tree.root(size))
        signature = base64.b64decode(self._read(size - 1).signature) if size else self._key.signature(stated)
        return self.verifier.note(stated, signature)

    def public_line(self, index: int) -> bytes:
        """The line of entry ``index`` without its private part. Raises EvidenceError PROOF-RANGE, HomeError."""
        line = self._read(index)
        return Line(line.leaf, line.signature, HIDDEN).serialize()

    def root_at(self, size: int) -> bytes:
        """The root that the log had at ``size``. Raises EvidenceError PROOF-RANGE."""
        return self._tree.root(size)

    def inclusion(self, index: int) -> tuple[bytes, ...]:
        """RFC 6962 2.1.1: from entry ``index`` to the newest root. Raises EvidenceError PROOF-RANGE."""
        return self._tree.inclusion(index)

    def consistency(self, old_size: int, size: int | None = None) -> tuple[bytes, ...]:
        """RFC 6962 2.1.2: from the root at ``old_size`` to that at ``size``, or the newest.

        Raises:
            EvidenceError: PROOF-RANGE.
        """
        return self._tree.consistency(old_size, size)

    @property
    def entries(self) -> Sequence[Entry]:
        """The public parts, read from the store one by one."""
        return _Entries(self)

    def last(self, kind: str) -> Entry | None:
        """The newest entry of a kind."""
        return self.find(kind, None)

    def find(self, kind: str, request: bytes | None) -> Entry | None:
        """The newest entry of a kind about a request, of any request by default."""
        index = self._latest.get((kind, request))
        return None if index is None else self.entries[index]

    def indices(self, kind: str) -> Sequence[int]:
        """Where the entries of a kind stand, from the oldest."""
        return self._of_kind.get(kind, ())

    def private(self, index: int) -> dict[str, Json]:
        """The private part of entry ``index``.

        Raises:
            EvidenceError: PROOF-RANGE where there is no such entry.
            HomeError: LOG-PRIVATE when it was erased or is not what the entry committed to.
        """
        return dict(self.private_part(index).fields)

    def salts(self, index: int) -> dict[str, bytes]:
        """The salt of each private field of entry ``index``. Raises as `private` does."""
        return self.private_part(index).salts

    def private_part(self, index: int) -> PrivatePart:
        """The private part of entry ``index`` with its salt. Raises as `private` does."""
        line = self._read(index)
        entry, sealed = Entry.parse(line.leaf), octets(line.sealed)
        if sealed is None:
            raise _broken("LOG-PRIVATE", f"The private part of log entry {index} is not there.")
        try:
            part = PrivatePart.parse(self._sealer.open(index, sealed))
        except EvidenceError as error:
            raise _broken("LOG-PRIVATE", f"The private part of log entry {index} is damaged.") from error
        if part.digest != entry.private:
            raise _broken("LOG-PRIVATE", f"The private part of log entry {index} is another's.")
        return part

    def _read(self, index: int) -> Line:
        if not 0 <= index < self.size:
            raise EvidenceError("PROOF-RANGE", f"The log has no entry {index}.")
        begin, end = self._offsets[index], self._offsets[index + 1]
        line = Line.parse(self._store.read(begin, end - begin))
        # Compared with the hash in memory: the file may have been changed since the log was opened.
        if line is None or leaf_hash(line.leaf) != self._tree.leaf_hash(index):
            raise _broken("LOG-ENTRY", f"Log entry {index} changed while the log was open.")
        return line

    def entry(self, index: int) -> Entry:
        """The public part of entry ``index``. Raises EvidenceError PROOF-RANGE, HomeError LOG-ENTRY."""
        return Entry.parse(self._read(index).leaf)


class _Entries(Sequence[Entry]):
    """A log's entries as a sequence that holds none of them."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def __len__(self) -> int:
        return self._log.size

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | Sequence[Entry]:
        if isinstance(index, slice):
            return [self._log.entry(position) for position in range(len(self))[index]]
        return self._log.entry(range(len(self))[index])


def _reads_as(leaf: bytes, entry: Entry) -> bool:
    try:
        return Entry.parse(leaf) == entry
    except EvidenceError:
        return False


def _broken(code: str, message: str) -> HomeError:
    return HomeError(code, message, "Nothing was signed. Keep the home as it is and compare it with its last export.")
