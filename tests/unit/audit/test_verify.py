"""Tampering with a log at every place: the first bad entry is named exactly."""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from log_examples import KEY, ORIGIN, SIZE, append, new_log, opened, stored

from custody.audit import line as line_module
from custody.audit.checkpoint import Checkpoint, LogKey, LogVerifier
from custody.audit.entry import Entry
from custody.audit.line import HIDDEN, Fault, Line
from custody.audit.merkle import CompactRange
from custody.audit.verify import export_lines, verify
from custody.errors import EvidenceError

STORE = stored(SIZE)
LINES = STORE.bytes.splitlines(keepends=True)
Found = tuple[int, str] | None


@pytest.fixture(autouse=True, params=[1, 4, 1024])
def block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many lines lie between two signatures that are checked, the findings are the same."""
    monkeypatch.setattr(line_module, "BLOCK", request.param)


def first_bad(
    entries: bytes | list[bytes], checkpoint: bytes = STORE.note, verifier: LogVerifier = KEY.verifier
) -> Found:
    whole = entries if isinstance(entries, bytes) else b"".join(entries)
    return verify(whole, checkpoint, verifier).first_bad


def without(position: int) -> list[bytes]:
    return LINES[:position] + LINES[position + 1 :]


def test_an_untouched_log_holds() -> None:
    report = verify(STORE.bytes, STORE.note, KEY.verifier)
    assert (report.first_bad, report.size, report.origin, report.hidden) == (None, SIZE, ORIGIN, 0)
    assert report.as_of.encode() == STORE.note
    assert report.root == opened(stored(SIZE)).root_at(SIZE)


def test_an_empty_log_holds() -> None:
    store = stored(0)
    assert first_bad(store.bytes, store.note) is None


def test_an_export_holds_without_private_parts() -> None:
    exported = b"".join(export_lines(LINES))
    report = verify(exported, STORE.note, KEY.verifier)
    assert (report.first_bad, report.hidden) == (None, SIZE)
    assert b"of entry" not in exported
    assert exported.count(b" -\n") == SIZE


def test_what_is_no_log_is_not_exported() -> None:
    with pytest.raises(EvidenceError, match="ENTRY-SYNTAX"):
        list(export_lines([b"{} \n"]))


@pytest.mark.parametrize("position", range(SIZE))
def test_a_changed_byte_is_found_where_it_is(position: int) -> None:
    line = LINES[position]
    for place in range(position % 7, len(line), 7):
        changed = line[:place] + bytes([line[place] ^ 1]) + line[place + 1 :]
        found = first_bad([*LINES[:position], changed, *LINES[position + 1 :]])
        assert found, place
        assert found[0] == position, place


def test_a_second_spelling_of_the_last_signature_is_found() -> None:
    """Every other signature is bound by the entry after it; of the last, base64 leaves four bits free."""
    _, line = fields_of(LINES[-1])
    other = {b"A": b"B", b"Q": b"R", b"g": b"h", b"w": b"x"}[line.signature[-3:-2]]
    respelt = replace(line, signature=line.signature[:-3] + other + b"==")
    assert base64.b64decode(respelt.signature) == base64.b64decode(line.signature)
    assert first_bad([*LINES[:-1], respelt.serialize()]) == (SIZE - 1, Fault.CHANGED)


def fields_of(line: bytes) -> tuple[dict[str, object], Line]:
    parsed = Line.parse(line)
    assert parsed
    return json.loads(parsed.leaf), parsed


WORDS = {"kind": "a-lie", "outcome": "lie", "time": "2020-01-01T00:00:00Z"}


@pytest.mark.parametrize("position", range(SIZE))
def test_another_well_formed_value_is_found_where_it_is(position: int) -> None:
    """Digests, words and times put in place with care; only the log key is missing."""
    fields, line = fields_of(LINES[position])
    for name in ("answer", "kind", "outcome", "previous", "private", "request", "sealed", "time"):
        lie = WORDS.get(name, "ab" * 32)
        leaf = json.dumps(fields | {name: lie}, sort_keys=True, separators=(",", ":")).encode()
        found = first_bad([*LINES[:position], replace(line, leaf=leaf).serialize(), *LINES[position + 1 :]])
        # Entry 0 that names a predecessor is no entry at all.
        fault = Fault.UNREADABLE if name == "previous" and position == 0 else Fault.CHANGED
        assert found == (position, fault), name


@pytest.mark.parametrize("position", range(SIZE))
def test_a_removed_entry_is_found_where_it_was(position: int) -> None:
    last = position == SIZE - 1
    assert first_bad(without(position)) == (position, Fault.MISSING if last else Fault.MISPLACED)


@pytest.mark.parametrize("position", range(SIZE))
def test_entries_that_changed_places_are_found_at_the_first(position: int) -> None:
    for other in range(SIZE):
        lines = list(LINES)
        lines[position], lines[other] = lines[other], lines[position]
        expected = None if position == other else (min(position, other), Fault.MISPLACED)
        assert first_bad(lines) == expected, other


@pytest.mark.parametrize("position", range(SIZE + 1))
def test_an_inserted_entry_is_found_where_it_was_put(position: int) -> None:
    for source in range(SIZE):
        lines = [*LINES[:position], LINES[source], *LINES[position:]]
        # A copy before its original reads as the original; the copy behind it is the one too many.
        expected = position + 1 if source == position else position
        fault = Fault.SURPLUS if expected == SIZE else Fault.MISPLACED
        assert first_bad(lines) == (expected, fault), source


@pytest.mark.parametrize("position", range(SIZE))
def test_a_cut_log_is_found_where_it_ends(position: int) -> None:
    assert first_bad(LINES[:position]) == (position, Fault.MISSING)
    half = LINES[position][: len(LINES[position]) // 2]
    assert first_bad([*LINES[:position], half]) == (position, Fault.UNREADABLE)


@pytest.mark.parametrize("tail", [b"\n", b"x", LINES[-1], b"\0" * 5000, LINES[0][:20]])
def test_anything_beyond_the_checkpoint_is_found(tail: bytes) -> None:
    assert first_bad(STORE.bytes + tail) == (SIZE, Fault.SURPLUS)


def rewritten(position: int, key: LogKey) -> list[bytes]:
    """The log as one writes it anew who changed the outcome of an entry, and has another key."""
    tree, lines, mark = CompactRange(), list[bytes](), None
    for index, text in enumerate(LINES):
        _, line = fields_of(text)
        entry = Entry.parse(line.leaf)
        if index >= position:
            entry = replace(entry, previous=mark, outcome="lie" if index == position else entry.outcome)
        tree.append(entry.leaf_hash)
        signature = key.signature(Checkpoint(ORIGIN, tree.size, tree.root)) if index >= position else b""
        line = Line(entry.leaf, base64.b64encode(signature) or line.signature, line.sealed)
        mark = hashlib.sha256(line.signature).digest()
        lines.append(line.serialize())
    return lines


@pytest.mark.parametrize("position", range(SIZE))
def test_a_log_rewritten_from_a_place_on_is_found_there(position: int) -> None:
    """The forger has carried his change through every later entry, and signed with a key of his own."""
    assert first_bad(rewritten(position, LogKey(ORIGIN, bytes(32)))) == (position, Fault.CHANGED)


@pytest.mark.parametrize("position", range(1, SIZE))
def test_the_end_of_another_history_is_found_where_it_begins(position: int) -> None:
    """Both histories were signed by this log: one of them after it was put back to an earlier state."""
    other = stored(position)
    log = opened(other)
    while log.size < SIZE:
        append(log, "list" if position == 1 else "policy")
    spliced = [*LINES[: position + 1], *other.bytes.splitlines(keepends=True)[position + 1 :]]
    found = first_bad(spliced)
    assert found == (None if position == SIZE - 1 else (position + 1, Fault.CHANGED))


def test_two_signed_histories_of_one_size_are_called_a_fork() -> None:
    other = stored(SIZE - 1)
    append(opened(other), "policy")
    with pytest.raises(EvidenceError, match="LOG-FORK"):
        verify(other.bytes, STORE.note, KEY.verifier)


def test_an_older_checkpoint_does_not_cover_what_came_after() -> None:
    older = stored(5)
    assert first_bad(STORE.bytes, older.note) == (5, Fault.SURPLUS)


def test_a_log_put_back_whole_looks_like_the_log_of_that_time() -> None:
    """What verification cannot see: the report says as of which checkpoint, so that it can be compared."""
    older = stored(5)
    report = verify(older.bytes, older.note, KEY.verifier)
    assert (report.first_bad, report.size) == (None, 5)
    assert report.as_of != STORE.note.decode()


@pytest.mark.parametrize("position", range(SIZE))
def test_an_erased_private_part_is_counted_and_is_no_fault(position: int) -> None:
    _, line = fields_of(LINES[position])
    erased = replace(line, sealed=HIDDEN).serialize()
    report = verify(b"".join([*LINES[:position], erased, *LINES[position + 1 :]]), STORE.note, KEY.verifier)
    assert (report.first_bad, report.hidden) == (None, 1)


def test_an_exchanged_private_part_is_found() -> None:
    _, line = fields_of(LINES[3])
    _, other = fields_of(LINES[4])
    exchanged = replace(line, sealed=other.sealed).serialize()
    assert first_bad([*LINES[:3], exchanged, *LINES[4:]]) == (3, Fault.CHANGED)


@pytest.mark.parametrize(
    "note", [b"", b"\xff", STORE.note[:-1], STORE.note.replace(b"\n%d\n" % SIZE, b"\n%d\n" % (SIZE - 1))]
)
def test_without_a_signed_checkpoint_nothing_is_said(note: bytes) -> None:
    with pytest.raises(EvidenceError, match="CHECKPOINT-"):
        verify(STORE.bytes, note, KEY.verifier)


def test_a_log_under_another_key_is_refused() -> None:
    with pytest.raises(EvidenceError, match="CHECKPOINT-SIGNATURE"):
        verify(STORE.bytes, STORE.note, LogKey(ORIGIN, bytes(32)).verifier)


class Gullible(LogVerifier):
    """Finds every signature good."""

    def holds(self, *_: object) -> bool:
        return True


def tampered() -> Iterator[list[bytes]]:
    for position in range(SIZE):
        yield rewritten(position, LogKey(ORIGIN, bytes(32)))
        fields, line = fields_of(LINES[position])
        leaf = json.dumps(fields | {"outcome": "lie"}, sort_keys=True, separators=(",", ":")).encode()
        yield [*LINES[:position], replace(line, leaf=leaf).serialize(), *LINES[position + 1 :]]


def named(verifier: LogVerifier) -> int:
    """In how many tampered logs a verifier names a bad entry."""
    count = 0
    for lines in tampered():
        try:
            count += first_bad(lines, verifier=verifier) is not None
        except EvidenceError:
            continue
    return count


def test_a_verifier_that_believes_every_signature_is_found_out() -> None:
    """Negative control: with such a verifier only the root speaks, and it cannot name an entry."""
    assert named(KEY.verifier) == 2 * SIZE
    assert named(Gullible(ORIGIN, KEY.verifier.key)) == 0


def test_new_log_is_the_log_of_this_page() -> None:
    """Deterministic: the same entries make the same log, byte for byte."""
    again = stored(SIZE)
    assert (again.bytes, again.note) == (STORE.bytes, STORE.note)
    assert new_log(stored(0), SIZE).checkpoint.encode() == STORE.note
