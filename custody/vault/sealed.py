"""A sealed secret: XChaCha20-Poly1305 under a key from Argon2id or from the device (docs/spec/home.md).

The header, with the key derivation's parameters and the rehearsal flag, is authenticated: to change it is to lose
the secret.
"""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from nacl import bindings, pwhash
from nacl.exceptions import CryptoError
from nacl.exceptions import RuntimeError as NaclRuntimeError

from custody.codec import canonical_json, cbor
from custody.codec.canonical_json import Json
from custody.errors import CustodyError, HomeError
from custody.wire.fields import Fields

VERSION = 1
MAX_BYTES = 65_536
MAX_HEADER = 4_096
KEY_BYTES = bindings.crypto_aead_xchacha20poly1305_ietf_KEYBYTES
TAG_BYTES = bindings.crypto_aead_xchacha20poly1305_ietf_ABYTES
NONCE_BYTES = bindings.crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
SALT_BYTES = pwhash.argon2id.SALTBYTES
MAX_OPS = 16
MAX_MEMORY = 4 * 1024**3
MIN_PASSPHRASE = 12
MAX_PASSPHRASE = 1_024
MAX_OFFICERS = 16


@dataclass(frozen=True, slots=True)
class Argon2id:
    """Parameters of RFC 9106: ``ops`` passes over ``memory`` bytes, one lane."""

    ops: int
    memory: int
    salt: bytes = field(repr=False)

    def key(self, passphrase: str) -> bytes:
        """The sealing key of a passphrase, which is taken in Unicode NFKC.

        Raises:
            HomeError: SEAL-MEMORY when this machine has too little.
        """
        secret = unicodedata.normalize("NFKC", passphrase).encode()
        try:
            return pwhash.argon2id.kdf(KEY_BYTES, secret, self.salt, opslimit=self.ops, memlimit=self.memory)
        except NaclRuntimeError:
            raise HomeError(
                "SEAL-MEMORY", f"The seal needs {self.memory // 1024**2:,} MiB of free memory.", "Close other programs."
            ) from None


#: About three seconds on an ordinary PC, and one gibibyte for each guess.
STRONG = (4, 1024**3)
#: For rehearsal homes, whose keys are worth nothing.
LIGHT = (1, 8 * 1024**2)


@dataclass(frozen=True, slots=True)
class Header:
    """What is known of a sealed secret without opening it; all of it authenticated.

    Attributes:
        purpose: ``seed``, ``rules``, ``officer`` or ``device``.
        rehearsal: keys for practice, on test networks only.
        origin: origin of the log that records the use of this secret.
        nonce: 24 bytes, never used twice with a key.
        kdf: only where an officer's passphrase is the key.
        officers: who may open it, by name. threshold: how many of them must consent to its use.
    """

    purpose: str
    rehearsal: bool
    origin: str
    nonce: bytes
    kdf: Argon2id | None = None
    officers: tuple[str, ...] = ()
    threshold: int = 0

    def serialize(self) -> bytes:
        """Canonical JSON."""
        kdf: Json = None
        if self.kdf:
            kdf = {"name": "argon2id", "ops": self.kdf.ops, "memory": self.kdf.memory, "salt": self.kdf.salt.hex()}
        return canonical_json.dumps(
            {
                "version": VERSION,
                "purpose": self.purpose,
                "rehearsal": self.rehearsal,
                "origin": self.origin,
                "cipher": "xchacha20poly1305",
                "nonce": self.nonce.hex(),
                "kdf": kdf,
                "officers": list(self.officers),
                "threshold": self.threshold,
            }
        )

    @classmethod
    def parse(cls, text: bytes) -> "Header":
        """The header in this text, which must be exactly what `serialize` writes."""
        match canonical_json.loads(text, limit=MAX_HEADER):
            case {
                "purpose": str(purpose),
                "rehearsal": bool(rehearsal),
                "origin": str(origin),
                "nonce": str(nonce),
                "kdf": kdf,
                "officers": list(officers),
                "threshold": int(threshold),
            }:
                names = tuple(str(name) for name in officers)
                header = cls(purpose, rehearsal, origin, bytes.fromhex(nonce), _argon2id(kdf), names, threshold)
                whole = len(header.nonce) == NONCE_BYTES and 0 <= threshold <= len(names) <= MAX_OFFICERS
                if header.serialize() == text and whole:
                    return header
        raise ValueError


def _argon2id(kdf: Json) -> Argon2id | None:
    match kdf:
        case None:
            return None
        case {"ops": int(ops), "memory": int(memory), "salt": str(salt)}:
            parameters = Argon2id(ops, memory, bytes.fromhex(salt))
            # Bounds before work: a header that asks for all memory must not get it.
            if 1 <= ops <= MAX_OPS and LIGHT[1] <= memory <= MAX_MEMORY and len(parameters.salt) == SALT_BYTES:
                return parameters
    raise ValueError


def seal(secret: bytes, header: Header, key: bytes) -> bytes:
    """The sealed form: a CBOR map of the header's bytes and the ciphertext."""
    header_bytes = header.serialize()
    ciphertext = bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(secret, header_bytes, header.nonce, key)
    return cbor.encode({"header": header_bytes, "ciphertext": ciphertext})


def read_header(sealed: bytes) -> Header:
    """The header of a sealed secret; it is proved only once the secret opens.

    Raises:
        HomeError: HOME-CORRUPT.
    """
    return _split(sealed)[0]


def open_sealed(sealed: bytes, key: bytes) -> bytes:
    """The secret.

    Raises:
        HomeError: HOME-CORRUPT when the form is broken, SEAL-CLOSED when the key does not open it.
    """
    header, header_bytes, ciphertext = _split(sealed)
    try:
        return bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(ciphertext, header_bytes, header.nonce, key)
    except CryptoError as error:
        raise HomeError(
            "SEAL-CLOSED",
            "The sealed secret does not open: a wrong passphrase, or the file was changed.",
            "Type the passphrase again. If it is right, restore the home from its backup.",
        ) from error


def open_with_passphrase(sealed: bytes, passphrase: str) -> bytes:
    """The secret sealed under a passphrase.

    Raises:
        HomeError: HOME-CORRUPT, SEAL-CLOSED.
    """
    kdf = read_header(sealed).kdf
    if kdf is None:
        raise _corrupt()
    return open_sealed(sealed, kdf.key(passphrase))


def _split(sealed: bytes) -> tuple[Header, bytes, bytes]:
    try:
        if len(sealed) > MAX_BYTES:
            raise ValueError
        fields = Fields(cbor.decode(sealed), ("header", "ciphertext"), "sealed secret")
        header_bytes, ciphertext = (
            fields.octets("header", limit=MAX_HEADER),
            fields.octets("ciphertext", limit=MAX_BYTES),
        )
        # The library takes for granted that a ciphertext is as long as its tag.
        if len(ciphertext) < TAG_BYTES:
            raise ValueError
        return Header.parse(header_bytes), header_bytes, ciphertext
    except (CustodyError, ValueError) as error:
        raise _corrupt() from error


def _corrupt() -> HomeError:
    return HomeError(
        "HOME-CORRUPT",
        "A sealed file of this home is damaged.",
        "Restore the home from its backup; nothing was signed.",
    )


def passphrase_checked(passphrase: str, *, rehearsal: bool) -> str:
    """A passphrase fit to seal with.

    Raises:
        HomeError: PASSPHRASE-SHORT, PASSPHRASE-LONG.
    """
    least = 1 if rehearsal else MIN_PASSPHRASE
    if len(passphrase) > MAX_PASSPHRASE:
        raise HomeError("PASSPHRASE-LONG", f"A passphrase has at most {MAX_PASSPHRASE:,} characters.")
    if len(passphrase) < least:
        raise HomeError(
            "PASSPHRASE-SHORT",
            f"A passphrase needs at least {least} characters.",
            "Six or more words chosen by dice are easy to remember and hard to guess.",
        )
    return passphrase


@contextmanager
def reading_secret() -> Iterator[None]:
    """Whatever a reader of an opened secret finds wrong means that the home is damaged.

    Raises:
        HomeError: HOME-CORRUPT.
    """
    try:
        yield
    except CustodyError as error:
        raise _corrupt() from error
