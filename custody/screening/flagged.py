"""The flagged-address list: one address a line, found by every encoding of the same key or script.

What such a list cannot see is written in `docs/spec/screening.md`.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from custody.codec.schema import ANY_SCRIPT
from custody.codec.toml import BYTE_ORDER_MARK
from custody.errors import InputError
from custody.screening.address import Program, candidates, canonical_address, decode_address

MAX_LIST_BYTES = 1_048_576


class How(StrEnum):
    """How an address was found."""

    SAME_ADDRESS = "the same address"
    SAME_OWNER = "another address of the same key or script"


@dataclass(frozen=True, slots=True)
class Match:
    """A flagged destination: the ``entry`` as the list writes it, its ``line`` counted from 1, and ``how``."""

    entry: str
    line: int
    how: How


@dataclass(frozen=True, slots=True)
class FlaggedList:
    """Flagged addresses, indexed by program. ``entries`` are the line and text of each, in the list's order."""

    entries: tuple[tuple[int, str], ...]
    _written: dict[str, tuple[int, str]] = field(repr=False, compare=False)
    _index: dict[Program, tuple[int, str]] = field(repr=False, compare=False)

    @classmethod
    def parse(cls, text: bytes) -> "FlaggedList":
        """A list from UTF-8 text: an address, a comment from ``#`` on, both, or nothing on each line.

        Raises:
            InputError: LIST-SIZE, LIST-SYNTAX (names the line), LIST-EMPTY.
        """
        if len(text) > MAX_LIST_BYTES:
            raise InputError("LIST-SIZE", f"The flagged list is larger than {MAX_LIST_BYTES:,} bytes.")
        try:
            lines = text.removeprefix(BYTE_ORDER_MARK).decode("utf-8").split("\n")
        except UnicodeDecodeError as error:
            raise InputError("LIST-SYNTAX", "The flagged list is not UTF-8 text.") from error
        numbered = [(number, line.removesuffix("\r")) for number, line in enumerate(lines, 1)]
        if not any(line for _, line in numbered):
            hint = "A list without addresses says so in a comment: # none"
            raise InputError("LIST-EMPTY", "The flagged list is an empty file.", hint)
        entries = [(number, _entry(number, line)) for number, line in numbered]
        return cls._of([(number, entry) for number, entry in entries if entry])

    @classmethod
    def _of(cls, entries: list[tuple[int, str]]) -> "FlaggedList":
        written: dict[str, tuple[int, str]] = {}
        index: dict[Program, tuple[int, str]] = {}
        for entry in entries:
            written.setdefault(canonical_address(entry[1]), entry)
            for program in candidates(_decode_line(*entry)):
                index.setdefault(program, entry)
        return cls(tuple(entries), written, index)

    def find(self, address: str) -> Match | None:
        """The entry that flags an address: the same address first, else the first of the same key or script.

        Raises:
            InputError: ADDRESS-SYNTAX, ADDRESS-CHECKSUM: an address that cannot be decoded cannot be cleared.
        """
        program = decode_address(address)
        if entry := self._written.get(canonical_address(address)):
            return Match(entry[1], entry[0], How.SAME_ADDRESS)
        hits = [self._index[candidate] for candidate in candidates(program) if candidate in self._index]
        return Match(min(hits)[1], min(hits)[0], How.SAME_OWNER) if hits else None


def _entry(number: int, line: str) -> str:
    """What stands before the comment. One that an editor would show as several lines could hide addresses."""
    entry, mark, _ = line.partition("#")
    if mark and not ANY_SCRIPT.fullmatch(line.replace("\t", " ")):
        hint = "End lines with LF or CRLF, and use no other control or invisible characters."
        raise InputError("LIST-SYNTAX", f"Line {number} of the flagged list holds a control character.", hint)
    return entry.strip(" \t")


def _decode_line(number: int, address: str) -> Program:
    try:
        return decode_address(address)
    except InputError as error:
        hint = "Each line holds one address of a served chain, and may end in a comment that begins with #."
        raise InputError("LIST-SYNTAX", f"Line {number} of the flagged list is not an address.", hint) from error
