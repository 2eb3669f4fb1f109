"""The list of registration authorities: the one of its day, read by a closed schema."""

import json
from typing import Any

import pytest

from custody.codec.schema import SchemaError
from custody.errors import InputError
from custody.travel_rule import authorities
from custody.travel_rule.authorities import AUTHORITIES, MAX_AUTHORITIES, MAX_FILE_BYTES, parse_authorities
from custody.travel_rule.data import package_data
from custody.travel_rule.sources import MAX_SOURCES

WRITTEN = json.loads(package_data("registration_authorities.json"))
SOURCE = {"title": "A list", "where": "a place"}


def parsed(**changes: Any) -> tuple[str, frozenset[str]]:
    return parse_authorities(json.dumps(WRITTEN | {"codes": ["RA000001"]} | changes).encode())


def findings(**changes: Any) -> list[tuple[str, str]]:
    with pytest.raises(SchemaError) as caught:
        parsed(**changes)
    return [(finding.code, finding.where) for finding in caught.value.findings]


def test_the_list_of_authorities_is_the_one_of_its_day() -> None:
    assert authorities.AS_OF == WRITTEN["as_of"] == "2022-03-23"
    assert len(WRITTEN["codes"]) == len(AUTHORITIES) == 994
    assert WRITTEN["codes"] == sorted(WRITTEN["codes"])
    # Japan's Legal Affairs Bureau, and Companies House of England and Wales.
    assert {"RA000412", "RA000585"} <= AUTHORITIES


@pytest.mark.parametrize("bad", ["RA1", "ra000001", 7])
def test_a_code_of_another_form_is_refused(bad: object) -> None:
    assert [code for code, _ in findings(codes=[bad])] == ["PROFILE-FILE"]


@pytest.mark.parametrize(
    ("key", "value"),
    [("as_of", "2022-02-30"), ("title", ""), ("note", ""), ("sources", []), ("codes", []), ("checked", True)],
)
def test_a_list_of_another_shape_is_refused(key: str, value: object) -> None:
    assert [code for code, _ in findings(**{key: value})] == ["PROFILE-FILE"]


@pytest.mark.parametrize(
    ("key", "most", "more"),
    [
        ("title", "x" * 200, "x" * 201),
        ("note", "x" * 1_000, "x" * 1_001),
        ("sources", [SOURCE] * MAX_SOURCES, [SOURCE] * (MAX_SOURCES + 1)),
        ("codes", ["RA000001"] * MAX_AUTHORITIES, ["RA000001"] * (MAX_AUTHORITIES + 1)),
    ],
)
def test_texts_and_lists_end_at_their_limits(key: str, most: object, more: object) -> None:
    assert parsed(**{key: most}) == ("2022-03-23", {"RA000001"})
    assert findings(**{key: more}) == [("PROFILE-FILE", key)]


def test_one_source_and_one_code_are_enough() -> None:
    assert parsed(sources=[SOURCE], codes=["RA000001"]) == ("2022-03-23", {"RA000001"})


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        parse_authorities(b" " * (MAX_FILE_BYTES + 1))
    assert caught.value.code == "JSON-SIZE"
