"""OpenPGP packets (RFC 4880 4 and 5), as little of them as is served: see docs/spec/openpgp.md."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

MAX_PACKETS = 256
MIN_RSA_BITS = 3_072

# RFC 4880 4.3: the tags that are served.
SIGNATURE, PRIMARY, USER_ID, SUBKEY = 2, 6, 13, 14
# RFC 4880 9.1 and RFC 6637 5: the algorithms, and how many numbers a signature of each holds.
_RSA, _ECDH, _ECDSA, _EDDSA = 1, 18, 19, 22
SIGNATURE_NUMBERS = {_RSA: 1, _ECDSA: 2, _EDDSA: 2}
# RFC 4880 9.4: SHA-256, SHA-384, SHA-512.
_HASHES = (8, 9, 10)

# RFC 6637 11: NIST P-256, P-384 and P-521; RFC 5639: brainpool 256, 384 and 512; Ed25519; Curve25519.
_ECDSA_CURVES = frozenset(
    bytes.fromhex(oid)
    for oid in (
        *("2a8648ce3d030107", "2b81040022", "2b81040023"),
        *("2b2403030208010107", "2b240303020801010b", "2b240303020801010d"),
    )
)
_CURVES: Mapping[int, frozenset[bytes]] = {
    _ECDSA: _ECDSA_CURVES,
    _EDDSA: frozenset({bytes.fromhex("2b06010401da470f01")}),
    _ECDH: _ECDSA_CURVES | {bytes.fromhex("2b060104019755010501")},
}


class FormError(Exception):
    """Not of the form that is served; the text says why, as the end of a sentence."""


class WeakKeyError(Exception):
    """A key that is too weak to be believed, or of a kind that is not known; the text says which."""


class Reader:
    """Takes fields from the front of some bytes.

    Raises:
        FormError: they end too early, or in a way that is not served.
    """

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._position = 0

    @property
    def left(self) -> int:
        """How many bytes have not been taken."""
        return len(self._octets) - self._position

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes."""
        if size > self.left:
            raise FormError("ends in the middle of a field")
        self._position += size
        return self._octets[self._position - size : self._position]

    def uint(self, size: int) -> int:
        """The next bytes as a number."""
        return int.from_bytes(self.take(size), "big")

    def length(self, partial: int) -> int:
        """A length of one, two or five bytes (RFC 4880 4.2.2, 5.2.3.1); first bytes from ``partial`` to 254 are of
        lengths that are not known yet."""
        first = self.uint(1)
        if first < 192:
            return first
        if first == 255:
            return self.uint(4)
        if first >= partial:
            raise FormError("has a part of unknown length")
        return ((first - 192) << 8) + self.uint(1) + 192

    def number(self) -> int:
        """A multiprecision integer (RFC 4880 3.2)."""
        return self.uint((self.uint(2) + 7) // 8)

    def end(self) -> None:
        """That nothing is left."""
        if self.left:
            raise FormError("holds more than it should")


def packets(octets: bytes) -> list[tuple[int, bytes]]:
    """Tag and body of each packet, in the old or new format, of definite length (RFC 4880 4.2).

    Raises:
        FormError
    """
    reader = Reader(octets)
    found: list[tuple[int, bytes]] = []
    while reader.left:
        if len(found) == MAX_PACKETS:
            raise FormError(f"holds more than {MAX_PACKETS} packets")
        head = reader.uint(1)
        if head & 0xC0 == 0xC0:
            tag, size = head & 0x3F, reader.length(partial=224)
        elif head & 0xC0 == 0x80 and head & 3 != 3:
            tag, size = head >> 2 & 0xF, reader.uint(1 << (head & 3))
        else:
            raise FormError("is armored, of unknown length, or no OpenPGP")
        found.append((tag, reader.take(size)))
    return found


@dataclass(frozen=True, slots=True)
class SignatureBody:
    """The body of a version 4 signature packet (RFC 4880 5.2.3) that rests on SHA-2.

    Attributes:
        kind: signature type, 0 for a binary document.
        hashed: type and content of the subpackets that are signed.
        unhashed: those that anybody may change.
    """

    kind: int
    key_algorithm: int
    hash_algorithm: int
    hashed: tuple[tuple[int, bytes], ...]
    unhashed: tuple[tuple[int, bytes], ...]

    @classmethod
    def parse(cls, octets: bytes) -> Self:
        """Read to the last byte.

        Raises:
            FormError, WeakKeyError
        """
        reader = Reader(octets)
        if reader.uint(1) != 4:
            raise FormError("holds a signature that is not of version 4")
        kind, key_algorithm, hash_algorithm = reader.take(3)
        if hash_algorithm not in _HASHES:
            raise FormError("holds a signature that does not rest on SHA-256, SHA-384 or SHA-512")
        hashed, unhashed = (tuple(_subpackets(reader.take(reader.uint(2)))) for _ in range(2))
        reader.take(2)  # the first bits of the hash, a hint for readers in haste
        if key_algorithm not in SIGNATURE_NUMBERS:
            raise WeakKeyError(f"of algorithm {key_algorithm}")
        for _ in range(SIGNATURE_NUMBERS[key_algorithm]):
            reader.number()
        reader.end()
        return cls(kind, key_algorithm, hash_algorithm, hashed, unhashed)


def _subpackets(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """Type, without the critical bit, and content of each subpacket (RFC 4880 5.2.3.1)."""
    reader = Reader(octets)
    while reader.left:
        body = reader.take(reader.length(partial=255))
        if not body:
            raise FormError("holds a subpacket without a type")
        yield body[0] & 0x7F, body[1:]


def check_key(octets: bytes, *, signs: bool) -> None:
    """That a version 4 public key (RFC 4880 5.5.2, RFC 6637 9) is strong; with ``signs``, also that it could sign.

    Raises:
        FormError, WeakKeyError
    """
    reader = Reader(octets)
    if reader.uint(1) != 4:
        raise FormError("holds a key that is not of version 4")
    reader.take(4)  # when it was made
    algorithm = reader.uint(1)
    if algorithm == _RSA:
        _check_rsa(reader.number(), reader.number())
    elif algorithm in _CURVES and not (signs and algorithm == _ECDH):
        if reader.take(reader.uint(1)) not in _CURVES[algorithm]:
            raise WeakKeyError("on a curve that is not served")
        reader.number()
        if algorithm == _ECDH:
            reader.take(reader.uint(1))  # how the session key is wrapped
    else:
        raise WeakKeyError(f"of algorithm {algorithm}")
    reader.end()


def _check_rsa(modulus: int, exponent: int) -> None:
    if modulus.bit_length() < MIN_RSA_BITS:
        raise WeakKeyError(f"an RSA key of {modulus.bit_length()} bits")
    if exponent < 3 or exponent % 2 == 0:
        raise WeakKeyError("an RSA key that anybody could sign with")
