"""How a change on a network is told where other things change with it: each side by what its own policy says."""

import dataclasses
from typing import Any

import examples
import pytest

from custody import chains
from custody.policy.clauses import Escalation, NewDestinations, OwnAccount
from custody.policy.compare.change import Change
from custody.policy.compare.policy import compare_policy
from custody.policy.decision import Requirement
from custody.policy.document import Policy

COIN = chains.REGTEST.coin.asset_id
POLICY = Policy.parse(examples.POLICY)
TWO = Requirement(2, "approver", 1)
NEW = NewDestinations(24, 30)
HOT = OwnAccount("refill", "hot", chains.REGTEST, checksum="qqqqqqqq")
COLD = OwnAccount("vault", "cold", chains.REGTEST, checksum="pppppppp")


def policy(*, of: dict[str, Any] | None = None, **bounds: int) -> Policy:
    """The policy with bounds of the coin on its network, and other clauses."""
    values: dict[str, Any] = {name: ((COIN, amount),) for name, amount in bounds.items()}
    chain = dataclasses.replace(POLICY.chains[0], **values)
    return dataclasses.replace(POLICY, chains=(chain,), **(of or {}))


def fee(cap: int, **bounds: int) -> Policy:
    one = policy(**bounds)
    return dataclasses.replace(one, chains=(dataclasses.replace(one.chains[0], fee_cap=cap),))


def told(rule: str, old: Policy, new: Policy) -> Change:
    (change,) = (one for one in compare_policy(old, new) if one.rule == rule)
    return change


def test_a_fee_is_told_before_and_now() -> None:
    assert told("fee_cap", fee(6), fee(9)) == Change(
        loosens=True,
        rule="fee_cap",
        before="regtest: a fee of at most 0.00000006 rBTC",
        after="regtest: a fee of at most 0.00000009 rBTC",
        example="a fee of 0.00000007 rBTC: refused before, allowed now",
    )


def test_a_cap_refuses_a_fee_on_the_side_whose_policy_has_it() -> None:
    refused = "refused by cap_per_day alone"
    assert told("fee_cap", fee(6), fee(9, day_caps=5)).example.endswith(f": refused before, {refused} now")
    assert told("fee_cap", fee(6, day_caps=5), fee(9)).example.endswith(": refused before, allowed now")
    assert told("fee_cap", fee(9, day_caps=5), fee(6)).example.endswith(f": {refused} before, refused now")


def test_a_cap_refuses_a_payment_on_the_side_whose_policy_has_it() -> None:
    up = told("cap_per_transaction", policy(caps=6), policy(caps=9, day_caps=5))
    assert up.example.endswith(": refused before, refused by cap_per_day alone now")
    up = told("cap_per_transaction", policy(caps=6, day_caps=5), policy(caps=9))
    assert up.example.endswith(": refused before, allowed now")


def test_a_payment_is_told_by_the_policy_that_lets_it_be_made() -> None:
    lax, strict = policy(caps=9), policy(caps=6, of={"new_destinations": NEW})
    any_address = "a payment of 0.00000007 rBTC to any address that is not flagged"
    assert told("cap_per_transaction", strict, lax).example.startswith(f"{any_address}: ")
    assert told("cap_per_transaction", lax, strict).example.startswith(f"{any_address}: ")
    lax, strict = policy(caps=9, of={"new_destinations": NEW}), policy(caps=6)
    assert told("cap_per_transaction", strict, lax).example.startswith(f"{any_address} and not new: ")
    assert told("cap_per_transaction", lax, strict).example.startswith(f"{any_address} and not new: ")


def test_a_payment_of_nothing_may_go_to_somebody_new() -> None:
    clause = {"new_destinations": NEW}
    nothing = dataclasses.replace(POLICY, chains=(dataclasses.replace(POLICY.chains[0], caps=()),), **clause)
    up = told("cap_per_transaction", nothing, policy(caps=0, of=clause))
    assert up.example == "a payment of 0.00000000 rBTC to any address that is not flagged: refused before, allowed now"


@pytest.mark.parametrize("before", [(), (Escalation("unknown_destination", TWO),)])
def test_who_answers_is_told_by_the_policy_that_holds_the_payment_back(before: tuple[Escalation, ...]) -> None:
    after = () if before else (Escalation("unknown_destination", TWO),)
    old, new = (policy(known_above=6, of={"escalations": one}) for one in (before, after))
    up = told("known_above", old, dataclasses.replace(new, chains=policy(known_above=9).chains))
    held = "allowed with 2 approvers" if before else "refused"
    assert up.example.endswith(f": {held} before, allowed now")


@pytest.mark.parametrize("had", [True, False])
def test_a_bound_for_new_payees_decides_nothing_while_one_of_the_policies_knows_none(had: bool) -> None:
    clauses = [{"new_destinations": NEW}, {}]
    first, second = clauses if had else clauses[::-1]
    change = told("first_payment", policy(first_payments=6, of=first), policy(first_payments=9, of=second))
    assert (change.loosens, change.example) == (False, "none: no payee is new, before or now")


@pytest.mark.parametrize("had", [True, False])
def test_a_bound_for_hot_accounts_decides_nothing_while_one_of_the_policies_has_none(had: bool) -> None:
    warm = dataclasses.replace(HOT, tier="warm")
    first, second = ({"own_accounts": (one, COLD)} for one in ((HOT, warm) if had else (warm, HOT)))
    change = told("to_hot_per_day", policy(to_hot_caps=6, of=first), policy(to_hot_caps=9, of=second))
    assert (change.loosens, change.example) == (False, "none: no own account is hot, before or now")


def test_one_hot_account_among_others_is_bounded() -> None:
    own = {"own_accounts": (HOT, COLD)}
    assert told("to_hot_per_day", policy(to_hot_caps=6, of=own), policy(to_hot_caps=9, of=own)).loosens
