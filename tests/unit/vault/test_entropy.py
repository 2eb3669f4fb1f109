"""Entropy for a new seed: two sources, each of which decides the result; weak typing is refused."""

import hashlib
import hmac

import pytest

from custody.errors import UsageError
from custody.vault.entropy import MAX_CHARACTERS, MIN_CHARACTERS, MIN_ROLLS, check_typed, mix

KERNEL = bytes(range(64))
ROLLS = "123456" * 9
KEYS = "the quick brown fox jumps over the lazy dog, 0123456789 times; sphinx of black quartz"


def test_each_source_alone_changes_the_result() -> None:
    mixed = mix(KERNEL, ROLLS, 32)
    assert mix(bytes(64), ROLLS, 32) != mixed
    assert mix(KERNEL, ROLLS[:-1] + "1", 32) != mixed
    assert mix(KERNEL, KEYS, 32) != mixed
    assert mix(KERNEL, ROLLS, 32) == mixed


def test_every_byte_of_the_kernel_counts() -> None:
    results = {mix(KERNEL[:place] + b"\xff" + KERNEL[place + 1 :], ROLLS, 32) for place in range(64)}
    assert len(results | {mix(KERNEL, ROLLS, 32)}) == 65


def test_it_is_hmac_sha512_under_the_kernels_bytes() -> None:
    expected = hmac.new(KERNEL, b"custody/entropy/1" + ROLLS.encode(), hashlib.sha512).digest()
    assert mix(KERNEL, ROLLS, 32) == expected[:32]
    assert mix(KERNEL, ROLLS, 16) == expected[:16]


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " " * 200,
        ("123456" * 9)[: MIN_ROLLS - 1],
        "1 2 3 4 5 6 " * 8,
        "1" * 100,
        "12345" * 20,
        "1" * 60 + "23456",
        KEYS[: MIN_CHARACTERS - 10],
        "a" * 100,
        "abcdefghijk" * 10,
        "a" * 100 + "bcdefghijklmno",
        "01" * 60,
        "1234567890" * 10,
        (KEYS * 20)[: MAX_CHARACTERS + 300],
    ],
)
def test_typing_too_short_or_too_regular_is_refused(typed: str) -> None:
    with pytest.raises(UsageError) as refused:
        mix(KERNEL, typed, 32)
    assert refused.value.code == "ENTROPY-WEAK"
    assert not typed.strip() or typed not in refused.value.message + refused.value.hint


@pytest.mark.parametrize("typed", [ROLLS, ROLLS[:MIN_ROLLS], "1 2 3\n4 5 6 " * 9, KEYS, "\u6c34\u706b" * 5 + KEYS])
def test_honest_typing_is_taken(typed: str) -> None:
    check_typed(typed)
    assert len(mix(KERNEL, typed, 32)) == 32
