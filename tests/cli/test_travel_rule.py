"""`custody travel-rule`: the validator alone, its exit codes, and that it repeats nothing of what it was given."""

import copy
import json
from pathlib import Path
from typing import Any

import examples
import pytest
from desk import Ended, inside

RECORD = examples.record((0, examples.PAYEE, 150_000))
PERSONAL = ("Tanaka", "Hanako", "Smith", "Marunouchi", "田中", "花子", "タナカ", "ハナコ", "customer-0001")


def check(folder: Path, value: Any, *options: object) -> Ended:
    file = folder / "data.json"
    file.write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())
    return inside("travel-rule", "check", file, *options)


def without_address() -> dict[str, Any]:
    record = copy.deepcopy(RECORD)
    del record["ivms101"]["originator"]["originatorPerson"][0]["naturalPerson"]["geographicAddress"]
    return record


def test_a_complete_record_is_0(tmp_path: Path) -> None:
    ended = check(tmp_path, RECORD, "--json")
    assert ended.exit == 0
    assert ended.fields == {
        "ok": True,
        "profile": "jp",
        "as_of": "2026-11-23",
        "kind": "a record",
        "complete": True,
        "findings": [],
    }


def test_an_incomplete_record_is_3_and_each_finding_has_code_place_and_demand(tmp_path: Path) -> None:
    ended = check(tmp_path, without_address(), "--json")
    assert ended.exit == 3
    assert (ended.fields["ok"], ended.fields["complete"]) == (False, False)
    assert ended.fields["error"]["code"] == "TRAVEL-RULE-INCOMPLETE"
    assert [set(one) for one in ended.fields["findings"]] == [{"code", "where", "observed", "required"}] * 2
    assert [one["code"] for one in ended.fields["findings"]] == ["IVMS-C1", "PROFILE-ADDRESS"]
    assert "records[0].ivms101.originator.originatorPerson[0]" in ended.stderr


@pytest.mark.parametrize("bad", [b"{", b"[]", b'{"outputs":[]}', b'{"originator":7}', b"\xff"])
def test_what_cannot_be_read_is_4(tmp_path: Path, bad: bytes) -> None:
    assert check(tmp_path, bad).exit == 4


def test_each_fault_of_an_unreadable_record_is_told(tmp_path: Path) -> None:
    record = copy.deepcopy(RECORD) | {"tag": 7}
    record["outputs"][0]["amount"] = 1
    ended = check(tmp_path, record, "--json")
    assert ended.exit == 4
    assert [one["code"] for one in ended.fields["findings"]] == ["TRAVEL-RULE-KEY", "TRAVEL-RULE-NUMBER"]


def test_a_missing_file_is_4_and_an_unknown_profile_2(tmp_path: Path) -> None:
    assert inside("travel-rule", "check", tmp_path / "none.json").exit == 4
    ended = check(tmp_path, RECORD, "--profile", "atlantis", "--json")
    assert (ended.exit, ended.fields["error"]["code"]) == (2, "PROFILE-UNKNOWN")


def test_another_profile_asks_something_else(tmp_path: Path) -> None:
    ended = check(tmp_path, RECORD, "--profile", "eu", "--json")
    assert [one["code"] for one in ended.fields["findings"]] == ["PROFILE-NATIONAL", "PROFILE-CUSTOMER"]


def test_the_moment_of_the_question_may_be_given(tmp_path: Path) -> None:
    record = copy.deepcopy(RECORD)
    born = {"dateOfBirth": "2020-02-29", "placeOfBirth": "Kobe"}
    record["ivms101"]["originator"]["originatorPerson"][0]["naturalPerson"]["dateAndPlaceOfBirth"] = born
    assert check(tmp_path, record).exit == 0
    ended = check(tmp_path, record, "--at", "2020-01-01T00:00:00Z", "--json")
    assert [one["code"] for one in ended.fields["findings"]] == ["IVMS-C2", "PROFILE-NOTICE"]


def test_a_payload_alone_says_what_is_not_judged(tmp_path: Path) -> None:
    ended = check(tmp_path, RECORD["ivms101"])
    assert ended.exit == 0
    assert "nothing is said of" in ended.stderr


def test_nothing_personal_is_repeated(tmp_path: Path) -> None:
    record = without_address()
    person = record["ivms101"]["originator"]["originatorPerson"][0]["naturalPerson"]
    person["name"]["nameIdentifier"][0]["naturalPersonNameIdentifierType"] = "ALIA"
    person["countryOfResidence"] = "Tanaka"
    incomplete = check(tmp_path, record, "--json")
    person["name"]["nameIdentifier"][0]["primaryIdentifier"] = "Tanaka" * 50
    unreadable = check(tmp_path, record, "--json")
    assert (incomplete.exit, unreadable.exit) == (3, 4)
    told = incomplete.stdout + incomplete.stderr + unreadable.stdout + unreadable.stderr
    assert not [word for word in PERSONAL if word in told]


def test_the_profiles_are_listed_with_their_days_and_sources() -> None:
    ended = inside("travel-rule", "profiles", "--json")
    assert ended.exit == 0
    told = {one["id"]: one for one in ended.fields["profiles"]}
    assert set(told) == {"eu", "fatf", "jp", "us"}
    assert ended.fields["default"] == "jp"
    assert told["us"]["threshold"] == {"currency": "USD", "minor_units": "300000"}
    assert told["jp"]["threshold"] is None
    assert all(one["sources"] and one["as_of"] and one["note"] for one in told.values())
    assert "No lawyer has verified these rows" in inside("travel-rule", "profiles").stderr
