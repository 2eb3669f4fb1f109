"""The judgement: every rule is asked, every reason is kept, and one reason is enough to deny."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from custody.policy.case import Case, Past
from custody.policy.chain_policy import ChainPolicy
from custody.policy.decision import Reason, Requirement, ordered
from custody.policy.document import REFUSE, Policy
from custody.policy.rules.counterparty import CounterpartySigned
from custody.policy.rules.destinations import destination_rules
from custody.policy.rules.device import NoNetwork
from custody.policy.rules.freshness import ListFresh, RequestAge, WorkingHours
from custody.policy.rules.history import DAY, CapPerDay, CapPerMonth, CapPerWeek, recent, together
from custody.policy.rules.payments import AddressOnChain, CapPerTransaction, FeeCaps, NotFlagged, Rule, UnnamedChain
from custody.policy.rules.records import RecordBound, RecordComplete, RecordFromThisHouse, RecordPresent
from custody.policy.rules.repeats import NothingElseReplaced, NotRepeated
from custody.review import totals
from custody.travel_rule.profiles import profile

__all__ = ["Case", "Evaluation", "evaluate", "rules_of"]

MAX_REASONS = 50

NO_POLICY = Reason("POLICY-NONE", "policy", "no policy is installed", "an installed policy", "policy", "no policy")


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
    policy = case.policy
    found = ordered(reason for rule in rules_of(policy, case.review.chain_id) for reason in _bounded(rule, case))
    concerns = tuple(reason for reason in found if policy.answered(reason.concern))
    asked = {requirement for reason in concerns for requirement in policy.answered(reason.concern)}
    return Evaluation(
        reasons=tuple(reason for reason in found if not policy.answered(reason.concern)),
        requirements=tuple(sorted({*policy.approvals, *asked, *tiers(case)})),
        concerns=concerns,
    )


def tiers(case: Case) -> Iterator[Requirement]:
    """Whom the policy asks for because of the amounts that are paid, by this transaction and within the day before.

    Together, so that several small payments need whom one large payment needs. Fees do not count.
    """
    named = case.policy.chain(case.review.chain_id) if case.policy else None
    pays = totals(case.review.payments)
    asked = [tier for tier in named.tiers if tier.asset_id in pays] if named else []
    sums = {one: together(case, pays[one], list(_paid(case, one))) for one in {tier.asset_id for tier in asked}}
    yield from (tier.requirement for tier in asked if sums[tier.asset_id] > tier.above)


def _paid(case: Case, asset_id: str) -> Iterator[tuple[Past, int]]:
    for past in recent(case, DAY):
        yield past, sum(amount for _, amount, asset in past.payments if asset == asset_id)


def rules_of(policy: Policy, chain_id: str) -> tuple[Rule, ...]:
    """The rules that a transaction on this chain must pass."""
    named = policy.chain(chain_id)
    return (*_of_every_chain(policy), *(_of_chain(policy, named) if named else (UnnamedChain(),)))


def _of_every_chain(policy: Policy) -> Iterator[Rule]:
    yield from (NotFlagged(), NotRepeated(policy.repeat_days), NothingElseReplaced(), RequestAge(policy.request_hours))
    yield RecordPresent()
    yield RecordComplete(profile(policy.travel_rule.profile), policy.travel_rule.rates)
    yield RecordFromThisHouse(policy.originating_vasp)
    if policy.network == REFUSE:
        yield NoNetwork()
    if policy.list_age:
        yield ListFresh(policy.list_age)
    if policy.hours:
        yield WorkingHours(policy.hours)


def _of_chain(policy: Policy, named: ChainPolicy) -> Iterator[Rule]:
    yield from (AddressOnChain(named.chain), RecordBound(named.chain), CounterpartySigned(named.signed_above))
    yield from (CapPerTransaction(named.caps), FeeCaps(named))
    yield from (CapPerDay(named.day_caps), CapPerWeek(named.week_caps), CapPerMonth(named.month_caps))
    yield from destination_rules(policy, named)


def _bounded(rule: Rule, case: Case) -> Iterator[Reason]:
    """A rule's first reasons; a hostile request cannot fill the screen or the log."""
    reasons = rule.reasons(case)
    yield from islice(reasons, MAX_REASONS)
    if next(reasons, None):
        observed = f"more than {MAX_REASONS} reasons; the rest is not told"
        required = "a request without the reasons told"
        yield Reason("POLICY-MORE", rule.name, observed, required, "reasons", case.transaction)
