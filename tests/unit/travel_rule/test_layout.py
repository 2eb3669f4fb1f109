"""IVMS101 as senders really write it: two editions, known spellings, and the traps among published fixtures."""

import copy
import json
from datetime import date
from pathlib import Path
from typing import Any

import examples
import pytest
from payloads import bent, in_2020, of_2023

from custody.codec.schema import SchemaError, read
from custody.travel_rule.constraints import incomplete
from custody.travel_rule.ivms101 import Ivms101
from custody.travel_rule.layout import IVMS101, MAX_ACCOUNT_NUMBERS, MAX_ITEMS
from custody.travel_rule.record import CODES

PERSON = "originator.originatorPerson.0.naturalPerson"


def parsed(payload: Any) -> Ivms101:
    payload_read: Ivms101 = read(IVMS101, payload, CODES)
    return payload_read


def faults(payload: Any) -> list[tuple[str, str]]:
    with pytest.raises(SchemaError) as caught:
        parsed(payload)
    return [(finding.code.removeprefix("TRAVEL-RULE-"), finding.where) for finding in caught.value.findings]


def fixture(shared: Path, name: str) -> Any:
    return json.loads((shared / "vectors/ivms101" / f"trisa_{name}.json").read_text("utf-8"))


def honest() -> dict[str, Any]:
    return of_2023()


def of_2020() -> dict[str, Any]:
    """The honest payload as the 2020 edition writes it."""
    return in_2020(of_2023())


def test_both_editions_tell_the_same() -> None:
    old, new = parsed(of_2020()), parsed(honest())
    assert old.beneficiary is not None
    assert new.beneficiary is not None
    assert old.beneficiary.account_numbers == new.beneficiary.account_numbers == (examples.PAYEE,)
    assert old.originating_vasp == new.originating_vasp
    assert [person.either for person in old.beneficiary.persons] == [
        person.either for person in new.beneficiary.persons
    ]
    assert (old.version, new.version) == ("101", "101.2023")


def test_the_version_word_of_the_standards_own_example_is_read() -> None:
    assert parsed({"payloadMetadata": {"payloadVersion": "IVMS101.2023"}}).version == "101.2023"
    assert faults({"payloadMetadata": {"payloadVersion": "2023"}}) == [("WORD", "payloadMetadata.payloadVersion")]


def test_a_converter_that_keeps_the_old_key_beside_the_new_is_read_when_both_agree() -> None:
    payload = honest()
    name = payload["originator"]["originatorPerson"][0]["naturalPerson"]["name"]["nameIdentifier"][0]
    name["nameIdentifierType"] = "LEGL"
    assert parsed(payload) == parsed(honest())
    name["nameIdentifierType"] = "ALIA"
    place = "originator.originatorPerson[0].naturalPerson.name.nameIdentifier[0].naturalPersonNameIdentifierType"
    assert faults(payload) == [("CONFLICT", place)]


def test_persons_under_both_spellings_must_be_the_same_persons() -> None:
    payload = honest()
    payload["beneficiary"]["beneficiaryPersons"] = copy.deepcopy(payload["beneficiary"]["beneficiaryPerson"])
    assert parsed(payload) == parsed(honest())
    payload["beneficiary"]["beneficiaryPersons"][0]["naturalPerson"]["name"]["nameIdentifier"][0][
        "primaryIdentifier"
    ] = "Else"
    assert faults(payload) == [("CONFLICT", "beneficiary.beneficiaryPerson")]


@pytest.mark.parametrize(
    ("path", "other", "place"),
    [
        (
            f"{PERSON}.geographicAddress.0.postcode",
            f"{PERSON}.geographicAddress.0.postCode",
            "originator.originatorPerson[0].naturalPerson.geographicAddress[0].postcode",
        ),
        ("originator.originatorPerson", "originator.originatorPersons", "originator.originatorPerson"),
    ],
)
def test_a_conflict_is_told_at_the_key_of_the_2023_edition(path: str, other: str, place: str) -> None:
    payload = bent(of_2023(), {f"{PERSON}.geographicAddress.0.postcode": "1"})
    persons = [examples.natural_person("Else")]
    assert faults(bent(payload, {other: "2" if path.endswith("postcode") else persons})) == [("CONFLICT", place)]


def test_a_list_is_no_vasp() -> None:
    assert faults(bent(honest(), {"originatingVASP": ["originatingVASP"]})) == [("TYPE", "originatingVASP")]


def test_customer_number_and_customer_identification_are_one_field() -> None:
    payload = honest()
    company = payload["originatingVASP"]["originatingVASP"]["legalPerson"]
    company |= {"customerNumber": "7", "customerIdentification": "8"}
    found = faults(payload)
    assert found == [("CONFLICT", "originatingVASP.originatingVASP.legalPerson.customerIdentification")]


@pytest.mark.parametrize("fixture_name", ["identity_payload"])
def test_a_published_complete_payload_is_read_and_complete(shared: Path, fixture_name: str) -> None:
    payload = parsed(fixture(shared, fixture_name))
    assert list(incomplete(payload, "it", date(2026, 11, 23))) == []
    assert payload.originator is not None
    assert payload.originator.account_numbers == ("14HmBSwec8XrcWge9Zi1ZngNia64u3Wd2v",)
    assert payload.originating_vasp is not None
    legal = payload.originating_vasp.legal
    assert legal is not None
    assert legal.national_identification is not None
    assert legal.national_identification.identifier == "506700T7Z685VUOZL877"


@pytest.mark.parametrize("fixture_name", ["identity_payload.pb", "identity_payload_alt"])
def test_payloads_in_snake_case_or_free_spellings_are_refused(shared: Path, fixture_name: str) -> None:
    assert "KEY" in {code for code, _ in faults(fixture(shared, fixture_name))}


def test_published_persons_are_read(shared: Path) -> None:
    natural = fixture(shared, "natural_person")
    legal = fixture(shared, "legal_person")
    assert fixture(shared, "person_legal_person")["legalPerson"]["name"] == legal["name"]
    persons = [{"naturalPerson": natural}, {"legalPerson": legal}, fixture(shared, "person_natural_person")]
    payload = parsed({"beneficiary": {"beneficiaryPersons": persons}})
    assert payload.beneficiary is not None
    assert payload.beneficiary.persons[1].legal is not None
    assert payload.beneficiary.persons[1].legal.customer_identification == "abc1234"


def test_a_person_that_is_both_natural_and_legal_is_refused(shared: Path) -> None:
    both = fixture(shared, "person_both_persons")
    assert faults({"originatingVASP": both}) == [("COUNT", "originatingVASP")]
    assert faults({"originatingVASP": {}}) == [("COUNT", "originatingVASP")]


def test_a_name_that_is_a_list_is_refused() -> None:
    payload = honest()
    person = payload["originator"]["originatorPerson"][0]["naturalPerson"]
    person["name"] = person["name"]["nameIdentifier"]
    assert faults(payload) == [("TYPE", "originator.originatorPerson[0].naturalPerson.name")]


def test_capital_first_letters_are_refused() -> None:
    payload = honest()
    assert ("KEY", "top level") in faults({"Originator": payload["originator"]})


@pytest.mark.parametrize(
    ("day", "found"),
    [
        ("1980-02-29", False),
        ("0001-01-01", False),
        ("1981-02-29", True),
        ("1980-13-01", True),
        ("0000-01-01", True),
        ("19800229", True),
        ("1980-W09-5", True),
        ("1980-2-9", True),
        ("\uff11980-02-29", True),
        (19800229, True),
        ("", True),
    ],
)
def test_a_day_of_birth_is_a_day_of_the_calendar(day: object, found: bool) -> None:
    payload = honest()
    person = payload["originator"]["originatorPerson"][0]["naturalPerson"]
    person["dateAndPlaceOfBirth"] = {"dateOfBirth": day, "placeOfBirth": "Kobe"}
    place = "originator.originatorPerson[0].naturalPerson.dateAndPlaceOfBirth.dateOfBirth"
    if found:
        assert faults(payload) == [("TEXT", place)]
    else:
        assert parsed(payload).originator is not None


@pytest.mark.parametrize(
    ("key", "limit"),
    [
        ("department", 50), ("subDepartment", 70), ("streetName", 70), ("buildingNumber", 16), ("buildingName", 35),
        ("floor", 70), ("postBox", 16), ("room", 70), ("postcode", 16), ("townName", 35), ("townLocationName", 35),
        ("districtName", 35), ("countrySubDivision", 35),
    ],
)  # fmt: skip
def test_address_texts_end_at_the_standards_lengths(key: str, limit: int) -> None:
    payload = honest()
    address = payload["originator"]["originatorPerson"][0]["naturalPerson"]["geographicAddress"][0]
    address[key] = "x" * limit
    assert parsed(payload).originator is not None
    address[key] = "x" * (limit + 1)
    assert faults(payload) == [("TEXT", f"originator.originatorPerson[0].naturalPerson.geographicAddress[0].{key}")]


def test_latin_names_are_ascii_and_local_names_are_not_bound_to_it() -> None:
    payload = honest()
    name = payload["originator"]["originatorPerson"][0]["naturalPerson"]["name"]
    name["localNameIdentifier"] = [{"primaryIdentifier": "田中", "nameIdentifierType": "LEGL"}]
    name["phoneticNameIdentifier"] = [{"primaryIdentifier": "タナカ", "nameIdentifierType": "LEGL"}]
    assert parsed(payload).originator is not None
    name["nameIdentifier"][0]["primaryIdentifier"] = "田中"
    place = "originator.originatorPerson[0].naturalPerson.name.nameIdentifier[0].primaryIdentifier"
    assert faults(payload) == [("TEXT", place)]


@pytest.mark.parametrize("authority", ["RA000001", "RA777777"])
def test_a_registration_authority_has_its_form(authority: str) -> None:
    payload = honest()
    identification = payload["originatingVASP"]["originatingVASP"]["legalPerson"]["nationalIdentification"]
    identification["registrationAuthority"] = authority
    assert parsed(payload).originating_vasp is not None
    identification["registrationAuthority"] = authority.lower()
    place = "originatingVASP.originatingVASP.legalPerson.nationalIdentification.registrationAuthority"
    assert faults(payload) == [("TEXT", place)]


ORIGINATOR = "originator.originatorPerson.0"
LEGAL = "originatingVASP.originatingVASP.legalPerson"
STEP = {"intermediaryVASP": examples.legal_person("Middle", "x"), "sequence": 0}
NAMED = of_2023()["originator"]["originatorPerson"][0]["naturalPerson"]["name"]["nameIdentifier"][0]
ADDRESS = of_2023()["originator"]["originatorPerson"][0]["naturalPerson"]["geographicAddress"][0]


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        (f"{PERSON}.name.nameIdentifier.0.primaryIdentifier", 100),
        (f"{PERSON}.name.nameIdentifier.0.secondaryIdentifier", 100),
        (f"{PERSON}.name.localNameIdentifier.0.primaryIdentifier", 100),
        (f"{PERSON}.name.phoneticNameIdentifier.0.primaryIdentifier", 100),
        (f"{PERSON}.customerIdentification", 50),
        (f"{PERSON}.countryOfResidence", 100),
        (f"{PERSON}.geographicAddress.0.country", 100),
        (f"{LEGAL}.name.nameIdentifier.0.legalPersonName", 100),
        (f"{LEGAL}.nationalIdentification.nationalIdentifier", 35),
        (f"{LEGAL}.nationalIdentification.countryOfIssue", 100),
        (f"{LEGAL}.countryOfRegistration", 100),
    ],
)
def test_a_text_ends_at_its_length(path: str, limit: int) -> None:
    assert parsed(bent(honest(), {path: "x" * limit})).originator is not None
    assert [code for code, _ in faults(bent(honest(), {path: "x" * (limit + 1)}))] == ["TEXT"]


@pytest.mark.parametrize(
    ("path", "item", "most"),
    [
        (f"{PERSON}.name.nameIdentifier", NAMED, MAX_ITEMS),
        (f"{PERSON}.name.localNameIdentifier", NAMED, MAX_ITEMS),
        (f"{PERSON}.name.phoneticNameIdentifier", NAMED, MAX_ITEMS),
        (f"{PERSON}.geographicAddress", ADDRESS, MAX_ITEMS),
        (f"{PERSON}.geographicAddress.0.addressLine", "x" * 70, 7),
        (f"{ORIGINATOR}.accountNumber", "x" * 512, MAX_ACCOUNT_NUMBERS),
        ("beneficiary.accountNumber", "x" * 100, MAX_ACCOUNT_NUMBERS),
        ("originator.originatorPerson", of_2023()["originator"]["originatorPerson"][0], MAX_ITEMS),
        ("transferPath", STEP, MAX_ITEMS),
        ("payloadMetadata.transliterationMethod", "kana", MAX_ITEMS),
    ],
)
def test_a_list_ends_at_its_limit(path: str, item: object, most: int) -> None:
    assert parsed(bent(honest(), {path: [item] * most})).originator is not None
    assert [code for code, _ in faults(bent(honest(), {path: [item] * (most + 1)}))] == ["COUNT"]


@pytest.mark.parametrize(
    "path",
    [
        f"{PERSON}.name.localNameIdentifier",
        f"{PERSON}.name.phoneticNameIdentifier",
        f"{PERSON}.geographicAddress",
        f"{PERSON}.geographicAddress.0.addressLine",
        f"{ORIGINATOR}.accountNumber",
        "beneficiary.accountNumber",
        "transferPath",
        "payloadMetadata.transliterationMethod",
    ],
)
def test_a_list_that_may_be_absent_may_be_empty(path: str) -> None:
    assert parsed(bent(honest(), {path: []})).originator is not None


@pytest.mark.parametrize("path", [f"{PERSON}.name.nameIdentifier", "originator.originatorPerson"])
def test_names_and_persons_are_at_least_one(path: str) -> None:
    assert [code for code, _ in faults(bent(honest(), {path: []}))] == ["COUNT"]


@pytest.mark.parametrize(
    ("path", "item"),
    [
        (f"{PERSON}.geographicAddress.0.addressLine", "x" * 71),
        (f"{ORIGINATOR}.accountNumber", "x" * 513),
        ("beneficiary.accountNumber", "x" * 101),
    ],
)
def test_a_text_in_a_list_ends_at_its_length(path: str, item: str) -> None:
    assert [code for code, _ in faults(bent(honest(), {path: [item]}))] == ["TEXT"]


def test_a_place_of_birth_ends_at_its_length() -> None:
    born = {"dateOfBirth": "1980-02-29", "placeOfBirth": "x" * 70}
    assert parsed(bent(honest(), {f"{PERSON}.dateAndPlaceOfBirth": born})).originator is not None
    born["placeOfBirth"] += "x"
    assert [code for code, _ in faults(bent(honest(), {f"{PERSON}.dateAndPlaceOfBirth": born}))] == ["TEXT"]


@pytest.mark.parametrize(("sequence", "found"), [(-1, True), (0, False), (MAX_ITEMS, False), (MAX_ITEMS + 1, True)])
def test_a_vasp_on_the_way_has_its_place_among_the_most_that_there_may_be(sequence: int, found: bool) -> None:
    payload = {"transferPath": [STEP | {"sequence": sequence}]}
    if found:
        assert faults(payload) == [("NUMBER", "transferPath[0].sequence")]
    else:
        assert [step.sequence for step in parsed(payload).transfer_path] == [sequence]


def test_the_transfer_path_is_read_nested_and_plain() -> None:
    step = {"intermediaryVASP": examples.legal_person("Middle", "x"), "sequence": 0}
    nested = parsed({"transferPath": {"transferPath": [step]}})
    assert nested == parsed({"transferPath": [step]})
    assert [step.sequence for step in nested.transfer_path] == [0]
    assert faults({"transferPath": [step | {"sequence": True}]}) == [("NUMBER", "transferPath[0].sequence")]


def test_a_vasp_nested_twice_too_often_is_refused() -> None:
    vasp = examples.legal_person("Middle", "x")
    assert faults({"originatingVASP": {"originatingVASP": {"originatingVASP": vasp}}})


def test_nothing_hides_beside_a_nested_vasp() -> None:
    vasp = examples.legal_person("Middle", "x")
    assert ("KEY", "originatingVASP") in faults({"originatingVASP": {"originatingVASP": vasp} | vasp})
