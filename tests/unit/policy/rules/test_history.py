"""What may leave within a day, a week and thirty days, each at its edge; and how far back the rules look."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import examples
import pytest

from custody import chains
from custody.policy.case import Case, Past
from custody.policy.clauses import NewDestinations
from custody.policy.document import Policy
from custody.policy.evaluate import evaluate
from custody.policy.rules.history import (
    DAY,
    REPLACEMENT_DAYS,
    SEEN_DAYS,
    CapPerDay,
    CapPerMonth,
    CapPerWeek,
    horizon,
    payee,
)
from custody.review import Review, Role, Spend, leaving
from custody.screening.address import decode_address
from custody.screening.flagged import FlaggedList
from custody.travel_rule.tap import MAX_AHEAD_SECONDS

POLICY = Policy.parse(examples.POLICY)
LIST = FlaggedList.parse(examples.FLAGGED_LIST)
REVIEW = examples.review((examples.PAYEE, 100_000))
COIN = chains.REGTEST.coin.asset_id
NOW = 50 * DAY
FIRST, SECOND, THIRD = (f"{digit * 64}:0" for digit in "abc")
TOKEN_REVIEW = examples.evm_review(amount=2_500_000, asset=examples.USDC)


def spending(review: Review, *references: str) -> Review:
    return dataclasses.replace(review, spends=tuple(Spend(reference, 0) for reference in references))


def past(review: Review = REVIEW, age: int = 0, *, spends: tuple[str, ...] = (THIRD,), **changes: Any) -> Past:
    """The authorisation of such a transaction, ``age`` elapsed seconds ago, that spends something else."""
    payments = tuple((output.address, output.amount, output.asset.asset_id) for output in review.payments)
    return dataclasses.replace(Past("ab" * 32, NOW - age, spends, payments, leaving(review)), **changes)


def case(review: Review, *history: Past) -> Case:
    return Case(review, b"", POLICY, LIST, history=history, elapsed=NOW)


def test_the_rules_are_asked_of_every_request() -> None:
    block = examples.block(examples.record((0, examples.PAYEE, 100_000)))
    capped = dataclasses.replace(POLICY.chains[0], day_caps=((COIN, 100_000),))
    policy = dataclasses.replace(POLICY, chains=(capped,))
    found = evaluate(Case(REVIEW, block, policy, LIST, history=(past(),), elapsed=NOW))
    assert [reason.code for reason in found.reasons] == ["CAP-DAY-EXCEEDED", "DUPLICATE-PAYMENT"]


def capped(review: Review, cap: int, *history: Past, asset: str = COIN) -> list[str]:
    return [reason.code for reason in CapPerDay(((asset, cap),)).reasons(case(review, *history))]


OVER = ["CAP-DAY-EXCEEDED"]
#: REVIEW takes out 102,000.
SUM = 204_000


@pytest.mark.parametrize(("cap", "found"), [(102_000, []), (101_999, OVER), (0, OVER)])
def test_a_single_transaction_counts_with_its_fee(cap: int, found: list[str]) -> None:
    assert capped(REVIEW, cap) == found


def test_what_took_out_another_asset_adds_nothing() -> None:
    other = past(charges={"another": 7})
    assert capped(REVIEW, 102_000, other) == []
    assert capped(REVIEW, 101_999, other) == OVER
    alike = [past(request=f"{number}", charges={"another": 7}) for number in range(2)]
    assert capped(REVIEW, 102_000, *alike) == []
    assert capped(REVIEW, 101_999, *alike) == OVER


def test_of_two_requests_that_spend_the_same_only_one_takes_anything_out() -> None:
    first, second = (past(request=f"{number}", charges={COIN: 100_000 + number}) for number in range(2))
    assert capped(REVIEW, 202_001, first, second) == []
    assert capped(REVIEW, 202_000, first, second) == OVER


def test_what_names_no_coin_is_told_by_its_request() -> None:
    first, second, other = (past(request=one, spends=(), charges={COIN: 100}) for one in ("a", "a", "b"))
    assert capped(REVIEW, 102_100, first, second) == []
    assert capped(REVIEW, 102_099, first, second) == OVER
    assert capped(REVIEW, 102_200, first, second, other) == []
    assert capped(REVIEW, 102_199, first, second, other) == OVER


@pytest.mark.parametrize("spelled", [str.lower, lambda text: "0X" + text[2:].upper(), str.swapcase])
def test_hex_is_the_same_payee_in_whatever_letters(spelled: Callable[[str], str]) -> None:
    assert payee(spelled(examples.EVM_PAYEE)) == payee(examples.EVM_PAYEE) == decode_address(examples.EVM_PAYEE)


def test_texts_that_are_no_addresses_are_each_their_own() -> None:
    assert [payee(text) for text in ("nobody", "Nobody")] == ["nobody", "Nobody"]


def test_change_is_not_counted() -> None:
    assert capped(examples.review((examples.PAYEE, 100_000), change=10**12), 102_000) == []


@pytest.mark.parametrize(("age", "found"), [(0, OVER), (DAY - 1, OVER), (DAY, []), (-1, OVER), (-99 * DAY, OVER)])
def test_a_day_is_counted_in_elapsed_seconds_and_the_future_is_within_it(age: int, found: list[str]) -> None:
    assert capped(REVIEW, SUM, past(age=age)) == []
    assert capped(REVIEW, SUM - 1, past(age=age)) == found


def test_an_asset_without_a_cap_for_the_day_is_unbounded() -> None:
    assert capped(REVIEW, 0, past(), asset="other") == []


def test_what_left_in_another_asset_does_not_count() -> None:
    assert capped(REVIEW, 102_000, past(TOKEN_REVIEW)) == []


def test_the_fee_of_a_token_payment_counts_in_the_coin_and_the_tokens_in_their_own() -> None:
    coin = chains.ETHEREUM.coin.asset_id
    assert capped(TOKEN_REVIEW, TOKEN_REVIEW.fee - 1, asset=coin) == OVER
    assert capped(TOKEN_REVIEW, 2_500_000, asset=examples.USDC.asset_id) == []
    assert capped(TOKEN_REVIEW, 4_999_999, past(TOKEN_REVIEW), asset=examples.USDC.asset_id) == OVER


def test_the_reason_shows_what_the_day_comes_to() -> None:
    (reason,) = CapPerDay(((COIN, 1),)).reasons(case(REVIEW, past()))
    assert reason.observed == "0.00204000 rBTC within a day, payments and fees"
    assert reason.required == "at most 0.00000001 rBTC within a day"


@pytest.mark.parametrize("earlier", [50_000, 102_000, 150_000])
def test_a_replacement_counts_as_the_larger_of_both(earlier: int) -> None:
    first = past(spends=(FIRST,), charges={COIN: earlier})
    larger = max(earlier, 102_000)
    assert capped(spending(REVIEW, FIRST), larger, first) == []
    assert capped(spending(REVIEW, FIRST), larger - 1, first) == OVER


def test_one_transaction_in_the_place_of_two_counts_as_those_two_or_itself() -> None:
    two = past(spends=(FIRST,), charges={COIN: 60_000}), past(spends=(SECOND,), charges={COIN: 70_000})
    both = spending(REVIEW, FIRST, SECOND)
    assert capped(both, 130_000, *two) == []
    assert capped(both, 129_999, *two) == OVER
    assert capped(spending(REVIEW, FIRST), 172_000, *two) == []
    assert capped(spending(REVIEW, FIRST), 171_999, *two) == OVER


def test_earlier_replacements_of_one_another_count_once() -> None:
    bumps = [past(spends=(FIRST,), charges={COIN: 100 + bump}) for bump in range(5)]
    wider = past(spends=(SECOND, FIRST), charges={COIN: 50})
    assert capped(REVIEW, 102_104, wider, *bumps) == []
    assert capped(REVIEW, 102_103, wider, *bumps) == OVER


def test_authorisations_that_form_a_chain_are_not_all_taken_for_one() -> None:
    # The first and the last exclude the middle one but not each other.
    chain = [past(spends=spends, charges={COIN: 1_000}) for spends in ((FIRST,), (FIRST, SECOND), (SECOND,))]
    assert capped(REVIEW, 104_000, *chain) == []
    assert capped(REVIEW, 103_999, *chain) == OVER


@pytest.mark.parametrize(
    ("rule", "days", "code", "words"),
    [
        (CapPerDay, 1, "CAP-DAY-EXCEEDED", "a day"),
        (CapPerWeek, 7, "CAP-WEEK-EXCEEDED", "7 days"),
        (CapPerMonth, 30, "CAP-MONTH-EXCEEDED", "30 days"),
    ],
)
def test_each_period_has_its_length_and_its_code(rule: Any, days: int, code: str, words: str) -> None:
    caps = rule(((COIN, SUM - 1),))
    assert list(caps.reasons(case(REVIEW, past(age=days * DAY)))) == []
    (reason,) = caps.reasons(case(REVIEW, past(age=days * DAY - 1)))
    assert (reason.code, reason.fact) == (code, f"charges[{COIN}]")
    assert f"0.00204000 rBTC within {words}" in reason.observed
    assert f"at most 0.00203999 rBTC within {words}" in reason.required
    assert list(rule(((COIN, SUM),)).reasons(case(REVIEW, past(age=days * DAY - 1)))) == []


@pytest.mark.parametrize(("field", "days"), [("day_caps", 1), ("week_caps", 7), ("month_caps", 30)])
def test_the_policy_s_caps_are_those_of_their_periods(field: str, days: int) -> None:
    chain = dataclasses.replace(POLICY.chains[0], **{field: ((COIN, SUM - 1),)})
    policy = dataclasses.replace(POLICY, chains=(chain,))

    def found(age: int) -> list[str]:
        judged = dataclasses.replace(case(REVIEW, past(age=age)), policy=policy)
        return [reason.code for reason in evaluate(judged).reasons if reason.code.startswith("CAP-")]

    assert len(found(days * DAY - 1)) == 1
    assert found(days * DAY) == []


def test_the_fees_of_moves_that_pay_nobody_count() -> None:
    move = examples.review(fee=2_000)
    assert capped(move, 4_000, past(move)) == []
    assert capped(move, 3_999, past(move)) == OVER
    assert capped(REVIEW, 104_000, past(move)) == []
    assert capped(REVIEW, 103_999, past(move)) == OVER


def test_payments_to_own_accounts_count() -> None:
    outputs = tuple(dataclasses.replace(output, role=Role.OWN, owner="warm") for output in REVIEW.outputs[:1])
    assert capped(dataclasses.replace(REVIEW, outputs=outputs), 101_999) == OVER


@pytest.mark.parametrize(
    ("changes", "days"),
    [
        ({"repeat_days": 0}, 30),
        ({"repeat_days": 31}, 31),
        ({"new_destinations": NewDestinations(24, 29)}, 30),
        ({"new_destinations": NewDestinations(24, 365)}, 365),
        ({"new_destinations": NewDestinations(24, 100), "repeat_days": 120}, 120),
    ],
)
def test_the_history_reaches_as_far_back_as_a_rule_looks(changes: dict[str, Any], days: int) -> None:
    assert horizon(dataclasses.replace(POLICY, **changes)) == days * DAY


def test_addresses_and_coins_are_remembered_for_as_long_as_the_page_says(project: Path) -> None:
    page = (project / "docs/spec/policy.md").read_text("utf-8")
    assert f"every address that an authorisation of the last {SEEN_DAYS} days paid" in page
    assert f"shares a spend reference with a payment of the last {REPLACEMENT_DAYS} days" in page


def test_no_period_of_a_rule_is_longer_than_the_shortest_history() -> None:
    shortest = horizon(dataclasses.replace(POLICY, repeat_days=0))
    assert shortest >= max(CapPerDay.days, CapPerWeek.days, CapPerMonth.days, REPLACEMENT_DAYS, SEEN_DAYS) * DAY
    # A counterparty's message serves once, and ends before it is forgotten.
    assert shortest >= MAX_AHEAD_SECONDS
