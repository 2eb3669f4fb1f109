"""All that a decision is made from: facts, travel-rule block, policy, flagged list, and what was authorised before."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from custody.codec.schema import Finding, SchemaError
from custody.policy.authorizations import Judged, judge_all, used_by
from custody.policy.document import Policy
from custody.policy.past import Past
from custody.review import Review
from custody.screening.flagged import FlaggedList
from custody.travel_rule.record import Block, TravelRuleRecord, read_block
from custody.travel_rule.vasp_keys import VaspKeys

__all__ = ["Case", "Past"]


@dataclass(frozen=True, slots=True)
class Case:
    """One request to judge.

    Attributes:
        review: the facts, proved from the transaction.
        travel_rule: the request's travel-rule block, as it came; empty when there is none.
        policy: None when none is installed.
        flagged: None when no list is installed.
        history: earlier authorisations, newest first, at least as far back as `rules.history.horizon` asks.
        interfaces: network interfaces of the device that are up, but loopback; None where that cannot be told.
        elapsed: seconds that the device has really run, counted by itself; never a date.
        latest: Unix seconds that it is at least; answers "is it too late?" and nothing else.
        created: Unix seconds at which the request says that it was made.
        list_made: Unix seconds from which on the list is valid; None where it does not say.
        evidence: by kind (``policy``, ``list``, ``tokens``, …) the SHA-256 in hex of the file in force, and of the
            ``request`` itself.
        vasps: keys of counterparties; None when none are installed.
        records: the block's records, read once; empty when it cannot be read.
        digests: SHA-256 of each record, hex.
        people: by index of an output, who is paid by whom (`travel_rule.identity.who`).
        faults: why the block cannot be read.
        authorizations: for each record, what the counterparty's authorisation in it is worth; judged once.
        transaction: the facts by their digest, as reasons name what they rest on.
    """

    review: Review
    travel_rule: bytes = field(repr=False)
    policy: Policy | None
    flagged: FlaggedList | None
    history: tuple[Past, ...] = field(default=(), repr=False)
    interfaces: tuple[str, ...] | None = None
    elapsed: int = 0
    latest: int = 0
    created: int = 0
    list_made: int | None = None
    evidence: Mapping[str, str] = field(default_factory=dict, repr=False)
    vasps: VaspKeys | None = field(default=None, repr=False)
    records: tuple[TravelRuleRecord, ...] = field(init=False, repr=False)
    digests: tuple[str, ...] = field(init=False, repr=False)
    people: Mapping[int, str] = field(init=False, repr=False)
    faults: tuple[Finding, ...] = field(init=False, repr=False)
    authorizations: tuple[Judged, ...] = field(init=False, repr=False)
    transaction: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        block, faults = Block(), tuple[Finding, ...]()
        try:
            block = read_block(self.travel_rule)
        except SchemaError as error:
            faults = error.findings
        object.__setattr__(self, "records", block.records)
        object.__setattr__(self, "digests", block.digests)
        object.__setattr__(self, "people", block.people)
        object.__setattr__(self, "faults", faults)
        object.__setattr__(self, "authorizations", self._judged())
        object.__setattr__(self, "transaction", f"transaction {self.review.digest.hex()}")

    def basis(self, kind: str) -> str:
        """What a reason rests on: the file of this ``kind`` in force by its digest, or that there is none."""
        digest = self.evidence.get(kind)
        return f"{kind} {digest}" if digest else f"no {kind}"

    def _judged(self) -> tuple[Judged, ...]:
        used = used_by(self.history, self.review)
        return judge_all(self.review, self.records, self.vasps, used, self.latest)
