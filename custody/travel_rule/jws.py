"""JSON Web Signatures as TAP carries them: JSON serialization, one signature, Ed25519 or secp256k1 (docs/spec/tap.md).

Only what is written here is read: no key comes from a message, and no header decides what is done with one.
"""

import base64
import re
from dataclasses import dataclass, field

import coincurve
import nacl.bindings
from coincurve import ecdsa
from nacl.exceptions import CryptoError

from custody.codec import canonical_json
from custody.codec.schema import Fault, Finding, Many, Object, Reading, SchemaError, Text, Word, may, need, read
from custody.errors import InputError

MAX_PAYLOAD = 8_192
MAX_PROTECTED = 1_024
MAX_KID = 512

#: JWA names: Ed25519 (RFC 8037 3.1), ECDSA on secp256k1 with SHA-256 (RFC 8812 3.2).
EDDSA = "EdDSA"
ES256K = "ES256K"
ALGORITHMS = (EDDSA, ES256K)

_SIGNATURE_BYTES = 64

_CODES = dict.fromkeys(Fault, "TAP-HEADER") | {Fault.WORD: "TAP-ALG"}
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
_MEANS = "base64url without padding"
#: A DID URL with a fragment: how DIDComm names a key.
KID = Text(MAX_KID, re.compile(r"did:[!-~]+#[!-~]+"), "a DID, # and the name of the key")


@dataclass(frozen=True, slots=True)
class Jws:
    """A signed message as it came, nothing of it decoded: texts in base64url, and the ``kid`` beside them."""

    payload: str = field(repr=False)
    protected: str
    signature: str
    kid: str | None = None

    @property
    def signed(self) -> bytes:
        """The bytes that are signed (RFC 7515 5.1)."""
        return f"{self.protected}.{self.payload}".encode("ascii")


@dataclass(frozen=True, slots=True)
class Header:
    """What the sender says of his signature: JWA name, and by which key."""

    algorithm: str
    kid: str


@dataclass(frozen=True, slots=True)
class _Protected:
    algorithm: str
    kid: str | None
    typ: str | None


@dataclass(frozen=True, slots=True)
class _Signature:
    protected: str
    signature: str
    kid: str | None


def _general(payload: str, signatures: tuple[_Signature, ...]) -> Jws:
    (one,) = signatures
    return Jws(payload, one.protected, one.signature, one.kid)


def _only(kid: str) -> str:
    return kid


_PAYLOAD = need("payload", shape=Text(MAX_PAYLOAD, _BASE64URL, _MEANS))
_SIGNATURE = {
    "protected": need("protected", shape=Text(MAX_PROTECTED, _BASE64URL, _MEANS)),
    "signature": need("signature", shape=Text(86, _BASE64URL, _MEANS)),
    "kid": may("header", shape=Object(_only, {"kid": need("kid", shape=KID)})),
}
_GENERAL = Object(_general, {"payload": _PAYLOAD, "signatures": need("signatures", shape=Many(
    Object(_Signature, _SIGNATURE), 1, 1))})  # fmt: skip
_FLATTENED = Object(Jws, {"payload": _PAYLOAD, **_SIGNATURE})
_PROTECTED = Object(
    _Protected,
    {
        "algorithm": need("alg", shape=Word(ALGORITHMS)),
        "kid": may("kid", shape=KID),
        "typ": may(
            "typ", shape=Text(40, re.compile(r"(application/)?didcomm-signed\+json"), "application/didcomm-signed+json")
        ),
    },
)


class _Serialization:
    """The general form with one signature, or the flattened form: a reader must take both (DIDComm 2.1)."""

    def read(self, value: object, where: str, reading: Reading) -> Jws | None:
        """The signed message, undecoded."""
        form = _GENERAL if isinstance(value, dict) and "signatures" in value else _FLATTENED
        signed: Jws | None = form.read(value, where, reading)
        return signed


#: The shape of a JWS in a closed schema.
JWS = _Serialization()


def unbase64url(text: str) -> bytes:
    """The bytes of base64url without padding, in its one spelling. Raises ValueError."""
    if not _BASE64URL.fullmatch(text):
        raise ValueError("not base64url")
    octets = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64url(octets) != text:
        raise ValueError("not the one spelling")
    return octets


def base64url(octets: bytes) -> str:
    """Base64url without padding (RFC 7515 2)."""
    return base64.urlsafe_b64encode(octets).decode("ascii").rstrip("=")


def read_header(signed: Jws) -> Header:
    """The header of a signed message.

    Raises:
        SchemaError: TAP-HEADER; TAP-ALG for another algorithm, none among them; TAP-KID where no key is named, or two.
    """
    value = read_json(signed.protected, "protected", "TAP-HEADER")
    protected: _Protected = read(_PROTECTED, value, _CODES)
    kids = {kid for kid in (protected.kid, signed.kid) if kid is not None}
    if len(kids) != 1:
        observed = f"{len(kids)} keys are named"
        raise SchemaError((Finding("TAP-KID", "kid", observed, "one kid, protected or beside the signature"),))
    return Header(protected.algorithm, kids.pop())


def read_json(text: str, where: str, code: str) -> canonical_json.Json:
    """The JSON in a base64url text. Raises SchemaError with one finding of ``code``."""
    try:
        return canonical_json.loads_relaxed(unbase64url(text), limit=MAX_PAYLOAD)
    except ValueError:
        observed = "no base64url in its one spelling"
    except InputError as error:
        observed = f"JSON that is refused ({error.code})"
    raise SchemaError((Finding(code, where, observed, "a JSON object in base64url, whole numbers, each key once"),))


def verifies(signed: Jws, algorithm: str, public_key: bytes) -> bool:
    """Whether the signature is one of this key over this message.

    Args:
        public_key: 32 bytes for EdDSA; compressed, 33 bytes, for ES256K.
    """
    try:
        signature = unbase64url(signed.signature)
    except ValueError:
        return False
    if len(signature) != _SIGNATURE_BYTES:
        return False
    verify = {EDDSA: _ed25519, ES256K: _secp256k1}[algorithm]
    return verify(signature, signed.signed, public_key)


def _ed25519(signature: bytes, message: bytes, public_key: bytes) -> bool:
    try:
        nacl.bindings.crypto_sign_open(signature + message, public_key)
    except CryptoError:
        return False
    return True


def _secp256k1(signature: bytes, message: bytes, public_key: bytes) -> bool:
    """Either of the two values of s counts: ES256K asks for none (RFC 8812 3.2), the library for the lower one."""
    try:
        _, lower = ecdsa.signature_normalize(ecdsa.deserialize_compact(signature))
        return coincurve.PublicKey(public_key).verify(ecdsa.cdata_to_der(lower), message)
    except ValueError:
        return False
