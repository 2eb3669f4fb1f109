"""Closed schemas for JSON and TOML: every key known, every text, number and list bounded, all faults told at once.

A shape reads one value and builds a typed one. Faults name the place, never the text found there, which may be a
customer's; only keys are quoted, and only when they look like keys.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Protocol

from custody.amounts import parse_base_units
from custody.errors import InputError
from custody.times import seconds_of

MAX_FINDINGS = 1_000

# The printable ASCII of IVMS101's Max...Text, and any script without control, line, bidirectional or invisible signs.
ASCII = re.compile(r"[ -~]*")
ANY_SCRIPT = re.compile(
    "[^\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ufff9-\ufffb]*"
)
_KEY = re.compile(r"[A-Za-z0-9_-]{1,40}")


class Fault(Enum):
    """What can be wrong with a value's structure; each room gives its own code to each."""

    KEY = auto()
    MISSING = auto()
    TYPE = auto()
    TEXT = auto()
    NUMBER = auto()
    WORD = auto()
    COUNT = auto()
    CONFLICT = auto()


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault at a place: ``where`` is a path such as ``records[0].outputs[1].amount``."""

    code: str
    where: str
    observed: str
    required: str


class SchemaError(InputError):
    """A value that breaks its schema; `findings` holds the faults, at most `MAX_FINDINGS`, the message the first."""

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        first, more = findings[0], len(findings) - 1
        also = f" (and {more} more)" if more else ""
        super().__init__(first.code, f"{first.where}: {first.observed}{also}.", f"Required: {first.required}.")
        self.findings = findings


class Reading:
    """The faults met so far."""

    def __init__(self, codes: Mapping[Fault, str]) -> None:
        self._codes = codes
        self.findings: list[Finding] = []

    def fault(self, kind: Fault, where: str, observed: str, required: str) -> None:
        """Note a fault and read on, up to `MAX_FINDINGS`: who reads them has seen enough, and each takes time and room.

        Raises:
            SchemaError: with that many faults.
        """
        self.findings.append(Finding(self._codes[kind], where or "top level", observed, required))
        if len(self.findings) == MAX_FINDINGS:
            raise SchemaError(tuple(self.findings))


class Shape(Protocol):
    """Reads a value; what it returns counts only when no fault was noted."""

    def read(self, value: object, where: str, reading: Reading) -> Any:
        """The value, typed."""


def read(shape: Shape, value: object, codes: Mapping[Fault, str]) -> Any:
    """The value that ``shape`` builds.

    Raises:
        SchemaError: with every fault, under the codes given.
    """
    reading = Reading(codes)
    built = shape.read(value, "", reading)
    if reading.findings:
        raise SchemaError(tuple(reading.findings))
    return built


@dataclass(frozen=True, slots=True)
class Text:
    """Text of 1 to ``limit`` characters, not blank, all matching ``pattern``, described by ``means``."""

    limit: int
    pattern: re.Pattern[str] = ASCII
    means: str = "printable ASCII"

    def read(self, value: object, where: str, reading: Reading) -> Any:
        """The text itself."""
        if not isinstance(value, str):
            reading.fault(Fault.TYPE, where, "no text", "a text")
        elif len(value) > self.limit:
            reading.fault(Fault.TEXT, where, f"{len(value):,} characters", f"at most {self.limit:,} characters")
        elif not value.strip():
            reading.fault(Fault.TEXT, where, "a blank text", "a text that is not blank")
        elif not self.pattern.fullmatch(value):
            reading.fault(Fault.TEXT, where, "a text of another form", self.means)
        return value


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a fixed list."""

    words: tuple[str, ...]

    def read(self, value: object, where: str, reading: Reading) -> Any:
        """The word itself."""
        if not isinstance(value, str) or value not in self.words:
            reading.fault(Fault.WORD, where, "a value that is not in the list", "one of " + ", ".join(self.words))
        return value


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from ``low`` to ``high``; true and false are no numbers."""

    low: int
    high: int

    def read(self, value: object, where: str, reading: Reading) -> Any:
        """The number itself."""
        if type(value) is not int or not self.low <= value <= self.high:
            observed = "no whole number" if type(value) is not int else "a number out of range"
            required = (
                f"the number {self.low}"
                if self.low == self.high
                else f"a whole number from {self.low:,} to {self.high:,}"
            )
            reading.fault(Fault.NUMBER, where, observed, required)
        return value


@dataclass(frozen=True, slots=True)
class BaseUnits:
    """An amount: a decimal string of base units."""

    def read(self, value: object, where: str, reading: Reading) -> Any:
        """The amount as a whole number."""
        try:
            return parse_base_units(value if isinstance(value, str) else "")
        except InputError:
            required = 'whole base units as a decimal string, such as "150000"'
            reading.fault(Fault.NUMBER, where, "no decimal string of base units", required)
            return 0


@dataclass(frozen=True, slots=True)
class Moment:
    """A time, RFC 3339 in UTC, from 1970 to 9999."""

    def read(self, value: object, where: str, reading: Reading) -> int:
        """Unix seconds."""
        try:
            return seconds_of(value if isinstance(value, str) else "")
        except InputError:
            reading.fault(Fault.TEXT, where, "no time", 'a text such as "2027-03-31T00:00:00Z"')
            return 0


@dataclass(frozen=True, slots=True)
class Many:
    """A list of ``low`` to ``high`` items of one shape."""

    item: Shape
    low: int
    high: int

    def read(self, value: object, where: str, reading: Reading) -> Any:
        """The items as a tuple."""
        if not isinstance(value, list):
            reading.fault(Fault.TYPE, where, "no list", "a list")
        elif not self.low <= len(value) <= self.high:
            reading.fault(Fault.COUNT, where, f"{len(value):,} items", f"{self.low} to {self.high} items")
        else:
            return tuple(self.item.read(item, f"{where}[{index}]", reading) for index, item in enumerate(value))
        return ()


@dataclass(frozen=True, slots=True)
class Field:
    """A key of an object: its ``names`` (the first is ours, others are known spellings), shape, and default."""

    names: tuple[str, ...]
    shape: Shape
    required: bool = False
    default: Any = None


def need(*names: str, shape: Shape) -> Field:
    """A key that must be there."""
    return Field(names, shape, required=True)


def may(*names: str, shape: Shape) -> Field:
    """A key that may be absent; an absent list is an empty one."""
    return Field(names, shape, default=() if isinstance(shape, Many) else None)


@dataclass(frozen=True, slots=True)
class Object:
    """An object of known keys. ``build`` is called with one argument a field; of ``one_of`` exactly one is given."""

    build: Callable[..., Any]
    fields: Mapping[str, Field]
    one_of: tuple[str, ...] = ()
    known: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        names = frozenset(name for entry in self.fields.values() for name in entry.names)
        object.__setattr__(self, "known", names)

    def read(self, value: object, where: str, reading: Reading) -> Any:
        """What ``build`` makes of the fields."""
        if not isinstance(value, dict):
            reading.fault(Fault.TYPE, where, "no object", "an object with named fields")
            return None
        before = len(reading.findings)
        if self.one_of or not value.keys() <= self.known:
            self._check_keys(value, where, reading)
        prefix = f"{where}." if where else ""
        built = {}
        for name, entry in self.fields.items():
            given = [key for key in entry.names if key in value]
            if given or entry.required:
                built[name] = self._field(entry, value, given, prefix, reading)
            else:
                built[name] = entry.default
        return self.build(**built) if len(reading.findings) == before else None

    def _check_keys(self, value: dict[str, object], where: str, reading: Reading) -> None:
        unknown = [key for key in value if key not in self.known]
        if unknown:
            named = sorted({key if _KEY.fullmatch(key) else "(no word)" for key in unknown})
            known = ", ".join(sorted(self.known))
            reading.fault(Fault.KEY, where, f"unknown key {', '.join(named[:5])}", f"only the keys {known}")
        given = [name for name in self.one_of if any(key in value for key in self.fields[name].names)]
        if self.one_of and len(given) != 1:
            choices = " or ".join(self.fields[name].names[0] for name in self.one_of)
            reading.fault(Fault.COUNT, where, f"{len(given)} of {choices}", f"exactly one of {choices}")

    @staticmethod
    def _field(entry: Field, value: dict[str, object], given: list[str], prefix: str, reading: Reading) -> Any:
        """The value under one of the names that are ``given``; under each of them, if there are several, the same."""
        if not given:
            reading.fault(Fault.MISSING, prefix + entry.names[0], "missing", "this field")
            return None
        first, *others = [entry.shape.read(value[name], prefix + name, reading) for name in given]
        if any(other != first for other in others):
            reading.fault(Fault.CONFLICT, prefix + given[0], f"another value under {given[1]}", "one value")
        return first
