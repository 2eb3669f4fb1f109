"""The rules against paying twice: nobody is paid the same again, and no coins that were given away pay somebody else.

Two authorisations that share a spend reference can never both be mined. That makes a retry harmless, and a swap
possible: a "replacement" of a payment that pays a thief.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from custody.amounts import format_amount
from custody.policy.case import Case, Past
from custody.policy.decision import Reason
from custody.policy.history import DAY, REPLACEMENT_DAYS, payee, recent, references
from custody.review import Output
from custody.screening.address import Program
from custody.travel_rule.identity import spoken_for

_Whom: TypeAlias = tuple[Program | str, str]


@dataclass(frozen=True, slots=True)
class NotRepeated:
    """For so many ``days`` nobody is paid the same amount, or by the same record, a second time.

    Unless only one of both can ever be mined: a retry spends what the first try would have spent.
    """

    name: ClassVar[str] = "repeat_days"

    days: int

    def reasons(self, case: Case) -> Iterator[Reason]:
        """DUPLICATE-PAYMENT, DUPLICATE-RECORD, which are concerns."""
        spends = references(case)
        since = recent(case, self.days * DAY) if self.days else ()
        earlier = [past for past in since if spends.isdisjoint(past.spends)]
        if not earlier:
            return
        made, records = _made(earlier, set(map(_asset_id, case.review.payments))), spoken_for(case.travel_rule)
        for output in case.review.payments:
            whom = payee(output.address), _asset_id(output)
            equal, record = made.get((*whom, output.amount), []), records.get(output.index)
            told = {past.request for past in equal}
            alike = [past for past in made.get((*whom, record), []) if past.request not in told] if record else []
            what = f"output {output.index} pays {format_amount(output.amount, output.asset)} to {output.address}"
            if equal:
                observed = f"{what}, as {_requests(equal)} did"
                yield self._reason("DUPLICATE-PAYMENT", observed, f"outputs[{output.index}].amount", equal)
            if alike:
                observed = f"{what}, by a record that says the same as that of {_requests(alike)}"
                yield self._reason("DUPLICATE-RECORD", observed, f"outputs[{output.index}].record", alike)

    def _reason(self, code: str, observed: str, fact: str, pasts: list[Past]) -> Reason:
        required = f"{self.days} days between such payments, or a retry that spends what the first would have spent"
        return Reason(code, self.name, observed, required, fact, f"request {pasts[0].request}", "duplicate")


@dataclass(frozen=True, slots=True)
class NothingElseReplaced:
    """Who spends coins that an earlier payment was to spend pays the same payees, and none of them more.

    A higher fee, less for a payee and nothing for anybody pass. Whoever needs the coins for another payment first
    moves them to the account's own change: what that transaction made was never given away.
    """

    name: ClassVar[str] = "replacement"

    def reasons(self, case: Case) -> Iterator[Reason]:
        """REPLACEMENT-DIFFERS."""
        outputs = {(payee(output.address), _asset_id(output)): output for output in case.review.payments}
        pays = _sums((output.address, output.amount, _asset_id(output)) for output in case.review.payments)
        for past in _replaced(case):
            paid = _sums(past.payments)
            for whom, amount in pays.items():
                if amount > paid[whom]:
                    yield self._reason(outputs[whom], amount, paid[whom], past)

    def _reason(self, output: Output, amount: int, before: int, past: Past) -> Reason:
        pays, paid = (format_amount(one, output.asset) for one in (amount, before))
        observed = f"{pays} to {output.address}, from coins of request {past.request}, which paid {paid} there"
        required = "a retry that pays the same payees and nobody more, or coins that no payment was to spend"
        fact = f"outputs[{output.index}].amount"
        return Reason("REPLACEMENT-DIFFERS", self.name, observed, required, fact, f"request {past.request}")


def _replaced(case: Case) -> Iterator[Past]:
    """Payments of which this transaction spends a coin; one that paid nobody promised nothing."""
    spends = references(case)
    for past in recent(case, REPLACEMENT_DAYS * DAY):
        if past.payments and not spends.isdisjoint(past.spends):
            yield past


def _made(history: Iterable[Past], assets: set[str]) -> dict[tuple[Program | str, str, int | str], list[Past]]:
    """Who was paid in these assets, newest first, by the amount and by the record."""
    made: dict[tuple[Program | str, str, int | str], list[Past]] = {}
    for past in history:
        for position, (address, amount, asset_id) in enumerate(past.payments):
            if asset_id in assets:
                told: tuple[int | str, ...] = (amount, *past.records[position : position + 1])
                for one in told:
                    made.setdefault((payee(address), asset_id, one), []).append(past)
    return made


def _requests(pasts: list[Past]) -> str:
    others = len({past.request for past in pasts}) - 1
    return f"request {pasts[0].request}" + (f" and {others} more" if others else "")


def _sums(payments: Iterable[tuple[str, int, str]]) -> Counter[_Whom]:
    sums: Counter[_Whom] = Counter()
    for address, amount, asset_id in payments:
        sums[payee(address), asset_id] += amount
    return sums


def _asset_id(output: Output) -> str:
    return output.asset.asset_id
