"""Signing: only with the account's own seed, by two signers that agree; answers are checked before they are used."""

from dataclasses import replace

import coincurve
import pytest
import wallycore as wally
from psbts import EVIL, EVIL_SEED, PAYEE, SEED, TREASURY, Coin, Payment, build, change, coins, honest, put, serialize

from custody.bitcoin import second_signer, signing
from custody.bitcoin.account import Account, descriptor_from_seed
from custody.bitcoin.review import prove, review
from custody.bitcoin.signing import check_signatures, finalize, sign
from custody.bitcoin.transaction import parse
from custody.errors import CustodyError, EvidenceError, HomeError, TransactionError
from custody.keys.descriptor import with_checksum
from custody.signatures import Signature

PSBT = serialize(honest())
SIGNATURES = sign(PSBT, TREASURY, SEED)


def evidence(signatures: tuple[Signature, ...], psbt: bytes = PSBT) -> str:
    with pytest.raises(EvidenceError) as caught:
        check_signatures(psbt, TREASURY, signatures)
    with pytest.raises(EvidenceError) as again:
        finalize(psbt, TREASURY, signatures)
    assert again.value.code == caught.value.code
    return caught.value.code


def test_each_input_gets_one_signature_by_its_own_key() -> None:
    assert [signature.index for signature in SIGNATURES] == [0, 1]
    assert [signature.key for signature in SIGNATURES] == [TREASURY.public_key(0, 0), TREASURY.public_key(0, 1)]
    assert all(signature.signature[-1] == 1 and len(signature.signature) <= 71 for signature in SIGNATURES)


def test_signing_twice_gives_the_same_bytes() -> None:
    assert sign(PSBT, TREASURY, SEED) == SIGNATURES


def test_change_coins_are_signed_with_the_change_branch() -> None:
    psbt = serialize(build([Coin(TREASURY, 1, 9, 10_000), *coins(1)], [Payment(PAYEE, 1000)]))
    assert sign(psbt, TREASURY, SEED)[0].key == TREASURY.public_key(1, 9)


def test_the_finished_transaction_is_the_reviewed_one() -> None:
    txid, raw = finalize(PSBT, TREASURY, SIGNATURES)
    assert txid == review(PSBT, TREASURY).transaction_id == parse(raw).txid_text
    assert [tx_in.witness for tx_in in parse(raw).inputs] == [(one.signature, one.key) for one in SIGNATURES]
    assert parse(raw).outputs == parse(honest()[0][0][1]).outputs


def test_the_shown_size_is_never_below_the_finished_one() -> None:
    _, raw = finalize(PSBT, TREASURY, SIGNATURES)
    weight = 3 * len(parse(raw).serialize_stripped()) + len(raw)
    assert 0 <= review(PSBT, TREASURY).size - -(-weight // 4) <= 1


def test_another_seed_is_refused() -> None:
    with pytest.raises(HomeError, match="SEED-FOREIGN"):
        sign(PSBT, TREASURY, EVIL_SEED)
    with pytest.raises(HomeError, match="SEED-SIZE"):
        sign(PSBT, TREASURY, SEED[:-1])


def test_an_account_of_another_seed_under_our_fingerprint_is_refused() -> None:
    body = EVIL.descriptor[:-9].replace(EVIL.fingerprint.hex(), TREASURY.fingerprint.hex())
    disguised = Account.parse("treasury", TREASURY.chain, with_checksum(body))
    psbt = serialize(build([Coin(disguised, 0, 0, 10_000)], [Payment(PAYEE, 1000)]))
    for seed in (SEED, EVIL_SEED):
        with pytest.raises(HomeError, match="SEED-FOREIGN"):
            sign(psbt, disguised, seed)


def test_another_account_index_signs_with_its_own_keys() -> None:
    second = Account.parse("second", TREASURY.chain, descriptor_from_seed(SEED, TREASURY.chain, 1))
    psbt = serialize(build([Coin(second, 0, 0, 10_000)], [Payment(PAYEE, 1000)]))
    check_signatures(psbt, second, sign(psbt, second, SEED))
    with pytest.raises(TransactionError, match="PSBT-INPUT-FOREIGN"):
        sign(psbt, TREASURY, SEED)


def test_what_the_review_refuses_is_not_signed() -> None:
    maps = honest()
    put(maps[1], b"\x03", b"\x02\0\0\0")
    with pytest.raises(TransactionError, match="PSBT-SIGHASH"):
        sign(serialize(maps), TREASURY, SEED)


def test_signers_that_disagree_sign_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    honest_signer = second_signer.sign_low_r
    monkeypatch.setattr(second_signer, "sign_low_r", lambda secret, digest: honest_signer(secret, digest[::-1]))
    with pytest.raises(CustodyError) as caught:
        sign(PSBT, TREASURY, SEED)
    assert caught.value.code == "SIGN-MISMATCH"
    assert caught.value.exit_code == 1


def test_a_first_signer_with_a_hidden_nonce_signs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def covert(secret: bytes, digest: bytes, _flags: int) -> bytearray:
        chosen = second_signer.ffi.new("unsigned char[32]", b"what the attacker can guess".ljust(32))
        der = coincurve.PrivateKey(secret).sign(digest, hasher=None, custom_nonce=(second_signer.ffi.NULL, chosen))
        compact: bytearray = wally.ec_sig_from_der(der)
        return compact

    monkeypatch.setattr(wally, "ec_sig_from_bytes", covert)
    with pytest.raises(CustodyError, match="SIGN-MISMATCH"):
        sign(PSBT, TREASURY, SEED)


def test_a_first_signer_that_reads_another_amount_signs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    true_digest = wally.psbt_get_input_signature_hash
    monkeypatch.setattr(
        wally,
        "psbt_get_input_signature_hash",
        lambda *arguments: bytes(32) if arguments[1] else true_digest(*arguments),
    )
    with pytest.raises(CustodyError, match="SIGN-MISMATCH"):
        sign(PSBT, TREASURY, SEED)


def test_a_signature_that_does_not_verify_is_never_given_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_signer, "verify", lambda *_: False)
    with pytest.raises(CustodyError, match="SIGN-MISMATCH"):
        sign(PSBT, TREASURY, SEED)


def test_a_first_signer_that_fails_is_a_fault_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> bytes:
        raise ValueError(SEED.hex())

    monkeypatch.setattr(wally, "psbt_from_bytes", broken)
    with pytest.raises(CustodyError) as caught:
        sign(PSBT, TREASURY, SEED)
    assert caught.value.code == "SIGN-LIBRARY"
    assert SEED.hex() not in str(caught.value)


# The answer, seen from the online side


def test_the_devices_answer_passes() -> None:
    check_signatures(PSBT, TREASURY, SIGNATURES)


def test_an_answer_with_too_few_too_many_or_disordered_signatures_is_refused() -> None:
    first, second = SIGNATURES
    for answer in (
        (),
        (first,),
        (first, first),
        (second, first),
        (*SIGNATURES, second),
        (first, replace(second, index=2)),
    ):
        assert evidence(answer) == "SIGNATURE-COUNT"


def test_a_signature_by_another_key_is_refused() -> None:
    first, second = SIGNATURES
    assert evidence((first, replace(second, key=EVIL.public_key(0, 0)))) == "SIGNATURE-KEY"
    assert evidence((replace(first, key=second.key), second)) == "SIGNATURE-KEY"
    assert evidence((replace(first, key=b""), second)) == "SIGNATURE-KEY"


def test_signatures_swapped_between_inputs_are_refused() -> None:
    first, second = SIGNATURES
    assert evidence((replace(first, signature=second.signature), replace(second, signature=first.signature))) == (
        "SIGNATURE-INVALID"
    )


@pytest.mark.parametrize("sighash", [0, 2, 3, 0x81])
def test_another_sighash_byte_is_refused(sighash: int) -> None:
    first, second = SIGNATURES
    changed = replace(first, signature=first.signature[:-1] + bytes([sighash]))
    assert evidence((changed, second)) == "SIGNATURE-INVALID"


@pytest.mark.parametrize("signature", [b"", b"\x01", b"\x30\x01", bytes(71), bytes(100_000)])
def test_what_is_no_signature_is_refused(signature: bytes) -> None:
    first, second = SIGNATURES
    assert evidence((replace(first, signature=signature), second)) == "SIGNATURE-INVALID"


def test_an_answer_to_another_transaction_is_refused() -> None:
    other = serialize(build(coins(2), [Payment(PAYEE, 60_001), change(TREASURY, 3, 139_000)]))
    assert evidence(SIGNATURES, other) == "SIGNATURE-INVALID"


def test_a_signature_without_low_r_is_accepted() -> None:
    psbt = serialize(honest(8))
    signatures = sign(psbt, TREASURY, SEED)
    plain = []
    for signature, digest in zip(signatures, signing._digests(prove(psbt, TREASURY)), strict=True):
        node = wally.bip32_key_from_seed(SEED, wally.BIP32_VER_TEST_PRIVATE, 0)
        leaf = wally.bip32_key_from_parent_path(
            node, [*TREASURY.path, 0, signature.index], wally.BIP32_FLAG_KEY_PRIVATE
        )
        compact = wally.ec_sig_from_bytes(wally.bip32_key_get_priv_key(leaf), digest, wally.EC_FLAG_ECDSA)
        plain.append(replace(signature, signature=bytes(wally.ec_sig_to_der(compact)) + b"\x01"))
    assert any(len(signature.signature) == 72 for signature in plain)
    check_signatures(psbt, TREASURY, plain)
