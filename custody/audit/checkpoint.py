"""Signed checkpoints: C2SP tlog-checkpoint in a C2SP signed-note, Ed25519; and the log's two keys.

The key's name is the log's origin. Signature lines of others (witnesses) are bounded and passed over.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field
from functools import cached_property

from nacl import bindings
from nacl.exceptions import CryptoError

from custody.audit.merkle import MAX_SIZE
from custody.errors import EvidenceError, InputError

MAX_ORIGIN = 128
MAX_NOTE = 131_072
MAX_SIGNATURES = 16
MAX_KEY_TEXT = 256
SEED_BYTES = bindings.crypto_sign_SEEDBYTES
SIGNATURE_BYTES = bindings.crypto_sign_BYTES

# C2SP signed-note: the signature type of plain Ed25519.
_ED25519 = b"\x01"
# C2SP signed-note: a key name has no space and no plus; ours is printable ASCII as well.
_ORIGIN = re.compile(rf"[!-*,-~]{{1,{MAX_ORIGIN}}}")
_FORBIDDEN = re.compile("[\x00-\x09\x0b-\x1f\ud800-\udfff]")
_BODY = re.compile(r"([^\n]+)\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/]{43}=)\n")
_SIGNATURE_LINE = re.compile(r"\u2014 ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a log stood: its origin, how many entries, and the RFC 6962 root over them."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The note text that is signed: origin, size and root, a line each."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """The checkpoint in a note text of exactly three lines. Raises EvidenceError CHECKPOINT-SYNTAX."""
        match = _BODY.fullmatch(text)
        if not match:
            raise _bad_syntax()
        size, root = int(match[2]), _base64(match[3])
        if root is None or size > MAX_SIZE:
            raise _bad_syntax()
        return cls(match[1], size, root)


@dataclass(frozen=True)
class LogVerifier:
    """The public key of a log, which opens its checkpoints."""

    origin: str
    key: bytes

    @classmethod
    def parse(cls, text: str) -> "LogVerifier":
        """From C2SP verifier key text: ``origin+key id+base64``.

        Raises:
            InputError: LOG-KEY.
        """
        parts = text.split("+", 2) if len(text) <= MAX_KEY_TEXT else []
        if len(parts) == 3 and _ORIGIN.fullmatch(parts[0]):
            typed = _base64(parts[2]) or b""
            verifier = cls(parts[0], typed[1:])
            if len(typed) == 33 and str(verifier) == text:
                return verifier
        raise InputError("LOG-KEY", "This is not a log key.", "A log key reads origin+8 hex digits+base64.")

    def __str__(self) -> str:
        """C2SP verifier key text."""
        return f"{self.origin}+{self.key_id.hex()}+{base64.b64encode(_ED25519 + self.key).decode()}"

    @cached_property
    def key_id(self) -> bytes:
        """C2SP signed-note: SHA-256(name || 0x0A || type || key), its first four bytes."""
        return hashlib.sha256(self.origin.encode() + b"\n" + _ED25519 + self.key).digest()[:4]

    def holds(self, text: str, signature: bytes) -> bool:
        """Whether the signature is this log's over the note text."""
        try:
            bindings.crypto_sign_open(signature + text.encode(), self.key)
        except (CryptoError, ValueError):
            return False
        return len(signature) == SIGNATURE_BYTES

    def note(self, checkpoint: Checkpoint, signature: bytes) -> str:
        """The C2SP signed note of a checkpoint and this log's signature over it."""
        line = base64.b64encode(self.key_id + signature).decode()
        return f"{checkpoint.text}\n\u2014 {self.origin} {line}\n"

    def open(self, note: str) -> Checkpoint:
        """The checkpoint of a note that this log signed.

        Raises:
            EvidenceError: CHECKPOINT-SYNTAX, CHECKPOINT-SIGNATURE, CHECKPOINT-ORIGIN.
        """
        text = self.open_note(note)
        checkpoint = Checkpoint.parse(text)
        if checkpoint.origin != self.origin:
            raise EvidenceError("CHECKPOINT-ORIGIN", "The checkpoint names another log than its key does.")
        return checkpoint

    def open_note(self, note: str) -> str:
        """The text of a C2SP signed note with exactly one signature of this key, which holds.

        Raises:
            EvidenceError: CHECKPOINT-SYNTAX, CHECKPOINT-SIGNATURE.
        """
        text, signatures = _split_note(note)
        ours = [found for name, found in signatures if name == self.origin and found[:4] == self.key_id]
        # One key signs a text once; a second signature is not ours to choose from.
        if len(ours) != 1 or not self.holds(text, ours[0][4:]):
            raise EvidenceError(
                "CHECKPOINT-SIGNATURE",
                "The checkpoint is not signed by this log key.",
                "Compare the log key with the one that was noted when the signer was set up.",
            )
        return text


@dataclass(frozen=True)
class LogKey:
    """The log's private key, which signs checkpoints. ``seed`` is the RFC 8032 private key, 32 bytes."""

    origin: str
    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not _ORIGIN.fullmatch(self.origin) or len(self.seed) != SEED_BYTES:
            raise InputError("LOG-KEY", "A log key needs an origin without spaces or plus, and a seed of 32 bytes.")

    @cached_property
    def verifier(self) -> LogVerifier:
        """The public half."""
        return LogVerifier(self.origin, self._pair[0])

    @cached_property
    def _pair(self) -> tuple[bytes, bytes]:
        return bindings.crypto_sign_seed_keypair(self.seed)

    def sign(self, checkpoint: Checkpoint) -> str:
        """The checkpoint as a signed note. Raises EvidenceError CHECKPOINT-ORIGIN."""
        return self.verifier.note(checkpoint, self.signature(checkpoint))

    def signature(self, checkpoint: Checkpoint) -> bytes:
        """RFC 8032 Ed25519 over the note text, 64 bytes. Raises EvidenceError CHECKPOINT-ORIGIN."""
        if checkpoint.origin != self.origin:
            raise EvidenceError("CHECKPOINT-ORIGIN", "The checkpoint names another log than its key does.")
        return bindings.crypto_sign(checkpoint.text.encode(), self._pair[1])[:SIGNATURE_BYTES]


def decode_note(note: bytes) -> str:
    """The text of a checkpoint file. Raises EvidenceError CHECKPOINT-SYNTAX."""
    try:
        if len(note) <= MAX_NOTE:
            return note.decode()
    except UnicodeDecodeError:
        pass
    raise _bad_syntax()


def _split_note(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """The text of a note, and the name and bytes of each signature line."""
    # C2SP signed-note: the last empty line parts the text from the signatures; no control character but newline.
    text, parted, lines = note.rpartition("\n\n")
    rows = lines.removesuffix("\n").split("\n")
    if len(note) > MAX_NOTE or _FORBIDDEN.search(note) or len(rows) > MAX_SIGNATURES:
        raise _bad_syntax()
    if not parted or not lines.endswith("\n"):
        raise _bad_syntax()
    return text + "\n", [_signature_line(row) for row in rows]


def _signature_line(row: str) -> tuple[str, bytes]:
    match = _SIGNATURE_LINE.fullmatch(row)
    signature = _base64(match[2]) if match else None
    if not match or signature is None or len(signature) < 5:
        raise _bad_syntax()
    return match[1], signature


def _base64(text: str) -> bytes | None:
    """RFC 4648 section 4 with padding and zero trailing bits, or nothing."""
    try:
        octets = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return octets if base64.b64encode(octets).decode() == text else None


def _bad_syntax() -> EvidenceError:
    return EvidenceError("CHECKPOINT-SYNTAX", "This is not a signed checkpoint.")
