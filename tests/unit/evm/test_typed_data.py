"""Typed data: read to the letter, every objection told, nothing ever reviewed as good."""

from typing import Any

import pytest
from ethereum_peers import messages
from evm import PAYEE, SENDER, TOKENS, TREASURY, USDC
from typed_messages import CHAIN_ID, SAFE, TOKEN_CALL, TYPES, ZERO, encode, typed_data

from custody.errors import TransactionError, TransactionErrors
from custody.evm.address import checksum_address
from custody.evm.calldata import selector
from custody.evm.keccak import keccak256
from custody.evm.tokens import TokenRegistry
from custody.evm.typed_data import MAX_MESSAGE_BYTES, parse, review_typed_data

UNKNOWN = checksum_address(PAYEE)


def codes(value: Any, tokens: TokenRegistry = TOKENS, sender: str = SENDER) -> list[str]:
    with pytest.raises(TransactionErrors) as caught:
        review_typed_data(value if isinstance(value, bytes) else encode(value), TREASURY, sender, tokens)
    assert caught.value.errors
    assert caught.value.code == caught.value.errors[0].code
    return [error.code for error in caught.value.errors]


def call(**changed: Any) -> dict[str, Any]:
    return typed_data(TOKEN_CALL | changed)


def peer_digest(value: dict[str, Any]) -> bytes:
    signable = messages.encode_typed_data(full_message=value)
    return keccak256(b"\x19" + signable.version + signable.header + signable.body)


def test_the_hash_is_the_peers() -> None:
    for chain in (1, 56, None):
        value = typed_data(TOKEN_CALL, chain)
        assert parse(encode(value)).digest == peer_digest(value)


def test_every_value_is_in_the_hash() -> None:
    changes = [
        {"to": SAFE},
        {"value": "1"},
        {"data": "0x"},
        {"operation": 1},
        {"safeTxGas": 1},
        {"baseGas": 1},
        {"gasPrice": 1},
        {"gasToken": SAFE},
        {"refundReceiver": SAFE},
        {"nonce": 13},
    ]
    digests = {parse(encode(call(**change))).digest for change in changes}
    assert len(digests | {parse(encode(call())).digest}) == 11


@pytest.mark.parametrize("nonce", [12, "12", "0xc"])
def test_a_number_may_be_written_as_wallets_write_it(nonce: object) -> None:
    assert parse(encode(call(nonce=nonce))) == parse(encode(call()))


def test_a_plain_token_payment_is_refused_for_one_reason_only() -> None:
    assert codes(call()) == ["TYPED-DATA-UNSUPPORTED"]


def test_a_plain_coin_payment_is_refused_for_one_reason_only() -> None:
    assert codes(call(to=UNKNOWN, value="5", data="0x")) == ["TYPED-DATA-UNSUPPORTED"]


APPROVE = "0x" + (selector("approve(address,uint256)") + bytes(64)).hex()


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"operation": 1}, ["SAFE-DELEGATECALL", "SAFE-CALLDATA-MISLEADS"]),
        ({"operation": 1, "data": "0x"}, ["SAFE-DELEGATECALL"]),
        (
            {"operation": 1, "to": UNKNOWN},
            ["SAFE-DELEGATECALL", "SAFE-TARGET-UNKNOWN", "SAFE-CALLDATA-MISLEADS"],
        ),
        ({"operation": 1, "to": UNKNOWN, "data": "0x"}, ["SAFE-DELEGATECALL", "SAFE-TARGET-UNKNOWN"]),
        ({"operation": 2}, ["SAFE-OPERATION", "SAFE-CALLDATA-MISLEADS"]),
        ({"operation": 255}, ["SAFE-OPERATION", "SAFE-CALLDATA-MISLEADS"]),
        ({"to": UNKNOWN, "value": str(2**256 - 1), "data": "0x"}, []),
        ({"to": UNKNOWN}, ["SAFE-TARGET-UNKNOWN", "SAFE-CALLDATA-MISLEADS"]),
        ({"to": UNKNOWN, "data": "0xa9059cbb"}, ["SAFE-TARGET-UNKNOWN", "SAFE-CALLDATA-MISLEADS"]),
        ({"to": UNKNOWN, "data": "0x00"}, ["SAFE-TARGET-UNKNOWN"]),
        ({"to": SAFE}, ["SAFE-SELF-CALL", "SAFE-TARGET-UNKNOWN", "SAFE-CALLDATA-MISLEADS"]),
        ({"to": SAFE, "data": "0x"}, ["SAFE-SELF-CALL"]),
        ({"value": 1}, ["EVM-VALUE-WITH-CALL"]),
        ({"data": APPROVE}, ["EVM-SELECTOR"]),
        ({"data": TOKEN_CALL["data"] + "00"}, ["EVM-CALLDATA-SIZE"]),
        ({"data": "0xa9059cbb01" + TOKEN_CALL["data"][12:]}, ["EVM-CALLDATA-PADDING"]),
        ({"gasPrice": 1}, ["SAFE-REFUND"]),
        ({"gasToken": checksum_address(USDC)}, ["SAFE-REFUND"]),
        ({"refundReceiver": UNKNOWN}, ["SAFE-REFUND"]),
    ],
)
def test_each_objection_is_told(changed: dict[str, Any], found: list[str]) -> None:
    assert codes(call(**changed)) == [*found, "TYPED-DATA-UNSUPPORTED"]


def test_without_a_registry_every_token_is_unknown() -> None:
    assert codes(call(), TokenRegistry())[:2] == ["SAFE-TARGET-UNKNOWN", "SAFE-CALLDATA-MISLEADS"]


def test_another_network_and_none_are_told() -> None:
    assert codes(typed_data(TOKEN_CALL, 5)) == ["SAFE-CHAIN", "TYPED-DATA-UNSUPPORTED"]
    assert codes(typed_data(TOKEN_CALL, None)) == ["SAFE-NO-CHAIN-ID", "TYPED-DATA-UNSUPPORTED"]


def test_a_sender_that_is_not_the_accounts_is_told_first() -> None:
    assert codes(call(), sender=SENDER.lower()) == ["EVM-SENDER"]


def test_a_message_of_another_kind_is_told_by_its_name_if_that_is_a_name() -> None:
    for name, said in (("Permit", "Permit"), ("Order", "Order"), ("x" * 100, "proper name"), ("a\nb", "proper name")):
        with pytest.raises(TransactionError, match="TYPED-DATA-UNSUPPORTED") as caught:
            parse(encode(typed_data({}, primaryType=name)))
        assert said in caught.value.message
        assert "\n" not in caught.value.message
        assert "x" * 100 not in caught.value.message
    assert codes(typed_data({}, primaryType=["SafeTx"])) == ["TYPED-DATA-UNSUPPORTED"]


def without(value: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: item for name, item in value.items() if name != key}


OTHER_TYPES = [
    {},
    [],
    TYPES | {"Extra": []},
    TYPES | {"SafeTx": TYPES["SafeTx"][:-1]},
    TYPES | {"SafeTx": TYPES["SafeTx"][::-1]},
    TYPES | {"SafeTx": [*TYPES["SafeTx"], CHAIN_ID]},
    TYPES | {"SafeTx": [{"name": "to", "type": "bytes32"}, *TYPES["SafeTx"][1:]]},
    TYPES | {"EIP712Domain": [*TYPES["EIP712Domain"], CHAIN_ID]},
    TYPES | {"EIP712Domain": []},
    # as Safes before 1.0.0 have it
    TYPES | {"SafeTx": [{**member, "name": member["name"].replace("base", "data")} for member in TYPES["SafeTx"]]},
]


@pytest.mark.parametrize(
    "value",
    [
        *[without(call(), key) for key in ("types", "primaryType", "domain", "message")],
        call() | {"extra": 1},
        *[call() | {"types": types} for types in OTHER_TYPES],
        *[call() | {"domain": domain} for domain in (None, [], {}, {"chainId": 1}, {"verifyingContract": SAFE})],
        *[
            call() | {"domain": {"chainId": 1, "verifyingContract": SAFE} | changed}
            for changed in ({"name": "Safe"}, {"chainId": "one"}, {"chainId": -1}, {"verifyingContract": SAFE[:-1]})
        ],
        typed_data(TOKEN_CALL, None) | {"domain": {"chainId": 1, "verifyingContract": SAFE}},
        *[call() | {"message": message} for message in (None, [], {})],
        *[call() | {"message": without(TOKEN_CALL, member)} for member in TOKEN_CALL],
        call(extra=1),
        *[call(value=value) for value in (-1, 1.5, "", "01", "-1", "1e3", None, True, 2**256, str(2**256), "0x", [])],
        *[call(operation=operation) for operation in (256, -1, "0x100", None)],
        *[call(data=data) for data in (None, "", "0x0", "0xzz", "a9059cbb", 5, [], "0x\n")],
        *[call(to=to) for to in (None, "", "0x", SAFE[:-1] + "5", SAFE.replace("Db9", "dB9"), 5)],
        *[b"", b"{", b"[]", b"null", b"\xff", b"5", b'"SafeTx"', b"[" * 100_000, b'{"types":{},"types":{}}'],
    ],
)
def test_what_is_not_to_the_letter_is_refused(value: Any) -> None:
    assert codes(value) == ["TYPED-DATA-FORM"]


def test_size_is_bounded() -> None:
    long = encode(call()) + b" " * MAX_MESSAGE_BYTES
    assert codes(long) == ["TYPED-DATA-FORM"]


def test_no_refusal_repeats_calldata_that_it_does_not_know() -> None:
    secret = "0xdeadbeef" + "41" * 100
    with pytest.raises(TransactionErrors) as caught:
        review_typed_data(encode(call(data=secret)), TREASURY, SENDER, TOKENS)
    assert all("4141" not in error.message for error in caught.value.errors)


def test_zero_is_no_refund() -> None:
    assert codes(call(gasToken=ZERO, refundReceiver=ZERO, gasPrice=0, baseGas=5, safeTxGas=9)) == [
        "TYPED-DATA-UNSUPPORTED"
    ]
