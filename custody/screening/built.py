"""A built list, looked up where it lies: opening it reads the header and a few records, and so does a search."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from custody.errors import InputError
from custody.screening.address import Program, candidates
from custody.screening.entry import Entry
from custody.screening.layout import (
    KEY_SIZE,
    MAX_LINE,
    NUMBER_SIZE,
    RECORD_SIZE,
    Header,
    Octets,
    damaged,
    parse_line,
    record_key,
)
from custody.screening.networks import Decoded, decode_entry
from custody.screening.search import Records

_ROWS_READ = 1 << 12


@dataclass(frozen=True, slots=True)
class BuiltList:
    """Sorted records over bytes or a mapped file. What they say is confirmed by the entry itself at each match.

    Attributes:
        octets: the whole list. header: what it says of itself. start: where the records begin. records: they.
    """

    octets: Octets
    header: Header
    start: int
    records: Records

    #: How an entry's number is called.
    counted: ClassVar[str] = "entry"

    @classmethod
    def open(cls, octets: Octets) -> "BuiltList":
        """The list in these bytes, whose header and length are checked and nothing else (see `verify.verify`).

        Raises:
            InputError: LIST-VERSION, LIST-FORM.
        """
        header, start = Header.parse(octets)
        return cls(octets, header, start, Records.open(octets, start, header.records))

    @property
    def lines(self) -> Iterator[tuple[int, str]]:
        """Number, from 1, and text of each entry."""
        return ((number, entry.address) for number, entry in enumerate(self.entries(), 1))

    def entries(self) -> Iterator[Entry]:
        """All entries, in order. Raises InputError LIST-FORM."""
        return map(self.entry, range(self.header.entries))

    def entry(self, place: int) -> Entry:
        """An entry by its place from 0. Raises InputError LIST-FORM."""
        if not 0 <= place < self.header.entries:
            raise damaged("a record names an entry that is not there")
        begin = self._texts + self.offset(place)
        end = self.octets.find(b"\n", begin, min(begin + MAX_LINE, len(self.octets))) + 1
        if begin >= len(self.octets) or not end:
            raise damaged("an entry has no end")
        return parse_line(self.octets[begin:end], len(self.header.sources))

    def under(self, program: Program) -> Iterable[tuple[int, Entry, str]]:
        """Number, entry and canonical text of all that answer for this program, in the list's order.

        Raises:
            InputError: LIST-FORM where a record and its entry do not agree.
        """
        key = record_key(program)
        record = self.records.first(key)
        return () if record is None else self._answering(program, key, record)

    def _answering(self, program: Program, key: bytes, record: int) -> Iterator[tuple[int, Entry, str]]:
        while record < self.header.records and self.records.key(record) == key:
            at = self.start + record * RECORD_SIZE
            place = int.from_bytes(self.octets[at + KEY_SIZE : at + RECORD_SIZE], "big")
            entry = self.entry(place)
            decoded = _decode(entry)
            answers = candidates(decoded.program)
            if program in answers:
                yield place + 1, entry, decoded.canonical
            elif not any(record_key(one) == key for one in answers):
                raise damaged("a record does not follow from its entry")
            record += 1

    def source(self, entry: Entry) -> tuple[str, str]:
        """Name and date of the file that an entry came from."""
        found = self.header.sources[entry.source]
        return found.name, found.date

    def has_record(self, record: bytes) -> bool:
        """Whether a record stands where it must, if they are sorted."""
        first = self.records.first(record[:KEY_SIZE])
        if first is None or self._row(first) == record:
            return first is not None
        return self._row(self.records.halved(record, first, self.header.records)) == record

    def rows(self) -> Iterator[bytes]:
        """The records in order."""
        block = _ROWS_READ * RECORD_SIZE
        for at in range(self.start, self._offsets, block):
            read = self.octets[at : min(at + block, self._offsets)]
            yield from (read[begin : begin + RECORD_SIZE] for begin in range(0, len(read), RECORD_SIZE))

    def text(self, begin: int, length: int) -> bytes:
        """So many octets of the entries' texts."""
        at = self._texts + begin
        return self.octets[at : at + length]

    def _row(self, record: int) -> bytes:
        at = self.start + record * RECORD_SIZE
        return self.octets[at : min(at + RECORD_SIZE, self._offsets)]

    @property
    def _offsets(self) -> int:
        return self.start + self.header.records * RECORD_SIZE

    @property
    def _texts(self) -> int:
        return self._offsets + self.header.entries * NUMBER_SIZE

    def offset(self, place: int) -> int:
        """Where an entry's text begins among the texts, as the list says."""
        at = self._offsets + place * NUMBER_SIZE
        return int.from_bytes(self.octets[at : at + NUMBER_SIZE], "big")


def _decode(entry: Entry) -> Decoded:
    try:
        return decode_entry(entry.address)
    except InputError as error:
        raise damaged("an entry is no address") from error
