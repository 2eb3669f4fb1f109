"""The first signer: wallycore reads the PSBT by itself, says what each input must sign, and signs."""

from collections.abc import Iterator

import wallycore as wally

from custody.errors import CustodyError

_LOW_R = wally.EC_FLAG_ECDSA | wally.EC_FLAG_GRIND_R


def read_digests(psbt: bytes) -> Iterator[bytes]:
    """The BIP143 digest of each P2WPKH input, by wallycore's own reading of these bytes.

    Raises:
        CustodyError: SIGN-LIBRARY.
    """
    try:
        parsed = wally.psbt_from_bytes(psbt, wally.WALLY_PSBT_PARSE_FLAG_STRICT)
        wally.psbt_signing_cache_enable(parsed, 0)
        transaction = wally.psbt_get_global_tx(parsed)
        for position in range(wally.psbt_get_num_inputs(parsed)):
            script = wally.psbt_get_input_signing_script(parsed, position)
            code = wally.psbt_get_input_scriptcode(parsed, position, script)
            yield bytes(wally.psbt_get_input_signature_hash(parsed, position, transaction, code, 0))
    except ValueError:
        raise CustodyError("SIGN-LIBRARY", "The first signer does not read this PSBT.") from None


def sign_low_r(secret: bytes, digest: bytes) -> bytes:
    """ECDSA by RFC 6979 as DER, with the counter grind that makes R low: at most 70 bytes.

    Raises:
        CustodyError: SIGN-LIBRARY.
    """
    try:
        return bytes(wally.ec_sig_to_der(wally.ec_sig_from_bytes(secret, digest, _LOW_R)))
    except ValueError:
        raise CustodyError("SIGN-LIBRARY", "The first signer could not sign.") from None
