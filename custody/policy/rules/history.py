"""What this signer authorised before, and how much of it may leave within a period.

How long ago something was is told by the seconds that the device has run, never by a date. Authorisations that share
a spend reference, an outpoint or a nonce, can never both be mined.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from custody.amounts import format_amount
from custody.errors import InputError
from custody.policy.case import Case, Past
from custody.policy.chain_policy import Bounds
from custody.policy.decision import Reason
from custody.policy.document import Policy
from custody.review import leaving
from custody.screening.address import Program, decode_address

DAY = 86_400
#: For how many days an address that was paid is remembered, so that none that looks like it takes its place.
SEEN_DAYS = 30
#: For how many days an authorisation stands in the way of another payment from its coins.
REPLACEMENT_DAYS = 30

_KEPT_PAYEES = 20_000


def horizon(policy: Policy) -> int:
    """How far back the history must reach: every authorisation less than so many elapsed seconds ago.

    What lies further back changes no evaluation.
    """
    days = [SEEN_DAYS, REPLACEMENT_DAYS, policy.repeat_days]
    if policy.new_destinations:
        days.append(policy.new_destinations.forget_days)
    return max(days) * DAY


@dataclass(frozen=True, slots=True)
class CapPerPeriod:
    """What leaves within a period, payments and fees, stays within its asset's cap; without one it is unbounded."""

    name: ClassVar[str]
    code: ClassVar[str]
    days: ClassVar[int]
    words: ClassVar[str]

    caps: Bounds

    def reasons(self, case: Case) -> Iterator[Reason]:
        """CAP-DAY-EXCEEDED, CAP-WEEK-EXCEEDED, CAP-MONTH-EXCEEDED."""
        caps = dict(self.caps)
        assets = {output.asset.asset_id: output.asset for output in case.review.payments}
        assets[case.review.fee_asset.asset_id] = case.review.fee_asset
        for asset_id, amount in leaving(case.review).items():
            if (cap := caps.get(asset_id)) is None:
                continue
            earlier = [(past, past.charges.get(asset_id, 0)) for past in recent(case, self.days * DAY)]
            total = together(case, amount, earlier)
            if total > cap:
                observed = f"{format_amount(total, assets[asset_id])} within {self.words}, payments and fees"
                required = f"at most {format_amount(cap, assets[asset_id])} within {self.words}"
                yield Reason(self.code, self.name, observed, required, f"charges[{asset_id}]", case.transaction)


class CapPerDay(CapPerPeriod):
    """The cap of 24 hours."""

    name: ClassVar[str] = "cap_per_day"
    code: ClassVar[str] = "CAP-DAY-EXCEEDED"
    days: ClassVar[int] = 1
    words: ClassVar[str] = "a day"


class CapPerWeek(CapPerPeriod):
    """The cap of 7 days."""

    name: ClassVar[str] = "cap_per_week"
    code: ClassVar[str] = "CAP-WEEK-EXCEEDED"
    days: ClassVar[int] = 7
    words: ClassVar[str] = "7 days"


class CapPerMonth(CapPerPeriod):
    """The cap of 30 days."""

    name: ClassVar[str] = "cap_per_30_days"
    code: ClassVar[str] = "CAP-MONTH-EXCEEDED"
    days: ClassVar[int] = 30
    words: ClassVar[str] = "30 days"


def recent(case: Case, seconds: int) -> list[Past]:
    """What was authorised less than so long ago, or seems to lie in the future."""
    before = case.elapsed - seconds
    return [past for past in case.history if past.elapsed > before]


def references(case: Case) -> frozenset[str]:
    """What this transaction spends: of all that spend one of these, at most one is ever mined."""
    return frozenset(spend.reference for spend in case.review.spends)


def together(case: Case, amount: int, earlier: Sequence[tuple[Past, int]]) -> int:
    """A bound on what comes together: with this transaction and without all that it excludes, or as it was before.

    ``amount`` is what this one adds; ``earlier`` are authorisations with what each may have added.
    """
    spends = references(case)
    before = _most(earlier)
    apart = [one for one in earlier if spends.isdisjoint(one[0].spends)]
    return max(amount + _most(apart), before) if len(apart) < len(earlier) else amount + before


@lru_cache(maxsize=_KEPT_PAYEES)
def payee(address: str) -> Program | str:
    """The program, decoded once; for a text that is no address, which no rule lets pass, the text itself."""
    spelled = address.lower() if address[:2].lower() == "0x" else address
    try:
        return decode_address(spelled)
    except InputError:
        return spelled


def _most(earlier: Sequence[tuple[Past, int]]) -> int:
    """A bound on what these can take out together: of those that all share a reference at most one is mined."""
    spent_in_all = [reference for past, _ in earlier for reference in past.spends or (past.request,)]
    if len(set(spent_in_all)) == len(spent_in_all):
        return sum(amount for _, amount in earlier)
    groups: dict[str, int] = {}
    for past, amount in sorted(earlier, key=lambda one: len(one[0].spends)):
        spent = (*past.spends, past.request)
        reference = next((one for one in spent if one in groups), spent[0])
        groups[reference] = max(groups.get(reference, amount), amount)
    return sum(groups.values())
