"""What gpg's own answers mean: its status lines and its listing of keys (GnuPG's doc/DETAILS), read strictly.

Lines end in LF and in nothing else: a library that also ends them where Unicode does lets a user ID speak for gpg.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from custody.errors import EvidenceError
from custody.officers.openpgp import Certificate, DetachedSignature
from custody.officers.packets import MIN_RSA_BITS

_PREFIX = "[GNUPG:] "
_NEW_KEY = "1"
_NO_FIELDS = [""] * 20
_BAD = {
    "EXPSIG": ("OPENPGP-EXPIRED", "The signature itself has expired.", "Ask for a new one."),
    "EXPKEYSIG": ("OPENPGP-KEY-EXPIRED", "The key has expired.", "A new roster must hold the renewed certificate."),
    "REVKEYSIG": ("OPENPGP-KEY-REVOKED", "The key is revoked.", "A new roster must hold another certificate."),
}
# The validity of a key in a listing: what stands against it, and what does not (trust is the roster's business).
_IN_FORCE = ("-", "q", "f", "u")
_STATES = {"e": "EXPKEYSIG", "r": "REVKEYSIG"}
# RFC 4880 9.1 and RFC 6637 5; the curves by gpg's names for those of `custody.officers.packets`.
_RSA = "1"
_CURVES: Mapping[str, frozenset[str]] = {
    "19": frozenset(
        {"nistp256", "nistp384", "nistp521", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"},
    ),
    "22": frozenset({"ed25519"}),
}


@dataclass(frozen=True, slots=True)
class Status:
    """How one run of gpg ended.

    Attributes:
        code: its exit code, 0 for success.
        lines: its status lines as words; none when anything else stands among them.
    """

    code: int
    lines: tuple[tuple[str, ...], ...] = ()

    @classmethod
    def parse(cls, code: int, stderr: str) -> Self:
        """Of the exit code and all that gpg wrote on the channel for status lines."""
        lines = stderr.split("\n")
        if lines.pop() or not all(line.startswith(_PREFIX) for line in lines):
            return cls(code)
        return cls(code, tuple(tuple(line.removeprefix(_PREFIX).split(" ")) for line in lines))


def check_import(status: Status, certificate: Certificate) -> None:
    """That exactly the certificate's own key, and as a new one, came into the keyring.

    Raises:
        EvidenceError: OPENPGP-CERTIFICATE.
    """
    taken = [line[1:] for line in status.lines if line[0] == "IMPORT_OK"]
    # IMPORT_RES: considered, without user ID, imported. The exit code says no more: it tells of the agent, which gpg
    # looks for after it has imported, and which the jail does not let it reach.
    counts = [line[1:4] for line in status.lines if line[0] == "IMPORT_RES"]
    if taken != [(_NEW_KEY, certificate.fingerprint)] or counts != [("1", "0", "1")]:
        raise EvidenceError(
            "OPENPGP-CERTIFICATE",
            "gpg does not take the certificate as one whole key that is valid at that time.",
            "Its own signatures must be good, rest on SHA-2, and not lie in the future.",
        )


def check_verification(status: Status, signature: DetachedSignature, certificate: Certificate) -> str:
    """The fingerprint of the key or subkey that made the one good signature, bound in this certificate.

    Raises:
        EvidenceError: OPENPGP-INVALID, OPENPGP-EXPIRED, OPENPGP-KEY-EXPIRED, OPENPGP-KEY-REVOKED.
    """
    said = [line for line in status.lines if line[0].endswith("SIG")]
    for line in said:
        if line[0] in _BAD:
            raise EvidenceError(*_BAD[line[0]])
    if status.code != 0 or [line[0] for line in said] != ["NEWSIG", "GOODSIG", "VALIDSIG"]:
        raise _invalid()
    match said[2]:
        case (_, signer, _, created, _, "4", _, key_algorithm, hash_algorithm, "00", primary):
            read = (signature.created, signature.key_algorithm, signature.hash_algorithm, certificate.fingerprint)
            if (created, key_algorithm, hash_algorithm, primary) == tuple(
                map(str, read)
            ) and signer in certificate.keys:
                return signer
    raise _invalid()


def check_keys(listing: str, signer: str, certificate: Certificate) -> None:
    """That a listing holds this certificate alone, and that its key ``signer`` may sign and is strong and in force.

    Raises:
        EvidenceError: OPENPGP-INVALID, OPENPGP-KEY-EXPIRED, OPENPGP-KEY-REVOKED, OPENPGP-KEY-WEAK.
    """
    primaries, keys = [], {}
    record = _NO_FIELDS
    for fields in (line.split(":") + _NO_FIELDS for line in listing.split("\n")):
        if fields[0] in ("pub", "sub"):
            record = fields
        elif fields[0] == "fpr":
            keys[fields[9]] = record
            primaries += [fields[9]] if record[0] == "pub" else []
    if primaries != [certificate.fingerprint] or signer not in keys:
        raise _invalid()
    _check_state(keys[certificate.fingerprint])
    _check_state(keys[signer])
    _check_strength(keys[signer])


def _check_state(fields: list[str]) -> None:
    validity = fields[1]
    if validity in _STATES:
        raise EvidenceError(*_BAD[_STATES[validity]])
    if validity not in _IN_FORCE:
        raise _invalid()


def _check_strength(fields: list[str]) -> None:
    length, algorithm, uses, curve = fields[2], fields[3], fields[11], fields[16]
    strong_rsa = algorithm == _RSA and length.isdecimal() and int(length) >= MIN_RSA_BITS
    if not strong_rsa and curve not in _CURVES.get(algorithm, ()):
        raise EvidenceError("OPENPGP-KEY-WEAK", "The key that signed is too weak, or of a kind that is not served.")
    if "s" not in uses:
        raise _invalid()


def _invalid() -> EvidenceError:
    return EvidenceError(
        "OPENPGP-INVALID",
        "The signature is not good for this text by a key of this certificate.",
        "Compare the text, the key and the certificate with what was signed.",
    )
