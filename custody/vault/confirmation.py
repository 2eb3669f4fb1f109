"""The confirmation code: what each officer types to say that this, as shown, shall be done."""

import hashlib
import hmac
from collections.abc import Mapping

from custody.codec import canonical_json
from custody.codec.canonical_json import Json
from custody.judgement import Judgement

#: Crockford's base32: no I, L, O or U.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS = str.maketrans("ILO", "110", "- ")


def judged(judgement: Judgement, log_size: int) -> bytes:
    """What officers consent to when they sign: the request, facts and decision digests, and the log size."""
    bound = judgement.request.digest + judgement.facts_digest + judgement.decision_digest
    return b"custody/code/1" + bound + log_size.to_bytes(8, "big")


def resolved(agreed: Mapping[str, Json], log_size: int) -> bytes:
    """What officers consent to when they decide about the device: the action, and the log size."""
    return (
        b"custody/council/1" + hashlib.sha256(canonical_json.dumps(dict(agreed))).digest() + log_size.to_bytes(8, "big")
    )


def confirmation_code(code_secret: bytes, consented: bytes) -> str:
    """Eight characters, ``XXXX-XXXX``, of HMAC-SHA-256 over what officers consent to.

    A code of an earlier review is worth nothing once any part of it has changed.
    """
    bits = int.from_bytes(hmac.new(code_secret, consented, hashlib.sha256).digest()[:5], "big")
    symbols = [ALPHABET[bits >> shift & 31] for shift in range(35, -1, -5)]
    return "".join(symbols[:4]) + "-" + "".join(symbols[4:])


def codes_equal(typed: str, expected: str) -> bool:
    """Whether a typed code is the expected one; case, hyphen, and look-alike letters do not matter."""
    return hmac.compare_digest(_plain(typed), _plain(expected))


def _plain(code: str) -> bytes:
    return code.strip().upper().translate(_READ_AS).encode(errors="backslashreplace")
