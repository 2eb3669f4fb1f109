"""Randomness from the kernel."""

import os


def kernel_random(size: int) -> bytes:
    """``size`` bytes of getrandom(2), which waits until the pool is seeded."""
    return os.urandom(size)
