"""Increments: any bytes are one or refused; a log of any length is the same log in whatever parts it leaves."""

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from log_examples import KEY, NOW, SIZE, MemoryStore, new_log

from custody.audit.collect import Collection, increment
from custody.audit.verify import export_lines
from custody.errors import CustodyError, EvidenceError, InputError, UsageError
from custody.wire.increment import LogIncrement

STORE = MemoryStore()
LOG = new_log(STORE, SIZE)
LINES = tuple(export_lines(STORE.bytes.splitlines(keepends=True)))
HONEST = increment(LOG, 2, 2_000).serialize()


def collected(*increments: LogIncrement) -> Collection:
    collection = Collection(KEY.verifier)
    for one in increments:
        collection.add(one)
    return collection


@given(st.lists(st.integers(1, 4_000), min_size=1, max_size=40))
@settings(max_examples=60)
def test_a_log_in_whatever_parts_is_the_same_log(limits: list[int]) -> None:
    collection, lines = Collection(KEY.verifier), list[bytes]()
    for limit in [*limits, 10**9]:
        if collection.size < SIZE:
            one = LogIncrement.parse(increment(LOG, collection.size, limit).serialize())
            assert len(one.lines) == 1 or sum(map(len, one.lines)) <= limit
            lines += collection.add(one)
    assert tuple(lines) == LINES
    assert (collection.root, collection.checkpoint) == (LOG.root_at(SIZE), LOG.checkpoint)
    assert collection.length == sum(map(len, LINES))


@given(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1), st.integers(1, 9_000))
def test_increments_that_overlap_add_what_is_new(first: int, second: int, limit: int) -> None:
    begin = increment(LOG, 0, 9_000)
    one, other = (increment(LOG, at, limit) for at in sorted((first, second)))
    collection = collected(begin)
    for part in (one, other):
        if part.first > collection.size:
            with pytest.raises(EvidenceError, match="LOG-GAP"):
                collection.add(part)
        else:
            before = collection.size
            assert len(collection.add(part)) == max(part.next - before, 0)


@pytest.mark.parametrize("size", [SIZE - 1, SIZE, SIZE + 2])
@pytest.mark.parametrize("first", [0, 3])
def test_two_histories_that_the_key_signed_are_a_fork(size: int, first: int) -> None:
    """A device that was put back to an earlier state and used again, whichever of both is longer."""
    other = new_log(MemoryStore(), SIZE - 4)
    while other.size < size:
        other.append("unlock-failed", private={"officers": ["Sato"], "reason": "SEAL-CLOSED"}, time=NOW + 1)
    collection = collected(increment(LOG, 0, 10**9))
    with pytest.raises(EvidenceError, match="LOG-FORK"):
        collection.add(increment(other, first, 10**9))
    assert collection.size == SIZE


def test_an_increment_that_was_changed_on_its_way_is_no_fork() -> None:
    collection = collected(increment(LOG, 0, 10**9))
    changed = (*LINES[:2], LINES[2].replace(b'"kind"', b'"kinb"'), *LINES[3:])
    with pytest.raises(EvidenceError, match="LOG-ENTRY: Log entry 2 "):
        collection.add(replace(increment(LOG, 0, 10**9), lines=changed))


@pytest.mark.parametrize("first", [-1, SIZE, SIZE + 1])
def test_there_is_no_increment_of_nothing(first: int) -> None:
    with pytest.raises(UsageError, match="EXPORT-NOTHING"):
        increment(LOG, first, 1_000)


def test_private_parts_are_refused() -> None:
    whole = tuple(STORE.bytes.splitlines(keepends=True))
    with pytest.raises(InputError, match="LOG-INCREMENT"):
        LogIncrement.parse(replace(increment(LOG, 0, 10**6), lines=whole).serialize())


@pytest.mark.parametrize("lines", [(), (b"",), (b"\n",), (b" -\n\n",), (b"x -",), (b"x -\r\n",), (b"a\nb -\n",)])
def test_what_are_no_lines_is_refused(lines: tuple[bytes, ...]) -> None:
    with pytest.raises(InputError, match="LOG-INCREMENT"):
        LogIncrement.parse(replace(increment(LOG, 0, 10**6), lines=lines).serialize())


@given(st.binary(max_size=60), st.integers(0, len(HONEST)), st.integers(0, 40))
@example(b"", 0, 0)
@settings(max_examples=400)
def test_no_bytes_put_into_an_increment_add_another_entry(junk: bytes, place: int, cut: int) -> None:
    """A value that is proved, or a refusal; what is proved is the log's."""
    bent = HONEST[:place] + junk + HONEST[place + cut :]
    collection = collected(increment(LOG, 0, 1_000))
    before = collection.size
    try:
        one = LogIncrement.parse(bent)
        new = collection.add(one)
    except CustodyError:
        return
    assert new == LINES[before : before + len(new)]


@given(st.binary(max_size=300))
@settings(max_examples=300)
def test_any_bytes_are_an_increment_or_refused(encoded: bytes) -> None:
    try:
        LogIncrement.parse(encoded)
    except CustodyError:
        return


def test_a_collector_that_looked_at_numbers_alone_would_be_found() -> None:
    """Fitting numbers and hashes, signed by nobody."""
    one = increment(LOG, 0, 10**6)
    forged = replace(one, lines=tuple(line.replace(b'"outcome":null', b'"outcome":"x"') for line in one.lines))
    with pytest.raises(EvidenceError, match="LOG-ENTRY"):
        collected(forged)
