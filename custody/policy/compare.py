"""What a new policy or token registry makes newly possible (docs/spec/loosening.md): "loosening is local".

Every rule is a bound, so a policy whose every bound is as tight as before allows nothing new. What is not provably
as tight loosens.
"""

from collections.abc import Iterable, Iterator
from functools import partial

from custody.amounts import Asset, format_amount
from custody.evm.tokens import Token, TokenRegistry, token_id
from custody.policy.chain_policy import ChainPolicy
from custody.policy.change import Change, by_field, in_order, verdict
from custody.policy.compare_list import compare_list
from custody.policy.decision import Requirement
from custody.policy.document import OriginatingVasp, Policy
from custody.policy.explain import asks, people

__all__ = ["Change", "compare_list", "compare_policy", "compare_tokens"]

_NO_TOKENS = TokenRegistry()


def compare_policy(old: Policy | None, new: Policy, tokens: TokenRegistry = _NO_TOKENS) -> tuple[Change, ...]:
    """What changes; ``old`` is None where no policy is in force. ``tokens`` tell how amounts of them are written."""
    assets = _Assets(tokens)
    if old is None:
        return in_order(change for chain in new.chains for change in assets.named(chain))
    comparisons = {
        "house": _house,
        "originating_vasp": _vasp,
        "chains": assets.chains,
        "approvals": _approvals,
        "repeat_days": _repeat_days,
    }
    return in_order(by_field(old, new, comparisons))


def compare_tokens(old: TokenRegistry, new: TokenRegistry) -> tuple[Change, ...]:
    """What changes in which tokens there are, and in how people read their amounts."""
    before = {(token.chain.chain_id, token.contract): token for token in old.tokens}
    after = {(token.chain.chain_id, token.contract): token for token in new.tokens}
    either = (_token(before.get(key), after.get(key)) for key in before | after)
    return in_order(change for changes in either for change in changes)


def _token(old: Token | None, new: Token | None) -> Iterator[Change]:
    if old == new:
        return
    tell = partial(Change, rule="token", before=_described(old), after=_described(new))
    if old and new:
        units = 10 ** max(old.decimals, new.decimals)
        shown = [format_amount(units, token.asset) for token in (old, new)]
        yield tell(loosens=True, example=f"{units:,} base units: shown as {shown[0]} before, as {shown[1]} now")
    elif one := old or new:
        paid = f"a payment in {one.symbol} on {one.chain.alias}, where the policy has a cap for it"
        yield tell(loosens=new is not None, example=f"{paid}: {verdict(loosens=new is not None)}")
    if old and not new:
        # While it was known, nothing was paid to the contract itself, from which nothing returns.
        contract = _contract(token_id(old.chain, old.contract))
        lost = f"a payment to {contract} on {old.chain.alias}, the contract of {old.symbol}"
        yield tell(loosens=True, example=f"{lost}: {verdict(loosens=True)}")


def _described(token: Token | None) -> str:
    if token is None:
        return "not known"
    contract = _contract(token_id(token.chain, token.contract))
    return f"{token.symbol} on {token.chain.alias}, {token.decimals} decimals, contract {contract}"


def _contract(asset_id: str) -> str:
    return asset_id.rsplit(":", 1)[1]


def _house(old: Policy, new: Policy) -> Iterator[Change]:
    yield Change(False, "house", old.house, new.house, "none: it is shown to people and decides nothing")


def _vasp(old: Policy, new: Policy) -> Iterator[Change]:
    yield from by_field(old.originating_vasp, new.originating_vasp, {"name": _vasp_name, "lei": _vasp_lei})


def _vasp_name(old: OriginatingVasp, new: OriginatingVasp) -> Iterator[Change]:
    example = f"a record whose originating VASP is {new.name}: {verdict(loosens=True)}"
    yield Change(True, "originating_vasp", f"the name {old.name}", f"the name {new.name}", example)


def _vasp_lei(old: OriginatingVasp, new: OriginatingVasp) -> Iterator[Change]:
    loosens = old.lei is not None
    other = f"the legal entity identifier {new.lei}" if loosens and new.lei else "no legal entity identifier"
    before, after = (f"the legal entity identifier {vasp.lei or 'is not compared'}" for vasp in (old, new))
    example = f"a record whose originating VASP has {other}: {verdict(loosens=loosens)}"
    yield Change(loosens, "originating_vasp", before, after, example)


def _approvals(old: Policy, new: Policy) -> Iterator[Change]:
    before, after = _by_role(old.approvals), _by_role(new.approvals)
    for role in sorted(before | after):
        if before.get(role) != after.get(role):
            yield _approval(role, before.get(role), after.get(role))


def _by_role(requirements: Iterable[Requirement]) -> dict[str, Requirement]:
    """One requirement for each role that says what all of that role say together."""
    together: dict[str, Requirement] = {}
    for one in requirements:
        so_far = together.get(one.role, one)
        count, organisations = max(one.count, so_far.count), max(one.organisations, so_far.organisations)
        together[one.role] = Requirement(count, one.role, organisations)
    return together


def _approval(role: str, old: Requirement | None, new: Requirement | None) -> Change:
    nobody = Requirement(0, role, 0)
    before, after = old or nobody, new or nobody
    loosens = after.count < before.count or after.organisations < before.organisations
    who = after if loosens else before
    of = f" of {who.organisations} organisation{'' if who.organisations == 1 else 's'} in all" if who.count else ""
    example = f"a request that {people(who)}{of} approved: {verdict(loosens=loosens, yes='enough', no='not enough')}"
    return Change(loosens, "approvals", asks(before), asks(after), example)


def _repeat_days(old: Policy, new: Policy) -> Iterator[Change]:
    loosens, fewer = new.repeat_days < old.repeat_days, min(old.repeat_days, new.repeat_days)
    again = f"the same payment again {f'after {_days(fewer)}' if fewer else 'on the same day'}"
    before, after = (
        f"no payment twice within {_days(one.repeat_days)}" if one.repeat_days else "no bound" for one in (old, new)
    )
    yield Change(loosens, "repeat_days", before, after, f"{again}: {verdict(loosens=loosens)}")


def _days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}"


class _Assets:
    """Comparison of what holds on chains, with amounts as people write them."""

    def __init__(self, tokens: TokenRegistry) -> None:
        self._known = {token.asset.asset_id: token.asset for token in tokens.tokens}

    def chains(self, old: Policy, new: Policy) -> Iterator[Change]:
        """The changes on every chain that either policy names."""
        for chain in new.chains:
            before = old.chain(chain.chain.chain_id)
            yield from self._changed(before, chain) if before else self.named(chain)
        for chain in old.chains:
            if new.chain(chain.chain.chain_id) is None:
                yield self._chain(chain, loosens=False, example=f"any transaction on {chain.chain.alias}")

    def named(self, chain: ChainPolicy) -> Iterator[Change]:
        """A chain on which nothing was signed before, and each asset that is paid on it."""
        coin = chain.chain.coin.asset_id
        fee = self._amount(chain, coin, min(chain.fee_cap, dict(chain.day_caps).get(coin, chain.fee_cap)))
        yield self._chain(chain, loosens=True, example=f"a transaction that pays a fee of {fee} and nobody")
        for asset_id, _ in chain.caps:
            yield self._asset(chain, asset_id, loosens=True)

    def _chain(self, chain: ChainPolicy, *, loosens: bool, example: str) -> Change:
        alias = chain.chain.alias
        fee = self._amount(chain, chain.chain.coin.asset_id, chain.fee_cap)
        states = [f"{alias}: a fee of at most {fee}", f"{alias}: nothing is signed"]
        before, after = states[::-1] if loosens else states
        return Change(loosens, "chains", before, after, f"{example}: {verdict(loosens=loosens)}")

    def _asset(self, chain: ChainPolicy, asset_id: str, *, loosens: bool) -> Change:
        """An asset that is paid anew, or no more."""
        cap, day_cap = dict(chain.caps)[asset_id], dict(chain.day_caps).get(asset_id)
        paid = self._cap(chain, asset_id, cap)
        day = f"{self._amount(chain, asset_id, day_cap)} within a day" if day_cap is not None else "no bound for a day"
        states = [f"{paid}, {day}", self._cap(chain, asset_id, None)]
        before, after = states[::-1] if loosens else states
        largest = self._payment(chain, asset_id, cap if day_cap is None else min(cap, day_cap))
        return Change(loosens, "cap_per_transaction", before, after, f"{largest}: {verdict(loosens=loosens)}")

    def _changed(self, old: ChainPolicy, new: ChainPolicy) -> Iterator[Change]:
        comparisons = {
            "caps": self._caps,
            "day_caps": self._day_caps,
            "fee_cap": self._fee,
            "feerate_cap": self._feerate,
            "fee_percent_cap": self._fee_percent,
        }
        yield from by_field(old, new, comparisons)

    def _caps(self, old: ChainPolicy, new: ChainPolicy) -> Iterator[Change]:
        before, after = dict(old.caps), dict(new.caps)
        for asset_id in before | after:
            one, other = before.get(asset_id), after.get(asset_id)
            if one is None or other is None:
                yield self._asset(old if other is None else new, asset_id, loosens=one is None)
            elif one != other:
                payment = self._payment(new, asset_id, min(one, other) + 1)
                example = f"{payment}: {self._judged(old, new, asset_id, min(one, other) + 1, loosens=other > one)}"
                states = self._cap(old, asset_id, one), self._cap(new, asset_id, other)
                yield Change(other > one, "cap_per_transaction", *states, example)

    def _day_caps(self, old: ChainPolicy, new: ChainPolicy) -> Iterator[Change]:
        """Of assets that are paid in both; fees are paid in the coin, whether or not it has a cap."""
        before, after = dict(old.day_caps), dict(new.day_caps)
        paid = {asset_id for asset_id, _ in old.caps} & {asset_id for asset_id, _ in new.caps}
        for asset_id in sorted(paid | {new.chain.coin.asset_id}):
            caps = before.get(asset_id), after.get(asset_id)
            bounds = [cap for cap in caps if cap is not None]
            if caps[0] != caps[1]:
                loosens = caps[0] is not None and (caps[1] is None or caps[1] > caps[0])
                much = f"payments and fees of {self._amount(new, asset_id, min(bounds) + 1)} together within a day"
                before_cap, after_cap = (self._day_cap(new, asset_id, cap) for cap in caps)
                yield Change(loosens, "cap_per_day", before_cap, after_cap, f"{much}: {verdict(loosens=loosens)}")

    def _fee(self, old: ChainPolicy, new: ChainPolicy) -> Iterator[Change]:
        coin, beyond = new.chain.coin.asset_id, min(old.fee_cap, new.fee_cap) + 1
        judged = self._judged(old, new, coin, beyond, loosens=new.fee_cap > old.fee_cap)
        caps = [self._amount(new, coin, one.fee_cap) for one in (old, new)]
        yield _fee_change(old, new, "fee_cap", caps, f"a fee of {self._amount(new, coin, beyond)}: {judged}")

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

    def _judged(self, old: ChainPolicy, new: ChainPolicy, asset_id: str, amount: int, *, loosens: bool) -> str:
        """How an amount is judged before and now, where on the side that allows it the cap of a day may refuse."""
        day_cap = dict((new if loosens else old).day_caps).get(asset_id)
        yes = "allowed" if day_cap is None or amount <= day_cap else "refused by cap_per_day alone"
        return verdict(loosens=loosens, yes=yes)

    def _cap(self, chain: ChainPolicy, asset_id: str, cap: int | None) -> str:
        if cap is None:
            return f"{chain.chain.alias}: no payments in {self._asset_of(chain, asset_id).symbol}"
        return f"{chain.chain.alias}: at most {self._amount(chain, asset_id, cap)} in one transaction"

    def _day_cap(self, chain: ChainPolicy, asset_id: str, cap: int | None) -> str:
        if cap is None:
            return f"{chain.chain.alias}: no bound for a day in {self._asset_of(chain, asset_id).symbol}"
        return f"{chain.chain.alias}: at most {self._amount(chain, asset_id, cap)} within a day"

    def _payment(self, chain: ChainPolicy, asset_id: str, amount: int) -> str:
        return f"a payment of {self._amount(chain, asset_id, amount)} to any address that is not flagged"

    def _amount(self, chain: ChainPolicy, asset_id: str, amount: int) -> str:
        return format_amount(amount, self._asset_of(chain, asset_id))

    def _asset_of(self, chain: ChainPolicy, asset_id: str) -> Asset:
        """How people read the asset; tokens with their contract, those that are not known in base units."""
        if asset_id == chain.chain.coin.asset_id:
            return chain.chain.coin
        if known := self._known.get(asset_id):
            return Asset(asset_id, f"{known.symbol} ({_contract(asset_id)})", known.decimals)
        return Asset(asset_id, f"base units of {_contract(asset_id)}", 0)


def _fee_change(old: ChainPolicy, new: ChainPolicy, rule: str, caps: Iterable[str], example: str) -> Change:
    before, after = (f"{new.chain.alias}: a fee of at most {cap}" for cap in caps)
    return Change(getattr(new, rule) > getattr(old, rule), rule, before, after, example)
