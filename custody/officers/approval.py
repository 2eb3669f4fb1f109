"""Approvals: a fixed text that people can read, signed by the maker and by each approver (docs/spec/approvals.md).

The device builds the text again from its own review: what was signed is what the device found, or it counts for
nothing. Bybit's owners signed a hash; here nobody signs what he cannot read.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from custody.amounts import Asset, format_amount
from custody.errors import CustodyError, HomeError
from custody.officers.openpgp import MAX_SIGNATURE_LEAD, Claim, DetachedSignature, SignatureVerifier
from custody.officers.roster import Person, Role, Roster
from custody.policy.decision import Reason, Requirement
from custody.review import Review
from custody.times import readable, rfc3339
from custody.wire.request import Approval, WithdrawalRequest

VERSION = 1

_RULE = "approvals"
_APPROVERS = (Role.APPROVER, Role.COMPLIANCE)
_ROLES = {"make": (Role.OPERATOR,), "approve": _APPROVERS, "reject": _APPROVERS}


def approval_text(request: WithdrawalRequest, review: Review, by: str, verdict: str) -> bytes:
    """What ``by`` signs: ASCII, lines ended by LF but for the last.

    Args:
        by: fingerprint of the signer's certificate, 40 capital hexadecimal digits.
        verdict: ``make``, ``approve`` or ``reject``.
    """
    rows = [
        f"custody-approval/{VERSION}",
        f"verdict: {verdict}",
        f"role: {'maker' if verdict == 'make' else 'approver'}",
        f"signer: {by}",
        f"maker: {request.maker}",
        f"device: {request.device}",
        f"chain: {review.chain_id}",
        f"account: {request.account} {request.checksum}",
        *(f"pays: {_exact(output.amount, output.asset)} to {output.address}" for output in review.payments),
        f"fee at most: {_exact(review.fee, review.fee_asset)}",
        f"expires: {rfc3339(request.expires)}",
        f"request: {request.digest.hex()}",
    ]
    return "\n".join(map(_in_ascii, rows)).encode("ascii")


def _in_ascii(row: str) -> str:
    """The row in printable ASCII: no text of a request may look like two lines, or like other letters than it has."""
    return "".join(sign if " " <= sign <= "~" else f"<U+{ord(sign):04X}>" for sign in row)


def _exact(amount: int, asset: Asset) -> str:
    return f"{format_amount(amount, asset)} ({amount} base units of {asset.asset_id})"


@dataclass(frozen=True, slots=True)
class Approvals:
    """What the signatures of a request are worth.

    Attributes:
        denials: why the request is refused, whatever else it holds.
        people: approvers whose approval counts, by name.
        rejected: whether an approver has said no.
    """

    denials: tuple[Reason, ...]
    people: tuple[Person, ...]
    rejected: bool = False

    def missing(self, requirements: Iterable[Requirement]) -> Iterator[Reason]:
        """What the policy asks for and these do not fulfil: APPROVALS-MISSING."""
        for asked in requirements:
            counted = [person for person in self.people if person.role == asked.role]
            organisations = len({person.organisation for person in counted})
            if len(counted) >= asked.count and organisations >= asked.organisations:
                continue
            observed = f"{len(counted)} of role {asked.role}, from {organisations} organisation(s)"
            required = f"{asked.count} of role {asked.role}, from {asked.organisations} organisation(s) or more"
            yield Reason("APPROVALS-MISSING", _RULE, observed, required, "approvals")


def check_approvals(
    request: WithdrawalRequest, review: Review, roster: Roster, verifier: SignatureVerifier, latest: int
) -> Approvals:
    """Verifies every signature of a request. A bad one denies: nothing half-true stands beside a withdrawal.

    Raises:
        HomeError: where signatures cannot be verified on this machine at all.
    """
    denials: list[Reason] = list(_maker(request, roster, latest))
    people: dict[str, Person] = {}
    rejected = False
    for position, approval in enumerate(request.approvals):
        person = roster.person(approval.by)
        refused = _refusals(request, review, approval, person, verifier, latest)
        refusals = [replace(reason, fact=f"approvals[{position}]") for reason in refused]
        denials += refusals
        if person is None or refusals:
            continue
        if approval.verdict == "reject":
            rejected = True
            denials.append(rejection(person.name))
        elif approval.verdict == "approve":
            people[approval.by] = person
    return Approvals(tuple(denials), tuple(people.values()), rejected)


def rejection(name: str) -> Reason:
    """An approver's no, which ends a request for good."""
    required = "a new request, if it is right after all"
    return Reason("APPROVAL-REJECTED", _RULE, f"{name} has signed a rejection", required, "approvals")


def _maker(request: WithdrawalRequest, roster: Roster, latest: int) -> Iterator[Reason]:
    """MAKER-NONE, MAKER-ROLE, MAKER-UNSIGNED."""
    if not request.maker:
        required = "an operator of the roster as maker"
        yield Reason("MAKER-NONE", _RULE, "a request that names no maker", required, "request.maker")
        return
    person = roster.person(request.maker)
    if person is None or person.role is not Role.OPERATOR or not person.valid(latest):
        required = "a maker who is an operator of the roster"
        yield Reason("MAKER-ROLE", _RULE, f"made by {request.maker}", required, "request.maker")
    if not any((one.by, one.verdict) == (request.maker, "make") for one in request.approvals):
        yield Reason("MAKER-UNSIGNED", _RULE, "no signature of its maker", "the maker's signature", "approvals")


def _refusals(
    request: WithdrawalRequest,
    review: Review,
    approval: Approval,
    person: Person | None,
    verifier: SignatureVerifier,
    latest: int,
) -> Iterator[Reason]:
    """Why a signature does not count: APPROVAL-UNKNOWN, -MAKER, -ROLE, -TIME, -SIGNATURE."""
    if person is None or person.certificate is None:
        yield Reason("APPROVAL-UNKNOWN", _RULE, f"signed by {approval.by}", "signatures of the roster's people")
        return
    if (approval.verdict == "make") != (approval.by == request.maker):
        observed = f"{person.name} is {'' if approval.by == request.maker else 'not '}the maker, and signed otherwise"
        yield Reason("APPROVAL-MAKER", _RULE, observed, "the maker makes; others approve or reject")
    if person.role not in _ROLES[approval.verdict] or not person.valid(latest):
        observed = f"{person.name}, {person.role}, signed as {approval.verdict}"
        yield Reason("APPROVAL-ROLE", _RULE, observed, "people who are on the roster for this, and still valid")
    try:
        created = DetachedSignature.parse(approval.signature).created
        if not request.created <= created <= latest + MAX_SIGNATURE_LEAD:
            observed = f"the signature of {person.name} is of {readable(created)}"
            required = f"a signature made between {readable(request.created)} and now, {readable(latest)}"
            yield Reason("APPROVAL-TIME", _RULE, observed, required)
        text = approval_text(request, review, approval.by, approval.verdict)
        verifier.verify(Claim(text, approval.signature, person.certificate), latest)
    except HomeError:
        raise
    except CustodyError as error:
        observed = f"the signature of {person.name} does not hold: {error.message}"
        yield Reason("APPROVAL-SIGNATURE", _RULE, observed, "a signature of exactly this approval text")
