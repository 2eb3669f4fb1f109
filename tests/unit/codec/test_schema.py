"""Closed schemas: every fault told, none quoted, no value let through by another type."""

import re
from dataclasses import dataclass
from typing import Any

import pytest

from custody.codec.schema import (
    ANY_SCRIPT,
    MAX_FINDINGS,
    BaseUnits,
    Fault,
    Many,
    Object,
    SchemaError,
    Shape,
    Text,
    Whole,
    Word,
    may,
    need,
    read,
)

CODES = {fault: f"TEST-{fault.name}" for fault in Fault}


@dataclass(frozen=True)
class Parcel:
    name: str
    weight: int | None = None
    labels: tuple[str, ...] = ()


PARCEL = Object(
    Parcel,
    {
        "name": need("name", "title", shape=Text(5)),
        "weight": may("weight", shape=Whole(0, 10)),
        "labels": may("labels", shape=Many(Word(("red", "blue")), 1, 2)),
    },
)
EITHER = Object(dict, {"a": may("a", shape=Whole(0, 1)), "b": may("b", shape=Whole(0, 1))}, one_of=("a", "b"))


def faults(shape: Shape, value: object) -> list[tuple[str, str]]:
    """Code and place of every fault."""
    with pytest.raises(SchemaError) as caught:
        read(shape, value, CODES)
    return [(finding.code.removeprefix("TEST-"), finding.where) for finding in caught.value.findings]


@pytest.mark.parametrize(
    ("value", "parcel"),
    [
        ({"name": "a"}, Parcel("a")),
        ({"name": "abcde", "weight": 10, "labels": ["red", "blue"]}, Parcel("abcde", 10, ("red", "blue"))),
        ({"title": "a"}, Parcel("a")),
        ({"title": "a", "name": "a"}, Parcel("a")),
    ],
)
def test_a_value_of_the_schema_is_built(value: dict[str, Any], parcel: Parcel) -> None:
    assert read(PARCEL, value, CODES) == parcel


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ([], [("TYPE", "top level")]),
        ({}, [("MISSING", "name")]),
        ({"name": None}, [("TYPE", "name")]),
        ({"name": 1}, [("TYPE", "name")]),
        ({"name": ""}, [("TEXT", "name")]),
        ({"name": "  "}, [("TEXT", "name")]),
        ({"name": "abcdef"}, [("TEXT", "name")]),
        ({"name": "a\n"}, [("TEXT", "name")]),
        ({"name": "é"}, [("TEXT", "name")]),
        ({"name": "a", "title": "b"}, [("CONFLICT", "name")]),
        ({"name": "a", "weight": True}, [("NUMBER", "weight")]),
        ({"name": "a", "weight": 1.0}, [("NUMBER", "weight")]),
        ({"name": "a", "weight": "1"}, [("NUMBER", "weight")]),
        ({"name": "a", "weight": -1}, [("NUMBER", "weight")]),
        ({"name": "a", "weight": 11}, [("NUMBER", "weight")]),
        ({"name": "a", "labels": "red"}, [("TYPE", "labels")]),
        ({"name": "a", "labels": []}, [("COUNT", "labels")]),
        ({"name": "a", "labels": ["red"] * 3}, [("COUNT", "labels")]),
        ({"name": "a", "labels": ["red", "Red"]}, [("WORD", "labels[1]")]),
        ({"name": "a", "colour": 1}, [("KEY", "top level")]),
        ({"nmae": "a", "weight": "x"}, [("KEY", "top level"), ("MISSING", "name"), ("NUMBER", "weight")]),
    ],
)
def test_every_fault_is_told_with_its_place(value: object, found: list[tuple[str, str]]) -> None:
    assert faults(PARCEL, value) == found


@pytest.mark.parametrize("value", [{}, {"a": 1, "b": 1}])
def test_neither_or_both_of_two_is_refused(value: dict[str, int]) -> None:
    assert faults(EITHER, value) == [("COUNT", "top level")]


def test_one_of_two_is_enough() -> None:
    assert read(EITHER, {"a": 1}, CODES) == {"a": 1, "b": None}


@pytest.mark.parametrize("amount", ["0", "1", "21000000" + "0" * 8])
def test_an_amount_is_a_decimal_string(amount: str) -> None:
    assert read(BaseUnits(), amount, CODES) == int(amount)


@pytest.mark.parametrize("amount", [1, 0, True, None, "", "01", "-1", "+1", "1.0", "1e3", "\uff11", "1_000", " 1"])
def test_any_other_amount_is_refused(amount: object) -> None:
    assert faults(BaseUnits(), amount) == [("NUMBER", "top level")]


def test_a_fault_never_repeats_the_text_found() -> None:
    with pytest.raises(SchemaError) as caught:
        read(PARCEL, {"name": "Hanako Tanaka", "Tanaka Hanako": 1, "\x1b[2J": 1, "labels": ["Tanaka"]}, CODES)
    assert "anaka" not in repr(caught.value.findings) + str(caught.value) + caught.value.hint
    assert "\x1b" not in str(caught.value)
    assert "unknown key (no word)" in repr(caught.value.findings)


def test_the_error_tells_the_first_fault_and_how_many_more() -> None:
    with pytest.raises(SchemaError, match=re.escape("TEST-KEY: top level: unknown key x (and 1 more).")):
        read(PARCEL, {"x": 1}, CODES)


@pytest.mark.parametrize("name", ["田中 花子", "Zoë", "الاسم", "नाम\u200d", "　全角"])
def test_names_of_any_script_pass_where_they_may(name: str) -> None:
    assert read(Text(100, ANY_SCRIPT), name, CODES) == name


@pytest.mark.parametrize("sign", [*"\x00\t\n\r\x1b\x7f\x85", *"\u061c\u200b\u200e\u2028\u2029\u202e\u2066\ufeff"])
def test_control_bidirectional_and_invisible_characters_never_pass(sign: str) -> None:
    assert faults(Text(100, ANY_SCRIPT), f"a{sign}b") == [("TEXT", "top level")]


def test_no_more_faults_are_told_than_anybody_reads() -> None:
    assert len(faults(Many(Whole(0, 1), 0, 5_000), ["x"] * (MAX_FINDINGS - 1))) == MAX_FINDINGS - 1
    assert len(faults(Many(Whole(0, 1), 0, 5_000), ["x"] * 5_000)) == MAX_FINDINGS
