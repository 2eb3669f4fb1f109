"""What this program takes for an OpenPGP signature and certificate, read strictly before gpg sees a byte of either.

Of RFC 4880 only a corner is served: see docs/spec/openpgp.md. Nothing here proves a signature; that is the work of a
`SignatureVerifier`.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, Self

from custody.errors import EvidenceError
from custody.officers.packets import (
    PRIMARY,
    SIGNATURE,
    SUBKEY,
    USER_ID,
    FormError,
    SignatureBody,
    WeakKeyError,
    check_key,
    packets,
)

MAX_SIGNATURE = 4_096
MAX_CERTIFICATE = 65_536
MAX_TEXT = 1_048_576
MAX_USER_ID = 256
#: How far a signature's time may lie ahead of the clock of whoever judges it, in seconds.
MAX_SIGNATURE_LEAD = 600

# RFC 4880 5.2.3.1: the subpackets that a signature of a document may hold, each once. Left out is above all an
# embedded key (39).
_CREATED, _EXPIRES, _ISSUER, _NOTATION, _POLICY, _SIGNER, _FINGERPRINT, _RECIPIENT = 2, 3, 16, 20, 26, 28, 33, 35
_HASHED = frozenset({_CREATED, _EXPIRES, _ISSUER, _NOTATION, _POLICY, _SIGNER, _FINGERPRINT, _RECIPIENT})
_EMBEDDED = 32
_UNHASHED = frozenset({_ISSUER, _FINGERPRINT})

# RFC 4880 11.1: a primary key, its own signatures, user IDs with theirs, subkeys with theirs.
_LETTERS = {PRIMARY: "K", SIGNATURE: "S", USER_ID: "U", SUBKEY: "B"}
_ORDER = re.compile("KS*(?:US+)+(?:BS+)*")


@dataclass(frozen=True, slots=True)
class Claim:
    """That ``signature`` (detached, binary) over exactly ``text`` is by a key that ``certificate`` binds."""

    text: bytes
    signature: bytes
    certificate: bytes


class SignatureVerifier(Protocol):
    """What proves a claim."""

    def verify(self, claim: Claim, at: int) -> None:
        """Return only if the signature is good by a key that is bound in exactly this certificate, and that is not
        expired at the Unix time ``at``, nor revoked, nor weak. When it says it was made is for callers to judge.

        Raises:
            EvidenceError: OPENPGP-FORM, OPENPGP-CERTIFICATE, OPENPGP-INVALID, OPENPGP-EXPIRED, OPENPGP-KEY-EXPIRED,
                OPENPGP-KEY-REVOKED, OPENPGP-KEY-WEAK.
            HomeError: OPENPGP-UNAVAILABLE, JAIL-UNAVAILABLE.
        """


@dataclass(frozen=True, slots=True)
class DetachedSignature:
    """A signature of a binary document (RFC 4880 5.2.1, type 0x00), as far as it can be read without the key.

    Attributes:
        created: Unix time that it claims, from its signed part.
        hash_algorithm: number after RFC 4880 9.4.
        key_algorithm: number after RFC 4880 9.1.
        issuer: what it claims of its signing key or subkey: the fingerprint (40 upper hex), else the key ID (16).
    """

    created: int
    hash_algorithm: int
    key_algorithm: int
    issuer: str | None

    @classmethod
    def parse(cls, octets: bytes) -> Self:
        """Exactly one signature packet that fills all the bytes.

        Raises:
            EvidenceError: OPENPGP-FORM, OPENPGP-KEY-WEAK.
        """
        try:
            return cls._read(octets)
        except FormError as error:
            raise EvidenceError(
                "OPENPGP-FORM",
                f"What should be a detached OpenPGP signature {error}.",
                "Sign again: gpg --detach-sign FILE.",
            ) from None
        except WeakKeyError as error:
            raise _weak(error) from None

    @classmethod
    def _read(cls, octets: bytes) -> Self:
        if len(octets) > MAX_SIGNATURE:
            raise FormError(f"is larger than {MAX_SIGNATURE:,} bytes")
        found = packets(octets)
        if [tag for tag, _ in found] != [SIGNATURE]:
            raise FormError("is not exactly one signature packet")
        body = SignatureBody.parse(found[0][1])
        if body.kind != 0:
            raise FormError("is not one of binary bytes (type 0x00)")
        hashed, unhashed = _each_once(body.hashed, _HASHED), _each_once(body.unhashed, _UNHASHED)
        created = hashed.get(_CREATED, b"")
        if len(created) != 4:
            raise FormError("does not say in its signed part when it was made")
        return cls(
            int.from_bytes(created, "big"), body.hash_algorithm, body.key_algorithm, _issuer({**unhashed, **hashed})
        )


@dataclass(frozen=True, slots=True)
class Certificate:
    """One OpenPGP public key with its user IDs, subkeys and signatures (RFC 4880 11.1).

    Attributes:
        fingerprint: of the primary key (RFC 4880 12.2), 40 upper hex.
        created: Unix time that the primary key claims.
        keys: fingerprints of the primary key and of every subkey.
    """

    fingerprint: str
    created: int
    keys: tuple[str, ...]

    @classmethod
    def parse(cls, octets: bytes) -> Self:
        """Exactly one binary certificate, without secrets, pictures or SHA-1, all of whose keys are strong.

        Raises:
            EvidenceError: OPENPGP-CERTIFICATE, OPENPGP-KEY-WEAK.
        """
        try:
            return cls._read(octets)
        except FormError as error:
            raise EvidenceError(
                "OPENPGP-CERTIFICATE",
                f"What should be an OpenPGP certificate {error}.",
                "Export it again: gpg --export --export-options export-minimal FINGERPRINT.",
            ) from None
        except WeakKeyError as error:
            raise _weak(error) from None

    @classmethod
    def _read(cls, octets: bytes) -> Self:
        if len(octets) > MAX_CERTIFICATE:
            raise FormError(f"is larger than {MAX_CERTIFICATE:,} bytes")
        found = packets(octets)
        if not _ORDER.fullmatch("".join(_LETTERS.get(tag, "?") for tag, _ in found)):
            raise FormError("is not one public key with user IDs, subkeys and their signatures, and nothing else")
        for tag, body in found:
            _check(tag, body)
        keys = tuple(_fingerprint(body) for tag, body in found if tag in (PRIMARY, SUBKEY))
        return cls(keys[0], int.from_bytes(found[0][1][1:5], "big"), keys)


def _fingerprint(key: bytes) -> str:
    """RFC 4880 12.2."""
    return hashlib.sha1(b"\x99" + len(key).to_bytes(2, "big") + key, usedforsecurity=False).hexdigest().upper()


def read_claim(claim: Claim) -> tuple[DetachedSignature, Certificate]:
    """A claim's signature and certificate, as far as they can be read without gpg.

    Raises:
        EvidenceError: OPENPGP-FORM, OPENPGP-CERTIFICATE, OPENPGP-KEY-WEAK.
    """
    if len(claim.text) > MAX_TEXT:
        raise EvidenceError("OPENPGP-FORM", f"A signed text is larger than {MAX_TEXT:,} bytes.", "Sign a smaller one.")
    return DetachedSignature.parse(claim.signature), Certificate.parse(claim.certificate)


def _check(tag: int, body: bytes) -> None:
    if tag == SIGNATURE:
        _check_binding(SignatureBody.parse(body))
    elif tag == USER_ID:
        _check_user_id(body)
    else:
        check_key(body, signs=tag == PRIMARY)


def _check_binding(body: SignatureBody) -> None:
    # RFC 4880 5.2.3.26: a subkey that signs holds its own signature of the primary key within the one that binds it.
    for kind, content in (*body.hashed, *body.unhashed):
        if kind == _EMBEDDED:
            SignatureBody.parse(content)


def _check_user_id(body: bytes) -> None:
    """Text that cannot pass for lines of gpg's own on its way through other programs."""
    if len(body) > MAX_USER_ID:
        raise FormError(f"holds a user ID of more than {MAX_USER_ID} bytes")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise FormError("holds a user ID that is not UTF-8") from None
    if any(unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp") for sign in text):
        raise FormError("holds a user ID with invisible characters")


def _each_once(subpackets: Iterable[tuple[int, bytes]], served: frozenset[int]) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    for kind, content in subpackets:
        if kind not in served or kind in found:
            raise FormError(f"holds a subpacket of type {kind} that is not served there, or twice")
        found[kind] = content
    return found


def _issuer(subpackets: dict[int, bytes]) -> str | None:
    fingerprint, key_id = subpackets.get(_FINGERPRINT), subpackets.get(_ISSUER)
    if fingerprint is not None and (len(fingerprint) != 21 or fingerprint[0] != 4):
        raise FormError("names a signing key that is not of version 4")
    if key_id is not None and len(key_id) != 8:
        raise FormError("names a signing key in no known way")
    named = fingerprint[1:] if fingerprint else key_id
    return named.hex().upper() if named else None


def _weak(error: WeakKeyError) -> EvidenceError:
    return EvidenceError(
        "OPENPGP-KEY-WEAK",
        f"An OpenPGP key is {error}.",
        "Served are Ed25519, ECDSA on the NIST and brainpool curves, and RSA of 3,072 bits or more.",
    )
