"""Counterparties' authorisations, each judged once against the one output that its record speaks for."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from custody.chains import chain
from custody.codec.schema import Finding
from custody.policy.past import Past
from custody.review import Output, Review
from custody.travel_rule.record import TravelRuleRecord
from custody.travel_rule.tap import Authorization, Paid, check_authorization, message_key
from custody.travel_rule.vasp_keys import VaspKeys

#: What holds, or all that speaks against it; None where a record has no authorisation.
Judged: TypeAlias = Authorization | tuple[Finding, ...] | None


def judge_all(
    review: Review, records: Sequence[TravelRuleRecord], vasps: VaspKeys | None, used: frozenset[str], latest: int
) -> tuple[Judged, ...]:
    """For each record, what its authorisation is worth; ``used`` are `Message.key`s that serve no more."""
    keys = [message_key(record) for record in records]
    repeated = {key for key, times in Counter(keys).items() if key and times > 1}
    outputs = {output.index: output for output in review.outputs}
    return tuple(
        _judged(record, vasps, tuple(_use(record, key, repeated, used)), outputs, review, latest)
        for record, key in zip(records, keys, strict=True)
    )


def used_by(history: Iterable[Past], review: Review) -> frozenset[str]:
    """What earlier payments rested on, unless they and this one can never both be mined."""
    spends = {spend.reference for spend in review.spends}
    return frozenset(key for past in history if spends.isdisjoint(past.spends) for key in past.authorizations)


def _judged(
    record: TravelRuleRecord,
    vasps: VaspKeys | None,
    use: tuple[Finding, ...],
    outputs: dict[int, Output],
    review: Review,
    latest: int,
) -> Judged:
    if record.authorization is None:
        return None
    if record.vasp is None:
        return (Finding("TAP-VASP", "counterparty", "an unhosted wallet", "a VASP whose key signed for this address"),)
    if vasps is None:
        return (Finding("TAP-KEYS-NONE", "authorization", "no VASP keys are installed", "an installed file of them"),)
    match [outputs.get(covered.index) for covered in record.outputs]:
        case [Output() as output]:
            paid = Paid(chain(review.chain_id), output.address, output.amount, output.asset)
            found = check_authorization(record.authorization, vasps, record.vasp, paid, latest)
            return use or found if isinstance(found, Authorization) else (*found, *use)
    return use


def _use(record: TravelRuleRecord, key: str | None, repeated: set[str], used: frozenset[str]) -> Iterator[Finding]:
    """An authorisation is for one payment, once: of those that spend the same coin, only one is ever mined."""
    if len(record.outputs) != 1:
        required = "a record of its own for each payment"
        yield Finding("TAP-OUTPUTS", "outputs", f"{len(record.outputs)} outputs, and one authorisation", required)
    if key in repeated:
        observed = "a message that another record has too"
        yield Finding("TAP-REPEATED", "authorization.id", observed, "one for each payment")
    if key in used:
        required = "a new authorisation, or a retry that spends what the first would have spent"
        yield Finding("TAP-USED", "authorization.id", "a message that another payment rested on", required)
