"""Pairing with wallets: the bytes of crypto-hdkey, against a published example and a reader of tags."""

import json
from pathlib import Path

import cbor2
from evm import PRACTICE, TREASURY

from custody.codec import cbor
from custody.codec.cbor import Tagged
from custody.evm.hdkey import TYPE, crypto_hdkey
from custody.keys import derivation


def test_the_published_example_is_written_to_the_byte(project: Path) -> None:
    """Of the same test words: key, chain code and parent are ours too."""
    vector = json.loads((project / "tests/vectors/crypto_hdkey.json").read_text())
    path = [part for step in vector["path"] for part in (step, True)]
    origin = {1: path, 2: int(vector["source_fingerprint"], 16)}
    key, chain_code = bytes.fromhex(vector["key"]), bytes.fromhex(vector["chain_code"])
    example = {3: key, 4: chain_code, 6: Tagged(304, origin), 8: int(vector["parent_fingerprint"], 16)}
    assert cbor.encode(example).hex() == vector["cbor"]  # type: ignore[arg-type]
    ours = cbor2.loads(crypto_hdkey(TREASURY))
    assert (ours[3], ours[4], ours[8]) == (key, chain_code, int(vector["parent_fingerprint"], 16))
    assert list(ours[6].value[1]) == path


def test_every_field_that_wallets_read_is_there() -> None:
    fields = cbor2.loads(crypto_hdkey(PRACTICE))
    assert list(fields) == [3, 4, 6, 7, 8, 9, 10]
    assert (fields[6].tag, fields[7].tag) == (304, 304)
    assert fields[6].value == {1: (44, True, 1, True, 0, True), 2: 0x73C5DA0A}
    assert fields[7].value == {1: (0, False, (), False)}
    assert (fields[9], fields[10]) == ("treasury", "account.standard")
    assert TYPE == "crypto-hdkey"


def test_the_key_leads_to_the_accounts_addresses() -> None:
    fields = cbor2.loads(crypto_hdkey(TREASURY))
    # BIP32: version, depth, parent, child number, chain code, key.
    place = derivation.XPUB + b"\3" + fields[8].to_bytes(4) + TREASURY.path[2].to_bytes(4)
    node = derivation.wally.bip32_key_unserialize(place + fields[4] + fields[3])
    branch = derivation.public_child(node, 0)
    assert derivation.public_key(derivation.public_child(branch, 5)) == TREASURY.public_key(5)
    assert derivation.encode_xpub(node) == TREASURY.xpub
