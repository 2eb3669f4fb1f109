"""Ethereum beside its own libraries, to the byte; and any bytes give a value or a refusal, never another meaning."""

import contextlib
import json
from dataclasses import replace

import pytest
from ethereum_peers import eth_abi, eth_account, eth_utils, hexbytes, messages, peer_rlp, typed_transactions
from evm import COIN_PAYMENT, SENDER, TOKEN_PAYMENT, TOKENS, TREASURY, USDC
from hypothesis import given, settings
from hypothesis import strategies as st
from psbts import SEED
from typed_messages import TOKEN_CALL, encode, typed_data

from custody.codec import rlp
from custody.codec.rlp import Rlp
from custody.errors import CustodyError, EvidenceError, InputError, TransactionError, TransactionErrors
from custody.evm.address import checksum_address, parse_address
from custody.evm.calldata import TRANSFER, Transfer, parse_transfer
from custody.evm.keccak import keccak256
from custody.evm.review import review
from custody.evm.signing import check_signatures, finalize, first_signature, recover, second_signature, sign
from custody.evm.tokens import TokenRegistry
from custody.evm.transaction import MAX_GAS, MAX_NONCE, Eip1559, from_json, parse
from custody.evm.typed_data import parse as parse_typed_data
from custody.evm.typed_data import review_typed_data

TRANSACTION = TOKEN_PAYMENT.serialize()
FACTS = review(TRANSACTION, TREASURY, SENDER, TOKENS)
SIGNATURES = sign(TRANSACTION, TREASURY, SENDER, SEED)

words = st.integers(0, 2**256 - 1)
addresses = st.binary(min_size=20, max_size=20)
secrets = st.integers(1, 2**255).map(lambda number: number.to_bytes(32, "big"))
values: st.SearchStrategy[Rlp] = st.recursive(
    st.binary(max_size=80), lambda items: st.lists(items, max_size=6), max_leaves=20
)


@st.composite
def transactions(draw: st.DrawFn) -> Eip1559:
    """Any transaction within the bounds."""
    calldata = draw(st.binary(max_size=200))
    low, high = sorted((draw(st.integers(0, 2**128)), draw(st.integers(0, 2**128))))
    return Eip1559(
        chain_number=draw(st.integers(0, 2**64)),
        nonce=draw(st.integers(0, MAX_NONCE)),
        max_priority_fee_per_gas=low,
        max_fee_per_gas=high,
        gas=draw(st.integers(21_000 + 16 * len(calldata), MAX_GAS)),
        to=draw(addresses),
        value=draw(st.integers(0, 2**255)),
        calldata=calldata,
    )


def described(transaction: Eip1559) -> dict[str, object]:
    """The transaction as nodes and the peer describe it."""
    return {
        "type": "0x2",
        "chainId": hex(transaction.chain_number),
        "nonce": hex(transaction.nonce),
        "maxPriorityFeePerGas": hex(transaction.max_priority_fee_per_gas),
        "maxFeePerGas": hex(transaction.max_fee_per_gas),
        "gas": hex(transaction.gas),
        "to": checksum_address(transaction.to),
        "value": hex(transaction.value),
        "data": "0x" + transaction.calldata.hex(),
        "accessList": [],
    }


def edited(encoded: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    """``encoded`` with bytes cut out and put in at some positions."""
    for position, cut, put in changes:
        encoded = encoded[:position] + put + encoded[position + cut :]
    return encoded


def edits(encoded: bytes) -> st.SearchStrategy[bytes]:
    places = st.tuples(st.integers(0, len(encoded) - 1), st.integers(0, 2), st.binary(max_size=4))
    return st.lists(places, min_size=1, max_size=3).map(lambda changes: edited(encoded, changes))


@given(values)
def test_a_value_of_rlp_is_the_peers(value: Rlp) -> None:
    assert rlp.encode(value) == peer_rlp.encode(value)
    assert rlp.decode(rlp.encode(value)) == value


@given(st.one_of(st.binary(max_size=60), values.map(rlp.encode).flatmap(edits)))
def test_bytes_that_are_read_as_rlp_are_written_back(encoded: bytes) -> None:
    try:
        value = rlp.decode(encoded)
    except InputError:
        with contextlib.suppress(peer_rlp.exceptions.RLPException):
            assert rlp.encode(peer_rlp.decode(encoded)) != encoded
        return
    assert rlp.encode(value) == encoded
    assert peer_rlp.encode(peer_rlp.decode(encoded)) == encoded


@given(words)
def test_a_number_survives_writing_and_reading(number: int) -> None:
    assert rlp.quantity(rlp.encode_quantity(number)) == number
    assert rlp.encode(rlp.encode_quantity(number)) == peer_rlp.encode(number)


@given(addresses)
def test_an_address_is_spelled_as_the_peer_spells_it(address: bytes) -> None:
    assert checksum_address(address) == eth_utils.to_checksum_address(address)
    assert parse_address(checksum_address(address)) == address


@given(transactions())
def test_a_transaction_is_described_encoded_and_hashed_as_by_the_peer(transaction: Eip1559) -> None:
    theirs = typed_transactions.TypedTransaction.from_dict(described(transaction))
    assert theirs.hash() == transaction.signing_hash
    assert parse(transaction.serialize()) == transaction
    assert from_json(json.dumps(described(transaction)).encode()) == transaction


@given(transactions(), secrets)
@settings(max_examples=60)
def test_a_signed_transaction_is_the_peers_to_the_byte(transaction: Eip1559, secret: bytes) -> None:
    signed = first_signature(secret, transaction.signing_hash)
    theirs = eth_account.Account.sign_transaction(described(transaction), secret)
    r, s = int.from_bytes(signed[:32], "big"), int.from_bytes(signed[32:64], "big")
    assert (theirs.r, theirs.s, theirs.v) == (r, s, signed[64])
    assert transaction.signed(signed[64], r, s) == bytes(theirs.raw_transaction)


@given(secrets, st.binary(min_size=32, max_size=32))
def test_both_signers_agree_and_the_key_is_recovered(secret: bytes, digest: bytes) -> None:
    signed = first_signature(secret, digest)
    assert signed == second_signature(secret, digest)
    key = recover(digest, signed)
    assert key is not None
    assert recover(keccak256(digest), signed) != key


@given(st.binary(max_size=70), st.binary(min_size=32, max_size=32))
def test_any_bytes_are_a_signature_or_none(signed: bytes, digest: bytes) -> None:
    for candidate in (signed, signed[:64].ljust(64, b"\1") + b"\1"):
        key = recover(digest, candidate)
        assert key is None or len(key) == 33


@given(addresses, words)
def test_calldata_of_a_transfer_is_the_peers(recipient: bytes, amount: int) -> None:
    calldata = Transfer(recipient, amount).serialize()
    assert calldata == TRANSFER + eth_abi.encode(["address", "uint256"], [checksum_address(recipient), amount])
    assert parse_transfer(calldata) == Transfer(recipient, amount)


@given(st.one_of(st.binary(max_size=100), st.binary(max_size=100).map(TRANSFER.__add__), edits(TOKEN_PAYMENT.calldata)))
def test_calldata_is_refused_or_means_what_the_peer_reads(calldata: bytes) -> None:
    try:
        transfer = parse_transfer(calldata)
    except TransactionError:
        return
    recipient, amount = eth_abi.decode(["address", "uint256"], calldata[4:])
    assert transfer == Transfer(bytes.fromhex(recipient[2:]), amount)
    assert transfer.serialize() == calldata


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_as_a_transaction(tail: bytes) -> None:
    for unsigned in (tail, b"\x02" + tail, b"\x02" + rlp.encode([tail])):
        with pytest.raises(TransactionError):
            review(unsigned, TREASURY, SENDER, TOKENS)


@given(edits(TRANSACTION))
@settings(max_examples=300)
def test_an_edited_transaction_is_refused_or_is_another_one_to_everybody(unsigned: bytes) -> None:
    try:
        facts = review(unsigned, TREASURY, SENDER, TOKENS)
    except TransactionError:
        return
    if unsigned == TRANSACTION:
        return
    assert facts.digest != FACTS.digest
    assert facts.transaction_id != FACTS.transaction_id
    with pytest.raises(EvidenceError):
        check_signatures(unsigned, TREASURY, SENDER, SIGNATURES)
    _, raw = finalize(unsigned, TREASURY, SENDER, sign(unsigned, TREASURY, SENDER, SEED))
    assert eth_account.Account.recover_transaction(raw) == SENDER


def test_one_changed_bit_never_signs_the_same_meaning() -> None:
    refused = 0
    for position in range(8 * len(TRANSACTION)):
        changed = bytearray(TRANSACTION)
        changed[position // 8] ^= 1 << position % 8
        try:
            assert review(bytes(changed), TREASURY, SENDER, TOKENS).digest != FACTS.digest
        except TransactionError:
            refused += 1
    assert 0 < refused < 8 * len(TRANSACTION)


@given(addresses, words, st.integers(0, 2**64 - 2))
def test_what_is_reviewed_is_what_the_peer_would_send(recipient: bytes, amount: int, nonce: int) -> None:
    payment = replace(TOKEN_PAYMENT, nonce=nonce, calldata=Transfer(recipient, amount).serialize())
    try:
        facts = review(payment.serialize(), TREASURY, SENDER, TOKENS)
    except TransactionError as error:
        assert error.code.startswith("EVM-RECIPIENT-") or (error.code, amount) == ("EVM-ZERO-AMOUNT", 0)
        return
    _, raw = finalize(payment.serialize(), TREASURY, SENDER, sign(payment.serialize(), TREASURY, SENDER, SEED))
    read = typed_transactions.TypedTransaction.from_bytes(hexbytes.HexBytes(raw)).as_dict()
    paid, units = eth_abi.decode(["address", "uint256"], bytes(read["data"])[4:])
    assert (facts.outputs[0].address.lower(), facts.outputs[0].amount) == (paid, units)
    assert bytes(read["to"]) == USDC
    assert facts.fee == read["gas"] * read["maxFeePerGas"]
    assert facts.spends[0].reference == f"eip155:1:{SENDER}:{read['nonce']}"


@given(st.binary(max_size=200))
def test_any_bytes_are_json_of_a_transaction_or_refused(text: bytes) -> None:
    with contextlib.suppress(InputError):
        from_json(text)
    with contextlib.suppress(InputError):
        TokenRegistry.parse(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=20) | st.sampled_from(["0x1", "0x"]),
    lambda items: st.lists(items, max_size=3) | st.dictionaries(st.sampled_from([*TOKEN_CALL, "chainId"]), items),
    max_leaves=8,
)


@given(st.sampled_from([*described(COIN_PAYMENT), "extra"]), json_values)
def test_any_value_of_any_key_is_read_or_refused(key: str, value: object) -> None:
    with contextlib.suppress(InputError):
        assert from_json(json.dumps(described(COIN_PAYMENT) | {key: value}).encode())


@given(
    st.fixed_dictionaries(
        {
            "to": addresses.map(checksum_address),
            "value": words,
            "data": st.binary(max_size=100).map(lambda calldata: "0x" + calldata.hex()),
            "operation": st.integers(0, 255),
            "safeTxGas": words,
            "baseGas": words,
            "gasPrice": words,
            "gasToken": addresses.map(checksum_address),
            "refundReceiver": addresses.map(checksum_address),
            "nonce": words,
        }
    ),
    st.none() | words,
)
@settings(max_examples=60)
def test_the_hashes_of_a_safe_transaction_are_the_peers(message: dict[str, object], chain: int | None) -> None:
    signable = messages.encode_typed_data(full_message=typed_data(message, chain))
    texts = {key: str(value) if isinstance(value, int) else value for key, value in message.items()}
    value = typed_data(texts, chain)
    if chain is not None:
        value["domain"]["chainId"] = str(chain)
    safe_tx = parse_typed_data(encode(value))
    assert safe_tx.domain_separator == signable.header
    assert safe_tx.struct_hash == signable.body
    assert safe_tx.digest == keccak256(b"\x19\x01" + signable.header + signable.body)


@given(
    st.one_of(
        st.binary(max_size=200),
        json_values.map(encode),
        st.tuples(st.sampled_from(["types", "primaryType", "domain", "message"]), json_values).map(
            lambda changed: encode(typed_data(TOKEN_CALL) | {changed[0]: changed[1]})
        ),
        st.tuples(st.sampled_from([*TOKEN_CALL, "extra"]), json_values).map(
            lambda changed: encode(typed_data(TOKEN_CALL | {changed[0]: changed[1]}))
        ),
        edits(encode(typed_data(TOKEN_CALL))),
    )
)
@settings(max_examples=300)
def test_typed_data_is_always_refused_with_reasons(message: bytes) -> None:
    with pytest.raises(TransactionErrors) as caught:
        review_typed_data(message, TREASURY, SENDER, TOKENS)
    assert all(isinstance(error, CustodyError) and error.message for error in caught.value.errors)
