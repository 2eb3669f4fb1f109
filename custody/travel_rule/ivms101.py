"""The IVMS101 data model: originator, beneficiary and the VASPs between them, as frozen values.

One model for both editions of the interVASP standard, 2020 and 2023; `custody.travel_rule.layout` reads either.
Everything here is a person's own: it enters no message, error or name of a file.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NaturalName:
    """NaturalPersonNameID: ``primary`` is the family name or the whole name; ``kind`` is LEGL, ALIA, ..."""

    primary: str
    kind: str
    secondary: str | None = None


@dataclass(frozen=True, slots=True)
class LegalName:
    """LegalPersonNameID: ``kind`` is LEGL, SHRT or TRAD."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one person in Latin, local and phonetic writing."""

    latin: tuple[NaturalName | LegalName, ...]
    local: tuple[NaturalName | LegalName, ...] = ()
    phonetic: tuple[NaturalName | LegalName, ...] = ()

    def of_kind(self, kind: str) -> tuple[NaturalName | LegalName, ...]:
        """The Latin names of one kind."""
        return tuple(name for name in self.latin if name.kind == kind)


@dataclass(frozen=True, slots=True)
class Address:
    """Address: ``kind`` is HOME, BIZZ or GEOG."""

    kind: str
    town_name: str
    country: str
    department: str | None = None
    sub_department: str | None = None
    street_name: str | None = None
    building_number: str | None = None
    building_name: str | None = None
    floor: str | None = None
    post_box: str | None = None
    room: str | None = None
    postcode: str | None = None
    town_location_name: str | None = None
    district_name: str | None = None
    country_sub_division: str | None = None
    address_lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NationalIdentification:
    """NationalIdentification: ``kind`` is LEIX for a legal entity identifier, CCPT for a passport, ..."""

    identifier: str
    kind: str
    country_of_issue: str | None = None
    registration_authority: str | None = None


@dataclass(frozen=True, slots=True)
class Birth:
    """DateAndPlaceOfBirth: ``date`` is YYYY-MM-DD and a day of the calendar."""

    date: str
    place: str


@dataclass(frozen=True, slots=True)
class NaturalPerson:
    """NaturalPerson: an individual; ``country`` is that of residence."""

    names: Names
    addresses: tuple[Address, ...] = ()
    national_identification: NationalIdentification | None = None
    customer_identification: str | None = None
    birth: Birth | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class LegalPerson:
    """LegalPerson: a company or other body; ``country`` is that of registration."""

    names: Names
    addresses: tuple[Address, ...] = ()
    national_identification: NationalIdentification | None = None
    customer_identification: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Person: an individual or a company. The 2023 edition keeps account numbers here."""

    either: NaturalPerson | LegalPerson
    account_numbers: tuple[str, ...] = ()

    @property
    def natural(self) -> NaturalPerson | None:
        """The individual."""
        return self.either if isinstance(self.either, NaturalPerson) else None

    @property
    def legal(self) -> LegalPerson | None:
        """The company."""
        return self.either if isinstance(self.either, LegalPerson) else None


@dataclass(frozen=True, slots=True)
class Party:
    """Originator or Beneficiary. The 2020 edition keeps account numbers here: ``own_account_numbers``."""

    persons: tuple[Person, ...]
    own_account_numbers: tuple[str, ...] = ()

    @property
    def account_numbers(self) -> tuple[str, ...]:
        """The account numbers of both places, each once."""
        of_persons = (number for person in self.persons for number in person.account_numbers)
        return tuple(dict.fromkeys((*self.own_account_numbers, *of_persons)))


@dataclass(frozen=True, slots=True)
class Intermediary:
    """IntermediaryVASP: a VASP on the way, at its position counted from 0."""

    vasp: Person
    sequence: int


@dataclass(frozen=True, slots=True)
class Ivms101:
    """One IVMS101 payload. A party that the sender left out is None; `constraints` says which must be there."""

    originator: Party | None = None
    beneficiary: Party | None = None
    originating_vasp: Person | None = None
    beneficiary_vasp: Person | None = None
    transfer_path: tuple[Intermediary, ...] = ()
    transliteration: tuple[str, ...] = ()
    version: str = "101"
