"""Verify a log against its public key: as of which checkpoint it holds, or the first entry that does not.

Pure, and the same for a home and for an export. What it cannot see is a log put back whole to an earlier state, with
the checkpoint of that time: compare the checkpoint with the newest one that somebody else has kept.
"""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from custody.audit.checkpoint import Checkpoint, LogVerifier, decode_note
from custody.audit.line import HIDDEN, BadEntry, Fault, Line, Reader
from custody.errors import EvidenceError


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found.

    Attributes:
        as_of: the signed checkpoint against which the entries were held. It says nothing of later entries.
        size, root, origin: what that checkpoint states.
        first_bad: place and fault of the first entry that does not hold; every entry before it is as the log signed.
        hidden: how many entries came without their sealed private part, erased or not disclosed; counted up to the
            first bad one.
    """

    as_of: str
    size: int
    root: bytes
    origin: str
    first_bad: tuple[int, str] | None
    hidden: int


def verify(entries: bytes | BinaryIO, checkpoint: bytes, verifier: LogVerifier) -> Report:
    """Holds the entries of a log against its signed checkpoint.

    Raises:
        EvidenceError: CHECKPOINT-SYNTAX, CHECKPOINT-SIGNATURE, CHECKPOINT-ORIGIN: without a checkpoint that this key
            signed, nothing can be said of any entry.
    """
    note = decode_note(checkpoint)
    stated = verifier.open(note)
    source = io.BytesIO(entries) if isinstance(entries, bytes) else entries
    reader, hidden, first_bad = Reader(verifier), 0, None
    try:
        for _, line in reader.read(source, stated.size):
            hidden += line.sealed == HIDDEN
        check_end(source, reader, stated)
    except BadEntry as bad:
        first_bad = (bad.index, str(bad.fault))
    return Report(note, stated.size, stated.root, stated.origin, first_bad, hidden)


def check_end(source: BinaryIO, reader: Reader, stated: Checkpoint) -> None:
    """That the entries end where the checkpoint says, with its root.

    Raises:
        BadEntry: SURPLUS for what follows.
        EvidenceError: LOG-FORK when the log's key signed two trees of one size.
    """
    if source.read(1):
        raise BadEntry(stated.size, Fault.SURPLUS)
    if reader.tree.root != stated.root:
        raise forked(stated)


def forked(stated: Checkpoint, parting: int | None = None) -> EvidenceError:
    """Two trees, both signed by the log's key, of one size or from entry ``parting`` on."""
    where = f"of {stated.size} entries" if parting is None else f"that part at entry {parting}"
    return EvidenceError(
        "LOG-FORK",
        f"The log key signed two different logs {where}.",
        "Keep both: together they prove that the key was misused.",
    )


def export_lines(entries: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a log without their private parts, for an auditor. Raises EvidenceError ENTRY-SYNTAX."""
    for text in entries:
        line = Line.parse(text)
        if line is None:
            raise EvidenceError("ENTRY-SYNTAX", "The log's file holds a line that is no entry.")
        yield Line(line.leaf, line.signature, HIDDEN).serialize()
