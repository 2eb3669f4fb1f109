"""A plain list: one address a line, and comments."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from custody.codec.schema import ANY_SCRIPT
from custody.codec.toml import BYTE_ORDER_MARK
from custody.errors import InputError
from custody.screening.address import Program, candidates
from custody.screening.entry import Entry
from custody.screening.networks import Decoded, decode_entry


@dataclass(frozen=True, slots=True)
class PlainList:
    """A list of ``lines``, number and address, whose entries are also known by network and kind."""

    lines: tuple[tuple[int, str], ...]
    kinds: Counter[tuple[str, str]]
    _index: dict[Program, list[int]] = field(repr=False, compare=False)

    #: How an entry's number is called.
    counted: ClassVar[str] = "line"

    @classmethod
    def parse(cls, text: bytes) -> "PlainList":
        """A list from UTF-8 text: an address, a comment from ``#`` on, both, or nothing on each line.

        Raises:
            InputError: LIST-SYNTAX (names the line), LIST-EMPTY.
        """
        lines = text.removeprefix(BYTE_ORDER_MARK).split(b"\n")
        if not any(line.removesuffix(b"\r") for line in lines):
            hint = "A list without addresses says so in a comment: # none"
            raise InputError("LIST-EMPTY", "The flagged list is an empty file.", hint)
        found: list[tuple[int, str]] = []
        kinds: Counter[tuple[str, str]] = Counter()
        index: dict[Program, list[int]] = {}
        for number, address, decoded in _read_lines(lines):
            for program in candidates(decoded.program):
                index.setdefault(program, []).append(len(found))
            kinds[decoded.network, str(decoded.program.kind)] += 1
            found.append((number, address))
        return cls(tuple(found), kinds, index)

    def under(self, program: Program) -> Iterator[tuple[int, Entry, str]]:
        """Line, entry and canonical text of all that answer for this program, in the list's order."""
        for place in self._index.get(program, ()):
            number, address = self.lines[place]
            yield number, Entry(address, 0, number), decode_entry(address).canonical

    def source(self, entry: Entry) -> tuple[str, str]:
        """A plain list knows no other name and no date."""
        del entry
        return "", ""


def _read_lines(lines: Iterable[bytes]) -> Iterator[tuple[int, str, Decoded]]:
    for number, line in enumerate(lines, 1):
        if address := read_line(number, line):
            yield number, address, _decode(number, address)


def read_line(number: int, line: bytes) -> str:
    """What stands before the comment. One that an editor would show as several lines could hide addresses.

    Raises:
        InputError: LIST-SYNTAX.
    """
    try:
        text = line.decode("utf-8").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise InputError("LIST-SYNTAX", f"Line {number} of the flagged list is not UTF-8 text.") from error
    entry, mark, _ = text.partition("#")
    if mark and not ANY_SCRIPT.fullmatch(text.replace("\t", " ")):
        hint = "End lines with LF or CRLF, and use no other control or invisible characters."
        raise InputError("LIST-SYNTAX", f"Line {number} of the flagged list holds a control character.", hint)
    return entry.strip(" \t")


def _decode(number: int, address: str) -> Decoded:
    try:
        return decode_entry(address)
    except InputError as error:
        hint = "Each line holds one address, and may end in a comment that begins with #."
        raise InputError("LIST-SYNTAX", f"Line {number} of the flagged list is not an address.", hint) from error
