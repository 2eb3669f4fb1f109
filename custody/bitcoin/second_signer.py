"""The second signer: coincurve's own build of libsecp256k1, called at its C interface for speed.

Its public API computes two public keys for each private key; this file is the only one that goes below it, and only
in the version it was written for.
"""

import coincurve
from coincurve._libsecp256k1 import ffi, lib  # type: ignore[import-not-found]

from custody.errors import CustodyError

VERSION = "21.0.0"
MAX_TRIES = 256
_DER_SIZE = 72
_LOW_R_LENGTH = 32
_NUMBER_SIZE = 32


def sign_low_r(secret: bytes, digest: bytes) -> bytes:
    """ECDSA by RFC 6979 as DER, with the counter grind that makes R low: at most 70 bytes.

    The first try has no extra entropy; then a counter from 1, as 32 bytes little-endian, is the extra entropy of
    RFC 6979 3.6 until R is low, as Bitcoin Core does.

    Raises:
        CustodyError: SIGN-LIBRARY.
    """
    _check_lengths(secret, digest)  # the C interface reads 32 bytes, whatever it is given
    context = _context()
    signature = ffi.new("secp256k1_ecdsa_signature *")
    for counter in range(MAX_TRIES):
        entropy = ffi.new("unsigned char[32]", counter.to_bytes(32, "little")) if counter else ffi.NULL
        if not lib.secp256k1_ecdsa_sign(context, signature, digest, secret, ffi.NULL, entropy):
            raise CustodyError("SIGN-LIBRARY", "The second signer could not sign.")
        der = _serialize(context, signature)
        if der[3] <= _LOW_R_LENGTH:
            return der
    raise CustodyError("SIGN-LIBRARY", "The second signer finds no signature with low R.")


def verify(public_key: bytes, digest: bytes, der: bytes) -> bool:
    """Whether ``der`` is the strict DER form of a low-S signature of ``digest`` by ``public_key``.

    Raises:
        CustodyError: SIGN-LIBRARY.
    """
    _check_lengths(digest)
    context = _context()
    point = ffi.new("secp256k1_pubkey *")
    signature = ffi.new("secp256k1_ecdsa_signature *")
    return bool(
        lib.secp256k1_ec_pubkey_parse(context, point, public_key, len(public_key))
        and lib.secp256k1_ecdsa_signature_parse_der(context, signature, der, len(der))
        and _serialize(context, signature) == der
        and lib.secp256k1_ecdsa_verify(context, signature, digest, point)
    )


def _check_lengths(*numbers: bytes) -> None:
    if any(len(number) != _NUMBER_SIZE for number in numbers):
        raise CustodyError("SIGN-LIBRARY", "The second signer was given a key or digest that is not 32 bytes.")


def _serialize(context: object, signature: object) -> bytes:
    buffer = ffi.new("unsigned char[]", _DER_SIZE)
    size = ffi.new("size_t *", _DER_SIZE)
    lib.secp256k1_ecdsa_signature_serialize_der(context, buffer, size, signature)
    return bytes(ffi.buffer(buffer, size[0]))


def _context() -> object:
    if coincurve.__version__ != VERSION:
        raise CustodyError("SIGN-LIBRARY", f"The second signer must be coincurve {VERSION}.", "Install the locked set.")
    return coincurve.GLOBAL_CONTEXT.ctx
