"""How IVMS101 is written in JSON: the 2020 and the 2023 edition, and the spellings met in both.

A key under two spellings must hold one value. Text lengths and code lists are those of the 2023 standard, section 5.3.
"""

import datetime
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from custody.codec.schema import ANY_SCRIPT, Fault, Field, Many, Object, Reading, Shape, Text, Whole, Word, may, need
from custody.travel_rule.ivms101 import (
    Address,
    Birth,
    Intermediary,
    Ivms101,
    LegalName,
    LegalPerson,
    Names,
    NationalIdentification,
    NaturalName,
    NaturalPerson,
    Party,
    Person,
)

MAX_ITEMS = 16
MAX_ACCOUNT_NUMBERS = 64

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Day:
    """IVMS101 Date: YYYY-MM-DD, a day of the calendar."""

    def read(self, value: object, where: str, reading: Reading) -> Any:
        """The text itself."""
        if not isinstance(value, str) or not _DATE.fullmatch(value) or not _exists(value):
            reading.fault(Fault.TEXT, where, "no day of the calendar", "a date YYYY-MM-DD")
        return value


def _exists(day: str) -> bool:
    try:
        datetime.date.fromisoformat(day)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Nested:
    """A shape that some senders write inside an object with the one key ``name``, and others as it is."""

    name: str
    shape: Shape

    def read(self, value: object, where: str, reading: Reading) -> Any:
        """What the shape reads, from either place."""
        if isinstance(value, dict) and list(value) == [self.name]:
            return self.shape.read(value[self.name], f"{where}.{self.name}", reading)
        return self.shape.read(value, where, reading)


def _texts(limits: Mapping[str, int]) -> dict[str, Field]:
    """Optional texts: snake_case attribute from camelCase key."""
    return {re.sub(r"([A-Z])", r"_\1", key).lower(): may(key, shape=Text(limit)) for key, limit in limits.items()}


# C3 judges the country itself, so that its finding carries the standard's own name.
_COUNTRY = Text(100)
_LOCAL_TEXT = Text(100, ANY_SCRIPT, "letters without control or invisible characters")
_NATURAL_KIND = Word(("LEGL", "ALIA", "BIRT", "MAID", "MISC"))
_LEGAL_KIND = Word(("LEGL", "SHRT", "TRAD"))
_SCRIPT = Word(("arab", "aran", "armn", "cyrl", "deva", "geor", "grek", "hani", "hebr", "kana", "kore", "thai", "othr"))
AUTHORITY = Text(8, re.compile(r"RA[0-9]{6}"), "RA and six digits")


def _names(identifier: Callable[[Text], Object]) -> Object:
    return Object(
        Names,
        {
            "latin": need("nameIdentifier", shape=Many(identifier(Text(100)), 1, MAX_ITEMS)),
            "local": may("localNameIdentifier", shape=Many(identifier(_LOCAL_TEXT), 0, MAX_ITEMS)),
            "phonetic": may("phoneticNameIdentifier", shape=Many(identifier(_LOCAL_TEXT), 0, MAX_ITEMS)),
        },
    )


def _natural_name(text: Text) -> Object:
    return Object(
        NaturalName,
        {
            "primary": need("primaryIdentifier", shape=text),
            "secondary": may("secondaryIdentifier", shape=text),
            # 2020 and the worked example of 2023 say nameIdentifierType, the table of 2023 the longer word.
            "kind": need("naturalPersonNameIdentifierType", "nameIdentifierType", shape=_NATURAL_KIND),
        },
    )


def _legal_name(text: Text) -> Object:
    return Object(
        LegalName,
        {
            "name": need("legalPersonName", shape=text),
            "kind": need("legalPersonNameIdentifierType", shape=_LEGAL_KIND),
        },
    )


_ADDRESS = Object(
    Address,
    {
        "kind": need("addressType", shape=Word(("HOME", "BIZZ", "GEOG"))),
        "town_name": need("townName", shape=Text(35)),
        "country": need("country", shape=_COUNTRY),
        # The standard's table says postcode, its text postCode.
        "postcode": may("postcode", "postCode", shape=Text(16)),
        "address_lines": may("addressLine", shape=Many(Text(70), 0, 7)),
        **_texts({"department": 50, "subDepartment": 70, "streetName": 70, "buildingNumber": 16, "buildingName": 35}),
        **_texts({"floor": 70, "postBox": 16, "room": 70, "townLocationName": 35, "districtName": 35}),
        **_texts({"countrySubDivision": 35}),
    },
)

_NATIONAL_IDENTIFICATION = Object(
    NationalIdentification,
    {
        "identifier": need("nationalIdentifier", shape=Text(35)),
        "kind": need(
            "nationalIdentifierType",
            shape=Word(("ARNU", "CCPT", "RAID", "DRLC", "FIIN", "TXID", "SOCS", "IDCD", "LEIX", "MISC")),
        ),
        "country_of_issue": may("countryOfIssue", shape=_COUNTRY),
        "registration_authority": may("registrationAuthority", shape=AUTHORITY),
    },
)

_BIRTH = Object(Birth, {"date": need("dateOfBirth", shape=Day()), "place": need("placeOfBirth", shape=Text(70))})

# 2020 calls a company's number at its VASP customerNumber; some senders do so for people, or write both.
_COMMON = {
    "addresses": may("geographicAddress", shape=Many(_ADDRESS, 0, MAX_ITEMS)),
    "national_identification": may("nationalIdentification", shape=_NATIONAL_IDENTIFICATION),
    "customer_identification": may("customerIdentification", "customerNumber", shape=Text(50)),
}

_NATURAL_PERSON = Object(
    NaturalPerson,
    {
        "names": need("name", shape=_names(_natural_name)),
        "birth": may("dateAndPlaceOfBirth", shape=_BIRTH),
        "country": may("countryOfResidence", shape=_COUNTRY),
        **_COMMON,
    },
)

_LEGAL_PERSON = Object(
    LegalPerson,
    {
        "names": need("name", shape=_names(_legal_name)),
        "country": may("countryOfRegistration", shape=_COUNTRY),
        **_COMMON,
    },
)


def _person(account_numbers: tuple[str, ...], **given: NaturalPerson | LegalPerson | None) -> Person:
    (either,) = (person for person in given.values() if person)
    return Person(either, account_numbers)


_PERSON = Object(
    _person,
    {
        "natural": may("naturalPerson", shape=_NATURAL_PERSON),
        "legal": may("legalPerson", shape=_LEGAL_PERSON),
        "account_numbers": may("accountNumber", shape=Many(Text(512), 0, MAX_ACCOUNT_NUMBERS)),
    },
    one_of=("natural", "legal"),
)


def _party(*names: str) -> Object:
    return Object(
        Party,
        {
            "persons": need(*names, shape=Many(_PERSON, 1, MAX_ITEMS)),
            "own_account_numbers": may("accountNumber", shape=Many(Text(100), 0, MAX_ACCOUNT_NUMBERS)),
        },
    )


_INTERMEDIARY = Object(
    Intermediary,
    {
        "vasp": need("intermediaryVASP", shape=Nested("intermediaryVASP", _PERSON)),
        "sequence": need("sequence", shape=Whole(0, MAX_ITEMS)),
    },
)


@dataclass(frozen=True, slots=True)
class _Metadata:
    transliteration: tuple[str, ...] = ()
    version: str | None = None


_METADATA = Object(
    _Metadata,
    {
        "transliteration": may("transliterationMethod", shape=Many(_SCRIPT, 0, MAX_ITEMS)),
        # The standard's worked example writes IVMS101.2023 where its code list says 101.2023.
        "version": may("payloadVersion", shape=Word(("101", "101.2023", "IVMS101.2023"))),
    },
)


def _payload(metadata: _Metadata | None, transfer_path: tuple[Intermediary, ...] | None, **parties: Any) -> Ivms101:
    metadata = metadata or _Metadata()
    version = (metadata.version or "101").removeprefix("IVMS")
    return Ivms101(
        **parties, transfer_path=transfer_path or (), transliteration=metadata.transliteration, version=version
    )


IVMS101 = Object(
    _payload,
    {
        "originator": may("originator", shape=_party("originatorPerson", "originatorPersons")),
        "beneficiary": may("beneficiary", shape=_party("beneficiaryPerson", "beneficiaryPersons")),
        "originating_vasp": may("originatingVASP", shape=Nested("originatingVASP", _PERSON)),
        "beneficiary_vasp": may("beneficiaryVASP", shape=Nested("beneficiaryVASP", _PERSON)),
        "transfer_path": may("transferPath", shape=Nested("transferPath", Many(_INTERMEDIARY, 0, MAX_ITEMS))),
        "metadata": may("payloadMetadata", shape=_METADATA),
    },
)
