"""EIP-1559 transactions: published encodings, every fault of every field, other types by name."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from evm import COIN_PAYMENT, TOKEN_PAYMENT, fields, serialize

from custody.codec import rlp
from custody.codec.rlp import Rlp
from custody.codec.schema import SchemaError
from custody.errors import InputError, TransactionError
from custody.evm.keccak import keccak256
from custody.evm.transaction import MAX_GAS, MAX_JSON_BYTES, MAX_NONCE, Eip1559, from_json, parse

HONEST = COIN_PAYMENT.serialize()
NONCE, PRIORITY, FEE, GAS, TO, VALUE, DATA, ACCESS_LIST = range(1, 9)


def vectors(project: Path) -> Any:
    return json.loads((project / "tests/vectors/eip1559.json").read_text())


def refusal(unsigned: bytes) -> str:
    with pytest.raises(TransactionError) as caught:
        parse(unsigned)
    return caught.value.code


def bent(place: int, value: Rlp) -> bytes:
    changed = fields()
    changed[place] = value
    return serialize(changed)


def test_a_published_transaction_is_written_and_hashed_to_the_byte(project: Path) -> None:
    vector = vectors(project)
    transaction = from_json(json.dumps(vector["transaction"]).encode())
    signature = vector["encoded"]
    raw = transaction.signed(signature["y_parity"], int(signature["r"], 16), int(signature["s"], 16))
    assert raw.hex() == signature["raw"][2:]
    assert transaction.signing_hash.hex() == signature["hash"][2:]
    assert parse(transaction.serialize()) == transaction


@pytest.mark.parametrize("code", ["EVM-TYPE-ACCESS-LIST", "EVM-TYPE-BLOB", "EVM-TYPE-SET-CODE", "EVM-SIGNED"])
def test_published_transactions_of_other_kinds_are_refused_by_name(project: Path, code: str) -> None:
    assert refusal(bytes.fromhex(vectors(project)["of_other_types"][code][2:])) == code


def test_the_legacy_example_of_eip_155_is_refused_by_name(project: Path) -> None:
    vector = json.loads((project / "tests/vectors/eip155.json").read_text())
    for name in ("signing_data", "signed"):
        assert refusal(bytes.fromhex(vector[name][2:])) == "EVM-TYPE-LEGACY"
    assert keccak256(bytes.fromhex(vector["signing_data"][2:])).hex() == vector["signing_hash"][2:]
    assert rlp.encode([bytes.fromhex(field[2:]) for field in vector["fields"]]).hex() == vector["signing_data"][2:]


def test_reading_gives_what_was_written() -> None:
    assert parse(HONEST) == COIN_PAYMENT
    assert parse(TOKEN_PAYMENT.serialize()) == TOKEN_PAYMENT
    assert COIN_PAYMENT.signing_hash == keccak256(HONEST)


@pytest.mark.parametrize(
    ("unsigned", "code"),
    [
        (b"", "EVM-RLP"),
        (b"\x00" + HONEST[1:], "EVM-TYPE-UNKNOWN"),
        (b"\x05" + HONEST[1:], "EVM-TYPE-UNKNOWN"),
        (b"\x19\x01" + bytes(64), "EVM-TYPE-UNKNOWN"),
        (b"\x7f", "EVM-TYPE-UNKNOWN"),
        (b"\xbf" + HONEST[1:], "EVM-TYPE-UNKNOWN"),
        (b"\xc0", "EVM-TYPE-LEGACY"),
        (b"\xff" + HONEST[1:], "EVM-TYPE-LEGACY"),
        (HONEST[1:], "EVM-TYPE-LEGACY"),
        (b"\x02", "EVM-RLP"),
        (HONEST[:-1], "EVM-RLP"),
        (HONEST + b"\0", "EVM-RLP"),
        (HONEST + HONEST, "EVM-RLP"),
        (b"\x02\x83dog", "EVM-RLP"),
        (b"\x02" + b"\xc1" * 200_000, "EVM-RLP"),
        (serialize(fields()[:-1]), "EVM-FIELDS"),
        (serialize([*fields(), b""]), "EVM-FIELDS"),
        (serialize([*fields(), b"\1", b"\1" * 32, b"\1" * 32]), "EVM-SIGNED"),
        (serialize([]), "EVM-FIELDS"),
    ],
)
def test_bytes_that_are_no_unsigned_transaction_are_refused(unsigned: bytes, code: str) -> None:
    assert refusal(unsigned) == code


@pytest.mark.parametrize("place", [0, NONCE, PRIORITY, FEE, GAS, VALUE])
def test_a_number_has_one_form(place: int) -> None:
    honest = fields()[place]
    assert isinstance(honest, bytes)
    assert refusal(bent(place, b"\0" + honest)) == "EVM-NUMBER"
    assert refusal(bent(place, b"\0")) == "EVM-NUMBER"
    assert refusal(bent(place, b"\1" + bytes(32))) == "EVM-NUMBER"
    assert refusal(bent(place, [honest])) == "EVM-FIELDS"
    assert refusal(bent(place, [])) == "EVM-FIELDS"


@pytest.mark.parametrize(
    ("place", "value", "code"),
    [
        (TO, b"", "EVM-CREATION"),
        (TO, bytes(19), "EVM-TO"),
        (TO, bytes(21), "EVM-TO"),
        (TO, bytes(32), "EVM-TO"),
        (TO, [], "EVM-FIELDS"),
        (DATA, [], "EVM-FIELDS"),
        (ACCESS_LIST, b"", "EVM-ACCESS-LIST"),
        (ACCESS_LIST, [[bytes(20), []]], "EVM-ACCESS-LIST"),
        (ACCESS_LIST, [b""], "EVM-ACCESS-LIST"),
    ],
)
def test_each_other_field_has_its_kind(place: int, value: Rlp, code: str) -> None:
    assert refusal(bent(place, value)) == code


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"nonce": MAX_NONCE + 1}, "EVM-NONCE"),
        ({"max_priority_fee_per_gas": COIN_PAYMENT.max_fee_per_gas + 1}, "EVM-PRIORITY-FEE"),
        ({"gas": 20_999}, "EVM-GAS-LOW"),
        ({"gas": 0}, "EVM-GAS-LOW"),
        ({"gas": MAX_GAS + 1}, "EVM-GAS-HIGH"),
        ({"gas": 2**256 - 1}, "EVM-GAS-HIGH"),
        ({"value": 2**256 - 1}, "EVM-COST"),
        ({"value": 2**256 - COIN_PAYMENT.max_fee}, "EVM-COST"),
        ({"max_fee_per_gas": 2**256 - 1}, "EVM-COST"),
    ],
)
def test_bounds(changed: dict[str, int], code: str) -> None:
    assert refusal(replace(COIN_PAYMENT, **changed).serialize()) == code  # type: ignore[arg-type]


def test_what_lies_on_a_bound_passes() -> None:
    widest = replace(COIN_PAYMENT, nonce=MAX_NONCE, gas=MAX_GAS, max_priority_fee_per_gas=30_000_000_000)
    assert parse(widest.serialize()) == widest
    costly = replace(COIN_PAYMENT, value=2**256 - 1 - COIN_PAYMENT.max_fee)
    assert parse(costly.serialize()) == costly
    assert parse(replace(COIN_PAYMENT, nonce=0, value=0).serialize()).nonce == 0


def test_calldata_costs_gas_before_anything_runs() -> None:
    """EIP-2028: 16 for a byte, 4 for a zero."""
    calldata = TOKEN_PAYMENT.calldata
    least = 21_000 + 4 * calldata.count(0) + 16 * (len(calldata) - calldata.count(0))
    assert parse(replace(TOKEN_PAYMENT, gas=least).serialize()).intrinsic_gas == least
    assert refusal(replace(TOKEN_PAYMENT, gas=least - 1).serialize()) == "EVM-GAS-LOW"


def described(**changed: object) -> bytes:
    honest = {
        "type": "0x2",
        "chainId": "0x1",
        "nonce": "0x7",
        "maxPriorityFeePerGas": "0x3b9aca00",
        "maxFeePerGas": "0x6fc23ac00",
        "gas": "0x5208",
        "to": "0xfc2077CA7F403cBECA41B1B0F62D91B5EA631B5E",
        "value": "0x14d1120d7b160000",
        "data": "0x",
        "accessList": [],
    }
    merged = {key: value for key, value in (honest | changed).items() if value is not ...}
    return json.dumps(merged, indent=2).encode()


def json_refusal(text: bytes) -> InputError:
    with pytest.raises(InputError) as caught:
        from_json(text)
    return caught.value


def test_json_gives_the_same_transaction() -> None:
    assert from_json(described()) == COIN_PAYMENT
    lower = "0xfc2077ca7f403cbeca41b1b0f62d91b5ea631b5e"
    assert from_json(described(to=lower)) == COIN_PAYMENT
    assert from_json(described(data="0x" + TOKEN_PAYMENT.calldata.hex())).calldata == TOKEN_PAYMENT.calldata


@pytest.mark.parametrize("key", ["chainId", "nonce", "maxPriorityFeePerGas", "maxFeePerGas", "gas", "value"])
@pytest.mark.parametrize(
    "value", [7, "7", "0x", "0x07", "0X7", "0xA", "-0x7", "0x7 ", "0x-7", "0x" + "f" * 65, None, True, [], ...]
)
def test_a_number_in_json_has_one_form(key: str, value: object) -> None:
    assert json_refusal(described(**{key: value})).code == "EVM-JSON"


@pytest.mark.parametrize(
    "changed",
    [
        *[{"type": "0x02"}, {"type": 2}, {"type": "0x0"}, {"type": "0x4"}, {"type": ...}],
        *[{"to": None}, {"to": "0x"}, {"to": ""}, {"to": "0xFc2077CA7F403cBECA41B1B0F62D91B5EA631B5E"}, {"to": ...}],
        *[{"data": None}, {"data": ""}, {"data": "0x0"}, {"data": "0xAB"}, {"data": "ab"}, {"data": ...}],
        *[{"accessList": None}, {"accessList": {}}, {"accessList": ["0x"]}, {"accessList": ...}],
        *[{"input": "0x"}, {"from": "0x9858EfFD232B4033E47d90003D41EC34EcaEda94"}, {"gasPrice": "0x1"}, {"v": "0x0"}],
    ],
)
def test_json_has_exactly_its_keys_and_forms(changed: dict[str, object]) -> None:
    assert json_refusal(described(**changed)).code == "EVM-JSON"


def test_every_fault_in_json_is_told_at_once() -> None:
    fault = json_refusal(described(nonce=7, gas="21000", extra="0x"))
    assert isinstance(fault, SchemaError)
    assert {finding.where for finding in fault.findings} == {"top level", "nonce", "gas"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "JSON-SYNTAX"),
        (b"[]", "EVM-JSON"),
        (b'"0x02"', "EVM-JSON"),
        (described()[:-2] + b', "nonce": "0x8"}', "JSON-DUPLICATE-KEY"),
        (described() + b" " * MAX_JSON_BYTES, "JSON-SIZE"),
    ],
)
def test_what_is_no_such_json_is_refused(text: bytes, code: str) -> None:
    assert json_refusal(text).code == code


def test_a_transaction_is_a_value() -> None:
    assert replace(COIN_PAYMENT, nonce=8) != COIN_PAYMENT
    assert isinstance(COIN_PAYMENT, Eip1559)
    assert COIN_PAYMENT.max_fee == 21_000 * 30_000_000_000
