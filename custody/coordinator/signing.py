"""A person's signature of some bytes: made now by the person's own gpg, or made elsewhere and brought here."""

from dataclasses import dataclass

from custody.edge.gpg import JailedGpg
from custody.edge.keyring import Keyring, certificate_of
from custody.errors import HomeError, UsageError
from custody.officers import given
from custody.officers.openpgp import Certificate, Claim, DetachedSignature


@dataclass(frozen=True, slots=True)
class Made:
    """A signature.

    Attributes:
        signature: detached, binary.
        keys: fingerprints of all keys of the certificate, where it is known here.
        unchecked: why nobody has verified it here; None where it was verified as a signer does.
    """

    signature: bytes
    keys: tuple[str, ...]
    unchecked: str | None


@dataclass(frozen=True, slots=True)
class OwnKey:
    """A key in the person's own keyring."""

    key: str
    by: str
    keyring: Keyring

    @classmethod
    def find(cls, key: str) -> "OwnKey":
        """Raises UsageError FINGERPRINT-FORM, KEYRING-KEY; HomeError; EvidenceError OPENPGP-…."""
        keyring = Keyring.open()
        digits = given.fingerprint(key)
        return cls(digits, keyring.owner(digits), keyring)

    def sign(self, content: bytes, now: int) -> Made:
        """Signs, and checks what came out. Raises Cancelled KEYRING-UNSIGNED, EvidenceError OPENPGP-…."""
        made = self.keyring.sign(self.key, content)
        return _checked(made, content, self.keyring.certificate(self.by), now)


@dataclass(frozen=True, slots=True)
class Brought:
    """A signature that was made elsewhere; ``by`` says by whose certificate, where the person said so."""

    signature: bytes
    by: str | None

    @classmethod
    def read(cls, octets: bytes, by: str | None) -> "Brought":
        """Raises UsageError FINGERPRINT-FORM; EvidenceError OPENPGP-FORM, OPENPGP-KEY-WEAK."""
        return cls(given.signature(octets), given.fingerprint(by) if by else None)

    def sign(self, content: bytes, now: int) -> Made:
        """Checks it, where the keyring here holds its certificate.

        Raises:
            UsageError: FINGERPRINT-SUBKEY.
            EvidenceError: OPENPGP-….
        """
        named = self.by or DetachedSignature.parse(self.signature).issuer
        certificate = certificate_of(named) if named else None
        made = _checked(self.signature, content, certificate, now)
        if self.by and made.keys and made.keys[0] != self.by:
            hint = f"The person's fingerprint is {made.keys[0]}."
            raise UsageError("FINGERPRINT-SUBKEY", "This is the fingerprint of a subkey.", hint)
        return made


Hand = OwnKey | Brought


def hand(key: str | None, signature: bytes | None, by: str | None, *, by_needed: bool) -> Hand:
    """How the person signs.

    Raises:
        UsageError: SIGNING-OPTIONS, and what `OwnKey.find` and `Brought.read` say.
    """
    if key and signature is None and not by:
        return OwnKey.find(key)
    if signature is not None and not key and (by or not by_needed):
        return Brought.read(signature, by)
    raise UsageError(
        "SIGNING-OPTIONS",
        f"Give --key, or --signature {'with' if by_needed else 'perhaps with'} --by.",
        "--key signs with your own gpg; --signature brings what gpg --detach-sign made, --by says whose it is.",
    )


def _checked(signature: bytes, content: bytes, certificate: bytes | None, now: int) -> Made:
    if certificate is None:
        return Made(signature, (), "the keyring here does not hold its certificate")
    keys = Certificate.parse(certificate).keys
    try:
        with JailedGpg() as verifier:
            verifier.verify(Claim(content, signature, certificate), now)
    except HomeError as error:
        return Made(signature, keys, error.message)
    return Made(signature, keys, None)
