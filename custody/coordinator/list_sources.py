"""The files that a flagged list is built of: OFAC's XML, plain lists, tables. Each is read once, bit by bit."""

import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Literal, NamedTuple

from custody.codec.toml import BYTE_ORDER_MARK
from custody.coordinator.ofac import read_sdn
from custody.errors import InputError
from custody.screening.entry import Entry, Source
from custody.screening.networks import hides_address
from custody.screening.plain import read_line

MAX_LINE_BYTES = 4_096

SourceKind = Literal["ofac", "plain", "csv"]

_OFAC = "OFAC SDN"
_COLUMNS = ("address", "source", "entry", "date")


class SourceFile(NamedTuple):
    """A file to build of: what it is, its name, its bytes."""

    kind: SourceKind
    name: str
    octets: BinaryIO


class _Row(NamedTuple):
    address: str
    number: int
    source: str = ""
    date: str = ""
    label: str = ""


class _Hashed(io.RawIOBase):
    """The bytes of a file as they are read, hashed and counted."""

    def __init__(self, octets: BinaryIO, progress: Callable[[int], object]) -> None:
        self._octets, self._progress, self.hash = octets, progress, hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        chunk = self._octets.read(len(buffer))
        buffer[: len(chunk)] = chunk
        self.hash.update(chunk)
        self._progress(len(chunk))
        return len(chunk)


@dataclass(slots=True)
class Feed:
    """Entries of several files, and what is known of the files once these were read.

    Attributes:
        files: opened when their turn comes, in this order. date: of those that tell none of their own.
        symbols: further symbols of OFAC's that are taken. progress: told how many bytes were read.
    """

    files: Iterable[SourceFile]
    date: str = ""
    symbols: frozenset[str] = frozenset()
    progress: Callable[[int], object] = lambda _: None
    _places: dict[tuple[int, str], int] = field(default_factory=dict)
    _dates: list[str] = field(default_factory=list)
    _digests: dict[int, bytes] = field(default_factory=dict)

    def entries(self) -> Iterator[Entry]:
        """All entries.

        Raises:
            InputError: SOURCE-… codes, LIST-SYNTAX, LIST-EMPTY, LIST-DATE, LIST-SOURCE.
        """
        for place, file in enumerate(self.files):
            hashed = _Hashed(file.octets, self.progress)
            rows, date = self._rows(file, io.BufferedReader(hashed))
            for row in rows:
                yield self._entry(place, file.name, date or self.date, row)
            if not any(known == place for known, _ in self._places):
                self._place(place, file.name, date or self.date)
            self._digests[place] = hashed.hash.digest()

    def sources(self) -> tuple[Source, ...]:
        """The files so far; a table's rows may name several. Unread ones have a digest of zeros."""
        return tuple(
            Source(name, self._digests.get(place, bytes(32)), date)
            for (place, name), date in zip(self._places, self._dates, strict=True)
        )

    def _rows(self, file: SourceFile, octets: io.BufferedReader) -> tuple[Iterator[_Row], str]:
        match file.kind:
            case "ofac":
                sdn = read_sdn(octets, self.symbols)
                rows = (
                    _Row(one.address, number, _OFAC, sdn.since.get(one.profile, ""), f"SDN {one.party}, {one.symbol}")
                    for number, one in enumerate(sdn.addresses, 1)
                )
                return rows, sdn.issued
            case "plain":
                return _plain(file.name, octets), ""
            case "csv":
                return _table(file.name, octets), ""

    def _entry(self, place: int, name: str, date: str, row: _Row) -> Entry:
        try:
            source = self._place(place, row.source or name, date)
            return Entry(row.address, source, row.number, row.date, row.label)
        except InputError as error:
            raise InputError(error.code, f"{name}, {row.number}: {error.message}", error.hint) from error

    def _place(self, file: int, name: str, date: str) -> int:
        """Which source this is. Raises InputError LIST-SOURCE, LIST-DATE."""
        if (file, name) not in self._places:
            Source(name, bytes(32), date)
            self._places[file, name] = len(self._places)
            self._dates.append(date)
        return self._places[file, name]


def bounded_lines(name: str, octets: BinaryIO) -> Iterator[bytes]:
    """Lines of at most `MAX_LINE_BYTES`, with their ends, the first without a byte order mark.

    Raises:
        InputError: SOURCE-SYNTAX.
    """
    number = 0
    while line := octets.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) > MAX_LINE_BYTES:
            raise _syntax(name, number, f"is longer than {MAX_LINE_BYTES:,} bytes")
        yield line.removeprefix(BYTE_ORDER_MARK) if number == 1 else line


def _plain(name: str, octets: io.BufferedReader) -> Iterator[_Row]:
    said = False
    for number, line in enumerate(bounded_lines(name, octets), 1):
        try:
            address = read_line(number, line.removesuffix(b"\n"))
        except InputError as error:
            raise InputError(error.code, f"{name}: {error.message}", error.hint) from error
        said = said or bool(line.strip())
        if address:
            yield _row(name, number, {"address": address})
    if not said:
        raise InputError("LIST-EMPTY", f"{name} is an empty file.", "One without addresses says so: # none")


def _table(name: str, octets: io.BufferedReader) -> Iterator[_Row]:
    """Rows of a table: by the names of its columns where one is called address, else its first column alone."""
    reader = csv.reader(_decoded(name, octets), strict=True)
    columns: Mapping[str, int] = {}
    width = 0
    found = False
    try:
        for cells in reader:
            if not columns:
                columns, width = _header(name, cells), len(cells)
                if columns["address"] >= 0:
                    continue
                columns = {"address": 0}
            if len(cells) != width:
                raise _syntax(name, reader.line_num, f"has {len(cells)} cells, and the first has {width}")
            found = True
            yield _row(name, reader.line_num, {column: cells[place].strip() for column, place in columns.items()})
    except csv.Error as error:
        raise _syntax(name, reader.line_num, "is not CSV") from error
    if not found:
        raise InputError("SOURCE-EMPTY", f"{name} holds no address.", "Leave it out.")


def _decoded(name: str, octets: io.BufferedReader) -> Iterator[str]:
    for number, line in enumerate(bounded_lines(name, octets), 1):
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise _syntax(name, number, "is not UTF-8 text") from error


def _header(name: str, cells: list[str]) -> dict[str, int]:
    """Where each column is that has a meaning; -1 for the address where the first row is no header."""
    names = [cell.strip().lower() for cell in cells]
    if any(names.count(column) > 1 for column in _COLUMNS):
        raise _syntax(name, 1, "names a column twice")
    if "address" not in names:
        return {"address": -1}
    return {column: names.index(column) for column in _COLUMNS if column in names}


def _row(name: str, number: int, cells: dict[str, str]) -> _Row:
    if not cells["address"]:
        raise _syntax(name, number, "has no address")
    if hides_address(cells["address"]):
        raise _syntax(name, number, "holds an address and something beside it")
    return _Row(cells["address"], number, cells.get("source", ""), cells.get("date", ""), cells.get("entry", ""))


def _syntax(name: str, number: int, what: str) -> InputError:
    hint = "A source is UTF-8 text, a line for each address; a table has commas between its cells."
    return InputError("SOURCE-SYNTAX", f"{name}: line {number} {what}.", hint)
