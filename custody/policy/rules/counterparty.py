"""The rule on a counterparty's own word: what is paid is what the payee's VASP has signed (docs/spec/tap.md)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from custody.amounts import format_amount
from custody.codec.schema import Finding
from custody.policy.authorizations import Judged
from custody.policy.case import Case, Past
from custody.policy.chain_policy import Bounds
from custody.policy.decision import Reason
from custody.policy.rules.history import DAY, recent, together
from custody.review import Output, Role, totals
from custody.travel_rule.tap import Authorization

_OF_THE_RECORD = ("authorization", "counterparty", "outputs")
_NONE = Finding("TAP-NONE", "authorization", "missing", "an authorisation (TAP) signed by the VASP that receives it")


@dataclass(frozen=True, slots=True)
class CounterpartySigned:
    """Where payments in an asset sum to more than its bound within a day, the payee's VASP has signed each of them.

    Earlier transactions count unless each payment of theirs was signed. An authorisation that is there holds, however
    little is paid, on a device that knows VASP keys: one that does not hold is a sign that somebody changed something.
    Payments to this house's own accounts have no other VASP.
    """

    name: ClassVar[str] = "signed_above"

    bounds: Bounds

    def reasons(self, case: Case) -> Iterator[Reason]:
        """TAP-NONE, and what `judge_all` finds."""
        others = [output for output in case.review.payments if output.role is not Role.OWN]
        bounds = dict(self.bounds)
        sums = {
            one: together(case, paid, _unsigned(case, one)) for one, paid in totals(others).items() if one in bounds
        }
        asked = {one for one, total in sums.items() if total > bounds[one]}
        for output in others:
            place, judged = _of(case, output)
            if output.asset.asset_id in asked or (case.vasps and judged is not None):
                yield from self._told(case, output, place, (_NONE,) if judged is None else judged)

    def _told(self, case: Case, output: Output, place: str, judged: Judged) -> Iterator[Reason]:
        what = f"output {output.index}, {format_amount(output.amount, output.asset)} to {output.address}"
        evidence = case.basis("vasps")
        for one in judged if isinstance(judged, tuple) else ():
            where = one.where if one.where.startswith(_OF_THE_RECORD) else f"authorization.{one.where}"
            observed = f"{what}: {where}: {one.observed}"
            yield Reason(one.code, self.name, observed, one.required, f"{place}.{where}", evidence)


def _unsigned(case: Case, asset_id: str) -> list[tuple[Past, int]]:
    """What went to others within a day by transactions of which not every payment was signed.

    An authorisation is for one payment, and held where that went to others: as many as there were payments, to own
    accounts too, are all of them. Nothing held on a device that knows no VASP keys.
    """
    found = []
    for past in recent(case, DAY):
        foreign = [paid for place, paid in enumerate(past.payments) if not any(past.owners[place : place + 1])]
        if not case.vasps or len(past.authorizations) < len(past.payments):
            found.append((past, sum(amount for _, amount, asset in foreign if asset == asset_id)))
    return found


def counterparty_signed(case: Case, output: Output) -> bool:
    """Whether the payee's VASP has signed this very payment: its authorisation is there, and all of it holds."""
    return signature(case, output) is not None


def signature(case: Case, output: Output) -> Authorization | None:
    """The authorisation of this very payment, where all of it holds."""
    _, judged = _of(case, output)
    return judged if isinstance(judged, Authorization) else None


def _of(case: Case, output: Output) -> tuple[str, Judged]:
    """Of the one record that speaks for an output, place and authorisation; of several none: another rule tells."""
    found = [
        index
        for index, record in enumerate(case.records)
        if any(covered.index == output.index for covered in record.outputs)
    ]
    match found:
        case [index]:
            return f"records[{index}]", case.authorizations[index]
    return f"outputs[{output.index}]", None
