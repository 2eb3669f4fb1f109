"""The signing response: signatures or a refusal, with the proof that the device's log holds it (docs/spec/response.md).

Why a request was refused stays on the device: the online side is the attacker's.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from custody.codec import cbor
from custody.codec.cbor import Cbor
from custody.errors import InputError
from custody.signatures import Signature
from custody.wire.fields import Fields, open_message

UR_TYPE = "x-custody-response"
VERSION = 1
MAX_BYTES = 1_048_576
MAX_SIGNATURES = 1_000
MAX_ENTRY = 2_048
MAX_PROOF = 64
MAX_CHECKPOINT = 1_024

_NAMES = ("request", "status", "signatures", "entry", "inclusion", "consistency", "checkpoint")


class Status(StrEnum):
    """What became of the request."""

    SIGNED = "signed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the device says: the part that its log entry names by digest."""

    request: bytes
    status: Status
    signatures: tuple[Signature, ...]

    @property
    def digest(self) -> bytes:
        """The answer digest: SHA-256 of the canonical CBOR."""
        return hashlib.sha256(cbor.encode(self.as_map())).digest()

    def as_map(self) -> dict[str, Cbor]:
        """The answer as CBOR values."""
        signatures: list[Cbor] = [[one.index, one.key, one.signature] for one in self.signatures]
        return {"request": self.request, "status": str(self.status), "signatures": signatures}


@dataclass(frozen=True, slots=True)
class SigningResponse:
    """An answer and its evidence.

    Attributes:
        entry: the log entry's public part, canonical JSON: the leaf itself.
        inclusion: hashes that lead from the leaf to the checkpoint's root (RFC 6962 2.1.1).
        consistency: hashes from the root of the checkpoint that the request carried (RFC 6962 2.1.2).
        checkpoint: signed checkpoint of the log that holds the entry.
    """

    answer: Answer
    entry: bytes
    inclusion: tuple[bytes, ...]
    consistency: tuple[bytes, ...]
    checkpoint: str

    def serialize(self) -> bytes:
        """Canonical CBOR, the payload of ``ur:x-custody-response``."""
        evidence: dict[str, Cbor] = {
            "version": VERSION,
            "entry": self.entry,
            "inclusion": list(self.inclusion),
            "consistency": list(self.consistency),
            "checkpoint": self.checkpoint,
        }
        return cbor.encode(self.answer.as_map() | evidence)

    @classmethod
    def parse(cls, encoded: bytes) -> "SigningResponse":
        """The response in these bytes; its evidence is not yet checked.

        Raises:
            InputError: WIRE-LIMIT, WIRE-VERSION, WIRE-FIELDS, WIRE-TYPE, RESPONSE-STATUS, or a CBOR code.
        """
        fields = open_message(encoded, _NAMES, version=VERSION, limit=MAX_BYTES, what="signing response")
        return cls(
            answer=_answer(fields),
            entry=fields.octets("entry", limit=MAX_ENTRY),
            inclusion=fields.octets_sequence("inclusion", limit=MAX_PROOF, each=32),
            consistency=fields.octets_sequence("consistency", limit=MAX_PROOF, each=32),
            checkpoint=fields.text("checkpoint", limit=MAX_CHECKPOINT),
        )


def _answer(fields: Fields) -> Answer:
    status = fields.text("status", limit=16)
    signatures = tuple(_signature(item) for item in fields.sequence("signatures", limit=MAX_SIGNATURES))
    if status not in set(Status) or (status == Status.REFUSED and signatures):
        raise InputError("RESPONSE-STATUS", "The response is neither signed nor refused.")
    return Answer(fields.octets("request", limit=32, exact=32), Status(status), signatures)


def _signature(item: Cbor) -> Signature:
    match item:
        case [int(index), bytes(key), bytes(signature)] if (
            not isinstance(index, bool) and 0 <= index < MAX_SIGNATURES and len(key) == 33 and len(signature) <= 80
        ):
            return Signature(index, key, signature)
    raise InputError("WIRE-TYPE", "A signature of the response is not [index, key, signature].")
