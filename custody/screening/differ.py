"""Which entries of one list another may not cover, found by walking through both, in little memory."""

from collections.abc import Iterator

from custody.screening.built import BuiltList
from custody.screening.flagged import FlaggedList
from custody.screening.large import Watch, watched
from custody.screening.layout import KEY_SIZE, is_whole

_WHAT = "Comparing the lists"
# After all records.
_END = b"\xff" * KEY_SIZE


def uncovered(one: FlaggedList, other: FlaggedList, watch: Watch) -> Iterator[tuple[int, str]]:
    """Number and address of each entry of ``one`` but those whose every program surely stands in ``other`` too.

    Both were verified. Which of them ``other`` really lacks is for the caller to see.
    """
    if not isinstance(one.index, BuiltList):
        yield from one.entries
        return
    for place in _places(one.index, other, watch):
        yield place + 1, one.index.entry(place).address


def _places(one: BuiltList, other: FlaggedList, watch: Watch) -> Iterator[int]:
    if not isinstance(other.index, BuiltList):
        yield from watched(range(one.header.entries), one.header.entries, _WHAT, watch)
        return
    marks = _lacking(one, other.index, watch)
    place = marks.find(1)
    while place >= 0:
        yield place
        place = marks.find(1, place + 1)


def _lacking(one: BuiltList, other: BuiltList, watch: Watch) -> bytearray:
    """Marks the entries that have a record without its like in the other list."""
    marks = bytearray(one.header.entries)
    theirs = other.rows()
    their = next(theirs, _END)
    for record in watched(one.rows(), one.header.records, _WHAT, watch):
        key = record[:KEY_SIZE]
        while their[:KEY_SIZE] < key:
            their = next(theirs, _END)
        if their[:KEY_SIZE] != key or not (is_whole(key) or _address(one, record) == _address(other, their)):
            marks[_place(record)] = 1
    return marks


def _address(built: BuiltList, record: bytes) -> str:
    return built.entry(_place(record)).address


def _place(record: bytes) -> int:
    return int.from_bytes(record[KEY_SIZE:], "big")
