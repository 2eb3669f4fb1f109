"""What a signed bundle would do to this device: a pure proposal, which officers read and may agree to.

A bundle is authority to propose, never to loosen (invariant 12): what it newly allows is found here, by comparing it
with what is in force, and waits for the roster's delay. `propose` is asked twice, by the program at the screen and by
the process that holds the key; the same values give the same proposal.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from custody.codec.canonical_json import Json
from custody.errors import CustodyError, HomeError
from custody.evm.tokens import TokenRegistry
from custody.governance.clocks import Times
from custody.governance.moments import Delay
from custody.governance.state import Held, State
from custody.officers.compare import compare_roster
from custody.officers.openpgp import MAX_SIGNATURE_LEAD, Certificate, Claim, DetachedSignature, SignatureVerifier
from custody.officers.roster import Person, Role, Roster
from custody.policy.compare.change import Change, in_order, verdict
from custody.policy.compare.flagged_list import compare_list
from custody.policy.compare.policy import compare_policy
from custody.policy.compare.tokens import compare_tokens
from custody.policy.compare.vasps import compare_vasps
from custody.policy.document import Policy
from custody.screening.flagged import FlaggedList
from custody.screening.large import NONE, Lists
from custody.travel_rule.vasp_keys import VaspKeys
from custody.wire.bundle import Bundle, Kind, SignedBundle

#: How far a sequence may lie beyond the highest that was taken in: the highest of all leaves room for none.
MAX_LEAP = 1_000_000


@dataclass(frozen=True, slots=True)
class Standing:
    """What a proposal is judged against.

    Attributes:
        state: matured to these times.
        bodies: by kind, the body of the file in force.
        spans: by kind, for how many seconds that is valid, where it came in a bundle.
        officers: names of those who have a secret on this device.
        lists: the large lists that are on it.
    """

    state: State
    bodies: Mapping[str, bytes]
    officers: tuple[str, ...]
    times: Times
    spans: Mapping[str, int] = field(default_factory=dict)
    lists: Lists = NONE

    def roster(self) -> Roster:
        """The roster in force. Raises HomeError ROSTER-NONE."""
        if "roster" not in self.bodies:
            raise HomeError(
                "ROSTER-NONE",
                "This device knows no roster, so it cannot know whose signature counts.",
                "A home with a roster takes bundles: custody signer init --roster F",
            )
        return Roster.parse(self.bodies["roster"])

    def tokens(self) -> TokenRegistry:
        """The token registry in force."""
        return TokenRegistry.parse(self.bodies["tokens"]) if "tokens" in self.bodies else TokenRegistry()


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would happen.

    Attributes:
        bundle: what was signed. signers: names of the compliance officers who signed it.
        changes: what becomes possible or impossible, what is newly allowed first.
        delay: after what delay it comes into force; None for at once.
        state: what the state would be.
    """

    bundle: Bundle
    signers: tuple[str, ...]
    changes: tuple[Change, ...]
    delay: Delay | None
    state: State

    def as_json(self) -> dict[str, Json]:
        """As canonical JSON values: what officers agree to. The moment is not part of it: a code outlives a minute."""
        return {
            "changes": [change.as_json() for change in self.changes],
            "delay": self.delay.seconds if self.delay else None,
            "digest": self.bundle.digest.hex(),
            "kind": self.bundle.kind,
            "sequence": self.bundle.sequence,
            "signers": list(self.signers),
        }


def propose(signed: SignedBundle, standing: Standing, verifier: SignatureVerifier) -> Proposal:
    """What this bundle would do.

    Raises:
        HomeError: ROSTER-NONE, BUNDLE-HOUSE, BUNDLE-ROLLBACK, BUNDLE-FORK, BUNDLE-KNOWN, BUNDLE-LEAP,
            BUNDLE-PREVIOUS-UNKNOWN, BUNDLE-EARLY, BUNDLE-EXPIRED, BUNDLE-KIND-CLOSED, BUNDLE-SIGNER-…,
            BUNDLE-SIGNATURE, BUNDLE-BODY, LIST-ABSENT, BUNDLE-UNREACHABLE.
    """
    bundle, roster = signed.bundle, standing.roster()
    if bundle.house != roster.house:
        raise _refused("BUNDLE-HOUSE", f"This bundle is made for {bundle.house}, and this device is {roster.house}'s.")
    _check_order(bundle, standing.state)
    check_time(bundle, standing.times.latest)
    signers = _signers(signed, roster, standing.times.latest, verifier)
    changes = in_order([*longer_validity(bundle, standing.spans.get(bundle.kind)), *_changes(bundle, standing)])
    _check_reachable(bundle, roster, standing)
    delay = Delay(standing.times.elapsed, roster.activation_delay) if any(one.loosens for one in changes) else None
    state = standing.state.taken(bundle.kind, Held(bundle.digest, bundle.sequence), delay)
    return Proposal(bundle, signers, changes, delay, state)


def _check_order(bundle: Bundle, state: State) -> None:
    """Invariant 9: a bundle never goes back, never forks, and follows one that this device knows."""
    seen, held = state.seen.get(bundle.kind), state.held.get(bundle.kind)
    if seen and bundle.digest == seen.digest:
        raise _refused("BUNDLE-KNOWN", "This device has taken in this very bundle before.", "There is nothing to do.")
    if seen and bundle.sequence < seen.sequence:
        message = f"This is {bundle.kind} number {bundle.sequence}; number {seen.sequence} was taken in before."
        raise _refused("BUNDLE-ROLLBACK", message)
    if seen and bundle.sequence == seen.sequence:
        message = f"Two different files are signed as {bundle.kind} number {bundle.sequence}."
        raise _refused("BUNDLE-FORK", message, "Keep both: together they prove it. Ask compliance what happened.")
    check_leap(bundle, seen.sequence if seen else 0)
    known = {one.digest for one in (seen, held) if one and one.sequence}
    # A device that never took one in begins with any: a second device must be able to join the house.
    if not known or bundle.previous in known:
        return
    message = f"This {bundle.kind} does not follow one that this device knows."
    raise _refused("BUNDLE-PREVIOUS-UNKNOWN", message, "Install those between first, or name the right previous one.")


def check_leap(bundle: Bundle, highest: int) -> None:
    """That a bundle's sequence leaves room for more. Raises HomeError BUNDLE-LEAP."""
    if bundle.sequence > highest + MAX_LEAP:
        message = f"This is {bundle.kind} number {bundle.sequence}; number {highest} is the highest taken in before."
        raise _refused("BUNDLE-LEAP", message, "Numbers go up by one. Ask compliance what happened.")


def check_time(bundle: Bundle, latest: int) -> None:
    """That a bundle is valid at Unix time ``latest``. Raises HomeError BUNDLE-EARLY, BUNDLE-EXPIRED."""
    if bundle.not_before > latest:
        raise _refused("BUNDLE-EARLY", "This bundle is not valid yet, by this device's clock.", "Is the clock right?")
    if bundle.not_after <= latest:
        raise _refused("BUNDLE-EXPIRED", "This bundle has expired, by this device's clock.", "Ask for a newer one.")


def _signers(signed: SignedBundle, roster: Roster, latest: int, verifier: SignatureVerifier) -> tuple[str, ...]:
    """Who signed: compliance officers of the roster in force, each once, as many as it asks for."""
    people = [_signer(signature, roster) for signature in signed.signatures]
    for name, times in Counter(person.name for person in people).items():
        if times > 1:
            raise _refused("BUNDLE-SIGNER-TWICE", f"{name} has signed this bundle {times} times.")
    needed = roster.signatures.get(signed.bundle.kind)
    if needed is None:
        message = f"The roster says of no number of signatures that it is enough for a {signed.bundle.kind} bundle."
        raise _refused("BUNDLE-KIND-CLOSED", message, "A roster with that number comes first.")
    if len(people) < needed:
        message = f"This {signed.bundle.kind} has {len(people)} signatures, and needs {needed} of compliance."
        raise _refused("BUNDLE-SIGNERS-MISSING", message, "custody compliance sign adds one.")
    for person, signature in zip(people, signed.signatures, strict=True):
        _check_signature(person, signature, signed.content, latest, verifier)
    return tuple(sorted(person.name for person in people))


def _signer(signature: bytes, roster: Roster) -> Person:
    """Whose key made a signature, by the key that it names; only `_check_signature` proves it."""
    try:
        issuer = DetachedSignature.parse(signature).issuer
    except CustodyError as error:
        raise _refused("BUNDLE-SIGNATURE", f"A signature cannot be read: {error.message}") from error
    person = next((one for one in roster.people if issuer and _has_key(one, issuer)), None)
    if person is None:
        raise _refused("BUNDLE-SIGNER-UNKNOWN", "A signature is by a key that is not on the roster.")
    if person.role is not Role.COMPLIANCE:
        raise _refused("BUNDLE-SIGNER-ROLE", f"{person.name} has signed, who is {person.role}, not compliance.")
    return person


def _has_key(person: Person, issuer: str) -> bool:
    """Whether a key, by fingerprint or key id in hex, stands in the person's pinned certificate."""
    if person.certificate is None:
        return False
    return any(key.endswith(issuer) for key in Certificate.parse(person.certificate).keys)


def _check_signature(
    person: Person, signature: bytes, content: bytes, latest: int, verifier: SignatureVerifier
) -> None:
    if not person.valid(latest):
        raise _refused("BUNDLE-SIGNER-ROLE", f"{person.name} is not on the roster any more.")
    if DetachedSignature.parse(signature).created > latest + MAX_SIGNATURE_LEAD:
        raise _refused("BUNDLE-SIGNATURE", f"The signature of {person.name} is dated after today.")
    try:
        verifier.verify(Claim(content, signature, person.certificate or b""), latest)
    except HomeError:
        raise
    except CustodyError as error:
        message = f"The signature of {person.name} does not hold: {error.message}"
        raise _refused("BUNDLE-SIGNATURE", message) from error


def longer_validity(bundle: Bundle, span: int | None) -> Iterator[Change]:
    """What it loosens to be valid for longer than the ``span`` of seconds of the bundle before it, if there was one:
    who holds back what is newer is believed for longer."""
    if span is not None and bundle.span > span:
        example = f"a request {_days(span)} after the {bundle.kind} has begun, with no newer one"
        before, after = (f"valid for {_days(seconds)}" for seconds in (span, bundle.span))
        yield Change(True, "not-after", before, after, f"{example}: {verdict(loosens=True)}")


def _days(seconds: int) -> str:
    days, rest = divmod(seconds, 86_400)
    return f"{days:,} day(s)" + (f" and {rest:,} second(s)" if rest else "")


def _changes(bundle: Bundle, standing: Standing) -> tuple[Change, ...]:
    """What the body changes. Raises HomeError BUNDLE-BODY where it cannot be read, LIST-ABSENT."""
    try:
        old = standing.bodies.get(bundle.kind)
        changes = compare(bundle.kind, old, bundle.body, standing.tokens(), standing.lists)
        unreached = _unreached(Roster.parse(bundle.body), standing) if bundle.kind == "roster" else ()
        return (*changes, *unreached)
    except CustodyError as error:
        if error.code == "LIST-ABSENT":
            raise _refused("LIST-ABSENT", error.message, error.hint) from error
        message = f"The {bundle.kind} in this bundle cannot be read: {error.message}"
        raise _refused("BUNDLE-BODY", message, error.hint) from error


def compare(
    kind: Kind, old: bytes | None, new: bytes, tokens: TokenRegistry, lists: Lists = NONE
) -> tuple[Change, ...]:
    """What one file changes beside another of its kind, newly allowed first.

    Args:
        old: None where nothing of the kind is in force.
        tokens: how a policy's amounts of them are written.
        lists: the large lists that files may name.

    Raises:
        InputError: a code of the reader of this kind.
    """
    match kind:
        case "policy":
            return compare_policy(None if old is None else Policy.parse(old), Policy.parse(new), tokens)
        case "list":
            flagged = FlaggedList.parse(new, lists)
            flagged.verify(lists.watch)
            return compare_list(None if old is None else FlaggedList.parse(old, lists), flagged, lists.watch)
        case "tokens":
            known = TokenRegistry() if old is None else TokenRegistry.parse(old)
            return compare_tokens(known, TokenRegistry.parse(new))
        case "roster":
            return compare_roster(None if old is None else Roster.parse(old), Roster.parse(new))
        case "vasps":
            return compare_vasps(None if old is None else VaspKeys.parse(old), VaspKeys.parse(new))


def _unreached(new: Roster, standing: Standing) -> Iterator[Change]:
    """Approvals that the policy in force asks for and a new roster cannot give. Officers are told and may go on: a
    stolen key has to come off the roster at once, and what follows is only that nothing is signed."""
    asked = Policy.parse(standing.bodies["policy"]).approvals if "policy" in standing.bodies else ()
    for one in asked:
        people, there = _people(Role(one.role), new, standing.times.latest)
        if people < one.count or there < one.organisations:
            before = f"the policy asks for {one.count} of role {one.role}, from {one.organisations} organisation(s)"
            after = f"the new roster has {people}, from {there}"
            example = "any request: refused, until another policy or roster is in force"
            yield Change(False, "approvals", before, after, example)


def _check_reachable(bundle: Bundle, roster: Roster, standing: Standing) -> None:
    """Nobody may lock the house out of its own device: what is asked for must be there, after one loss."""
    if bundle.kind == "roster":
        new = Roster.parse(bundle.body)
        if new.house != roster.house:
            raise _refused("BUNDLE-HOUSE", f"The roster in this bundle is {new.house}'s, not {roster.house}'s.")
        here = len(set(standing.officers) & set(new.lasting(Role.OFFICER)))
        if here < new.consent:
            message = (
                f"The new roster asks for {new.consent} officers, and {here} of its officers without an end have a "
                "secret here."
            )
            raise _refused("BUNDLE-UNREACHABLE", message, "Enrol its officers on a new home first.")
        for kind, count in new.signatures.items():
            check_requirement(Role.COMPLIANCE, count, 1, new, standing.times.latest, f"The new roster's {kind}")
    elif bundle.kind == "policy":
        for one in Policy.parse(bundle.body).approvals:
            check_requirement(Role(one.role), one.count, one.organisations, roster, standing.times.latest, "The policy")


def check_requirement(role: Role, count: int, organisations: int, roster: Roster, latest: int, what: str) -> None:
    """That the roster has people enough who are valid at ``latest``. Raises HomeError BUNDLE-UNREACHABLE."""
    people, there = _people(role, roster, latest)
    if people < count or there < organisations:
        message = (
            f"{what} asks for {count} of role {role} from {organisations} organisation(s); "
            f"the roster has {people} from {there}."
        )
        raise _refused("BUNDLE-UNREACHABLE", message, "Ask for fewer, or install a roster with more people first.")


def _people(role: Role, roster: Roster, latest: int) -> tuple[int, int]:
    """How many people of a role are valid at ``latest``, and of how many organisations."""
    people = [one for one in roster.of_role(role) if one.valid(latest)]
    return len(people), len({one.organisation for one in people})


def _refused(code: str, message: str, hint: str = "Nothing was changed.") -> HomeError:
    return HomeError(code, message, hint)
