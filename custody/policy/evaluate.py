"""The judgement: every rule is asked, every reason is kept, and one reason is enough to deny."""

from collections.abc import Iterator
from itertools import islice

from custody.policy.case import Case
from custody.policy.decision import Decision, Reason
from custody.policy.document import Policy
from custody.policy.records import RecordBound, RecordComplete, RecordFromThisHouse, RecordPresent
from custody.policy.rules import AddressOnChain, CapPerTransaction, FeeCaps, NotFlagged, Rule, UnnamedChain

__all__ = ["Case", "evaluate", "rules_of"]

MAX_REASONS = 50

NO_POLICY = Reason("POLICY-NONE", "policy", "no policy is installed", "an installed policy")


def evaluate(case: Case) -> Decision:
    """ALLOW when no rule has a reason against signing; else DENY with all of them. Pure: same case, same decision."""
    if case.policy is None:
        return Decision.allow_unless([NO_POLICY])
    rules = rules_of(case.policy, case.review.chain_id)
    return Decision.allow_unless(reason for rule in rules for reason in _bounded(rule, case))


def rules_of(policy: Policy, chain_id: str) -> tuple[Rule, ...]:
    """The rules that a transaction on this chain must pass."""
    always = (NotFlagged(), RecordPresent(), RecordComplete(), RecordFromThisHouse(policy.originating_vasp))
    named = policy.chain(chain_id)
    if named is None:
        return (*always, UnnamedChain())
    caps = (CapPerTransaction(named.caps), FeeCaps(named))
    return (*always, *caps, AddressOnChain(named.chain), RecordBound(named.chain))


def _bounded(rule: Rule, case: Case) -> Iterator[Reason]:
    """A rule's first reasons; a hostile request cannot fill the screen or the log."""
    reasons = rule.reasons(case)
    yield from islice(reasons, MAX_REASONS)
    if next(reasons, None):
        observed = f"more than {MAX_REASONS} reasons; the rest is not told"
        yield Reason("POLICY-MORE", rule.name, observed, "a request without the reasons told")
