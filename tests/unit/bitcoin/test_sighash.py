"""BIP143 against its published vector."""

import json
from dataclasses import replace
from pathlib import Path

from custody.bitcoin.sighash import p2wpkh_digests
from custody.bitcoin.transaction import TxOut, parse


def test_the_published_digest_of_a_native_p2wpkh_input(project: Path) -> None:
    vector = json.loads((project / "tests/vectors/bip143.json").read_text())
    transaction = parse(bytes.fromhex(vector["unsigned"]))
    spent = [(bytes.fromhex(vector["script_pubkey"]), vector["amount"])] * 2
    assert p2wpkh_digests(transaction, spent)[vector["input"]].hex() == vector["sighash"]


def test_every_part_is_covered(project: Path) -> None:
    vector = json.loads((project / "tests/vectors/bip143.json").read_text())
    transaction = parse(bytes.fromhex(vector["unsigned"]))
    script, amount = bytes.fromhex(vector["script_pubkey"]), vector["amount"]
    first, second = transaction.inputs
    others = [
        (replace(transaction, version=2), script, amount),
        (replace(transaction, locktime=18), script, amount),
        (replace(transaction, inputs=(replace(first, vout=1), second)), script, amount),
        (replace(transaction, inputs=(replace(first, sequence=0), second)), script, amount),
        (replace(transaction, inputs=(first, replace(second, sequence=0))), script, amount),
        (replace(transaction, outputs=(*transaction.outputs, TxOut(1, b""))), script, amount),
        (transaction, script[:-1] + b"\x00", amount),
        (transaction, script, amount + 1),
    ]
    digests = {p2wpkh_digests(changed, [(code, value)] * 2)[1] for changed, code, value in others}
    assert len(digests) == len(others)
    assert bytes.fromhex(vector["sighash"]) not in digests
