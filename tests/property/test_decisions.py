"""What holds of every decision: a reason can be looked up, what is hidden helps nobody, order changes nothing."""

import dataclasses
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import examples
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policies import ELAPSED, Trial, policy

from custody.codec import canonical_json
from custody.policy import evaluate as judgement
from custody.policy.case import Case, Past
from custody.policy.decision import Decision, Reason
from custody.policy.document import Policy
from custody.policy.evaluate import Evaluation, evaluate, rules_of
from custody.policy.rules.history import DAY, horizon
from custody.review import Output, Role
from custody.screening.flagged import FlaggedList
from custody.travel_rule.record import spoken_for

FLAGGED = FlaggedList.parse(examples.EVM_FLAGGED_LIST)
KINDS = ("policy", "list", "request", "vasps")
EVIDENCE = {kind: f"{number:02x}" * 32 for number, kind in enumerate(KINDS, 0xE0)}
LOOK_ALIKE = examples.PAYEE[:9] + "9" * (len(examples.PAYEE) - 14) + examples.PAYEE[-5:]

randoms = st.randoms(use_true_random=True)


def hostile(pick: Random) -> tuple[Trial, Case]:
    """A trial, and its case with some of what an owned online side can do to it."""
    trial = Trial.random(pick)
    case = trial.case(trial.old)
    changes: dict[str, Any] = {
        "travel_rule": pick.choice([*[case.travel_rule] * 3, *BLOCKS]),
        "flagged": pick.choice([None, *[FLAGGED] * 6]),
        "evidence": EVIDENCE,
        "history": tuple(with_records(pick, past, case) for past in case.history),
        "review": dataclasses.replace(case.review, outputs=tuple(bent(pick, case.review.outputs))),
    }
    if pick.random() < 0.03:
        changes["review"] = dataclasses.replace(changes["review"], chain_id="bip122:elsewhere")
    if pick.random() < 0.1:
        changes["policy"] = dataclasses.replace(trial.old, travel_rule=policy(pick, 1).travel_rule)
    return trial, dataclasses.replace(case, **changes)


def with_records(pick: Random, past: Past, case: Case) -> Past:
    """The authorisation of payments by the same records as now, or by others."""
    same = next(iter(spoken_for(case.travel_rule).values()), "")
    return dataclasses.replace(past, records=tuple(pick.choice([same, "ff" * 32]) for _ in past.payments))


def bent(pick: Random, outputs: tuple[Output, ...]) -> Iterator[Output]:
    for output in outputs:
        other = pick.choice([*[output.address] * 6, examples.FLAGGED, LOOK_ALIKE, "nonsense", ""])
        yield output if output.role is Role.CHANGE else dataclasses.replace(output, address=other)
    if pick.random() < 0.05:
        yield from (dataclasses.replace(outputs[0], index=index, role=Role.PAYMENT) for index in range(9, 70))


def other_records() -> Iterator[bytes]:
    """Blocks that say too little, too much or something else."""
    honest = examples.record((0, examples.PAYEE, 100))
    yield from (b"", b"{", examples.block({}), examples.block(honest, honest))
    yield examples.block(honest | {"outputs": [{"index": 7, "address": "x", "amount": "1"}]})
    for party in ("originator", "originatingVASP", "beneficiary"):
        rest = {name: value for name, value in honest["ivms101"].items() if name != party}
        yield examples.block(honest | {"ivms101": rest})


BLOCKS = list(other_records())


def evaluated(pick: Random) -> Evaluation:
    return evaluate(hostile(pick)[1])


def cases(count: int) -> Iterator[Case]:
    """The same ones each time."""
    return (hostile(Random(seed))[1] for seed in range(count))


# Each reason can be looked up.

FACT = re.compile(
    r"(chain|list|list\.age|policy|reasons|time|fee|feerate|actions|request\.created|device\.interfaces"
    r"|records?|the block"
    r"|(payments|charges)\[[^\]]+\]|outputs\[\d+\](\.\w+)*|records\[\d+\][\w.\[\]]*)"
)
SHA = r"[0-9a-f]{64}"
BASIS = rf"(policy|list|request|vasps|transaction|record) {SHA}"
GROUNDS = re.compile(rf"({BASIS}|no list|no policy)(, (line|entry) \d+|, request {SHA}|, and \d+ more)*")


def unfounded(reason: Reason) -> bool:
    return not (FACT.fullmatch(reason.fact) and GROUNDS.fullmatch(reason.evidence))


@given(randoms)
@settings(max_examples=200)
def test_every_reason_names_its_fact_and_rests_on_something(pick: Random) -> None:
    found = evaluated(pick)
    assert [reason for reason in (*found.reasons, *found.concerns) if unfounded(reason)] == []


def told(case: Case) -> set[str]:
    found = evaluate(case)
    return {reason.code for reason in (*found.reasons, *found.concerns)}


def literals(project: Path) -> set[str]:
    """Every code of the rules as their sources spell it; but for those on records, which have tables of their own."""
    others = ("records", "authorizations")
    files = [one for one in (project / "custody/policy/rules").glob("*.py") if one.stem not in others]
    assert len(files) > 5
    text = "".join(one.read_text("utf-8") for one in [*files, project / "custody/policy/evaluate.py"])
    return set(re.findall(r'"([A-Z]+(?:-[A-Z0-9]+)+)"', text))


def test_these_cases_meet_every_reason_of_the_rules(project: Path) -> None:
    met = {code for case in cases(3_000) for code in told(case)} | told(Case(next(cases(1)).review, b"", None, None))
    assert literals(project) - met == set()


def test_a_reason_without_a_fact_or_with_evidence_of_nothing_would_be_found() -> None:
    honest = Reason("A-B", "rule", "seen", "asked", "fee", f"policy {'ab' * 32}")
    assert not unfounded(honest)
    for change in ({"fact": ""}, {"evidence": ""}, {"fact": "something"}, {"evidence": "policy "}):
        assert unfounded(dataclasses.replace(honest, **change))


# Hiding helps nobody.


def signed(trial: Trial, case: Case) -> bool:
    found = evaluate(case)
    return not found.reasons and all(map(trial.meets, found.requirements))


def hidden_record(case: Case) -> Case:
    """A payment to an own account needs none: nothing is hidden there."""
    foreign = any(output.role is Role.PAYMENT for output in case.review.payments)
    return dataclasses.replace(case, travel_rule=b"") if foreign else case


HIDING: dict[str, Callable[[Case], Case]] = {
    "policy": lambda case: dataclasses.replace(case, policy=None),
    "list": lambda case: dataclasses.replace(case, flagged=None),
    "age of the list": lambda case: dataclasses.replace(case, list_made=None),
    "records": hidden_record,
    "keys of VASPs": lambda case: dataclasses.replace(case, vasps=None),
    "escalations": lambda case: dataclasses.replace(case, policy=dataclasses.replace(case.policy, escalations=())),
    "what a chain may do": lambda case: dataclasses.replace(case, policy=dataclasses.replace(case.policy, chains=())),
}


@pytest.mark.parametrize("fact", HIDING)
@given(pick=randoms)
@settings(max_examples=200)
def test_a_fact_that_is_hidden_lets_nothing_pass(fact: str, pick: Random) -> None:
    trial = Trial.random(pick)
    case = trial.case(trial.old)
    assert signed(trial, case) or not signed(trial, HIDING[fact](case))


@given(randoms, st.data())
@settings(max_examples=200)
def test_a_longer_history_charges_more_and_lets_nothing_pass(pick: Random, data: st.DataObject) -> None:
    """But where a payee must be known: that somebody was paid before is what makes him known."""
    trial = Trial.random(pick)
    case = trial.case(dataclasses.replace(trial.old, new_destinations=None))
    further = Trial.random(pick).history
    place = data.draw(st.integers(0, len(case.history)))
    longer = dataclasses.replace(case, history=(*case.history[:place], *further, *case.history[place:]))
    assert signed(trial, case) or not signed(trial, longer)
    assert set(evaluate(case).requirements) <= set(evaluate(longer).requirements)


def test_such_cases_are_signed_often_enough_to_be_a_test() -> None:
    trials = [Trial.random(Random(seed)) for seed in range(200)]
    assert sum(signed(trial, trial.case(trial.old)) for trial in trials) > 20


def differs(pick: Random, horizon: Callable[[Policy], int]) -> bool:
    """Whether it makes a difference what was authorised longer ago than the horizon."""
    _, case = hostile(pick)
    assert case.policy
    beyond = ELAPSED - horizon(case.policy)
    old = [dataclasses.replace(past, elapsed=beyond - pick.randint(0, DAY)) for past in Trial.random(pick).history]
    return evaluate(dataclasses.replace(case, history=(*case.history, *old))) != evaluate(case)


@given(randoms)
@settings(max_examples=150)
def test_what_lies_beyond_the_horizon_changes_nothing(pick: Random) -> None:
    assert not differs(pick, horizon)


def test_a_horizon_that_is_too_near_would_be_found() -> None:
    assert any(differs(Random(seed), lambda policy: horizon(policy) - 29 * DAY) for seed in range(300))


# Nothing but the case decides.


@given(randoms)
@settings(max_examples=150)
def test_the_same_case_gives_the_same_bytes(pick: Random) -> None:
    _, case = hostile(pick)
    again = dataclasses.replace(case, history=tuple(dataclasses.replace(past) for past in case.history))

    def written(case: Case) -> bytes:
        found = evaluate(case)
        decided = Decision.of(found.reasons, found.requirements, (), found.concerns)
        return canonical_json.dumps(decided.as_json())

    assert written(case) == written(case) == written(again)


@given(randoms)
@settings(max_examples=150)
def test_the_order_of_the_rules_changes_no_decision(pick: Random) -> None:
    _, case = hostile(pick)
    assert case.policy
    expected, rules = evaluate(case), list(rules_of(case.policy, case.review.chain_id))
    pick.shuffle(rules)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judgement, "rules_of", lambda *_: tuple(rules))
        assert evaluate(case) == expected


@given(randoms)
@settings(max_examples=150)
def test_a_rule_more_lets_nothing_pass(pick: Random) -> None:
    trial = Trial.random(pick)
    case = trial.case(trial.old)
    fewer = [rule for rule in rules_of(trial.old, case.review.chain_id) if pick.random() < 0.8]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judgement, "rules_of", lambda *_: tuple(fewer))
        without = signed(trial, case)
    assert without or not signed(trial, case)


@given(randoms)
@settings(max_examples=200)
def test_every_case_of_the_wide_world_gives_an_evaluation(pick: Random) -> None:
    _, case = hostile(pick)
    found = evaluate(case)
    assert found.requirements == tuple(sorted(set(found.requirements)))
    assert not set(found.reasons) & set(found.concerns)
