"""The bytes of a built list, `custody-list/1` (docs/spec/flagged-list.md): header, records, offsets, texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from custody.codec import canonical_json
from custody.codec.canonical_json import Json
from custody.errors import InputError
from custody.screening.address import Kind, Program
from custody.screening.entry import Entry, Source

FAMILY = b"custody-list/"
MAGIC = FAMILY + b"1\n"
MAX_HEADER = 262_144
MAX_SOURCES = 1_000
MAX_ENTRIES = 100_000_000
MAX_TEXTS = 2**32 - 1
MAX_LINE = 1_500

#: Octets of a program in a record: all of a hash, the first of a longer one.
PREFIX = 20
KEY_SIZE = 1 + PREFIX
NUMBER_SIZE = 4
RECORD_SIZE = KEY_SIZE + NUMBER_SIZE

_CODES = {kind: bytes([code]) for code, kind in enumerate(Kind, 1)}
# Programs of 20 octets: a record holds the whole of one.
_WHOLE = frozenset(_CODES[kind][0] for kind in (Kind.KEY_HASH, Kind.SCRIPT_HASH, Kind.EVM))


class Octets(Protocol):
    """Bytes, or a file mapped into memory."""

    def __len__(self) -> int: ...

    def __getitem__(self, place: slice, /) -> bytes: ...

    def find(self, sub: bytes, start: int, end: int, /) -> int: ...


def record_key(program: Program) -> bytes:
    """Kind and the first octets of a program: what records are sorted by."""
    return _CODES[program.kind] + program.payload[:PREFIX]


def is_whole(key: bytes) -> bool:
    """Whether a record's key is the whole of the program that it stands for."""
    return key[0] in _WHOLE


def entry_line(entry: Entry) -> bytes:
    """The text of an entry: fields between tabs."""
    fields = (entry.address, str(entry.source), str(entry.number), entry.date, entry.label)
    return "\t".join(fields).encode("utf-8") + b"\n"


def parse_line(line: bytes, sources: int) -> Entry:
    """The entry that this text stands for; that it has no other spelling is for `verify.verify` to see.

    Raises:
        InputError: LIST-FORM.
    """
    try:
        address, source, number, day, label = line.decode("utf-8").split("\t")
        entry = Entry(address, int(source), int(number), day, label.removesuffix("\n"))
    except (ValueError, InputError) as error:
        raise damaged("an entry is not in its form") from error
    if not 0 <= entry.source < sources:
        raise damaged("an entry is not in its form")
    return entry


@dataclass(frozen=True, slots=True)
class Header:
    """What a built list says of itself.

    Attributes:
        sources: the files it was built of. entries, records: how many. texts: octets of all entries.
    """

    sources: tuple[Source, ...]
    entries: int
    records: int
    texts: int

    def serialize(self) -> bytes:
        """Magic and one line of canonical JSON."""
        rows: list[Json] = [
            {"count": one.count, "date": one.date, "name": one.name, "sha256": one.digest.hex()} for one in self.sources
        ]
        counts = {"entries": self.entries, "records": self.records, "texts": self.texts}
        return MAGIC + canonical_json.dumps({**counts, "sources": rows}) + b"\n"

    @classmethod
    def parse(cls, octets: Octets) -> tuple["Header", int]:
        """The header, and where the records begin.

        Raises:
            InputError: LIST-VERSION, LIST-FORM.
        """
        start = len(MAGIC)
        if octets[0:start] != MAGIC:
            raise InputError("LIST-VERSION", "The built list is of a version that is not known here.")
        end = octets.find(b"\n", start, start + MAX_HEADER) + 1
        try:
            header = _header(canonical_json.loads(bytes(octets[start : end - 1]), limit=MAX_HEADER))
        except InputError as error:
            raise damaged("its header is not in its form") from error
        if header.serialize() != octets[0:end]:
            raise damaged("its header is not in its form")
        header.check_size(len(octets) - end)
        return header, end

    def check_size(self, octets: int) -> None:
        """That as many octets follow the header as it says. Raises InputError LIST-FORM."""
        within = self.entries <= MAX_ENTRIES and self.texts <= MAX_TEXTS and len(self.sources) <= MAX_SOURCES
        if not within or octets != self.records * RECORD_SIZE + self.entries * NUMBER_SIZE + self.texts:
            raise damaged("it is not as long as its header says")


def _header(value: Json) -> Header:
    match value:
        case {"entries": int(entries), "records": int(records), "sources": list(rows), "texts": int(texts)}:
            if min(entries, records, texts) >= 0:
                return Header(_sources(rows), entries, records, texts)
    raise damaged("its header is not in its form")


def _sources(rows: Sequence[Json]) -> tuple[Source, ...]:
    sources = []
    for row in rows:
        match row:
            case {"count": int(count), "date": str(day), "name": str(name), "sha256": str(digest)} if count >= 0:
                sources.append(Source(name, _digest(digest), day, count))
            case _:
                raise damaged("a source is not in its form")
    return tuple(sources)


def _digest(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise damaged("a source is not in its form") from error


def damaged(how: str) -> InputError:
    """A built list that is not what a build makes."""
    return InputError("LIST-FORM", f"The built list is damaged: {how}.", "Build it again from its sources.")
