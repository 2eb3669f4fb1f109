"""IVMS101 completeness: each constraint with what passes it and what fails it, all findings at once."""

import copy
from pathlib import Path
from typing import Any

import examples
import pytest

from custody.codec.schema import read
from custody.travel_rule.constraints import incomplete
from custody.travel_rule.countries import COUNTRIES
from custody.travel_rule.layout import IVMS101
from custody.travel_rule.record import CODES

ABSENT = object()
ORIGINATOR = "originator.originatorPerson.0"
PERSON = f"{ORIGINATOR}.naturalPerson"
VASP = "originatingVASP.originatingVASP.legalPerson"
COMPANY = examples.legal_person("Example Trading KK", examples.HOUSE_LEI)
LINES = {"addressType": "GEOG", "addressLine": ["1-1 Marunouchi"], "townName": "Chiyoda", "country": "JP"}


def bent(changes: dict[str, Any]) -> dict[str, Any]:
    """An honest payload with some places changed; ABSENT takes the key away."""
    payload = copy.deepcopy(examples.ivms101(examples.PAYEE))
    for path, value in changes.items():
        *parents, last = path.split(".")
        place: Any = payload
        for key in parents:
            place = place[int(key)] if isinstance(place, list) else place[key]
        if value is ABSENT:
            del place[last]
        else:
            place[int(last) if isinstance(place, list) else last] = copy.deepcopy(value)
    return payload


def codes(changes: dict[str, Any]) -> list[str]:
    payload = read(IVMS101, bent(changes), CODES)
    return [finding.code for finding in incomplete(payload, "it")]


def company_without(**changes: Any) -> dict[str, Any]:
    """A company as originator that has no LEI; ``changes`` are added."""
    company = copy.deepcopy(COMPANY)
    del company["legalPerson"]["nationalIdentification"]
    company["legalPerson"] |= changes
    return company


def test_an_honest_payload_has_no_finding() -> None:
    assert codes({}) == []


@pytest.mark.parametrize("party", ["originator", "beneficiary", "originatingVASP", "beneficiaryVASP"])
def test_each_of_the_four_parties_must_be_named(party: str) -> None:
    payload = read(IVMS101, bent({party: ABSENT}), CODES)
    assert [(finding.code, finding.where) for finding in incomplete(payload, "it")] == [("IVMS-PARTY", f"it.{party}")]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({f"{PERSON}.geographicAddress": ABSENT}, ["IVMS-C1"]),
        ({f"{PERSON}.geographicAddress": []}, ["IVMS-C1"]),
        ({f"{PERSON}.geographicAddress": ABSENT, f"{PERSON}.customerIdentification": "7"}, []),
        (
            {
                f"{PERSON}.geographicAddress": ABSENT,
                f"{PERSON}.nationalIdentification": {"nationalIdentifier": "7", "nationalIdentifierType": "CCPT"},
            },
            [],
        ),
        (
            {
                f"{PERSON}.geographicAddress": ABSENT,
                f"{PERSON}.dateAndPlaceOfBirth": {"dateOfBirth": "1980-02-29", "placeOfBirth": "Kobe"},
            },
            [],
        ),
        ({"beneficiary.beneficiaryPerson.0.naturalPerson.geographicAddress": ABSENT}, []),
    ],
)
def test_c1_an_individual_originator_is_identified(changes: dict[str, Any], found: list[str]) -> None:
    assert codes(changes) == found


@pytest.mark.parametrize("code", ["JPN", "jp", "UK", "ZZ", "J", "United Kingdom"])
@pytest.mark.parametrize(
    "place",
    [
        f"{PERSON}.geographicAddress.0.country",
        f"{PERSON}.countryOfResidence",
        f"{VASP}.countryOfRegistration",
        f"{VASP}.nationalIdentification.countryOfIssue",
        "beneficiaryVASP.beneficiaryVASP.legalPerson.countryOfRegistration",
    ],
)
def test_c3_no_other_country_code_passes_anywhere(place: str, code: str) -> None:
    assert codes({place: code}) == ["IVMS-C3"]


@pytest.mark.parametrize("code", ["GB", "XX"])
def test_c3_a_country_code_passes(code: str) -> None:
    assert codes({f"{PERSON}.countryOfResidence": code}) == []


@pytest.mark.parametrize(
    ("company", "found"),
    [
        (COMPANY, []),
        (company_without(), ["IVMS-C4"]),
        (company_without(geographicAddress=[LINES]), []),
        (company_without(geographicAddress=[LINES | {"addressType": "BIZZ"}]), ["IVMS-C4"]),
        (company_without(customerNumber="7"), []),
        (company_without(customerIdentification="7"), []),
    ],
)
def test_c4_an_originator_that_is_a_company_is_identified(company: dict[str, Any], found: list[str]) -> None:
    assert codes({ORIGINATOR: company}) == found


def test_c4_asks_nothing_of_a_vasp() -> None:
    assert codes({f"{VASP}.nationalIdentification": ABSENT}) == []


@pytest.mark.parametrize("kind", ["SHRT", "TRAD"])
@pytest.mark.parametrize("vasp", [VASP, "beneficiaryVASP.beneficiaryVASP.legalPerson"])
def test_c5_a_company_has_a_legal_name(vasp: str, kind: str) -> None:
    assert codes({f"{vasp}.name.nameIdentifier.0.legalPersonNameIdentifierType": kind}) == ["IVMS-C5"]


def test_c5_one_legal_name_among_others_is_enough() -> None:
    short = {"legalPersonName": "EX", "legalPersonNameIdentifierType": "SHRT"}
    legal = {"legalPersonName": examples.HOUSE, "legalPersonNameIdentifierType": "LEGL"}
    assert codes({f"{VASP}.name.nameIdentifier": [short, legal]}) == []


@pytest.mark.parametrize("kind", ["ALIA", "BIRT", "MAID", "MISC"])
@pytest.mark.parametrize("person", [PERSON, "beneficiary.beneficiaryPerson.0.naturalPerson"])
def test_c6_an_individual_has_a_legal_name(person: str, kind: str) -> None:
    place = f"{person}.name.nameIdentifier.0.naturalPersonNameIdentifierType"
    assert codes({place: kind}) == ["IVMS-C6"]


def test_c6_a_legal_name_in_local_writing_alone_is_not_enough() -> None:
    local = {"primaryIdentifier": "田中", "nameIdentifierType": "LEGL"}
    alias = {"primaryIdentifier": "Tanaka", "nameIdentifierType": "ALIA"}
    assert codes({f"{PERSON}.name": {"nameIdentifier": [alias], "localNameIdentifier": [local]}}) == ["IVMS-C6"]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        (LINES, []),
        (LINES | {"addressLine": []}, ["IVMS-C8"]),
        ({key: text for key, text in LINES.items() if key != "addressLine"}, ["IVMS-C8"]),
        (LINES | {"addressLine": [], "streetName": "Marunouchi"}, ["IVMS-C8"]),
        (LINES | {"addressLine": [], "buildingNumber": "1"}, ["IVMS-C8"]),
        (LINES | {"addressLine": [], "streetName": "Marunouchi", "buildingNumber": "1"}, []),
        (LINES | {"addressLine": [], "streetName": "Marunouchi", "buildingName": "Oazo"}, []),
        (LINES | {"addressLine": [], "buildingNumber": "1", "buildingName": "Oazo"}, ["IVMS-C8"]),
    ],
)
def test_c8_an_address_leads_to_a_building(address: dict[str, Any], found: list[str]) -> None:
    assert codes({f"{PERSON}.geographicAddress": [address]}) == found


def test_a_vasp_on_the_way_is_judged_too() -> None:
    step = {"intermediaryVASP": examples.legal_person("Middle", "x", country="ZZ"), "sequence": 0}
    assert codes({"transferPath": {"transferPath": [step]}}) == ["IVMS-C3"]


@pytest.mark.parametrize(("own", "found"), [([examples.PAYEE], []), (["another"], ["IVMS-ACCOUNTS"])])
def test_account_numbers_in_both_places_must_agree(own: list[str], found: list[str]) -> None:
    assert codes({"beneficiary.accountNumber": own}) == found


@pytest.mark.parametrize(("own", "of_person"), [(["a"], ["a", "b"]), (["a", "b"], ["a"])])
def test_an_account_number_in_one_place_only_is_a_disagreement(own: list[str], of_person: list[str]) -> None:
    numbers = {"beneficiary.accountNumber": own, "beneficiary.beneficiaryPerson.0.accountNumber": of_person}
    assert codes(numbers) == ["IVMS-ACCOUNTS"]


def test_the_order_of_account_numbers_says_nothing() -> None:
    person = {"beneficiary.beneficiaryPerson.0.accountNumber": ["a", "b"], "beneficiary.accountNumber": ["b", "a"]}
    assert codes(person) == []


def test_all_findings_are_told_and_each_names_its_place() -> None:
    payload = bent(
        {
            f"{PERSON}.geographicAddress": ABSENT,
            "beneficiary.beneficiaryPerson.0.naturalPerson.countryOfResidence": "ZZ",
            f"{VASP}.name.nameIdentifier.0.legalPersonNameIdentifierType": "TRAD",
            "beneficiaryVASP": ABSENT,
        }
    )
    found = [
        (finding.code, finding.where) for finding in incomplete(read(IVMS101, payload, CODES), "records[0].ivms101")
    ]
    assert found == [
        ("IVMS-PARTY", "records[0].ivms101.beneficiaryVASP"),
        ("IVMS-C1", "records[0].ivms101.originator person 1"),
        ("IVMS-C3", "records[0].ivms101.beneficiary person 1, countryOfResidence or Registration"),
        ("IVMS-C5", "records[0].ivms101.originatingVASP"),
    ]


def test_the_countries_are_those_of_iso_3166() -> None:
    table = Path("/usr/share/zoneinfo/iso3166.tab")
    if not table.is_file():
        pytest.skip("this machine has no ISO 3166 table of the time zone database")
    lines = table.read_text("utf-8").splitlines()
    assert {line.split("\t")[0] for line in lines if not line.startswith("#")} | {"XX"} == COUNTRIES


def test_there_are_249_countries_and_xx() -> None:
    assert len(COUNTRIES) == 250
    assert {"JP", "GB", "XX"} <= COUNTRIES
    assert not {"UK", "EU", "ZZ", "KP "} & COUNTRIES
