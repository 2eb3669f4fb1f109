"""What a new roster makes newly possible (docs/spec/loosening.md)."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace

from custody.officers.roster import Person, Role, Roster
from custody.policy.compare.change import Change, by_field, in_order, verdict
from custody.times import rfc3339

_HOUR = 3_600
_MAY = {
    Role.OFFICER: "consent and veto on the device",
    Role.OPERATOR: "make requests",
    Role.APPROVER: "approve requests",
    Role.COMPLIANCE: "sign policies, lists, token registries, rosters and VASP keys",
    Role.AUDITOR: "look into the log",
}


def compare_roster(old: Roster | None, new: Roster) -> tuple[Change, ...]:
    """What changes; ``old`` is None where no roster is in force. People are the same by their exact name."""
    if old is None:
        return in_order(_added(person) for person in new.people)
    comparisons = {
        "house": _house,
        "activation_delay": _delay,
        "signatures": _signatures,
        "consent": _consent,
        "people": _people,
    }
    return in_order(by_field(old, new, comparisons))


def _house(old: Roster, new: Roster) -> Iterator[Change]:
    yield Change(True, "house", old.house, new.house, f"a bundle of {new.house}: {verdict(loosens=True)}")


def _delay(old: Roster, new: Roster) -> Iterator[Change]:
    loosens, hours = new.activation_delay < old.activation_delay, [old.activation_delay, new.activation_delay]
    before, after = (f"{seconds // _HOUR} hour(s)" for seconds in hours)
    sooner = f"what loosens, in force {min(hours) // _HOUR} hour(s) after the officers agreed to it"
    example = f"{sooner}: {verdict(loosens=loosens, yes='possible', no='too early')}"
    yield Change(loosens, "activation_delay_hours", before, after, example)


def _signatures(old: Roster, new: Roster) -> Iterator[Change]:
    for kind in sorted(old.signatures.keys() | new.signatures.keys()):
        before, after = old.signatures.get(kind), new.signatures.get(kind)
        if before is None or after is None:
            yield _taken_in(kind, before, after)
        elif before != after:
            yield _count(
                f"signatures.{kind}", before, after, f"signature(s) of compliance under a bundle of type {kind}"
            )


def _taken_in(kind: str, before: int | None, after: int | None) -> Change:
    was, will = ("not taken in" if count is None else f"{count} needed" for count in (before, after))
    example = f"a bundle of type {kind}: {verdict(loosens=before is None, yes='taken in', no='refused')}"
    return Change(before is None, f"signatures.{kind}", was, will, example)


def _consent(old: Roster, new: Roster) -> Iterator[Change]:
    yield _count("consent.officers", old.consent, new.consent, "officer(s) who consent on the device")


def _count(rule: str, old: int, new: int, what: str) -> Change:
    example = f"{min(old, new)} {what}: {verdict(loosens=new < old, yes='enough', no='not enough')}"
    return Change(new < old, rule, f"{old} needed", f"{new} needed", example)


def _people(old: Roster, new: Roster) -> Iterator[Change]:
    before, after = _by_name(old.people), _by_name(new.people)
    yield from (_added(person) for person in new.people if person.name not in before)
    for person in old.people:
        other = after.get(person.name)
        if other is None or _ends_earlier(person, other):
            yield _less(person, other)
        elif other != person:
            yield _changed(person, other)


def _by_name(people: Iterable[Person]) -> dict[str, Person]:
    return {person.name: person for person in people}


def _ends_earlier(old: Person, new: Person) -> bool:
    """Whether that is all that changes."""
    return (
        replace(new, until=old.until) == old and new.until is not None and (old.until is None or new.until < old.until)
    )


def _added(new: Person) -> Change:
    example = f"{new.name} may {_MAY[new.role]}: {verdict(loosens=True, yes='yes', no='no')}"
    return Change(True, "person", "not on the roster", _described(new), example)


def _less(old: Person, new: Person | None) -> Change:
    """Somebody who goes, or goes earlier; of an officer that is one veto less."""
    after, now = (_described(new), f"yes{_until(new)}") if new else ("not on the roster", "no")
    example = f"{old.name} may {_MAY[old.role]}: yes{_until(old)} before, {now} now"
    return Change(old.role is Role.OFFICER, "person", _described(old), after, example)


def _changed(old: Person, new: Person) -> Change:
    example = f"{new.name} may {_MAY[new.role]}, as this person: {verdict(loosens=True, yes='yes', no='no')}"
    return Change(True, "person", _described(old), _described(new), example)


def _described(person: Person) -> str:
    """All of a person; of the certificate also a digest, because one primary key can have several."""
    proof = ""
    if person.certificate is not None:
        digest = hashlib.sha256(person.certificate).hexdigest()
        proof = f", certificate {person.fingerprint} with SHA-256 {digest}"
    return f"{person.name}, {person.role} of {person.organisation}{proof}{_until(person)}"


def _until(person: Person) -> str:
    return "" if person.until is None else f" until {rfc3339(person.until)}"
