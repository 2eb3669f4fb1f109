"""Nobody is paid the same twice, and no coins that were given away pay somebody else: each rule at its edges."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import examples
import pytest

from custody import chains
from custody.bitcoin.script import encode_address
from custody.policy.case import Case, Past
from custody.policy.clauses import Escalation
from custody.policy.decision import Decision, Outcome, Requirement
from custody.policy.document import Policy
from custody.policy.evaluate import evaluate
from custody.policy.rules import history
from custody.policy.rules.history import DAY, REPLACEMENT_DAYS
from custody.policy.rules.payees import earlier_payments
from custody.policy.rules.repeats import NothingElseReplaced, NotRepeated
from custody.review import Review, Role, Spend, leaving
from custody.screening.address import Program, decode_address
from custody.screening.flagged import FlaggedList
from custody.travel_rule.record import spoken_for

POLICY = Policy.parse(examples.POLICY)
LIST = FlaggedList.parse(examples.FLAGGED_LIST)
REVIEW = examples.review((examples.PAYEE, 100_000))
COIN = chains.REGTEST.coin.asset_id
NOW = 50 * DAY
FIRST, SECOND, THIRD = (f"{digit * 64}:0" for digit in "abc")
TOKEN_REVIEW = examples.evm_review(amount=2_500_000, asset=examples.USDC)


def spending(review: Review, *references: str) -> Review:
    return dataclasses.replace(review, spends=tuple(Spend(reference, 0) for reference in references))


def past(
    review: Review = REVIEW, age: int = 0, *, spends: tuple[str, ...] = (THIRD,), block: bytes = b"", **changes: Any
) -> Past:
    """The authorisation of such a transaction, ``age`` elapsed seconds ago, that spends something else."""
    payments = tuple((output.address, output.amount, output.asset.asset_id) for output in review.payments)
    records = tuple(spoken_for(block).get(output.index, "") for output in review.payments)
    honest = Past("ab" * 32, NOW - age, spends, payments, leaving(review), records=records)
    return dataclasses.replace(honest, **changes)


def case(review: Review, *history: Past, block: bytes = b"") -> Case:
    return Case(review, block, POLICY, LIST, history=history, elapsed=NOW)


def repeated(review: Review, *history: Past, days: int = 7, block: bytes = b"") -> list[str]:
    return [reason.code for reason in NotRepeated(days).reasons(case(review, *history, block=block))]


def test_the_same_payment_twice_is_a_duplicate_and_both_are_shown() -> None:
    (reason,) = NotRepeated(7).reasons(case(REVIEW, past(request="cd" * 32)))
    assert reason.code == "DUPLICATE-PAYMENT"
    assert reason.observed == f"output 0 pays 0.00100000 rBTC to {examples.PAYEE}, as request {'cd' * 32} did"
    assert "7 days" in reason.required
    assert (reason.fact, reason.evidence) == ("outputs[0].amount", f"request {'cd' * 32}")


def test_of_several_requests_the_newest_is_the_evidence() -> None:
    (reason,) = NotRepeated(7).reasons(case(REVIEW, past(request="cd" * 32), past(age=1, request="ef" * 32)))
    assert reason.evidence == f"request {'cd' * 32}"


def test_two_payments_without_a_record_are_not_said_to_have_the_same_one() -> None:
    other = examples.review((examples.PAYEE, 99_999))
    assert repeated(REVIEW, past(other)) == repeated(REVIEW, past(other, records=())) == []


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


def test_each_repeated_payment_is_told_once_with_the_newest_request_and_how_many_more() -> None:
    two = examples.review((examples.PAYEE, 100_000), (examples.SECOND_PAYEE, 5))
    assert len(repeated(two, past(two))) == 2
    (reason,) = NotRepeated(7).reasons(case(REVIEW, past(two, request="cd" * 32), past(two), past(two, request="ef")))
    assert f"as request {'cd' * 32} and 2 more did" in reason.observed


# By the record.

BLOCK = examples.block(examples.record((0, examples.PAYEE, 100_000)))
#: Another amount to the same payee, with a record of the same people.
OTHER = examples.review((examples.PAYEE, 40_000))
OTHER_BLOCK = examples.block(examples.record((0, examples.PAYEE, 40_000)))


def people(name: str, amount: int = 40_000) -> bytes:
    """An honest record for ``OTHER`` whose customer has another family name."""
    record = examples.record((0, examples.PAYEE, amount))
    record["ivms101"]["originator"]["originatorPerson"][0] |= examples.natural_person(name)
    return examples.block(record)


def test_another_amount_to_the_same_payee_for_the_same_people_is_told() -> None:
    earlier = past(OTHER, block=OTHER_BLOCK, request="cd" * 32)
    (reason,) = NotRepeated(7).reasons(case(REVIEW, earlier, block=BLOCK))
    assert (reason.code, reason.concern, reason.fact) == ("DUPLICATE-RECORD", "duplicate", "outputs[0].record")
    assert reason.evidence == f"request {'cd' * 32}"
    assert "output 0 pays 0.00100000 rBTC" in reason.observed


def test_a_record_of_other_people_is_of_another_payment() -> None:
    assert repeated(REVIEW, past(OTHER, block=people("Suzuki")), block=BLOCK) == []


def test_another_counterparty_is_another_payment() -> None:
    record = examples.record((0, examples.PAYEE, 40_000)) | {"counterparty": {"name": "Third", "jurisdiction": "GB"}}
    assert repeated(REVIEW, past(OTHER, block=examples.block(record)), block=BLOCK) == []


def test_the_same_people_paid_at_another_address_are_paid_something_else() -> None:
    earlier = dataclasses.replace(past(OTHER, block=OTHER_BLOCK), payments=((examples.SECOND_PAYEE, 40_000, COIN),))
    assert repeated(REVIEW, earlier, block=BLOCK) == []


def test_the_record_of_another_payment_of_the_same_request_does_not_count() -> None:
    two = examples.review((examples.PAYEE, 40_000), (examples.SECOND_PAYEE, 5))
    records = [examples.record((0, examples.PAYEE, 40_000)), examples.record((1, examples.SECOND_PAYEE, 5))]
    records[0]["ivms101"]["originator"]["originatorPerson"][0] |= examples.natural_person("Suzuki")
    assert repeated(REVIEW, past(two, block=examples.block(*records)), block=BLOCK) == []
    assert repeated(REVIEW, past(two, block=examples.block(*records)), block=people("Suzuki", 100_000)) == [
        "DUPLICATE-RECORD"
    ]


@pytest.mark.parametrize("position", [0, 1])
def test_index_and_amount_are_no_part_of_who_pays_whom(position: int) -> None:
    """One record speaks for two payments to one customer; either of them is met again alone."""
    two = examples.review((examples.PAYEE, 40_000), (examples.PAYEE, 50_000))
    block = examples.block(examples.record((0, examples.PAYEE, 40_000), (1, examples.PAYEE, 50_000)))
    earlier = past(two, block=block)
    alone = dataclasses.replace(
        earlier, payments=earlier.payments[position : position + 1], records=earlier.records[position : position + 1]
    )
    assert repeated(REVIEW, alone, block=BLOCK) == ["DUPLICATE-RECORD"]


def test_a_payment_without_a_record_is_like_none_by_record() -> None:
    """A move to an own account has none, on either side."""
    assert repeated(REVIEW, past(OTHER)) == []
    assert repeated(REVIEW, past(OTHER, block=OTHER_BLOCK)) == []
    assert repeated(REVIEW, past(OTHER), block=BLOCK) == []
    assert repeated(REVIEW, past(OTHER, records=()), block=BLOCK) == []


def test_one_earlier_request_is_told_by_its_amount_and_another_by_its_record() -> None:
    equal, alike = past(block=BLOCK), past(OTHER, block=OTHER_BLOCK, request="cd" * 32)
    assert repeated(REVIEW, equal, block=BLOCK) == ["DUPLICATE-PAYMENT"]
    assert repeated(REVIEW, equal, alike, block=BLOCK) == ["DUPLICATE-PAYMENT", "DUPLICATE-RECORD"]


def test_an_earlier_request_that_repeats_both_ways_is_told_once() -> None:
    two = examples.review((examples.PAYEE, 40_000), (examples.PAYEE, 100_000))
    block = examples.block(examples.record((0, examples.PAYEE, 40_000), (1, examples.PAYEE, 100_000)))
    assert repeated(REVIEW, past(two, block=block), block=BLOCK) == ["DUPLICATE-PAYMENT"]


def test_a_policy_may_let_more_people_answer_for_a_duplicate() -> None:
    asked = Requirement(2, "compliance", 1)
    policy = dataclasses.replace(POLICY, escalations=(Escalation("duplicate", asked),))
    found = evaluate(dataclasses.replace(case(REVIEW, past(block=BLOCK), block=BLOCK), policy=policy))
    assert [reason.code for reason in found.concerns] == ["DUPLICATE-PAYMENT"]
    assert (found.reasons, found.requirements) == ((), (asked,))
    denied = evaluate(case(REVIEW, past(block=BLOCK), block=BLOCK))
    assert Decision.of(denied.reasons, denied.requirements).outcome is Outcome.DENY


def test_sixty_payments_to_one_payee_are_one_concern_and_not_too_many_reasons() -> None:
    asked = Escalation("duplicate", Requirement(1, "compliance", 1))
    policy = dataclasses.replace(POLICY, escalations=(asked,))
    earlier = [past(block=BLOCK, request=f"{number:064x}") for number in range(60)]
    found = evaluate(dataclasses.replace(case(REVIEW, *earlier, block=BLOCK), policy=policy))
    assert found.reasons == ()
    assert len(found.concerns) == 1


# Replacement.


def replaced(review: Review, *history: Past) -> list[str]:
    return [reason.code for reason in NothingElseReplaced().reasons(case(review, *history))]


RETRY = spending(REVIEW, FIRST)
ORIGINAL = past(spends=(FIRST,))
DIFFERS = ["REPLACEMENT-DIFFERS"]


def paying(*payments: tuple[str, int], **facts: Any) -> Review:
    return spending(examples.review(*payments, **facts), FIRST)


@pytest.mark.parametrize(
    ("replacement", "found"),
    [
        (RETRY, []),
        (paying((examples.PAYEE, 100_000), fee=90_000, change=1), []),
        (paying((examples.PAYEE, 99_999)), []),
        (paying(), []),
        (paying((examples.PAYEE, 60_000), (examples.PAYEE, 40_000)), []),
        (paying((examples.PAYEE, 100_001)), DIFFERS),
        (paying((examples.PAYEE, 60_000), (examples.PAYEE, 40_001)), DIFFERS),
        (paying((examples.SECOND_PAYEE, 100_000)), DIFFERS),
        (paying((examples.SECOND_PAYEE, 1)), DIFFERS),
        (paying((examples.PAYEE, 100_000), (examples.SECOND_PAYEE, 1)), DIFFERS),
        (paying((examples.SECOND_PAYEE, 1), (examples.FLAGGED, 1)), DIFFERS * 2),
    ],
)
def test_a_replacement_pays_the_same_payees_and_none_of_them_more(replacement: Review, found: list[str]) -> None:
    assert replaced(replacement, ORIGINAL) == found


def test_a_swap_with_a_label_is_told_with_what_the_first_would_have_paid() -> None:
    (reason,) = NothingElseReplaced().reasons(case(paying((examples.SECOND_PAYEE, 100_000)), ORIGINAL))
    nothing, much = "0.00000000 rBTC", "0.00100000 rBTC"
    assert reason.observed == (
        f"{much} to {examples.SECOND_PAYEE}, from coins of request {'ab' * 32}, which paid {nothing} there"
    )
    assert (reason.fact, reason.evidence, reason.concern) == ("outputs[0].amount", f"request {'ab' * 32}", "")


def test_nobody_can_answer_for_a_swap() -> None:
    every = tuple(Escalation(concern, Requirement(1, "approver", 1)) for concern in ("duplicate", "new_destination"))
    policy = dataclasses.replace(POLICY, escalations=every)
    swap = dataclasses.replace(case(paying((examples.SECOND_PAYEE, 100_000)), ORIGINAL), policy=policy)
    assert "REPLACEMENT-DIFFERS" in [reason.code for reason in evaluate(swap).reasons]


def test_the_same_payee_in_another_spelling_is_the_same() -> None:
    assert replaced(paying(("mrCDrCybB6J1vRfbwM5hemdJz73FwDBC8r", 100_000)), ORIGINAL) == []


def test_another_asset_is_another_payment() -> None:
    first = past(TOKEN_REVIEW, spends=("nonce",))
    assert replaced(spending(TOKEN_REVIEW, "nonce"), first) == []
    coin = examples.evm_review(amount=2_500_000)
    assert replaced(spending(coin, "nonce"), first) == DIFFERS


def test_coins_that_no_payment_was_to_spend_are_free() -> None:
    assert replaced(spending(paying((examples.SECOND_PAYEE, 1)), SECOND), ORIGINAL) == []


def test_a_move_that_paid_nobody_promised_nothing_but_does_not_free_the_coins_of_a_payment() -> None:
    """Cancelled, and then paid after all; or cancelled, and then paid to somebody else: what the cancellation made."""
    cancelled = past(examples.review(), spends=(FIRST,))
    assert replaced(RETRY, cancelled, ORIGINAL) == []
    assert replaced(paying((examples.SECOND_PAYEE, 1)), cancelled) == []
    assert replaced(paying((examples.SECOND_PAYEE, 1)), cancelled, ORIGINAL) == DIFFERS


def test_each_of_several_that_are_replaced_is_asked() -> None:
    other = past(examples.review((examples.SECOND_PAYEE, 5)), spends=(SECOND,))
    both = spending(examples.review((examples.PAYEE, 100_000), (examples.SECOND_PAYEE, 5)), FIRST, SECOND)
    assert replaced(both, ORIGINAL, other) == DIFFERS * 2
    assert replaced(spending(examples.review(), FIRST, SECOND), ORIGINAL, other) == []


@pytest.mark.parametrize(
    ("age", "found"), [(REPLACEMENT_DAYS * DAY - 1, DIFFERS), (REPLACEMENT_DAYS * DAY, []), (-DAY, DIFFERS)]
)
def test_coins_are_free_again_after_thirty_days_that_the_device_has_run(age: int, found: list[str]) -> None:
    assert replaced(paying((examples.SECOND_PAYEE, 1)), past(age=age, spends=(FIRST,))) == found


def test_moves_to_own_accounts_are_payments_too() -> None:
    review = paying((examples.SECOND_PAYEE, 7))
    outputs = tuple(
        dataclasses.replace(output, role=Role.OWN, owner="warm") if output.role is Role.PAYMENT else output
        for output in review.outputs
    )
    assert replaced(dataclasses.replace(review, outputs=outputs), ORIGINAL) == DIFFERS


def test_a_swap_is_asked_for_also_where_repetitions_are_not() -> None:
    swap = case(paying((examples.SECOND_PAYEE, 1)), ORIGINAL)
    off = dataclasses.replace(swap, policy=dataclasses.replace(POLICY, repeat_days=0))
    assert "REPLACEMENT-DIFFERS" in [reason.code for reason in evaluate(off).reasons]


# Work.


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The addresses that were decoded for rules that look back."""
    seen: list[str] = []

    def counted(address: str) -> Program:
        seen.append(address)
        return decode_address(address)

    history.payee.cache_clear()
    monkeypatch.setattr(history, "decode_address", counted)
    yield seen
    history.payee.cache_clear()


def test_of_the_history_only_what_is_replaced_is_decoded_and_once(decoded: list[str]) -> None:
    """Twenty payees in each of twenty-one transactions: 420 addresses, and 8,000 pairs of them."""

    def payments(first: int) -> Review:
        scripts = [b"\x00\x14" + number.to_bytes(20, "big") for number in range(first, first + 20)]
        return examples.review(*((encode_address(script, chains.REGTEST), 1_000) for script in scripts))

    judged = case(payments(0), *(past(payments(20 * number), request=f"{number:064x}") for number in range(1, 21)))
    for _ in range(2):
        assert list(earlier_payments(judged)) == []
        assert list(NotRepeated(7).reasons(judged)) == []
        assert list(NothingElseReplaced().reasons(judged)) == []
    assert decoded == []
    shared = case(payments(0), past(payments(20), spends=tuple(one.reference for one in judged.review.spends)))
    for _ in range(2):
        assert len(list(NothingElseReplaced().reasons(shared))) == 20
    assert len(decoded) == 40
