"""Files as people have them: a payload, a record, records, a block; and the published fixtures with their traps."""

import copy
import json
from datetime import date
from pathlib import Path
from typing import Any

import examples
import pytest

from custody.codec.schema import SchemaError
from custody.errors import InputError
from custody.travel_rule.completeness import Terms
from custody.travel_rule.profiles import PROFILES
from custody.travel_rule.reading import read_any

RECORD = examples.record((0, examples.PAYEE, 150_000))


def written(value: Any) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False).encode()


def found(value: Any, profile: str = "jp") -> list[str]:
    terms = Terms(PROFILES[profile], date(2026, 11, 23))
    return [finding.code for finding in read_any(written(value)).findings(terms)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (written(RECORD["ivms101"]), "an IVMS101 payload"),
        (written(RECORD), "a record"),
        (written([RECORD, RECORD]), "a list of records"),
        (examples.block(RECORD), "a block"),
    ],
)
def test_it_says_what_a_file_is(text: bytes, kind: str) -> None:
    assert read_any(text).kind == kind


def test_every_record_of_a_list_is_judged() -> None:
    broken = copy.deepcopy(RECORD)
    del broken["notice"]
    places = [
        one.where for one in read_any(written([RECORD, broken])).findings(Terms(PROFILES["jp"], date(2026, 1, 1)))
    ]
    assert places == ["records[1].notice"]


def test_a_payload_alone_is_judged_without_a_counterparty() -> None:
    assert found(RECORD["ivms101"]) == []
    assert found({}) == ["IVMS-PARTY"] * 4


@pytest.mark.parametrize("text", [b"", b"{", b"7", b"null", b'{"a":1,"a":2}', b"[" * 100, b"\xff", b'{"records":[]}'])
def test_what_cannot_be_read_is_refused(text: bytes) -> None:
    with pytest.raises(InputError):
        read_any(text)


def test_a_block_must_be_the_one_text_that_the_signer_reads() -> None:
    with pytest.raises(SchemaError) as caught:
        read_any(b" " + examples.block(RECORD))
    assert caught.value.code == "TRAVEL-RULE-SYNTAX"


# --- the fixtures of another implementation, some of which break the standard on purpose


def fixture(shared: Path, name: str) -> Any:
    return json.loads((shared / "vectors/ivms101" / f"trisa_{name}.json").read_text("utf-8"))


def in_a_payload(person: Any) -> dict[str, Any]:
    """A payload with this person as its beneficiary."""
    payload = copy.deepcopy(RECORD["ivms101"])
    payload["beneficiary"] = {"beneficiaryPersons": [person], "accountNumber": ["7"]}
    return payload


@pytest.mark.parametrize("profile", PROFILES)
def test_the_full_payload_is_complete_for_everybody(shared: Path, profile: str) -> None:
    # A natural person with a registration authority, a TXID of 20 characters that is no LEI: the standard allows both.
    assert found(fixture(shared, "identity_payload"), profile) == []


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("person_natural_person", []),
        # Its LEI has the form, and check digits that do not hold: fine by the standard, no LEI by ISO 17442.
        ("person_legal_person", ["LEI-CHK"]),
    ],
)
def test_persons_that_keep_the_standard_pass_it(shared: Path, name: str, codes: list[str]) -> None:
    assert found(in_a_payload(fixture(shared, name))) == codes


def test_the_parts_pass_in_their_place(shared: Path) -> None:
    natural, legal = fixture(shared, "natural_person"), fixture(shared, "legal_person")
    natural["geographicAddress"] = [fixture(shared, "address")]
    natural["nationalIdentification"] = fixture(shared, "national_identification")
    assert found(in_a_payload({"naturalPerson": natural})) == []
    assert found(in_a_payload({"legalPerson": legal})) == []


def test_an_individuals_identification_is_none_for_a_company(shared: Path) -> None:
    legal = fixture(shared, "legal_person")
    legal["nationalIdentification"] = fixture(shared, "national_identification")
    assert found(in_a_payload({"legalPerson": legal})) == ["IVMS-C7", "IVMS-C9"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("identity_payload.pb", "TRAVEL-RULE-KEY"),
        ("identity_payload_alt", "TRAVEL-RULE-KEY"),
    ],
)
def test_payloads_with_keys_of_no_edition_are_refused(shared: Path, name: str, code: str) -> None:
    with pytest.raises(SchemaError) as caught:
        read_any(written(fixture(shared, name)))
    assert caught.value.code == code


def test_a_person_that_is_two_persons_is_refused(shared: Path) -> None:
    with pytest.raises(SchemaError) as caught:
        read_any(written(in_a_payload(fixture(shared, "person_both_persons"))))
    assert caught.value.code == "TRAVEL-RULE-COUNT"


def test_that_persons_company_alone_has_an_lei_whose_check_digits_do_not_hold(shared: Path) -> None:
    legal = fixture(shared, "person_both_persons")["legalPerson"]
    assert found(in_a_payload({"legalPerson": legal})) == ["LEI-CHK"]


def test_each_field_of_the_full_payload_that_somebody_needs_is_missed(shared: Path) -> None:
    needed = {
        "originator": "IVMS-PARTY",
        "beneficiary": "IVMS-PARTY",
        "originatingVASP": "IVMS-PARTY",
        "beneficiaryVASP": "IVMS-PARTY",
    }
    for key, code in needed.items():
        payload = fixture(shared, "identity_payload")
        del payload[key]
        assert found(payload) == [code]
    payload = fixture(shared, "identity_payload")
    del payload["originator"]["accountNumber"]
    assert found(payload) == ["PROFILE-ACCOUNT"]
    payload = fixture(shared, "identity_payload")
    del payload["originator"]["originatorPersons"][0]["naturalPerson"]["geographicAddress"]
    assert found(payload) == ["PROFILE-ADDRESS"]
