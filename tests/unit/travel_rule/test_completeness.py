"""What a jurisdiction asks besides: party by party, by class of counterparty, above and below a threshold."""

import copy
from datetime import date
from typing import Any

import examples
import pytest
from payloads import ABSENT, bent, in_2020

from custody.codec.schema import Finding
from custody.travel_rule.completeness import Terms, incomplete_record
from custody.travel_rule.profiles import PROFILES
from custody.travel_rule.record import TravelRuleRecord, parse_block

HONEST = examples.record((0, examples.PAYEE, 150_000))
ORIGINATOR = "ivms101.originator.originatorPerson.0"
PERSON = f"{ORIGINATOR}.naturalPerson"
BENEFICIARY = "ivms101.beneficiary.beneficiaryPerson.0"
VASP = "ivms101.originatingVASP.originatingVASP.legalPerson"
MADE = 1_800_000_000
BIRTH = {"dateOfBirth": "1980-02-29", "placeOfBirth": "Kobe"}
PASSPORT = {"nationalIdentifier": "TK1234567", "nationalIdentifierType": "CCPT", "countryOfIssue": "JP"}
COMPANY = examples.legal_person("Example Trading KK", examples.HOUSE_LEI)
GEOG = {"addressType": "GEOG", "addressLine": ["1-1 Marunouchi"], "townName": "Chiyoda", "country": "JP"}


def parsed(record: Any) -> TravelRuleRecord:
    (one,) = parse_block(examples.block(record))
    return one


def judged(record: Any, profile: str, worth: int | None = None, made: int | None = MADE) -> list[Finding]:
    terms = Terms(PROFILES[profile], date(2026, 11, 23), made)
    return list(incomplete_record(parsed(record), "it", terms, lambda _: worth))


def codes(changes: dict[str, Any], profile: str = "jp", worth: int | None = None) -> list[str]:
    """The findings against the honest record with these changes; the edition of its payload changes nothing."""
    record = bent(HONEST, changes)
    found = [finding.code for finding in judged(record, profile, worth)]
    old = record | {"ivms101": in_2020(record["ivms101"])}
    assert [finding.code for finding in judged(old, profile, worth)] == found
    return found


def unhosted(**said: str) -> dict[str, Any]:
    """The honest record's change: the payee's wallet is kept by no VASP."""
    return {"counterparty": {"unhosted": said}, "ivms101.beneficiaryVASP": ABSENT, "notice": ABSENT}


@pytest.mark.parametrize("profile", PROFILES)
def test_an_honest_record_is_complete_in_every_jurisdiction_but_one_that_asks_for_papers(profile: str) -> None:
    papers = {f"{PERSON}.dateAndPlaceOfBirth": BIRTH} if profile == "eu" else {}
    assert codes(papers, profile) == []


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_refuses_a_record_that_names_nobody(profile: str) -> None:
    empty = bent(HONEST, {"ivms101": {}})
    assert {finding.code for finding in judged(empty, profile)} == {"IVMS-PARTY"}


# --- Japan


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({f"{PERSON}.name.localNameIdentifier": ABSENT}, ["PROFILE-LOCAL-NAME"]),
        ({f"{PERSON}.name.localNameIdentifier": []}, ["PROFILE-LOCAL-NAME"]),
        ({f"{PERSON}.name.localNameIdentifier.0.primaryIdentifier": "たなか"}, []),
        ({f"{PERSON}.name.localNameIdentifier.0.naturalPersonNameIdentifierType": "ALIA"}, ["PROFILE-LOCAL-NAME"]),
        ({f"{PERSON}.name.phoneticNameIdentifier": ABSENT}, ["PROFILE-PHONETIC-NAME"]),
        ({f"{PERSON}.name.phoneticNameIdentifier.0.primaryIdentifier": "田中"}, ["PROFILE-PHONETIC-NAME"]),
        ({f"{PERSON}.name.phoneticNameIdentifier.0.primaryIdentifier": "Tanaka"}, ["PROFILE-PHONETIC-NAME"]),
        ({f"{PERSON}.name.phoneticNameIdentifier.0.primaryIdentifier": "ﾀﾅｶ"}, []),
        ({f"{PERSON}.name.phoneticNameIdentifier.0.primaryIdentifier": "たなか"}, []),
        (
            {f"{PERSON}.name.phoneticNameIdentifier.0.naturalPersonNameIdentifierType": "MAID"},
            ["PROFILE-PHONETIC-NAME"],
        ),
        ({f"{PERSON}.geographicAddress": ABSENT, f"{PERSON}.customerIdentification": "7"}, ["PROFILE-ADDRESS"]),
        ({f"{PERSON}.geographicAddress": ABSENT}, ["IVMS-C1", "PROFILE-ADDRESS"]),
        ({f"{ORIGINATOR}.accountNumber": ABSENT}, ["PROFILE-ACCOUNT"]),
        ({f"{BENEFICIARY}.accountNumber": ABSENT}, ["PROFILE-ACCOUNT"]),
        ({f"{BENEFICIARY}.naturalPerson.geographicAddress": ABSENT}, []),
    ],
)
def test_japan_asks_for_these_of_an_individual(changes: dict[str, Any], found: list[str]) -> None:
    assert codes(changes) == found


def test_latin_letters_alone_are_no_local_writing() -> None:
    latin = {f"{PERSON}.name.localNameIdentifier.0": {"primaryIdentifier": "Tanaka Éva", "nameIdentifierType": "LEGL"}}
    assert codes(latin) == ["PROFILE-LOCAL-NAME"]


def test_one_local_name_among_others_is_enough() -> None:
    name = {"primaryIdentifier": "花", "naturalPersonNameIdentifierType": "ALIA"}
    both = [name, examples.resident_of_japan()["naturalPerson"]["name"]["localNameIdentifier"][0]]
    assert codes({f"{PERSON}.name.localNameIdentifier": both}) == []


def abroad(**changes: Any) -> dict[str, Any]:
    """The honest record's change: an originator with a Latin name only, who lives in France."""
    person = examples.natural_person("Martin")["naturalPerson"] | {"countryOfResidence": "FR"}
    person["geographicAddress"][0]["country"] = "FR"
    return {PERSON: person, **{f"{PERSON}.{key}": value for key, value in changes.items()}}


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, []),
        ({"countryOfResidence": ABSENT}, []),
        ({"countryOfResidence": "JP"}, ["PROFILE-LOCAL-NAME", "PROFILE-PHONETIC-NAME"]),
        ({"geographicAddress.0.country": "JP"}, ["PROFILE-LOCAL-NAME", "PROFILE-PHONETIC-NAME"]),
    ],
)
def test_local_writing_is_asked_of_whoever_lives_in_japan_or_has_an_address_there(
    changes: dict[str, Any], found: list[str]
) -> None:
    assert codes(abroad(**changes)) == found


def test_a_company_in_japan_is_asked_for_its_address_and_not_for_kana() -> None:
    company = copy.deepcopy(COMPANY) | {"accountNumber": ["customer-0002"]}
    assert codes({ORIGINATOR: company}) == ["PROFILE-ADDRESS"]
    company["legalPerson"]["geographicAddress"] = [GEOG]
    assert codes({ORIGINATOR: company}) == []


@pytest.mark.parametrize(
    ("jurisdiction", "found"),
    [("JP", ["PROFILE-NOTICE"]), ("GB", ["PROFILE-NOTICE"]), ("HK", ["PROFILE-NOTICE"]), ("FR", []), ("CN", [])],
)
def test_a_vasp_in_a_designated_jurisdiction_has_been_told(jurisdiction: str, found: list[str]) -> None:
    assert codes({"counterparty.jurisdiction": jurisdiction}) == []
    assert codes({"counterparty.jurisdiction": jurisdiction, "notice": ABSENT}) == found


@pytest.mark.parametrize("profile", ["eu", "fatf", "us"])
def test_other_profiles_ask_for_no_notice(profile: str) -> None:
    papers = {f"{PERSON}.dateAndPlaceOfBirth": BIRTH}
    assert codes(papers | {"notice": ABSENT}, profile) == []


def test_a_notice_is_no_later_than_the_request() -> None:
    record = bent(HONEST, {"notice.time": "2027-01-15T08:00:00Z"})
    assert judged(record, "jp", made=MADE) == []
    (finding,) = judged(record, "jp", made=MADE - 1)
    assert (finding.code, finding.where) == ("PROFILE-NOTICE", "it.notice.time")
    assert "2027-01-15T07:59:59Z" in finding.required
    assert judged(record, "jp", made=None) == []


@pytest.mark.parametrize("jurisdiction", ["XX", "ZZ", "UK"])
def test_the_receiving_vasp_is_supervised_somewhere(jurisdiction: str) -> None:
    assert codes({"counterparty.jurisdiction": jurisdiction}) == ["PROFILE-JURISDICTION"]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"counterparty.name": "Another Ltd"}, ["VASP-COUNTERPARTY"]),
        ({"counterparty.lei": examples.HOUSE_LEI}, ["VASP-COUNTERPARTY"]),
        ({"counterparty.lei": ABSENT}, []),
        ({"counterparty.lei": "5299000THEREXCHNGE45"}, ["LEI-CHK", "VASP-COUNTERPARTY"]),
    ],
)
def test_the_counterparty_is_the_vasp_that_the_payload_names(changes: dict[str, str], found: list[str]) -> None:
    assert codes(changes) == found


@pytest.mark.parametrize(
    "identification",
    [ABSENT, {"nationalIdentifier": "7", "nationalIdentifierType": "RAID", "registrationAuthority": "RA000412"}],
)
def test_the_counterparty_s_lei_contradicts_no_identification_of_another_kind(identification: object) -> None:
    place = "ivms101.beneficiaryVASP.beneficiaryVASP.legalPerson.nationalIdentification"
    assert codes({place: identification}) == []


def test_who_names_a_vasp_as_counterparty_names_it_as_beneficiary_vasp() -> None:
    assert codes({"ivms101.beneficiaryVASP": ABSENT}) == ["IVMS-PARTY"]


def test_the_counterparty_may_go_by_a_trading_name_of_the_vasp() -> None:
    trading = {"legalPersonName": "Otherex", "legalPersonNameIdentifierType": "TRAD"}
    record = bent(HONEST, {"counterparty.name": "Otherex"})
    names = record["ivms101"]["beneficiaryVASP"]["beneficiaryVASP"]["legalPerson"]["name"]["nameIdentifier"]
    names.append(trading)
    assert judged(record, "jp") == []


# --- unhosted wallets


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({"owner": "originator", "risk": "low"}, []),
        ({"owner": "other", "risk": "high", "proof": "none"}, []),
        ({"owner": "other"}, ["PROFILE-RISK"]),
        ({"risk": "low"}, ["PROFILE-OWNER"]),
        ({}, ["PROFILE-OWNER", "PROFILE-RISK"]),
    ],
)
def test_japan_asks_whose_an_unhosted_wallet_is_and_for_its_risk(said: dict[str, str], found: list[str]) -> None:
    assert codes(unhosted(**said)) == found


@pytest.mark.parametrize(
    ("proof", "worth", "found"),
    [
        ("signature", 100_000, []),
        ("test-payment", 100_000, []),
        ("declared", 100_000, ["PROFILE-PROOF"]),
        ("none", 100_000, ["PROFILE-PROOF"]),
        (None, 100_000, ["PROFILE-PROOF"]),
        ("none", 99_999, []),
        (None, 99_999, []),
        ("none", None, ["PROFILE-PROOF"]),
    ],
)
def test_the_union_asks_for_a_proof_of_an_unhosted_wallet_from_1000_euros_on(
    proof: str | None, worth: int | None, found: list[str]
) -> None:
    said = {"owner": "originator"} | ({"proof": proof} if proof else {})
    changes = unhosted(**said) | {f"{PERSON}.dateAndPlaceOfBirth": BIRTH}
    assert codes(changes, "eu", worth) == found


@pytest.mark.parametrize("profile", ["fatf", "us"])
def test_others_ask_neither_whose_an_unhosted_wallet_is_nor_for_its_risk(profile: str) -> None:
    assert codes(unhosted(), profile) == []


def test_a_vasp_beside_an_unhosted_wallet_is_a_contradiction() -> None:
    changes = {"counterparty": {"unhosted": {"owner": "originator", "risk": "low"}}}
    assert codes(changes) == ["VASP-COUNTERPARTY"]


# --- the others


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"geographicAddress": [GEOG]}, []),
        ({"nationalIdentification": PASSPORT}, []),
        ({"customerIdentification": "7"}, []),
        ({"dateAndPlaceOfBirth": BIRTH}, []),
        ({}, ["IVMS-C1", "PROFILE-ADDRESS"]),
    ],
)
def test_the_fatf_asks_for_one_of_four(given: dict[str, Any], found: list[str]) -> None:
    changes = {f"{PERSON}.geographicAddress": ABSENT} | {f"{PERSON}.{key}": value for key, value in given.items()}
    assert codes(changes, "fatf") == found


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"dateAndPlaceOfBirth": BIRTH, "geographicAddress": ABSENT}, []),
        ({"nationalIdentification": PASSPORT, "customerIdentification": "7"}, []),
        ({"nationalIdentification": PASSPORT}, ["PROFILE-CUSTOMER"]),
        ({"customerIdentification": "7"}, ["PROFILE-NATIONAL"]),
        ({"customerIdentification": "7", "geographicAddress": ABSENT}, ["PROFILE-ADDRESS", "PROFILE-NATIONAL"]),
    ],
)
def test_the_union_asks_for_address_papers_and_number_or_for_the_birth(given: dict[str, Any], found: list[str]) -> None:
    assert codes({f"{PERSON}.{key}": value for key, value in given.items()}, "eu") == found


def test_the_union_asks_a_company_for_its_number() -> None:
    company = copy.deepcopy(COMPANY) | {"accountNumber": ["customer-0002"]}
    company["legalPerson"]["geographicAddress"] = [GEOG]
    assert codes({ORIGINATOR: company}, "eu") == []
    del company["legalPerson"]["nationalIdentification"]
    assert codes({ORIGINATOR: company}, "eu") == ["PROFILE-REGISTRATION"]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({f"{PERSON}.geographicAddress": ABSENT, f"{PERSON}.customerIdentification": "7"}, ["PROFILE-ADDRESS"]),
        ({f"{ORIGINATOR}.accountNumber": ABSENT}, ["PROFILE-ACCOUNT"]),
        ({f"{BENEFICIARY}.accountNumber": ABSENT}, []),
        ({f"{VASP}.nationalIdentification": ABSENT}, ["PROFILE-ADDRESS"]),
    ],
)
def test_the_united_states_ask_for_these_from_3000_dollars_on(changes: dict[str, Any], found: list[str]) -> None:
    assert codes(changes, "us") == found
    assert codes(changes, "us", 300_000) == found
    assert codes(changes, "us", 299_999) == []


def test_below_the_threshold_of_the_fatf_names_and_accounts_remain() -> None:
    unidentified = {f"{PERSON}.geographicAddress": ABSENT}
    assert codes(unidentified, "fatf", 99_999) == ["IVMS-C1"]
    assert codes({f"{BENEFICIARY}.accountNumber": ABSENT}, "fatf", 99_999) == ["PROFILE-ACCOUNT"]


def test_a_threshold_excuses_nothing_where_the_jurisdiction_has_none() -> None:
    assert codes({f"{BENEFICIARY}.accountNumber": ABSENT}, "jp", 0) == ["PROFILE-ACCOUNT"]
    assert codes({f"{BENEFICIARY}.accountNumber": ABSENT}, "eu", 0)[-1] == "PROFILE-ACCOUNT"


# --- what findings say


def test_a_finding_names_place_and_demand_and_no_customer() -> None:
    changes = {f"{PERSON}.name.phoneticNameIdentifier": ABSENT, f"{PERSON}.geographicAddress": ABSENT}
    c1, address, phonetic = judged(bent(HONEST, changes), "jp")
    assert (c1.code, address.code, phonetic.code) == ("IVMS-C1", "PROFILE-ADDRESS", "PROFILE-PHONETIC-NAME")
    assert address.where == phonetic.where == "it.ivms101.originator.originatorPerson[0].naturalPerson"
    assert "kana" in phonetic.required
    told = repr([c1, address, phonetic])
    assert not [word for word in ("Tanaka", "Hanako", "田中", "花子", "タナカ", "customer-0001") if word in told]


def test_each_person_of_a_party_is_asked() -> None:
    record = copy.deepcopy(HONEST)
    second = examples.natural_person("Sato")["naturalPerson"]
    record["ivms101"]["originator"]["originatorPerson"].append({"naturalPerson": second, "accountNumber": ["7"]})
    found = [(finding.code, finding.where) for finding in judged(record, "jp")]
    place = "it.ivms101.originator.originatorPerson[1].naturalPerson"
    assert found == [("PROFILE-LOCAL-NAME", place), ("PROFILE-PHONETIC-NAME", place)]
