"""The solver's formula of the rules and the device's own rules say the same, and the comparison misses nothing of it.

Three writings of one thing, each held against the others: rules that judge, a comparison of values, a formula.
"""

import dataclasses
from collections import Counter
from collections.abc import Iterator
from functools import partial
from random import Random
from typing import Any

import policies
import pytest
import z3
from policies import FIELDS, MUCH, VALUES, neighbours

from custody.coordinator.prover import encode
from custody.coordinator.prover.encode import allowed
from custody.coordinator.prover.payees import Standing
from custody.coordinator.prover.prove import newly_allowed, situations
from custody.coordinator.prover.scenario import Earlier, Scenario, Situation
from custody.coordinator.prover.symbols import EARLIER, Symbols
from custody.evm.tokens import TokenRegistry
from custody.policy.chain_policy import ROLES
from custody.policy.compare.policy import compare_policy
from custody.policy.decision import CONCERNS
from custody.policy.document import Policy
from custody.policy.rules.history import DAY

TOKENS = TokenRegistry()
HOUR = 3_600
PAIRS = 200
JUDGED = 400
RULES = [
    *["caps", "day_caps", "week_caps", "month_caps", "fee_cap", "feerate_cap", "fee_percent_cap", "tiers", "actions"],
    *["known_above", "signed_above", "first_payments", "to_hot_caps"],
    *[
        "approvals",
        "repeat_days",
        "request_hours",
        "network",
        "list_age",
        "hours",
        "new_destinations",
        "originating_vasp",
    ],
    *["allowlist", "own_accounts", "escalations"],
]


def pair(seed: int) -> tuple[Policy, Policy]:
    """Two policies that differ in one thing, each in its turn."""
    names = [*FIELDS, *VALUES]
    return neighbours(Random(seed), names[seed % len(names)])


def standings(situation: Situation) -> tuple[Standing, Standing]:
    payee = situation.payee
    return (payee.old, payee.new) if payee else (Standing(), Standing())


def cap(pick: Random) -> int:
    """At a cap of the random policies, or one beside it."""
    return max(0, pick.choice([0, 50, 100, 150, MUCH]) + pick.choice([-1, 0, 0, 1]))


def earlier(pick: Random, amount: int) -> Earlier:
    age = max(0, pick.choice([0, 1, 2, 3, 7, 10, 30, 90]) * DAY - pick.randint(0, 1))
    if pick.random() < 0.5:
        return Earlier(age, 0, 0, 0, shared=False)
    same = pick.choice([0, amount, amount, cap(pick)]) if amount else 0
    return Earlier(age, same, pick.choice([0, 0, cap(pick)]), pick.choice([0, 0, cap(pick)]), pick.random() < 0.3)


def scenario(pick: Random, situation: Situation) -> Scenario:
    """A random request in a situation, at the bounds of the random policies."""
    paid, unit = situation.payee is not None, situation.chain.feerate_unit.base_units * 1000
    amount = max(1, cap(pick)) if paid else 0
    people = {role: pick.choice([0, 2, 4]) for role in ROLES}
    return Scenario(
        situation,
        amount=amount,
        fee=pick.choice([0, 0, 1, cap(pick)]),
        feerate=pick.choice([1, 1, 2, 3]) * unit + pick.choice([0, 0, 1]),
        minute=max(0, pick.randrange(7) * 1_440 + pick.choice([0, 180, 540, 900, 1_080]) - pick.randint(0, 1)),
        request_age=pick.choice([0, 0, 1, 12, 24]) * HOUR + pick.choice([0, 0, 1]),
        list_known=pick.random() < 0.9,
        list_age=max(0, pick.choice([0, 12, 24, 48]) * HOUR - pick.randint(0, 1)),
        flagged=paid and pick.random() < 0.05,
        record=paid and pick.random() < 0.9,
        house=pick.randrange(len(situation.houses)) if pick.random() < 0.2 else 0,
        people=people,
        organisations={role: pick.randint(1, many) if many else 0 for role, many in people.items()},
        earlier=tuple(earlier(pick, amount) for _ in range(EARLIER)),
        network=pick.random() < 0.1,
    )


def substitutions(symbols: Any, given: Any) -> list[tuple[Any, Any]]:
    """Each symbol with its number."""
    found = []
    for field in dataclasses.fields(symbols):
        symbol, value = getattr(symbols, field.name), getattr(given, field.name)
        if isinstance(symbol, dict):
            found += [(symbol[role], z3.IntVal(value[role])) for role in symbol]
        elif isinstance(symbol, tuple):
            found += [row for one, other in zip(symbol, value, strict=True) for row in substitutions(one, other)]
        else:
            found.append((symbol, z3.BoolVal(value) if isinstance(value, bool) else z3.IntVal(value)))
    return found


def says(policy: Policy, standing: Standing, one: Scenario) -> bool:
    """What the formula says of one request."""
    symbols = Symbols.fresh()
    formula = allowed(policy, standing, one.situation, symbols)
    return bool(z3.is_true(z3.simplify(z3.substitute(formula, *substitutions(symbols, one)))))


def judgements(pairs: int) -> Iterator[tuple[bool, bool]]:
    """What the formula says of one random request after the other, and what the device does."""
    for seed in range(pairs):
        pick, (old, new) = Random(seed), pair(seed)
        asked = [*situations(old, new, TOKENS)]
        for situation in pick.sample(asked, min(2, len(asked))):
            one, (before, after) = scenario(pick, situation), standings(situation)
            for policy, standing in ((old, before), (new, after)):
                yield says(policy, standing, one), one.allowed(policy, standing)


def test_the_formula_judges_every_request_as_the_device_does() -> None:
    found = Counter(judgements(JUDGED))
    assert found[True, False] == found[False, True] == 0
    assert min(found[True, True], found[False, False]) > JUDGED // 4


def example(old: Policy, new: Policy) -> Scenario | None:
    found = (one for situation in situations(old, new, TOKENS) if (one := newly_allowed(old, new, situation)))
    return next(found, None)


def test_where_the_comparison_loosens_nothing_the_solver_finds_nothing() -> None:
    outcomes: Counter[tuple[bool, bool]] = Counter()
    for seed in range(PAIRS):
        old, new = pair(seed)
        loosens = any(change.loosens for change in compare_policy(old, new))
        outcomes[loosens, example(old, new) is not None] += 1
    assert outcomes[False, True] == 0
    assert min(outcomes[False, False], outcomes[True, True]) > PAIRS // 5


def silent(name: str, old: Policy, new: Policy) -> bool:
    """A comparison that does not look at one field, or one value of a chain."""
    if name in FIELDS:
        return not any(
            change.loosens for change in compare_policy(old, dataclasses.replace(new, **{name: getattr(old, name)}))
        )
    kept = {chain.chain: getattr(chain, name) for chain in old.chains}
    chains = tuple(
        dataclasses.replace(chain, **{name: kept.get(chain.chain, getattr(chain, name))}) for chain in new.chains
    )
    return not any(change.loosens for change in compare_policy(old, dataclasses.replace(new, chains=chains)))


@pytest.mark.parametrize("name", RULES)
def test_a_comparison_that_does_not_look_at_one_thing_would_be_found(name: str) -> None:
    pairs = (neighbours(Random(seed), name) for seed in range(400))
    found = (pair for pair in pairs if silent(name, *pair) and example(*pair))
    assert next(found, None)


@pytest.mark.parametrize("concern", CONCERNS)
def test_a_formula_that_forgets_one_concern_would_be_found(concern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = encode._Judged.concerns
    monkeypatch.setattr(encode._Judged, "concerns", lambda judged: whole(judged) | {concern: []})
    assert (True, False) in judgements(10 * JUDGED)


@pytest.mark.parametrize("rule", ["_record", "_fees", "_caps", "_periods", "_signed", "_times", "_to_hot"])
def test_a_formula_that_forgets_one_rule_would_be_found(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encode._Judged, rule, lambda _: iter(()))
    assert (True, False) in judgements(10 * JUDGED)


def test_the_random_policies_hold_every_field() -> None:
    policy_fields = {field.name for field in dataclasses.fields(Policy)}
    assert policy_fields == FIELDS.keys()
    assert partial(policies.policy, tight=1)(Random(1)).chains
