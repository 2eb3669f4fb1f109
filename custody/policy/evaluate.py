"""The judgement: every rule is asked, every reason is kept, and one reason is enough to deny."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from custody.policy.case import Case
from custody.policy.counterparty import CounterpartySigned
from custody.policy.decision import Reason, Requirement, ordered
from custody.policy.destinations import destination_rules
from custody.policy.document import Policy
from custody.policy.history import CapPerDay, NotRepeated
from custody.policy.records import RecordBound, RecordComplete, RecordFromThisHouse, RecordPresent
from custody.policy.rules import AddressOnChain, CapPerTransaction, FeeCaps, NotFlagged, Rule, UnnamedChain
from custody.review import Review, totals
from custody.travel_rule.profiles import profile

__all__ = ["Case", "Evaluation", "evaluate", "rules_of"]

MAX_REASONS = 50

NO_POLICY = Reason("POLICY-NONE", "policy", "no policy is installed", "an installed policy")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the policy says of a case; no decision yet: whether the requirements are met is judged by the caller.

    Attributes:
        reasons: every reason against signing, in a fixed order.
        requirements: whose approvals the policy asks for.
        concerns: what more people answer for, because the policy says so; in a fixed order.
    """

    reasons: tuple[Reason, ...]
    requirements: tuple[Requirement, ...]
    concerns: tuple[Reason, ...] = ()


def evaluate(case: Case) -> Evaluation:
    """Asks every rule. Pure: the same case, the same evaluation."""
    if case.policy is None:
        return Evaluation((NO_POLICY,), ())
    policy, review = case.policy, case.review
    found = ordered(reason for rule in rules_of(policy, review.chain_id) for reason in _bounded(rule, case))
    concerns = tuple(reason for reason in found if policy.answered(reason.concern))
    asked = {requirement for reason in concerns for requirement in policy.answered(reason.concern)}
    return Evaluation(
        reasons=tuple(reason for reason in found if reason not in concerns),
        requirements=tuple(sorted({*policy.approvals, *asked, *tiers(policy, review)})),
        concerns=concerns,
    )


def tiers(policy: Policy, review: Review) -> Iterator[Requirement]:
    """Whom the policy asks for because of the amounts that are paid."""
    named, paid = policy.chain(review.chain_id), totals(review.payments)
    for tier in named.tiers if named else ():
        if paid.get(tier.asset_id, 0) > tier.above:
            yield tier.requirement


def rules_of(policy: Policy, chain_id: str) -> tuple[Rule, ...]:
    """The rules that a transaction on this chain must pass."""
    complete = RecordComplete(profile(policy.travel_rule.profile), policy.travel_rule.rates)
    records = (RecordPresent(), complete, RecordFromThisHouse(policy.originating_vasp))
    always = (NotFlagged(), NotRepeated(policy.repeat_days), *records)
    named = policy.chain(chain_id)
    if named is None:
        return (*always, UnnamedChain())
    caps = (CapPerTransaction(named.caps), CapPerDay(named.day_caps), FeeCaps(named))
    signed = CounterpartySigned(named.signed_above)
    bound = (AddressOnChain(named.chain), RecordBound(named.chain), signed)
    return (*always, *caps, *bound, *destination_rules(policy, named))


def _bounded(rule: Rule, case: Case) -> Iterator[Reason]:
    """A rule's first reasons; a hostile request cannot fill the screen or the log."""
    reasons = rule.reasons(case)
    yield from islice(reasons, MAX_REASONS)
    if next(reasons, None):
        observed = f"more than {MAX_REASONS} reasons; the rest is not told"
        yield Reason("POLICY-MORE", rule.name, observed, "a request without the reasons told")
