"""The rules of the policy as a formula over the numbers of a request: the same reading as `custody.policy.evaluate`.

One request in one situation: one payee or nobody, and so many earlier authorisations. The formula is a second writing
of the rules; tests hold the two against each other, and every example that it yields is judged by the device's own.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import z3

from custody.coordinator.prover.payees import Standing
from custody.coordinator.prover.scenario import Situation
from custody.coordinator.prover.symbols import DAY, HOUR, WEEK_MINUTES, EarlierSymbols, Symbols
from custody.policy.chain_policy import ChainPolicy
from custody.policy.decision import Requirement
from custody.policy.document import REFUSE, Policy
from custody.policy.rules.history import REPLACEMENT_DAYS

_DAY_MINUTES = 1_440
_HOT = "hot"


def allowed(policy: Policy, standing: Standing, situation: Situation, symbols: Symbols) -> Any:
    """The formula that holds exactly where the device would sign."""
    named = policy.chain(situation.chain.chain_id)
    if named is None:
        return z3.BoolVal(False)
    judged = _Judged(policy, named, standing, situation, symbols)
    concerns = [judged.answered(concern, z3.Or(*raised)) for concern, raised in judged.concerns().items()]
    asked = [judged.meets(one) for one in policy.approvals]
    return z3.And(z3.Not(z3.Or(*judged.denials())), *concerns, *asked, *judged.tiers())


@dataclass(frozen=True, slots=True)
class _Judged:
    """One policy over the numbers of one situation."""

    policy: Policy
    named: ChainPolicy
    standing: Standing
    situation: Situation
    symbols: Symbols

    @property
    def _paid(self) -> bool:
        return self.situation.payee is not None

    @property
    def _foreign(self) -> bool:
        return self._paid and self.standing.own is None

    @property
    def _asset(self) -> str:
        return self.situation.asset.asset_id

    @property
    def _in_coin(self) -> bool:
        return self.situation.asset == self.situation.chain.coin

    def denials(self) -> Iterator[Any]:
        """What nobody can answer for; each as its rule says it."""
        yield from (self.symbols.flagged, self._replaced(), *self._times(), *self._record(), *self._fees())
        yield from (*self._caps(), *self._periods(), *self._signed(), *self._to_hot())
        yield z3.BoolVal(self._foreign and self.standing.alike and not self.standing.known)
        yield z3.BoolVal(self._action() not in self.named.actions)

    def concerns(self) -> dict[str, list[Any]]:
        """What people may answer for where the policy says so, by its word."""
        return {
            "duplicate": [*self._repeated()],
            "stale_list": [*self._stale()],
            "unknown_destination": [*self._unknown()],
            "new_destination": [*self._new()],
            "out_of_hours": [*self._out_of_hours()],
        }

    def answered(self, concern: str, raised: Any) -> Any:
        """Whether a concern stands in nobody's way."""
        asked = self.policy.answered(concern)
        return z3.Implies(raised, z3.And(*map(self.meets, asked))) if asked else z3.Not(raised)

    def meets(self, asked: Requirement) -> Any:
        """Whether those who approved are enough."""
        people, organisations = self.symbols.people[asked.role], self.symbols.organisations[asked.role]
        return z3.And(people >= asked.count, organisations >= asked.organisations)

    def tiers(self) -> Iterator[Any]:
        """Who is asked by what is paid within a day."""
        paid = self._together(self.symbols.amount, DAY, lambda past: past.same + past.other)
        for tier in self.named.tiers if self._paid else ():
            if tier.asset_id == self._asset:
                yield z3.Implies(paid > tier.above, self.meets(tier.requirement))

    def _action(self) -> str:
        if not self._paid:
            return "self-transfer"
        return "payment" if self._in_coin else "token-payment"

    def _record(self) -> Iterator[Any]:
        house = self.policy.originating_vasp
        named = [
            number
            for number, one in enumerate(self.situation.houses)
            if one.name == house.name and house.lei in (None, one.lei)
        ]
        yield z3.And(self.symbols.record, z3.Not(z3.Or(*(self.symbols.house == number for number in named))))
        if self._foreign:
            yield z3.Not(self.symbols.record)

    def _caps(self) -> Iterator[Any]:
        cap = dict(self.named.caps).get(self._asset)
        if self._paid:
            yield z3.BoolVal(True) if cap is None else self.symbols.amount > cap

    def _fees(self) -> Iterator[Any]:
        symbols, named = self.symbols, self.named
        yield symbols.fee > named.fee_cap
        yield symbols.feerate > named.feerate_cap * self.situation.chain.feerate_unit.base_units * 1000
        if self._paid and self._in_coin:
            yield symbols.fee * 100 > symbols.amount * named.fee_percent_cap

    def _periods(self) -> Iterator[Any]:
        periods = ((1, self.named.day_caps), (7, self.named.week_caps), (30, self.named.month_caps))
        coin = self.situation.chain.coin.asset_id
        for asset_id in {coin, *([self._asset] if self._paid else [])}:
            for days, caps in periods:
                if (cap := dict(caps).get(asset_id)) is not None:
                    leaving = self._charge(asset_id, self.symbols.amount, self.symbols.fee)
                    yield self._together(leaving, days * DAY, partial(self._charged, asset_id)) > cap

    def _charge(self, asset_id: str, paid: Any, fee: Any) -> Any:
        """What leaves in an asset: payments, and the fee where it is the coin."""
        coin = self.situation.chain.coin.asset_id
        return (paid if asset_id == self._asset else 0) + (fee if asset_id == coin else 0)

    def _charged(self, asset_id: str, past: EarlierSymbols) -> Any:
        return self._charge(asset_id, past.same + past.other, past.fee)

    def _signed(self) -> Iterator[Any]:
        """No payee's VASP has signed anything here."""
        bound = dict(self.named.signed_above).get(self._asset)
        if self._foreign and bound is not None:
            yield self._together(self.symbols.amount, DAY, self._to_others) > bound

    def _to_others(self, past: EarlierSymbols) -> Any:
        """What went to others than accounts that the house then called its own."""
        payee = self.situation.payee
        return past.other + (0 if payee and payee.old.own else past.same)

    def _times(self) -> Iterator[Any]:
        symbols, age = self.symbols, self.policy.list_age
        yield symbols.request_age > self.policy.request_hours * HOUR
        if self.policy.network == REFUSE:
            yield symbols.network
        if age:
            yield z3.Or(z3.Not(symbols.list_known), symbols.list_age >= age.deny_after_hours * HOUR)

    def _stale(self) -> Iterator[Any]:
        age = self.policy.list_age
        if age and age.escalate_after_hours is not None:
            yield z3.And(self.symbols.list_known, self.symbols.list_age >= age.escalate_after_hours * HOUR)

    def _out_of_hours(self) -> Iterator[Any]:
        if hours := self.policy.hours:
            local = (self.symbols.minute + hours.offset + WEEK_MINUTES) % WEEK_MINUTES
            day, minute = local / _DAY_MINUTES, local % _DAY_MINUTES
            open_day = z3.Or(*(day == one for one in hours.days))
            yield z3.Not(z3.And(open_day, minute >= hours.start, minute < hours.end))

    def _repeated(self) -> Iterator[Any]:
        """A payment of the same amount; earlier records are not told."""
        symbols = self.symbols
        for past in symbols.earlier if self._paid else ():
            recent = past.age < self.policy.repeat_days * DAY
            yield z3.And(recent, z3.Not(past.shared), past.same == symbols.amount)

    def _replaced(self) -> Any:
        """More than the coins were to pay him. Where they paid nobody, they were never given away."""
        if not self._paid:
            return z3.BoolVal(False)
        return z3.Or(
            *(
                z3.And(
                    past.shared,
                    past.age < REPLACEMENT_DAYS * DAY,
                    past.same + past.other > 0,
                    self.symbols.amount > past.same,
                )
                for past in self.symbols.earlier
            )
        )

    def _unknown(self) -> Iterator[Any]:
        bound = dict(self.named.known_above).get(self._asset)
        if self._foreign and bound is not None and not self.standing.known:
            yield self._together(self.symbols.amount, DAY, lambda past: past.same) > bound

    def _new(self) -> Iterator[Any]:
        clause = self.policy.new_destinations
        if not clause or not self._foreign:
            return
        window, cool_down = clause.forget_days * DAY, clause.cool_down_hours * HOUR
        bound = dict(self.named.first_payments).get(self._asset, 0)
        total = self._together(self.symbols.amount, window, lambda past: past.same)
        seasoned = z3.Or(
            *(
                z3.And(past.same > 0, past.age < window, past.age >= cool_down, z3.Not(past.shared))
                for past in self.symbols.earlier
            )
        )
        yield z3.And(total > bound, z3.Not(seasoned))

    def _to_hot(self) -> Iterator[Any]:
        own = self.standing.own
        if own is None or own.tier != _HOT:
            return
        bound = dict(self.named.to_hot_caps).get(self._asset)
        sent = self._together(self.symbols.amount, DAY, lambda past: past.same if self._was_hot() else 0)
        yield z3.BoolVal(True) if bound is None else sent > bound

    def _was_hot(self) -> bool:
        """Whether what went to the payee before went to a hot account: by the name that the old policy gave him."""
        payee = self.situation.payee
        if payee is None or payee.old.own is None:
            return False
        tiers = {own.name: own.tier for own in self.policy.own_accounts}
        return tiers.get(payee.old.own.name, _HOT) == _HOT

    def _together(self, amount: Any, seconds: Any, of: Callable[[EarlierSymbols], Any]) -> Any:
        """As `rules.history.together`: this one and all that it does not exclude, or what there was before."""
        recent = [(past, past.age < seconds, of(past)) for past in self.symbols.earlier]
        beside = _sum(z3.If(z3.And(within, z3.Not(past.shared)), value, 0) for past, within, value in recent)
        excluded = _largest(z3.If(z3.And(within, past.shared), value, 0) for past, within, value in recent)
        return beside + _largest([amount, excluded])


def _sum(terms: Iterable[Any]) -> Any:
    return z3.Sum(*terms)


def _largest(terms: Iterable[Any]) -> Any:
    first, *others = terms
    for one in others:
        first = z3.If(one > first, one, first)
    return first
