"""OpenPGP as people hand it over: a fingerprint as gpg prints it, a signature in binary or in ASCII armor."""

import base64
import re

from custody.errors import EvidenceError, UsageError
from custody.officers.openpgp import DetachedSignature

MAX_GIVEN = 16_384

_FINGERPRINT = re.compile(r"[0-9A-F]{40}")
# RFC 4880 6.2: headers, an empty line, base64 in lines, its checksum (RFC 9580 lets it go), and nothing around them.
_ARMOR = re.compile(
    rb"-----BEGIN PGP SIGNATURE-----\r?\n"
    rb"(?:[A-Za-z]{1,20}: [ -~]{0,200}\r?\n){0,8}[ \t]*\r?\n"
    rb"((?:[A-Za-z0-9+/=]{1,76}\r?\n){1,200}?)"
    rb"(?:=([A-Za-z0-9+/]{4})\r?\n)?"
    rb"-----END PGP SIGNATURE-----\s{0,4}"
)
_CRC24_START, _CRC24_POLYNOMIAL = 0xB704CE, 0x1864CFB


def fingerprint(text: str) -> str:
    """40 capital hexadecimal digits, typed in any case and with spaces.

    Raises:
        UsageError: FINGERPRINT-FORM.
    """
    digits = "".join(text.split()).upper()
    if not _FINGERPRINT.fullmatch(digits):
        raise UsageError(
            "FINGERPRINT-FORM",
            "A fingerprint has 40 hexadecimal digits.",
            "gpg --list-keys --with-subkey-fingerprint shows those that you have.",
        )
    return digits


def spaced(digits: str) -> str:
    """A fingerprint in groups, as gpg prints it and people have it on paper."""
    return " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))


def signature(octets: bytes) -> bytes:
    """The binary signature in a file that ``gpg --detach-sign``, with or without ``--armor``, wrote.

    Raises:
        EvidenceError: OPENPGP-FORM, OPENPGP-KEY-WEAK.
    """
    if len(octets) > MAX_GIVEN:
        raise _form(f"The signature is larger than {MAX_GIVEN:,} bytes.")
    binary = octets if octets[:1] >= b"\x80" else _without_armor(octets)
    DetachedSignature.parse(binary)
    return binary


def _without_armor(octets: bytes) -> bytes:
    match = _ARMOR.fullmatch(octets)
    if match is None:
        raise _form("The signature is neither binary nor one block of ASCII armor.")
    written = b"".join(match[1].split())
    try:
        binary = base64.b64decode(written, validate=True)
    except ValueError:
        binary = b""
    if base64.b64encode(binary) != written:
        raise _form("The armor of the signature is damaged.")
    if match[2] is not None and base64.b64decode(match[2]) != _crc24(binary):
        raise _form("The checksum of the armored signature is wrong.")
    return binary


def _crc24(octets: bytes) -> bytes:
    """RFC 4880 6.1."""
    crc = _CRC24_START
    for octet in octets:
        crc ^= octet << 16
        for _ in range(8):
            crc <<= 1
            if crc & 0x1000000:
                crc ^= _CRC24_POLYNOMIAL
    return crc.to_bytes(3, "big")


def _form(message: str) -> EvidenceError:
    return EvidenceError("OPENPGP-FORM", message, "Sign again: gpg --detach-sign FILE.")
