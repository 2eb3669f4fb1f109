"""Signing: only with the account's own seed, by two signers that agree; answers are checked before they are used."""

import contextlib
import json
from dataclasses import replace
from pathlib import Path

import coincurve
import pytest
import wallycore as wally
from ethereum_peers import eth_account
from evm import COIN_PAYMENT, PRACTICE, SENDER, TOKEN_PAYMENT, TREASURY
from psbts import EVIL_SEED, SEED

from custody.errors import CustodyError, EvidenceError, HomeError, TransactionError
from custody.evm import signing
from custody.evm.account import EvmAccount
from custody.evm.keccak import keccak256
from custody.evm.signing import check_signatures, finalize, first_signature, recover, second_signature, sign
from custody.evm.transaction import from_json
from custody.keys.descriptor import with_checksum
from custody.signatures import Signature

TRANSACTION = TOKEN_PAYMENT.serialize()
(SIGNATURE,) = sign(TRANSACTION, TREASURY, SENDER, SEED)
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def evidence(*signatures: Signature, transaction: bytes = TRANSACTION, sender: str = SENDER) -> str:
    with pytest.raises(EvidenceError) as caught:
        check_signatures(transaction, TREASURY, sender, signatures)
    with pytest.raises(EvidenceError) as again:
        finalize(transaction, TREASURY, sender, signatures)
    assert again.value.code == caught.value.code
    return caught.value.code


def bent(signature: bytes) -> Signature:
    return replace(SIGNATURE, signature=signature)


def test_published_signatures_come_out_to_the_byte(project: Path) -> None:
    vector = json.loads((project / "tests/vectors/eip1559.json").read_text())
    transaction = from_json(json.dumps(vector["transaction"]).encode())
    secret = bytes.fromhex(vector["private_key"][2:])
    signed = first_signature(secret, transaction.signing_hash)
    assert signed == second_signature(secret, transaction.signing_hash)
    raw = transaction.signed(signed[64], int.from_bytes(signed[:32]), int.from_bytes(signed[32:64]))
    assert raw.hex() == vector["signed"][2:]


def test_the_published_signature_of_eip_155_comes_out(project: Path) -> None:
    vector = json.loads((project / "tests/vectors/eip155.json").read_text())
    secret, digest = bytes.fromhex(vector["private_key"][2:]), bytes.fromhex(vector["signing_hash"][2:])
    for signed in (first_signature(secret, digest), second_signature(secret, digest)):
        assert (str(int.from_bytes(signed[:32])), str(int.from_bytes(signed[32:64]))) == (vector["r"], vector["s"])
        assert vector["v"] == 35 + 2 * 1 + signed[64]


def test_the_answer_is_one_signature_by_the_senders_key() -> None:
    assert SIGNATURE.index == 0
    assert SIGNATURE.key == TREASURY.public_key(0)
    assert len(SIGNATURE.signature) == 65
    assert sign(TRANSACTION, TREASURY, SENDER, SEED) == (SIGNATURE,)
    check_signatures(TRANSACTION, TREASURY, SENDER, (SIGNATURE,))


@pytest.mark.parametrize("index", [1, 19])
def test_another_address_signs_with_its_own_key(index: int) -> None:
    sender = TREASURY.address(index)
    signatures = sign(TRANSACTION, TREASURY, sender, SEED)
    _, raw = finalize(TRANSACTION, TREASURY, sender, signatures)
    assert eth_account.Account.recover_transaction(raw) == sender


def test_the_finished_transaction_is_the_peers() -> None:
    name, raw = finalize(TRANSACTION, TREASURY, SENDER, (SIGNATURE,))
    assert name == "0x" + keccak256(raw).hex()
    assert eth_account.Account.recover_transaction(raw) == SENDER


def test_another_seed_is_refused() -> None:
    with pytest.raises(HomeError, match="SEED-FOREIGN"):
        sign(TRANSACTION, TREASURY, SENDER, EVIL_SEED)
    with pytest.raises(HomeError, match="SEED-SIZE"):
        sign(TRANSACTION, TREASURY, SENDER, SEED[:-1])


def test_an_account_of_another_seed_under_our_fingerprint_is_refused() -> None:
    body = PRACTICE.descriptor[:-9].replace(PRACTICE.fingerprint.hex(), "00000000")
    disguised = EvmAccount.parse("treasury", PRACTICE.chain, with_checksum(body))
    practice = replace(COIN_PAYMENT, chain_number=31_337).serialize()
    with pytest.raises(HomeError, match="SEED-FOREIGN"):
        sign(practice, disguised, disguised.address(0), SEED)
    assert sign(practice, PRACTICE, PRACTICE.address(0), SEED)


def test_what_does_not_hold_is_not_signed() -> None:
    for transaction, sender, code in (
        (TRANSACTION + b"\0", SENDER, "EVM-RLP"),
        (replace(COIN_PAYMENT, chain_number=5).serialize(), SENDER, "EVM-CHAIN"),
        (TRANSACTION, SENDER.lower(), "EVM-SENDER"),
    ):
        with pytest.raises(TransactionError, match=code):
            sign(transaction, TREASURY, sender, SEED)


@pytest.mark.parametrize("signer", ["first_signature", "second_signature"])
def test_signers_that_disagree_sign_nothing(signer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    other = first_signature(b"\1" * 32, TOKEN_PAYMENT.signing_hash)
    monkeypatch.setattr(signing, signer, lambda *_: other)
    with pytest.raises(CustodyError, match="SIGN-MISMATCH"):
        sign(TRANSACTION, TREASURY, SENDER, SEED)


def test_signers_that_agree_on_another_key_sign_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    other = first_signature(b"\1" * 32, TOKEN_PAYMENT.signing_hash)
    for signer in ("first_signature", "second_signature"):
        monkeypatch.setattr(signing, signer, lambda *_: other)
    with pytest.raises(CustodyError, match="SIGN-MISMATCH"):
        sign(TRANSACTION, TREASURY, SENDER, SEED)


def test_a_library_that_fails_says_so_without_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bytes:
        raise ValueError(repr(_))

    monkeypatch.setattr(wally, "ec_sig_from_bytes", fail)
    with pytest.raises(CustodyError, match="SIGN-LIBRARY") as caught:
        sign(TRANSACTION, TREASURY, SENDER, SEED)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_the_count_must_be_one() -> None:
    assert evidence() == "SIGNATURE-COUNT"
    assert evidence(SIGNATURE, SIGNATURE) == "SIGNATURE-COUNT"
    assert evidence(replace(SIGNATURE, index=1)) == "SIGNATURE-COUNT"
    assert evidence(replace(SIGNATURE, index=-1)) == "SIGNATURE-COUNT"


def test_the_key_must_be_the_senders() -> None:
    assert evidence(replace(SIGNATURE, key=TREASURY.public_key(1))) == "SIGNATURE-KEY"
    assert evidence(replace(SIGNATURE, key=b"")) == "SIGNATURE-KEY"
    uncompressed = coincurve.PublicKey(SIGNATURE.key).format(compressed=False)
    assert evidence(replace(SIGNATURE, key=uncompressed)) == "SIGNATURE-KEY"
    assert evidence(SIGNATURE, sender=TREASURY.address(1)) == "SIGNATURE-KEY"


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        SIGNATURE.signature[:-1],
        SIGNATURE.signature + b"\0",
        bytes(65),
        b"\xff" * 64 + b"\0",
        SIGNATURE.signature[:-1] + bytes([1 - SIGNATURE.signature[64]]),
        SIGNATURE.signature[:-1] + bytes([2 + SIGNATURE.signature[64]]),
        SIGNATURE.signature[:-1] + bytes([27 + SIGNATURE.signature[64]]),
        bytes(32) + SIGNATURE.signature[32:],
        SIGNATURE.signature[:32] + bytes(32) + SIGNATURE.signature[64:],
        bytes([SIGNATURE.signature[0] ^ 1]) + SIGNATURE.signature[1:],
    ],
)
def test_a_signature_that_does_not_hold_is_refused(signature: bytes) -> None:
    assert evidence(bent(signature)) == "SIGNATURE-INVALID"


def test_the_other_form_of_the_same_signature_is_refused() -> None:
    """EIP-2: s and its negative sign alike; only the low one counts, or anybody could change the transaction's hash."""
    r, s, parity = SIGNATURE.signature[:32], int.from_bytes(SIGNATURE.signature[32:64]), SIGNATURE.signature[64]
    high = r + (ORDER - s).to_bytes(32, "big") + bytes([1 - parity])
    assert coincurve.PublicKey.from_signature_and_message(
        high, TOKEN_PAYMENT.signing_hash, hasher=None
    ).format() == TREASURY.public_key(0)
    assert evidence(bent(high)) == "SIGNATURE-INVALID"
    assert recover(TOKEN_PAYMENT.signing_hash, high) is None


def test_s_may_be_half_the_order_and_not_one_more() -> None:
    r, half = SIGNATURE.signature[:32], ORDER // 2
    for s, held in ((half, True), (half + 1, False)):
        signed = r + s.to_bytes(32, "big") + b"\0"
        assert (recover(TOKEN_PAYMENT.signing_hash, signed) is not None) is held


def test_only_two_parities_count() -> None:
    """Libraries know four recovery ids; the other two belong to r beyond the order and have no place on the network."""
    digest, recovered = TOKEN_PAYMENT.signing_hash, 0
    for r in range(1, 40):
        signed = r.to_bytes(32, "big") + b"\1" * 32 + b"\2"
        with contextlib.suppress(ValueError):
            coincurve.PublicKey.from_signature_and_message(signed, digest, hasher=None)
            recovered += 1
        assert recover(digest, signed) is None
    assert recovered


def test_a_signature_of_another_transaction_is_refused() -> None:
    for change in ({"nonce": 9}, {"value": 0, "gas": 65_001}, {"max_fee_per_gas": 30_000_000_001}):
        assert evidence(SIGNATURE, transaction=replace(TOKEN_PAYMENT, **change).serialize()) == "SIGNATURE-INVALID"


def test_low_r_is_not_ground_for() -> None:
    """Ethereum's signatures are plain RFC 6979: about half of them have a high r."""
    high = [digest for digest in range(20) if second_signature(b"\7" * 32, bytes([digest] * 32))[0] > 0x7F]
    assert 2 < len(high) < 18
