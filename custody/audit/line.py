"""The log's file: a line for each entry, with the log's signature over the tree that ends with it.

A line is the leaf, a space, the signature in base64, a space, the sealed private part in base64 (or ``-`` where it was
erased or is not disclosed), and LF. Every byte is bound: the leaf by the tree, the signature by the next leaf's
``previous`` (the last one by itself), the sealed part by the leaf's ``sealed``.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from custody.audit.checkpoint import Checkpoint, LogVerifier
from custody.audit.entry import MAX_LEAF, MAX_PRIVATE, Entry
from custody.audit.merkle import CompactRange, leaf_hash
from custody.errors import EvidenceError

#: A sealed part is a third longer in base64; a kibibyte more for leaf, signature, nonce and tag.
MAX_LINE = MAX_LEAF + 2 * MAX_PRIVATE
BLOCK = 1_024
HIDDEN = b"-"

_LINE = re.compile(rb"(\{[!-~]+\}) ([A-Za-z0-9+/]{86}==) (-|[A-Za-z0-9+/]+={0,2})\n")


class Fault(StrEnum):
    """What can be wrong with the line at a place."""

    UNREADABLE = "unreadable"
    MISPLACED = "misplaced"
    CHANGED = "changed"
    MISSING = "missing"
    SURPLUS = "surplus"


class BadEntry(EvidenceError):
    """The first entry that does not hold: every entry before ``index`` is as the log signed it."""

    def __init__(self, index: int, fault: Fault) -> None:
        super().__init__("LOG-ENTRY", f"Log entry {index} does not hold: {fault}.")
        self.index = index
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log's file.

    Attributes:
        leaf: the entry's public part, canonical JSON.
        signature: the log's Ed25519 over the checkpoint for the tree up to and with this entry, in base64.
        sealed: the sealed private part in base64, or ``-``.
    """

    leaf: bytes
    signature: bytes
    sealed: bytes

    @classmethod
    def parse(cls, text: bytes) -> "Line | None":
        """The line in this text with its LF, or nothing."""
        match = _LINE.fullmatch(text)
        return cls(match[1], match[2], match[3]) if match else None

    def serialize(self) -> bytes:
        """The text, with its LF."""
        return b"%s %s %s\n" % (self.leaf, self.signature, self.sealed)

    @property
    def length(self) -> int:
        """Bytes of the text."""
        return len(self.leaf) + len(self.signature) + len(self.sealed) + 3

    @property
    def mark(self) -> bytes:
        """What the next entry names as ``previous``."""
        return hashlib.sha256(self.signature).digest()

    def signed_by(self, verifier: LogVerifier, size: int, root: bytes) -> bool:
        """Whether the signature is the log's over the tree of this size and root."""
        signature = octets(self.signature)
        return signature is not None and verifier.holds(Checkpoint(verifier.origin, size, root).text, signature)


def octets(text: bytes) -> bytes | None:
    """RFC 4648 base64 with padding and zero trailing bits, or nothing."""
    try:
        plain = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return plain if base64.b64encode(plain) == text else None


def sealed_digest(sealed: bytes) -> bytes:
    """What a leaf holds as ``sealed``: SHA-256 of the sealed part's base64."""
    return hashlib.sha256(sealed).digest()


class Reader:
    """Reads a log's file line by line and proves each, in constant memory.

    A signature takes some 70 microseconds to check, so one in each `BLOCK` is checked, and the last; the leaves bind
    the others. Only where something does not hold are all of that block checked, to find the first.
    """

    def __init__(self, verifier: LogVerifier) -> None:
        self.tree = CompactRange()
        self._verifier = verifier
        self._proved = CompactRange()
        self._block: list[Line] = []
        self._mark: bytes | None = None

    def read(self, source: BinaryIO, size: int) -> Iterator[tuple[Entry, Line]]:
        """The next ``size`` lines. Only when the iterator has ended is the last of them proved.

        Raises:
            BadEntry: the first line that does not hold.
        """
        for _ in range(size):
            yield self.accept(source.readline(MAX_LINE + 1))
        self.prove()

    def accept(self, text: bytes) -> tuple[Entry, Line]:
        """The next line, checked against what came before, and proved with its block. Raises BadEntry."""
        line = Line.parse(text)
        try:
            if line is None:
                raise BadEntry(self.tree.size, Fault.UNREADABLE if text else Fault.MISSING)
            entry = self._entry(line)
        except BadEntry:
            self.prove()
            raise
        self.tree.append(leaf_hash(line.leaf))
        self._mark = line.mark
        self._block.append(line)
        if len(self._block) == BLOCK:
            self.prove()
        return entry, line

    def _entry(self, line: Line) -> Entry:
        index = self.tree.size
        try:
            entry = Entry.parse(line.leaf)
        except EvidenceError as error:
            raise BadEntry(index, Fault.UNREADABLE) from error
        if entry.index != index:
            raise BadEntry(index, Fault.MISPLACED)
        if entry.previous != self._mark:
            raise BadEntry(index, Fault.CHANGED)
        if line.sealed != HIDDEN and sealed_digest(line.sealed) != entry.sealed:
            raise BadEntry(index, Fault.CHANGED)
        return entry

    def prove(self) -> None:
        """That the log signed every line so far. Raises BadEntry for the first that it did not."""
        if self._block and not self._block[-1].signed_by(self._verifier, self.tree.size, self.tree.root):
            for line in self._block:
                index = self._proved.size
                self._proved.append(leaf_hash(line.leaf))
                if not line.signed_by(self._verifier, self._proved.size, self._proved.root):
                    raise BadEntry(index, Fault.CHANGED)
        self._proved = self.tree.copy()
        self._block.clear()
