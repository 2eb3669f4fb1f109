"""The rule on a counterparty's own word: what is paid is what the payee's VASP has signed (docs/spec/tap.md)."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from custody.amounts import format_amount
from custody.chains import chain
from custody.codec.schema import Finding
from custody.policy.case import Case
from custody.policy.chain_policy import Bounds
from custody.policy.decision import Reason
from custody.review import Output, Role, totals
from custody.travel_rule.record import TravelRuleRecord
from custody.travel_rule.tap import Authorization, Paid, check_authorization, message_key

_OF_THE_RECORD = ("authorization", "counterparty", "outputs")
_AUTHORIZATION = "an authorisation (TAP) signed by the VASP that receives it"


@dataclass(frozen=True, slots=True)
class CounterpartySigned:
    """Where payments in an asset sum to more than its bound, the payee's VASP has signed each of them.

    An authorisation that is there holds, however little is paid, on a device that knows VASP keys: one that does not
    hold is a sign that somebody changed something. Payments to this house's own accounts have no other VASP.
    """

    name: ClassVar[str] = "signed_above"

    bounds: Bounds

    def reasons(self, case: Case) -> Iterator[Reason]:
        """TAP-NONE, TAP-KEYS-NONE, TAP-OUTPUTS, TAP-USED, TAP-REPEATED, and those of `check_authorization`."""
        others = [output for output in case.review.payments if output.role is not Role.OWN]
        paid, bounds = totals(others), dict(self.bounds)
        for output in others:
            asset_id = output.asset.asset_id
            asked = asset_id in bounds and paid[asset_id] > bounds[asset_id]
            place, record = _covering(case, output)
            if asked or (case.vasps and record and record.authorization):
                findings = _judged(case, output, record)
                yield from self._told(case, output, place, findings if isinstance(findings, tuple) else ())

    def _told(self, case: Case, output: Output, place: str, findings: tuple[Finding, ...]) -> Iterator[Reason]:
        what = f"output {output.index}, {format_amount(output.amount, output.asset)} to {output.address}"
        evidence = f"vasps {case.evidence['vasps']}" if "vasps" in case.evidence else ""
        for one in findings:
            where = one.where if one.where.startswith(_OF_THE_RECORD) else f"authorization.{one.where}"
            observed = f"{what}: {where}: {one.observed}"
            yield Reason(one.code, self.name, observed, one.required, f"{place}.{where}", evidence)


def counterparty_signed(case: Case, output: Output) -> bool:
    """Whether the payee's VASP has signed this very payment: its authorisation is there, and all of it holds."""
    return isinstance(_judged(case, output, _covering(case, output)[1]), Authorization)


def _covering(case: Case, output: Output) -> tuple[str, TravelRuleRecord | None]:
    """The one record that speaks for an output, and its place; none where several do: another rule tells that."""
    found = [
        (f"records[{index}]", record)
        for index, record in enumerate(case.records)
        if any(covered.index == output.index for covered in record.outputs)
    ]
    return found[0] if len(found) == 1 else (f"outputs[{output.index}]", None)


def _judged(case: Case, output: Output, record: TravelRuleRecord | None) -> Authorization | tuple[Finding, ...]:
    if record is None or record.authorization is None:
        return (Finding("TAP-NONE", "authorization", "missing", _AUTHORIZATION),)
    if record.vasp is None:
        return (Finding("TAP-VASP", "counterparty", "an unhosted wallet", "a VASP whose key signed for this address"),)
    if case.vasps is None:
        return (Finding("TAP-KEYS-NONE", "authorization", "no VASP keys are installed", "an installed file of them"),)
    paid = Paid(chain(case.review.chain_id), output.address, output.amount, output.asset)
    found = check_authorization(record.authorization, case.vasps, record.vasp, paid, case.latest)
    use = tuple(_use(case, record))
    return found if isinstance(found, Authorization) and not use else (*_findings(found), *use)


def _findings(found: Authorization | tuple[Finding, ...]) -> tuple[Finding, ...]:
    return () if isinstance(found, Authorization) else found


def _use(case: Case, record: TravelRuleRecord) -> Iterator[Finding]:
    """An authorisation is for one payment, once: of those that spend the same coin, only one is ever mined."""
    if len(record.outputs) != 1:
        required = "a record of its own for each payment"
        yield Finding("TAP-OUTPUTS", "outputs", f"{len(record.outputs)} outputs, and one authorisation", required)
    key = message_key(record)
    if key is None:
        return
    if Counter(map(message_key, case.records))[key] > 1:
        yield Finding(
            "TAP-REPEATED", "authorization.id", "a message that another record has too", "one for each payment"
        )
    if key in case.used_authorizations:
        required = "a new authorisation, or a retry that spends what the first would have spent"
        yield Finding("TAP-USED", "authorization.id", "a message that another payment rested on", required)
