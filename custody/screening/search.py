"""Where a key stands among sorted records, in few reads: programs are hashes, so their place can be guessed well.

Keys that are not spread evenly cost a search by halves, never a wrong answer.
"""

from dataclasses import dataclass

from custody.screening.address import Kind
from custody.screening.layout import KEY_SIZE, NUMBER_SIZE, RECORD_SIZE, Octets

#: So many records to each side of the guessed place are read in one piece.
_WINDOW = 16
_GUESSED = slice(1, 9)
_GUESSED_BITS = 64


@dataclass(frozen=True, slots=True)
class Records:
    """Sorted records in ``octets`` from ``start`` on.

    Attributes:
        kinds: for each kind of program by its code, and one more, the first record that is not before it.
    """

    octets: Octets
    start: int
    kinds: tuple[int, ...]

    @classmethod
    def open(cls, octets: Octets, start: int, count: int) -> "Records":
        """So many records, of which a few are read."""
        whole = cls(octets, start, ())
        return cls(octets, start, tuple(whole.halved(bytes([code]), 0, count) for code in range(len(Kind) + 2)))

    def key(self, record: int) -> bytes:
        """What a record is sorted by."""
        at = self.start + record * RECORD_SIZE
        return self.octets[at : at + KEY_SIZE]

    def first(self, key: bytes) -> int | None:
        """The first record of this key; None where there is none."""
        octets, start = self.octets, self.start
        low, high = self.kinds[key[0]], self.kinds[key[0] + 1]
        wanted, span = int.from_bytes(key[_GUESSED], "big"), high - low
        # Guessed from the ends, and twice more from what stands at the place guessed: written out, for it is in haste.
        guess = low + (wanted * span >> _GUESSED_BITS)
        at = start + guess * RECORD_SIZE + 1
        guess += (wanted - int.from_bytes(octets[at : at + 8], "big")) * span >> _GUESSED_BITS
        at = start + guess * RECORD_SIZE + 1
        guess += (wanted - int.from_bytes(octets[at : at + 8], "big")) * span >> _GUESSED_BITS
        begin, end = guess - _WINDOW, guess + _WINDOW
        if begin < low or end > high:
            guess = min(max(guess, low), high)
            begin, end = max(guess - _WINDOW, low), min(guess + _WINDOW, high)
        records = octets[start + begin * RECORD_SIZE : start + end * RECORD_SIZE]
        if begin > low and records[:KEY_SIZE] >= key:
            begin = self.halved(key, low, begin)
            records = self._read(begin, begin + 1)
        elif end < high and records[-RECORD_SIZE:-NUMBER_SIZE] < key:
            begin = self.halved(key, end, high)
            records = self._read(begin, begin + 1)
        at = records.find(key)
        while at % RECORD_SIZE and at > 0:
            at = records.find(key, at + 1)
        return begin + at // RECORD_SIZE if at >= 0 else None

    def halved(self, wanted: bytes, low: int, high: int) -> int:
        """The first record of these that is not before a key, or a whole record: a step for each bit of their number.

        Args:
            wanted: what records are compared with, each as far as this goes.
        """
        while low < high:
            middle = (low + high) >> 1
            at = self.start + middle * RECORD_SIZE
            if self.octets[at : at + len(wanted)] < wanted:
                low = middle + 1
            else:
                high = middle
        return low

    def _read(self, begin: int, end: int) -> bytes:
        return self.octets[self.start + begin * RECORD_SIZE : self.start + end * RECORD_SIZE]
