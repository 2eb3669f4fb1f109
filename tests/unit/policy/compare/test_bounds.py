"""The bounds on amounts and on kinds of transaction: which of two allows more, and how that is told."""

import dataclasses
from typing import Any

import examples
import pytest

from custody import chains
from custody.policy.chain_policy import ACTIONS
from custody.policy.clauses import Escalation, NewDestinations, OwnAccount
from custody.policy.compare.bounds import BOUNDS
from custody.policy.compare.change import Change
from custody.policy.compare.policy import compare_policy
from custody.policy.decision import Requirement
from custody.policy.document import Policy

COIN, USDC = chains.REGTEST.coin.asset_id, examples.USDC.asset_id
HOT = OwnAccount("refill", "hot", chains.REGTEST, checksum="qqqqqqqq")
POLICY = dataclasses.replace(
    Policy.parse(examples.POLICY), new_destinations=NewDestinations(24, 30), own_accounts=(HOT,)
)
LARGE = ((COIN, 1_000),)


def bounded(policy: Policy = POLICY, **values: Any) -> Policy:
    """The policy with other values on its first chain."""
    first, *others = policy.chains
    values.setdefault("first_payments", LARGE)
    return dataclasses.replace(policy, chains=(dataclasses.replace(first, **values), *others))


def only(changes: tuple[Change, ...]) -> Change:
    (change,) = changes
    return change


@pytest.mark.parametrize(
    ("field", "example"),
    [
        ("week_caps", "payments and fees of 0.00000007 rBTC together within 7 days"),
        ("month_caps", "payments and fees of 0.00000007 rBTC together within 30 days"),
        ("first_payments", "a payment of 0.00000007 rBTC to a payee who is new"),
        ("known_above", "a payment of 0.00000007 rBTC to a destination that is not known"),
        ("signed_above", "a payment of 0.00000007 rBTC without the signature of the payee's VASP"),
        ("to_hot_caps", "a payment of 0.00000007 rBTC to an own hot account"),
    ],
)
def test_a_raised_bound_loosens_and_a_lowered_one_tightens(field: str, example: str) -> None:
    low, high = bounded(**{field: ((COIN, 6),)}), bounded(**{field: ((COIN, 9),)})
    up, down = only(compare_policy(low, high)), only(compare_policy(high, low))
    assert (up.loosens, down.loosens) == (True, False)
    assert up.example == f"{example}: refused before, allowed now"
    assert down.example == f"{example}: allowed before, refused now"
    assert up.before.startswith("regtest: ")
    assert "0.00000006 rBTC" in up.before
    assert (up.before, up.after) == (down.after, down.before)


@pytest.mark.parametrize("field", ["day_caps", "week_caps", "month_caps", "known_above", "signed_above"])
def test_a_bound_that_is_gone_loosens_where_without_one_everything_passes(field: str) -> None:
    with_one, without = bounded(**{field: ((COIN, 6),)}), bounded(**{field: ()})
    change = only(compare_policy(with_one, without))
    assert change.loosens
    assert "0.00000007 rBTC" in change.example
    assert change.after.endswith(" in rBTC")
    assert not only(compare_policy(without, with_one)).loosens


@pytest.mark.parametrize("field", ["first_payments", "to_hot_caps"])
def test_a_bound_that_is_gone_tightens_where_without_one_nothing_passes(field: str) -> None:
    with_one, without = bounded(**{field: ((COIN, 6),)}), bounded(**{field: ()})
    change = only(compare_policy(without, with_one))
    assert change.loosens
    assert "a payment of 0.00000006 rBTC" in change.example
    assert change.before.startswith("regtest: nothing to ")
    assert not only(compare_policy(with_one, without)).loosens


def test_a_bound_that_appears_at_nothing_loosens_too() -> None:
    """Nobody need rely on what a payment of nothing is."""
    assert only(compare_policy(bounded(first_payments=()), bounded(first_payments=((COIN, 0),)))).loosens


def test_what_is_paid_first_decides_nothing_where_no_payee_is_new() -> None:
    old = dataclasses.replace(POLICY, new_destinations=None)
    change = only(compare_policy(bounded(old, first_payments=()), bounded(old)))
    assert (change.loosens, change.example) == (False, "none: no payee is new, before or now")


def test_what_goes_to_hot_accounts_decides_nothing_where_none_is() -> None:
    old = dataclasses.replace(POLICY, own_accounts=(dataclasses.replace(HOT, tier="cold"),))
    change = only(compare_policy(bounded(old), bounded(old, to_hot_caps=((COIN, 6),))))
    assert (change.loosens, change.example) == (False, "none: no own account is hot, before or now")


@pytest.mark.parametrize(
    ("field", "concern"), [("first_payments", "new_destination"), ("known_above", "unknown_destination")]
)
def test_a_bound_for_which_people_answer_says_so(field: str, concern: str) -> None:
    answering = dataclasses.replace(POLICY, escalations=(Escalation(concern, Requirement(2, "approver", 1)),))
    low, high = (bounded(answering, **{field: ((COIN, amount),)}) for amount in (6, 9))
    assert only(compare_policy(low, high)).example.endswith(": allowed with 2 approvers before, allowed now")


def test_an_example_names_the_caps_that_still_refuse_it() -> None:
    lower = {"caps": ((COIN, 6),), "day_caps": ((COIN, 3),), "week_caps": ((COIN, 6),)}
    change = only(compare_policy(bounded(**lower, known_above=((COIN, 6),)), bounded(**lower)))
    assert change.example.endswith("refused by cap_per_transaction and cap_per_day and cap_per_week alone now")
    change = only(compare_policy(bounded(**lower), bounded(**{**lower, "day_caps": ((COIN, 7),)})))
    assert change.example.endswith("of 0.00000004 rBTC together within a day: refused before, allowed now")
    change = only(compare_policy(bounded(**{**lower, "day_caps": ((COIN, 7),)}), bounded(**{**lower, "day_caps": ()})))
    assert change.example.endswith(
        "of 0.00000008 rBTC together within a day: refused before, refused by cap_per_week alone now"
    )


def test_a_cap_that_an_example_reaches_exactly_does_not_refuse_it() -> None:
    exact = {"day_caps": ((COIN, 7),), "first_payments": ((COIN, 7),)}
    up = only(compare_policy(bounded(**exact, caps=((COIN, 6),)), bounded(**exact, caps=((COIN, 9),))))
    assert up.example == (
        "a payment of 0.00000007 rBTC to any address that is not flagged: refused before, allowed now"
    )


def test_a_payment_to_a_payee_who_is_new_needs_a_bound_of_its_own() -> None:
    up = only(compare_policy(bounded(caps=((COIN, 0),), first_payments=()), bounded(caps=LARGE, first_payments=())))
    assert " to any address that is not flagged and not new: " in up.example


def test_a_payment_is_told_with_whom_it_may_go_to() -> None:
    held = {"known_above": ((COIN, 5),), "signed_above": ((COIN, 6),), "first_payments": ((COIN, 3),)}
    up = only(compare_policy(bounded(**held, caps=((COIN, 6),)), bounded(**held, caps=((COIN, 9),))))
    assert up.example == (
        "a payment of 0.00000007 rBTC to a known destination that is not flagged and not new, "
        "signed by the payee's VASP: refused before, allowed now"
    )


def test_an_asset_that_is_paid_anew_is_told_with_all_its_bounds() -> None:
    coin = {"caps": ((COIN, 9),), "known_above": ((COIN, 5),), "week_caps": ((COIN, 20),)}
    change = compare_policy(bounded(caps=()), bounded(**coin))[0]
    assert change.after == (
        "regtest: at most 0.00000009 rBTC in one transaction, no bound for a day, "
        "at most 0.00000020 rBTC within 7 days, at most 0.00001000 rBTC to a payee who is new, "
        "more than 0.00000005 rBTC to known destinations alone"
    )


def test_bounds_of_an_asset_that_is_not_paid_are_no_change_of_their_own() -> None:
    none = bounded(caps=(), first_payments=())
    for field in ("first_payments", "known_above", "signed_above", "to_hot_caps"):
        assert compare_policy(none, bounded(none, caps=(), **{"first_payments": (), field: LARGE})) == ()


def test_a_kind_of_transaction_that_is_signed_anew_loosens() -> None:
    up = only(compare_policy(bounded(actions=("payment",)), bounded(actions=("payment", "self-transfer"))))
    assert (up.loosens, up.rule) == (True, "actions")
    assert (up.before, up.after) == ("regtest: payment", "regtest: payment, self-transfer")
    assert up.example == "a transaction that pays nobody: refused before, allowed now"
    assert not only(compare_policy(bounded(), bounded(actions=("payment",)))).loosens


def test_bitcoin_has_no_tokens_to_pay() -> None:
    assert compare_policy(bounded(actions=ACTIONS), bounded(actions=("payment", "self-transfer"))) == ()


def test_a_chain_on_which_not_everything_is_signed_is_told_so() -> None:
    old = dataclasses.replace(POLICY, chains=())
    change = compare_policy(old, bounded(actions=("payment",)))[0]
    assert change.after == "regtest: a fee of at most 0.00100000 rBTC, payment alone"
    assert change.example == "a transaction that pays a fee of 0.00100000 rBTC: refused before, allowed now"


@pytest.mark.parametrize("name", BOUNDS)
def test_the_same_bound_allows_no_more(name: str) -> None:
    assert [BOUNDS[name].allows_more(7, after) for after in (6, 7, 8)] == [False, False, True]


def test_a_larger_payment_is_told_with_whom_the_new_policy_lets_it_go_to() -> None:
    old, new = bounded(caps=((COIN, 6),)), bounded(caps=((COIN, 9),), known_above=((COIN, 5),))
    up, down = (
        next(one for one in compare_policy(*policies) if one.rule == "cap_per_transaction")
        for policies in ((old, new), (new, old))
    )
    assert up.example == (
        "a payment of 0.00000007 rBTC to a known destination that is not flagged: refused before, allowed now"
    )
    assert down.example == (
        "a payment of 0.00000007 rBTC to a known destination that is not flagged: allowed before, refused now"
    )
