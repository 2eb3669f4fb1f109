"""What other implementations, and the standard's own pages, really write: each trap that was found, as a test."""

from datetime import date
from typing import Any

import examples
import pytest
from payloads import ABSENT, bent, of_2023

from custody.codec.schema import SchemaError, read
from custody.travel_rule.constraints import incomplete
from custody.travel_rule.ivms101 import Ivms101
from custody.travel_rule.layout import IVMS101
from custody.travel_rule.record import CODES

NATURAL = "originator.originatorPerson.0.naturalPerson"


def parsed(payload: Any) -> Ivms101:
    found: Ivms101 = read(IVMS101, payload, CODES)
    return found


def codes(payload: Any) -> list[str]:
    return [finding.code for finding in incomplete(parsed(payload), "it", date(2026, 11, 23))]


def refused(payload: Any) -> set[str]:
    with pytest.raises(SchemaError) as caught:
        parsed(payload)
    return {finding.code.removeprefix("TRAVEL-RULE-") for finding in caught.value.findings}


def company(name: str) -> dict[str, Any]:
    return {
        "legalPerson": {
            "name": {"nameIdentifier": [{"legalPersonName": name, "legalPersonNameIdentifierType": "LEGL"}]}
        }
    }


#: The worked examples of the 2023 edition, section 8: element for element, with its version word and 2020's name types.
FIRST_EXAMPLE: dict[str, Any] = {
    "payloadMetadata": {"payloadVersion": "IVMS101.2023"},
    "originator": {
        "originatorPerson": [
            {
                "naturalPerson": {
                    "name": {
                        "nameIdentifier": [
                            {
                                "primaryIdentifier": "Smith",
                                "secondaryIdentifier": "Dr Alice",
                                "nameIdentifierType": "LEGL",
                            }
                        ]
                    },
                    "geographicAddress": [
                        {
                            "addressType": "GEOG",
                            "streetName": "Potential Street",
                            "buildingNumber": "24",
                            "buildingName": "Weathering Views",
                            "postcode": "91765",
                            "townName": "Walnut",
                            "countrySubDivision": "California",
                            "country": "US",
                        }
                    ],
                    "customerIdentification": "1002390",
                },
                "accountNumber": ["10023909"],
            }
        ]
    },
    "beneficiary": {
        "beneficiaryPerson": [
            {
                "naturalPerson": {
                    "name": {
                        "nameIdentifier": [
                            {
                                "primaryIdentifier": "Barnes",
                                "secondaryIdentifier": "Robert",
                                "nameIdentifierType": "LEGL",
                            }
                        ]
                    }
                },
                "accountNumber": ["1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"],
            }
        ]
    },
    "originatingVASP": {"originatingVASP": examples.legal_person("VASP A", "3M5E1GQKGL17HI8CPN20", "US")},
}
SECOND_EXAMPLE: dict[str, Any] = {
    "payloadMetadata": {"payloadVersion": "IVMS101.2023", "transliterationMethod": ["hani"]},
    "originator": {
        "originatorPerson": [
            {
                "naturalPerson": {
                    "name": {
                        "nameIdentifier": [
                            {"primaryIdentifier": "Wu", "secondaryIdentifier": "Xinli", "nameIdentifierType": "LEGL"}
                        ],
                        "localNameIdentifier": [
                            {"primaryIdentifier": "吴", "secondaryIdentifier": "信利", "nameIdentifierType": "LEGL"}
                        ],
                    },
                    "nationalIdentification": {
                        "nationalIdentifier": "446005",
                        "nationalIdentifierType": "RAID",
                        "registrationAuthority": "RA000553",
                    },
                    "countryOfResidence": "TZ",
                }
            }
        ]
    },
    "beneficiary": {"beneficiaryPerson": [company("ABC Limited") | {"accountNumber": ["00010190CBATRAD"]}]},
    "transferPath": {"transferPath": [{"intermediaryVASP": company("VASP E"), "sequence": 0}]},
}


def test_the_standards_first_example_lacks_a_party_and_its_lei_does_not_hold() -> None:
    assert codes(FIRST_EXAMPLE) == ["IVMS-PARTY", "LEI-CHK"]


def test_the_standards_second_example_lacks_both_vasps_and_its_individual_may_be_registered() -> None:
    assert codes(SECOND_EXAMPLE) == ["IVMS-PARTY", "IVMS-PARTY"]
    assert parsed(SECOND_EXAMPLE).transliteration == ("hani",)


@pytest.mark.parametrize(
    "scripts",
    [["arab", "aran", "armn", "cyrl", "deva", "geor", "grek", "hani", "hebr", "kana", "kore", "thai", "othr"], []],
)
def test_every_script_of_the_list_is_read(scripts: list[str]) -> None:
    payload = bent(of_2023(), {"payloadMetadata.transliterationMethod": scripts})
    assert parsed(payload).transliteration == tuple(scripts)


def test_a_script_outside_the_list_is_refused() -> None:
    assert refused(bent(of_2023(), {"payloadMetadata.transliterationMethod": ["latn"]})) == {"WORD"}


@pytest.mark.parametrize("kind", ["ALIA", "BIRT", "MAID", "MISC"])
def test_every_type_of_name_may_stand_beside_the_legal_one_misc_too(kind: str) -> None:
    legal = {"primaryIdentifier": "Tanaka", "nameIdentifierType": "LEGL"}
    other = {"primaryIdentifier": "Hana", "nameIdentifierType": kind}
    assert codes(bent(of_2023(), {f"{NATURAL}.name.nameIdentifier": [other, legal]})) == []


@pytest.mark.parametrize("kind", ["HOME", "BIZZ", "GEOG"])
def test_every_kind_of_address_identifies_an_individual(kind: str) -> None:
    assert codes(bent(of_2023(), {f"{NATURAL}.geographicAddress.0.addressType": kind})) == []


def test_what_a_published_json_schema_lets_pass_is_refused() -> None:
    payload = bent(of_2023(), {"originator": {"originatorPersons": [{}]}, "beneficiary.accountNumber": []})
    assert refused(payload) == {"COUNT"}


@pytest.mark.parametrize("key", ["Originator", "originator_persons", "originatorpersons"])
def test_keys_of_other_libraries_are_unknown(key: str) -> None:
    assert "KEY" in refused(of_2023() | {key: {}})


def test_a_converter_that_leaves_the_customer_number_of_2020_is_read_where_both_agree() -> None:
    path = "beneficiaryVASP.beneficiaryVASP.legalPerson"
    both = bent(of_2023(), {f"{path}.customerNumber": "7", f"{path}.customerIdentification": "7"})
    assert codes(both) == []
    assert refused(bent(both, {f"{path}.customerNumber": "8"})) == {"CONFLICT"}


def test_account_numbers_of_2023_are_longer_than_those_of_2020() -> None:
    assert codes(bent(of_2023(), {"originator.originatorPerson.0.accountNumber": ["x" * 512]})) == []
    assert refused(bent(of_2023(), {"originator.originatorPerson.0.accountNumber": ["x" * 513]})) == {"TEXT"}
    in_the_old_place = {"originator.originatorPerson.0.accountNumber": ABSENT, "originator.accountNumber": ["x" * 101]}
    assert refused(bent(of_2023(), in_the_old_place)) == {"TEXT"}


def test_account_numbers_are_compared_letter_by_letter() -> None:
    numbers = {"originator.originatorPerson.0.accountNumber": ["abc"], "originator.accountNumber": ["ABC"]}
    assert codes(bent(of_2023(), numbers)) == ["IVMS-ACCOUNTS"]
