"""Entries: one form of the public part, closed private parts, commitments that can be opened one by one."""

import hashlib
import hmac
import json
from dataclasses import replace

import pytest
from log_examples import NOW, private

from custody.audit.entry import (
    MAX_LEAF,
    SCHEMAS,
    Disclosure,
    Entry,
    PrivatePart,
    check_schema,
    private_hash,
    verify_disclosure,
)
from custody.errors import EvidenceError, HomeError

ENTRY = Entry(
    index=7,
    kind="answered",
    request=b"\x01" * 32,
    outcome="signed",
    answer=b"\x02" * 32,
    time=NOW,
    private=b"\x03" * 32,
    sealed=b"\x04" * 32,
    previous=b"\x05" * 32,
)
FIRST = replace(ENTRY, index=0, kind="init", request=None, outcome=None, answer=None, previous=None)
PART = PrivatePart(private("authorised", 7), b"\x06" * 32)


@pytest.mark.parametrize("entry", [ENTRY, FIRST, replace(ENTRY, kind="a-kind-of-a-later-version")])
def test_an_entry_reads_back_as_it_was_written(entry: Entry) -> None:
    assert Entry.parse(entry.leaf) == entry


def test_the_leaf_is_the_canonical_json_of_the_specification() -> None:
    fields = {
        "version": 1,
        "index": 7,
        "kind": "answered",
        "request": "01" * 32,
        "outcome": "signed",
        "answer": "02" * 32,
        "time": "2026-01-01T00:00:00Z",
        "private": "03" * 32,
        "sealed": "04" * 32,
        "previous": "05" * 32,
    }
    assert ENTRY.leaf == json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
    assert ENTRY.leaf_hash == hashlib.sha256(b"\x00" + ENTRY.leaf).digest()


TEXT = ENTRY.leaf.decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        TEXT + "\n",
        " " + TEXT,
        TEXT.replace(":", ": "),
        TEXT.replace('"version":1', '"version":2'),
        TEXT.replace(',"version":1', ""),
        TEXT.replace('"version":1', '"version":1,"x":1'),
        TEXT.replace('{"answer"', '{"answer":null,"answer"'),
        TEXT.replace('"index":7', '"index":07'),
        TEXT.replace('"index":7', '"index":-7'),
        TEXT.replace('"index":7', '"index":7.0'),
        TEXT.replace('"index":7', f'"index":{2**53}'),
        TEXT.replace('"index":7', '"index":0'),  # a first entry with a predecessor
        FIRST.leaf.decode().replace('"index":0', '"index":1'),  # and a later one without
        TEXT.replace("01" * 32, "01" * 31),
        TEXT.replace("01" * 32, "0A" * 32),
        TEXT.replace('"private":"' + "03" * 32 + '"', '"private":null'),
        TEXT.replace('"answered"', '"Answered"'),
        TEXT.replace('"answered"', '""'),
        TEXT.replace('"answered"', f'"{"a" * 33}"'),
        TEXT.replace('"signed"', '"si gned"'),
        TEXT.replace('"signed"', '"\\u0061"'),
        TEXT.replace("T00:00:00Z", "T24:00:00Z"),
        TEXT.replace("T00:00:00Z", "T00:00:60Z"),
        TEXT.replace("T00:00:00Z", "T00:00:00+00:00"),
        TEXT.replace("T00:00:00Z", "T00:00:00.0Z"),
        TEXT.replace("2026-01-01", "2026-02-30"),
        TEXT.replace("2026-01-01", "0000-01-01"),
        TEXT.replace("2026-01-01", "1969-12-31"),
        TEXT.replace("signed", "s" * MAX_LEAF),
    ],
)
def test_another_form_of_the_public_part_is_refused(text: str) -> None:
    assert text != TEXT
    with pytest.raises(EvidenceError, match="ENTRY-SYNTAX"):
        Entry.parse(text.encode())


def test_a_leaf_of_any_entry_stays_within_its_limit() -> None:
    longest = replace(ENTRY, index=2**53 - 1, kind="k" * 32, outcome="o" * 32)
    assert Entry.parse(longest.leaf) == longest
    assert len(longest.leaf) <= MAX_LEAF


@pytest.mark.parametrize("kind", SCHEMAS)
def test_each_kind_holds_exactly_its_fields(kind: str) -> None:
    schema, fields = SCHEMAS[kind], private(kind, 0)
    request, answer = b"r" * 32 if schema.request else None, b"a" * 32 if schema.answer else None
    check_schema(kind, request, answer, fields)
    wrong = [
        (kind, request, answer, fields | {"more": 1}),
        (kind, request, answer, dict(list(fields.items())[1:])),
        (kind, None if request else b"r" * 32, answer, fields),
        (kind, request, None if answer else b"a" * 32, fields),
        ("no-kind", request, answer, fields),
    ]
    for arguments in wrong:
        with pytest.raises(HomeError, match="ENTRY-SCHEMA"):
            check_schema(*arguments)


def test_the_commitment_is_that_of_the_specification() -> None:
    def committed(name: str) -> str:
        salt = hmac.new(b"\x06" * 32, name.encode(), hashlib.sha256).digest()
        value = json.dumps(PART.fields[name], separators=(",", ":"), sort_keys=True)
        return hashlib.sha256(salt + value.encode()).hexdigest()

    commitments = {name: committed(name) for name in PART.fields}
    text = json.dumps(commitments, separators=(",", ":"), sort_keys=True)
    assert PART.digest == hashlib.sha256(text.encode()).digest()


def test_a_private_part_reads_back_as_it_was_written() -> None:
    assert PrivatePart.parse(PART.serialize()) == PART


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b'{"fields":{},"salt":""}',
        b'{"fields":[],"salt":"' + b"06" * 32 + b'"}',
        b'{"fields":{},"salt":"' + b"zz" * 32 + b'"}',
        b'{"fields":{},"more":1,"salt":"' + b"06" * 32 + b'"}',
        PART.serialize() + b" ",
        PART.serialize().replace(b"06" * 32, b"0A" * 32),
        b'{"fields":' + b"[" * 100 + b"]" * 100 + b"}",
        b"\xff",
    ],
)
def test_another_form_of_the_private_part_is_refused(text: bytes) -> None:
    with pytest.raises(EvidenceError, match="PRIVATE-PART"):
        PrivatePart.parse(text)


COMMITTED = replace(ENTRY, private=PART.digest)


@pytest.mark.parametrize("name", sorted(PART.fields))
def test_each_field_can_be_shown_alone(name: str) -> None:
    disclosure = PART.disclose(7, name)
    verify_disclosure(COMMITTED, disclosure)
    assert str(PART.entry_salt.hex()) not in repr(disclosure)
    hidden = [value for other, value in PART.fields.items() if other != name]
    assert not any(str(value) in repr(disclosure) for value in hidden)


def lies(true: Disclosure) -> list[Disclosure]:
    other = next(iter(true.others))
    rest = {name: value for name, value in true.others.items() if name != other}
    return [
        replace(true, value="another value"),
        replace(true, name="another name"),
        replace(true, name=other, others=rest | {true.name: true.others[other]}),
        replace(true, index=8),
        replace(true, salt=bytes(32)),
        replace(true, salt=true.salt[:31]),
        replace(true, salt=true.salt + b'"'),
        replace(true, others=rest),
        replace(true, others={**true.others, "more": "00" * 32}),
        replace(true, others={**true.others, true.name: "00" * 32}),
        replace(true, others=dict.fromkeys(true.others, "not hex")),
    ]


def test_a_false_disclosure_is_refused() -> None:
    for lie in lies(PART.disclose(7, "facts")):
        with pytest.raises(EvidenceError, match="PRIVATE-PART"):
            verify_disclosure(COMMITTED, lie)


def test_bytes_cannot_move_between_salt_and_value() -> None:
    part = PrivatePart({"authorised": 12}, b"\x06" * 32)
    entry, true = replace(ENTRY, private=part.digest), part.disclose(7, "authorised")
    verify_disclosure(entry, true)
    with pytest.raises(EvidenceError, match="PRIVATE-PART"):
        verify_disclosure(entry, replace(true, salt=true.salt + b"1", value=2))


def test_a_field_that_is_not_there_cannot_be_shown() -> None:
    with pytest.raises(EvidenceError, match="PRIVATE-PART"):
        PART.disclose(7, "nothing")


def test_salts_of_other_fields_are_refused() -> None:
    with pytest.raises(EvidenceError, match="PRIVATE-PART"):
        private_hash({"a": 1}, {"b": bytes(32)})
    with pytest.raises(EvidenceError, match="PRIVATE-PART"):
        private_hash({"a": 1}, {"a": bytes(31)})


def test_two_entries_with_one_content_commit_to_it_differently() -> None:
    def salted(entry: Entry) -> bytes:
        return PrivatePart(PART.fields, hmac.digest(bytes(32), entry.head, "sha256")).digest

    assert salted(ENTRY) != salted(replace(ENTRY, index=8))
    assert salted(ENTRY) != salted(replace(ENTRY, previous=bytes(32)))


def test_a_short_value_cannot_be_guessed_from_its_commitment() -> None:
    commitments = PART.disclose(7, "facts").others
    guesses = {hashlib.sha256(json.dumps(value).encode()).hexdigest() for value in PART.fields.values()}
    assert guesses.isdisjoint(commitments.values())
