"""Which fragments a part mixes: what sender and receiver must agree on to the last bit (BCR-2024-001, section 4)."""

from functools import lru_cache
from hashlib import sha256

_WORD = (1 << 64) - 1


class Xoshiro256:
    """The generator xoshiro256**, its state the SHA-256 of a seed. Not for secrets."""

    def __init__(self, seed: bytes) -> None:
        digest = sha256(seed).digest()
        self._state = [int.from_bytes(digest[start : start + 8], "big") for start in range(0, 32, 8)]

    def next(self) -> int:
        """The next 64 bits."""
        state = self._state
        drawn = _rotate(state[1] * 5 & _WORD, 7) * 9 & _WORD
        shifted = state[1] << 17 & _WORD
        state[2] ^= state[0]
        state[3] ^= state[1]
        state[1] ^= state[2]
        state[0] ^= state[3]
        state[2] ^= shifted
        state[3] = _rotate(state[3], 45)
        return drawn

    def fraction(self) -> float:
        """The next number from 0 to 1, both possible: the largest draws round up."""
        return self.next() / 2.0**64

    def below(self, limit: int) -> int:
        """The next whole number under `limit`."""
        return min(int(self.fraction() * limit), limit - 1)


class AliasSampler:
    """Draws an index in proportion to its weight: Walker's alias method, tables built in the reference's order."""

    def __init__(self, weights: list[float]) -> None:
        count = len(weights)
        total = sum_left_to_right(weights)
        shares = [weight * count / total for weight in weights]
        small = [index for index in reversed(range(count)) if shares[index] < 1]
        large = [index for index in reversed(range(count)) if shares[index] >= 1]
        self._odds = [1.0] * count
        self._aliases = [0] * count
        while small and large:
            less, more = small.pop(), large.pop()
            self._odds[less], self._aliases[less] = shares[less], more
            shares[more] += shares[less] - 1
            (small if shares[more] < 1 else large).append(more)

    def draw(self, generator: Xoshiro256) -> int:
        """The next index."""
        index = generator.below(len(self._odds))
        return index if generator.fraction() < self._odds[index] else self._aliases[index]


def sum_left_to_right(numbers: list[float]) -> float:
    """The sum in plain order: `sum` compensates rounding from Python 3.12 on, the reference does not."""
    total = 0.0
    for number in numbers:
        total += number
    return total


@lru_cache(maxsize=8)
def degree_sampler(seq_len: int) -> AliasSampler:
    """How many fragments to mix, less one: degree d weighs 1/d."""
    return AliasSampler([1 / degree for degree in range(1, seq_len + 1)])


def shuffle(count: int, taken: int, generator: Xoshiro256) -> list[int]:
    """The first `taken` of the numbers 0 to count - 1 in random order (Fisher-Yates)."""
    remaining = list(range(count))
    return [remaining.pop(generator.below(len(remaining))) for _ in range(taken)]


def choose_fragments(seq_num: int, seq_len: int, checksum: int) -> list[int]:
    """The fragments, counted from 0, that part `seq_num` (from 1) of a message mixes.

    The first `seq_len` parts are the fragments themselves. The caller has bounded both numbers.
    """
    if seq_num <= seq_len:
        return [seq_num - 1]
    generator = Xoshiro256(seq_num.to_bytes(4, "big") + checksum.to_bytes(4, "big"))
    degree = degree_sampler(seq_len).draw(generator) + 1
    return shuffle(seq_len, degree, generator)


def _rotate(word: int, bits: int) -> int:
    return (word << bits | word >> 64 - bits) & _WORD
