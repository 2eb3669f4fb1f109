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
from custody.policy.rules.history import DAY, REPLACEMENT_DAYS, payee, recent, references
from custody.policy.rules.payees import Made, all_payees
from custody.review import Output
from custody.screening.address import Program

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
        apart = (past for past in since if spends.isdisjoint(past.spends))
        for whom in all_payees(apart, case.review):
            for output in whom.outputs:
                yield from self._told(output, case.people.get(output.index), whom.made)

    def _told(self, output: Output, record: str | None, made: list[Made]) -> Iterator[Reason]:
        equal = [one.past for one in made if one.amount == output.amount]
        others = (one.past for one in made if record and one.record == record)
        requests = {past.request for past in equal}
        alike = [past for past in others if past.request not in requests]
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
        for past in _replaced(case):
            outputs = {_whom(output): output for output in case.review.payments}
            pays = _sums((one.address, one.amount, one.asset.asset_id) for one in case.review.payments)
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


def _requests(pasts: list[Past]) -> str:
    others = len({past.request for past in pasts}) - 1
    return f"request {pasts[0].request}" + (f" and {others} more" if others else "")


def _sums(payments: Iterable[tuple[str, int, str]]) -> Counter[_Whom]:
    sums: Counter[_Whom] = Counter()
    for address, amount, asset_id in payments:
        sums[payee(address), asset_id] += amount
    return sums


def _whom(output: Output) -> _Whom:
    return payee(output.address), output.asset.asset_id
