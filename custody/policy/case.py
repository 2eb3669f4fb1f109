"""All that a decision is made from: the facts, the travel-rule block, the policy and the flagged list."""

from dataclasses import dataclass, field

from custody.codec.schema import Finding, SchemaError
from custody.policy.document import Policy
from custody.review import Review
from custody.screening.flagged import FlaggedList
from custody.travel_rule.record import TravelRuleRecord, parse_block


@dataclass(frozen=True, slots=True)
class Case:
    """One request to judge.

    Attributes:
        review: the facts, proved from the transaction.
        travel_rule: the request's travel-rule block, as it came; empty when there is none.
        policy: None when none is installed.
        flagged: None when no list is installed.
        records: the block's records, read once; empty when it cannot be read.
        faults: why the block cannot be read.
    """

    review: Review
    travel_rule: bytes = field(repr=False)
    policy: Policy | None
    flagged: FlaggedList | None
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
