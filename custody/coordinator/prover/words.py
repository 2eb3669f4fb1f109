"""A proof in words for people, and in JSON for scripts."""

from collections.abc import Iterator

from custody.amounts import format_amount
from custody.codec.canonical_json import Json
from custody.coordinator.prover.payees import Standing
from custody.coordinator.prover.prove import NOT_COVERED, Proof
from custody.coordinator.prover.scenario import Earlier, Scenario
from custody.policy.clauses import WEEK
from custody.policy.decision import Requirement
from custody.policy.document import Policy
from custody.policy.explain import asks

_HOUR, _DAY = 3_600, 86_400


def told(proof: Proof, old: Policy) -> Iterator[str]:
    """The proof, a line each."""
    if proof.example is None:
        yield f"PROVED: the new policy allows nothing that the old one does not, in {proof.situations:,} situation(s),"
        yield "  each for all amounts, fees, times, ages, approvals and earlier payments."
    else:
        yield "NEWLY ALLOWED, found by the solver and judged by the device's own rules:"
        yield from (f"  {line}" for line in request(proof.example))
        yield from (f"  before   {line}" for line in against(proof.example, old))
        yield "  now      allowed"
    yield from (f"PROVED of the new policy: {words}." for words in proof.always)
    yield "The proof does not speak of:"
    yield from (f"  {words}" for words in NOT_COVERED)


def as_json(proof: Proof, old: Policy) -> dict[str, Json]:
    """The proof as JSON values."""
    example = proof.example
    shown: dict[str, Json] | None = None
    if example:
        shown = {"request": [*request(example)], "before": [*against(example, old)]}
    return {
        "proved": example is None,
        "situations": proof.situations,
        "example": shown,
        "always": [*proof.always],
        "not_covered": [*NOT_COVERED],
    }


def request(scenario: Scenario) -> Iterator[str]:
    """What is asked for, and what surrounds it."""
    situation, chain = scenario.situation, scenario.situation.chain
    fee = f"a fee of {format_amount(scenario.fee, chain.coin)} ({chain.feerate_unit.format(scenario.feerate)})"
    if situation.payee:
        paid = format_amount(scenario.amount, situation.asset)
        yield f"{chain.alias}: {paid} to {situation.payee.address}, {situation.payee.words}, and {fee}"
        house = situation.houses[scenario.house]
        yield f"with a record of {house.name}, {house.lei}" if scenario.record else "without a travel-rule record"
    else:
        yield f"{chain.alias}: nothing to anybody, and {fee}"
    day, minute = divmod(scenario.minute, 1_440)
    yield f"judged on {WEEK[day]} {minute // 60:02}:{minute % 60:02} UTC, made {_span(scenario.request_age)} before"
    age = f"is {_span(scenario.list_age)} old" if scenario.list_known else "does not say how old it is"
    yield f"by a flagged list that {age}"
    if scenario.network:
        yield "on a device that has a network interface up"
    yield f"approved by {_people(scenario)}"
    yield from (_earlier(scenario, one) for one in scenario.earlier if one.same or one.other or one.fee)


def against(scenario: Scenario, policy: Policy) -> Iterator[str]:
    """Why the device does not sign it under the old policy."""
    payee = scenario.situation.payee
    found = scenario.evaluated(policy, payee.old if payee else Standing())
    for reason in found.reasons:
        yield f"refused: {reason.code}, {reason.observed}"
    for asked in found.requirements:
        if not scenario.meets(asked):
            yield f"not enough approvals: {asks(asked)}"


def _people(scenario: Scenario) -> str:
    present = [
        asks(Requirement(many, role, scenario.organisations[role])) for role, many in scenario.people.items() if many
    ]
    return " and ".join(present) or "nobody"


def _earlier(scenario: Scenario, one: Earlier) -> str:
    asset, coin = scenario.situation.asset, scenario.situation.chain.coin
    parts = [
        *([f"{format_amount(one.same, asset)} to the same payee"] if one.same else []),
        *([f"{format_amount(one.other, asset)} to somebody else"] if one.other else []),
        *([f"a fee of {format_amount(one.fee, coin)}"] if one.fee else []),
    ]
    shared = ", from a coin that this request spends" if one.shared else ""
    return f"authorised {_span(one.age)} ago: {' and '.join(parts)}{shared}"


def _span(seconds: int) -> str:
    days, rest = divmod(seconds, _DAY)
    parts = [(days, "day"), (rest // _HOUR, "hour"), (rest % _HOUR // 60, "minute"), (rest % 60, "second")]
    said = [f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in parts if count]
    return " ".join(said) or "0 seconds"
