"""Signing and finalising of a PSBT that was proved: two libraries sign, and must agree to the byte."""

import dataclasses
from collections.abc import Sequence

from custody.bitcoin import first_signer, second_signer
from custody.bitcoin.account import CHANGE, RECEIVE, Account
from custody.bitcoin.psbt import SIGHASH_ALL
from custody.bitcoin.review import Proof, prove
from custody.bitcoin.sighash import p2wpkh_digests
from custody.errors import CustodyError, EvidenceError
from custody.keys import derivation
from custody.keys.account import private_key
from custody.keys.derivation import Node
from custody.signatures import Signature

_SIGHASH_BYTE = bytes([SIGHASH_ALL])


def sign(psbt: bytes, account: Account, seed: bytes) -> tuple[Signature, ...]:
    """One signature for each input, in order, of a PSBT that is proved.

    wallycore reads the PSBT by itself, hashes and signs; this package's own hash is signed by coincurve's build of
    libsecp256k1. Both must be equal, and valid under the public key that the review derived.

    Raises:
        TransactionError: as `custody.bitcoin.review.review`.
        HomeError: SEED-SIZE; SEED-FOREIGN when the seed is not the account's.
        CustodyError: SIGN-MISMATCH, SIGN-LIBRARY: nothing was signed.
    """
    proof = prove(psbt, account)
    branches = _private_branches(account, seed)
    digests = zip(first_signer.read_digests(psbt), _digests(proof), strict=True)
    signatures = []
    for position, (own, (read, proved)) in enumerate(zip(proof.inputs, digests, strict=True)):
        secret = derivation.secret(derivation.private_leaf(branches[own.branch], own.index))
        der = first_signer.sign_low_r(secret, read)
        _check_agreement(position, der, secret, proved, own.public_key)
        signatures.append(Signature(position, own.public_key, der + _SIGHASH_BYTE))
    return tuple(signatures)


def check_signatures(psbt: bytes, account: Account, signatures: Sequence[Signature]) -> None:
    """Refuse an answer unless it holds, for each input in order, one valid signature by the account's own key.

    Raises:
        TransactionError: as `custody.bitcoin.review.review`.
        EvidenceError: SIGNATURE-COUNT, SIGNATURE-KEY, SIGNATURE-INVALID.
    """
    _check(prove(psbt, account), signatures)


def finalize(psbt: bytes, account: Account, signatures: Sequence[Signature]) -> tuple[str, bytes]:
    """The txid, and the transaction as it goes to the network, with the signatures checked and put in.

    Raises:
        TransactionError, EvidenceError: as `check_signatures`.
    """
    proof = prove(psbt, account)
    _check(proof, signatures)
    signed = dataclasses.replace(
        proof.transaction,
        inputs=tuple(
            dataclasses.replace(tx_in, witness=(signature.signature, signature.key))
            for tx_in, signature in zip(proof.transaction.inputs, signatures, strict=True)
        ),
    )
    return signed.txid_text, signed.serialize()


def _private_branches(account: Account, seed: bytes) -> dict[int, Node]:
    key = private_key(account, account.chain.xpub, seed)
    return {branch: derivation.private_child(key, branch) for branch in (RECEIVE, CHANGE)}


def _digests(proof: Proof) -> list[bytes]:
    return p2wpkh_digests(proof.transaction, [(own.script_pubkey, own.amount) for own in proof.inputs])


def _check_agreement(position: int, der: bytes, secret: bytes, digest: bytes, public_key: bytes) -> None:
    if second_signer.sign_low_r(secret, digest) != der or not second_signer.verify(public_key, digest, der):
        raise CustodyError(
            "SIGN-MISMATCH",
            f"The two signers do not agree on input {position}; nothing was signed.",
            "Stop using this device and have it examined.",
        )


def _check(proof: Proof, signatures: Sequence[Signature]) -> None:
    if [signature.index for signature in signatures] != list(range(len(proof.inputs))):
        raise EvidenceError(
            "SIGNATURE-COUNT", "The answer does not hold exactly one signature for each input, in order."
        )
    for own, signature, digest in zip(proof.inputs, signatures, _digests(proof), strict=True):
        if signature.key != own.public_key:
            raise EvidenceError("SIGNATURE-KEY", f"Signature {signature.index} is not by the account's key.")
        der, sighash = signature.signature[:-1], signature.signature[-1:]
        if sighash != _SIGHASH_BYTE or not second_signer.verify(own.public_key, digest, der):
            raise EvidenceError("SIGNATURE-INVALID", f"Signature {signature.index} does not hold.")
