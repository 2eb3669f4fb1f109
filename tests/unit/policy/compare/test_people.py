"""Whom a new policy asks no more: where a concern is met, and by the amount that is paid."""

import dataclasses
from typing import Any

import examples
import pytest

from custody import chains
from custody.policy.chain_policy import Tier
from custody.policy.clauses import Escalation
from custody.policy.compare.change import Change
from custody.policy.compare.people import nobody
from custody.policy.compare.policy import compare_policy
from custody.policy.decision import CONCERNS, Requirement
from custody.policy.document import Policy

POLICY = Policy.parse(examples.POLICY)
COIN = chains.REGTEST.coin.asset_id
ONE, TWO, THREE = (Requirement(count, "approver", 1) for count in (1, 2, 3))
APART, COMPLIANCE = Requirement(2, "approver", 2), Requirement(1, "compliance", 1)


def answered(*asked: Requirement, concern: str = "duplicate", approvals: tuple[Requirement, ...] = ()) -> Policy:
    escalations = tuple(Escalation(concern, one) for one in asked)
    return dataclasses.replace(POLICY, escalations=escalations, approvals=approvals)


def tiered(*tiers: tuple[int, Requirement], approvals: tuple[Requirement, ...] = (), **values: Any) -> Policy:
    rows = tuple(Tier(COIN, above, asked) for above, asked in tiers)
    chain = dataclasses.replace(POLICY.chains[0], tiers=rows, **values)
    return dataclasses.replace(POLICY, chains=(chain,), approvals=approvals)


def only(changes: tuple[Change, ...]) -> Change:
    (change,) = changes
    return change


def test_who_is_asked_of_every_request_is_told_before_and_now() -> None:
    assert only(compare_policy(answered(approvals=(TWO,)), answered(approvals=(ONE,)))) == Change(
        loosens=True,
        rule="approvals",
        before="2 approvers",
        after="1 approver",
        example="a request that 1 approver of 1 organisation in all approved: not enough before, enough now",
    )


def test_nobody_is_no_people_of_no_organisations() -> None:
    assert nobody("approver") == Requirement(0, "approver", 0)


def test_the_tiers_of_each_role_are_told_apart() -> None:
    changes = compare_policy(tiered((50, TWO), (50, COMPLIANCE)), tiered((50, TWO)))
    assert only(changes).before == "regtest: no compliance officer, 1 compliance officer above 0.00000050 rBTC"


@pytest.mark.parametrize("concern", CONCERNS)
def test_a_concern_for_which_somebody_may_answer_loosens(concern: str) -> None:
    change = only(compare_policy(POLICY, answered(TWO, COMPLIANCE, concern=concern)))
    assert (change.loosens, change.rule) == (True, f"escalations.{concern}")
    assert change.example.endswith(": refused before, allowed with 2 approvers and 1 compliance officer now")
    assert (change.before, change.after) == ("refused", "2 approvers and 1 compliance officer")


def test_a_concern_for_which_nobody_may_answer_any_more_tightens() -> None:
    change = only(compare_policy(answered(TWO), POLICY))
    assert not change.loosens
    assert change.example == "a payment that repeats an earlier one: allowed with 2 approvers before, refused now"


@pytest.mark.parametrize(
    ("weak", "strong", "who"),
    [
        ((ONE,), (TWO,), "1 approver of 1 organisation in all"),
        ((TWO,), (APART,), "2 approvers of 1 organisation in all"),
        ((TWO,), (TWO, COMPLIANCE), "no compliance officer"),
    ],
)
def test_fewer_who_answer_for_a_concern_loosen(
    weak: tuple[Requirement, ...], strong: tuple[Requirement, ...], who: str
) -> None:
    change = only(compare_policy(answered(*strong), answered(*weak)))
    assert change.loosens
    assert change.example == f"a payment that repeats an earlier one that {who} approved: not enough before, enough now"
    assert not only(compare_policy(answered(*weak), answered(*strong))).loosens


def test_who_is_asked_of_every_request_is_asked_where_a_concern_is_met_too() -> None:
    old, new = answered(ONE, approvals=(TWO,)), answered(TWO, approvals=(TWO,))
    assert compare_policy(old, new) == compare_policy(new, old) == ()


@pytest.mark.parametrize(
    ("lax", "strict", "amount"),
    [
        ([], [(50, TWO)], 51),
        ([(60, TWO)], [(50, TWO)], 51),
        ([(51, TWO)], [(50, TWO)], 51),
        ([(60, ONE), (90, ONE)], [(60, TWO), (90, THREE)], 61),
        ([(50, ONE)], [(50, TWO)], 51),
        ([(50, TWO)], [(50, APART)], 51),
        ([(50, TWO)], [(50, TWO), (90, THREE)], 91),
    ],
)
def test_fewer_who_are_asked_for_an_amount_loosen(lax: Any, strict: Any, amount: int) -> None:
    change = only(compare_policy(tiered(*strict), tiered(*lax)))
    assert (change.loosens, change.rule) == (True, "tiers")
    assert change.example.startswith(f"a payment of 0.000000{amount} rBTC that ")
    assert change.example.endswith(" approved: not enough before, enough now")
    assert not only(compare_policy(tiered(*lax), tiered(*strict))).loosens


def test_tiers_are_compared_as_what_they_ask_for_each_amount() -> None:
    old, new = tiered((50, TWO)), tiered((50, TWO), (60, ONE), (70, TWO))
    assert compare_policy(old, new) == compare_policy(new, old) == ()


def test_a_tier_below_what_is_asked_of_every_request_decides_nothing() -> None:
    assert compare_policy(tiered((50, ONE), approvals=(TWO,)), tiered(approvals=(TWO,))) == ()


def test_a_ladder_that_is_lower_here_and_higher_there_loosens_and_tightens() -> None:
    changes = compare_policy(tiered((50, TWO)), tiered((50, ONE), (90, THREE)))
    assert [change.loosens for change in changes] == [True, False]
    assert changes[0].before == "regtest: no approver, 2 approvers above 0.00000050 rBTC"
    assert changes[1].example.startswith("a payment of 0.00000091 rBTC that 2 approvers")


def test_more_people_of_fewer_organisations_loosen_both_ways_by_amount() -> None:
    one, other = tiered((50, APART)), tiered((50, THREE))
    assert only(compare_policy(one, other)).loosens
    assert only(compare_policy(other, one)).loosens


def test_the_tiers_of_an_asset_that_is_paid_no_more_are_no_change_of_their_own() -> None:
    change = only(compare_policy(tiered((50, TWO)), tiered(caps=())))
    assert (change.loosens, change.rule) == (False, "cap_per_transaction")
    assert change.before.endswith("no bound for a day, 2 approvers above 0.00000050 rBTC")
