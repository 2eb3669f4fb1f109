"""The signer's log: durable appends, torn writes, crashes at every point, and what is refused when it is opened."""

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from log_examples import KEY, NOW, ORIGIN, SIZE, BoxSealer, MemoryStore, append, new_log, opened, private, stored

from custody.audit.checkpoint import LogKey
from custody.audit.entry import MAX_PRIVATE, Entry, verify_disclosure
from custody.audit.line import HIDDEN, Line
from custody.audit.log import Log
from custody.audit.merkle import EMPTY_ROOT, verify_consistency, verify_inclusion
from custody.audit.verify import verify
from custody.errors import EvidenceError, HomeError


def lines(store: MemoryStore) -> list[bytes]:
    return store.bytes.splitlines(keepends=True)


def holds(store: MemoryStore) -> bool:
    return verify(store.bytes, store.note, KEY.verifier).first_bad is None


def test_a_new_log_has_a_signed_checkpoint_of_nothing() -> None:
    store = MemoryStore()
    Log.create(store, KEY, BoxSealer())
    stated = KEY.verifier.open(store.note.decode())
    assert (stated.origin, stated.size, stated.root) == (ORIGIN, 0, EMPTY_ROOT)
    assert store.key == str(KEY.verifier)


def test_what_was_appended_is_there_after_opening() -> None:
    store = MemoryStore()
    log = new_log(store)
    again = opened(store)
    assert list(again.entries) == list(log.entries)
    assert [again.private(index) for index in range(SIZE)] == [log.private(index) for index in range(SIZE)]
    assert again.checkpoint == log.checkpoint == store.note.decode()
    assert (again.size, again.verifier) == (SIZE, KEY.verifier)


def test_entries_number_themselves_and_name_their_predecessor() -> None:
    store = stored()
    entries = list(opened(store).entries)
    assert [entry.index for entry in entries] == list(range(SIZE))
    marks = [hashlib.sha256(line.split(b" ")[1]).digest() for line in lines(store)]
    assert [entry.previous for entry in entries] == [None, *marks[:-1]]


def test_every_entry_is_proved_in_the_newest_checkpoint() -> None:
    log = opened(stored())
    stated = log.verifier.open(log.checkpoint)
    for entry in log.entries:
        verify_inclusion(entry.leaf, entry.index, stated.size, log.inclusion(entry.index), stated.root)


def test_the_log_is_consistent_with_each_checkpoint_it_had() -> None:
    store = MemoryStore()
    log, seen = Log.create(store, KEY, BoxSealer()), []
    for kind in ("init", "policy", "list", "account", "torn"):
        append(log, kind)
        seen.append(KEY.verifier.open(log.checkpoint))
    for old in seen:
        assert log.root_at(old.size) == old.root
        verify_consistency(old.size, log.size, old.root, log.root_at(log.size), log.consistency(old.size))


def test_entries_are_found_by_kind_and_request() -> None:
    store = stored()
    log = opened(store)
    answered = log.last("answered")
    assert answered
    assert log.find("answered", answered.request) == answered
    assert log.find("authorised", answered.request) is None
    assert log.find("answered", b"no such request") is None
    assert log.last("no-such-kind") is None
    append(log, "answered")
    newest = log.last("answered")
    assert newest
    assert newest.index == SIZE
    assert log.find("answered", answered.request) == answered


def test_entries_behave_as_a_sequence() -> None:
    log = opened(stored())
    assert len(log.entries) == SIZE
    assert log.entries[-1] == log.entries[SIZE - 1]
    assert [entry.index for entry in log.entries[2:5]] == [2, 3, 4]
    with pytest.raises(IndexError):
        log.entries[SIZE]


@pytest.mark.parametrize("ask", [Log.private, Log.salts, Log.inclusion, Log.entry])
@pytest.mark.parametrize("index", [-1, SIZE])
def test_an_entry_that_is_not_there_is_refused(ask: Callable[[Log, int], Any], index: int) -> None:
    with pytest.raises(EvidenceError, match="PROOF-RANGE"):
        ask(opened(stored()), index)


def test_the_salts_are_those_of_the_specification() -> None:
    log = opened(stored())
    entry = log.entries[4]
    head = {name: value for name, value in json.loads(entry.leaf).items() if name not in ("private", "sealed")}
    text = json.dumps(head, sort_keys=True, separators=(",", ":")).encode()
    entry_salt = hmac.new(bytes(32), text, hashlib.sha256).digest()
    expected = {name: hmac.new(entry_salt, name.encode(), hashlib.sha256).digest() for name in log.private(4)}
    assert log.salts(4) == expected


def test_a_field_of_an_entry_can_be_disclosed() -> None:
    log = opened(stored())
    verify_disclosure(log.entries[4], log.private_part(4).disclose(4, "spends"))


def test_the_public_part_holds_nothing_of_the_private_one() -> None:
    store = stored()
    assert b"of entry" not in store.bytes
    assert opened(store).private(4)["facts"] == "facts of entry 4"


# What is refused before anything is written.


@pytest.mark.parametrize(
    "change",
    [
        {"private": {}},
        {"kind": "no-kind"},
        {"request": None},
        {"request": b"r" * 31},
        {"answer": b"a" * 32},
        {"outcome": "two words"},
        {"outcome": ""},
        {"private": private("authorised", 0) | {"facts": "x" * MAX_PRIVATE}},
    ],
)
def test_an_entry_out_of_form_is_refused_and_the_log_goes_on(change: dict[str, Any]) -> None:
    store = stored(1)
    log, before = opened(store), store.bytes
    entry = {"kind": "authorised", "request": b"r" * 32, "private": private("authorised", 1), "time": NOW}
    with pytest.raises(HomeError, match="ENTRY-SCHEMA"):
        log.append(**(entry | change))
    assert store.bytes == before
    assert log.append(**entry).index == 1
    assert holds(store)


# A write that fails.


class DiskError(Exception):
    pass


@pytest.mark.parametrize("what", ["entries", "checkpoint"])
def test_after_a_failed_write_the_log_must_be_opened_anew(what: str) -> None:
    store = stored(3)
    log = opened(store)

    def fail(written: str) -> None:
        if written == what:
            raise DiskError

    store.fault = fail
    with pytest.raises(DiskError):
        append(log, "policy")
    store.fault = lambda _what: None
    with pytest.raises(HomeError, match="LOG-UNUSABLE"):
        append(log, "policy")
    again = opened(store)
    assert again.size == (3 if what == "entries" else 4)
    append(again, "list")
    assert holds(store)


# Crashes.


def test_a_crash_between_entry_and_checkpoint_keeps_the_entry() -> None:
    store = stored(SIZE)
    older = stored(SIZE - 1)
    crashed = MemoryStore(store.bytes, older.note)
    log = opened(crashed)
    assert log.size == SIZE
    assert (crashed.bytes, crashed.note) == (store.bytes, store.note)


def test_an_entry_that_a_failed_sync_left_is_written_again_before_it_is_signed_for() -> None:
    """After a failed sync the system may show bytes that the disk does not hold."""
    crashed, written = MemoryStore(stored(SIZE).bytes, stored(SIZE - 1).note), list[str]()
    crashed.fault = written.append
    opened(crashed)
    assert written == ["entries", "checkpoint"]


@pytest.mark.parametrize("size", [1, 2, 5])
def test_a_write_torn_at_any_byte_is_cut_and_the_cut_is_logged(size: int) -> None:
    whole, older = stored(size), stored(size - 1)
    last = lines(whole)[-1]
    for kept in range(1, len(last), 1 if size == 1 else 7):
        torn = last[:kept]
        crashed = MemoryStore(older.bytes + torn, older.note)
        log = opened(crashed)
        entry = log.entries[-1]
        assert (log.size, entry.kind, entry.time) == (size, "torn", NOW)
        assert log.private(size - 1) == {"bytes": kept, "digest": hashlib.sha256(torn).hexdigest()}
        assert crashed.bytes.startswith(older.bytes)
        assert holds(crashed)
        assert opened(crashed).size == size


@pytest.mark.parametrize("tail", [b"\0" * 4096, b"\n", b"half of it\n", b"\xff\xfe", b"{} a -\n"])
def test_what_a_power_cut_may_leave_is_cut_and_logged(tail: bytes) -> None:
    older = stored(3)
    crashed = MemoryStore(older.bytes + tail, older.note)
    assert opened(crashed).entries[-1].kind == "torn"
    assert holds(crashed)


def test_a_crash_while_the_cut_is_logged_is_survived() -> None:
    """The `torn` entry is written over the torn bytes; some of them may still stand behind it."""
    older = stored(3)
    cut = MemoryStore(older.bytes + b"torn" * 400, older.note)
    opened(cut)
    behind = MemoryStore(cut.bytes + b"torn" * 50, older.note)
    log = opened(behind)
    assert [entry.kind for entry in log.entries[3:]] == ["torn", "torn"]
    assert holds(behind)


# What is refused at the door.


def forged(key: LogKey) -> bytes:
    """A fourth line, in form, signed by another key."""
    store = MemoryStore()
    log = Log.create(store, key, BoxSealer())
    for kind in ("init", "policy", "list", "account"):
        append(log, kind)
    return lines(store)[3]


WHOLE = lines(stored(5))


@pytest.mark.parametrize(
    "tail",
    [
        forged(LogKey(ORIGIN, bytes(32))),
        WHOLE[3].replace(b"2026-01-01", b"2025-01-01"),
        WHOLE[2],
        b"one\ntwo",
        b"one\ntwo\n",
        WHOLE[3] + WHOLE[4],
        WHOLE[3] + WHOLE[3],
        b"x" * (32 * 1_048_576),
    ],
    ids=[
        "another key's",
        "a changed one",
        "a copy",
        "two torn lines",
        "two bad lines",
        "two entries",
        "an entry twice",
        "enormous",
    ],
)
def test_a_tail_that_no_crash_leaves_is_refused(tail: bytes) -> None:
    store = stored(3)
    tampered = MemoryStore(store.bytes + tail, store.note)
    with pytest.raises(HomeError, match="LOG-TAIL"):
        opened(tampered)
    assert tampered.bytes.startswith(store.bytes)


@pytest.mark.parametrize("position", range(SIZE))
def test_a_changed_entry_is_named_when_the_log_is_opened(position: int) -> None:
    store = stored()
    changed = lines(store)
    changed[position] = changed[position].replace(b'"time":"2026', b'"time":"2025')
    with pytest.raises(HomeError, match=f"LOG-ENTRY: Log entry {position} does not hold: changed"):
        opened(MemoryStore(b"".join(changed), store.note))


@pytest.mark.parametrize("size", range(SIZE))
def test_a_log_shorter_than_its_checkpoint_is_refused(size: int) -> None:
    store = stored()
    with pytest.raises(HomeError, match=f"LOG-ENTRY: Log entry {size} does not hold: missing"):
        opened(MemoryStore(b"".join(lines(store)[:size]), store.note))


@pytest.mark.parametrize("note", [b"", b"\xff", stored(3).note[:-1], LogKey(ORIGIN, bytes(32)).sign(
    KEY.verifier.open(stored(3).note.decode())).encode()])  # fmt: skip
def test_a_checkpoint_that_does_not_hold_is_refused(note: bytes) -> None:
    with pytest.raises(HomeError, match="LOG-CHECKPOINT"):
        opened(MemoryStore(stored(3).bytes, note))


def test_a_checkpoint_of_another_history_is_refused() -> None:
    other = stored(2)
    append(opened(other), "policy")
    with pytest.raises(HomeError, match="LOG-FORK"):
        opened(MemoryStore(stored(3).bytes, other.note))


# Private parts.


def replaced(store: MemoryStore, index: int, sealed: bytes) -> MemoryStore:
    changed = lines(store)
    line = Line.parse(changed[index])
    assert line
    changed[index] = Line(line.leaf, line.signature, sealed).serialize()
    return MemoryStore(b"".join(changed), store.note)


def test_an_erased_private_part_leaves_the_log_whole() -> None:
    log = opened(replaced(stored(), 4, HIDDEN))
    assert log.size == SIZE
    assert log.private(5)
    with pytest.raises(HomeError, match="LOG-PRIVATE"):
        log.private(4)


def test_a_private_part_under_another_device_key_does_not_open() -> None:
    log = Log.open(stored(), KEY, BoxSealer(b"k" * 32), NOW)
    with pytest.raises(HomeError, match="LOG-PRIVATE"):
        log.private(4)


class Careless(BoxSealer):
    """Opens the private part of one entry as that of any other."""

    def seal(self, _index: int, private: bytes) -> bytes:
        return private

    def open(self, index: int, sealed: bytes) -> bytes:
        return sealed if index != 2 else sealed.replace(b"entry 2", b"entry 3")


def test_a_private_part_that_the_entry_did_not_commit_to_is_refused() -> None:
    store = MemoryStore()
    log = Log.create(store, KEY, Careless())
    for kind in ("init", "policy", "list"):
        append(log, kind)
    assert log.private(1) == private("policy", 1)
    with pytest.raises(HomeError, match="LOG-PRIVATE"):
        log.private(2)


def test_a_file_changed_under_an_open_log_is_noticed() -> None:
    store = stored()
    log = opened(store)
    store.bytes = store.bytes.replace(b"outcome-4", b"outcome-5")
    with pytest.raises(HomeError, match="LOG-ENTRY"):
        log.entry(4)
    store.bytes = b"x" * len(store.bytes)
    with pytest.raises(HomeError, match="LOG-ENTRY"):
        log.private(5)


def test_the_same_events_make_the_same_log() -> None:
    """Nothing in the log is chosen at random, so nothing can be hidden in it."""
    assert (stored().bytes, stored().note) == (stored().bytes, stored().note)


def test_an_entry_returned_is_the_entry_stored() -> None:
    store = stored(1)
    log = opened(store)
    entry = log.append("policy", private=private("policy", 1), time=NOW)
    assert isinstance(entry, Entry)
    assert entry == log.entries[1]
