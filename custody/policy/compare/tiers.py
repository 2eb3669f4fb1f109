"""Approvals by amount: whom a new policy asks no more for a payment of so much."""

from collections.abc import Iterator
from dataclasses import dataclass

from custody.policy.amounts_in_words import Amounts
from custody.policy.chain_policy import ChainPolicy, Tier
from custody.policy.compare.change import Change
from custody.policy.compare.people import approved, nobody, together, weaker
from custody.policy.decision import Requirement
from custody.policy.document import Policy
from custody.policy.explain import asks


@dataclass(frozen=True, slots=True)
class Asked:
    """What one policy asks of one role, by the amount of one asset that is paid on one chain."""

    base: Requirement
    tiers: tuple[Tier, ...]

    @classmethod
    def of(cls, policy: Policy, chain: ChainPolicy, asset_id: str, role: str) -> "Asked":
        """Tiers, and the approvals that are asked of every request."""
        tiers = (tier for tier in chain.tiers if (tier.asset_id, tier.requirement.role) == (asset_id, role))
        return cls(together(policy.approvals).get(role, nobody(role)), tuple(tiers))

    def at(self, amount: int) -> Requirement:
        """What is asked for a payment of so much."""
        above = (tier.requirement for tier in self.tiers if amount > tier.above)
        return together([self.base, *above])[self.base.role]

    def words(self, chain: ChainPolicy, amounts: Amounts) -> str:
        """The whole ladder."""
        above = (f"{asks(one.requirement)} above {amounts.of(chain, one.asset_id, one.above)}" for one in self.tiers)
        return ", ".join([f"{chain.chain.alias}: {asks(self.base)}", *above])


def compare_tiers(
    old: tuple[Policy, ChainPolicy], new: tuple[Policy, ChainPolicy], amounts: Amounts
) -> Iterator[Change]:
    """By asset that is paid in both, and role: the first amount for which fewer are asked, and for which more are."""
    paid = {asset_id for asset_id, _ in old[1].caps} & {asset_id for asset_id, _ in new[1].caps}
    tiers = (*old[1].tiers, *new[1].tiers)
    for asset_id, role in sorted({(tier.asset_id, tier.requirement.role) for tier in tiers if tier.asset_id in paid}):
        before, after = (Asked.of(*one, asset_id, role) for one in (old, new))
        steps = sorted({tier.above + 1 for tier in (*before.tiers, *after.tiers)})
        weaker_at = [amount for amount in steps if weaker(after.at(amount), before.at(amount))]
        stronger_at = [amount for amount in steps if amount not in weaker_at and before.at(amount) != after.at(amount)]
        for amount in (*weaker_at[:1], *stronger_at[:1]):
            payment = f"a payment of {amounts.of(new[1], asset_id, amount)}"
            example = f"{payment} {approved(before.at(amount), after.at(amount))}"
            states = before.words(old[1], amounts), after.words(new[1], amounts)
            yield Change(amount in weaker_at, "tiers", *states, example)
