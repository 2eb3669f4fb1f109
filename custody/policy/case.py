"""All that a decision is made from: facts, travel-rule block, policy, flagged list, and what was authorised before."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from custody.codec.schema import Finding, SchemaError
from custody.policy.document import Policy
from custody.review import Review
from custody.screening.flagged import FlaggedList
from custody.travel_rule.record import TravelRuleRecord, parse_block


@dataclass(frozen=True, slots=True)
class Past:
    """One earlier authorisation, as the log keeps it.

    Attributes:
        request: its digest, hex.
        elapsed: the device's count of seconds when it was given; only its distance to `Case.elapsed` means anything.
        spends: references, as in `custody.review.Spend`.
        payments: address, base units and CAIP-19 asset id of each.
        charges: what left, payments and fee, by CAIP-19 asset id.
    """

    request: str
    elapsed: int
    spends: tuple[str, ...]
    payments: tuple[tuple[str, int, str], ...]
    charges: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Case:
    """One request to judge.

    Attributes:
        review: the facts, proved from the transaction.
        travel_rule: the request's travel-rule block, as it came; empty when there is none.
        policy: None when none is installed.
        flagged: None when no list is installed.
        history: earlier authorisations, newest first, at least as far back as `custody.policy.history.horizon` asks.
        elapsed: seconds that the device has really run, counted by itself; never a date.
        records: the block's records, read once; empty when it cannot be read.
        faults: why the block cannot be read.
    """

    review: Review
    travel_rule: bytes = field(repr=False)
    policy: Policy | None
    flagged: FlaggedList | None
    history: tuple[Past, ...] = field(default=(), repr=False)
    elapsed: int = 0
    records: tuple[TravelRuleRecord, ...] = field(init=False, repr=False)
    faults: tuple[Finding, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        records: tuple[TravelRuleRecord, ...] = ()
        faults: tuple[Finding, ...] = ()
        try:
            records = parse_block(self.travel_rule)
        except SchemaError as error:
            faults = error.findings
        object.__setattr__(self, "records", records)
        object.__setattr__(self, "faults", faults)
