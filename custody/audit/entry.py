"""A log entry: its public part, which is the leaf of the tree, and the private part to which it commits.

The public part has one form, checked whole by one pattern. The private part is bound field by field, so that one
field can be shown to an auditor, or the part erased, and the tree still stands (docs/spec/log.md).
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from custody.audit.merkle import leaf_hash
from custody.codec import canonical_json
from custody.codec.canonical_json import Json
from custody.errors import CustodyError, EvidenceError, HomeError, InputError
from custody.times import rfc3339, seconds_of

VERSION = 1
MAX_LEAF = 1_024
MAX_PRIVATE = 8 * 1_048_576
SALT_BYTES = 32


class Kind(StrEnum):
    """What an entry records. Later versions add kinds; a kind keeps its meaning and its fields."""

    INIT = "init"
    POLICY = "policy"
    LIST = "list"
    ACCOUNT = "account"
    AUTHORISED = "authorised"
    ANSWERED = "answered"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    UNLOCK_FAILED = "unlock-failed"
    TORN = "torn"
    TOKENS = "tokens"
    ROSTER = "roster"
    INSTALLED = "installed"
    INSTALL_REFUSED = "install-refused"
    IN_FORCE = "in-force"
    VETOED = "vetoed"
    FROZEN = "frozen"
    THAWING = "thawing"
    DECLINED = "declined"
    VASPS = "vasps"
    TAKEN_IN = "taken-in"
    NETWORK = "network"


@dataclass(frozen=True, slots=True)
class Schema:
    """What an entry of a kind holds: its private fields' names, whether it is about a request, whether it answers."""

    private: str
    request: bool = False
    answer: bool = False

    @property
    def names(self) -> frozenset[str]:
        """The private fields, no more and no fewer."""
        return frozenset(self.private.split())


_JUDGED = (
    "account approvals decision decision_digest facts facts_digest list maker policy purpose roster tokens travel_rule "
    "vasps"
)
_AUTHORISED = "authorizations charges elapsed officers records spends transaction_id"
#: What every decision about the device itself holds: who took it, when by the elapsed clock, and what is in force then.
_DECIDED = "agreed elapsed officers sealed_rules state"

SCHEMAS: Mapping[str, Schema] = {
    Kind.INIT: Schema(
        "accounts_digest elapsed master_fingerprint officers origin rehearsal sealed_rules state threshold"
    ),
    Kind.POLICY: Schema("digest text"),
    Kind.LIST: Schema("digest text"),
    Kind.ACCOUNT: Schema("accounts_digest chain descriptor name"),
    Kind.AUTHORISED: Schema(
        f"{_JUDGED} authorizations charges elapsed officers records spends transaction_id", request=True
    ),
    Kind.ANSWERED: Schema("authorised seen signatures", request=True, answer=True),
    Kind.REFUSED: Schema(f"{_JUDGED} seen", request=True, answer=True),
    Kind.CANCELLED: Schema("officers reason", request=True),
    Kind.INTERRUPTED: Schema("authorised", request=True),
    Kind.UNLOCK_FAILED: Schema("officers reason"),
    Kind.TORN: Schema("bytes digest"),
    Kind.TOKENS: Schema("digest text"),
    Kind.ROSTER: Schema("digest text"),
    Kind.INSTALLED: Schema(f"{_DECIDED} digest text"),
    Kind.INSTALL_REFUSED: Schema("digest kind reason sequence"),
    Kind.IN_FORCE: Schema("elapsed state"),
    Kind.VETOED: Schema(_DECIDED),
    Kind.FROZEN: Schema(_DECIDED),
    Kind.THAWING: Schema(_DECIDED),
    Kind.DECLINED: Schema("officers reason"),
    Kind.VASPS: Schema("digest text"),
    Kind.TAKEN_IN: Schema("bytes digest kind"),
    Kind.NETWORK: Schema("interfaces"),
}

_DIGEST = '"([0-9a-f]{64})"'
_LEAF = re.compile(
    rf'\{{"answer":(?:null|{_DIGEST}),"index":(0|[1-9][0-9]{{0,15}}),"kind":"([a-z][a-z-]{{0,31}})",'
    rf'"outcome":(?:null|"([A-Za-z][A-Za-z0-9-]{{0,31}})"),"previous":(?:null|{_DIGEST}),"private":{_DIGEST},'
    rf'"request":(?:null|{_DIGEST}),"sealed":{_DIGEST},'
    rf'"time":"([0-9]{{4}}(?:-[0-9]{{2}}){{2}}T[0-9]{{2}}(?::[0-9]{{2}}){{2}}Z)","version":{VERSION}\}}'
)


@dataclass(frozen=True, slots=True)
class Entry:
    """The public part of an entry.

    Attributes:
        index: place in the log, from 0.
        kind: what happened, a word of `Kind` or of a later version.
        request, answer: digests, 32 bytes, where the entry is about a request or its answer.
        outcome: one word, or absent.
        time: Unix seconds, by the device's clock.
        private: commitment to the private part (`private_hash`).
        sealed: SHA-256 of the sealed private part as it is written in the log's file.
        previous: SHA-256 of the signature written with the entry before; absent in entry 0.
    """

    index: int
    kind: str
    request: bytes | None
    outcome: str | None
    answer: bytes | None
    time: int
    private: bytes
    sealed: bytes
    previous: bytes | None

    @property
    def leaf(self) -> bytes:
        """Canonical JSON: exactly the bytes that the tree hashes."""
        return canonical_json.dumps(self._head() | {"private": self.private.hex(), "sealed": self.sealed.hex()})

    @property
    def leaf_hash(self) -> bytes:
        """The entry's hash in the tree (RFC 6962 2.1)."""
        return leaf_hash(self.leaf)

    @property
    def head(self) -> bytes:
        """The public part without ``private`` and ``sealed``: what the salts are derived from."""
        return canonical_json.dumps(self._head())

    def _head(self) -> dict[str, Json]:
        return {
            "answer": _hex(self.answer),
            "index": self.index,
            "kind": self.kind,
            "outcome": self.outcome,
            "previous": _hex(self.previous),
            "request": _hex(self.request),
            "time": rfc3339(self.time),
            "version": VERSION,
        }

    @classmethod
    def parse(cls, leaf: bytes) -> "Entry":
        """The entry whose leaf this is.

        Raises:
            EvidenceError: ENTRY-SYNTAX.
        """
        match = _LEAF.fullmatch(leaf.decode("latin-1")) if len(leaf) <= MAX_LEAF else None
        if not match:
            raise _bad_syntax()
        answer, index, kind, outcome, previous, private, request, sealed, time = match.groups()
        entry = cls(
            index=int(index),
            kind=kind,
            request=_unhex(request),
            outcome=outcome,
            answer=_unhex(answer),
            time=_seconds(time),
            private=bytes.fromhex(private),
            sealed=bytes.fromhex(sealed),
            previous=_unhex(previous),
        )
        if entry.index > canonical_json.MAX_INT or (entry.previous is None) != (entry.index == 0):
            raise _bad_syntax()
        return entry


def _seconds(text: str) -> int:
    try:
        return seconds_of(text)
    except InputError as error:
        raise _bad_syntax() from error


def _hex(octets: bytes | None) -> str | None:
    return None if octets is None else octets.hex()


def _unhex(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)


def _bad_syntax() -> EvidenceError:
    return EvidenceError("ENTRY-SYNTAX", "This is not the public part of a log entry.")


def check_schema(kind: str, request: bytes | None, answer: bytes | None, fields: Mapping[str, Json]) -> None:
    """That an entry about to be written holds exactly what its kind holds.

    Raises:
        HomeError: ENTRY-SCHEMA.
    """
    schema = SCHEMAS.get(kind)
    whole = (
        schema is not None
        and schema.names == set(fields)
        and schema.request == (request is not None)
        and schema.answer == (answer is not None)
    )
    if not whole:
        raise HomeError("ENTRY-SCHEMA", f"An entry of kind {kind!r} does not hold what its kind must hold.")


def field_salt(entry_salt: bytes, name: str) -> bytes:
    """The salt of one field: HMAC-SHA-256(entry salt, name)."""
    return hmac.digest(entry_salt, name.encode(), "sha256")


def commitment(value: Json, salt: bytes) -> str:
    """What binds one field: SHA-256(salt || canonical JSON of the value), in hex."""
    return hashlib.sha256(salt + canonical_json.dumps(value)).hexdigest()


def private_hash(fields: Mapping[str, Json], salts: Mapping[str, bytes]) -> bytes:
    """The commitment to a private part, given each field's salt. Raises EvidenceError PRIVATE-PART."""
    if set(fields) != set(salts) or any(len(salt) != SALT_BYTES for salt in salts.values()):
        raise EvidenceError("PRIVATE-PART", "The salts are not those of the private part's fields.")
    return _hash_of({name: commitment(value, salts[name]) for name, value in fields.items()})


def _hash_of(commitments: Mapping[str, str]) -> bytes:
    return hashlib.sha256(canonical_json.dumps(dict(commitments))).digest()


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One field of an entry's private part, with what proves it.

    Attributes:
        index: the entry. name, value: the field. salt: the field's salt, 32 bytes.
        others: commitments of the fields that stay hidden, by name, lower-case hex.
    """

    index: int
    name: str
    value: Json
    salt: bytes
    others: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PrivatePart:
    """What an entry holds that only the device, and whom it discloses to, may read."""

    fields: Mapping[str, Json]
    entry_salt: bytes

    @property
    def salts(self) -> dict[str, bytes]:
        """Each field's salt."""
        return {name: field_salt(self.entry_salt, name) for name in self.fields}

    @property
    def digest(self) -> bytes:
        """The commitment that stands in the public part as ``private``."""
        return private_hash(self.fields, self.salts)

    def disclose(self, index: int, name: str) -> Disclosure:
        """One field of entry ``index``, the others staying hidden. Raises EvidenceError PRIVATE-PART."""
        salts = self.salts
        if name not in salts:
            raise EvidenceError("PRIVATE-PART", f"Entry {index} has no private field of that name.")
        others = {other: commitment(self.fields[other], salts[other]) for other in salts if other != name}
        return Disclosure(index, name, self.fields[name], salts[name], others)

    def serialize(self) -> bytes:
        """Canonical JSON, to be sealed."""
        return canonical_json.dumps({"fields": dict(self.fields), "salt": self.entry_salt.hex()})

    @classmethod
    def parse(cls, text: bytes) -> "PrivatePart":
        """From an opened seal. Raises EvidenceError PRIVATE-PART."""
        try:
            match canonical_json.loads(text, limit=MAX_PRIVATE):
                case {"fields": dict(fields), "salt": str(salt)}:
                    part = cls(fields, bytes.fromhex(salt))
                    if part.serialize() == text and len(part.entry_salt) == SALT_BYTES:
                        return part
        except (CustodyError, ValueError) as error:
            raise _bad_private() from error
        raise _bad_private()


def verify_disclosure(entry: Entry, disclosure: Disclosure) -> None:
    """That the disclosed value is the one that the entry committed to.

    Raises:
        EvidenceError: PRIVATE-PART.
    """
    commitments = {**disclosure.others, disclosure.name: commitment(disclosure.value, disclosure.salt)}
    whole = disclosure.index == entry.index and disclosure.name not in disclosure.others
    # A salt of another length could shift bytes between salt and value.
    if not whole or len(disclosure.salt) != SALT_BYTES or _hash_of(commitments) != entry.private:
        raise EvidenceError("PRIVATE-PART", f"What was disclosed is not what entry {entry.index} committed to.")


def _bad_private() -> EvidenceError:
    return EvidenceError("PRIVATE-PART", "The private part of an entry is not in its form.")
