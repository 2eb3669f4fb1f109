"""What was taken in from a stick and decides nothing yet: a large list beside those that count, and one bundle."""

import mmap
from pathlib import Path

from custody.edge.blocks import Stick
from custody.edge.disk import failures, make_folder, open_read, read_bounded, writing_atomic
from custody.edge.list_store import ListStore
from custody.edge.places import reading
from custody.errors import InputError, UsageError
from custody.screening.flagged import FlaggedList
from custody.screening.large import Watch
from custody.wire.blocks import Header
from custody.wire.bundle import MAX_BYTES, SignedBundle

_FOLDER = "inbox"
_BUNDLE = "taken.bundle"


def receive(home: Path, stick: Stick, counts: frozenset[bytes], watch: Watch) -> Path:
    """Copies a stick's message into the home, durably; where it lies. Before a list, those that do not count go.

    Raises:
        UsageError: TAKE-IN-KNOWN.
        InputError: what `Stick.copy` and the reader of the message say; nothing stays then.
        HomeError: HOME-NO-SPACE, HOME-WRITE.
    """
    if stick.header.digest in counts:
        raise UsageError("TAKE-IN-KNOWN", "This list is on the device, and counts.", "There is nothing to do.")
    if stick.header.kind == "list":
        ListStore(home).keep_only(counts)
        path = ListStore(home).path(stick.header.digest)
    else:
        path = home / _FOLDER / _BUNDLE
    make_folder(path.parent)
    with writing_atomic(path, mode=0o600) as out:
        stick.copy(out, watch)
    try:
        _check(path, stick.header)
    except InputError:
        discard(path)
        raise
    return path


def _check(path: Path, header: Header) -> None:
    """That the copy is a message of its kind."""
    if header.kind == "bundle":
        SignedBundle.parse(read_bounded(path, MAX_BYTES))
        return
    with open_read(path) as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as octets:
        FlaggedList.open(octets)


def discard(path: Path) -> None:
    """Removes what was taken in. Raises HomeError HOME-WRITE."""
    with failures("home"):
        path.unlink(missing_ok=True)


def taken_bundle(home: Path) -> SignedBundle:
    """The bundle that was taken in. Raises InputError INBOX-EMPTY, or a code of its reader."""
    path = home / _FOLDER / _BUNDLE
    with reading(path):
        there = path.is_file()
    if not there:
        hint = "It comes from a stick: custody signer take-in DEVICE"
        raise InputError("INBOX-EMPTY", "No bundle was taken in.", hint)
    return SignedBundle.parse(read_bounded(path, MAX_BYTES))
