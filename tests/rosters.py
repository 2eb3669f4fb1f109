"""Rosters and bundles for tests: people with certificates that are well-formed, and whose keys nobody has.

Who needs signatures takes certificates from a real keyring instead, and hands them to `roster_toml`.
"""

import base64
import hashlib
from collections.abc import Iterable

from custody.wire.bundle import Bundle, Kind

HOUSE = "example-exchange"
NOT_BEFORE = 1_764_547_200  # 2025-12-01
NOT_AFTER = 1_775_001_600  # 2026-04-01

Row = tuple[str, str, str, bytes | None]


def packet(tag: int, body: bytes) -> bytes:
    """A packet of at most 191 bytes in the new format (RFC 4880 4.2.2)."""
    assert len(body) < 192
    return bytes([0xC0 | tag, len(body)]) + body


def primary_key(name: str, created: int = 1_700_000_000) -> bytes:
    """The body of a version 4 Ed25519 public key (RFC 4880 5.5.2) whose point is only a hash."""
    point = b"\x40" + hashlib.sha256(name.encode()).digest()
    ed25519 = bytes.fromhex("16 09 2b06010401da470f01")
    return b"\x04" + created.to_bytes(4, "big") + ed25519 + (263).to_bytes(2, "big") + point


def certificate(name: str) -> bytes:
    """A certificate of the right form: key, user ID, and a self-signature that signs nothing."""
    hashed = b"\x05\x02" + bytes(4)
    signature = b"\x04\x13\x16\x08" + len(hashed).to_bytes(2, "big") + hashed + bytes(4) + b"\x00\x01\x01" * 2
    return packet(6, primary_key(name)) + packet(13, name.encode()) + packet(2, signature)


def fingerprint(name: str) -> str:
    """RFC 4880 12.2 of `certificate`, computed here."""
    body = primary_key(name)
    return hashlib.sha1(b"\x99" + len(body).to_bytes(2, "big") + body, usedforsecurity=False).hexdigest().upper()


def person(name: str, role: str, organisation: str = "Example Exchange KK") -> Row:
    """A row for `roster_toml`, with a certificate of its own."""
    return name, role, organisation, certificate(name)


PEOPLE: tuple[Row, ...] = (
    *(person(name, "officer") for name in ("Sato", "Abe", "Endo")),
    *(person(name, "operator") for name in ("Tanaka", "Ueda")),
    *(person("Ito", "approver"), person("Chiba", "approver", "Example Trust KK")),
    *(person(name, "compliance") for name in ("Mori", "Kato", "Hara")),
    ("Noda", "auditor", "Example Audit LLC", None),
)


def person_toml(name: str, role: str, organisation: str, certificate: bytes | None, extra: str = "") -> str:
    """One person as the file has it; ``extra`` are further lines."""
    rows = [f'[[person]]\nname = "{name}"\nrole = "{role}"\norganisation = "{organisation}"']
    if certificate is not None:
        rows.append(f'certificate = """\n{base64.encodebytes(certificate).decode("ascii")}"""')
    return "\n".join([*rows, extra]) + "\n"


def roster_toml(
    people: Iterable[Row] = PEOPLE, *, house: str = HOUSE, delay_hours: int = 24, consent: int = 2, **signatures: int
) -> bytes:
    """A roster of these people; ``policy=1``, ``list=3`` ... change how many must sign, which is 2."""
    needed = {"policy": 2, "list": 2, "tokens": 2, "roster": 2} | signatures
    rows = [
        f'version = 1\nhouse = "{house}"\nactivation_delay_hours = {delay_hours}\n\n[signatures]',
        *(f"{kind} = {count}" for kind, count in needed.items()),
        f"\n[consent]\nofficers = {consent}\n",
        *(person_toml(*row) for row in people),
    ]
    return "\n".join(rows).encode()


def bundle(
    kind: Kind,
    body: bytes,
    *,
    sequence: int = 1,
    previous: bytes | None = None,
    house: str = HOUSE,
    not_before: int = NOT_BEFORE,
    not_after: int = NOT_AFTER,
) -> Bundle:
    """A bundle of the house, valid when the other examples are."""
    return Bundle(kind, house, sequence, not_before, not_after, previous, body)
