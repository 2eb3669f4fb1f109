"""The receiving half of the fountain code: Gaussian elimination over GF(2) on whole numbers.

Every part is an equation. When enough independent ones have come the message follows, whichever they were.
"""

import zlib

from custody.qr.chooser import choose_fragments
from custody.qr.fountain import Header, Part

SPARE_PARTS = 64
# To solve anew takes time by the square of the fragments, and more of them take more parts: every part is worth it for
# up to 228 of them, one in 667 for 2,000. Then the frames of a hopeless scan cost some 3 milliseconds each.
_ATTEMPT_COST = 12_000_000


class Decoder:
    """Collects the parts of one message, among which some may lie.

    More parts than fragments make the equations overlap. An overlap that holds confirms every part in it; one that
    does not shows a lie. So a message that fails its checksum is solved again from the confirmed parts.

    Attributes:
        header: what every part given to `accept` has.
        message: the message, once complete.
        contradicted: enough parts came, but they do not make up a message with this checksum.
        restarts: how often everything was forgotten because too many parts had come without success.
    """

    def __init__(self, header: Header) -> None:
        self.header = header
        self.message: bytes | None = None
        self.restarts = -1
        self._direction = 1
        self._capacity = 2 * header.seq_len + SPARE_PARTS
        self._restart()

    @property
    def rank(self) -> int:
        """Independent parts so far: exact progress towards `header.seq_len`."""
        return self._equations.rank

    def accept(self, part: Part) -> bool:
        """Take a part in; whether it was new and told something."""
        if self.message is not None or (part.seq_num, part.fragment) in self._parts:
            return False
        if len(self._parts) == self._capacity:
            self._restart()
        known, fragments = self.rank, self._fragments_of(part)
        self._equations.add(fragments, part.fragment, len(self._parts))
        self._parts[part.seq_num, part.fragment] = fragments
        if self.rank == self.header.seq_len:
            self._attempt()
        return self.rank > known or self.message is not None

    def _restart(self) -> None:
        self.restarts += 1
        self.contradicted = False
        self._parts: dict[tuple[int, bytes], int] = {}
        self._equations = self._no_equations()

    def _attempt(self) -> None:
        if not self.contradicted:
            self.message = self._message_of(self._equations)
            self.contradicted = self.message is None
        elif len(self._parts) % (1 + self.header.seq_len**3 // _ATTEMPT_COST) == 0:
            self._direction = -self._direction
            self.message = self._message_of(self._confirmed_first(self._direction))

    def _confirmed_first(self, direction: int) -> "_Equations":
        """Solve anew: the parts which the overlaps confirm, then the others in the order of their coming, or back."""
        confirmed = self._equations.confirmed
        equations = self._no_equations()
        parts = enumerate(self._parts.items())
        order = sorted(parts, key=lambda numbered: (~confirmed >> numbered[0] & 1, direction * numbered[0]))
        for index, ((_, mix), fragments) in order:
            if equations.rank == self.header.seq_len:
                break
            equations.add(fragments, mix, index)
        return equations

    def _message_of(self, equations: "_Equations") -> bytes | None:
        padded = b"".join(equations.solve(self.header.seq_len))
        message, padding = padded[: self.header.message_len], padded[self.header.message_len :]
        if any(padding) or zlib.crc32(message) != self.header.checksum:
            return None
        return message

    def _no_equations(self) -> "_Equations":
        return _Equations(self._capacity, self.header.fragment_len)

    def _fragments_of(self, part: Part) -> int:
        fragments = 0
        for index in choose_fragments(part.seq_num, self.header.seq_len, self.header.checksum):
            fragments |= 1 << index
        return fragments


class _Equations:
    """Equations in echelon form. One is a whole number of three fields: fragments mixed | their mix | parts used.

    Adding clears the highest bit for as long as an earlier equation has the same one. Where the highest bit then
    stands tells what was learnt: among the fragments, something new; in the mix, a contradiction; else all parts used
    confirm each other.
    """

    def __init__(self, parts: int, fragment_len: int) -> None:
        self.rank = 0
        self.confirmed = 0
        self._fragment_len = fragment_len
        self._mix_at = parts
        self._fragments_at = parts + 8 * fragment_len
        self._by_highest_bit: dict[int, int] = {}

    def add(self, fragments: int, mix: bytes, part: int) -> None:
        equation = fragments << self._fragments_at | int.from_bytes(mix, "big") << self._mix_at | 1 << part
        while (highest := equation.bit_length()) > self._mix_at:
            earlier = self._by_highest_bit.get(highest)
            if earlier is None:
                self._by_highest_bit[highest] = equation
                self.rank += highest > self._fragments_at
                return
            equation ^= earlier
        self.confirmed |= equation

    def solve(self, seq_len: int) -> list[bytes]:
        """Every fragment, by back substitution. Needs full rank."""
        mask = (1 << 8 * self._fragment_len) - 1
        solved: list[int] = []
        for index in range(seq_len):
            equation = self._by_highest_bit[self._fragments_at + index + 1]
            mix = equation >> self._mix_at & mask
            others = equation >> self._fragments_at ^ 1 << index
            while others:
                other = others.bit_length() - 1
                mix ^= solved[other]
                others ^= 1 << other
            solved.append(mix)
        return [mix.to_bytes(self._fragment_len, "big") for mix in solved]
