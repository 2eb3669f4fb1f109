"""The rule `signed_above`: which payments need their counterparty's word, and that one word is for one payment."""

from dataclasses import replace
from typing import Any

import examples
import pytest
import vasps

from custody.chains import REGTEST, SIGNET
from custody.policy import authorizations
from custody.policy.authorizations import used_by
from custody.policy.case import Case, Past
from custody.policy.document import Policy
from custody.policy.evaluate import evaluate
from custody.policy.rules.counterparty import CounterpartySigned, counterparty_signed
from custody.policy.rules.history import DAY, horizon
from custody.review import Review, Role, Spend
from custody.travel_rule.tap import MAX_AHEAD_SECONDS, Authorization, used_ids
from custody.travel_rule.vasp_keys import VaspKeys

COIN = REGTEST.coin.asset_id
SPENT = examples.review((examples.PAYEE, 1)).spends[0].reference
AMOUNT = 60_000
SECOND_ID = {"id": "1c7f0c1e-96a5-4b0b-8c0f-4a8f4ecf2f11"}
KEY = f"{vasps.OTHER_DID} 0c1f9a4e-7a0b-4f07-9a5e-3d2f0a4b6c8d"


def record(index: int = 0, address: str = examples.PAYEE, amount: int = AMOUNT, **others: Any) -> dict[str, Any]:
    """A record with an authorisation of the one output that it speaks for."""
    of = vasps.paid(address, amount)
    return examples.record((index, address, amount)) | {"authorization": vasps.authorization(of, **others)}


def case(
    *records: dict[str, Any], review: Review | None = None, keys: VaspKeys | None = vasps.KEYS, **others: Any
) -> Case:
    """A payment of 60,000 to PAYEE, judged on the first of January."""
    facts = review or examples.review((examples.PAYEE, AMOUNT))
    block = examples.block(*records) if records else b""
    return Case(facts, block, None, None, latest=vasps.NOW, vasps=keys, **others)


def codes(of: Case, bound: int | None = 0) -> set[str]:
    bounds = () if bound is None else ((COIN, bound),)
    return {reason.code for reason in CounterpartySigned(bounds).reasons(of)}


def past(*records: dict[str, Any], spends: tuple[str, ...] = ("other:0",)) -> Past:
    """An earlier authorisation that rested on these records."""
    used = tuple(used_ids(examples.block(*records))) if records else ()
    return Past("aa" * 32, 0, spends, (), {}, authorizations=used)


def test_a_signed_payment_passes_at_any_bound() -> None:
    for bound in (None, 0, AMOUNT - 1, AMOUNT):
        assert codes(case(record()), bound) == set()


def test_above_the_bound_a_signature_is_required_and_at_it_not() -> None:
    plain = case(examples.record((0, examples.PAYEE, AMOUNT)))
    assert codes(plain, AMOUNT - 1) == {"TAP-NONE"}
    assert codes(plain, AMOUNT) == set()
    assert codes(plain, None) == set()


def test_a_payment_cut_into_pieces_is_counted_together() -> None:
    review = examples.review((examples.PAYEE, 30_000), (examples.SECOND_PAYEE, 30_000))
    both = [examples.record((0, examples.PAYEE, 30_000)), examples.record((1, examples.SECOND_PAYEE, 30_000))]
    assert codes(case(*both, review=review), 30_000) == {"TAP-NONE"}
    signed = [record(0, amount=30_000), record(1, examples.SECOND_PAYEE, 30_000, envelope=SECOND_ID)]
    assert codes(case(*signed, review=review), 30_000) == set()
    assert codes(case(both[0], signed[1], review=review), 30_000) == {"TAP-NONE"}


def paid(*amounts: int, age: int = 0, signed: int = 0, owners: tuple[str, ...] = (), **changes: Any) -> Past:
    """An earlier transaction that made so many payments, and carried so many authorisations that held."""
    rows = tuple((examples.SECOND_PAYEE, amount, COIN) for amount in amounts)
    keys = tuple(f"{vasps.OTHER_DID} {number}" for number in range(signed))
    return replace(Past("ab" * 32, -age, ("other:0",), rows, {}, owners, authorizations=keys), **changes)


@pytest.mark.parametrize(
    ("earlier", "told"),
    [
        (paid(1), {"TAP-NONE"}),
        (paid(1, age=DAY - 1), {"TAP-NONE"}),
        (paid(1, age=DAY), set()),
        (paid(1, signed=1), set()),
        (paid(1, 1, signed=1), {"TAP-NONE"}),
        (paid(1, 1, signed=2), set()),
        (paid(1, owners=("Hot 1",)), set()),
        (paid(10**9, 1, owners=("Hot 1", "")), {"TAP-NONE"}),
        (paid(1, 10**9, owners=("", "Hot 1")), {"TAP-NONE"}),
        # One that came with the own payment, and was never verified, is not the thief's payment's.
        (paid(10**9, 1, owners=("Hot 1", ""), signed=1), {"TAP-NONE"}),
        (paid(10**9, 1, owners=("Hot 1", ""), signed=2), set()),
        (paid(1, spends=(SPENT,)), set()),
        (paid(1, payments=((examples.PAYEE, 10**9, SIGNET.coin.asset_id),)), set()),
    ],
)
def test_a_payment_cut_into_transactions_of_one_day_is_counted_together(earlier: Past, told: set[str]) -> None:
    """A thief who knows the bound pays just as much as that, again and again, to an address for each."""
    plain = examples.record((0, examples.PAYEE, AMOUNT))
    assert codes(case(plain, history=(earlier,)), AMOUNT) == told
    assert codes(case(record(), history=(earlier,)), AMOUNT) == set()


def test_without_vasp_keys_nothing_that_was_paid_before_was_signed() -> None:
    plain = examples.record((0, examples.PAYEE, AMOUNT))
    assert codes(case(plain, history=(paid(1, signed=1),), keys=None), AMOUNT) == {"TAP-NONE"}


def test_a_bound_for_one_asset_asks_nothing_of_another() -> None:
    bounds = CounterpartySigned(((SIGNET.coin.asset_id, 0),))
    assert list(bounds.reasons(case(examples.record((0, examples.PAYEE, AMOUNT))))) == []


def test_payments_to_own_accounts_are_neither_asked_nor_counted() -> None:
    review = examples.review((examples.PAYEE, 30_000), (examples.SECOND_PAYEE, 30_000))
    own = replace(review.outputs[1], role=Role.OWN)
    to_own = replace(review, outputs=(review.outputs[0], own, *review.outputs[2:]))
    assert codes(case(examples.record((0, examples.PAYEE, 30_000)), review=to_own), 30_000) == set()
    assert codes(case(examples.record((0, examples.PAYEE, 30_000)), review=to_own), 29_999) == {"TAP-NONE"}


def test_without_a_record_without_keys_and_with_two_records_it_is_refused() -> None:
    assert codes(case()) == {"TAP-NONE"}
    assert codes(case(record(), keys=None)) == {"TAP-KEYS-NONE"}
    assert codes(case(record(), record())) == {"TAP-NONE"}


def test_an_authorisation_that_is_there_must_hold_although_none_is_asked_for() -> None:
    bent = record(expiry=vasps.NOW)
    assert codes(case(bent), None) == {"TAP-EXPIRED"}
    assert codes(case(bent, keys=None), None) == set()


def test_the_payment_is_the_transaction_s_and_not_what_the_record_says() -> None:
    """The record and the authorisation agree; the transaction pays somebody else."""
    swapped = examples.review((examples.SECOND_PAYEE, AMOUNT))
    assert codes(case(record(), review=swapped)) == {"TAP-ADDRESS"}
    assert codes(case(record(), review=examples.review((examples.PAYEE, AMOUNT + 1)))) == {"TAP-AMOUNT"}


def test_one_authorisation_is_for_one_output() -> None:
    review = examples.review((examples.PAYEE, AMOUNT), (examples.PAYEE, AMOUNT))
    several = examples.record((0, examples.PAYEE, AMOUNT), (1, examples.PAYEE, AMOUNT))
    assert codes(case(several | {"authorization": vasps.authorization()}, review=review)) == {"TAP-OUTPUTS"}
    assert codes(case(record(0), record(1), review=review)) == {"TAP-REPEATED"}
    assert codes(case(record(0), record(1, envelope=SECOND_ID), review=review)) == set()


def test_two_messages_of_one_id_are_one() -> None:
    review = examples.review((examples.PAYEE, AMOUNT), (examples.SECOND_PAYEE, 7))
    assert codes(case(record(0), record(1, examples.SECOND_PAYEE, 7), review=review)) == {"TAP-REPEATED"}


def test_an_authorisation_that_an_earlier_payment_rested_on_is_used_up() -> None:
    used = case(record(), history=(past(record()),))
    assert codes(used) == {"TAP-USED"}
    assert used_by(used.history, used.review) == {KEY}
    assert codes(case(record(), history=(past(record(envelope=SECOND_ID)), past()))) == set()


def test_a_retry_that_spends_the_same_coin_needs_no_second_message() -> None:
    spend = examples.review((examples.PAYEE, AMOUNT)).spends[0].reference
    assert codes(case(record(), history=(past(record(), spends=(spend, "other:1")),))) == set()
    both = (past(record(), spends=(spend,)), past(record(), spends=("other:1",)))
    assert codes(case(record(), history=both)) == {"TAP-USED"}


def test_a_chain_of_retries_does_not_free_the_first_one_s_message() -> None:
    """The second spends the first's coin and another; a third that spends only the other would be paid beside."""
    first, second = past(record(), spends=("a:0",)), past(record(), spends=("a:0", "b:0"))
    facts = replace(examples.review((examples.PAYEE, AMOUNT)), spends=(Spend("b:0", 10**9),))
    assert codes(case(record(), review=facts, history=(second, first))) == {"TAP-USED"}


def test_the_reason_says_what_it_judged_and_what_it_rests_on() -> None:
    (reason,) = CounterpartySigned(((COIN, 0),)).reasons(case(record(expiry=vasps.NOW), evidence={"vasps": "ab" * 32}))
    assert reason.rule == "signed_above"
    assert reason.fact == "records[0].authorization.body.expiry"
    assert reason.evidence == f"vasps {'ab' * 32}"
    assert examples.PAYEE in reason.observed
    assert reason.concern == ""


def test_the_helper_says_the_same_of_one_output() -> None:
    honest = case(record())
    assert counterparty_signed(honest, honest.review.outputs[0])
    for bent in (
        case(),
        case(record(), keys=None),
        case(record(expiry=vasps.NOW)),
        case(record(), history=(past(record()),)),
        case(record(), review=examples.review((examples.SECOND_PAYEE, AMOUNT))),
        case(examples.record((0, examples.PAYEE, AMOUNT))),
    ):
        assert not counterparty_signed(bent, bent.review.outputs[0])


def test_the_policy_asks_for_it_and_looks_back_as_long_as_one_can_hold() -> None:
    text = examples.POLICY + b'repeat_days = 1\n[chains.regtest.signed_above]\ncoin = "0"\n'
    policy = Policy.parse(b"repeat_days = 1\n" + text.replace(b"repeat_days = 1\n", b""))
    assert horizon(policy) >= MAX_AHEAD_SECONDS
    unsigned = replace(case(examples.record((0, examples.PAYEE, AMOUNT))), policy=policy)
    assert "TAP-NONE" in {reason.code for reason in evaluate(unsigned).reasons}
    signed = replace(case(record()), policy=policy)
    assert not {one for reason in evaluate(signed).reasons if (one := reason.code).startswith("TAP-")}


def test_a_rule_that_believes_every_authorisation_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    swapped = examples.review((examples.SECOND_PAYEE, AMOUNT))
    assert codes(case(record(), review=swapped))
    monkeypatch.setattr(authorizations, "check_authorization", lambda *_: Authorization(*[None] * 4))  # type: ignore[arg-type]
    assert codes(case(record(), review=swapped)) == set()


def test_a_rule_without_memory_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custody.policy.case.used_by", lambda *_: frozenset())
    assert codes(case(record(), history=(past(record()),))) == set()
