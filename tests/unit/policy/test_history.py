"""The rules that look back: repeated payments and the cap of a day, each at its edge, on either side."""

import dataclasses
from typing import Any

import examples
import pytest

from custody import chains
from custody.bitcoin.script import encode_address
from custody.policy import history
from custody.policy.case import Case, Past
from custody.policy.clauses import NewDestinations
from custody.policy.document import Policy
from custody.policy.evaluate import evaluate
from custody.policy.history import DAY, CapPerDay, NotRepeated, earlier_payments, horizon
from custody.review import Review, Spend, leaving
from custody.screening.address import Program, decode_address
from custody.screening.flagged import FlaggedList

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


def repeated(review: Review, *history: Past, days: int = 7) -> list[str]:
    return [reason.code for reason in NotRepeated(days).reasons(case(review, *history))]


def test_the_same_payment_twice_is_a_duplicate_and_both_are_shown() -> None:
    (reason,) = NotRepeated(7).reasons(case(REVIEW, past(request="cd" * 32)))
    assert reason.code == "DUPLICATE-PAYMENT"
    assert reason.observed == f"output 0 pays 0.00100000 rBTC to {examples.PAYEE}, as request {'cd' * 32} did"
    assert "7 days" in reason.required


def test_a_first_payment_is_none() -> None:
    assert repeated(REVIEW) == []


@pytest.mark.parametrize(
    ("age", "found"),
    [
        (0, ["DUPLICATE-PAYMENT"]),
        (7 * DAY - 1, ["DUPLICATE-PAYMENT"]),
        (7 * DAY, []),
        (-1, ["DUPLICATE-PAYMENT"]),
        (-99 * DAY, ["DUPLICATE-PAYMENT"]),
    ],
)
def test_days_are_counted_in_elapsed_seconds_and_the_future_is_not_past(age: int, found: list[str]) -> None:
    assert repeated(REVIEW, past(age=age)) == found


@pytest.mark.parametrize("age", [0, -1])
def test_zero_days_switch_the_rule_off(age: int) -> None:
    assert repeated(REVIEW, past(age=age), days=0) == []


@pytest.mark.parametrize(
    "payment",
    [
        (examples.PAYEE, 100_001, COIN),
        (examples.SECOND_PAYEE, 100_000, COIN),
        (examples.PAYEE, 100_000, chains.SIGNET.coin.asset_id),
    ],
)
def test_another_amount_payee_or_asset_is_another_payment(payment: tuple[str, int, str]) -> None:
    assert repeated(REVIEW, past(payments=(payment,))) == []


# The same HASH160 as PAYEE's: as P2PKH of regtest, and in the capitals that BIP173 allows.
@pytest.mark.parametrize("written", ["mrCDrCybB6J1vRfbwM5hemdJz73FwDBC8r", examples.PAYEE.upper()])
def test_the_same_payee_in_another_spelling_is_found(written: str) -> None:
    assert repeated(REVIEW, past(payments=((written, 100_000, COIN),))) == ["DUPLICATE-PAYMENT"]


@pytest.mark.parametrize("spelling", [str, str.lower, str.upper, str.swapcase])
def test_an_evm_payee_is_found_whatever_its_capitals(spelling: Any) -> None:
    payment = (spelling(examples.EVM_PAYEE), 2_500_000, examples.USDC.asset_id)
    assert repeated(TOKEN_REVIEW, past(payments=(payment,))) == ["DUPLICATE-PAYMENT"]
    assert repeated(examples.evm_review(amount=2_500_000), past(payments=(payment,))) == []


def test_a_text_that_is_no_address_is_compared_as_it_is() -> None:
    nonsense = examples.review(("nonsense", 5))
    assert repeated(nonsense, past(nonsense)) == ["DUPLICATE-PAYMENT"]
    assert repeated(nonsense, past(examples.review(("other", 5)))) == []


def test_a_retry_that_spends_what_the_first_would_have_spent_passes() -> None:
    retry = spending(REVIEW, SECOND, FIRST)
    assert repeated(retry, past(spends=(FIRST,))) == []
    assert repeated(retry, past(spends=(THIRD,))) == ["DUPLICATE-PAYMENT"]


def test_a_retry_of_a_retry_must_exclude_each_of_those_before() -> None:
    first, retry = past(spends=(FIRST,)), past(spends=(FIRST, SECOND))
    assert repeated(spending(REVIEW, SECOND), retry, first) == ["DUPLICATE-PAYMENT"]
    assert repeated(spending(REVIEW, FIRST), retry, first) == []


def test_each_repeated_payment_is_told_with_each_earlier_request() -> None:
    two = examples.review((examples.PAYEE, 100_000), (examples.SECOND_PAYEE, 5))
    assert len(repeated(two, past(two))) == 2
    assert len(repeated(REVIEW, past(two), past(two, request="cd" * 32))) == 2


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


def with_rules(repeat_days: int, *day_caps: tuple[str, int]) -> Policy:
    section = dataclasses.replace(POLICY.chains[0], day_caps=day_caps)
    return dataclasses.replace(POLICY, chains=(section,), repeat_days=repeat_days)


@pytest.mark.parametrize(
    ("policy", "seconds"),
    [
        (with_rules(0), 30 * DAY),
        (with_rules(0, (COIN, 5)), 30 * DAY),
        (with_rules(31), 31 * DAY),
        (dataclasses.replace(POLICY, new_destinations=NewDestinations(24, 365)), 365 * DAY),
    ],
)
def test_the_history_reaches_as_far_back_as_a_rule_looks(policy: Policy, seconds: int) -> None:
    assert horizon(policy) == seconds


def test_each_address_is_decoded_once_however_many_were_paid_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty payees in each of twenty-one transactions: 420 addresses, and 8,000 pairs of them."""
    decoded: list[str] = []

    def counted(address: str) -> Program:
        decoded.append(address)
        return decode_address(address)

    def payments(first: int) -> Review:
        scripts = [b"\x00\x14" + number.to_bytes(20, "big") for number in range(first, first + 20)]
        return examples.review(*((encode_address(script, chains.REGTEST), 1_000) for script in scripts))

    monkeypatch.setattr(history, "decode_address", counted)
    judged = case(payments(0), *(past(payments(20 * number), request=f"{number:064x}") for number in range(1, 21)))
    assert list(earlier_payments(judged)) == []
    assert len(decoded) == 420
    decoded.clear()
    assert list(NotRepeated(7).reasons(judged)) == []
    assert len(decoded) == 420
