"""The rules that look back: no payment twice, and no more than so much in a day.

How long ago something was is told by the seconds that the device has run, never by a date. Authorisations that share
a spend reference, an outpoint or a nonce, can never both be mined.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from custody.amounts import format_amount
from custody.errors import InputError
from custody.policy.case import Case, Past
from custody.policy.decision import Reason
from custody.policy.document import Policy
from custody.review import Output, leaving
from custody.screening.address import Program, decode_address
from custody.travel_rule.tap import MAX_AHEAD_SECONDS

DAY = 86_400
#: For how many days an address that was paid is remembered, so that none that looks like it takes its place.
SEEN_DAYS = 30


def horizon(policy: Policy) -> int:
    """How far back the history must reach: every authorisation less than so many elapsed seconds ago."""
    forget = policy.new_destinations.forget_days if policy.new_destinations else 0
    return max(SEEN_DAYS * DAY, policy.repeat_days * DAY, forget * DAY, MAX_AHEAD_SECONDS)


@dataclass(frozen=True, slots=True)
class NotRepeated:
    """For so many ``days`` no payment is made a second time, unless only one of both can ever be mined."""

    name: ClassVar[str] = "repeat_days"

    days: int

    def reasons(self, case: Case) -> Iterator[Reason]:
        """DUPLICATE-PAYMENT."""
        spends = _spends(case)
        earlier = list(recent(case, self.days * DAY)) if self.days else []
        paying = [(one, _payment(one)) for one in case.review.payments] if earlier else []
        for past in earlier:
            if spends.isdisjoint(past.spends):
                made = _payments(past, {output.amount for output, _ in paying})
                yield from (self._reason(one, past) for one, payment in paying if payment in made)

    def _reason(self, output: Output, past: Past) -> Reason:
        what = f"output {output.index} pays {format_amount(output.amount, output.asset)} to {output.address}"
        required = f"{self.days} days between equal payments, or a retry that spends what the first would have spent"
        return Reason("DUPLICATE-PAYMENT", self.name, f"{what}, as request {past.request} did", required)


@dataclass(frozen=True, slots=True)
class CapPerDay:
    """What leaves within a day, payments and fees, stays within the cap of its asset; without one it is unbounded."""

    name: ClassVar[str] = "cap_per_day"

    caps: tuple[tuple[str, int], ...]

    def reasons(self, case: Case) -> Iterator[Reason]:
        """CAP-DAY-EXCEEDED."""
        caps = dict(self.caps)
        assets = {output.asset.asset_id: output.asset for output in case.review.payments}
        assets[case.review.fee_asset.asset_id] = case.review.fee_asset
        for asset_id, amount in leaving(case.review).items():
            cap, total = caps.get(asset_id), _total(case, asset_id, amount)
            if cap is not None and total > cap:
                observed = f"{format_amount(total, assets[asset_id])} within a day, payments and fees"
                required = f"at most {format_amount(cap, assets[asset_id])} within a day"
                yield Reason("CAP-DAY-EXCEEDED", self.name, observed, required)


def earlier_payments(case: Case) -> Iterator[tuple[Output, int, str]]:
    """Payments of the case whose payee was paid in the same asset before: output, amount then, request then (hex).

    Whatever the amounts: a second payment that was only said to be lost may be of one unit more.
    """
    assets = {output.asset.asset_id for output in case.review.payments}
    made: dict[tuple[Program | str, str], list[tuple[int, str]]] = {}
    for past in case.history:
        for address, amount, asset_id in past.payments:
            if asset_id in assets:
                made.setdefault((_payee(address), asset_id), []).append((amount, past.request))
    for output in case.review.payments:
        for amount, request in made.get((_payee(output.address), output.asset.asset_id), ()):
            yield output, amount, request


def recent(case: Case, seconds: int) -> Iterator[Past]:
    """What was authorised less than so long ago, or seems to lie in the future."""
    return (past for past in case.history if case.elapsed - past.elapsed < seconds)


def _spends(case: Case) -> frozenset[str]:
    return frozenset(spend.reference for spend in case.review.spends)


_Payment = tuple[Program | str, int, str]


def _payment(output: Output) -> _Payment:
    return _payee(output.address), output.amount, output.asset.asset_id


def _payments(past: Past, amounts: set[int]) -> set[_Payment]:
    """Those of these amounts: addresses take long to decode."""
    return {(_payee(address), amount, asset) for address, amount, asset in past.payments if amount in amounts}


def _payee(address: str) -> Program | str:
    """The program; for a text that is no address, which no rule lets pass, the text itself."""
    spelled = address.lower() if address[:2].lower() == "0x" else address
    try:
        return decode_address(spelled)
    except InputError:
        return spelled


def _total(case: Case, asset_id: str, amount: int) -> int:
    return together(case, amount, [(past, past.charges.get(asset_id, 0)) for past in recent(case, DAY)])


def together(case: Case, amount: int, earlier: Sequence[tuple[Past, int]]) -> int:
    """A bound on what comes together: with this transaction and without all that it excludes, or as it was before.

    ``amount`` is what this one adds; ``earlier`` are authorisations with what each may have added.
    """
    spends = _spends(case)
    return max(amount + _most([one for one in earlier if spends.isdisjoint(one[0].spends)]), _most(earlier))


def _most(earlier: Sequence[tuple[Past, int]]) -> int:
    """A bound on what these can take out together: of those that all share a reference at most one is mined."""
    groups: dict[str, int] = {}
    for past, amount in sorted(earlier, key=lambda one: len(one[0].spends)):
        references = (*past.spends, past.request)
        reference = next((one for one in references if one in groups), references[0])
        groups[reference] = max(groups.get(reference, 0), amount)
    return sum(groups.values())
