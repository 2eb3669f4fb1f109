"""The recommended policy: what a Japanese exchange does in a day passes it, what DMM and Bybit lost does not."""

import dataclasses
from pathlib import Path
from typing import Any

import examples
import pytest

from custody import chains
from custody.amounts import Asset
from custody.bitcoin.script import encode_address
from custody.policy.case import Case
from custody.policy.decision import Requirement
from custody.policy.document import Policy
from custody.policy.evaluate import Evaluation, evaluate
from custody.policy.past import Past
from custody.review import Output, Review, Role, Spend, leaving
from custody.screening.flagged import FlaggedList
from custody.times import seconds_of

COIN: Asset = chains.BITCOIN.coin
PARTNER = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
THIEF = encode_address(b"\x00\x14" + b"\x66" * 20, chains.BITCOIN)
TUESDAY = seconds_of("2026-01-06T01:00:00Z")  # ten in the morning in Tokyo
HOUR, DAY = 3_600, 86_400
ELAPSED = 400 * DAY
BTC = 10**8
USUAL = {Requirement(2, "approver", 1), Requirement(1, "compliance", 1)}


@pytest.fixture
def policy(project: Path) -> Policy:
    return Policy.parse((project / "docs/examples/recommended.toml").read_bytes())


def paying(address: str, amount: int, fee: int = 20_000, **facts: Any) -> Review:
    """The facts of a Bitcoin transaction with one payment."""
    honest = {
        "chain_id": chains.BITCOIN.chain_id,
        "account": "cold",
        "kind": "psbt",
        "transaction_id": "11" * 32,
        "spends": (Spend(f"{'22' * 32}:0", amount + fee),),
        "outputs": (Output(0, address, amount, COIN, Role.PAYMENT),),
        "fee": fee,
        "fee_asset": COIN,
        "feerate": 14_000,
        "size": 141,
    }
    return Review(**(honest | facts))


def paid_before(review: Review, age: int) -> Past:
    """That this very payee was paid something else, so many seconds ago, from other coins."""
    payments = tuple((one.address, 1_000, one.asset.asset_id) for one in review.payments)
    return Past("ab" * 32, ELAPSED - age, ("33" * 32 + ":0",), payments, leaving(review), ("",), ("",))


def judged(policy: Policy, review: Review, *history: Past, at: int = TUESDAY, **changes: Any) -> Evaluation:
    """The evaluation with a record that agrees with the transaction, a fresh list, and such a history."""
    paid = [(one.index, one.address, one.amount) for one in review.payments if one.role is Role.PAYMENT]
    case = Case(
        review=review,
        travel_rule=examples.block(examples.record(*paid)) if paid else b"",
        policy=policy,
        flagged=FlaggedList.parse(b"# none\n"),
        history=history,
        interfaces=(),
        elapsed=ELAPSED,
        latest=at,
        created=at - HOUR,
        list_made=at - HOUR,
    )
    return evaluate(dataclasses.replace(case, **changes))


def codes(evaluation: Evaluation) -> set[str]:
    return {reason.code for reason in evaluation.reasons}


def test_a_partner_who_is_known_is_paid_with_the_usual_approvals(policy: Policy) -> None:
    review = paying(PARTNER, 10 * BTC)
    found = judged(policy, review, paid_before(review, 30 * HOUR))
    assert (found.reasons, found.concerns, set(found.requirements)) == ((), (), USUAL)


def test_a_large_sum_asks_more_people(policy: Policy) -> None:
    review = paying(PARTNER, 60 * BTC)
    found = judged(policy, review, paid_before(review, 30 * HOUR))
    assert found.reasons == ()
    assert set(found.requirements) == USUAL | {Requirement(3, "approver", 1), Requirement(2, "compliance", 1)}


def test_a_partner_who_is_new_gets_a_small_first_payment_and_no_more(policy: Policy) -> None:
    assert judged(policy, paying(PARTNER, BTC // 100)).reasons == ()
    assert codes(judged(policy, paying(PARTNER, BTC // 100 + 1))) == {"DESTINATION-NEW"}
    soon = paying(PARTNER, 10 * BTC)
    assert codes(judged(policy, soon, paid_before(soon, 23 * HOUR))) == {"DESTINATION-NEW"}


def test_the_hot_wallet_is_filled_without_a_record_up_to_its_share(policy: Policy) -> None:
    for amount, found in ((50 * BTC, set()), (50 * BTC + 1, {"OWN-HOT-EXCEEDED"})):
        output = Output(0, PARTNER, amount, COIN, Role.OWN, "Hot wallet")
        assert codes(judged(policy, paying(PARTNER, amount, outputs=(output,)))) == found


def test_dmm_the_whole_loss_is_refused_for_each_of_four_reasons(policy: Policy) -> None:
    """4,502.9 BTC in one transaction, to an address of the thief's, with a fee of 0.1 BTC."""
    found = judged(policy, paying(THIEF, 450_290_000_000, fee=10_000_000))
    assert {"DESTINATION-UNKNOWN", "DESTINATION-NEW", "CAP-EXCEEDED", "FEE-ABSOLUTE"} <= codes(found)


@pytest.mark.parametrize("amount", [1, 1_000_000, BTC, 99 * BTC])
def test_dmm_in_small_pieces_is_refused_too(policy: Policy, amount: int) -> None:
    """Whatever people approved: no approval makes a thief's address one that the house knows."""
    review = paying(THIEF, amount, fee=0)
    assert "DESTINATION-UNKNOWN" in codes(judged(policy, review, paid_before(review, 30 * HOUR)))


def test_bybit_a_contract_call_that_is_no_payment_has_no_facts_and_ether_goes_to_known_payees_only(
    policy: Policy,
) -> None:
    """The bytes themselves are refused before any policy (tests/ceremony); this is the transfer that was shown."""
    shown = examples.evm_review(examples.RONIN_THIEF, 30_000 * 10**18)
    assert {"DESTINATION-UNKNOWN", "CAP-EXCEEDED", "CAP-DAY-EXCEEDED"} <= codes(judged(policy, shown))


def test_at_night_and_on_sunday_a_third_approver_is_called(policy: Policy) -> None:
    review = paying(PARTNER, 10 * BTC)
    for moment in ("2026-01-06T09:00:00Z", "2026-01-05T23:59:59Z", "2026-01-04T03:00:00Z"):
        found = judged(policy, review, paid_before(review, 30 * HOUR), at=seconds_of(moment))
        assert found.reasons == ()
        assert [concern.code for concern in found.concerns] == ["OUT-OF-HOURS"]
        assert set(found.requirements) == USUAL | {Requirement(3, "approver", 1)}


def test_a_signer_with_a_network_signs_nothing(policy: Policy) -> None:
    review = paying(PARTNER, 10 * BTC)
    known = paid_before(review, 30 * HOUR)
    assert codes(judged(policy, review, known, interfaces=("wlan0",))) == {"NETWORK-UP"}
    assert codes(judged(policy, review, known, interfaces=None)) == {"NETWORK-UNKNOWN"}


def test_a_list_that_is_held_back_stops_everything(policy: Policy) -> None:
    review = paying(PARTNER, 10 * BTC)
    known = paid_before(review, 30 * HOUR)
    stale = judged(policy, review, known, list_made=TUESDAY - 27 * HOUR)
    assert (stale.reasons, [one.code for one in stale.concerns]) == ((), ["LIST-STALE"])
    assert codes(judged(policy, review, known, list_made=TUESDAY - 168 * HOUR)) == {"LIST-OLD"}


def test_we_lost_the_answer_asks_five_people(policy: Policy) -> None:
    review = paying(PARTNER, 10 * BTC)
    first = dataclasses.replace(
        paid_before(review, 30 * HOUR), payments=((PARTNER, 10 * BTC, COIN.asset_id),), charges={COIN.asset_id: 0}
    )
    found = judged(policy, review, first)
    assert found.reasons == ()
    assert [one.code for one in found.concerns] == ["DUPLICATE-PAYMENT"]
    assert set(found.requirements) == USUAL | {Requirement(3, "approver", 1), Requirement(2, "compliance", 1)}


def test_a_policy_that_forgets_one_clause_loses_what_it_held(policy: Policy) -> None:
    """The negative control: without allowlist rule and first payment, the thief is paid up to the cap."""
    chain = dataclasses.replace(policy.chains[0], known_above=())
    open_door = dataclasses.replace(policy, chains=(chain, *policy.chains[1:]), new_destinations=None)
    assert judged(open_door, paying(THIEF, 99 * BTC)).reasons == ()
