"""The travel-rule block: one text for each list of records, every fault told, customers never named."""

import copy
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import examples
import payloads
import pytest

from custody.codec import canonical_json
from custody.codec.schema import SchemaError
from custody.errors import InputError
from custody.travel_rule.record import (
    MAX_BLOCK_BYTES,
    MAX_OUTPUTS,
    MAX_RECORDS,
    SentNotice,
    UnhostedWallet,
    canonical_block,
    parse_block,
    read_block,
)

RECORD = examples.record((0, examples.PAYEE, 150_000))


def block(value: Any) -> bytes:
    return canonical_json.dumps(value)


def of(*records: Any, version: int = 1) -> bytes:
    return block({"records": list(records), "version": version})


def faults(encoded: bytes) -> list[tuple[str, str]]:
    with pytest.raises(SchemaError) as caught:
        parse_block(encoded)
    return [(finding.code.removeprefix("TRAVEL-RULE-"), finding.where) for finding in caught.value.findings]


def bent(**changes: Any) -> dict[str, Any]:
    record = copy.deepcopy(RECORD)
    record["outputs"][0] |= changes
    return record


def test_no_bytes_are_no_records() -> None:
    assert parse_block(b"") == ()


def test_a_record_is_read() -> None:
    (record,) = parse_block(of(RECORD))
    (output,) = record.outputs
    assert (output.index, output.address, output.amount, output.asset) == (0, examples.PAYEE, 150_000, None)
    assert record.vasp is record.counterparty
    assert (record.counterparty.name, record.counterparty.jurisdiction) == (examples.OTHER_VASP, "GB")
    assert record.ivms101.beneficiary is not None


def test_a_block_holds_several_records_in_order() -> None:
    records = [examples.record((index, examples.PAYEE, index + 1)) for index in range(3)]
    assert [record.outputs[0].index for record in parse_block(of(*records))] == [0, 1, 2]


@pytest.mark.parametrize("written", [RECORD, [RECORD]])
def test_what_people_write_becomes_the_one_block(written: Any) -> None:
    layout = json.dumps(written, indent=4, ensure_ascii=False).encode()
    assert canonical_block(layout) == of(RECORD) == examples.block(RECORD)


def test_what_is_no_json_becomes_no_block() -> None:
    with pytest.raises(InputError):
        canonical_block(b"")


@pytest.mark.parametrize("written", [b"[]", b"{}", b"null", b"7", of(RECORD), b"[[]]"])
def test_what_is_no_record_becomes_a_block_that_the_signer_refuses(written: bytes) -> None:
    with pytest.raises(SchemaError):
        parse_block(canonical_block(written))


@pytest.mark.parametrize(
    "encoded",
    [
        b" ",
        b"{",
        of(RECORD) + b"\n",
        of(RECORD).replace(b'"version":1', b'"version": 1'),
        of(RECORD).replace(b'"version":1', b'"version":1,"version":1'),
        of(RECORD).replace(b'"version":1', b'"version":1.0'),
        json.dumps({"version": 1, "records": [RECORD]}).encode(),
        b"\xef\xbb\xbf" + of(RECORD),
        b"\xff" * 10,
        b"[" * 100_000,
        b"0" * (MAX_BLOCK_BYTES + 1),
    ],
)
def test_another_text_for_the_same_or_no_value_is_refused(encoded: bytes) -> None:
    assert faults(encoded) == [("SYNTAX", "the block")]


@pytest.mark.parametrize("version", [0, 2, -1, 10**9])
def test_an_unknown_version_is_refused(version: int) -> None:
    assert faults(of(RECORD, version=version)) == [("NUMBER", "version")]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"index": -1}, ("NUMBER", "index")),
        ({"index": "0"}, ("NUMBER", "index")),
        ({"index": False}, ("NUMBER", "index")),
        ({"index": 10**7}, ("NUMBER", "index")),
        ({"amount": 150000}, ("NUMBER", "amount")),
        ({"amount": "0x10"}, ("NUMBER", "amount")),
        ({"amount": "1.5"}, ("NUMBER", "amount")),
        ({"amount": "015"}, ("NUMBER", "amount")),
        ({"amount": "9" * 79}, ("NUMBER", "amount")),
        ({"address": ""}, ("TEXT", "address")),
        ({"address": "a" * 129}, ("TEXT", "address")),
        ({"address": "bcrt1\x1b[31m"}, ("TEXT", "address")),
        ({"address": "Tanaka Hanako"}, ("TEXT", "address")),
        ({"address": f"{examples.PAYEE} "}, ("TEXT", "address")),
        ({"address": None}, ("TYPE", "address")),
        ({"asset": ""}, ("TEXT", "asset")),
    ],
)
def test_each_field_of_an_output_is_strict(changes: dict[str, Any], found: tuple[str, str]) -> None:
    assert faults(of(bent(**changes))) == [(found[0], f"records[0].outputs[0].{found[1]}")]


@pytest.mark.parametrize("key", ["index", "address", "amount"])
def test_each_field_of_an_output_is_required(key: str) -> None:
    record = copy.deepcopy(RECORD)
    del record["outputs"][0][key]
    assert faults(of(record)) == [("MISSING", f"records[0].outputs[0].{key}")]


@pytest.mark.parametrize("key", ["outputs", "ivms101", "counterparty"])
def test_each_part_of_a_record_is_required(key: str) -> None:
    record = copy.deepcopy(RECORD)
    del record[key]
    assert faults(of(record)) == [("MISSING", f"records[0].{key}")]


@pytest.mark.parametrize(
    ("counterparty", "found"),
    [
        ({"jurisdiction": "GB"}, [("MISSING", "name")]),
        ({"name": "x"}, [("MISSING", "jurisdiction")]),
        ({"name": "x", "jurisdiction": "gb"}, [("TEXT", "jurisdiction")]),
        ({"name": "x", "jurisdiction": "GB", "lei": "short"}, [("TEXT", "lei")]),
    ],
)
def test_the_counterparty_is_strict(counterparty: dict[str, str], found: list[tuple[str, str]]) -> None:
    record = copy.deepcopy(RECORD) | {"counterparty": counterparty}
    assert faults(of(record)) == [(code, f"records[0].counterparty.{key}") for code, key in found]


@pytest.mark.parametrize(
    "wallet", [{}, {"owner": "originator"}, {"owner": "other", "proof": "test-payment", "risk": "medium"}]
)
def test_an_unhosted_wallet_is_read(wallet: dict[str, str]) -> None:
    (record,) = parse_block(of(RECORD | {"counterparty": {"unhosted": wallet}}))
    assert record.vasp is None
    assert record.counterparty == UnhostedWallet(**wallet)


@pytest.mark.parametrize(
    ("counterparty", "found"),
    [
        ({"unhosted": None}, [("TYPE", "unhosted")]),
        ({"unhosted": {"owner": "somebody"}}, [("WORD", "unhosted.owner")]),
        ({"unhosted": {"proof": "oath"}}, [("WORD", "unhosted.proof")]),
        ({"unhosted": {"risk": "LOW"}}, [("WORD", "unhosted.risk")]),
        ({"unhosted": {"name": "x"}}, [("KEY", "unhosted")]),
        ({"unhosted": {}, "name": "x", "jurisdiction": "GB"}, [("KEY", "")]),
        ([], [("TYPE", "")]),
        (None, [("TYPE", "")]),
        (7, [("TYPE", "")]),
    ],
)
def test_an_unhosted_wallet_is_strict(counterparty: Any, found: list[tuple[str, str]]) -> None:
    record = copy.deepcopy(RECORD) | {"counterparty": counterparty}
    places = [(code, ".".join(filter(None, ("records[0].counterparty", key)))) for code, key in found]
    assert faults(of(record)) == places


def test_a_notice_is_read_and_may_be_absent() -> None:
    (record,) = parse_block(of(RECORD))
    assert record.notice == SentNotice("trp", "notice-0001", 1_767_222_000)
    (without,) = parse_block(of({key: value for key, value in RECORD.items() if key != "notice"}))
    assert without.notice is None


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"protocol": "TRP"}, ("TEXT", "protocol")),
        ({"protocol": ""}, ("TEXT", "protocol")),
        ({"reference": 7}, ("TYPE", "reference")),
        ({"reference": "x" * 201}, ("TEXT", "reference")),
        ({"time": "2025-12-31"}, ("TEXT", "time")),
        ({"time": "2025-12-31T23:00:00+09:00"}, ("TEXT", "time")),
        ({"time": 1767222000}, ("TEXT", "time")),
    ],
)
def test_a_notice_is_strict(changes: dict[str, Any], found: tuple[str, str]) -> None:
    record = RECORD | {"notice": RECORD["notice"] | changes}
    assert faults(of(record)) == [(found[0], f"records[0].notice.{found[1]}")]


@pytest.mark.parametrize(
    ("place", "limit"),
    [("outputs.0.address", 128), ("outputs.0.asset", 200), ("counterparty.name", 100), ("notice.protocol", 32),
     ("notice.reference", 200)],
)  # fmt: skip
def test_texts_end_at_their_lengths(place: str, limit: int) -> None:
    assert parse_block(of(payloads.bent(RECORD, {place: "x" * limit})))
    where = "records[0]." + place.replace(".0", "[0]")
    assert faults(of(payloads.bent(RECORD, {place: "x" * (limit + 1)}))) == [("TEXT", where)]


@pytest.mark.parametrize(
    ("encoded", "required"),
    [
        (b"0" * (MAX_BLOCK_BYTES + 1), "canonical JSON of at most 262,144 bytes"),
        (b"{", "The fault is at line 1, column 2."),
    ],
)
def test_what_cannot_be_read_is_told_how_it_could_be(encoded: bytes, required: str) -> None:
    with pytest.raises(SchemaError) as caught:
        parse_block(encoded)
    (finding,) = caught.value.findings
    assert finding.required == required


def test_each_record_has_a_digest_of_its_own_text() -> None:
    other = examples.record((1, examples.SECOND_PAYEE, 7))
    expected = tuple(hashlib.sha256(block(record)).hexdigest() for record in (RECORD, other))
    assert read_block(of(RECORD, other))[1] == expected
    assert read_block(b"")[1] == ()


def test_faults_of_all_records_are_told() -> None:
    found = faults(of(bent(index=-1), RECORD, bent(amount="x", tag="7")))
    assert found == [
        ("NUMBER", "records[0].outputs[0].index"),
        ("KEY", "records[2].outputs[0]"),
        ("NUMBER", "records[2].outputs[0].amount"),
    ]


def test_counts_are_bounded() -> None:
    assert faults(of()) == [("COUNT", "records")]
    assert faults(of(RECORD | {"outputs": []})) == [("COUNT", "records[0].outputs")]
    assert faults(of(*[{}] * (MAX_RECORDS + 1))) == [("COUNT", "records")]
    record = copy.deepcopy(RECORD) | {"outputs": [{}] * (MAX_OUTPUTS + 1)}
    assert faults(of(record)) == [("COUNT", "records[0].outputs")]


def test_no_fault_names_the_customer() -> None:
    record = copy.deepcopy(RECORD)
    person = record["ivms101"]["originator"]["originatorPerson"][0]["naturalPerson"]
    person["name"]["nameIdentifier"][0]["primaryIdentifier"] = "Tanaka" * 30
    person["countryOfResidence"] = "Tanaka\n"
    record["ivms101"]["Tanaka Hanako"] = {}
    with pytest.raises(SchemaError) as caught:
        parse_block(of(record))
    assert len(caught.value.findings) == 3
    assert "anaka" not in str(caught.value) + caught.value.hint + repr(caught.value.findings)


def test_the_example_on_the_page_is_the_honest_record(project: Path) -> None:
    page = (project / "docs/spec/travel-rule.md").read_text("utf-8")
    (written,) = re.findall(r"<!-- example:record -->\n```json\n(.*?)```", page, re.DOTALL)
    encoded = canonical_block(written.encode())
    assert encoded == of(RECORD)
    assert f"{len(encoded):,} bytes" in page
