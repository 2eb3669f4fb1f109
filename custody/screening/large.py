"""Large lists: a bundle names one by its length and SHA-256 (docs/spec/flagged-list.md); its bytes are held elsewhere.

Whoever hands the bytes in has hashed them where nobody can change them any more.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from custody.codec import canonical_json
from custody.errors import InputError
from custody.screening.layout import Octets

FAMILY = b"custody-list-reference/"
MAGIC = FAMILY + b"1\n"
MAX_REFERENCE = 256
MAX_LARGE_LIST = 2 * 1024**3

_DIGEST_HEX = 64
_STEP = 1 << 12

_Step = TypeVar("_Step")

#: Told how far a long work is: what it is, and how many of how many steps are done.
Watch = Callable[[str, int, int], object]


def unwatched(what: str, done: int, steps: int) -> None:
    """Nobody looks on."""
    del what, done, steps


def watched(steps: Iterable[_Step], count: int, what: str, watch: Watch) -> Iterator[_Step]:
    """The same steps, with somebody told how far they are."""
    for place, step in enumerate(steps):
        if place % _STEP == 0:
            watch(what, place, count)
        yield step
    watch(what, count, count)


class Lists(Protocol):
    """The large lists that are there, and somebody who waits while they are worked on."""

    @property
    def watch(self) -> Watch: ...

    def get(self, digest: bytes) -> Octets | None:
        """The bytes with this SHA-256; nothing where they are not there."""


@dataclass(frozen=True, slots=True)
class Held:
    """Lists in memory, by their SHA-256."""

    octets: Mapping[bytes, Octets] = field(default_factory=dict)
    watch: Watch = unwatched

    def get(self, digest: bytes) -> Octets | None:
        """As `Lists`."""
        return self.octets.get(digest)


#: Where no large list is.
NONE = Held()


@dataclass(frozen=True, slots=True)
class Reference:
    """What stands in a bundle in the place of a built list.

    Attributes:
        size: octets of the list. digest: its SHA-256.
    """

    size: int
    digest: bytes

    def serialize(self) -> bytes:
        """Magic and one line of canonical JSON."""
        return MAGIC + canonical_json.dumps({"bytes": self.size, "sha256": self.digest.hex()}) + b"\n"

    @classmethod
    def parse(cls, text: bytes) -> "Reference":
        """The reference in this text, which must be exactly what `serialize` writes.

        Raises:
            InputError: LIST-REFERENCE, or a code of the JSON reader.
        """
        if text.startswith(MAGIC) and len(text) <= MAX_REFERENCE:
            match canonical_json.loads(text[len(MAGIC) : -1], limit=MAX_REFERENCE):
                case {"bytes": int(size), "sha256": str(digest)} if len(digest) == _DIGEST_HEX:
                    reference = cls(size, _octets(digest))
                    if reference.serialize() == text and not isinstance(size, bool) and 0 < size <= MAX_LARGE_LIST:
                        return reference
        raise _malformed()

    def find(self, lists: Lists) -> Octets:
        """The list that is meant.

        Raises:
            InputError: LIST-ABSENT; LIST-REFERENCE where it has another length.
        """
        octets = lists.get(self.digest)
        if octets is None:
            message = f"The list of {self.size:,} bytes with SHA-256 {self.digest.hex()} is not here."
            raise InputError("LIST-ABSENT", message, "It comes on a stick: custody signer take-in DEVICE")
        if len(octets) != self.size:
            raise InputError("LIST-REFERENCE", "The list is not as long as the bundle says that names it.")
        return octets


def named(body: bytes) -> Reference | None:
    """The reference in the place of a list; nothing where the list itself stands there. Raises InputError."""
    return Reference.parse(body) if body.startswith(FAMILY) else None


def _octets(digest: str) -> bytes:
    try:
        return bytes.fromhex(digest)
    except ValueError as error:
        raise _malformed() from error


def _malformed() -> InputError:
    hint = "custody compliance list sign makes one of a list that is too large for a bundle."
    return InputError("LIST-REFERENCE", "What names a large list is not in its form.", hint)
