"""A jurisdiction's demands as dated data: what must stand in a record, from which amount on, and where it is written.

The files are the program's own; a lawyer has not verified them, and each says so in its note.
`docs/spec/travel-rule.md` is the page to this file.
"""

from dataclasses import dataclass
from typing import Any

from custody.codec import canonical_json
from custody.codec.schema import Fault, Many, Object, Reading, Shape, Text, Whole, Word, need, read
from custody.travel_rule.countries import COUNTRIES
from custody.travel_rule.facts import FACTS, Groups
from custody.travel_rule.layout import Day
from custody.travel_rule.rates import MINOR_DIGITS
from custody.travel_rule.sources import MAX_SOURCES, SOURCE, WORDS, Source

VERSION = 1
MAX_PROFILE_BYTES = 32_768
MAX_GROUPS = 16
MAX_MINOR_UNITS = 10**12

#: How it may have been shown whose an unhosted wallet is.
PROOFS = ("signature", "test-payment", "declared")
#: What may be demanded of a record that pays an unhosted wallet.
UNHOSTED = ("owner", "risk")

CODES = dict.fromkeys(Fault, "PROFILE-FILE")


@dataclass(frozen=True, slots=True)
class Threshold:
    """An amount in money, ``minor_units`` of a ``currency`` (ISO 4217); at it and above it the fuller set is asked."""

    currency: str
    minor_units: int


@dataclass(frozen=True, slots=True)
class Persons:
    """What is demanded of an individual and of a company: of each group one fact."""

    natural: Groups = ()
    legal: Groups = ()


@dataclass(frozen=True, slots=True)
class Parties:
    """What is demanded of each party of a transfer."""

    originator: Persons
    beneficiary: Persons
    originating_vasp: Persons
    beneficiary_vasp: Persons


@dataclass(frozen=True, slots=True)
class Residents:
    """What is demanded besides of an originator who lives, or has an address, in one of ``countries``."""

    countries: tuple[str, ...]
    persons: Persons


@dataclass(frozen=True, slots=True)
class Notice:
    """The receiving VASP is told, at or before the transfer, where it is supervised in one of ``jurisdictions``."""

    jurisdictions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """From ``threshold`` on it must have been shown by one of ``accepted`` whose the unhosted wallet is."""

    threshold: Threshold
    accepted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unhosted:
    """What is demanded of a payment to an unhosted wallet: ``demands`` of `UNHOSTED`, and perhaps a proof."""

    demands: tuple[str, ...]
    proof: Proof | None


@dataclass(frozen=True, slots=True)
class Profile:
    """One jurisdiction.

    Attributes:
        id: the word by which a policy names it.
        as_of: the day of its facts, YYYY-MM-DD.
        note: what was not verified.
        threshold: below it `below` holds; None where there is none.
        above: what is demanded at the threshold and above it, and of every transfer that has no valid rate.
    """

    id: str
    title: str
    as_of: str
    note: str
    sources: tuple[Source, ...]
    threshold: Threshold | None
    above: Parties
    below: Parties | None
    residents: tuple[Residents, ...]
    notice: Notice | None
    unhosted: Unhosted

    @classmethod
    def parse(cls, text: bytes) -> "Profile":
        """A profile from its file.

        Raises:
            InputError: JSON-…, or a SchemaError with every fault under PROFILE-FILE.
        """
        value = canonical_json.loads_relaxed(text, limit=MAX_PROFILE_BYTES)
        profile: Profile = read(_PROFILE, value, CODES)
        return profile


@dataclass(frozen=True, slots=True)
class _OrNull:
    """A shape, or null where there is nothing of the kind."""

    shape: Shape

    def read(self, value: object, where: str, reading: Reading) -> Any:
        """What the shape reads; None for null."""
        return None if value is None else self.shape.read(value, where, reading)


class _Threshold(Object):
    """A profile has demands below its threshold exactly where it has one."""

    def read(self, value: object, where: str, reading: Reading) -> Any:
        """The profile."""
        built: Profile | None = super().read(value, where, reading)
        if built and (built.threshold is None) != (built.below is None):
            reading.fault(
                Fault.CONFLICT, "below", "one of threshold and below without the other", "both, or null twice"
            )
        return built


def _profile(version: int, **others: Any) -> Profile:
    del version
    return Profile(**others)


_GROUPS = Many(Many(Word(tuple(FACTS)), 1, len(FACTS)), 0, MAX_GROUPS)
_PERSONS = Object(Persons, {"natural": need("natural", shape=_GROUPS), "legal": need("legal", shape=_GROUPS)})
_PARTIES = Object(
    Parties,
    {
        "originator": need("originator", shape=_PERSONS),
        "beneficiary": need("beneficiary", shape=_PERSONS),
        "originating_vasp": need("originating_vasp", shape=_PERSONS),
        "beneficiary_vasp": need("beneficiary_vasp", shape=_PERSONS),
    },
)
_THRESHOLD = Object(
    Threshold,
    {
        "currency": need("currency", shape=Word(tuple(MINOR_DIGITS))),
        "minor_units": need("minor_units", shape=Whole(1, MAX_MINOR_UNITS)),
    },
)
_COUNTRIES = Many(Word(tuple(sorted(COUNTRIES - {"XX"}))), 1, len(COUNTRIES))
_PROOF = Object(
    Proof,
    {
        "threshold": need("threshold", shape=_THRESHOLD),
        "accepted": need("accepted", shape=Many(Word(PROOFS), 1, len(PROOFS))),
    },
)
_UNHOSTED = Object(
    Unhosted,
    {
        "demands": need("demands", shape=Many(Word(UNHOSTED), 0, len(UNHOSTED))),
        "proof": need("proof", shape=_OrNull(_PROOF)),
    },
)
_RESIDENTS = Object(
    Residents, {"countries": need("countries", shape=_COUNTRIES), "persons": need("persons", shape=_PERSONS)}
)
_PROFILE = _Threshold(
    _profile,
    {
        "version": need("version", shape=Whole(VERSION, VERSION)),
        "id": need("id", shape=Text(16)),
        "title": need("title", shape=WORDS),
        "as_of": need("as_of", shape=Day()),
        "note": need("note", shape=WORDS),
        "sources": need("sources", shape=Many(SOURCE, 1, MAX_SOURCES)),
        "threshold": need("threshold", shape=_OrNull(_THRESHOLD)),
        "above": need("above", shape=_PARTIES),
        "below": need("below", shape=_OrNull(_PARTIES)),
        "residents": need("residents", shape=Many(_RESIDENTS, 0, MAX_GROUPS)),
        "notice": need(
            "notice", shape=_OrNull(Object(Notice, {"jurisdictions": need("jurisdictions", shape=_COUNTRIES)}))
        ),
        "unhosted": need("unhosted", shape=_UNHOSTED),
    },
)
