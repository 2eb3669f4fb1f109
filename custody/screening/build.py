"""Building a list of any length in bounded memory."""

import hashlib
import heapq
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import BinaryIO, NamedTuple, Protocol

from custody.errors import InputError
from custody.screening.address import candidates
from custody.screening.entry import Entry, Source
from custody.screening.layout import (
    KEY_SIZE,
    MAX_ENTRIES,
    MAX_SOURCES,
    MAX_TEXTS,
    NUMBER_SIZE,
    Header,
    entry_line,
    record_key,
)
from custody.screening.networks import EXACT_MARK, Decoded, decode_entry

_RUN = 1 << 20
_DIGEST = 32

#: Gives an empty file for reading and writing that nobody else sees.
Spool = Callable[[], BinaryIO]


class Writer(Protocol):
    """Where a list is written."""

    def write(self, octets: bytes, /) -> object: ...


@dataclass(frozen=True, slots=True)
class Summary:
    """What a build made: entries by network and kind, and how many addresses stood there before."""

    header: Header
    kinds: Counter[tuple[str, str]]
    duplicates: int


class _Sorter:
    """Octet strings of one length, sorted with no more than `_RUN` of them in memory."""

    def __init__(self, size: int, spool: Spool) -> None:
        self._size, self._spool = size, spool
        self._run: list[bytes] = []
        self._runs: list[BinaryIO] = []

    def add(self, one: bytes) -> None:
        self._run.append(one)
        if len(self._run) == _RUN:
            run = self._spool()
            run.write(b"".join(sorted(self._run)))
            self._runs.append(run)
            self._run = []

    def sorted(self) -> Iterator[bytes]:
        for run in self._runs:
            run.seek(0)
        stored = [iter(partial(run.read, self._size), b"") for run in self._runs]
        return heapq.merge(*stored, sorted(self._run)) if stored else iter(sorted(self._run))

    def close(self) -> None:
        for run in self._runs:
            run.close()


@dataclass(slots=True)
class _Collected:
    """All entries as they came, those among them that stood there before, and what is known of each by its place."""

    texts: BinaryIO
    lengths: "array[int]" = field(default_factory=partial(array, "H"))
    sources: "array[int]" = field(default_factory=partial(array, "H"))
    programs: "array[int]" = field(default_factory=partial(array, "B"))
    kinds: "array[int]" = field(default_factory=partial(array, "H"))
    names: dict[tuple[str, str], int] = field(default_factory=dict)
    again: bytearray = field(default_factory=bytearray)

    def add(self, entry: Entry, kind: tuple[str, str], programs: int) -> None:
        if len(self.lengths) == MAX_ENTRIES:
            raise InputError("LIST-ENTRIES", f"A list has at most {MAX_ENTRIES:,} entries.")
        line = entry_line(entry)
        self.texts.write(line)
        self.lengths.append(len(line))
        self.sources.append(entry.source)
        self.programs.append(programs)
        self.kinds.append(self.names.setdefault(kind, len(self.names)))
        self.again.append(0)

    def kept(self, values: Iterable[int]) -> Iterator[int]:
        """Those of the entries that stay."""
        return (value for value, again in zip(values, self.again, strict=True) if not again)


class _Head(NamedTuple):
    """What is written before the records."""

    header: Header
    kinds: Counter[tuple[str, str]]


def build(
    entries: Iterable[Entry],
    sources: Callable[[], Sequence[Source]],
    out: Writer,
    spool: Spool,
    unexplained: Callable[[str], object] | None = None,
) -> Summary:
    """Writes the list of these entries. The same entries and sources give the same bytes.

    Args:
        sources: where entries come from, asked for when all were read, or one is no address; their counts are made
            here.
        out: where the list goes, from its first byte to its last.
        spool: scratch files; some 150 bytes an entry.
        unexplained: told of each entry that no known network explains, by place and text, which is then compared as
            text; without it such an entry ends the build.

    Raises:
        InputError: what reading an entry raises; LIST-ADDRESS names one that is no address; LIST-SOURCE, LIST-ENTRIES.
    """
    records, written = _Sorter(KEY_SIZE + NUMBER_SIZE, spool), _Sorter(_DIGEST + NUMBER_SIZE, spool)
    with spool() as texts:
        try:
            collected = _collect(_decoded(entries, sources, unexplained), _Collected(texts), records, written)
            duplicates = _mark_duplicates(collected, written)
            head = _head(collected, sources())
            out.write(head.header.serialize())
            _write_records(collected, records, out)
            _write_texts(collected, out)
        finally:
            records.close()
            written.close()
    return Summary(head.header, head.kinds, duplicates)


def _decoded(
    entries: Iterable[Entry], sources: Callable[[], Sequence[Source]], unexplained: Callable[[str], object] | None
) -> Iterator[tuple[Entry, Decoded]]:
    for entry in entries:
        try:
            yield entry, decode_entry(entry.address)
        except InputError as error:
            label = f" ({entry.label})" if entry.label else ""
            told = f"{sources()[entry.source].name}, {entry.number}{label}: {entry.address}"
            if unexplained is None:
                hint = "Ask its publisher; without --strict it is compared as text."
                raise InputError("LIST-ADDRESS", f"{told} is no address.", hint) from error
            yield _as_text(entry, told)
            unexplained(told)


def _as_text(entry: Entry, told: str) -> tuple[Entry, Decoded]:
    """The entry compared as it is. Raises InputError LIST-ADDRESS for what nobody could type."""
    marked = replace(entry, address=EXACT_MARK + entry.address)
    try:
        return marked, decode_entry(marked.address)
    except InputError as error:
        raise InputError("LIST-ADDRESS", f"{told} is no address, and no text to compare.", error.hint) from error


def _collect(
    entries: Iterable[tuple[Entry, Decoded]], into: _Collected, records: _Sorter, written: _Sorter
) -> _Collected:
    for place, (entry, decoded) in enumerate(entries):
        number = place.to_bytes(NUMBER_SIZE, "big")
        written.add(hashlib.sha256(decoded.canonical.encode("ascii")).digest() + number)
        keys = {record_key(program) for program in candidates(decoded.program)}
        for key in keys:
            records.add(key + number)
        into.add(entry, (decoded.network, str(decoded.program.kind)), len(keys))
    return into


def _mark_duplicates(collected: _Collected, written: _Sorter) -> int:
    """Of the same address the first entry stays."""
    before, duplicates = b"", 0
    for one in written.sorted():
        digest = one[:_DIGEST]
        if digest == before:
            collected.again[int.from_bytes(one[_DIGEST:], "big")] = 1
            duplicates += 1
        before = digest
    return duplicates


def _head(collected: _Collected, sources: Sequence[Source]) -> _Head:
    counts = Counter(collected.kept(collected.sources))
    if len(sources) > MAX_SOURCES or any(source >= len(sources) for source in counts):
        raise InputError("LIST-SOURCE", f"A list has at most {MAX_SOURCES:,} sources, and each entry one of them.")
    header = Header(
        tuple(replace(source, count=counts[place]) for place, source in enumerate(sources)),
        entries=sum(counts.values()),
        records=sum(collected.kept(collected.programs)),
        texts=sum(collected.kept(collected.lengths)),
    )
    if header.texts > MAX_TEXTS:
        raise InputError("LIST-ENTRIES", f"The entries of a list have at most {MAX_TEXTS:,} bytes.")
    names = list(collected.names)
    kinds = Counter(collected.kept(collected.kinds))
    return _Head(header, Counter({names[kind]: count for kind, count in kinds.items()}))


def _write_records(collected: _Collected, records: _Sorter, out: Writer) -> None:
    numbers, place = array("I"), 0
    for again in collected.again:
        numbers.append(place)
        place += 1 - again
    for record in records.sorted():
        came = int.from_bytes(record[KEY_SIZE:], "big")
        if not collected.again[came]:
            out.write(record[:KEY_SIZE] + numbers[came].to_bytes(NUMBER_SIZE, "big"))


def _write_texts(collected: _Collected, out: Writer) -> None:
    offset = 0
    for length in collected.kept(collected.lengths):
        out.write(offset.to_bytes(NUMBER_SIZE, "big"))
        offset += length
    collected.texts.seek(0)
    for length, again in zip(collected.lengths, collected.again, strict=True):
        line = collected.texts.read(length)
        if not again:
            out.write(line)
