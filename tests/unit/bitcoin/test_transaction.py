"""Transactions: one encoding for each, all of it, and nothing claimed beyond its bytes."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from custody.bitcoin.transaction import MAX_MONEY, MAX_SIZE, Transaction, TxIn, TxOut, check_amount, parse
from custody.errors import TransactionError

IN = TxIn(b"\x11" * 32, 7, 0xFFFFFFFD)
OUT = TxOut(1234, bytes.fromhex("0014" + "22" * 20))
LEGACY = Transaction(2, (IN,), (OUT,), 99)
SEGWIT = replace(LEGACY, inputs=(replace(IN, witness=(b"\x01\x02", b"")), replace(IN, vout=8)))


def refusal(encoded: bytes) -> str:
    with pytest.raises(TransactionError) as caught:
        parse(encoded)
    return caught.value.code


def test_a_published_signed_transaction_is_read_and_written_back(project: Path) -> None:
    vector = json.loads((project / "tests/vectors/bip143.json").read_text())
    signed = parse(bytes.fromhex(vector["signed"]))
    assert signed.serialize().hex() == vector["signed"]
    assert signed.inputs[1].witness[1].hex() == vector["public_key"]
    assert signed.outputs[0].amount == 112340000
    # BIP143 prints the outpoint; the stripped form differs from the unsigned one by the first input's scriptSig only.
    unsigned = parse(bytes.fromhex(vector["unsigned"]))
    assert [tx_in.outpoint for tx_in in signed.inputs] == [tx_in.outpoint for tx_in in unsigned.inputs]


def test_a_known_txid() -> None:
    # The first transaction ever mined outside a test: coinbase of the genesis block.
    genesis = (
        "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d0104455468652054"
        "696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420"
        "666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61"
        "deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000"
    )
    assert parse(bytes.fromhex(genesis)).txid_text == "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"


def test_the_txid_does_not_depend_on_the_witness() -> None:
    other = replace(SEGWIT, inputs=(replace(SEGWIT.inputs[0], witness=(b"\xff",)), SEGWIT.inputs[1]))
    assert other.txid == SEGWIT.txid
    assert other.serialize() != SEGWIT.serialize()
    assert replace(SEGWIT, locktime=98).txid != SEGWIT.txid


@pytest.mark.parametrize("transaction", [LEGACY, SEGWIT])
def test_reading_gives_back_what_was_written(transaction: Transaction) -> None:
    assert parse(transaction.serialize()) == transaction


@pytest.mark.parametrize("transaction", [LEGACY, SEGWIT])
def test_every_cut_is_refused(transaction: Transaction) -> None:
    whole = transaction.serialize()
    codes = {refusal(whole[:size]) for size in range(len(whole))}
    assert "TX-TRUNCATED" in codes
    assert codes <= {"TX-TRUNCATED", "TX-NO-INPUTS", "TX-NO-OUTPUTS", "TX-WITNESS-EMPTY", "TX-SEGWIT-FLAG"}


def test_trailing_bytes_are_refused() -> None:
    assert refusal(LEGACY.serialize() + b"\x00") == "TX-TRAILING"


def test_a_witness_marker_without_a_witness_is_refused() -> None:
    plain = LEGACY.serialize()
    assert refusal(plain[:4] + b"\x00\x01" + plain[4:-4] + b"\x00" + plain[-4:]) == "TX-WITNESS-EMPTY"


def test_another_segwit_flag_is_refused() -> None:
    encoded = SEGWIT.serialize()
    assert refusal(encoded[:5] + b"\x02" + encoded[6:]) == "TX-SEGWIT-FLAG"


def test_no_inputs_and_no_outputs_are_refused() -> None:
    assert refusal(replace(LEGACY, inputs=(), outputs=(OUT, OUT)).serialize()) == "TX-SEGWIT-FLAG"
    assert refusal(replace(LEGACY, outputs=()).serialize()) == "TX-NO-OUTPUTS"
    assert refusal(bytes.fromhex("020000000001000000000000")) == "TX-NO-INPUTS"


def test_a_count_beyond_the_bytes_is_refused_before_work() -> None:
    assert refusal(b"\x02\0\0\0" + b"\xfe\xff\xff\xff\x7f" + bytes(100)) == "TX-TRUNCATED"


def test_a_length_in_a_longer_form_is_refused() -> None:
    plain = LEGACY.serialize()
    assert refusal(plain[:4] + b"\xfd\x01\x00" + plain[5:]) == "TX-NOT-MINIMAL"


def test_more_than_all_coins_is_refused() -> None:
    assert parse(replace(LEGACY, outputs=(replace(OUT, amount=MAX_MONEY),)).serialize()).outputs[0].amount == MAX_MONEY
    assert refusal(replace(LEGACY, outputs=(replace(OUT, amount=MAX_MONEY + 1),)).serialize()) == "TX-AMOUNT"
    assert refusal(replace(LEGACY, outputs=(replace(OUT, amount=2**64 - 1),)).serialize()) == "TX-AMOUNT"
    with pytest.raises(TransactionError, match="TX-AMOUNT"):
        check_amount(MAX_MONEY + 1)


def test_a_transaction_beyond_the_limit_is_refused_unread() -> None:
    assert refusal(b"\xff" * (MAX_SIZE + 1)) == "TX-SIZE"
    assert refusal(b"\xff" * MAX_SIZE) == "TX-TRUNCATED"


def test_an_outpoint_is_written_as_people_write_it() -> None:
    assert TxIn(bytes(range(32)), 5, 0).reference == bytes(reversed(range(32))).hex() + ":5"
