"""The strict reader: the published cases of BIP174, and every kind of record that is not served refused by name."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from psbts import PAYEE, TREASURY, Map, Payment, build, coins, honest, key_path, lengths, put, serialize, stretched

from custody.bitcoin.psbt import MAX_INPUTS, MAX_OUTPUTS, MAX_PATH, MAX_SIZE, MAX_VALUE, parse
from custody.bitcoin.transaction import TxIn
from custody.bitcoin.transaction import parse as parse_transaction
from custody.codec.compact_size import var_bytes
from custody.errors import TransactionError

KEY = TREASURY.public_key(0, 0)
XPUB = TREASURY.xpub_bytes

# Every published case, valid ones too, is outside a single-key segwit account; each by its own name.
PUBLISHED = {
    "Network transaction, not PSBT format": "PSBT-MAGIC",
    "PSBT missing outputs": "TX-TRUNCATED",
    "PSBT where one input has a filled scriptSig in the unsigned tx": "PSBT-SIGNED",
    "PSBT where inputs and outputs are provided but without an unsigned tx": "PSBT-NO-TRANSACTION",
    "PSBT with duplicate keys in an input": "PSBT-DUPLICATE-KEY",
    "PSBT with invalid global transaction typed key": "PSBT-KEY-LENGTH",
    "PSBT with invalid input witness utxo typed key": "PSBT-KEY-LENGTH",
    "PSBT with invalid pubkey length for input partial signature typed key": "PSBT-SIGNED",
    "PSBT with invalid redeemscript typed key": "PSBT-SIGNED",
    "PSBT with invalid witnessscript typed key": "PSBT-SIGNED",
    "PSBT with invalid pubkey in input BIP 32 derivation paths typed key": "PSBT-SIGNED",
    "PSBT with invalid non-witness utxo typed key": "PSBT-KEY-LENGTH",
    "PSBT with invalid final scriptsig typed key": "PSBT-SIGNED",
    "PSBT with invalid final script witness typed key": "PSBT-SIGNED",
    "PSBT with invalid pubkey in output BIP 32 derivation paths typed key": "PSBT-SIGNED",
    "PSBT with invalid input sighash type typed key": "PSBT-KEY-LENGTH",
    "PSBT with invalid output redeemScript typed key": "PSBT-REDEEM-SCRIPT",
    "PSBT with invalid output witnessScript typed key": "PSBT-REDEEM-SCRIPT",
    "PSBT with unsigned tx serialized with witness serialization format": "TX-WITNESS-EMPTY",
    "PSBT with an invalid value data due to its size being not the stated size": "TX-NO-INPUTS",
    "PSBT with one P2PKH input. Outputs are empty": None,
    "PSBT with one P2PKH input and one P2SH-P2WPKH input. First input is signed and finalized. Outputs are empty": (
        "PSBT-SIGNED"
    ),
    "PSBT with one P2PKH input which has a non-final scriptSig and has a sighash type specified. Outputs are empty": (
        None
    ),
    "PSBT with one P2PKH input and one P2SH-P2WPKH input both with non-final scriptSigs. P2SH-P2WPKH input's "
    "redeemScript is available. Outputs filled": "PSBT-REDEEM-SCRIPT",
    "PSBT with one P2SH-P2WSH input of a 2-of-2 multisig, redeemScript, witnessScript, and keypaths are available. "
    "Contains one signature": "PSBT-SIGNED",
    "PSBT with one P2WSH input of a 2-of-2 multisig. witnessScript, keypaths, and global xpubs are available. "
    "Contains no signatures. Outputs filled": "PSBT-WITNESS-SCRIPT",
    "PSBT with unknown types in the inputs": "PSBT-UNKNOWN-KEY",
    "PSBT with `PSBT_GLOBAL_XPUB`": "PSBT-SIGNED",
    "PSBT with global unsigned tx that has 0 inputs and 0 outputs": "TX-SEGWIT-FLAG",
    "PSBT with 0 inputs": "TX-SEGWIT-FLAG",
    "A Witness UTXO is provided for a non-witness input": "PSBT-REDEEM-SCRIPT",
    "redeemScript with non-witness UTXO does not match the scriptPubKey": "PSBT-SIGNED",
    "redeemScript with witness UTXO does not match the scriptPubKey": "PSBT-SIGNED",
    "witnessScript with witness UTXO does not match the redeemScript": "PSBT-SIGNED",
}


def refusal(psbt: bytes) -> str:
    with pytest.raises(TransactionError) as caught:
        parse(psbt)
    return caught.value.code


def bent(change: Callable[[list[Map]], object]) -> str:
    maps = honest()
    change(maps)
    return refusal(serialize(maps))


def test_an_honest_psbt_is_read() -> None:
    parsed = parse(serialize(honest()))
    assert len(parsed.inputs) == len(parsed.output_origins) == 2
    previous = parsed.inputs[0].non_witness_utxo
    assert previous is not None
    assert previous.txid == parsed.transaction.inputs[0].txid
    assert parsed.inputs[0].origins[0].path == (*TREASURY.path, 0, 0)
    assert parsed.output_origins[0] == ()
    assert parsed.output_origins[1][0].fingerprint == TREASURY.fingerprint


def test_the_published_cases(project: Path) -> None:
    vectors = json.loads((project / "tests/vectors/bip174.json").read_text())
    met = {}
    for vector in vectors["invalid"] + vectors["valid"] + vectors["signer"]:
        try:
            parse(bytes.fromhex(vector["psbt"]))
            met[vector["case"]] = None
        except TransactionError as refused:
            met[vector["case"]] = refused.code
    assert met == PUBLISHED


def test_the_published_workflow_is_refused_at_every_step(project: Path) -> None:
    vectors = json.loads((project / "tests/vectors/bip174.json").read_text())
    codes = {refusal(bytes.fromhex(psbt)) for psbt in vectors["workflow"][1:]}
    assert codes == {
        "PSBT-REDEEM-SCRIPT",
        "PSBT-SIGNED",
        "PSBT-UNKNOWN-KEY",
    }


@pytest.mark.parametrize("place", range(5), ids=["global", "input 0", "input 1", "output 0", "output 1"])
def test_a_record_twice_is_refused_in_every_map(place: int) -> None:
    maps = honest()
    if not maps[place]:
        maps[place].append((b"\x02" + KEY, key_path(bytes(4), [])))
    maps[place].append(maps[place][0])
    assert refusal(serialize(maps)) == "PSBT-DUPLICATE-KEY"


def test_a_record_twice_with_another_value_is_refused() -> None:
    assert bent(lambda maps: maps[1].append((b"\x01", b"other"))) == "PSBT-DUPLICATE-KEY"


def test_every_length_in_a_longer_form_is_refused() -> None:
    psbt = serialize(honest())
    for position in lengths(psbt):
        if psbt[position] < 0xFD:
            longer = psbt[:position] + stretched(psbt[position]) + psbt[position + 1 :]
            assert refusal(longer) == "TX-NOT-MINIMAL"


def test_every_cut_is_refused() -> None:
    psbt = serialize(honest(1))
    for size in range(len(psbt)):
        assert refusal(psbt[:size]) in ("PSBT-MAGIC", "TX-TRUNCATED")


def test_trailing_bytes_are_refused() -> None:
    assert refusal(serialize(honest()) + b"\x00") == "PSBT-TRAILING"


def test_a_map_too_many_is_refused() -> None:
    assert bent(lambda maps: maps.append([(b"\x02" + KEY, key_path(bytes(4), []))])) == "PSBT-TRAILING"


def test_base64_is_refused() -> None:
    assert refusal(b"cHNidP8BAHECAAAAAS") == "PSBT-MAGIC"


@pytest.mark.parametrize(
    ("place", "key", "code"),
    [
        (0, "02", "PSBT-V2-FIELD"),
        (0, "06", "PSBT-V2-FIELD"),
        (0, "07", "PSBT-UNKNOWN-KEY"),
        (0, "fc0201", "PSBT-PROPRIETARY"),
        (0, "fd1000", "PSBT-UNKNOWN-KEY"),
        (1, "02" + KEY.hex(), "PSBT-SIGNED"),
        (1, "04", "PSBT-REDEEM-SCRIPT"),
        (1, "05", "PSBT-WITNESS-SCRIPT"),
        (1, "07", "PSBT-SIGNED"),
        (1, "08", "PSBT-SIGNED"),
        (1, "09", "PSBT-UNKNOWN-KEY"),
        (1, "0a" + "11" * 20, "PSBT-UNKNOWN-KEY"),
        (1, "0e", "PSBT-V2-FIELD"),
        (1, "12", "PSBT-V2-FIELD"),
        (1, "13", "PSBT-TAPROOT"),
        (1, "18", "PSBT-TAPROOT"),
        (1, "19", "PSBT-UNKNOWN-KEY"),
        (1, "1a" + KEY.hex(), "PSBT-MUSIG2"),
        (1, "1c" + KEY.hex(), "PSBT-MUSIG2"),
        (1, "1d", "PSBT-UNKNOWN-KEY"),
        (1, "f0", "PSBT-UNKNOWN-KEY"),
        (1, "fc03", "PSBT-PROPRIETARY"),
        (1, "ff", "PSBT-UNKNOWN-KEY"),
        (3, "00", "PSBT-REDEEM-SCRIPT"),
        (3, "01", "PSBT-WITNESS-SCRIPT"),
        (3, "03", "PSBT-V2-FIELD"),
        (3, "05", "PSBT-TAPROOT"),
        (3, "07" + "11" * 32, "PSBT-TAPROOT"),
        (3, "08" + KEY.hex(), "PSBT-MUSIG2"),
        (3, "09", "PSBT-UNKNOWN-KEY"),
        (3, "35", "PSBT-UNKNOWN-KEY"),
        (3, "fc", "PSBT-PROPRIETARY"),
    ],
)
def test_a_record_that_is_not_served_is_refused_by_name(place: int, key: str, code: str) -> None:
    assert bent(lambda maps: maps[place].append((bytes.fromhex(key), b""))) == code


@pytest.mark.parametrize(
    ("place", "key"),
    [(0, "0000"), (0, "01"), (0, "fb00"), (1, "0000"), (1, "0100"), (1, "0301"), (1, "06"), (1, "06" + KEY.hex()[:-2])],
)
def test_a_key_of_the_wrong_length_is_refused(place: int, key: str) -> None:
    assert bent(lambda maps: maps[place].append((bytes.fromhex(key), b""))) == "PSBT-KEY-LENGTH"


def test_an_uncompressed_key_is_refused() -> None:
    assert bent(lambda maps: put(maps[1], b"\x06\x04" + bytes(64), key_path(bytes(4), []))) == "PSBT-KEY-LENGTH"


@pytest.mark.parametrize("key", ["02" + "00" * 31 + "07", "05" + KEY.hex()[2:], "00" * 33])
def test_a_key_off_the_curve_is_refused(key: str) -> None:
    assert bent(lambda maps: maps[4].append((b"\x02" + bytes.fromhex(key), bytes(4)))) == "PSBT-KEY"


@pytest.mark.parametrize("value", [b"", b"\x01", bytes(3), bytes(5), bytes(7), bytes(4 + 4 * (MAX_PATH + 1))])
def test_a_malformed_path_is_refused(value: bytes) -> None:
    assert bent(lambda maps: put(maps[1], b"\x06" + KEY, value)) == "PSBT-VALUE"


@pytest.mark.parametrize("version", [1, 2, 7, 0xFFFFFFFF])
def test_another_version_is_refused(version: int) -> None:
    assert bent(lambda maps: maps[0].append((b"\xfb", version.to_bytes(4, "little")))) == "PSBT-VERSION"


def test_version_zero_may_be_said() -> None:
    maps = honest()
    maps[0].append((b"\xfb", bytes(4)))
    assert parse(serialize(maps)) == parse(serialize(honest()))


@pytest.mark.parametrize("value", [b"", bytes(3), bytes(5)])
def test_a_version_of_another_size_is_refused(value: bytes) -> None:
    assert bent(lambda maps: maps[0].append((b"\xfb", value))) == "PSBT-VERSION"


@pytest.mark.parametrize("sighash", [0, 2, 3, 0x81, 0x82, 0x83, 0x101, 0xFFFFFFFF])
def test_every_other_sighash_is_refused(sighash: int) -> None:
    assert bent(lambda maps: maps[2].append((b"\x03", sighash.to_bytes(4, "little")))) == "PSBT-SIGHASH"


@pytest.mark.parametrize("value", [b"", b"\x01", b"\x01\0\0", b"\x01\0\0\0\0"])
def test_a_sighash_of_another_size_is_refused(value: bytes) -> None:
    assert bent(lambda maps: maps[2].append((b"\x03", value))) == "PSBT-SIGHASH"


def test_sighash_all_may_be_said() -> None:
    maps = honest()
    maps[1].append((b"\x03", b"\x01\0\0\0"))
    assert parse(serialize(maps)) == parse(serialize(honest()))


def test_no_unsigned_transaction_is_refused() -> None:
    assert bent(lambda maps: maps[0].clear()) == "PSBT-NO-TRANSACTION"


def with_unsigned(change: Callable[[TxIn], TxIn]) -> str:
    maps = honest()
    transaction = parse_transaction(maps[0][0][1])
    inputs = (change(transaction.inputs[0]), *transaction.inputs[1:])
    rebuilt = type(transaction)(transaction.version, inputs, transaction.outputs, transaction.locktime)
    put(maps[0], b"\x00", rebuilt.serialize())
    return refusal(serialize(maps))


def test_a_script_sig_in_the_unsigned_transaction_is_refused() -> None:
    assert with_unsigned(lambda tx_in: TxIn(tx_in.txid, tx_in.vout, tx_in.sequence, b"\x51")) == "PSBT-SIGNED"


def test_a_witness_in_the_unsigned_transaction_is_refused() -> None:
    assert with_unsigned(lambda tx_in: TxIn(tx_in.txid, tx_in.vout, tx_in.sequence, b"", (b"\x51",))) == "PSBT-SIGNED"


def test_bytes_after_a_witness_utxo_are_refused() -> None:
    assert bent(lambda maps: put(maps[1], b"\x01", bytes(8) + var_bytes(PAYEE) + b"\x00")) == "PSBT-VALUE"


def test_sizes_are_bounded() -> None:
    assert refusal(b"psbt\xff" + bytes(MAX_SIZE - 4)) == "PSBT-SIZE"
    assert refusal(b"psbt\xff" + bytes(MAX_SIZE - 5)) == "PSBT-NO-TRANSACTION"
    assert bent(lambda maps: put(maps[1], b"\x00", bytes(MAX_VALUE + 1))) == "TX-LIMIT"
    assert bent(lambda maps: put(maps[1], bytes(200), b"")) == "TX-LIMIT"
    too_many = build(coins(1) * (MAX_INPUTS + 1), [Payment(PAYEE, 1000)])
    assert refusal(serialize(too_many)) == "PSBT-COUNT"
    crowded = build(coins(1), [Payment(PAYEE, 1000)] * (MAX_OUTPUTS + 1))
    assert refusal(serialize(crowded)) == "PSBT-COUNT"
    full = build(coins(1) * MAX_INPUTS, [Payment(PAYEE, 1000)] * MAX_OUTPUTS)
    assert len(parse(serialize(full)).inputs) == MAX_INPUTS


def test_an_extended_key_is_read() -> None:
    maps = honest()
    maps[0].append((b"\x01" + XPUB, key_path(TREASURY.fingerprint, TREASURY.path)))
    assert parse(serialize(maps)).xpubs[0].key == XPUB
