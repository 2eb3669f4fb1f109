"""Whom the amounts ask: each tier at its edge, and no way around it in pieces."""

import dataclasses

import examples
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custody import chains
from custody.policy.case import Case, Past
from custody.policy.chain_policy import Tier
from custody.policy.decision import Requirement
from custody.policy.document import Policy
from custody.policy.evaluate import evaluate, tiers
from custody.policy.rules.history import DAY
from custody.review import Review, Role, Spend, leaving
from custody.screening.flagged import FlaggedList

POLICY = Policy.parse(examples.POLICY)
EVM_POLICY = Policy.parse(examples.EVM_POLICY)
LIST = FlaggedList.parse(examples.FLAGGED_LIST)
COIN = chains.REGTEST.coin.asset_id
ETHER = chains.ETHEREUM.coin.asset_id
USDC = examples.USDC.asset_id
NOW = 5 * DAY
TWO = Requirement(2, "approver", 2)
BOARD = Requirement(1, "compliance", 1)


def tiered(*of_chain: Tier, policy: Policy = POLICY, alias: str = "regtest") -> Policy:
    sections = (dataclasses.replace(one, tiers=of_chain) if one.chain.alias == alias else one for one in policy.chains)
    return dataclasses.replace(policy, chains=tuple(sections))


def past(review: Review, age: int = 0, *spends: str) -> Past:
    payments = tuple((output.address, output.amount, output.asset.asset_id) for output in review.payments)
    return Past("ab" * 32, NOW - age, spends or ("other",), payments, leaving(review))


def asked(review: Review, *history: Past, policy: Policy) -> list[Requirement]:
    return list(tiers(Case(review, b"", policy, LIST, history=history, elapsed=NOW)))


def pays(*amounts: int, spends: tuple[str, ...] = ("now",)) -> Review:
    spent = tuple(Spend(one, 0) for one in spends)
    return examples.review(*((examples.PAYEE, amount) for amount in amounts), fee=50, spends=spent)


THOUSAND = tiered(Tier(COIN, 1_000, TWO))


@pytest.mark.parametrize(
    ("amounts", "found"), [((1_000,), []), ((1_001,), [TWO]), ((600, 400), []), ((600, 401), [TWO]), ((), [])]
)
def test_a_tier_asks_above_its_amount_and_for_the_payments_together(
    amounts: tuple[int, ...], found: list[Requirement]
) -> None:
    """The fee of 50 does not count."""
    assert asked(pays(*amounts), policy=THOUSAND) == found


def test_a_tier_of_zero_asks_for_whatever_is_paid_and_not_where_nobody_is() -> None:
    every = tiered(Tier(COIN, 0, TWO))
    assert asked(pays(1), policy=every) == [TWO]
    assert asked(pays(), policy=every) == []
    assert asked(pays(), past(pays(5_000)), policy=every) == []


@pytest.mark.parametrize(("age", "found"), [(0, [TWO]), (DAY - 1, [TWO]), (DAY, []), (-1, [TWO])])
def test_what_was_paid_within_a_day_counts_with_it(age: int, found: list[Requirement]) -> None:
    assert asked(pays(400), past(pays(601), age), policy=THOUSAND) == found
    assert asked(pays(400), past(pays(600), age), policy=THOUSAND) == []


def test_fees_of_earlier_payments_do_not_count() -> None:
    assert asked(pays(1_000), past(pays()), policy=THOUSAND) == []


def test_a_replacement_counts_once() -> None:
    first = past(pays(900), 0, "coin")
    assert asked(pays(900, spends=("coin",)), first, policy=THOUSAND) == []
    assert asked(pays(900), first, policy=THOUSAND) == [TWO]
    assert asked(pays(1, spends=("coin",)), past(pays(1_001), 0, "coin"), policy=THOUSAND) == [TWO]


def test_tiers_add_up_and_each_is_asked_by_itself() -> None:
    both = tiered(Tier(COIN, 1_000, TWO), Tier(COIN, 5_000, BOARD))
    assert asked(pays(1_001), policy=both) == [TWO]
    assert asked(pays(5_001), policy=both) == [TWO, BOARD]


def test_each_asset_has_its_own_tiers() -> None:
    policy = tiered(Tier(USDC, 1_000, TWO), Tier(ETHER, 10**19, BOARD), policy=EVM_POLICY, alias="ethereum")
    dollars, ether = examples.evm_review(amount=1_001, asset=examples.USDC), examples.evm_review(amount=10**19 + 1)
    assert asked(dollars, policy=policy) == [TWO]
    assert asked(ether, policy=policy) == [BOARD]
    assert asked(examples.evm_review(amount=10**19), past(dollars), policy=policy) == []


def test_the_tiers_of_another_chain_ask_nobody() -> None:
    policy = tiered(Tier(ETHER, 0, TWO), policy=EVM_POLICY, alias="anvil")
    assert asked(examples.evm_review(), policy=policy) == []
    assert asked(dataclasses.replace(pays(5_000), chain_id="bip122:elsewhere"), policy=THOUSAND) == []


def test_payments_to_own_accounts_count() -> None:
    review = pays(1_001)
    outputs = tuple(
        dataclasses.replace(one, role=Role.OWN, owner="warm") if one.role is Role.PAYMENT else one
        for one in review.outputs
    )
    assert asked(dataclasses.replace(review, outputs=outputs), policy=THOUSAND) == [TWO]


def test_a_decision_asks_for_the_policy_s_approvals_and_those_of_its_tiers() -> None:
    policy = dataclasses.replace(THOUSAND, approvals=(BOARD,), repeat_days=0)
    block = examples.block(examples.record((0, examples.PAYEE, 1_001)))
    found = evaluate(Case(dataclasses.replace(pays(1_001), fee=0), block, policy, LIST))
    assert (found.reasons, found.requirements) == ((), (BOARD, TWO))


@given(st.lists(st.integers(1, 400), min_size=1, max_size=12))
def test_who_pays_in_pieces_meets_the_tier_when_the_whole_would(pieces: list[int]) -> None:
    history: list[Past] = []
    met = False
    for number, piece in enumerate(pieces):
        review = pays(piece, spends=(f"coin {number}",))
        met = met or asked(review, *history, policy=THOUSAND) == [TWO]
        history.append(past(review, 0, f"coin {number}"))
    assert met == (sum(pieces) > 1_000)
