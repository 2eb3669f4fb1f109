"""Entropy for a new seed: the kernel's, mixed with what an officer typed or rolled.

Mixed, never replaced: the seed is no weaker than the stronger of the two sources.
"""

import hashlib
import hmac

from custody.errors import UsageError

MIN_ROLLS = 50
MIN_CHARACTERS = 60
MIN_DISTINCT = 12
MAX_CHARACTERS = 1_000


def mix(kernel: bytes, typed: str, size: int) -> bytes:
    """``size`` bytes from 64 bytes of the kernel and the officer's text.

    HMAC-SHA-512 with the kernel's bytes as key: without them nothing is known of the result, and with a broken
    kernel source the officer's text still decides it.

    Raises:
        UsageError: ENTROPY-WEAK when the text is too short or too regular.
    """
    check_typed(typed)
    return hmac.new(kernel, b"custody/entropy/1" + typed.encode(), hashlib.sha512).digest()[:size]


def check_typed(typed: str) -> None:
    """Dice rolls (1 to 6, at least 50) or other keystrokes (at least 60, at least 12 of them different).

    Raises:
        UsageError: ENTROPY-WEAK.
    """
    strokes = "".join(typed.split())
    rolls = bool(strokes) and set(strokes) <= set("123456")
    needed, distinct = (MIN_ROLLS, 6) if rolls else (MIN_CHARACTERS, MIN_DISTINCT)
    enough = needed <= len(strokes) <= MAX_CHARACTERS and len(set(strokes)) >= distinct
    if not enough or max(map(strokes.count, strokes)) > len(strokes) // 2:
        raise UsageError(
            "ENTROPY-WEAK",
            "What was typed is too short or too regular to help.",
            f"Roll a die {MIN_ROLLS} times or more and type the numbers, or hit {MIN_CHARACTERS} keys at random.",
        )
