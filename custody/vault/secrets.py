"""The secrets of a home: the device's, each officer's, the seed, and what is in force.

They are sealed apart: a refusal must be signed into the log while the rest stays closed, each officer consents with a
secret of his own, and what is in force changes while the seed does not.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from nacl import bindings
from nacl.exceptions import CryptoError

from custody.audit.checkpoint import LogKey
from custody.codec import cbor
from custody.errors import EvidenceError, HomeError, InputError
from custody.governance.state import MAX_STATE
from custody.vault.mnemonic import WORDS
from custody.vault.sealed import MAX_BYTES, MAX_OFFICERS, NONCE_BYTES, Header, reading_secret, seal
from custody.wire.fields import Fields, open_message

VERSION = 1
SECRET_BYTES = 32

_DEVICE_NAMES = ("log_seed", "code_secret", "salt_key", "private_key")
_RULES_NAMES = ("code_secret", "log_key", "officers", "threshold", "state")
_OFFICER_NAMES = ("signing_seed", "seed_key", "rules_key")
_PROOF = b"custody/consent/1"


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
    """What all the rest guards: the seed's entropy. Sealed under a key that the officers' secrets hold."""

    entropy: bytes = field(repr=False)

    def serialize(self) -> bytes:
        """Canonical CBOR, to be sealed."""
        return cbor.encode({"version": VERSION, "entropy": self.entropy})

    @classmethod
    def parse(cls, secret: bytes) -> "SeedSecret":
        """From an opened seal. Raises HomeError HOME-CORRUPT."""
        with reading_secret():
            entropy = _open(secret, ("entropy",)).octets("entropy", limit=32)
            if len(entropy) not in WORDS.values():
                raise InputError("WIRE-LIMIT", "The entropy of a seed is of another length.")
            return cls(entropy)


@dataclass(frozen=True, slots=True)
class RulesSecret:
    """What the process that holds the key must not take from anybody's word.

    Sealed apart from the seed, under another key of the officers' secrets: it is sealed anew whenever officers change
    what is in force, and the seed is not touched then.

    Attributes:
        code_secret: secret behind the confirmation codes.
        log_key: the log's public key.
        officers: by name, the public key that an officer's proofs are checked with.
        threshold: how many officers must consent where no roster says so.
        state: what is in force, a `custody.governance.state.State` in canonical JSON.
    """

    code_secret: bytes = field(repr=False)
    log_key: str
    officers: Mapping[str, bytes]
    threshold: int
    state: bytes

    def serialize(self) -> bytes:
        """Canonical CBOR, to be sealed."""
        values: tuple[cbor.Cbor, ...] = (
            *(self.code_secret, self.log_key, dict(self.officers), self.threshold, self.state),
        )
        return cbor.encode({"version": VERSION} | dict(zip(_RULES_NAMES, values, strict=True)))

    @classmethod
    def parse(cls, secret: bytes) -> "RulesSecret":
        """From an opened seal. Raises HomeError HOME-CORRUPT."""
        with reading_secret():
            fields = _open(secret, _RULES_NAMES)
            officers = _public_keys(fields.raw("officers"))
            threshold = fields.uint("threshold", limit=len(officers))
            if threshold == 0:
                raise InputError("WIRE-LIMIT", "A home whose key nobody consents to is none.")
            return cls(
                code_secret=fields.octets("code_secret", limit=SECRET_BYTES, exact=SECRET_BYTES),
                log_key=fields.text("log_key", limit=256),
                officers=officers,
                threshold=threshold,
                state=fields.octets("state", limit=MAX_STATE),
            )

    def seal(self, header: Header, key: bytes) -> bytes:
        """Sealed; the nonce is derived from what is sealed, as in SIV, so that sealing needs no randomness."""
        plain = self.serialize()
        nonce = hmac.new(key, b"custody/rules/1" + plain, hashlib.sha256).digest()[:NONCE_BYTES]
        return seal(plain, replace(header, nonce=nonce), key)


def _public_keys(value: cbor.Cbor) -> dict[str, bytes]:
    keys = cast(dict[str, bytes], value) if isinstance(value, dict) else {}
    named = all(isinstance(name, str) and isinstance(key, bytes) and len(key) == 32 for name, key in keys.items())
    if named and 0 < len(keys) <= MAX_OFFICERS:
        return keys
    raise InputError("WIRE-TYPE", "The officers of a home are not public keys by name.")


@dataclass(frozen=True, slots=True)
class OfficerSecret:
    """One officer's own, sealed under a passphrase that nobody else has.

    Attributes:
        signing_seed: Ed25519 seed of the officer's proofs.
        seed_key: opens the seed. Each officer holds the whole of it: who has one officer's passphrase and the disk
            has the seed (docs/threat-model.md).
        rules_key: opens and seals what is in force.
    """

    signing_seed: bytes = field(repr=False)
    seed_key: bytes = field(repr=False)
    rules_key: bytes = field(repr=False)

    def serialize(self) -> bytes:
        """Canonical CBOR, to be sealed."""
        values = (self.signing_seed, self.seed_key, self.rules_key)
        return cbor.encode({"version": VERSION} | dict(zip(_OFFICER_NAMES, values, strict=True)))

    @classmethod
    def parse(cls, secret: bytes) -> "OfficerSecret":
        """From an opened seal. Raises HomeError HOME-CORRUPT."""
        with reading_secret():
            fields = _open(secret, _OFFICER_NAMES)
            return cls(*(fields.octets(name, limit=SECRET_BYTES, exact=SECRET_BYTES) for name in _OFFICER_NAMES))

    @property
    def public_key(self) -> bytes:
        """What the officer's proofs are checked with."""
        return bindings.crypto_sign_seed_keypair(self.signing_seed)[0]

    def prove(self, consented: bytes) -> bytes:
        """Ed25519 (RFC 8032) over what the officer has read and typed the code for."""
        _, private = bindings.crypto_sign_seed_keypair(self.signing_seed)
        return bindings.crypto_sign(_PROOF + consented, private)[: bindings.crypto_sign_BYTES]


def check_proof(public_key: bytes, consented: bytes, proof: bytes) -> None:
    """That the officer with this key has consented to exactly this. Raises EvidenceError CONSENT-PROOF."""
    try:
        bindings.crypto_sign_open(proof + _PROOF + consented, public_key)
    except (CryptoError, ValueError, TypeError) as error:
        raise EvidenceError("CONSENT-PROOF", "An officer's proof of consent does not hold.") from error


def _open(secret: bytes, names: tuple[str, ...]) -> Fields:
    return open_message(secret, names, version=VERSION, limit=MAX_BYTES, what="opened secret")
