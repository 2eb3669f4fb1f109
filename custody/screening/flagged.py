"""The flagged-address list, plain or built: found by every encoding of the same key or script.

What such a list cannot see is written in `docs/spec/screening.md`.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter

from custody.errors import InputError
from custody.screening.address import Program, candidates, decode_address
from custody.screening.built import BuiltList
from custody.screening.entry import Entry, How, Match, Source
from custody.screening.large import NONE, Lists, Watch, named, unwatched
from custody.screening.layout import FAMILY, Octets
from custody.screening.networks import decode_entry
from custody.screening.plain import PlainList
from custody.screening.verify import verify

MAX_LIST_BYTES = 1_048_576
#: So many entries of one program are looked at for the same address; beyond, the first of the same owner is told.
MAX_OF_PROGRAM = 256


@dataclass(frozen=True, slots=True)
class FlaggedList:
    """Flagged addresses, indexed by program."""

    index: PlainList | BuiltList

    @classmethod
    def parse(cls, octets: bytes, lists: Lists = NONE) -> "FlaggedList":
        """A plain list, read whole, or a built one, opened, or one of ``lists`` that is named; its first bytes say
        which. See `verify`.

        Raises:
            InputError: LIST-SIZE; LIST-SYNTAX (names the line), LIST-EMPTY (plain); LIST-VERSION, LIST-FORM (built);
                LIST-REFERENCE, LIST-ABSENT (named).
        """
        if reference := named(octets):
            return cls.open(reference.find(lists))
        if len(octets) > MAX_LIST_BYTES:
            raise InputError("LIST-SIZE", f"The flagged list is larger than {MAX_LIST_BYTES:,} bytes.")
        return cls.open(octets) if octets.startswith(FAMILY) else cls(PlainList.parse(octets))

    @classmethod
    def open(cls, octets: Octets) -> "FlaggedList":
        """A built list of any length, bytes or mapped. Raises InputError LIST-VERSION, LIST-FORM."""
        return cls(BuiltList.open(octets))

    def verify(self, watch: Watch = unwatched) -> Counter[tuple[str, str]]:
        """That every entry of a built list is found, and nothing else; the entries by network and kind.

        A plain list was verified when it was read. Raises InputError LIST-FORM.
        """
        return verify(self.index, watch) if isinstance(self.index, BuiltList) else self.index.kinds

    @property
    def size(self) -> int:
        """How many entries."""
        return self.index.header.entries if isinstance(self.index, BuiltList) else len(self.index.lines)

    @property
    def repeats(self) -> bool:
        """Whether an address may stand there more than once."""
        return isinstance(self.index, PlainList)

    @property
    def entries(self) -> tuple[tuple[int, str], ...]:
        """Number and text of each, in the list's order: the line of a plain list, the entry of a built one, from 1."""
        return tuple(self.index.lines)

    @property
    def sources(self) -> tuple[Source, ...]:
        """The files that a built list was built of; a plain one does not know its own."""
        return self.index.header.sources if isinstance(self.index, BuiltList) else ()

    @property
    def counted(self) -> str:
        """What those numbers count: line or entry."""
        return self.index.counted

    def flags(self, program: Program) -> bool:
        """Whether a payment to this program is one to a flagged destination. Raises InputError LIST-FORM."""
        return next(self._hits(program), None) is not None

    def find(self, address: str, decode: Callable[[str], Program] = decode_address) -> Match | None:
        """The entry that flags an address: the same address first, else the first of the same key or script.

        Args:
            decode: which addresses are taken: those of served networks, where nothing else is said.

        Raises:
            InputError: ADDRESS-SYNTAX, ADDRESS-CHECKSUM: an address that cannot be decoded cannot be cleared;
                LIST-FORM: nor can any by a list that is damaged.
        """
        program = decode(address)
        first: tuple[int, Entry] | None = None
        for number, entry, canonical in self._hits(program):
            if canonical == decode_entry(address).canonical:
                return self._match(number, entry, How.SAME_ADDRESS)
            first = min(first or (number, entry), (number, entry), key=itemgetter(0))
        return self._match(*first, How.SAME_OWNER) if first else None

    def _hits(self, program: Program) -> Iterator[tuple[int, Entry, str]]:
        """Its own entries first: the same address can only be among them."""
        for candidate in candidates(program):
            if found := self.index.under(candidate):
                yield from islice(found, MAX_OF_PROGRAM)

    def _match(self, number: int, entry: Entry, how: How) -> Match:
        name, issued = self.index.source(entry)
        source = name and f"{name}, {entry.number}"
        return Match(entry.address, number, how, source, entry.date or issued, entry.label, self.counted)
