"""An increment of the log for an auditor: public lines from one entry on, and what proves them (docs/spec/log.md)."""

from dataclasses import dataclass

from custody.codec import cbor
from custody.codec.cbor import Cbor
from custody.errors import InputError
from custody.wire.blocks import MAX_LOG
from custody.wire.fields import open_message
from custody.wire.response import MAX_CHECKPOINT, MAX_PROOF

UR_TYPE = "x-custody-log"
VERSION = 1
#: So many bytes of lines go into an increment, by where it goes: an animation of a minute; a file; a stick.
MAX_LINES_FRAMES = 65_536
MAX_LINES_FILE = 1_000_000
MAX_LINES_BLOCKS = MAX_LOG - 65_536

_NAMES = ("first", "lines", "consistency", "checkpoint")
#: How a line ends whose private part is not disclosed.
_END = b" -\n"


@dataclass(frozen=True, slots=True)
class LogIncrement:
    """Entries from ``first`` on.

    Attributes:
        lines: exactly as they stand in an exported log, without private parts.
        consistency: from the root at ``first`` to that of the checkpoint (RFC 6962 2.1.2); empty from 0.
        checkpoint: signed, of the log that ends with the last of these entries.
    """

    first: int
    lines: tuple[bytes, ...]
    consistency: tuple[bytes, ...]
    checkpoint: str

    @property
    def next(self) -> int:
        """The first entry that is not here any more."""
        return self.first + len(self.lines)

    def serialize(self) -> bytes:
        """Canonical CBOR, the payload of ``ur:x-custody-log``."""
        consistency: list[Cbor] = list(self.consistency)
        return cbor.encode(
            {
                "version": VERSION,
                "first": self.first,
                "lines": b"".join(self.lines),
                "consistency": consistency,
                "checkpoint": self.checkpoint,
            }
        )

    @classmethod
    def parse(cls, encoded: bytes) -> "LogIncrement":
        """The increment in these bytes; nothing of it is proved yet.

        Raises:
            InputError: WIRE-LIMIT, WIRE-VERSION, WIRE-FIELDS, WIRE-TYPE, LOG-INCREMENT, or a CBOR code.
        """
        fields = open_message(encoded, _NAMES, version=VERSION, limit=MAX_LOG, what="increment of a log")
        lines = fields.octets("lines", limit=MAX_LINES_BLOCKS)
        if not lines.endswith(_END) or lines.count(b"\n") != lines.count(_END):
            message = "The increment holds what are no lines of a log, or private parts, which stay on the device."
            raise InputError("LOG-INCREMENT", message, "custody signer export makes one.")
        return cls(
            first=fields.uint("first"),
            lines=tuple(lines.splitlines(keepends=True)),
            consistency=fields.octets_sequence("consistency", limit=MAX_PROOF, each=32),
            checkpoint=fields.text("checkpoint", limit=MAX_CHECKPOINT),
        )
