"""What may be wrong with a policy that can be read: clauses that do nothing, and what nobody means (policy-lint.md)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from custody.policy.concerns import arises
from custody.policy.decision import Requirement
from custody.policy.document import Policy
from custody.policy.lint.chain import ChainLint
from custody.policy.lint.finding import LintFinding, asks_more, error, warning
from custody.times import rfc3339
from custody.travel_rule.profiles import PROFILES

#: How many people there are of a role, and of how many organisations.
Reach = Callable[[str], tuple[int, int]]


def lint(policy: Policy, now: int, reach: Reach | None = None) -> tuple[LintFinding, ...]:
    """Every finding, errors first.

    Args:
        now: Unix seconds, for what has expired.
        reach: who there is on the roster, where one is known.
    """
    found = [*_Lint(policy, now, reach).findings()]
    return tuple(sorted(dict.fromkeys(found), key=lambda one: (one.severity != "error", one.where, one.code)))


@dataclass(frozen=True, slots=True)
class _Lint:
    policy: Policy
    now: int
    reach: Reach | None

    def findings(self) -> Iterator[LintFinding]:
        for named in self.policy.chains:
            yield from ChainLint(self.policy, named).findings()
        yield from self._approvals()
        yield from self._escalations()
        yield from self._out_of_reach(self.reach) if self.reach else ()
        yield from self._ages()
        yield from self._places()
        yield from self._rates()

    def _approvals(self) -> Iterator[LintFinding]:
        if not self.policy.approvals:
            why = "nobody has to approve: who owns the coordinator and one operator's key has what the caps allow"
            yield warning("LINT-APPROVALS-NONE", "approvals", why)
        if not self.policy.repeat_days:
            yield warning("LINT-REPEAT-NONE", "repeat_days", "the same payment may be made twice: 0 is no rule")

    def _escalations(self) -> Iterator[LintFinding]:
        for one in self.policy.escalations:
            place = f"escalations[{one.concern}, {one.requirement.role}]"
            if not arises(self.policy, one.concern):
                yield error("LINT-ESCALATION-IDLE", place, f"it is never asked: no clause can raise {one.concern}")
            if not any(asks_more(other, *self.policy.approvals) for other in self.policy.answered(one.concern)):
                why = (
                    "it asks nobody who is not asked anyway, so that what would be refused passes as if it were nothing"
                )
                yield error("LINT-ESCALATION-WEAK", place, why)

    def _out_of_reach(self, reach: Reach) -> Iterator[LintFinding]:
        for place, one in self._requirements():
            people, organisations = reach(one.role)
            if people < one.count or organisations < one.organisations:
                asked = f"{one.count} of role {one.role} from {one.organisations} organisation(s)"
                why = f"it can never be met: it asks for {asked}, and the roster has {people} from {organisations}"
                yield error("LINT-ROSTER", place, why)

    def _requirements(self) -> Iterator[tuple[str, Requirement]]:
        yield from ((f"approvals[{one.role}]", one) for one in self.policy.approvals)
        yield from ((f"escalations[{one.concern}]", one.requirement) for one in self.policy.escalations)
        for named in self.policy.chains:
            yield from ((f"chains.{named.chain.alias}.tiers[{one.above}]", one.requirement) for one in named.tiers)

    def _ages(self) -> Iterator[LintFinding]:
        age = self.policy.list_age
        if age is None:
            why = "a flagged list is good until its bundle expires, however many addresses were flagged since"
            yield warning("LINT-LIST-AGE-NONE", "list_age", why)
        elif age.escalate_after_hours is not None and not self.policy.answered("stale_list"):
            why = f"nobody answers for stale_list: nothing is paid from {age.escalate_after_hours} hours on already"
            yield error("LINT-LIST-AGE-IDLE", "list_age.deny_after_hours", why)

    def _places(self) -> Iterator[LintFinding]:
        """Destinations and accounts of networks on which nothing is signed."""
        named = {one.chain for one in self.policy.chains}
        for allowed in self.policy.allowlist:
            if allowed.chain not in named:
                why = f"it does nothing: the policy does not name {allowed.chain.alias}"
                yield error("LINT-ALLOW-CHAIN", f"allowlist[{allowed.name}]", why)
        for own in self.policy.own_accounts:
            if own.chain not in named:
                why = f"it does nothing: the policy does not name {own.chain.alias}"
                yield error("LINT-OWN-CHAIN", f"own_accounts[{own.name}]", why)

    def _rates(self) -> Iterator[LintFinding]:
        paid = {asset_id for named in self.policy.chains for asset_id, cap in named.caps if cap}
        profile = PROFILES[self.policy.travel_rule.profile]
        proof = profile.unhosted.proof
        asked = {one.currency for one in (profile.threshold, proof and proof.threshold) if one}
        for rate in self.policy.travel_rule.rates:
            place = f"travel_rule.rates[{rate.asset_id}, {rate.currency}]"
            if rate.valid_until <= self.now:
                why = f"it ended at {rfc3339(rate.valid_until)}: every payment counts as above a threshold in money"
                yield warning("LINT-RATE-EXPIRED", place, why)
            if rate.asset_id not in paid:
                yield warning("LINT-RATE-ASSET", place, "it does nothing: this asset is not paid")
            if rate.currency not in asked:
                why = f"it does nothing: {self.policy.travel_rule.profile} has no threshold in {rate.currency}"
                yield warning("LINT-RATE-CURRENCY", place, why)
