"""The keys of counterparties: which VASP signs with what (docs/spec/vasps.md). TOML, version 1.

A key's bytes are part of the file: nothing is looked up anywhere, and no key comes from a message.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import coincurve
import nacl.bindings

from custody.codec import canonical_json
from custody.codec import toml as toml_file
from custody.codec.schema import (
    Fault,
    Finding,
    Many,
    Moment,
    Object,
    Reading,
    SchemaError,
    Text,
    Whole,
    Word,
    may,
    need,
    read,
)
from custody.errors import InputError
from custody.travel_rule.jws import ALGORITHMS, EDDSA, ES256K, KID, base64url, unbase64url
from custody.travel_rule.lei import Lei

VERSION = 1
MAX_VASP_KEYS_BYTES = 131_072
MAX_VASPS = 300
MAX_KEYS = 8
MAX_DID = 256

CODES = {
    Fault.KEY: "VASPS-KEY",
    Fault.MISSING: "VASPS-MISSING",
    Fault.TYPE: "VASPS-TYPE",
    Fault.TEXT: "VASPS-TEXT",
    Fault.NUMBER: "VASPS-NUMBER",
    Fault.WORD: "VASPS-WORD",
    Fault.COUNT: "VASPS-COUNT",
}

_CURVES: Mapping[tuple[object, object], str] = {("OKP", "Ed25519"): EDDSA, ("EC", "secp256k1"): ES256K}
#: A decentralised identifier (DID Core 3.1), without path, query and fragment.
DID = Text(MAX_DID, re.compile(r"did:[a-z0-9]+:[A-Za-z0-9._:%-]+"), "a DID, such as did:web:exchange.example")


@dataclass(frozen=True, slots=True)
class VaspKey:
    """A key that a VASP signs with.

    Attributes:
        kid: the DID URL that its signatures name.
        algorithm: JWA name.
        public_key: 32 bytes for EdDSA; compressed, 33 bytes, for ES256K.
        not_after: Unix seconds from which nothing that it signed counts any more.
    """

    kid: str
    algorithm: str
    public_key: bytes
    not_after: int

    @classmethod
    def from_jwk(cls, kid: str, jwk: Mapping[str, object], not_after: int) -> "VaspKey":
        """The key that a DID document publishes as a JWK (RFC 8037 2, RFC 8812 3.1).

        Raises:
            InputError: VASPS-JWK for another curve, no point of it, or a private key.
        """
        if "d" in jwk:
            raise InputError("VASPS-JWK", "This is a private key.", "Tell its owner: it must not be used any more.")
        algorithm = _CURVES.get((jwk.get("kty"), jwk.get("crv")), "")
        x, y = (_octets(str(jwk.get(name, ""))) for name in ("x", "y"))
        point = _point(algorithm, x if algorithm == EDDSA else b"\x04" + x + y) if algorithm else None
        if point is None:
            curves = "an Ed25519 (OKP) or secp256k1 (EC) public key as a JWK"
            raise InputError("VASPS-JWK", f"This is not {curves}.", "It stands as publicKeyJwk in the DID document.")
        return cls(kid, algorithm, point, not_after)

    @property
    def thumbprint(self) -> bytes:
        """RFC 7638: SHA-256 of the key as a JWK, which both sides can compute; people compare it."""
        return hashlib.sha256(canonical_json.dumps({**self._jwk})).digest()

    @property
    def _jwk(self) -> dict[str, str]:
        """The members that RFC 7638 3.2 and RFC 8037 2 require."""
        if self.algorithm == EDDSA:
            return {"crv": "Ed25519", "kty": "OKP", "x": base64url(self.public_key)}
        point = coincurve.PublicKey(self.public_key).format(compressed=False)
        return {"crv": "secp256k1", "kty": "EC", "x": base64url(point[1:33]), "y": base64url(point[33:])}


@dataclass(frozen=True, slots=True)
class Vasp:
    """A counterparty: legal ``name`` and ``lei`` as records name it, ``did`` as its messages do."""

    name: str
    jurisdiction: str
    did: str
    keys: tuple[VaspKey, ...]
    lei: str | None = None

    def key(self, kid: str) -> VaspKey | None:
        """The key that this VASP calls so."""
        return next((one for one in self.keys if one.kid == kid), None)


@dataclass(frozen=True, slots=True)
class VaspKeys:
    """The counterparties whose signatures count. ``did`` is this house, as they address it."""

    did: str
    vasps: tuple[Vasp, ...] = ()

    @classmethod
    def parse(cls, toml: bytes) -> "VaspKeys":
        """The keys in the exact bytes of their file.

        Raises:
            InputError: VASPS-SIZE, VASPS-SYNTAX; or a SchemaError with every fault under one of `CODES`.
        """
        value = toml_file.loads(
            toml,
            limit=MAX_VASP_KEYS_BYTES,
            name="file of VASP keys",
            size_code="VASPS-SIZE",
            syntax_code="VASPS-SYNTAX",
        )
        keys: VaspKeys = read(_DOCUMENT, value, CODES)
        findings = tuple(_conflicts(keys))
        if findings:
            raise SchemaError(findings)
        return keys

    def vasp(self, name: str) -> Vasp | None:
        """The counterparty with exactly this legal name."""
        return next((one for one in self.vasps if one.name == name), None)


def _conflicts(keys: VaspKeys) -> Iterator[Finding]:
    """What stands twice: nobody could say whose signature counts. A kid belongs to its VASP's DID (DIDComm 2.1)."""
    seen: set[tuple[str, object]] = {("DID", keys.did)}
    for index, vasp in enumerate(keys.vasps):
        place = f"vasp[{index}]"
        marks: list[tuple[str, str, object]] = [
            ("name", "name", re.sub(r"[^a-z0-9]", "", vasp.name.casefold())),
            ("did", "DID", vasp.did),
            *([("lei", "LEI", vasp.lei)] if vasp.lei else []),
        ]
        for number, key in enumerate(vasp.keys):
            marks.append((f"keys[{number}].kid", "kid", key.kid))
            marks.append((f"keys[{number}].public_key", "key", key.public_key))
            if key.kid.split("#")[0] != vasp.did:
                required = "the DID of this VASP, # and a name"
                yield Finding("VASPS-CONFLICT", f"{place}.keys[{number}].kid", "another DID", required)
        for where, what, mark in marks:
            if (what, mark) in seen:
                yield Finding(
                    "VASPS-CONFLICT", f"{place}.{where}", f"a {what} that is there already", f"each {what} once"
                )
            seen.add((what, mark))


class _Row(NamedTuple):
    kid: str
    algorithm: str
    public_key: str
    not_after: int


class _Key(Object):
    """A key whose bytes are a point that its algorithm takes."""

    def read(self, value: object, where: str, reading: Reading) -> VaspKey | None:
        """The key."""
        row: _Row | None = super().read(value, where, reading)
        if row is None:
            return None
        point = _point(row.algorithm, _octets(row.public_key))
        if point is None:
            required = f"the raw key for {row.algorithm}, in base64url or in hex"
            reading.fault(Fault.TEXT, f"{where}.public_key", "no such key", required)
            return None
        return VaspKey(row.kid, row.algorithm, point, row.not_after)


def _octets(text: str) -> bytes:
    """The bytes of hex in small letters or of base64url; no length of a key is written alike in both."""
    try:
        return bytes.fromhex(text) if re.fullmatch(r"([0-9a-f]{2}){32,65}", text) else unbase64url(text)
    except ValueError:
        return b""


def _point(algorithm: str, octets: bytes) -> bytes | None:
    """The key in its one form; None for bytes that are no point of the curve, or one of small order."""
    if algorithm == EDDSA:
        return octets if len(octets) == 32 and nacl.bindings.crypto_core_ed25519_is_valid_point(octets) else None
    try:
        return coincurve.PublicKey(octets).format() if octets[:1] in (b"\x02", b"\x03", b"\x04") else None
    except ValueError:
        return None


def _document(version: int, did: str, vasps: tuple[Vasp, ...]) -> VaspKeys:
    del version
    return VaspKeys(did, vasps)


_KEY = _Key(
    _Row,
    {
        "kid": need("kid", shape=KID),
        "algorithm": need("alg", shape=Word(ALGORITHMS)),
        "public_key": need("public_key", shape=Text(130, re.compile(r"[A-Za-z0-9_-]+"), "base64url or hex")),
        "not_after": need("not_after", shape=Moment()),
    },
)
_VASP = Object(
    Vasp,
    {
        "name": need("name", shape=Text(100)),
        "lei": may("lei", shape=Lei()),
        "jurisdiction": need("jurisdiction", shape=Text(2, re.compile(r"[A-Z]{2}"), "an ISO 3166-1 alpha-2 code")),
        "did": need("did", shape=DID),
        "keys": need("keys", shape=Many(_KEY, 1, MAX_KEYS)),
    },
)
_DOCUMENT = Object(
    _document,
    {
        "version": need("version", shape=Whole(VERSION, VERSION)),
        "did": need("did", shape=DID),
        "vasps": may("vasp", shape=Many(_VASP, 0, MAX_VASPS)),
    },
)
