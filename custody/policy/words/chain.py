"""What a policy says of one network, sentence by sentence."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields

from custody.chains import Chain, EvmChain
from custody.policy.chain_policy import Bounds, ChainPolicy
from custody.policy.document import Policy
from custody.policy.words.amounts import AmountsInWords
from custody.policy.words.language import Language

_BOUNDS = (
    "caps",
    "day_caps",
    "week_caps",
    "month_caps",
    "first_payments",
    "known_above",
    "signed_above",
    "to_hot_caps",
)
#: Bounds that may be zero in a way of their own: everything above nothing.
_FROM_ZERO = ("known_above", "signed_above", "caps")


@dataclass(frozen=True, slots=True)
class ChainInWords:
    """Tells one `ChainPolicy` of a ``policy``, which says whether bounds on new payees and hot wallets hold at all."""

    policy: Policy
    named: ChainPolicy
    amounts: AmountsInWords
    language: Language

    def assets(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Each asset's name with its sentences: the coin first, then what any bound names, in the file's order."""
        named = (asset_id for bound in _BOUNDS for asset_id, _ in self._bounds(bound))
        for asset_id in dict.fromkeys([self._chain.coin.asset_id, *named]):
            yield self.amounts.name(self._chain, asset_id), tuple(self._asset(asset_id))

    def every(self) -> Iterator[str]:
        """What holds for every transaction."""
        told: Mapping[str, Callable[[], Iterator[str]]] = {
            "tiers": self._tiers,
            "fee_cap": self._fee_cap,
            "feerate_cap": self._feerate_cap,
            "fee_percent_cap": self._fee_percent_cap,
            "actions": self._actions,
        }
        for tell in told.values():
            yield from tell()
        for field in fields(self.named):
            if field.name not in (*_BOUNDS, *told, "chain"):
                yield self.language.say("untold", field=field.name)

    @property
    def _chain(self) -> Chain:
        return self.named.chain

    def _bounds(self, name: str) -> Bounds:
        bounds: Bounds = getattr(self.named, name)
        return bounds

    def _asset(self, asset_id: str) -> Iterator[str]:
        paid = dict(self.named.caps).get(asset_id)
        for name in _BOUNDS:
            amount = dict(self._bounds(name)).get(asset_id)
            if amount is not None or name == "caps" or (paid and self._absence_matters(name)):
                yield self._bound(name, asset_id, amount)

    def _absence_matters(self, name: str) -> bool:
        if name == "first_payments":
            return self.policy.new_destinations is not None
        return name != "to_hot_caps" or self._has_hot()

    def _bound(self, name: str, asset_id: str, amount: int | None) -> str:
        if amount is None:
            return self.language.say(f"{name}.none")
        told = self.amounts.on(self._chain, asset_id, amount)
        return self.language.say(f"{name}{self._kind(name, amount)}", amount=told)

    def _kind(self, name: str, amount: int) -> str:
        without = {"first_payments": self.policy.new_destinations is None, "to_hot_caps": not self._has_hot()}
        if without.get(name):
            return ".idle"
        return ".zero" if amount == 0 and name in _FROM_ZERO else ""

    def _has_hot(self) -> bool:
        return any(own.tier == "hot" and own.chain == self._chain for own in self.policy.own_accounts)

    def _tiers(self) -> Iterator[str]:
        for tier in sorted(self.named.tiers, key=lambda tier: (tier.asset_id, tier.above, tier.requirement)):
            amount = self.amounts.on(self._chain, tier.asset_id, tier.above)
            yield self.language.say("tiers", amount=amount, people=self.language.asks(tier.requirement))

    def _fee_cap(self) -> Iterator[str]:
        amount = self.amounts.on(self._chain, self._chain.coin.asset_id, self.named.fee_cap)
        yield self.language.say("fee_cap", amount=amount)

    def _feerate_cap(self) -> Iterator[str]:
        rate = f"{self.named.feerate_cap:,} {self._chain.feerate_unit.name}"
        yield self.language.say("feerate_cap", rate=rate)

    def _fee_percent_cap(self) -> Iterator[str]:
        coin = self._chain.coin.symbol
        yield self.language.say("fee_percent_cap", percent=self.named.fee_percent_cap, coin=coin)

    def _actions(self) -> Iterator[str]:
        allowed = [one for one in self.named.actions if isinstance(self._chain, EvmChain) or one != "token-payment"]
        actions = [self.language.say(f"action.{action}", coin=self._chain.coin.symbol) for action in allowed]
        yield self.language.say("actions", actions=self.language.say("list").join(actions))
