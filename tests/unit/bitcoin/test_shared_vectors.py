"""The shared PSBTs: honest ones pass, other account types are refused by name, hostile ones by the exact code."""

import json
from pathlib import Path

import pytest
from psbts import SEED, TREASURY

from custody.bitcoin.review import review
from custody.bitcoin.script import encode_address
from custody.bitcoin.signing import finalize, sign
from custody.chains import REGTEST
from custody.errors import TransactionError
from custody.review import Role

HONEST = ["p2wpkh-001", "p2wpkh-010", "p2wpkh-100", "p2wpkh-500", "p2wpkh-100-oneparent"]

OTHER_TYPES = {
    "evil-p2wpkh": "PSBT-INPUT-FOREIGN",
    "p2pkh": "PSBT-INPUT-TYPE",
    "p2sh-p2wpkh": "PSBT-REDEEM-SCRIPT",
    "p2tr": "PSBT-TAPROOT",
    "p2tr-scriptpath": "PSBT-TAPROOT",
    "p2wsh-2of3": "PSBT-WITNESS-SCRIPT",
    "p2wsh-miniscript": "PSBT-WITNESS-SCRIPT",
}

HOSTILE = {
    "already-finalized-input": "PSBT-SIGNED",
    "bogus-partial-sig-present": "PSBT-SIGNED",
    "change-path-deep-path": "PSBT-CHANGE-SPOOF",
    "change-path-hardened-tail": "PSBT-CHANGE-SPOOF",
    "change-path-wrong-cointype": "PSBT-CHANGE-SPOOF",
    "change-spk-swapped": "PSBT-CHANGE-SPOOF",
    "dest-bare-multisig": "SCRIPT-BARE-MULTISIG",
    "dest-future-witness-v2": "SCRIPT-WITNESS-VERSION",
    "dest-p2a-anchor": "SCRIPT-ANCHOR",
    "dest-p2tr-invalid-point": "SCRIPT-TAPROOT-POINT",
    "duplicate-input": "TX-DUPLICATE-INPUT",
    "dust-output": "TX-DUST",
    "fee-no-nonwitness-utxo": "PSBT-UNPROVED-AMOUNT",
    "huge-unknown-value": "PSBT-UNKNOWN-KEY",
    "legacy-with-witness-utxo-only": "PSBT-UNPROVED-AMOUNT",
    "mixed-foreign-input": "PSBT-INPUT-FOREIGN",
    "multisig-change-1of3": "PSBT-WITNESS-SCRIPT",
    "multisig-global-xpub-replaced": "PSBT-WITNESS-SCRIPT",
    "negative-fee": "TX-NEGATIVE-FEE",
    "no-derivation": "PSBT-INPUT-ORIGIN",
    "noncanonical-compactsize": "TX-NOT-MINIMAL",
    "op-return-80": "SCRIPT-OP-RETURN",
    "p2tr-amount-lie": "PSBT-TAPROOT",
    "redeem-script-on-native": "PSBT-REDEEM-SCRIPT",
    "sighash-acp-none": "PSBT-SIGHASH",
    "sighash-garbage": "PSBT-SIGHASH",
    "sighash-none": "PSBT-SIGHASH",
    "sighash-single": "PSBT-SIGHASH",
    "sighash-tr-none": "PSBT-TAPROOT",
    "sighash-zero-v0": "PSBT-SIGHASH",
    "tr-change-hidden-leaf-claimed": "PSBT-TAPROOT",
    "tr-internal-key-mismatch": "PSBT-TAPROOT",
    "tr-missing-utxo-one-input": "PSBT-TAPROOT",
    "truncated": "TX-TRUNCATED",
    "txversion-3": "TX-VERSION",
    "unknown-input-key": "PSBT-UNKNOWN-KEY",
    "utxo-mismatch-script": "PSBT-UTXO-MISMATCH",
    "v2-count-mismatch": "PSBT-V2-FIELD",
    "v2-missing-amount": "PSBT-V2-FIELD",
    "v2-tx-modifiable": "PSBT-V2-FIELD",
    "value-max-int64": "TX-AMOUNT",
    "value-over-21m": "TX-AMOUNT",
    "version-1": "PSBT-VERSION",
    "witness-script-mismatch": "PSBT-WITNESS-SCRIPT",
}

# These two hold: they delay or confuse, they take nothing. The review says so, and the policy and people judge.
NOTED = {
    "locktime-ignored": "Locktime 900000 has no effect: every input is final.",
    "sequence-relative-lock": "It must wait until a coin that it spends is 65535 blocks old (relative lock).",
}


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_psbt_is_reviewed_signed_and_finalised(shared: Path, name: str) -> None:
    psbt = (shared / f"vectors/psbt/{name}.psbt").read_bytes()
    facts = review(psbt, TREASURY)
    wallets = json.loads((shared / "vectors/psbt/wallets.json").read_text())
    assert [output.role for output in facts.outputs] == [Role.PAYMENT, Role.CHANGE]
    assert facts.outputs[0].address == encode_address(bytes.fromhex(wallets["dest_spk"]), REGTEST)
    txid, _ = finalize(psbt, TREASURY, sign(psbt, TREASURY, SEED))
    assert txid == facts.transaction_id


@pytest.mark.parametrize("kind", OTHER_TYPES)
def test_another_account_type_is_refused_by_name(shared: Path, kind: str) -> None:
    files = sorted((shared / "vectors/psbt").glob(f"{kind}-[0-9][0-9][0-9].psbt"))
    assert files
    for file in files:
        with pytest.raises(TransactionError) as caught:
            review(file.read_bytes(), TREASURY)
        assert caught.value.code == OTHER_TYPES[kind], file.name


def test_every_psbt_of_version_2_is_refused_by_name(shared: Path) -> None:
    files = sorted((shared / "vectors/psbt").glob("*-v2.psbt"))
    assert len(files) == 4
    for file in files:
        with pytest.raises(TransactionError, match="PSBT-V2-FIELD"):
            review(file.read_bytes(), TREASURY)


def test_every_hostile_psbt_is_judged_here(shared: Path) -> None:
    index = json.loads((shared / "vectors/psbt/hostile/index.json").read_text())
    assert {entry["file"].removesuffix(".psbt") for entry in index} == HOSTILE.keys() | NOTED.keys()
    assert len(index) == 46


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_psbt_is_refused_and_never_signed(shared: Path, name: str) -> None:
    psbt = (shared / f"vectors/psbt/hostile/{name}.psbt").read_bytes()
    with pytest.raises(TransactionError) as caught:
        review(psbt, TREASURY)
    assert caught.value.code == HOSTILE[name]
    with pytest.raises(TransactionError) as again:
        sign(psbt, TREASURY, SEED)
    assert again.value.code == HOSTILE[name]


@pytest.mark.parametrize("name", NOTED)
def test_a_lock_is_told(shared: Path, name: str) -> None:
    psbt = (shared / f"vectors/psbt/hostile/{name}.psbt").read_bytes()
    assert NOTED[name] in review(psbt, TREASURY).notes
