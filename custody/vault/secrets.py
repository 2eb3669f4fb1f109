"""The two secrets of a home: the device's (log key, code secret, salts) and the officers' (the seed).

They are sealed apart: a refusal must be signed into the log while the seed stays closed.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

from nacl import bindings
from nacl.exceptions import CryptoError

from custody.audit.checkpoint import LogKey
from custody.codec import cbor
from custody.errors import HomeError, InputError
from custody.vault.mnemonic import WORDS
from custody.vault.sealed import MAX_BYTES, reading_secret
from custody.wire.fields import Fields, open_message

VERSION = 1
SECRET_BYTES = 32

_DEVICE_NAMES = ("log_seed", "code_secret", "salt_key", "private_key")
_SEED_NAMES = ("entropy", "code_secret", "log_key", "policy", "list", "tokens")


@dataclass(frozen=True, slots=True)
class DeviceSecrets:
    """Sealed under the device's own key.

    Attributes:
        log_seed: Ed25519 seed of the log key.
        code_secret: key of the confirmation codes, the home secret of the design.
        salt_key: salts of the log's commitments.
        private_key: seals the private parts of log entries.
    """

    log_seed: bytes = field(repr=False)
    code_secret: bytes = field(repr=False)
    salt_key: bytes = field(repr=False)
    private_key: bytes = field(repr=False)

    @classmethod
    def make(cls, random: bytes) -> "DeviceSecrets":
        """From 128 random bytes."""
        parts = [random[start : start + SECRET_BYTES] for start in range(0, 4 * SECRET_BYTES, SECRET_BYTES)]
        return cls(*parts)

    def serialize(self) -> bytes:
        """Canonical CBOR, to be sealed."""
        values = (self.log_seed, self.code_secret, self.salt_key, self.private_key)
        return cbor.encode({"version": VERSION} | dict(zip(_DEVICE_NAMES, values, strict=True)))

    @classmethod
    def parse(cls, secret: bytes) -> "DeviceSecrets":
        """From an opened seal. Raises HomeError HOME-CORRUPT."""
        with reading_secret():
            fields = _open(secret, _DEVICE_NAMES)
            return cls(*(fields.octets(name, limit=SECRET_BYTES, exact=SECRET_BYTES) for name in _DEVICE_NAMES))

    def log_key(self, origin: str) -> LogKey:
        """The key that signs checkpoints."""
        return LogKey(origin, self.log_seed)

    @property
    def sealer(self) -> "PrivateSealer":
        """Seals the private parts of log entries."""
        return PrivateSealer(self.private_key, self.salt_key)


@dataclass(frozen=True, slots=True)
class PrivateSealer:
    """Seals the private part of each log entry, and salts what the entry commits to.

    The nonce is derived from the content (as in SIV), so that sealing needs no randomness and can hide nothing.
    """

    key: bytes = field(repr=False)
    salt_key: bytes = field(repr=False)

    def salt(self, head: bytes) -> bytes:
        """The salt of the entry with this head: derived, so that it is no channel out of the device."""
        return hmac.digest(self.salt_key, head, "sha256")

    def seal(self, index: int, private: bytes) -> bytes:
        """Nonce and ciphertext of the private part of entry ``index``."""
        nonce = hmac.new(self.key, b"custody/private/1" + _position(index) + private, hashlib.sha256).digest()[:24]
        return nonce + bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(private, _position(index), nonce, self.key)

    def open(self, index: int, sealed: bytes) -> bytes:
        """The private part of entry ``index``.

        Raises:
            HomeError: LOG-PRIVATE when it was changed or belongs to another entry.
        """
        try:
            return bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
                sealed[24:], _position(index), sealed[:24], self.key
            )
        except (CryptoError, ValueError, TypeError) as error:
            raise HomeError("LOG-PRIVATE", f"The private part of log entry {index} does not open.") from error


def _position(index: int) -> bytes:
    return index.to_bytes(8, "big")


@dataclass(frozen=True, slots=True)
class SeedSecret:
    """Sealed under the officers' passphrase.

    Besides the seed's entropy it holds what the key process must not take from anybody's word: the secret behind the
    confirmation codes, the log's public key, and the digests of policy, list and token registry.
    """

    entropy: bytes = field(repr=False)
    code_secret: bytes = field(repr=False)
    log_key: str
    policy_digest: bytes | None
    list_digest: bytes | None
    tokens_digest: bytes | None

    @property
    def rules(self) -> tuple[bytes | None, ...]:
        """The three digests."""
        return self.policy_digest, self.list_digest, self.tokens_digest

    def serialize(self) -> bytes:
        """Canonical CBOR, to be sealed."""
        rules = [digest or b"" for digest in self.rules]
        values: list[cbor.Cbor] = [self.entropy, self.code_secret, self.log_key, *rules]
        return cbor.encode({"version": VERSION} | dict(zip(_SEED_NAMES, values, strict=True)))

    @classmethod
    def parse(cls, secret: bytes) -> "SeedSecret":
        """From an opened seal. Raises HomeError HOME-CORRUPT."""
        with reading_secret():
            fields = _open(secret, _SEED_NAMES)
            entropy = fields.octets("entropy", limit=32)
            if len(entropy) not in WORDS.values():
                raise InputError("WIRE-LIMIT", "The entropy of a seed is of another length.")
            return cls(
                entropy=entropy,
                code_secret=fields.octets("code_secret", limit=SECRET_BYTES, exact=SECRET_BYTES),
                log_key=fields.text("log_key", limit=256),
                policy_digest=fields.octets("policy", limit=32) or None,
                list_digest=fields.octets("list", limit=32) or None,
                tokens_digest=fields.octets("tokens", limit=32) or None,
            )


def _open(secret: bytes, names: tuple[str, ...]) -> Fields:
    return open_message(secret, names, version=VERSION, limit=MAX_BYTES, what="opened secret")
