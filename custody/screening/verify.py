"""Verifying a built list of any length in little memory: it is exactly what its own entries and sources give.

Sorted records, each once, as many as the entries have programs, and every program of every entry among them: so the
records are those of the entries and no others.
"""

from collections import Counter
from collections.abc import Iterator

from custody.errors import InputError
from custody.screening.address import candidates
from custody.screening.built import BuiltList
from custody.screening.entry import Entry
from custody.screening.large import Watch, unwatched, watched
from custody.screening.layout import KEY_SIZE, NUMBER_SIZE, damaged, entry_line, record_key
from custody.screening.networks import Decoded, decode_entry

#: Beyond so many addresses of one key or script nobody means a list of addresses.
MAX_SPELLINGS = 1_000_000

_WHAT = "Verifying the list"


def verify(built: BuiltList, watch: Watch = unwatched) -> Counter[tuple[str, str]]:
    """That a build of the list's entries and sources gives this list, octet for octet.

    Returns:
        The entries by network and kind.

    Raises:
        InputError: LIST-FORM.
    """
    try:
        kinds = _entries_hold(built, watch)
        _records_hold(built)
    except InputError as error:
        if error.code == "LIST-FORM":
            raise
        raise damaged("an entry is not in its form") from error
    return kinds


def _entries_hold(built: BuiltList, watch: Watch) -> Counter[tuple[str, str]]:
    """That the entries have one spelling and follow each other, and that all their programs are found."""
    kinds: Counter[tuple[str, str]] = Counter()
    sources: Counter[int] = Counter()
    records = 0
    for place, entry in _entries(built, watch):
        decoded = decode_entry(entry.address)
        keys = {record_key(program) for program in candidates(decoded.program)}
        number = place.to_bytes(NUMBER_SIZE, "big")
        if not all(built.has_record(key + number) for key in keys):
            raise damaged("a record is missing, or out of order")
        records += len(keys)
        kinds[decoded.network, str(decoded.program.kind)] += 1
        sources[entry.source] += 1
    if records != built.header.records or any(
        one.count != sources[place] for place, one in enumerate(built.header.sources)
    ):
        raise damaged("its counts do not follow from its entries")
    return kinds


def _entries(built: BuiltList, watch: Watch) -> Iterator[tuple[int, Entry]]:
    begin, count = 0, built.header.entries
    for place in watched(range(count), count, _WHAT, watch):
        entry = built.entry(place)
        line = entry_line(entry)
        if built.text(begin, len(line)) != line or built.offset(place) != begin:
            raise damaged("an entry is not in its form, or not in its place")
        begin += len(line)
        yield place, entry
    if begin != built.header.texts:
        raise damaged("more follows its entries")


def _records_hold(built: BuiltList) -> None:
    """That the records are sorted, each once, and that no address stands twice."""
    before = b""
    alike: list[bytes] = []
    for record in built.rows():
        if record <= before:
            raise damaged("its records are out of order")
        if record[:KEY_SIZE] != before[:KEY_SIZE]:
            _no_address_twice(built, alike)
            alike = []
        if len(alike) == MAX_SPELLINGS:
            raise damaged("one key or script has more addresses in it than anybody can mean")
        alike.append(record)
        before = record
    _no_address_twice(built, alike)


def _no_address_twice(built: BuiltList, alike: list[bytes]) -> None:
    """Of entries that share a record's key, those whose own key it is have different addresses."""
    if len(alike) > 1:
        canonical = [one.canonical for one in _own(built, alike)]
        if len(set(canonical)) < len(canonical):
            raise damaged("an address stands twice")


def _own(built: BuiltList, alike: list[bytes]) -> Iterator[Decoded]:
    for record in alike:
        decoded = decode_entry(built.entry(int.from_bytes(record[KEY_SIZE:], "big")).address)
        if record_key(decoded.program) == record[:KEY_SIZE]:
            yield decoded
