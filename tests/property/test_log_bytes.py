"""Any bytes: a report or an error with a code; and the first bad entry is the first line that differs."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from log_examples import KEY, SIZE, MemoryStore, opened, stored

from custody.audit.checkpoint import LogVerifier, decode_note
from custody.audit.entry import Entry, PrivatePart
from custody.audit.line import Line
from custody.audit.verify import verify
from custody.errors import CustodyError

STORE = stored(SIZE)
LINES = STORE.bytes.splitlines(keepends=True)
PIECES = st.binary(max_size=6) | st.sampled_from([b"\n", b" ", b"-", b'"', *LINES])


@st.composite
def edited(draw: st.DrawFn) -> bytes:
    """The log's file after one to three edits: bytes or lines put in place of others."""
    whole = STORE.bytes
    for _ in range(draw(st.integers(1, 3))):
        begin = draw(st.integers(0, len(whole)))
        end = draw(st.integers(begin, min(len(whole), begin + 8)) | st.integers(begin, len(whole)))
        whole = whole[:begin] + draw(PIECES) + whole[end:]
    return whole


def first_difference(whole: bytes) -> int | None:
    """The first line that is not the true one: what a comparison with the true log would find."""
    found = [line + b"\n" for line in whole.split(b"\n")]
    found[-1] = found[-1][:-1]
    for index, line in enumerate(LINES):
        if index >= len(found) or found[index] != line:
            return index
    return None if whole == STORE.bytes else SIZE


@given(whole=edited())
@settings(max_examples=400)
def test_the_first_bad_entry_is_the_first_line_that_differs(whole: bytes) -> None:
    found = verify(whole, STORE.note, KEY.verifier).first_bad
    assert (found[0] if found else None) == first_difference(whole)


@given(whole=edited(), note=st.just(STORE.note) | st.binary(max_size=200))
@settings(max_examples=200)
def test_an_edited_log_opens_or_is_refused_by_name(whole: bytes, note: bytes) -> None:
    try:
        log = opened(MemoryStore(whole, note))
    except CustodyError:
        return
    assert first_difference(whole) in (None, SIZE)
    assert log.size in (SIZE, SIZE + 1)


PARSERS: list[Callable[[bytes], object]] = [
    Entry.parse,
    Line.parse,
    PrivatePart.parse,
    decode_note,
    lambda octets: KEY.verifier.open(decode_note(octets)),
    lambda octets: LogVerifier.parse(octets.decode("latin-1")),
    lambda octets: verify(octets, STORE.note, KEY.verifier),
    lambda octets: verify(STORE.bytes, octets, KEY.verifier),
]


@given(octets=st.binary(max_size=400) | edited())
@settings(max_examples=150)
def test_any_bytes_are_read_or_refused_by_name(octets: bytes) -> None:
    for parse in PARSERS:
        try:
            parse(octets)
        except CustodyError as error:
            assert error.code


@given(
    index=st.integers(0, 2**53 - 1),
    kind=st.from_regex(r"[a-z][a-z-]{0,31}", fullmatch=True),
    outcome=st.none() | st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,31}", fullmatch=True),
    request=st.none() | st.binary(min_size=32, max_size=32),
    time=st.integers(0, 253_402_300_799),
)
@settings(max_examples=150)
def test_any_entry_reads_back(index: int, kind: str, outcome: str | None, request: bytes | None, time: int) -> None:
    previous = None if index == 0 else bytes(32)
    entry = Entry(index, kind, request, outcome, None, time, bytes(32), b"\x01" * 32, previous)
    assert Entry.parse(entry.leaf) == entry
