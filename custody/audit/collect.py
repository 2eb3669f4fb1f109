"""Increments of a log put together by an auditor, who keeps what he has proved (docs/spec/log.md).

What comes in is proved against what is there: a gap, a fork or a change is refused, and the first entry that does not
hold is named. Nothing is kept of an increment that does not hold.
"""

import hashlib
from collections.abc import Iterable
from typing import BinaryIO

from custody.audit.checkpoint import Checkpoint, LogVerifier
from custody.audit.line import MAX_LINE, BadEntry, Fault, Line, Reader
from custody.audit.log import Log
from custody.audit.merkle import Tree, leaf_hash, verify_consistency
from custody.audit.verify import forked
from custody.errors import EvidenceError, UsageError
from custody.wire.increment import LogIncrement


def increment(log: Log, first: int, limit: int) -> LogIncrement:
    """The entries from ``first`` on, as many as ``limit`` bytes of lines hold, and at least one.

    Raises:
        UsageError: EXPORT-NOTHING.
    """
    if not 0 <= first < log.size:
        message = f"The log has {log.size:,} entries, from 0; there is none from {first:,} on."
        raise UsageError("EXPORT-NOTHING", message, "There is nothing new, or another number was meant.")
    lines: list[bytes] = []
    left = limit
    for index in range(first, log.size):
        line = log.public_line(index)
        left -= len(line)
        if left < 0 and lines:
            break
        lines.append(line)
    end = first + len(lines)
    return LogIncrement(first, tuple(lines), log.consistency(first, end), log.checkpoint_at(end))


class Collection:
    """The entries of a log as far as an auditor has proved them, from entry 0 on.

    Attributes:
        checkpoint: signed, of exactly these entries; empty where there is none. length: bytes of their lines.
    """

    def __init__(self, verifier: LogVerifier) -> None:
        self._verifier = verifier
        self._reader = Reader(verifier)
        self._tree = Tree()
        self._lines: list[bytes] = []
        self.checkpoint = ""
        self.length = 0

    @property
    def size(self) -> int:
        """How many entries."""
        return len(self._lines)

    @property
    def root(self) -> bytes:
        """Of the tree of these entries."""
        return self._tree.root()

    def read(self, entries: BinaryIO, checkpoint: str) -> None:
        """What was collected before; what lies behind its checkpoint is of a write that was broken off, and left out.

        Raises:
            BadEntry: the first entry that does not hold.
            EvidenceError: a CHECKPOINT code, LOG-FORK.
        """
        stated = self._verifier.open(checkpoint)
        self._accept(entries.readline(MAX_LINE + 1) for _ in range(stated.size))
        self._check_root(stated)
        self.checkpoint = checkpoint

    def add(self, one: LogIncrement) -> tuple[bytes, ...]:
        """The lines of an increment that are new; those that are there already must be the same.

        Raises:
            BadEntry: the first entry that does not hold.
            EvidenceError: LOG-GAP, LOG-FORK, LOG-INCREMENT, PROOF-CONSISTENCY, a CHECKPOINT code.
        """
        before = self.size
        if one.first > before:
            message = f"Entries {before} to {one.first - 1} are missing between what is here and this increment."
            raise EvidenceError("LOG-GAP", message, f"Ask the device for them: custody signer export --since {before}")
        for index, line in zip(range(one.first, before), one.lines, strict=False):
            if _digest(line) != self._lines[index]:
                self._check_fork(one, index)
                raise BadEntry(index, Fault.CHANGED)
        new = one.lines[before - one.first :]
        self._accept(new)
        self._check_proofs(one)
        if new:
            self.checkpoint = one.checkpoint
        return new

    def _accept(self, lines: Iterable[bytes]) -> None:
        for text in lines:
            _, line = self._reader.accept(text)
            self._tree.append(leaf_hash(line.leaf))
            self._lines.append(_digest(text))
            self.length += len(text)
        self._reader.prove()

    def _check_proofs(self, one: LogIncrement) -> None:
        stated = self._verifier.open(one.checkpoint)
        if stated.size != one.next or (one.consistency and not one.first):
            raise EvidenceError("LOG-INCREMENT", "The increment's checkpoint is not that of its last entry.")
        self._check_root(stated)
        if one.first:
            verify_consistency(one.first, stated.size, self._tree.root(one.first), stated.root, one.consistency)

    def _check_fork(self, one: LogIncrement, index: int) -> None:
        """Whether an increment with another entry ``index`` was signed as well: then both logs are the key's work.

        Raises:
            EvidenceError: LOG-FORK.
        """
        stated = self._verifier.open(one.checkpoint)
        other = Tree(self._tree.leaf_hash(index) for index in range(one.first))
        for line in map(Line.parse, one.lines):
            other.append(leaf_hash(line.leaf) if line else b"")
        signed = other.size == stated.size and other.root() == stated.root
        if signed and other.leaf_hash(index) != self._tree.leaf_hash(index):
            raise forked(stated, index)

    def _check_root(self, stated: Checkpoint) -> None:
        if self._tree.root(stated.size) != stated.root:
            raise forked(stated)


def _digest(line: bytes) -> bytes:
    return hashlib.sha256(line).digest()
