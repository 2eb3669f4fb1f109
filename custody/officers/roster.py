"""The roster: who may do what in a house, with the certificate that proves it (docs/spec/roster.md). TOML, version 1.

A certificate's bytes are part of the roster: nothing is looked up anywhere, and no other key is trusted.
"""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

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
from custody.errors import CustodyError, InputError
from custody.officers.openpgp import Certificate
from custody.wire.bundle import HOUSE, KINDS

VERSION = 1
MAX_ROSTER_BYTES = 262_144
MAX_POINTS = 20_000
MAX_PEOPLE = 64
MAX_NAME = 64
MAX_ORGANISATION = 100
MAX_DELAY_HOURS = 720
MAX_SIGNERS = 10
MAX_CONSENT = 5

#: Kinds of bundles that a house may do without: whose number is absent is not taken in.
OPTIONAL = frozenset({"vasps"})

CODES = {
    Fault.KEY: "ROSTER-KEY",
    Fault.MISSING: "ROSTER-MISSING",
    Fault.TYPE: "ROSTER-TYPE",
    Fault.TEXT: "ROSTER-TEXT",
    Fault.NUMBER: "ROSTER-NUMBER",
    Fault.WORD: "ROSTER-WORD",
    Fault.COUNT: "ROSTER-COUNT",
    Fault.CONFLICT: "ROSTER-DUPLICATE",
}


class Role(StrEnum):
    """What a person may do; exactly one of these."""

    OFFICER = "officer"
    OPERATOR = "operator"
    APPROVER = "approver"
    COMPLIANCE = "compliance"
    AUDITOR = "auditor"


_SIGNERS = frozenset({Role.OPERATOR, Role.APPROVER, Role.COMPLIANCE})


@dataclass(frozen=True, slots=True)
class Person:
    """A person of the roster.

    Attributes:
        certificate: the binary OpenPGP certificate; None only for officers and auditors.
        fingerprint: of the certificate, 40 capital hex digits.
        until: Unix seconds from which the person is not valid any more; None for no such end.
    """

    name: str
    role: Role
    organisation: str
    certificate: bytes | None = None
    fingerprint: str | None = None
    until: int | None = None

    def valid(self, at: int) -> bool:
        """Whether the roster still counts this person at Unix time ``at``."""
        return self.until is None or self.until > at


@dataclass(frozen=True, slots=True)
class Roster:
    """The people of a house.

    Attributes:
        house: the house, as its bundles name it.
        activation_delay: how long what loosens waits, seconds.
        signatures: how many compliance officers must sign a bundle of each kind; none is taken in of an absent kind.
        consent: how many officers must consent on the device.
    """

    house: str
    activation_delay: int
    signatures: Mapping[str, int]
    consent: int
    people: tuple[Person, ...]

    @classmethod
    def parse(cls, toml: bytes) -> "Roster":
        """A roster from the exact bytes of its file.

        Raises:
            InputError: ROSTER-SIZE, ROSTER-SYNTAX; or a SchemaError with every fault under one of `CODES`, or with
                ROSTER-QUORUM for each number of people that could not be reached after the loss of one.
        """
        # Each point of a key makes a table, which costs a kilobyte.
        if toml.count(b".") > MAX_POINTS:
            raise InputError("ROSTER-SIZE", f"The roster holds more than {MAX_POINTS:,} points.")
        value = toml_file.loads(
            toml, limit=MAX_ROSTER_BYTES, name="roster", size_code="ROSTER-SIZE", syntax_code="ROSTER-SYNTAX"
        )
        roster: Roster = read(_DOCUMENT, value, CODES)
        findings = tuple(roster._out_of_reach())
        if findings:
            raise SchemaError(findings)
        return roster

    @property
    def officers(self) -> tuple[str, ...]:
        """Names of the officers, in the roster's order."""
        return tuple(person.name for person in self.of_role(Role.OFFICER))

    def consenting(self, at: int) -> tuple[str, ...]:
        """Names of the officers who are valid at Unix time ``at``."""
        return tuple(person.name for person in self.of_role(Role.OFFICER) if person.valid(at))

    def lasting(self, role: Role) -> tuple[str, ...]:
        """Names of the people of a role who have no end."""
        return tuple(person.name for person in self.of_role(role) if person.until is None)

    def person(self, fingerprint: str) -> Person | None:
        """Whose certificate has this fingerprint, 40 capital hex digits."""
        return next((person for person in self.people if person.fingerprint == fingerprint), None)

    def of_role(self, role: Role) -> tuple[Person, ...]:
        """The people of a role, in the roster's order."""
        return tuple(person for person in self.people if person.role is role)

    def reach(self, role: Role, at: int) -> int:
        """How many people of a role are valid at Unix time ``at``."""
        return sum(person.valid(at) for person in self.of_role(role))

    def _out_of_reach(self) -> Iterator[Finding]:
        """Numbers of people that this house has not, or would not have after the loss of one."""
        for kind, count in self.signatures.items():
            why = f"{count} must sign a bundle of type {kind}, and one may be lost"
            yield from self._too_few(f"signatures.{kind}", Role.COMPLIANCE, count + 1, why)
        why = f"{self.consent} must consent on the device, and one may be lost"
        yield from self._too_few("consent.officers", Role.OFFICER, self.consent + 1, why)
        yield from self._too_few("person", Role.OPERATOR, 1, "without one nobody makes a request")
        yield from self._too_brief("signatures.roster", Role.COMPLIANCE, self.signatures["roster"])
        yield from self._too_brief("consent.officers", Role.OFFICER, self.consent)

    def _too_few(self, where: str, role: Role, needed: int, why: str) -> Iterator[Finding]:
        there = len(self.of_role(role))
        if there < needed:
            yield Finding("ROSTER-QUORUM", where, f"{there} of role {role}", f"at least {needed} ({why})")

    def _too_brief(self, where: str, role: Role, needed: int) -> Iterator[Finding]:
        """A day may not come on which nobody can put another roster in the place of this one."""
        if (there := len(self.lasting(role))) < needed <= len(self.of_role(role)):
            observed = f"{there} of role {role} without an until"
            yield Finding("ROSTER-QUORUM", where, observed, f"at least {needed}, or the day comes when none is left")


class _Certificate(NamedTuple):
    octets: bytes
    fingerprint: str


class _CertificateText:
    """A binary OpenPGP certificate in base64, in one line or more."""

    def read(self, value: object, where: str, reading: Reading) -> _Certificate | None:
        """The certificate with its fingerprint."""
        octets = _unbase64(value) if isinstance(value, str) else None
        if not octets:
            required = "the binary OpenPGP certificate in base64"
            reading.fault(Fault.TEXT, where, "no base64, or not in its one spelling", required)
            return None
        try:
            return _Certificate(octets, Certificate.parse(octets).fingerprint)
        except CustodyError as error:
            observed = f"a certificate that is refused ({error.code}: {error.message.rstrip('.')})"
            reading.fault(Fault.TEXT, where, observed, "one OpenPGP certificate of version 4")
            return None


def _unbase64(text: str) -> bytes | None:
    """The bytes; None where another text would stand for the same ones, spaces and line ends apart."""
    written = re.sub(r"[ \t\n]+", "", text)
    try:
        octets = base64.b64decode(written, validate=True)
    except ValueError:
        return None
    return octets if base64.b64encode(octets).decode("ascii") == written else None


class _People(Many):
    """People, each once: of one person with two roles nobody could say which vote counts."""

    def read(self, value: object, where: str, reading: Reading) -> tuple[Person, ...]:
        """The people as a tuple."""
        people: tuple[Person | None, ...] = super().read(value, where, reading)
        rows = [(f"{where}[{index}]", person) for index, person in enumerate(people) if person]
        spelled: dict[str, str] = {}
        for place, person in rows:
            spelled.setdefault(person.organisation, place)
            if person.role in _SIGNERS and person.certificate is None:
                required = f"a certificate, for the role {person.role}"
                reading.fault(Fault.MISSING, f"{place}.certificate", "missing", required)
        for place in _again((place, _alike(person.name)) for place, person in rows):
            required = "each name once, and none that looks like another"
            reading.fault(Fault.CONFLICT, f"{place}.name", "a name that is there already", required)
        for place in _again((place, {person.fingerprint}) for place, person in rows if person.fingerprint):
            reading.fault(Fault.CONFLICT, f"{place}.certificate", "a certificate that is there already", "one a person")
        # Policies count organisations: one must not look like two.
        for place in _again((place, _alike(organisation)) for organisation, place in spelled.items()):
            reading.fault(
                Fault.CONFLICT, f"{place}.organisation", "an organisation in another spelling", "one spelling"
            )
        return tuple(person for _, person in rows)


def _again(rows: Iterable[tuple[str, set[str]]]) -> Iterator[str]:
    """The places of values that have something in common with one at a place before."""
    seen: set[str] = set()
    for place, marks in rows:
        if not seen.isdisjoint(marks):
            yield place
        seen |= marks


def _alike(text: str) -> set[str]:
    """What texts have in common that people take for one: by their letters, or by how these look."""
    seen = text.translate(_LOOKS).casefold().replace("rn", "m").replace("vv", "w")
    return {re.sub(r"[^a-z0-9]", "", text.casefold()) + "/said", re.sub(r"[^a-z0-9]", "", seen) + "/seen"}


def _person(name: str, role: str, organisation: str, certificate: _Certificate | None, until: int | None) -> Person:
    octets, fingerprint = certificate or (None, None)
    return Person(name, Role(role), organisation, octets, fingerprint, until)


def _counts(**counts: int | None) -> dict[str, int]:
    return {kind: count for kind, count in counts.items() if count is not None}


def _officers(officers: int) -> int:
    return officers


def _roster(
    version: int, house: str, delay_hours: int, signatures: dict[str, int], consent: int, people: tuple[Person, ...]
) -> Roster:
    del version
    return Roster(house, delay_hours * 3_600, signatures, consent, people)


_WORDS = re.compile(r"[!-~]+( [!-~]+)*")
# Without signs that stand between names.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.'-]*( [A-Za-z0-9][A-Za-z0-9.'-]*)*")
# Signs that many typefaces draw alike.
_LOOKS = str.maketrans("I1|0", "lllo")
_MEANS = "printable ASCII, words with one space between"
_PERSON = Object(
    _person,
    {
        "name": need(
            "name", shape=Text(MAX_NAME, _NAME, "ASCII letters, digits and .'-, words with one space between")
        ),
        "role": need("role", shape=Word(tuple(Role))),
        "organisation": need("organisation", shape=Text(MAX_ORGANISATION, _WORDS, _MEANS)),
        "certificate": may("certificate", shape=_CertificateText()),
        "until": may("until", shape=Moment()),
    },
)
_SIGNATURES = Object(
    _counts,
    {kind: (may if kind in OPTIONAL else need)(kind, shape=Whole(1, MAX_SIGNERS)) for kind in KINDS},
)
_CONSENT = Object(_officers, {"officers": need("officers", shape=Whole(1, MAX_CONSENT))})
_DOCUMENT = Object(
    _roster,
    {
        "version": need("version", shape=Whole(VERSION, VERSION)),
        "house": need("house", shape=Text(63, HOUSE, "a-z, 0-9, point and hyphen, beginning with a letter or digit")),
        "delay_hours": need("activation_delay_hours", shape=Whole(1, MAX_DELAY_HOURS)),
        "signatures": need("signatures", shape=_SIGNATURES),
        "consent": need("consent", shape=_CONSENT),
        "people": need("person", shape=_People(_PERSON, 1, MAX_PEOPLE)),
    },
)
