"""The sending half of the fountain code (BCR-2024-001): parts, and the encoder that makes them without end."""

import zlib
from dataclasses import dataclass

from custody.codec import cbor
from custody.errors import InputError
from custody.qr.chooser import choose_fragments

MAX_MESSAGE = 1_048_576
MAX_FRAGMENT = 2_200
MAX_FRAGMENTS = 2_000
MAX_SEQ_NUM = 4_294_967_295


@dataclass(frozen=True, slots=True)
class Header:
    """What all parts of one message share.

    Attributes:
        seq_len: number of fragments.
        message_len: bytes of the message, without padding.
        checksum: CRC-32 of the message.
        fragment_len: bytes of each fragment.
    """

    seq_len: int
    message_len: int
    checksum: int
    fragment_len: int


@dataclass(frozen=True, slots=True)
class Part:
    """One frame's worth: the exclusive or of the fragments that its number chooses."""

    seq_num: int
    header: Header
    fragment: bytes

    def serialize(self) -> bytes:
        """The CBOR array [seq_num, seq_len, message_len, checksum, fragment]."""
        header = self.header
        return cbor.encode([self.seq_num, header.seq_len, header.message_len, header.checksum, self.fragment])


def parse_part(encoded: bytes) -> Part:
    """A part within the limits, its header consistent in itself.

    Raises:
        InputError: CBOR-..., UR-PART for a wrong shape, UR-LIMIT for a number out of bounds, UR-HEADER when fragment
            length and count do not make up the message length.
    """
    match cbor.decode(encoded):
        case [int(seq_num), int(seq_len), int(message_len), int(checksum), bytes(fragment)] as fields:
            if any(isinstance(field, bool) for field in fields):
                raise InputError("UR-PART", "A part does not hold four numbers and a fragment.")
            header = Header(seq_len, message_len, checksum, len(fragment))
        case _:
            raise InputError("UR-PART", "A part does not hold four numbers and a fragment.")
    check_header(header)
    if not 1 <= seq_num <= MAX_SEQ_NUM:
        raise InputError("UR-LIMIT", "The number of a part is out of bounds.")
    return Part(seq_num, header, fragment)


def check_header(header: Header) -> None:
    """Refuse a header before any work is done on it.

    Raises:
        InputError: UR-LIMIT, UR-HEADER.
    """
    bounds = (
        (header.seq_len, 1, MAX_FRAGMENTS),
        (header.message_len, 1, MAX_MESSAGE),
        (header.checksum, 0, 0xFFFFFFFF),
        (header.fragment_len, 1, MAX_FRAGMENT),
    )
    if any(not low <= number <= high for number, low, high in bounds):
        raise InputError("UR-LIMIT", "The header of a part is out of bounds.")
    # BCR-2024-001 "Determining Fragment Length": equal fragments, only the last one padded.
    if -(-header.message_len // header.fragment_len) != header.seq_len:
        raise InputError("UR-HEADER", "Fragment length and count of a part do not make up the message length.")


class Encoder:
    """Cuts a message into equal fragments of at most `max_fragment` bytes and makes any part of it.

    Raises:
        InputError: UR-LIMIT when the message is empty or too long, or needs too many fragments.
    """

    def __init__(self, message: bytes, max_fragment: int) -> None:
        if not 1 <= len(message) <= MAX_MESSAGE or not 1 <= max_fragment <= MAX_FRAGMENT:
            raise InputError("UR-LIMIT", f"A message has 1 to {MAX_MESSAGE:,} bytes, a fragment 1 to {MAX_FRAGMENT:,}.")
        count = -(-len(message) // max_fragment)
        if count > MAX_FRAGMENTS:
            raise InputError("UR-LIMIT", f"The message needs {count:,} fragments; the limit is {MAX_FRAGMENTS:,}.")
        length = -(-len(message) // count)
        self.header = Header(count, len(message), zlib.crc32(message), length)
        padded = message.ljust(count * length, b"\0")
        self._fragments = [
            int.from_bytes(padded[start : start + length], "big") for start in range(0, len(padded), length)
        ]

    def part(self, seq_num: int) -> Part:
        """Part `seq_num`, from 1: first the fragments in order, then mixed ones."""
        mixed = 0
        for index in choose_fragments(seq_num, self.header.seq_len, self.header.checksum):
            mixed ^= self._fragments[index]
        return Part(seq_num, self.header, mixed.to_bytes(self.header.fragment_len, "big"))
