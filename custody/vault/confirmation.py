"""The confirmation code: what the officer types to say that this, as shown, shall be signed."""

import hashlib
import hmac

from custody.judgement import Judgement

#: Crockford's base32: no I, L, O or U.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS = str.maketrans("ILO", "110", "- ")


def confirmation_code(code_secret: bytes, judgement: Judgement, log_size: int) -> str:
    """Eight characters, ``XXXX-XXXX``, of HMAC-SHA-256 over the request, facts and decision digests and log size.

    A code of an earlier review is worth nothing once any of the four has changed.
    """
    bound = judgement.request.digest + judgement.facts_digest + judgement.decision_digest + log_size.to_bytes(8, "big")
    bits = int.from_bytes(hmac.new(code_secret, b"custody/code/1" + bound, hashlib.sha256).digest()[:5], "big")
    symbols = [ALPHABET[bits >> shift & 31] for shift in range(35, -1, -5)]
    return "".join(symbols[:4]) + "-" + "".join(symbols[4:])


def codes_equal(typed: str, expected: str) -> bool:
    """Whether a typed code is the expected one; case, hyphen, and look-alike letters do not matter."""
    return hmac.compare_digest(_plain(typed), _plain(expected))


def _plain(code: str) -> bytes:
    return code.strip().upper().translate(_READ_AS).encode(errors="backslashreplace")
