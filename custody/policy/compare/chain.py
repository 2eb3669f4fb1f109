"""What a new policy allows on each network: amounts by asset, fees, kinds of transaction, and tiers of approval."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

from custody.chains import EvmChain
from custody.evm.tokens import TokenRegistry
from custody.policy.amounts_in_words import Amounts
from custody.policy.chain_policy import ACTIONS, ChainPolicy
from custody.policy.compare.bounds import BOUNDS, CAPS, PERIODS, Bound, caps
from custody.policy.compare.change import Change, FieldComparison, both, by_field, verdict
from custody.policy.compare.destinations import HOT
from custody.policy.compare.people import held
from custody.policy.compare.tiers import compare_tiers
from custody.policy.document import Policy
from custody.policy.explain import asks

#: What a transaction of each action does.
_ACTIONS = {
    "payment": "a payment in the coin",
    "self-transfer": "a transaction that pays nobody",
    "token-payment": "a payment in a token",
}


class Chains:
    """Comparison of what two policies say of networks, with amounts as people write them."""

    def __init__(self, old: Policy, new: Policy, tokens: TokenRegistry) -> None:
        self._old, self._new = old, new
        self._amounts = Amounts(tokens)

    def changes(self) -> Iterator[Change]:
        """The changes on every chain that either policy names."""
        for chain in self._new.chains:
            before = self._old.chain(chain.chain.chain_id)
            yield from self._changed(before, chain) if before else self._named(chain)
        for chain in self._old.chains:
            if self._new.chain(chain.chain.chain_id) is None:
                yield self._chain(chain, loosens=False, example=f"any transaction on {chain.chain.alias}")

    def _named(self, chain: ChainPolicy) -> Iterator[Change]:
        """A chain on which nothing was signed before, and each asset that is paid on it."""
        coin = chain.chain.coin.asset_id
        fee = self._amounts.of(chain, coin, min([chain.fee_cap, *caps(chain, coin, "day_caps").values()]))
        whom = " and nobody" if "self-transfer" in chain.actions else ""
        yield self._chain(chain, loosens=True, example=f"a transaction that pays a fee of {fee}{whom}")
        for asset_id, _ in chain.caps:
            yield self._asset(chain, asset_id, loosens=True)

    def _chain(self, chain: ChainPolicy, *, loosens: bool, example: str) -> Change:
        alias = chain.chain.alias
        fee = self._amounts.of(chain, chain.chain.coin.asset_id, chain.fee_cap)
        actions = f", {_words(chain)} alone" if _served(chain) != _served(replace(chain, actions=ACTIONS)) else ""
        states = [f"{alias}: a fee of at most {fee}{actions}", f"{alias}: nothing is signed"]
        before, after = states[::-1] if loosens else states
        return Change(loosens, "chains", before, after, f"{example}: {verdict(loosens=loosens)}")

    def _asset(self, chain: ChainPolicy, asset_id: str, *, loosens: bool) -> Change:
        """An asset that is paid anew, or no more."""
        states = [", ".join(self._said(chain, asset_id)), self._cap(chain, asset_id, None)]
        before, after = states[::-1] if loosens else states
        largest = self._payment(chain, asset_id, min(caps(chain, asset_id).values()), loosens=loosens)
        return Change(loosens, "cap_per_transaction", before, after, f"{largest}: {verdict(loosens=loosens)}")

    def _said(self, chain: ChainPolicy, asset_id: str) -> Iterator[str]:
        """All that a chain says of an asset."""
        yield self._cap(chain, asset_id, dict(chain.caps)[asset_id])
        for name, bound in BOUNDS.items():
            amount = dict(getattr(chain, name)).get(asset_id)
            if amount is not None or name == "day_caps":
                yield self._bound_words(chain, asset_id, bound, amount)
        for tier in chain.tiers:
            if tier.asset_id == asset_id:
                yield f"{asks(tier.requirement)} above {self._amounts.of(chain, asset_id, tier.above)}"

    def _changed(self, old: ChainPolicy, new: ChainPolicy) -> Iterator[Change]:
        comparisons: dict[str, FieldComparison] = {
            "caps": self._raised,
            "fee_cap": self._fee,
            "feerate_cap": self._feerate,
            "fee_percent_cap": self._fee_percent,
            "tiers": self._tiers,
            "actions": _actions,
            **{name: partial(self._bounds, name) for name in BOUNDS},
        }
        yield from by_field(old, new, comparisons)

    def _raised(self, old: ChainPolicy, new: ChainPolicy) -> Iterator[Change]:
        before, after = dict(old.caps), dict(new.caps)
        for asset_id in before | after:
            one, other = before.get(asset_id), after.get(asset_id)
            if one is None or other is None:
                yield self._asset(old if other is None else new, asset_id, loosens=one is None)
            elif one != other:
                loosens, amount = other > one, min(one, other) + 1
                payment = self._payment(new if loosens else old, asset_id, amount, loosens=loosens)
                judged = self._judged(old, new, asset_id, amount, "day_caps", loosens=loosens)
                states = self._cap(old, asset_id, one), self._cap(new, asset_id, other)
                yield Change(loosens, "cap_per_transaction", *states, f"{payment}: {judged}")

    def _bounds(self, name: str, old: ChainPolicy, new: ChainPolicy) -> Iterator[Change]:
        """Of assets that are paid in both; fees are paid in the coin, whether or not it has a cap."""
        bound, before, after = BOUNDS[name], dict(getattr(old, name)), dict(getattr(new, name))
        paid = {asset_id for asset_id, _ in old.caps} & {asset_id for asset_id, _ in new.caps}
        for asset_id in sorted(paid | ({new.chain.coin.asset_id} if name in PERIODS else set())):
            one, other = before.get(asset_id), after.get(asset_id)
            if one != other:
                words = partial(self._bound_words, new, asset_id, bound, alone=True)
                idle, loosens = self._idle(name), bound.allows_more(one, other)
                example = idle or self._beyond(name, old, new, asset_id, loosens=loosens)
                yield Change(loosens and not idle, bound.rule, *both(words, one, other), example)

    def _tiers(self, old: ChainPolicy, new: ChainPolicy) -> Iterator[Change]:
        yield from compare_tiers((self._old, old), (self._new, new), self._amounts)

    def _idle(self, name: str) -> str:
        """Why a bound decides nothing by itself; empty where it does."""
        both = (self._old, self._new)
        if name == "first_payments" and not all(one.new_destinations for one in both):
            return "none: no payee is new, before or now"
        if name == "to_hot_caps" and not all(any(own.tier == HOT for own in one.own_accounts) for one in both):
            return "none: no own account is hot, before or now"
        return ""

    def _beyond(self, name: str, old: ChainPolicy, new: ChainPolicy, asset_id: str, *, loosens: bool) -> str:
        """A transaction that one of two bounds holds back."""
        bound = BOUNDS[name]
        given = [dict(getattr(one, name)).get(asset_id) for one in (old, new)]
        amounts = [amount for amount in given if amount is not None]
        amount = min(amounts) + (1 if bound.open or len(amounts) > 1 else 0)
        no = held(self._old if loosens else self._new, bound.concern) if bound.concern else "refused"
        begin = name if name in PERIODS else "caps"
        judged = self._judged(old, new, asset_id, amount, begin, loosens=loosens, no=no)
        what = bound.beyond.format(amount=self._amounts.of(new, asset_id, amount))
        return f"{'' if name in PERIODS else 'a payment of '}{what}: {judged}"

    def _fee(self, old: ChainPolicy, new: ChainPolicy) -> Iterator[Change]:
        coin, beyond = new.chain.coin.asset_id, min(old.fee_cap, new.fee_cap) + 1
        judged = self._judged(old, new, coin, beyond, "day_caps", loosens=new.fee_cap > old.fee_cap)
        caps = [self._amounts.of(new, coin, one.fee_cap) for one in (old, new)]
        yield _fee_change(old, new, "fee_cap", caps, f"a fee of {self._amounts.of(new, coin, beyond)}: {judged}")

    def _feerate(self, old: ChainPolicy, new: ChainPolicy) -> Iterator[Change]:
        unit, loosens = new.chain.feerate_unit, new.feerate_cap > old.feerate_cap
        beyond = unit.format(min(old.feerate_cap, new.feerate_cap) * unit.base_units * 1000 + 1)
        caps = [f"{one.feerate_cap:,} {unit.name}" for one in (old, new)]
        yield _fee_change(old, new, "feerate_cap", caps, f"a feerate of {beyond}: {verdict(loosens=loosens)}")

    def _fee_percent(self, old: ChainPolicy, new: ChainPolicy) -> Iterator[Change]:
        loosens, more = new.fee_percent_cap > old.fee_percent_cap, max(old.fee_percent_cap, new.fee_percent_cap)
        caps = [f"{one.fee_percent_cap} % of the payments" for one in (old, new)]
        example = f"a fee of {more} % of the payments: {verdict(loosens=loosens)}"
        yield _fee_change(old, new, "fee_percent_cap", caps, example)

    def _judged(
        self,
        old: ChainPolicy,
        new: ChainPolicy,
        asset_id: str,
        amount: int,
        begin: str,
        *,
        loosens: bool,
        no: str = "refused",
    ) -> str:
        """How an amount is judged before and now, where on the side that allows it a cap may still refuse it."""
        bounds = caps(new if loosens else old, asset_id, begin)
        refusing = " and ".join(CAPS[name] for name, cap in bounds.items() if amount > cap)
        return verdict(loosens=loosens, yes=f"refused by {refusing} alone" if refusing else "allowed", no=no)

    def _cap(self, chain: ChainPolicy, asset_id: str, cap: int | None) -> str:
        if cap is None:
            return f"{chain.chain.alias}: no payments in {self._amounts.asset(chain, asset_id).symbol}"
        return f"{chain.chain.alias}: at most {self._amounts.of(chain, asset_id, cap)} in one transaction"

    def _bound_words(
        self, chain: ChainPolicy, asset_id: str, bound: Bound, amount: int | None, *, alone: bool = False
    ) -> str:
        place = f"{chain.chain.alias}: " if alone else ""
        if amount is None:
            return f"{place}{bound.without}{f' in {self._amounts.asset(chain, asset_id).symbol}' if alone else ''}"
        return place + bound.held.format(amount=self._amounts.of(chain, asset_id, amount))

    def _payment(self, chain: ChainPolicy, asset_id: str, amount: int, *, loosens: bool) -> str:
        """A payment, to whom this chain lets it be made."""
        policy = self._new if loosens else self._old
        above = {name: dict(getattr(chain, name)).get(asset_id, amount) for name in ("known_above", "signed_above")}
        payee = "a known destination" if amount > above["known_above"] else "any address"
        new = policy.new_destinations and amount > dict(chain.first_payments).get(asset_id, 0)
        signed = ", signed by the payee's VASP" if amount > above["signed_above"] else ""
        what = f"a payment of {self._amounts.of(chain, asset_id, amount)} to {payee} that is not flagged"
        return f"{what}{' and not new' if new else ''}{signed}"


def _actions(old: ChainPolicy, new: ChainPolicy) -> Iterator[Change]:
    before, after = _served(old), _served(new)
    for action in sorted(before ^ after):
        loosens = action in after
        states = both(lambda one: f"{one.chain.alias}: {_words(one)}", old, new)
        yield Change(loosens, "actions", *states, f"{_ACTIONS[action]}: {verdict(loosens=loosens)}")


def _words(chain: ChainPolicy) -> str:
    return ", ".join(sorted(_served(chain)))


def _served(chain: ChainPolicy) -> frozenset[str]:
    """The kinds of transaction that there are on this chain, and that it lets be signed."""
    return frozenset(chain.actions) - (frozenset() if isinstance(chain.chain, EvmChain) else {"token-payment"})


def _fee_change(old: ChainPolicy, new: ChainPolicy, rule: str, caps: Iterable[str], example: str) -> Change:
    before, after = (f"{new.chain.alias}: a fee of at most {cap}" for cap in caps)
    return Change(getattr(new, rule) > getattr(old, rule), rule, before, after, example)
