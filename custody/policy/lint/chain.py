"""What may be wrong with what a policy says of one network (docs/spec/policy-lint.md)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from custody.chains import EvmChain
from custody.policy.amounts_in_words import contract_of
from custody.policy.chain_policy import ChainPolicy
from custody.policy.document import Policy
from custody.policy.lint.finding import LintFinding, asks_more, bound_place, error, warning

#: The least that a transaction can cost, base units: 110 vbytes at 0.1 sat/vB; 21,000 gas at 0.001 gwei.
LEAST_FEE_BITCOIN = 11
LEAST_FEE_EVM = 21_000_000_000

_PERIODS = ("caps", "day_caps", "week_caps", "month_caps")
_PERIOD_WORDS = {"caps": "one transaction", "day_caps": "a day", "week_caps": "7 days", "month_caps": "30 days"}


@dataclass(frozen=True, slots=True)
class ChainLint:
    """Judges one `ChainPolicy` of a ``policy``."""

    policy: Policy
    named: ChainPolicy

    def findings(self) -> Iterator[LintFinding]:
        """Every finding: of each asset that is paid, then of the network."""
        for asset_id, cap in self.named.caps:
            if cap:
                for look in self._looks():
                    yield from look(asset_id, cap)
        yield from self._tiers()
        yield from self._fees()
        yield from self._hot()

    def _looks(self) -> tuple[Callable[[str, int], Iterator[LintFinding]], ...]:
        return self._periods, self._first, self._known, self._signed, self._action

    def _bound(self, name: str, asset_id: str) -> int | None:
        return dict(getattr(self.named, name)).get(asset_id)

    def _place(self, bound: str, asset_id: str) -> str:
        return bound_place(self.named.chain.alias, bound, asset_id, coin=asset_id == self.named.chain.coin.asset_id)

    def _periods(self, asset_id: str, _cap: int) -> Iterator[LintFinding]:
        named = [(name, amount) for name in _PERIODS if (amount := self._bound(name, asset_id)) is not None]
        for (shorter, less), (longer, more) in pairwise(named):
            if more < less:
                why = f"less may leave in {_PERIOD_WORDS[longer]} than in {_PERIOD_WORDS[shorter]}, whose bound is idle"
                yield warning("LINT-PERIODS", self._place(longer, asset_id), why)

    def _first(self, asset_id: str, cap: int) -> Iterator[LintFinding]:
        first, place = self._bound("first_payments", asset_id), self._place("first_payments", asset_id)
        if self.policy.new_destinations is None:
            if first is not None:
                yield error("LINT-FIRST-IDLE", place, "it does nothing: without new_destinations nobody is new")
        elif not first and not self.policy.answered("new_destination"):
            why = "but for own accounts nobody can ever be paid: no first payment is allowed, and no escalation asks"
            yield error("LINT-FIRST-NONE", place, why)
        elif first is not None and first > cap:
            yield warning("LINT-FIRST-CAP", place, "a first payment may be larger than any payment")

    def _known(self, asset_id: str, cap: int) -> Iterator[LintFinding]:
        known, place = self._bound("known_above", asset_id), self._place("known_above", asset_id)
        if known is None:
            if self._bound("signed_above", asset_id) != 0 and not self.named.chain.test:
                why = (
                    "whoever owns the coordinator can have anybody paid, as when DMM Bitcoin lost 4,502.9 BTC in "
                    "May 2024: nothing says which destinations the house knows"
                )
                yield warning("LINT-KNOWN-NONE", place, why)
            return
        yield from self._above("LINT-KNOWN-ABOVE", place, asset_id, cap, known)

    def _above(self, code: str, place: str, asset_id: str, cap: int, above: int) -> Iterator[LintFinding]:
        """A bound on what adds up within a day that no day, or no one transaction, can pass."""
        periods = [amount for name in _PERIODS[1:] if (amount := self._bound(name, asset_id)) is not None]
        if periods and above >= min(periods):
            yield error(code, place, "it is never asked: no more than this may leave within a day anyway")
        elif above >= cap:
            yield warning(
                code, place, "no one transaction is ever asked, only several of one day: the cap is no higher"
            )

    def _signed(self, asset_id: str, cap: int) -> Iterator[LintFinding]:
        signed = self._bound("signed_above", asset_id)
        if signed is not None:
            yield from self._above("LINT-SIGNED-ABOVE", self._place("signed_above", asset_id), asset_id, cap, signed)

    def _action(self, asset_id: str, _cap: int) -> Iterator[LintFinding]:
        action = "payment" if asset_id == self.named.chain.coin.asset_id else "token-payment"
        if action not in self.named.actions:
            why = f"it is never paid: actions do not hold {action}"
            yield error("LINT-ACTIONS", self._place("caps", asset_id), why)

    def _tiers(self) -> Iterator[LintFinding]:
        caps, alias = dict(self.named.caps), self.named.chain.alias
        for position, tier in enumerate(self.named.tiers):
            coin = tier.asset_id == self.named.chain.coin.asset_id
            asset = "coin" if coin else contract_of(tier.asset_id)
            place = f"chains.{alias}.tiers[{asset} above {tier.above}]"
            cap = caps.get(tier.asset_id)
            if not cap:
                yield error("LINT-TIER-ASSET", place, "it is never asked: this asset is not paid")
            else:
                yield from self._above("LINT-TIER-ABOVE", place, tier.asset_id, cap, tier.above)
            lower = [
                other.requirement
                for index, other in enumerate(self.named.tiers)
                if other.asset_id == tier.asset_id and (other.above, index) < (tier.above, position)
            ]
            if not asks_more(tier.requirement, *self.policy.approvals, *lower):
                yield error("LINT-TIER-WEAK", place, "it asks nobody who is not asked below it anyway")

    def _fees(self) -> Iterator[LintFinding]:
        chain = self.named.chain
        least = LEAST_FEE_EVM if isinstance(chain, EvmChain) else LEAST_FEE_BITCOIN
        bounds = [self._bound(name, chain.coin.asset_id) for name in _PERIODS[1:]]
        if any(bound is not None and bound < least for bound in (self.named.fee_cap, *bounds)):
            yield error("LINT-FEE", f"chains.{chain.alias}.fee_cap", "nothing passes: no transaction costs so little")
        cap = self._bound("caps", chain.coin.asset_id)
        if cap and cap * self.named.fee_percent_cap < least * 100:
            place, why = f"chains.{chain.alias}.fee_percent_cap", "no payment in the coin passes: none costs so little"
            yield error("LINT-FEE", place, why)

    def _hot(self) -> Iterator[LintFinding]:
        alias = self.named.chain.alias
        hot = [own.name for own in self.policy.own_accounts if own.tier == "hot" and own.chain == self.named.chain]
        if hot and not any(amount for _, amount in self.named.to_hot_caps):
            why = f"nothing goes to {hot[0]}, which is hot: no asset has a to_hot_per_day"
            yield warning("LINT-HOT-NONE", f"chains.{alias}.to_hot_per_day", why)
        for asset_id, _ in self.named.to_hot_caps if not hot else ():
            why = "it does nothing: no own account of this network is hot"
            yield error("LINT-HOT-IDLE", self._place("to_hot_caps", asset_id), why)
