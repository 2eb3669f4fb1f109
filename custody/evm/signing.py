"""Signing and finalising of transactions that were proved: two libraries sign, and must agree to the byte."""

from collections.abc import Sequence

import coincurve
import wallycore as wally

from custody.errors import CustodyError, EvidenceError
from custody.evm.account import EvmAccount, private_path
from custody.evm.address import address_of, checksum_address
from custody.evm.keccak import keccak256
from custody.evm.review import check_sender, prove
from custody.evm.transaction import Eip1559
from custody.keys import derivation
from custody.keys.account import private_key
from custody.keys.derivation import XPUB
from custody.signatures import Signature

SIGNATURE_SIZE = 65

_NUMBER_SIZE = 32
# Half the order of secp256k1: of s and its negative only the lower is valid (EIP-2).
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
_RECOVERABLE = wally.EC_FLAG_ECDSA | wally.EC_FLAG_RECOVERABLE
# wallycore writes the recovery id in front, as Bitcoin's signed messages do for compressed keys.
_RECOVERY_BASE = 31


def sign(transaction: bytes, account: EvmAccount, sender: str, seed: bytes) -> tuple[Signature, ...]:
    """The sender's signature, ``r || s || y_parity``, after reading and proving the transaction anew.

    Raises:
        TransactionError: as `custody.evm.review.prove`.
        HomeError: SEED-SIZE; SEED-FOREIGN when the seed is not the account's.
        CustodyError: SIGN-MISMATCH, SIGN-LIBRARY: nothing was signed.
    """
    parsed = prove(transaction, account, sender)
    index = check_sender(account, sender)
    leaf = derivation.private_child(private_key(account, XPUB, seed), *private_path(index))
    secret, digest = derivation.secret(leaf), parsed.signing_hash
    signed = first_signature(secret, digest)
    if signed != second_signature(secret, digest) or recover(digest, signed) != account.public_key(index):
        raise CustodyError(
            "SIGN-MISMATCH",
            "The two signers do not agree, or the signature is not the sender's; nothing was signed.",
            "Stop using this device and have it examined.",
        )
    return (Signature(0, account.public_key(index), signed),)


def check_signatures(transaction: bytes, account: EvmAccount, sender: str, signatures: Sequence[Signature]) -> None:
    """Refuse an answer unless it holds one valid signature from which the sender's own key is recovered.

    Raises:
        TransactionError: as `custody.evm.review.prove`.
        EvidenceError: SIGNATURE-COUNT, SIGNATURE-KEY, SIGNATURE-INVALID.
    """
    _check(prove(transaction, account, sender), account, sender, signatures)


def finalize(
    transaction: bytes, account: EvmAccount, sender: str, signatures: Sequence[Signature]
) -> tuple[str, bytes]:
    """The transaction's hash as ``0x`` hex, and the transaction as it goes to the network, with its signature checked.

    Raises:
        TransactionError, EvidenceError: as `check_signatures`.
    """
    parsed = prove(transaction, account, sender)
    raw = parsed.signed(*_check(parsed, account, sender, signatures))
    return "0x" + keccak256(raw).hex(), raw


def first_signature(secret: bytes, digest: bytes) -> bytes:
    """``r || s || y_parity`` by wallycore: ECDSA by RFC 6979, low s (EIP-2), without the grind for a low r.

    Raises:
        CustodyError: SIGN-LIBRARY.
    """
    try:
        signed = bytes(wally.ec_sig_from_bytes(secret, digest, _RECOVERABLE))
    except ValueError:
        raise CustodyError("SIGN-LIBRARY", "The first signer could not sign.") from None
    return signed[1:] + bytes([signed[0] - _RECOVERY_BASE])


def second_signature(secret: bytes, digest: bytes) -> bytes:
    """The same by coincurve's own build of libsecp256k1."""
    return coincurve.PrivateKey(secret).sign_recoverable(digest, hasher=None)


def recover(digest: bytes, signed: bytes) -> bytes | None:
    """The compressed public key whose valid signature of ``digest`` this is; None where there is none.

    Valid is ``r || s || y_parity`` of 65 bytes with both numbers below the order, s low, y_parity 0 or 1.
    """
    s = int.from_bytes(signed[_NUMBER_SIZE : 2 * _NUMBER_SIZE], "big")
    if len(signed) != SIGNATURE_SIZE or signed[-1] > 1 or s > _HALF_ORDER:
        return None
    try:
        return coincurve.PublicKey.from_signature_and_message(signed, digest, hasher=None).format()
    except ValueError:
        return None


def _check(parsed: Eip1559, account: EvmAccount, sender: str, signatures: Sequence[Signature]) -> tuple[int, int, int]:
    """y_parity, r and s of the one signature that holds."""
    if [signature.index for signature in signatures] != [0]:
        raise EvidenceError("SIGNATURE-COUNT", "The answer does not hold exactly one signature.")
    answered = signatures[0]
    if answered.key != account.public_key(check_sender(account, sender)):
        raise EvidenceError("SIGNATURE-KEY", "The signature is not by the sender's key.")
    recovered = recover(parsed.signing_hash, answered.signature)
    if recovered != answered.key or checksum_address(address_of(recovered)) != sender:
        raise EvidenceError("SIGNATURE-INVALID", "The signature does not hold.")
    r, s = (answered.signature[start : start + _NUMBER_SIZE] for start in (0, _NUMBER_SIZE))
    return answered.signature[-1], int.from_bytes(r, "big"), int.from_bytes(s, "big")
