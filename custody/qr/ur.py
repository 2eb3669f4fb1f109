"""Uniform Resources (BCR-2020-005): `ur:type/message` for one frame, `ur:type/seq_num-seq_len/part` for many."""

import re
from dataclasses import dataclass

from custody.codec import cbor
from custody.errors import InputError
from custody.qr import bytewords
from custody.qr.fountain import Part, parse_part

MAX_TEXT = 5_000
MAX_TYPE = 64
_TYPE = re.compile(rf"[a-z0-9-]{{1,{MAX_TYPE}}}")
_SEQUENCE = re.compile(r"([1-9][0-9]{0,9})-([1-9][0-9]{0,3})")
# These types are one CBOR byte string around their content: BCR-2020-005 (bytes), BCR-2020-006 (psbt).
_BYTE_STRING_TYPES = frozenset({"bytes", "psbt", "crypto-psbt"})


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message: its type, and its payload, which is CBOR and has not been decoded yet."""

    type: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class TypedPart:
    """One part of a message of many."""

    type: str
    part: Part


def encode(message: Message) -> str:
    """The upper-case text of a message of one frame."""
    check_type(message.type)
    return f"ur:{message.type}/{bytewords.encode(message.payload)}".upper()


def encode_part(message_type: str, part: Part) -> str:
    """The upper-case text of one part."""
    check_type(message_type)
    sequence = f"{part.seq_num}-{part.header.seq_len}"
    return f"ur:{message_type}/{sequence}/{bytewords.encode(part.serialize())}".upper()


def decode(text: str) -> Message | TypedPart:
    """What one frame says.

    Raises:
        InputError: UR-SYNTAX, UR-SEQUENCE, and what `bytewords.decode` and `parse_part` raise.
    """
    # BCR-2020-005: case agnostic, all upper or all lower.
    if len(text) > MAX_TEXT or not text.isascii() or text not in (text.lower(), text.upper()):
        raise InputError("UR-SYNTAX", "The text is not a Uniform Resource: too long, not ASCII, or of mixed case.")
    scheme, _, path = text.lower().partition(":")
    match path.split("/") if scheme == "ur" else []:
        case [kind, body]:
            check_type(kind)
            return Message(kind, bytewords.decode(body))
        case [kind, sequence, body]:
            check_type(kind)
            return TypedPart(kind, _decode_part(sequence, body))
    raise InputError("UR-SYNTAX", "The text is not a Uniform Resource.")


def check_type(message_type: str) -> None:
    """Refuse what is no UR type: letters a-z, digits and hyphens.

    Raises:
        InputError: UR-SYNTAX.
    """
    if not _TYPE.fullmatch(message_type):
        raise InputError("UR-SYNTAX", "A type of message is 1 to 64 letters a-z, digits and hyphens.")


def wrap(message_type: str, content: bytes) -> Message:
    """The message that carries the content of a file: wrapped as a CBOR byte string where its type asks for it."""
    check_type(message_type)
    return Message(message_type, cbor.encode(content) if message_type in _BYTE_STRING_TYPES else content)


def unwrap(message: Message) -> bytes:
    """The content of a message as a file holds it: the reverse of `wrap`.

    Raises:
        InputError: CBOR-..., UR-CONTENT when a byte string is due and something else came.
    """
    if message.type not in _BYTE_STRING_TYPES:
        return message.payload
    content = cbor.decode(message.payload)
    if not isinstance(content, bytes):
        raise InputError("UR-CONTENT", f"A message of type {message.type} must be one CBOR byte string.")
    return content


def _decode_part(sequence: str, body: str) -> Part:
    numbers = _SEQUENCE.fullmatch(sequence)
    if not numbers:
        raise InputError("UR-SEQUENCE", "The sequence of a part is not two numbers.")
    part = parse_part(bytewords.decode(body))
    if (part.seq_num, part.header.seq_len) != (int(numbers[1]), int(numbers[2])):
        raise InputError("UR-SEQUENCE", "The sequence of a part differs from the one inside it.")
    return part
