"""Bundles as the compliance desk makes them: read, given a header, signed (docs/spec/bundle.md)."""

import hashlib
import mmap
from collections.abc import Iterator
from dataclasses import dataclass, replace

from custody.coordinator.signing import Made
from custody.errors import CustodyError, InputError, UsageError
from custody.officers.openpgp import MAX_SIGNATURE_LEAD, Certificate, Claim, DetachedSignature, SignatureVerifier
from custody.officers.roster import Person, Role, Roster
from custody.screening.large import NONE, Held, Lists, Reference, Watch
from custody.wire.bundle import HOUSE, MAGIC, Bundle, Kind, SignedBundle

DAYS = 90
MAX_DAYS = 3_650

_DAY = 86_400
# A CBOR map of three keys; no text in UTF-8 begins so.
_MESSAGE = b"\xa3"


@dataclass(frozen=True, slots=True)
class RulesFile:
    """A file that decides, with its header and signatures where it is a bundle.

    Attributes:
        exact: the bytes that are signed, or the bare file.
        message: whether it was read from a bundle's message, which has a place for signatures.
        lists: the large list that ``body`` names, where the file is one.
    """

    kind: Kind
    body: bytes
    exact: bytes
    signed: SignedBundle | None
    message: bool = False
    lists: Lists = NONE

    @classmethod
    def of_large_list(cls, octets: mmap.mmap, watch: Watch) -> "RulesFile":
        """A built list that no bundle can hold: what a bundle holds in its place."""
        digest = hashlib.sha256(octets).digest()
        body = Reference(len(octets), digest).serialize()
        return cls("list", body, body, None, lists=Held({digest: octets}, watch))

    @classmethod
    def read(cls, octets: bytes, kind: Kind) -> "RulesFile":
        """A bare file, the content of a bundle, or a bundle with its signatures.

        Raises:
            InputError: BUNDLE-TYPE for a bundle of another kind, or a code of its reader.
        """
        signed = read_bundle(octets)
        if signed is None:
            return cls(kind, octets, octets, None)
        bundle = signed.bundle
        if bundle.kind != kind:
            hint = f"Was another file meant? What a {bundle.kind} says: custody compliance {bundle.kind} check"
            raise InputError("BUNDLE-TYPE", f"This is a bundle of type {bundle.kind}, not {kind}.", hint)
        return cls(kind, bundle.body, signed.content, signed, octets.startswith(_MESSAGE))


def read_bundle(octets: bytes) -> SignedBundle | None:
    """The bundle in a file; None for a bare file. Raises InputError."""
    if octets.startswith(MAGIC):
        Bundle.parse(octets)
        return SignedBundle(octets)
    return SignedBundle.parse(octets) if octets.startswith(_MESSAGE) else None


@dataclass(frozen=True, slots=True)
class Header:
    """What a person says about a new bundle; None leaves it to be derived.

    Attributes:
        previous: the bundle that it follows; ``first`` where there is none.
        not_before: Unix seconds.
    """

    house: str | None = None
    sequence: int | None = None
    previous: Bundle | None = None
    first: bool = False
    not_before: int | None = None
    days: int | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing was said."""
        return self == Header()


def make_bundle(kind: Kind, body: bytes, header: Header, now: int, roster: Roster | None) -> Bundle:
    """A new bundle of a bare file.

    Raises:
        UsageError: BUNDLE-OPTIONS.
        InputError: BUNDLE-SIZE, BUNDLE-TIMES, or what the roster's reader says.
    """
    begins = now if header.not_before is None else header.not_before
    made = Bundle(
        kind=kind,
        house=_house(kind, body, header, roster),
        sequence=_sequence(kind, header),
        not_before=begins,
        not_after=begins + (header.days or DAYS) * _DAY,
        previous=header.previous.digest if header.previous else None,
        body=body,
    )
    return Bundle.parse(made.content)


def _house(kind: Kind, body: bytes, header: Header, roster: Roster | None) -> str:
    own = Roster.parse(body).house if kind == "roster" else None
    known = [own, header.house, header.previous and header.previous.house, roster and roster.house]
    houses = {one for one in known if one}
    if not houses:
        raise _options("Nothing says whose this bundle is.", "--house NAME, as the roster names the house.")
    if len(houses) > 1:
        raise _options(f"It cannot be for {' and '.join(sorted(houses))}.", "It has one house.")
    (house,) = houses
    if not HOUSE.fullmatch(house):
        raise _options("A house is 1 to 63 of a-z, 0-9, point and hyphen.", "Name it as the roster does.")
    return house


def _sequence(kind: Kind, header: Header) -> int:
    if header.previous is None and not header.first:
        raise _options("Nothing says what this bundle follows.", "--previous F.bundle, or none for the first.")
    if header.previous and header.previous.kind != kind:
        raise _options(f"A {kind} does not follow a {header.previous.kind}.", "Name the last bundle of the same type.")
    least = header.previous.sequence + 1 if header.previous else 1
    sequence = least if header.sequence is None else header.sequence
    if sequence < least or (header.first and sequence != 1):
        raise _options(f"Sequence {sequence} does not follow.", f"It is {least} where --sequence is left out.")
    return sequence


def _options(message: str, hint: str) -> UsageError:
    return UsageError("BUNDLE-OPTIONS", message, hint)


def with_signature(signed: SignedBundle, made: Made) -> SignedBundle:
    """The bundle with one signature more; an older one by the same certificate goes.

    Raises:
        InputError: WIRE-LIMIT for more than fit.
    """
    issuer = DetachedSignature.parse(made.signature).issuer
    keys = (*made.keys, *([issuer] if issuer else []))
    others = [one for one in signed.signatures if not _is_by(one, keys)]
    both = replace(signed, signatures=(*others, made.signature))
    return SignedBundle.parse(both.serialize())


def _is_by(signature: bytes, keys: tuple[str, ...]) -> bool:
    issuer = _issuer(signature)
    return issuer is not None and any(key.endswith(issuer) for key in keys)


def _issuer(signature: bytes) -> str | None:
    try:
        return DetachedSignature.parse(signature).issuer
    except CustodyError:
        return None


@dataclass(frozen=True, slots=True)
class Signer:
    """One signature of a bundle.

    Attributes:
        key: what it claims of its key; None where it claims nothing.
        person: whose key that is in the roster.
        fault: why it does not count; empty where it does, None where no roster was given.
    """

    key: str | None
    person: Person | None
    fault: str | None

    @property
    def told(self) -> str:
        """In words."""
        who = f"{self.person.name}, {self.person.organisation}" if self.person else f"key {self.key or 'not named'}"
        return f"{who}: {'not judged without --roster' if self.fault is None else self.fault or 'counts'}"


def signers(signed: SignedBundle, roster: Roster | None, verifier: SignatureVerifier, now: int) -> Iterator[Signer]:
    """Each signature, judged by the roster as a signer judges it."""
    seen: set[str] = set()
    for signature in signed.signatures:
        key = _issuer(signature)
        person = next((one for one in roster.people if key and _holds(one, key)), None) if roster else None
        fault = None if roster is None else _fault(signature, signed.content, person, verifier, now)
        if person and not fault and person.name in seen:
            fault = "has signed twice"
        if person:
            seen.add(person.name)
        yield Signer(key, person, fault)


def _holds(person: Person, key: str) -> bool:
    if person.certificate is None:
        return False
    return any(one.endswith(key) for one in Certificate.parse(person.certificate).keys)


def _fault(signature: bytes, content: bytes, person: Person | None, verifier: SignatureVerifier, now: int) -> str:
    if person is None or person.certificate is None:
        return "does not count: not on the roster"
    if person.role is not Role.COMPLIANCE or not person.valid(now):
        return f"does not count: {person.role}{'' if person.valid(now) else ', not any more'}"
    try:
        if DetachedSignature.parse(signature).created > now + MAX_SIGNATURE_LEAD:
            return "does not count: dated after today"
        verifier.verify(Claim(content, signature, person.certificate), now)
    except CustodyError as error:
        return f"does not count: {error.message}"
    return ""
