"""Logs to test with: a key, a sealer, a store in memory, and a log that holds every kind of entry."""

import hashlib
import hmac
import io
from collections.abc import Callable
from typing import BinaryIO

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox

from custody.audit.checkpoint import LogKey
from custody.audit.entry import SCHEMAS
from custody.audit.log import Log, LogStore
from custody.codec.canonical_json import Json
from custody.errors import HomeError

ORIGIN = "rehearsal.example.com/signer"
KEY = LogKey(ORIGIN, bytes(range(32)))
NOW = 1_767_225_600
#: As many entries as there are kinds.
SIZE = len(SCHEMAS)


class BoxSealer:
    """NaCl's secretbox, the nonce from the content."""

    def __init__(self, secret: bytes = bytes(32)) -> None:
        self._secret = secret

    def seal(self, index: int, private: bytes) -> bytes:
        nonce = hashlib.sha256(index.to_bytes(8, "big") + private).digest()[:24]
        return bytes(SecretBox(self._secret).encrypt(private, nonce))

    def open(self, index: int, sealed: bytes) -> bytes:
        try:
            private = SecretBox(self._secret).decrypt(sealed)
        except (CryptoError, ValueError) as error:
            raise HomeError("LOG-PRIVATE", "does not open") from error
        if self.seal(index, private) != sealed:
            raise HomeError("LOG-PRIVATE", "of another entry")
        return private

    def salt(self, head: bytes) -> bytes:
        return hmac.digest(self._secret, head, "sha256")


class MemoryStore:
    """A store whose disk is two byte strings; `fault` is called before each write and may fail it."""

    def __init__(self, entries: bytes = b"", checkpoint: bytes = b"") -> None:
        self.bytes, self.note = entries, checkpoint
        self.fault: Callable[[str], None] = lambda _what: None

    def create(self, log_key: str, checkpoint: bytes) -> None:
        self.key, self.bytes, self.note = log_key, b"", checkpoint

    def entries(self) -> BinaryIO:
        return io.BytesIO(self.bytes)

    def checkpoint(self) -> bytes:
        return self.note

    def read(self, offset: int, length: int) -> bytes:
        return self.bytes[offset : offset + length]

    def write(self, line: bytes, offset: int) -> None:
        self.fault("entries")
        self.bytes = self.bytes[:offset] + line

    def replace_checkpoint(self, checkpoint: bytes) -> None:
        self.fault("checkpoint")
        self.note = checkpoint


def private(kind: str, index: int) -> dict[str, Json]:
    """A private part with the fields of its kind."""
    return {name: f"{name} of entry {index}" for name in SCHEMAS[kind].names}


def append(log: Log, kind: str) -> None:
    """One more entry of a kind."""
    schema = SCHEMAS[kind]
    request = hashlib.sha256(f"request {log.size}".encode()).digest() if schema.request else None
    answer = hashlib.sha256(f"answer {log.size}".encode()).digest() if schema.answer else None
    log.append(
        kind,
        request=request,
        outcome=f"outcome-{log.size}" if schema.request else None,
        answer=answer,
        private=private(kind, log.size),
        time=NOW + log.size,
    )


def new_log(store: LogStore, size: int = SIZE) -> Log:
    """A log of `size` entries, in which the kinds occur one after the other."""
    log = Log.create(store, KEY, BoxSealer())
    kinds = list(SCHEMAS)
    for index in range(size):
        append(log, kinds[index % len(kinds)])
    return log


def opened(store: LogStore) -> Log:
    """The log in a store, opened anew."""
    return Log.open(store, KEY, BoxSealer(), NOW)


def stored(size: int = SIZE) -> MemoryStore:
    """A store that holds a log of `size` entries."""
    store = MemoryStore()
    new_log(store, size)
    return store
