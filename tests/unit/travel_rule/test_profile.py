"""Jurisdictions as data: the program's own files are dated and sourced, and the reader takes no other shape."""

import copy
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from custody.codec.schema import SchemaError
from custody.errors import InputError, UsageError
from custody.travel_rule.countries import COUNTRIES
from custody.travel_rule.data import package_data
from custody.travel_rule.facts import FACTS
from custody.travel_rule.profile import Parties, Persons, Profile, Proof, Threshold
from custody.travel_rule.profiles import DEFAULT, PROFILES, profile

FIRST_DESIGNATED = [
    *["AL", "BM", "BS", "CA", "CH", "DE", "GI", "HK", "IL", "KR"],
    *["KY", "LI", "LU", "MU", "MY", "PH", "RS", "SG", "US", "VE"],
]
DESIGNATED_IN_2024 = ["AE", "BH", "EE", "GB", "ID", "IN", "NG", "PT"]
FATF: dict[str, Any] = json.loads(package_data("profiles/fatf.json"))


PROOF = {"threshold": {"currency": "USD", "minor_units": 1}, "accepted": ["signature"]}


def faults(**changes: Any) -> list[tuple[str, str]]:
    with pytest.raises(SchemaError) as caught:
        Profile.parse(json.dumps(copy.deepcopy(FATF) | changes).encode())
    return [(finding.code, finding.where) for finding in caught.value.findings]


def test_the_profiles_are_four_and_each_has_its_own_word() -> None:
    assert {name: one.id for name, one in PROFILES.items()} == {"eu": "eu", "fatf": "fatf", "jp": "jp", "us": "us"}
    assert DEFAULT == "jp"
    assert profile("eu") is PROFILES["eu"]


def test_another_word_is_no_profile() -> None:
    with pytest.raises(UsageError) as caught:
        profile("../jp")
    assert caught.value.code == "PROFILE-UNKNOWN"


@pytest.mark.parametrize("one", PROFILES.values(), ids=str)
def test_each_says_its_day_its_sources_and_that_no_lawyer_verified_it(one: Profile) -> None:
    assert date(2026, 11, 1) <= date.fromisoformat(one.as_of) <= date(2026, 11, 26)
    assert one.sources
    assert all(source.title and source.where for source in one.sources)
    assert one.note.startswith("No lawyer has verified these rows")


def test_the_thresholds_are_those_of_their_sources() -> None:
    assert {name: one.threshold for name, one in PROFILES.items()} == {
        "eu": None,
        "fatf": Threshold("USD", 1_000_00),
        "jp": None,
        "us": Threshold("USD", 3_000_00),
    }


def test_japan_designated_28_jurisdictions_and_houses_in_japan_are_told_too() -> None:
    notice = PROFILES["jp"].notice
    assert notice
    assert sorted([*FIRST_DESIGNATED, *DESIGNATED_IN_2024, "JP"]) == sorted(notice.jurisdictions)
    assert len(set(notice.jurisdictions)) == 29


def words_of(parties: Parties) -> set[str]:
    persons = (parties.originator, parties.beneficiary, parties.originating_vasp, parties.beneficiary_vasp)
    return {word for one in persons for group in (*one.natural, *one.legal) for word in group}


def test_what_is_demanded_below_a_threshold_is_never_more_than_above_it() -> None:
    for one in PROFILES.values():
        if one.below:
            assert words_of(one.below) <= words_of(one.above)


def test_every_file_names_both_parties_somewhere() -> None:
    for one in PROFILES.values():
        assert one.above.originator != Persons()
        assert one.above.beneficiary != Persons()


@pytest.mark.parametrize("key", sorted(FATF))
def test_every_key_of_a_profile_is_needed(key: str) -> None:
    written = {name: value for name, value in FATF.items() if name != key}
    with pytest.raises(SchemaError) as caught:
        Profile.parse(json.dumps(written).encode())
    assert [(one.code, one.where) for one in caught.value.findings] == [("PROFILE-FILE", key)]


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"version": 2}, "version"),
        ({"verified": True}, "top level"),
        ({"as_of": "2026-02-30"}, "as_of"),
        ({"id": "x" * 17}, "id"),
        ({"sources": []}, "sources"),
        ({"threshold": {"currency": "GBP", "minor_units": 1}}, "threshold.currency"),
        ({"threshold": {"currency": "USD", "minor_units": 0}}, "threshold.minor_units"),
        ({"threshold": None}, "below"),
        ({"below": None}, "below"),
        ({"notice": {"jurisdictions": []}}, "notice.jurisdictions"),
        ({"notice": {"jurisdictions": ["XX"]}}, "notice.jurisdictions[0]"),
        ({"notice": {"jurisdictions": ["UK"]}}, "notice.jurisdictions[0]"),
        ({"unhosted": {"demands": ["name"], "proof": None}}, "unhosted.demands[0]"),
        ({"unhosted": {"demands": []}}, "unhosted.proof"),
        ({"unhosted": {"demands": [], "proof": PROOF | {"accepted": []}}}, "unhosted.proof.accepted"),
    ],
)
def test_a_profile_of_another_shape_is_refused(changes: dict[str, Any], where: str) -> None:
    assert faults(**changes) == [("PROFILE-FILE", where)]


def test_the_smallest_profile_is_one_source_one_proof_and_the_longest_word() -> None:
    smallest = {"id": "x" * 16, "sources": FATF["sources"][:1], "unhosted": {"demands": [], "proof": PROOF}}
    read = Profile.parse(json.dumps(FATF | smallest).encode())
    assert (read.id, len(read.sources), read.unhosted.demands) == ("x" * 16, 1, ())
    assert read.unhosted.proof == Proof(Threshold("USD", 1), ("signature",))


def test_a_demand_outside_the_vocabulary_is_refused() -> None:
    above = copy.deepcopy(FATF["above"])
    above["originator"]["natural"] = [["favourite_colour"]]
    assert faults(above=above) == [("PROFILE-FILE", "above.originator.natural[0][0]")]
    above["originator"]["natural"] = [[]]
    assert faults(above=above) == [("PROFILE-FILE", "above.originator.natural[0]")]


def test_a_profile_names_a_key_once() -> None:
    with pytest.raises(InputError) as caught:
        Profile.parse(package_data("profiles/jp.json").replace(b'"version": 1', b'"version": 1, "version": 1'))
    assert caught.value.code == "JSON-DUPLICATE-KEY"


def test_each_word_of_the_vocabulary_has_a_code_of_its_own() -> None:
    codes = [fact.code for fact in FACTS.values()]
    assert len(set(codes)) == len(codes)
    assert all(code.startswith("PROFILE-") for code in codes)


def test_a_data_file_that_is_missing_has_a_code() -> None:
    with pytest.raises(InputError) as caught:
        package_data("profiles/atlantis.json")
    assert caught.value.code == "PROFILE-FILE"


def test_a_profile_names_countries_of_iso_3166_only() -> None:
    for one in PROFILES.values():
        named = {country for residents in one.residents for country in residents.countries}
        assert named | set(one.notice.jurisdictions if one.notice else ()) <= COUNTRIES - {"XX"}


def test_the_page_has_each_profiles_day_note_and_sources(project: Path) -> None:
    page = (project / "docs/spec/travel-rule.md").read_text("utf-8")
    for one in PROFILES.values():
        assert f"**`{one.id}`**, {one.title}, as of {one.as_of}. {one.note}" in page
        assert [source.where for source in one.sources if f"* {source.title}: {source.where}" not in page] == []
        assert f"| `{one.id}` | {one.as_of} |" in page


def test_the_page_has_each_word_of_the_vocabulary_with_its_code(project: Path) -> None:
    page = (project / "docs/spec/travel-rule.md").read_text("utf-8")
    assert [word for word, fact in FACTS.items() if f"| `{word}` | `{fact.code}` |" not in page] == []


def test_the_page_has_what_each_profile_demands(project: Path) -> None:
    page = (project / "docs/spec/travel-rule.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    for one in PROFILES.values():
        (row,) = (line for line in rows if line.startswith(f"| `{one.id}` |") and one.as_of not in line)
        assert {word for word in FACTS if f"`{word}`" in row} == words_of(one.above)
