"""An entry of a flagged list, the file it came from, and a match with it."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from custody.codec.schema import ANY_SCRIPT
from custody.errors import InputError

MAX_LABEL = 200
MAX_NAME = 100
MAX_NUMBER = 2**32 - 1

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class How(StrEnum):
    """How an address was found."""

    SAME_ADDRESS = "the same address"
    SAME_OWNER = "another address of the same key or script"


@dataclass(frozen=True, slots=True)
class Match:
    """A flagged destination.

    Attributes:
        entry: the address as the list writes it.
        line: where it stands: the line of a plain list, the number of the entry in a built one, from 1.
        how: how it was found.
        source: the name of the file that the entry came from, and where it stood there; empty for a plain list.
        date: ``2024-09-27``, of the entry or else of its source; empty where neither is known.
        label: what the source calls the entry; may be empty.
        counted: what ``line`` counts: line or entry.
    """

    entry: str
    line: int
    how: How
    source: str = ""
    date: str = ""
    label: str = ""
    counted: str = "line"

    @property
    def place(self) -> str:
        """Where it stands in words."""
        return f"{self.counted} {self.line}"


@dataclass(frozen=True, slots=True)
class Source:
    """A file that a list was built of.

    Attributes:
        name: as people know it. digest: SHA-256 of its exact bytes. date: of its issue; may be empty.
        count: entries that came from it, without those that an earlier one had already.
    """

    name: str
    digest: bytes
    date: str
    count: int = 0

    def __post_init__(self) -> None:
        check_text(self.name, MAX_NAME, "name of a source")
        check_date(self.date)
        if not self.name or len(self.digest) != 32:
            raise InputError("LIST-SOURCE", "A source has a name and a SHA-256.")


@dataclass(frozen=True, slots=True)
class Entry:
    """An address that is flagged.

    Attributes:
        address: as it is written, or an exact text (`networks.EXACT_MARK`).
        source: which of the list's sources, from 0. number: line or place in it, from 1.
        date: since when; may be empty. label: what the source calls it; may be empty.
    """

    address: str
    source: int = 0
    number: int = 1
    date: str = ""
    label: str = ""

    def __post_init__(self) -> None:
        if self.date:
            check_date(self.date)
        if self.label:
            check_text(self.label, MAX_LABEL, "label of an entry")
        if not 0 < self.number <= MAX_NUMBER:
            raise InputError("LIST-SOURCE", f"An entry is numbered from 1 to {MAX_NUMBER:,}.")


def check_text(text: str, limit: int, what: str) -> None:
    """That a text is short, and nothing in it is hidden. Raises InputError LIST-SOURCE."""
    if len(text) > limit or not ANY_SCRIPT.fullmatch(text):
        message = f"The {what} is longer than {limit} characters, or holds control or invisible characters."
        raise InputError("LIST-SOURCE", message)


def check_date(text: str) -> None:
    """That a text is a day like 2024-09-27, or empty. Raises InputError LIST-DATE."""
    try:
        if not text or (_DATE.fullmatch(text) and date.fromisoformat(text)):
            return
    except ValueError:
        pass
    hint = "Year, month and day, and a day that the calendar has."
    raise InputError("LIST-DATE", "A date of a list reads like 2024-09-27.", hint)
