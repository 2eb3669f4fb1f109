"""IVMS101 completeness: each constraint with what passes it and what fails it, in both editions, all told at once."""

import copy
from datetime import date
from pathlib import Path
from typing import Any

import examples
import pytest
from payloads import ABSENT, bent, in_2020, of_2023

from custody.codec.schema import Finding, read
from custody.travel_rule.constraints import incomplete
from custody.travel_rule.countries import COUNTRIES
from custody.travel_rule.layout import IVMS101
from custody.travel_rule.record import CODES

TODAY = date(2026, 11, 23)
ORIGINATOR = "originator.originatorPerson.0"
PERSON = f"{ORIGINATOR}.naturalPerson"
PAYEE = "beneficiary.beneficiaryPerson.0.naturalPerson"
VASP = "originatingVASP.originatingVASP.legalPerson"
OTHER = "beneficiaryVASP.beneficiaryVASP.legalPerson"
COMPANY = examples.legal_person("Example Trading KK", examples.HOUSE_LEI)
LINES = {"addressType": "GEOG", "addressLine": ["1-1 Marunouchi"], "townName": "Chiyoda", "country": "JP"}


def judged(payload: Any) -> list[Finding]:
    return list(incomplete(read(IVMS101, payload, CODES), "it", TODAY))


def codes(changes: dict[str, Any]) -> list[str]:
    """The findings against the honest payload with these changes; in both editions the same."""
    payload = bent(of_2023(), changes)
    found = [finding.code for finding in judged(payload)]
    assert [finding.code for finding in judged(in_2020(payload))] == found
    return found


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
    found = judged(bent(of_2023(), {party: ABSENT}))
    assert [(finding.code, finding.where) for finding in found] == [("IVMS-PARTY", f"it.{party}")]


def test_an_unhosted_wallet_has_no_vasp() -> None:
    payload = read(IVMS101, bent(of_2023(), {"beneficiaryVASP": ABSENT}), CODES)
    assert list(incomplete(payload, "it", TODAY, hosted=False)) == []


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
        ({f"{PAYEE}.geographicAddress": ABSENT}, []),
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
        f"{PERSON}.nationalIdentification.countryOfIssue",
        "beneficiaryVASP.beneficiaryVASP.legalPerson.countryOfRegistration",
    ],
)
def test_c3_no_other_country_code_passes_anywhere(place: str, code: str) -> None:
    passport = {"nationalIdentifier": "7", "nationalIdentifierType": "CCPT"}
    assert codes({f"{PERSON}.nationalIdentification": passport, place: code}) == ["IVMS-C3"]


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
@pytest.mark.parametrize("person", [PERSON, PAYEE])
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
    step = {"intermediaryVASP": examples.legal_person("Middle", examples.OTHER_LEI, country="ZZ"), "sequence": 0}
    (finding,) = judged(bent(of_2023(), {"transferPath": {"transferPath": [step]}}))
    assert finding.code == "IVMS-C3"
    assert finding.where == "it.transferPath[0].intermediaryVASP.legalPerson.countryOfRegistration"


@pytest.mark.parametrize(
    ("day", "found"),
    [("1980-02-29", []), ("2026-11-22", []), ("2026-11-23", ["IVMS-C2"]), ("2099-01-01", ["IVMS-C2"])],
)
@pytest.mark.parametrize("person", [PERSON, PAYEE])
def test_c2_a_birth_is_past(person: str, day: str, found: list[str]) -> None:
    assert codes({f"{person}.dateAndPlaceOfBirth": {"dateOfBirth": day, "placeOfBirth": "Kobe"}}) == found


def identified(kind: str, number: str = "7", **others: str) -> dict[str, Any]:
    """An honest payload's change: the originating VASP is identified otherwise."""
    written = {"nationalIdentifier": number, "nationalIdentifierType": kind} | others
    return {f"{VASP}.nationalIdentification": written}


@pytest.mark.parametrize("kind", ["RAID", "MISC", "TXID"])
def test_c7_a_companys_identification_is_of_one_of_its_types(kind: str) -> None:
    assert codes(identified(kind, registrationAuthority="RA000412")) == []


@pytest.mark.parametrize("kind", ["ARNU", "CCPT", "DRLC", "FIIN", "SOCS", "IDCD"])
def test_c7_a_company_has_no_identification_of_a_person(kind: str) -> None:
    assert codes(identified(kind, registrationAuthority="RA000412")) == ["IVMS-C7"]


@pytest.mark.parametrize("kind", ["ARNU", "CCPT", "RAID", "DRLC", "FIIN", "TXID", "SOCS", "IDCD", "LEIX", "MISC"])
def test_c7_asks_nothing_of_an_individual(kind: str) -> None:
    written = {"nationalIdentifier": "7", "nationalIdentifierType": kind}
    assert codes({f"{PERSON}.nationalIdentification": written}) == []


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        (identified("RAID"), ["IVMS-C9"]),
        (identified("LEIX", examples.HOUSE_LEI, registrationAuthority="RA000412"), ["IVMS-C9"]),
        (identified("LEIX", examples.HOUSE_LEI, countryOfIssue="JP"), ["IVMS-C9"]),
        (identified("RAID", registrationAuthority="RA000412", countryOfIssue="JP"), ["IVMS-C9"]),
        (identified("RAID", countryOfIssue="JP"), ["IVMS-C9", "IVMS-C9"]),
        (identified("LEIX", examples.HOUSE_LEI), []),
        (identified("RAID", registrationAuthority="RA000412"), []),
    ],
)
def test_c9_a_company_names_its_register_and_no_country(changes: dict[str, Any], found: list[str]) -> None:
    assert codes(changes) == found


@pytest.mark.parametrize(
    ("changes", "observed", "required"),
    [
        (identified("RAID"), "no registration authority", "the authority that registered the company"),
        (
            identified("LEIX", examples.HOUSE_LEI, registrationAuthority="RA000412"),
            "a registration authority beside an LEI",
            "no registration authority",
        ),
    ],
)
def test_c9_tells_a_register_that_is_missing_from_one_too_many(
    changes: dict[str, Any], observed: str, required: str
) -> None:
    (finding,) = judged(bent(of_2023(), changes))
    assert (finding.observed, finding.required) == (observed, required)


@pytest.mark.parametrize("others", [{"registrationAuthority": "RA000553"}, {"countryOfIssue": "TZ"}, {}])
def test_c9_an_individual_may_be_registered_as_the_standards_second_example_has_it(others: dict[str, str]) -> None:
    written = {"nationalIdentifier": "446005", "nationalIdentifierType": "RAID"} | others
    assert codes({f"{PERSON}.nationalIdentification": written}) == []


@pytest.mark.parametrize("authority", ["RA000412", "RA000001", "RA001045", "RA777777", "RA888888", "RA999999"])
def test_c10_an_authority_of_the_list_passes(authority: str) -> None:
    assert codes(identified("RAID", registrationAuthority=authority)) == []


@pytest.mark.parametrize("authority", ["RA000000", "RA900000", "RA777778"])
def test_c10_an_authority_that_is_not_on_the_list_is_told_with_the_day_of_the_list(authority: str) -> None:
    (finding,) = judged(bent(of_2023(), identified("RAID", registrationAuthority=authority)))
    assert finding.code == "IVMS-C10"
    assert "2022-03-23" in finding.observed
    person = {"nationalIdentifier": "7", "nationalIdentifierType": "RAID", "registrationAuthority": authority}
    assert codes({f"{PERSON}.nationalIdentification": person}) == ["IVMS-C10"]


@pytest.mark.parametrize("lei", ["529900EXAMPLEHOUSE7X", "529900examplehouse78", "7", examples.HOUSE_LEI + "0"])
def test_c11_an_lei_has_its_form(lei: str) -> None:
    assert codes(identified("LEIX", lei)) == ["IVMS-C11"]


@pytest.mark.parametrize(
    ("lei", "found"),
    [
        (examples.HOUSE_LEI, []),
        ("506700T7Z685VUOZL877", []),
        # The standard's own first example: the form is right and the check digits are not.
        ("3M5E1GQKGL17HI8CPN20", ["LEI-CHK"]),
        ("529900EXAMPLEHOUSE79", ["LEI-CHK"]),
        ("592900EXAMPLEHOUSE78", ["LEI-CHK"]),
    ],
)
def test_the_check_digits_of_an_lei_have_a_code_of_their_own(lei: str, found: list[str]) -> None:
    assert codes(identified("LEIX", lei)) == found


def test_c11_asks_nothing_of_an_identifier_that_is_no_lei() -> None:
    assert codes(identified("TXID", "213800AQUAUP6I215N33", registrationAuthority="RA777777")) == []


@pytest.mark.parametrize(
    ("sequences", "found"),
    [
        ([], []),
        ([0], []),
        ([0, 1, 2], []),
        ([1, 0], []),
        ([1], ["IVMS-C12"]),
        ([0, 2], ["IVMS-C12"]),
        ([0, 0], ["IVMS-C12"]),
        ([1, 2], ["IVMS-C12"]),
    ],
)
def test_c12_the_vasps_on_the_way_are_numbered_from_0_without_gaps(sequences: list[int], found: list[str]) -> None:
    middle = examples.legal_person("Middle", examples.OTHER_LEI)
    steps = [{"intermediaryVASP": middle, "sequence": sequence} for sequence in sequences]
    assert codes({"transferPath": {"transferPath": steps}}) == found


@pytest.mark.parametrize(("own", "found"), [([examples.PAYEE], []), (["another"], ["IVMS-ACCOUNTS"])])
def test_account_numbers_in_both_places_must_agree(own: list[str], found: list[str]) -> None:
    assert [one.code for one in judged(bent(of_2023(), {"beneficiary.accountNumber": own}))] == found


@pytest.mark.parametrize(("own", "of_person"), [(["a"], ["a", "b"]), (["a", "b"], ["a"])])
def test_an_account_number_in_one_place_only_is_a_disagreement(own: list[str], of_person: list[str]) -> None:
    numbers = {"beneficiary.accountNumber": own, "beneficiary.beneficiaryPerson.0.accountNumber": of_person}
    assert [one.code for one in judged(bent(of_2023(), numbers))] == ["IVMS-ACCOUNTS"]


def test_the_order_of_account_numbers_says_nothing() -> None:
    both = {"beneficiary.beneficiaryPerson.0.accountNumber": ["a", "b"], "beneficiary.accountNumber": ["b", "a"]}
    assert judged(bent(of_2023(), both)) == []


def test_all_findings_are_told_and_each_names_its_place() -> None:
    changes = {
        f"{PERSON}.geographicAddress": ABSENT,
        f"{PAYEE}.countryOfResidence": "ZZ",
        f"{VASP}.name.nameIdentifier.0.legalPersonNameIdentifierType": "TRAD",
        "beneficiaryVASP": ABSENT,
    }
    assert [(finding.code, finding.where) for finding in judged(bent(of_2023(), changes))] == [
        ("IVMS-PARTY", "it.beneficiaryVASP"),
        ("IVMS-C1", "it.originator.originatorPerson[0]"),
        ("IVMS-C3", "it.beneficiary.beneficiaryPerson[0].naturalPerson.countryOfResidence"),
        ("IVMS-C5", "it.originatingVASP"),
    ]


def test_a_judge_that_is_always_content_would_fail_these_tests() -> None:
    bad = {f"{PERSON}.countryOfResidence": "ZZ", f"{VASP}.nationalIdentification.nationalIdentifier": "7"}
    assert len(judged(bent(of_2023(), bad))) == 2


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
