"""A bundle: a file that decides, with the header that compliance signs (docs/spec/bundle.md).

What is signed are the exact bytes of the content, a header that people can read and the file itself: `gpg` on any
computer signs and verifies the same bytes. Whether a bundle may come into force is judged in `custody.governance`.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Literal, get_args

from custody.codec import cbor
from custody.codec.cbor import Cbor
from custody.errors import InputError
from custody.times import rfc3339, seconds_of
from custody.wire.fields import open_message

UR_TYPE = "x-custody-bundle"
VERSION = 1
MAX_BYTES = 1_048_576
MAX_CONTENT = 917_000
MAX_SIGNATURES = 32
MAX_SIGNATURE = 4_096
MAX_SEQUENCE = 2**53 - 1

Kind = Literal["policy", "list", "tokens", "roster", "vasps"]
KINDS: tuple[Kind, ...] = get_args(Kind)

#: How a house is named in its bundles and in its roster.
HOUSE = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")
#: What every bundle begins with, and no other file that decides.
MAGIC = b"custody-bundle/"

_LINES = (
    ("custody-bundle", re.compile(rf"{MAGIC.decode()}{VERSION}()\n")),
    ("type", re.compile(r"type: ([a-z]{1,16})\n")),
    ("house", re.compile(rf"house: ({HOUSE.pattern})\n")),
    ("sequence", re.compile(r"sequence: ([1-9][0-9]{0,15})\n")),
    ("not-before", re.compile(r"not-before: ([0-9TZ:-]{20})\n")),
    ("not-after", re.compile(r"not-after: ([0-9TZ:-]{20})\n")),
    ("previous", re.compile(r"previous: (none|[0-9a-f]{64})\n")),
    ("empty", re.compile(r"()\n")),
)
# No header is longer.
_HEADER_BYTES = 400
#: What fits behind every header.
MAX_BODY = MAX_CONTENT - _HEADER_BYTES


@dataclass(frozen=True, slots=True)
class Bundle:
    """A file with its header.

    Attributes:
        kind: what the file is.
        house: whose it is, in the form of `HOUSE`.
        sequence: counts the house's bundles of this kind, from 1.
        not_before, not_after: Unix seconds; valid from the first, and not any more at the second.
        previous: digest of the bundle that this one follows; None for the first.
        body: the exact bytes of the file.
    """

    kind: Kind
    house: str
    sequence: int
    not_before: int
    not_after: int
    previous: bytes | None
    body: bytes

    @property
    def content(self) -> bytes:
        """The bytes that are signed. Raises InputError TIME-RANGE."""
        header = (
            f"{MAGIC.decode()}{VERSION}\n"
            f"type: {self.kind}\n"
            f"house: {self.house}\n"
            f"sequence: {self.sequence}\n"
            f"not-before: {rfc3339(self.not_before)}\n"
            f"not-after: {rfc3339(self.not_after)}\n"
            f"previous: {'none' if self.previous is None else self.previous.hex()}\n"
            "\n"
        )
        return header.encode("ascii") + self.body

    @property
    def span(self) -> int:
        """For how many seconds it is valid."""
        return self.not_after - self.not_before

    @property
    def digest(self) -> bytes:
        """SHA-256 of the content: how a bundle is named by the one that follows it."""
        return hashlib.sha256(self.content).digest()

    @classmethod
    def parse(cls, content: bytes) -> "Bundle":
        """The bundle with exactly this content.

        Raises:
            InputError: BUNDLE-SIZE, BUNDLE-SYNTAX, BUNDLE-TYPE, BUNDLE-TIMES, BUNDLE-PREVIOUS, BUNDLE-EMPTY.
        """
        if len(content) > MAX_CONTENT:
            raise InputError("BUNDLE-SIZE", f"The bundle is larger than {MAX_CONTENT:,} bytes.")
        header, length = _header(content)
        bundle = cls(
            kind=_kind(header["type"]),
            house=header["house"],
            sequence=_sequence(header["sequence"]),
            not_before=_time(header["not-before"]),
            not_after=_time(header["not-after"]),
            previous=None if header["previous"] == "none" else bytes.fromhex(header["previous"]),
            body=content[length:],
        )
        _check(bundle)
        return bundle


@dataclass(frozen=True, slots=True)
class SignedBundle:
    """A bundle's content with detached OpenPGP signatures over it, none of them checked yet."""

    content: bytes
    signatures: tuple[bytes, ...] = ()

    @property
    def bundle(self) -> Bundle:
        """The content, read. Raises InputError where it was not made by `parse`."""
        return Bundle.parse(self.content)

    def serialize(self) -> bytes:
        """Canonical CBOR, the payload of ``ur:x-custody-bundle``."""
        signatures: list[Cbor] = list(self.signatures)
        return cbor.encode({"version": VERSION, "content": self.content, "signatures": signatures})

    @classmethod
    def parse(cls, encoded: bytes) -> "SignedBundle":
        """The signed bundle in these bytes.

        Raises:
            InputError: WIRE-LIMIT, WIRE-VERSION, WIRE-FIELDS, WIRE-TYPE, a CBOR code, or those of `Bundle.parse`.
        """
        fields = open_message(encoded, ("content", "signatures"), version=VERSION, limit=MAX_BYTES, what="bundle")
        signed = cls(
            content=fields.octets("content", limit=MAX_BYTES),
            signatures=fields.octets_sequence("signatures", limit=MAX_SIGNATURES, each=MAX_SIGNATURE),
        )
        Bundle.parse(signed.content)
        return signed


def _header(content: bytes) -> tuple[dict[str, str], int]:
    """The values of the header by name, and its length in bytes."""
    text = content[:_HEADER_BYTES].decode("latin-1")
    values, position = {}, 0
    for number, (name, line) in enumerate(_LINES, 1):
        match = line.match(text, position)
        if match is None:
            raise _syntax(f"Line {number} of the bundle's header is no {name} line in its one spelling.")
        values[name], position = match[1], match.end()
    return values, position


def _kind(text: str) -> Kind:
    for kind in KINDS:
        if text == kind:
            return kind
    raise InputError("BUNDLE-TYPE", f"The bundle's type is none of {', '.join(KINDS)}.")


def _sequence(text: str) -> int:
    if int(text) > MAX_SEQUENCE:
        raise _syntax(f"The bundle's sequence is larger than {MAX_SEQUENCE}.")
    return int(text)


def _time(text: str) -> int:
    try:
        return seconds_of(text)
    except InputError as error:
        raise InputError("BUNDLE-TIMES", f"A time of the bundle cannot be read: {error.message}") from error


def _check(bundle: Bundle) -> None:
    if bundle.not_before >= bundle.not_after:
        raise InputError("BUNDLE-TIMES", "The bundle's not-after is not later than its not-before.")
    if (bundle.previous is None) != (bundle.sequence == 1):
        raise InputError("BUNDLE-PREVIOUS", "The first bundle follows none, and every other one follows another.")
    if not bundle.body:
        raise InputError("BUNDLE-EMPTY", "The bundle has a header and no file.")


def _syntax(message: str) -> InputError:
    return InputError("BUNDLE-SYNTAX", message, "A bundle is written by this program, and not changed by hand.")
