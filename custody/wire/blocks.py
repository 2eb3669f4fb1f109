"""What stands on a stick from block 0 (docs/spec/blocks.md): a header, and the octets of one message."""

import hashlib
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

from custody.errors import InputError
from custody.screening.large import MAX_LARGE_LIST
from custody.wire import bundle

SECTOR = 4_096
MAX_LOG = 67_108_864

Kind = Literal["bundle", "list", "log"]
#: By kind of message, how many octets it may have.
LIMITS: Mapping[Kind, int] = {"bundle": bundle.MAX_BYTES, "list": MAX_LARGE_LIST, "log": MAX_LOG}

_FAMILY = b"custody-blocks/"
_MAGIC = _FAMILY + b"1"
_KIND, _LENGTH, _DIGEST, _ZEROS = slice(16, 32), slice(32, 40), slice(40, 72), slice(72, SECTOR)


@dataclass(frozen=True, slots=True)
class Header:
    """The first sector.

    Attributes:
        kind: of the message. length: octets of it. digest: SHA-256 of it.
    """

    kind: Kind
    length: int
    digest: bytes

    @classmethod
    def of(cls, kind: Kind, message: bytes) -> "Header":
        """The header of a message."""
        return cls(kind, len(message), hashlib.sha256(message).digest())

    @property
    def padding(self) -> int:
        """Zeros from the end of the message to the end of its last sector."""
        return -self.length % SECTOR

    def serialize(self) -> bytes:
        """The sector."""
        kind = self.kind.encode("ascii").ljust(16, b"\0")
        return (_MAGIC + kind + self.length.to_bytes(8, "big") + self.digest).ljust(SECTOR, b"\0")

    @classmethod
    def parse(cls, sector: bytes, expected: AbstractSet[Kind]) -> "Header":
        """The header in this sector.

        Args:
            expected: kinds of message that are welcome.

        Raises:
            InputError: BLOCKS-SHORT, BLOCKS-MAGIC, BLOCKS-VERSION, BLOCKS-KIND, BLOCKS-LENGTH, BLOCKS-HEADER.
        """
        if len(sector) != SECTOR:
            raise short()
        if not sector.startswith(_FAMILY):
            hint = "custody coordinator blocks write puts a message on a stick."
            raise InputError("BLOCKS-MAGIC", "What stands there is no message of this program.", hint)
        if not sector.startswith(_MAGIC):
            raise InputError("BLOCKS-VERSION", "The message on the stick is of a version that is not known here.")
        header = cls(_kind(sector, expected), int.from_bytes(sector[_LENGTH], "big"), sector[_DIGEST])
        if not 0 < header.length <= LIMITS[header.kind]:
            limit = LIMITS[header.kind]
            raise InputError("BLOCKS-LENGTH", f"A {header.kind} on a stick has 1 to {limit:,} bytes.")
        if any(sector[_ZEROS]):
            raise InputError("BLOCKS-HEADER", "The header on the stick holds more than a header does.")
        return header


def _kind(sector: bytes, expected: AbstractSet[Kind]) -> Kind:
    for kind in expected:
        if sector[_KIND] == kind.encode("ascii").ljust(16, b"\0"):
            return kind
    raise InputError("BLOCKS-KIND", f"What is on the stick is no {' and no '.join(sorted(expected))}.")


def short() -> InputError:
    """Fewer octets than there must be."""
    return InputError("BLOCKS-SHORT", "The stick or file ends before its message does.", "Write it once more.")
